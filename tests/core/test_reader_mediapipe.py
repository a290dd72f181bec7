# SPDX-License-Identifier: GPL-3.0-or-later
"""MediaPipe's face landmarker: its own text dumps, JSON of Python and JavaScript, tables."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devtools.made_recordings import NAMES, mediapipe_frames, pbtxt, table_text, values
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take import Take

FIFTY_ONE = tuple(name for name in NAMES if name != "tongueOut")


def independent_scores(text: str) -> dict[str, float]:
    scores = [float(each) for each in re.findall(r"score: (\S+)", text)]
    labels = re.findall(r'label: "(\w+)"', text)
    assert len(scores) == len(labels) == 52
    return dict(zip(labels, scores, strict=True))


@pytest.mark.shared
@pytest.mark.parametrize(
    "name", ["face_blendshapes_out.prototxt", "portrait_expected_blendshapes.pbtxt"]
)
def test_real_scores_equal_an_independent_reading(name: str, shared: Path):
    path = shared / "takes" / "mediapipe" / name
    take = read_take(path)
    scores = independent_scores(path.read_text(encoding="ascii"))
    assert take.source.format == "mediapipe_text"
    assert (take.samples, len(take.channels)) == (1, 52)
    assert "_neutral" in take.names
    assert "tongueOut" not in take.names
    for channel, score in scores.items():
        assert take.values[0, take.column(channel)] == np.float32(score), channel
    assert "The file holds one sample: a pose, not a movement." in take.warnings


@pytest.mark.shared
def test_the_real_head_matrix(shared: Path):
    path = shared / "takes" / "mediapipe" / "portrait_expected_face_geometry.pbtxt"
    take = read_take(path)
    packed = np.array(re.findall(r"packed_data: (\S+)", path.read_text()), np.float64)
    rotation = packed.reshape(4, 4).T[:3, :3]
    found = {name: float(take.values[0, take.column(name)]) for name in take.names}
    # where the face looks, and where the top of its head points
    front, up = rotation[:, 2], rotation[:, 1]
    assert np.sin(found["headPitch"]) == pytest.approx(front[1], abs=1e-6)
    assert np.tan(found["headYaw"]) == pytest.approx(front[0] / front[2], abs=1e-6)
    assert np.sign(found["headRoll"]) == np.sign(up[0])
    assert np.degrees(found["headPitch"]) == pytest.approx(-6.3, abs=0.05)
    place = [found[name] for name in ("headX", "headY", "headZ")]
    assert place == pytest.approx([-0.003691378, 0.2275809, -0.65765925])
    assert "Not read: landmarks and mesh." in take.warnings


@pytest.mark.shared
@pytest.mark.parametrize(
    "name", ["face_blendshapes_in_landmarks.prototxt", "portrait_expected_face_landmarks.pbtxt"]
)
def test_landmarks_alone_are_refused(name: str, shared: Path):
    with pytest.raises(FacemocapError, match="holds landmarks and no scores"):
        read_take(shared / "takes" / "mediapipe" / name)


def test_several_lists_of_scores_are_frames(load: Callable[[bytes], Take]):
    labels = ("_neutral", *FIFTY_ONE)
    table = values(30, 52)
    take = load(pbtxt(labels, table))
    assert take.source.format == "mediapipe_text"
    assert set(take.names) == set(labels)
    found = take.values[:, [take.column(label) for label in labels]]
    assert found.tobytes() == table.astype(np.float32).tobytes()
    assert take.times == pytest.approx(np.arange(30) / 30)
    assert any("30 a second: check the length" in warning for warning in take.warnings)


def test_fields_in_another_order_and_left_out_zeros(load: Callable[[bytes], Take]):
    text = """classification { label: "jawOpen" index: 24 score: 0.5 display_name: "" }
    classification { index: 25 label: 'mouthClose' label: "mouthClose" }
    classification { label: "jawLeft" score: nan }"""
    take = load(text.encode())
    assert take.values[0, take.column("jawOpen")] == 0.5
    assert take.valid[0, take.column("mouthClose")]
    assert take.values[0, take.column("mouthClose")] == 0.0
    assert not take.has("jawLeft")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (pbtxt(NAMES, values(3))[:-40], "is cut off: a block is not closed"),
        (b'classification {\n label: "cat"\n score: 0.5\n}\n', "no face coefficients"),
        (b"pose_transform_matrix {\n packed_data: 1\n}\n", "a head matrix of 1 numbers"),
        (b"landmark {\n x: 0.5\n y: 0.5\n}\n", "holds landmarks and no scores"),
    ],
)
def test_text_refusals(text: bytes, says: str, load: Callable[[bytes], Take]):
    with pytest.raises(FacemocapError, match=says):
        load(text)


# --- JSON ----------------------------------------------------------------------------------------


def matrices(frames: int) -> np.ndarray:
    out = np.tile(np.eye(4), (frames, 1, 1))
    angle = np.linspace(0.0, 0.3, frames)
    out[:, 0, 0] = out[:, 2, 2] = np.cos(angle)
    out[:, 0, 2], out[:, 2, 0] = np.sin(angle), -np.sin(angle)
    out[:, :3, 3] = [-0.37, 22.8, -65.8]
    return out


def python_frames(table: np.ndarray, matrix: np.ndarray) -> list[dict[str, Any]]:
    """Results of the Python task, made into lists and dictionaries."""
    return [
        {
            "timestamp_ms": row * 40,
            "face_landmarks": [[[0.5, 0.5, 0.0]] * 478],
            "face_blendshapes": [
                [
                    {"index": k, "score": score, "display_name": "", "category_name": name}
                    for k, (name, score) in enumerate(zip(FIFTY_ONE, cells, strict=True))
                ]
            ],
            "facial_transformation_matrixes": [matrix[row].tolist()],
        }
        for row, cells in enumerate(table.tolist())
    ]


@pytest.mark.parametrize("make", [mediapipe_frames, python_frames])
@pytest.mark.parametrize("wrap", [lambda frames: frames, lambda frames: {"frames": frames}])
def test_results_as_json(make: Any, wrap: Any, load: Callable[[bytes], Take]):
    table = values(30, 51)
    take = load(json.dumps(wrap(make(table, matrices(30)))).encode())
    assert take.source.format == "mediapipe_json"
    found = take.values[:, [take.column(name) for name in FIFTY_ONE]]
    assert found.tobytes() == table.astype(np.float32).tobytes()
    step = 0.1 / 3 if make is mediapipe_frames else 0.04
    assert take.times == pytest.approx(np.arange(30) * step, abs=0.001)
    assert take.values[:, take.column("headYaw")] == pytest.approx(
        np.linspace(0, 0.3, 30), abs=1e-6
    )
    place = [take.values[5, take.column(name)] for name in ("headX", "headY", "headZ")]
    assert place == pytest.approx([-0.0037, 0.228, -0.658])
    assert any("the camera, taken for centimetres" in note for note in take.assumptions)
    assert any(warning.startswith("Not read: face") for warning in take.warnings)


def test_frames_without_a_face_and_with_several(load: Callable[[bytes], Take]):
    frames = mediapipe_frames(values(30, 51), matrices(30))
    for row in (4, 5):
        for key in ("faceLandmarks", "faceBlendshapes", "facialTransformationMatrixes"):
            frames[row][key] = []
    for row in (10, 11, 12):
        frames[row]["faceBlendshapes"] += frames[0]["faceBlendshapes"]
    take = load(json.dumps(frames).encode())
    assert np.flatnonzero(~take.valid.any(axis=1)).tolist() == [4, 5]
    assert "3 frames show several faces; the first of each is read." in take.warnings
    assert take.values[10, take.column("jawOpen")] == np.float32(
        values(30, 51)[10, FIFTY_ONE.index("jawOpen")]
    )


def test_a_first_frame_full_of_landmarks_is_still_told(load: Callable[[bytes], Take]):
    frames = mediapipe_frames(values(20, 51))
    text = json.dumps(frames, indent=2)
    assert text.index("eyeBlinkLeft") > 30_000
    assert load(text.encode()).samples == 20
    # all landmarks before all scores: only their key is among the first bytes
    swapped = [
        {k: f[k] for k in ("faceLandmarks", "faceBlendshapes", "timestampMs")} for f in frames
    ]
    text = json.dumps(swapped, indent=8)
    assert "eyeBlinkLeft" not in text[:65_536]
    assert load(text.encode()).source.format == "mediapipe_json"


def test_sampled_frames_keep_their_numbers(load: Callable[[bytes], Take]):
    frames = [
        {
            "frame": 2 * row,
            "blendshapes": {"_neutral": 0.0, **dict(zip(FIFTY_ONE, cells, strict=True))},
        }
        for row, cells in enumerate(values(20, 51).tolist())
    ]
    take = load(json.dumps({"video_fps": 25, "frames": frames}).encode())
    assert take.source.format == "mediapipe_json"
    assert take.times == pytest.approx(np.arange(20) * 2 / 25)
    assert float(take.timebase.rate) == 12.5


def test_coefficients_that_mediapipe_hardly_sees(load: Callable[[bytes], Take]):
    table = values(80, 51)
    for name in ("cheekPuff", "noseSneerLeft", "jawForward"):
        table[:, FIFTY_ONE.index(name)] *= 0.01
    take = load(json.dumps(mediapipe_frames(table)).encode())
    assert any(
        warning.startswith("MediaPipe hardly sees cheekPuff, jawForward, noseSneerLeft: ")
        for warning in take.warnings
    )
    assert take.values[:, take.column("cheekPuff")].max() < 0.02


def test_one_image_is_a_pose(load: Callable[[bytes], Take]):
    take = load(json.dumps(mediapipe_frames(values(1, 51))[0]).encode())
    assert take.samples == 1
    assert take.has("jawOpen")


def test_no_face_at_all(load: Callable[[bytes], Take]):
    frames = mediapipe_frames(values(30, 51))
    for frame in frames:
        frame["faceBlendshapes"] = []
    with pytest.raises(FacemocapError, match="holds no frames of named face coefficients"):
        load(json.dumps(frames).encode())


# --- tables --------------------------------------------------------------------------------------


def test_a_column_for_each_category(load: Callable[[bytes], Take]):
    table = values(30, 51)
    header = ["timestamp_ms", "face_detected", "_neutral", *FIFTY_ONE]
    rows = [
        [[33, 33, 34][k % 3] + 33 * k, 0 if k == 7 else 1, 0.0, *cells]
        for k, cells in enumerate(table.tolist())
    ]
    take = load(table_text(header, rows))
    assert take.source.format == "mediapipe_csv"
    assert np.flatnonzero(~take.valid.any(axis=1)).tolist() == [7]
    assert 1 / np.median(np.diff(take.times)) == pytest.approx(30, rel=0.05)
    kept = [k for k in range(30) if k != 7]
    for name in FIFTY_ONE:
        expected = table[kept, FIFTY_ONE.index(name)].astype(np.float32)
        assert take.values[kept, take.column(name)].tobytes() == expected.tobytes()


@pytest.mark.parametrize("keys", [["frame", "timestamp"], ["timestamp"], []])
def test_a_row_for_each_score(keys: list[str], load: Callable[[bytes], Take]):
    table = values(20, 51)
    rows = [
        [*[{"frame": k, "timestamp": k / 25}[key] for key in keys], index, name, score]
        for k, cells in enumerate(table.tolist())
        for index, (name, score) in enumerate(zip(FIFTY_ONE, cells, strict=True))
    ]
    take = load(table_text([*keys, "index", "category_name", "score"], rows))
    assert take.source.format == "mediapipe_csv"
    assert take.samples == 20
    assert take.times == pytest.approx(np.arange(20) / (25 if keys else 30), abs=1e-9)
    found = take.values[:, [take.column(name) for name in FIFTY_ONE]]
    assert found.tobytes() == table.astype(np.float32).tobytes()


def test_a_clock_of_whole_seconds_gives_the_rate_of_frame_numbers(load: Callable[[bytes], Take]):
    """As py-feat writes it: frame numbers two apart, and minutes and seconds."""
    table = values(150, 51)
    header = ["frame", "approx_time", "FaceScore", "x_0", "y_0", "_neutral", *FIFTY_ONE]
    rows = [
        [2 * k, f"00:{2 * k // 25:02d}", 0.99, 1.0, 2.0, 0.0, *cells]
        for k, cells in enumerate(table.tolist())
    ]
    take = load(table_text(header, rows))
    assert take.times == pytest.approx(np.arange(150) * 2 / 25, rel=0.02)
    assert any('"approx_time" says 25 a second' in note for note in take.assumptions)
    assert "2 columns were not read (points, boxes)." in take.warnings
