# SPDX-License-Identifier: GPL-3.0-or-later
"""ARKit coefficients in JSON: every arrangement gives the same take, every trap is seen."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from devtools.made_recordings import NAMES, json_records, short, values
from facemocap_addon.core.take import Take

TABLE = values(40)
RECORDS = [dict(zip(NAMES, row, strict=True)) for row in TABLE.tolist()]
TIMES = [row / 60 for row in range(40)]


def shapes(times: list[float]) -> dict[str, Any]:
    """The same 40 frames as different programs write them."""
    rng = random.Random(0)
    mixed = [dict(rng.sample(list(record.items()), len(record))) for record in RECORDS]
    return {
        "plain list": RECORDS,
        "short names in another order each": [{short(k): v for k, v in r.items()} for r in mixed],
        "pascal case": [{k[0].upper() + k[1:]: v for k, v in r.items()} for r in RECORDS],
        "prefixed": [{f"blendShape.{k}": v for k, v in r.items()} for r in RECORDS],
        "frames": {
            "frames": [
                {"timestamp": t, "blendShapes": r} for t, r in zip(times, RECORDS, strict=True)
            ]
        },
        "deep": {"a": {"data": {"frames": [{"f": {"shapes": r}} for r in RECORDS]}}},
        "time beside": [{"t": t, **r} for t, r in zip(times, RECORDS, strict=True)],
        "pairs": [{"shapes": [{"name": k, "value": v} for k, v in r.items()]} for r in RECORDS],
        "rows": {"blend_shape_keys": list(NAMES), "blend_shape_values": TABLE.tolist()},
        "data set": {
            "names": list(NAMES),
            "frames": [
                {"weights": row, "time": t, "rotation": []}
                for t, row in zip(times, TABLE.tolist(), strict=True)
            ],
        },
        "series": {name: TABLE[:, k].tolist() for k, name in enumerate(NAMES)},
        "series with times": {
            "time": times,
            "channels": {name: TABLE[:, k].tolist() for k, name in enumerate(NAMES)},
        },
        "numbered": {str(k): RECORDS[k] for k in range(40)},
        "by time": {str(t): r for t, r in zip(times, RECORDS, strict=True)},
        "names and values": [{"Names": list(r), "Weights": list(r.values())} for r in RECORDS],
        "faces": [{"faces": [{"blendshapes": r, "timestamp": "0"}]} for r in RECORDS],
        "texts": [{k: str(v) for k, v in r.items()} for r in RECORDS],
    }


SHAPES = shapes(TIMES)


@pytest.mark.parametrize("shape", SHAPES)
def test_arrangements(shape: str, load: Callable[[bytes], Take]):
    take = load(json.dumps(SHAPES[shape]).encode())
    assert take.source.format == "arkit_json"
    assert set(take.names) == set(NAMES)
    found = take.values[:, [take.column(name) for name in NAMES]]
    assert found.tobytes() == TABLE.astype(np.float32).tobytes()
    assert take.valid.all()
    assert take.times == pytest.approx(TIMES, abs=1e-9)


@pytest.mark.parametrize(
    "shape", ["frames", "time beside", "data set", "series with times", "by time"]
)
def test_times_of_the_file_are_used(shape: str, load: Callable[[bytes], Take]):
    times = [2.0 + row / 25 for row in range(40)]
    take = load(json.dumps(shapes(times)[shape]).encode())
    assert take.times == pytest.approx(np.arange(40) / 25, abs=1e-9)
    assert not any("counted" in warning for warning in take.warnings)


@pytest.mark.parametrize("shape", ["plain list", "rows", "series"])
def test_frames_without_times_are_counted_and_that_is_said(
    shape: str, load: Callable[[bytes], Take]
):
    take = load(json.dumps(SHAPES[shape]).encode())
    assert any("no times" in warning and "60 a second" in warning for warning in take.warnings)


def test_a_rate_in_the_file_is_used(load: Callable[[bytes], Take]):
    take = load(json.dumps({"fps": 24, "frames": RECORDS}).encode())
    assert take.times == pytest.approx(np.arange(40) / 24)
    assert take.timebase.rate == 24
    assert any("24 samples a second" in note for note in take.assumptions)


def test_numbered_frames_are_in_the_order_of_numbers(load: Callable[[bytes], Take]):
    document = {str(k): RECORDS[k] for k in sorted(range(40), key=str)}
    assert list(document)[:3] == ["0", "1", "10"]
    take = load(json.dumps(document).encode())
    assert take.values[:, take.column("jawOpen")] == pytest.approx(
        TABLE[:, NAMES.index("jawOpen")], abs=1e-6
    )


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: b"\n\n  " + text.encode(),
        lambda text: text.replace("}}", ",}}").replace("]}", ",]}").encode(),
        lambda text: json.dumps(json.loads(text), indent=2).replace("\n", "\r\n").encode(),
    ],
)
def test_encodings_and_commas_too_many(encode: Any, load: Callable[[bytes], Take]):
    take = load(encode(json_records(TABLE).decode()))
    assert take.samples == 40


@pytest.mark.parametrize("mark", ["\n", "\n\n", ",\n", " ", ""])
def test_a_text_for_each_frame(mark: str, load: Callable[[bytes], Take]):
    take = load(mark.join(json.dumps(record) for record in RECORDS).encode())
    assert take.samples == 40
    assert take.values[3, take.column("jawOpen")] == np.float32(RECORDS[3]["jawOpen"])


def test_a_text_before_the_frames_is_about_all_of_them(load: Callable[[bytes], Take]):
    lines = [{"device": "iPhone", "fps": 30}, *({"blendShapes": record} for record in RECORDS)]
    take = load("\n".join(map(json.dumps, lines)).encode())
    assert take.valid.all()
    assert take.times == pytest.approx(np.arange(40) / 30)


def test_values_are_not_clamped(load: Callable[[bytes], Take]):
    records = [dict(record) for record in RECORDS]
    for row, value in enumerate((-0.016, 1.0533, 0, 1, -0.0)):
        records[row]["jawOpen"] = value
    take = load(json.dumps(records).encode())
    found = take.values[:5, take.column("jawOpen")]
    assert found.tolist() == np.array([-0.016, 1.0533, 0, 1, -0.0], np.float32).tolist()


def test_percent(load: Callable[[bytes], Take]):
    take = load(json.dumps([{k: round(100 * v) for k, v in r.items()} for r in RECORDS]).encode())
    jaw = np.round(100 * TABLE[:, NAMES.index("jawOpen")]) / 100
    assert take.values[:, take.column("jawOpen")] == pytest.approx(jaw, abs=1e-6)
    assert any("percent" in note for note in take.assumptions)
    # one wild value is no percent
    records = [dict(record) for record in RECORDS]
    records[7]["jawOpen"] = 40.0
    take = load(json.dumps(records).encode())
    assert take.values[7, take.column("jawOpen")] == 40.0
    assert take.values[8, take.column("jawOpen")] == np.float32(RECORDS[8]["jawOpen"])


@pytest.mark.parametrize("nothing", [None, {}, [], 0, "lost"])
def test_frames_without_a_face_are_invalid_and_keep_their_time(
    nothing: Any, load: Callable[[bytes], Take]
):
    frames: list[Any] = [{"time": t, "blendShapes": r} for t, r in zip(TIMES, RECORDS, strict=True)]
    frames[5]["blendShapes"] = nothing
    del frames[6]["blendShapes"]
    take = load(json.dumps(frames).encode())
    assert np.flatnonzero(~take.valid.any(axis=1)).tolist() == [5, 6]
    assert take.times == pytest.approx(TIMES, abs=1e-9)
    assert "No face was tracked in 2 samples." in take.warnings


@pytest.mark.parametrize(("key", "no"), [("isTracked", False), ("has_face", 0), ("failed", True)])
def test_frames_that_are_flagged_as_lost(key: str, no: Any, load: Callable[[bytes], Take]):
    frames = [
        {"time": t, "shapes": r, key: no if 10 <= row < 13 else not no}
        for row, (t, r) in enumerate(zip(TIMES, RECORDS, strict=True))
    ]
    take = load(json.dumps(frames).encode())
    assert np.flatnonzero(~take.valid.any(axis=1)).tolist() == [10, 11, 12]
    assert key not in take.names


def test_missing_and_odd_values(load: Callable[[bytes], Take]):
    records: list[dict[str, Any]] = [dict(record) for record in RECORDS]
    records[1]["jawOpen"] = None
    records[2]["jawOpen"] = "oops"
    records[3]["jawOpen"] = {"value": 1}
    records[4]["jawOpen"] = float("nan")
    records[5]["jawOpen"] = 10**400
    del records[6]["jawOpen"]
    take = load(json.dumps(records).encode())
    jaw = take.column("jawOpen")
    assert np.flatnonzero(~take.valid[:, jaw]).tolist() == [1, 2, 3, 4, 5, 6]
    assert take.valid[:, jaw - 1].all()


def test_lost_frames_become_invalid_samples(load: Callable[[bytes], Take]):
    frames = [{"time": t, "shapes": r} for t, r in zip(TIMES, RECORDS, strict=True)]
    del frames[10:14]
    take = load(json.dumps(frames).encode())
    assert take.samples == 40
    assert np.flatnonzero(~take.valid.any(axis=1)).tolist() == [10, 11, 12, 13]
    assert take.times == pytest.approx(TIMES, abs=1e-9)
    assert "1 gap in time, 4 samples are missing." in take.warnings


def test_unknown_names_and_landmarks(load: Callable[[bytes], Take]):
    frames = [
        {
            "time": t,
            "lookAtPoint": {"x": 0.0, "y": 0.0, "z": 1.0},
            "vertices": [[0.0, 0.0, 0.0]] * 1220,
            "blendShapes": {**record, "wink": 0.25},
        }
        for t, record in zip(TIMES, RECORDS, strict=True)
    ]
    take = load(json.dumps(frames).encode())
    wink = take.channels[take.column("wink")]
    assert (wink.region, wink.kind) == ("other", "weight")
    assert "Not read: lookAtPoint, vertices." in take.warnings


def test_original_names_are_kept(load: Callable[[bytes], Take]):
    take = load(json.dumps([{short(k): v for k, v in r.items()} for r in RECORDS]).encode())
    blink = take.channels[take.column("eyeBlinkLeft")]
    assert (blink.original, blink.side, blink.partner) == ("eyeBlink_L", "L", "eyeBlinkRight")


# --- poses ---------------------------------------------------------------------------------------


def matrices(scale: float = 1.0) -> np.ndarray:
    out = np.tile(np.eye(4), (40, 1, 1))
    yaw = np.linspace(-20, 20, 40)
    out[:, :3, :3] = Rotation.from_euler(
        "YXZ", np.stack([yaw, 0 * yaw - 10, 0 * yaw + 5], 1), True
    ).as_matrix()
    out[:, :3, 3] = np.array([0.05, -0.02, -0.4]) * scale
    return out


@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.parametrize("by_columns", [True, False])
def test_transforms_in_either_order(nested: bool, by_columns: bool, load: Callable[[bytes], Take]):
    frames = []
    for t, record, matrix in zip(TIMES, RECORDS, matrices(), strict=True):
        written = matrix.T if by_columns else matrix
        cells = written.tolist() if nested else written.ravel().tolist()
        frames.append({"timestamp": t, "blendShapes": record, "transform": cells})
    take = load(json.dumps(frames).encode())
    yaw = take.values[:, take.column("headYaw")]
    assert np.degrees(yaw) == pytest.approx(np.linspace(-20, 20, 40), abs=1e-4)
    assert np.degrees(take.values[:, take.column("headPitch")]) == pytest.approx(10, abs=1e-4)
    assert np.degrees(take.values[:, take.column("headRoll")]) == pytest.approx(-5, abs=1e-4)
    place = [take.values[0, take.column(name)] for name in ("headX", "headY", "headZ")]
    assert place == pytest.approx([0.05, -0.02, -0.4])
    assert any("metres" in note and "transform" in note for note in take.assumptions)


def test_transforms_in_centimetres_and_of_eyes(load: Callable[[bytes], Take]):
    eye = np.eye(4)
    eye[:3, :3] = Rotation.from_euler("x", 12, degrees=True).as_matrix()
    frames = [
        {
            "timestamp": t,
            "blendShapes": record,
            "transform": matrix.T.ravel().tolist(),
            "leftEyeTransform": eye.T.ravel().tolist(),
            "rightEyeTransform": eye.T.ravel().tolist(),
        }
        for t, record, matrix in zip(TIMES, RECORDS, matrices(100.0), strict=True)
    ]
    frames[3]["transform"] = None
    take = load(json.dumps(frames).encode())
    assert take.values[0, take.column("headZ")] == pytest.approx(-0.4)
    assert not take.valid[3, take.column("headYaw")]
    assert np.degrees(take.values[:, take.column("leftEyePitch")]) == pytest.approx(12, abs=1e-4)
    assert take.values[:, take.column("rightEyeYaw")] == pytest.approx(0, abs=1e-6)


def test_angles_by_name(load: Callable[[bytes], Take]):
    frames = [{**record, "headYaw": 25.0, "headPitch": -5.0, "headRoll": 0.0} for record in RECORDS]
    take = load(json.dumps(frames).encode())
    assert take.values[:, take.column("headYaw")] == pytest.approx(np.radians(25))
    assert any("degrees" in note for note in take.assumptions)
    frames = [{**record, "headYaw": 0, "headPitch": 0, "headRoll": 0} for record in RECORDS]
    take = load(json.dumps(frames).encode())
    assert take.not_recorded == ("headYaw", "headPitch", "headRoll")
    assert not take.has("headYaw")
