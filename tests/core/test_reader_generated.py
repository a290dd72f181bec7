# SPDX-License-Identifier: GPL-3.0-or-later
"""Animation that programs make from speech: Azure's visemes and Audio2Face."""

from __future__ import annotations

import json
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devtools.made_recordings import NAMES, UNREAL_ORDER, a2f_export, azure_chunks, values
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take import Take

AZURE = [name[0].lower() + name[1:] for name in UNREAL_ORDER[:52]] + [
    "headRoll",
    "leftEyeRoll",
    "rightEyeRoll",
]


# --- Azure ---------------------------------------------------------------------------------------


@pytest.mark.shared
def test_a_real_azure_animation_equals_an_independent_reading(shared: Path):
    path = shared / "takes" / "azure_viseme" / "talking_avatar_blendData.json"
    take = read_take(path)
    frames = json.loads(path.read_bytes())
    assert take.source.format == "azure_viseme_json"
    assert take.samples == len(frames) == 415
    assert take.times == pytest.approx([frame["time"] for frame in frames], abs=1e-12)
    assert 1 / np.diff(take.times).mean() == pytest.approx(60)
    assert list(take.names) == list(frames[0]["blendshapes"]) == AZURE
    table = np.array([[frame["blendshapes"][name] for name in AZURE] for frame in frames])
    assert take.values.tobytes() == table.astype(np.float32).tobytes()
    assert take.values.min() == np.float32(-0.05)
    assert take.valid.all()


def test_chunks_as_the_service_sends_them(load: Callable[[bytes], Take]):
    table = values(50, 55)
    chunks = azure_chunks(table)
    events = [
        {"audioOffset": 500000, "visemeId": 0, "animation": ""},
        *({"audioOffset": 0, "visemeId": 0, "animation": json.dumps(each)} for each in chunks),
    ]
    written: list[Any] = [chunks, events, {"visemes": chunks}]
    texts = [json.dumps(each) for each in written]
    texts.append("\n".join(map(json.dumps, chunks)))
    for text in texts:
        take = load(text.encode())
        assert take.source.format == "azure_viseme_json"
        assert list(take.names) == AZURE
        assert take.values.tobytes() == table.astype(np.float32).tobytes()
        assert take.times == pytest.approx(np.arange(50) / 60)
        assert any("60 a second" in note for note in take.assumptions)


def test_a_chunk_that_is_missing_is_a_gap(load: Callable[[bytes], Take]):
    chunks = azure_chunks(values(50, 55), 10)
    del chunks[2]
    take = load(json.dumps(chunks).encode())
    assert take.samples == 50
    assert np.flatnonzero(~take.valid.any(axis=1)).tolist() == list(range(20, 30))


@pytest.mark.parametrize(
    ("chunks", "says"),
    [
        (azure_chunks(values(30, 52)), "has 52 values in frame 1 where Azure writes 55"),
        ([{"FrameIndex": 0, "BlendShapes": []}], "holds no frame of an animation"),
        (azure_chunks(values(1, 55)), "has only one sample"),
        (azure_chunks(values(30, 55))[::-1], r"not in the order of time: frame 0 \(FrameIndex 0\)"),
        ([{"animation": '{"FrameIndex": 0, "BlendShapes": [[0.1'}], "damaged animation"),
    ],
)
def test_azure_refusals(chunks: Any, says: str, load: Callable[[bytes], Take]):
    with pytest.raises(FacemocapError, match=says):
        load(json.dumps(chunks).encode())


