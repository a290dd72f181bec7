# SPDX-License-Identifier: GPL-3.0-or-later
"""The sample take: the committed file is what the model gives, and the model is what it says."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sample_rigs.generator.performance import (
    CHANNELS,
    COLUMN,
    Performance,
    describe_events,
    live_link_csv,
    noise_sigmas,
    synthesise,
    timecode,
    write_truth,
)

ROOT = Path(__file__).resolve().parents[2]
TAKE = ROOT / "sample_rigs" / "sample_take.csv"


@pytest.fixture(scope="module")
def rows() -> list[list[str]]:
    with TAKE.open(newline="", encoding="ascii") as stream:
        return list(csv.reader(stream))


def read_seconds(code: str) -> float:
    hour, minute, second, frame = code.split(":")
    return int(hour) * 3600 + int(minute) * 60 + int(second) + float(frame) / 60


# ---------------------------------------------------------------------------------------- the file


def test_committed_file_is_what_the_model_gives(take: Performance) -> None:
    assert TAKE.read_bytes() == live_link_csv(take)


def test_another_seed_gives_another_take(take: Performance) -> None:
    assert live_link_csv(synthesise(seed=2)) != live_link_csv(take)


def test_file_has_the_shape_of_the_app(rows: list[list[str]]) -> None:
    header = rows[0]
    assert header[:3] == ["Timecode", "BlendShapeCount", "EyeBlinkLeft"]
    assert len(header) == 63
    assert len(set(header)) == 63
    assert header.index("JawRight") < header.index("JawLeft")
    assert header.index("MouthRight") < header.index("MouthLeft")
    assert header[-9:-6] == ["HeadYaw", "HeadPitch", "HeadRoll"]
    assert header[-1] == "RightEyeRoll"
    counts = {row[1] for row in rows[1:]}
    assert counts == {"61", "0"}
    for row in rows[1:]:
        assert len(row) == (63 if row[1] == "61" else 2)
        assert all(len(cell.partition(".")[2]) == 10 for cell in row[2:])
    raw = TAKE.read_bytes()
    assert b"\r" not in raw
    assert raw.endswith(b"\n")
    assert b"-0.0000000000" not in raw


@pytest.mark.shared
def test_header_is_the_one_of_a_real_take(shared: Path, rows: list[list[str]]) -> None:
    real = shared / "takes" / "livelinkface" / "JMTechArt_MySlate_3_iPhone.csv"
    with real.open(encoding="utf-8") as stream:
        assert stream.readline().strip() == ",".join(rows[0])


def test_rate_and_gaps_come_from_the_timecode(rows: list[list[str]]) -> None:
    times = np.array([read_seconds(row[0]) for row in rows[1:]])
    steps = np.diff(times)
    usual = float(np.median(steps))
    assert 1.0 / usual == pytest.approx(59.904, abs=0.1)
    jumps = steps[steps > 1.5 * usual]
    assert len(jumps) == 1
    missed = round(float(jumps[0]) / usual) - 1
    assert missed == 6
    # The whole take, missing rows counted, has the rate of a real phone and not 60.
    assert (len(times) - 1 + missed) / (times[-1] - times[0]) == pytest.approx(59.904, abs=1e-3)
    frames = np.array([int(row[0].split(":")[3][:2]) for row in rows[1:]])
    wraps = np.count_nonzero(np.diff(frames) % 60 == 2)
    assert wraps >= 1  # the subframe wraps, which is no drop


def test_a_lost_face_is_a_quarter_second_of_empty_rows(rows: list[list[str]]) -> None:
    lost = [index for index, row in enumerate(rows[1:]) if row[1] == "0"]
    assert len(lost) == 15
    assert lost[-1] - lost[0] == 14


def test_file_holds_the_values_of_the_performance(take: Performance, rows: list[list[str]]) -> None:
    read = np.array([[float(cell) for cell in row[2:]] for row in rows[1:] if row[1] == "61"])
    # Half of the tenth decimal, and exact in float32.
    np.testing.assert_allclose(read, take.values[take.valid], rtol=0.0, atol=0.51e-10)
    assert np.array_equal(take.values.astype(np.float32).astype(np.float64), take.values)


def test_timecode_wraps_at_midnight() -> None:
    assert timecode(24 * 3600 * 60000 - 1) == "23:59:59:59.999"
    assert timecode(24 * 3600 * 60000 + 2500) == "00:00:00:02.500"


def test_check_command_tells_right_from_wrong(tmp_path: Path) -> None:
    def run(folder: Path) -> subprocess.CompletedProcess[str]:
        command = ["-m", "sample_rigs.generator.performance", "--check", "--out", str(folder)]
        return subprocess.run(
            [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False
        )

    assert run(TAKE.parent).returncode == 0
    missing = run(tmp_path)
    assert missing.returncode == 1
    assert "does not exist" in missing.stderr
    content = TAKE.read_bytes()
    (tmp_path / TAKE.name).write_bytes(content[:-3] + b"1\n")
    wrong = run(tmp_path)
    assert wrong.returncode == 1
    assert "differs" in wrong.stderr


# ------------------------------------------------------------------------------------ the capture


def test_values_are_in_the_range_of_the_app(take: Performance) -> None:
    shapes = take.values[:, :52]
    assert shapes.min() >= 0.0
    assert shapes.max() <= 1.0


def test_noise_has_the_stated_deviation(take: Performance) -> None:
    still = synthesise(glitches=False)
    difference = still.values - still.clean
    sigmas = noise_sigmas()
    for name in CHANNELS:
        column = COLUMN[name]
        if name.startswith("eyeLook") or name.endswith("EyeRoll"):
            continue  # computed from the noisy eye angles
        live = still.clean[:, column] > 5 * sigmas[column]
        if column >= 52:
            live[:] = True
        if np.count_nonzero(live) < 200:
            continue
        measured = float(np.std(difference[live, column]))
        assert measured == pytest.approx(sigmas[column], rel=0.15), name
    zero = still.clean[:, :52] == 0.0
    assert np.all(still.values[:, :52][zero & _unlooked()] == 0.0)
    assert take.noise == 1.0


def _unlooked() -> np.ndarray:
    return np.array([not name.startswith("eyeLook") for name in CHANNELS[:52]])


def test_noise_is_as_rough_as_in_real_files(take: Performance) -> None:
    rough = np.median(np.abs(np.diff(take.values[take.valid], 2, axis=0)), axis=0)
    moving = [name for name in CHANNELS if np.all(take.channel(name, clean=True) != 0.0)]
    assert len(moving) > 30
    for name in moving:
        if not name.endswith("EyeRoll"):
            assert 1e-4 < rough[COLUMN[name]] < 3e-3, name


def test_without_noise_the_values_are_the_clean_ones() -> None:
    still = synthesise(noise=0.0, glitches=False)
    np.testing.assert_allclose(still.values, still.clean, rtol=0.0, atol=2.0**-23)


def test_glitches_last_one_frame(take: Performance, events: dict[str, Any]) -> None:
    assert len(events["glitches"]) == 2
    for glitch in events["glitches"]:
        frame = glitch["frame"]
        for name in glitch["channels"]:
            values = take.channel(name)
            jump = values[frame] - 0.5 * (values[frame - 1] + values[frame + 1])
            assert jump > 0.1
            assert abs(values[frame] - values[frame - 1]) > 3 * abs(
                values[frame + 1] - values[frame - 1]
            )


def test_head_is_recorded_within_bounds(take: Performance) -> None:
    head = take.values[:, COLUMN["headYaw"] : COLUMN["headRoll"] + 1]
    assert np.all(np.ptp(head, axis=0) > np.radians(5.0))
    assert np.degrees(np.abs(head).max()) < 16.0


def test_eye_angles_are_radians_of_the_look_shapes(take: Performance) -> None:
    for side in ("Left", "Right"):
        pitch = take.channel(f"{side.lower()}EyePitch")
        down, up = take.channel("eyeLookDown" + side), take.channel("eyeLookUp" + side)
        inward, outward = take.channel("eyeLookIn" + side), take.channel("eyeLookOut" + side)
        ones = np.ones_like(down)
        fit = np.linalg.lstsq(np.stack((down, up, ones), 1), pitch, rcond=None)[0]
        np.testing.assert_allclose(fit, (0.615, -0.45, 0.0), atol=1e-3)
        yaw = take.channel(f"{side.lower()}EyeYaw") * (1 if side == "Left" else -1)
        fit = np.linalg.lstsq(np.stack((inward, outward, ones), 1), yaw, rcond=None)[0]
        np.testing.assert_allclose(fit, (0.62, -0.58, -0.067), atol=1e-3)


# --------------------------------------------------------------------------------- other lengths


def test_a_longer_take_begins_with_the_shorter_one(take: Performance) -> None:
    longer = synthesise(duration_s=50.0)
    count = len(take.times_s) - 120  # the next scene's first movements reach into the end
    assert np.array_equal(longer.values[:count], take.values[:count])
    assert len(describe_events(longer)["phrases"]) == 9


@pytest.mark.parametrize(("duration_s", "rate_hz", "count"), [(2.0, 30, 60), (120, 60, 7200)])
def test_other_lengths_and_rates(duration_s: float, rate_hz: float, count: int) -> None:
    made = synthesise(duration_s=duration_s, rate_hz=rate_hz)
    assert made.values.shape == (count, 61)
    assert np.all(np.isfinite(made.values))
    np.testing.assert_allclose(np.diff(made.times_s), 1.0 / rate_hz, rtol=0.0, atol=2e-5)


def test_refused_parameters() -> None:
    with pytest.raises(ValueError, match="two frames"):
        synthesise(duration_s=0.01, rate_hz=60)
    with pytest.raises(ValueError, match="noise"):
        synthesise(noise=-1.0)


def test_truth_is_written_beside(take: Performance, tmp_path: Path) -> None:
    write_truth(take, tmp_path, "sample_take")
    with np.load(tmp_path / "sample_take.npz") as truth:
        assert np.array_equal(truth["clean"], take.clean)
        assert np.array_equal(truth["times_s"], take.times_s)
        assert np.array_equal(truth["valid"], take.tracked & take.written)
        assert tuple(truth["channels"].tolist()) == CHANNELS
    described = json.loads((tmp_path / "sample_take.json").read_text(encoding="utf-8"))
    assert described["synthetic"] is True
    assert described["frames"] == len(take.times_s)
    assert [run["frames"] for run in described["lost"]] == [15]
    assert [run["frames"] for run in described["missing"]] == [6]
    assert len(described["mouth_rests"]) >= 4