# --- Audio2Face ----------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["facsNames", "faceNames"])
@pytest.mark.parametrize(("fps_key", "fps"), [("exportFps", 30), ("fps", 24.0), ("exportFps", 60)])
def test_exported_weights(key: str, fps_key: str, fps: float, load: Callable[[bytes], Take]):
    table = values(30)
    document = json.loads(a2f_export(table))
    names = document.pop("facsNames")
    document.pop("exportFps")
    take = load(json.dumps({**document, key: names, fps_key: fps}).encode())
    assert take.source.format == "audio2face_json"
    assert take.names == NAMES
    assert take.values.tobytes() == table.astype(np.float32).tobytes()
    assert take.times == pytest.approx(np.arange(30) / fps)
    assert any(
        "Not read: the turns and shifts of joints (jaw, eye_L, eye_R)." in w for w in take.warnings
    )
    assert not any("check the length" in warning for warning in take.warnings)


def test_weights_before_their_names_and_no_rate(load: Callable[[bytes], Take]):
    document = json.loads(a2f_export(values(200), exportFps=None))
    order = ["weightMat", *(key for key in document if key != "weightMat")]
    take = load(json.dumps({key: document[key] for key in order}).encode())
    assert take.source.format == "audio2face_json"
    assert take.times == pytest.approx(np.arange(200) / 60)
    assert any("60 a second: check the length" in warning for warning in take.warnings)


def test_poses_that_are_no_arkit_coefficients(load: Callable[[bytes], Take]):
    names = tuple(f"pose{k}" for k in range(46))
    table = values(20, 46)
    take = load(a2f_export(table, names))
    assert take.names == names
    assert take.values.tobytes() == table.astype(np.float32).tobytes()
    assert any("None of its poses is an ARKit coefficient" in warning for warning in take.warnings)


def test_a_wrong_count_and_dead_channels_are_told(load: Callable[[bytes], Take]):
    table = values(40)
    table[:, :10] = 0.0
    take = load(a2f_export(table, numFrames=99))
    assert "The file counts 99 frames and holds 40." in take.warnings
    assert any(warning.startswith("10 channels never change: ") for warning in take.warnings)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"facsNames": ["jawOpen", "mouthClose"]}, "has 52 weights a frame and 2 names"),
        ({"facsNames": None}, "weights without names"),
        ({"weightMat": []}, "weights without names, or no weights"),
        ({"weightMat": values(1).tolist()}, "has only one sample"),
    ],
)
def test_audio2face_refusals(changes: dict[str, Any], says: str, load: Callable[[bytes], Take]):
    with pytest.raises(FacemocapError, match=says):
        load(a2f_export(values(20), **changes))


def stream(frames: int) -> bytes:
    names = [name[0].upper() + name[1:] for name in (*NAMES, "headRoll", "headPitch", "headYaw")]
    table = np.concatenate([values(frames), np.zeros((frames, 3))], axis=1).tolist()
    return json.dumps(
        {
            str(k): {"Audio2Face": {"Body": {}, "Facial": {"Names": names, "Weights": table[k]}}}
            for k in sorted(range(frames), key=str)
        }
    ).encode()


def test_a_saved_stream_takes_its_rate_from_the_sound_beside_it(tmp_path: Path):
    (tmp_path / "line.json").write_bytes(stream(282))
    take = read_take(tmp_path / "line.json")
    assert take.source.format == "audio2face_json"
    assert take.times == pytest.approx(np.arange(282) / 30)
    assert any("no rate is named" in warning for warning in take.warnings)
    assert take.values[:, take.column("jawOpen")] == pytest.approx(
        values(282)[:, NAMES.index("jawOpen")], abs=1e-6
    )
    assert set(take.not_recorded) == {"headYaw", "headPitch", "headRoll"}
    for seconds, rate in ((9.377, 30), (11.3, 25), (4.71, 60)):
        with wave.open(str(tmp_path / "line.wav"), "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(1)
            sound.setframerate(1000)
            sound.writeframes(bytes(int(seconds * 1000)))
        take = read_take(tmp_path / "line.json")
        assert take.times == pytest.approx(np.arange(282) / rate)
        assert any("the sound beside it says" in note for note in take.assumptions)
    (tmp_path / "line.wav").write_bytes(b"RIFF....no sound")
    assert read_take(tmp_path / "line.json").times[-1] == pytest.approx(281 / 30)
