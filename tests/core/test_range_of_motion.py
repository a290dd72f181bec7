# SPDX-License-Identifier: GPL-3.0-or-later
"""Range of motion: what is measured, what a calibration does, and what it must leave alike."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facemocap_addon.core.actor.range_measuring import measure_range
from facemocap_addon.core.actor.range_of_motion import (
    ChannelRange,
    RangeOfMotion,
    calibrated,
    range_of_motion_from_json,
    read_range_of_motion,
    write_range_of_motion,
)
from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.contacts.captured import blink_range, eye_closure, lip_contacts
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take import Take, make_take

EYES = ("eyeBlinkLeft", "eyeBlinkRight")
RATE = 60.0


def waves(seconds: float = 12.0, **columns: Any) -> Take:
    """A take of given channels; every column is (n,) or a number."""
    schema = arkit_schema()
    count = int(seconds * RATE)
    values = np.stack([np.broadcast_to(c, (count,)) for c in columns.values()], axis=1)
    return make_take(np.arange(count) / RATE, [schema[name] for name in columns], values)


def events(*at: float, height: float = 1.0, seconds: float = 12.0, wide: float = 0.5) -> Any:
    """Smooth events ``(n,)`` that each rise from 0 to the height and hold it for a while."""
    times = np.arange(int(seconds * RATE)) / RATE
    out = np.zeros(len(times))
    for centre in at:
        out = np.maximum(out, np.clip(1.6 - np.abs(times - centre) / wide, 0.0, 1.0))
    return height * out * out * (3.0 - 2.0 * out)


def column_of(take: Take, name: str) -> Any:
    return take.values[:, take.column(name)].astype(np.float64)


def assert_same_contacts(before: Take, after: Take) -> None:
    assert lip_contacts(after) == lip_contacts(before)
    for eye in EYES:
        was, now = (eye_closure(take, eye, before.times) for take in (before, after))
        assert (was is None) == (now is None)
        if was is not None and now is not None:
            assert now == pytest.approx(was, abs=1e-4)
            assert np.array_equal(was >= 0.999, now >= 0.999)


def test_neutral_becomes_nought_and_the_extreme_one():
    take = waves(
        browInnerUp=0.12 + events(3, height=0.6),
        browDownLeft=0.05 + events(6, height=0.7),
        browDownRight=0.07 + events(6, height=0.6),
    )
    rom = measure_range(take, "Anna")
    ranges = rom.by_channel()
    assert ranges["browInnerUp"].neutral == pytest.approx(0.12, abs=1e-6)
    assert ranges["browInnerUp"].extreme == pytest.approx(0.72, abs=1e-6)
    out = calibrated(take, rom)
    brow = column_of(out, "browInnerUp")
    assert (brow.min(), brow.max()) == pytest.approx((0.0, 1.0), abs=1e-6)
    # one gain for both sides: the stronger one reaches 1, the other keeps its proportion
    assert column_of(out, "browDownLeft").max() == pytest.approx(1.0, abs=1e-6)
    assert column_of(out, "browDownRight").max() == pytest.approx(6 / 7, abs=1e-6)
    assert out.history[-1] == 'calibrated to the range of motion of "Anna" (3 channels)'
    assert np.array_equal(out.times, take.times)


def test_a_target_and_values_beyond_the_extreme_are_not_cut():
    take = waves(browInnerUp=events(3, height=0.8))
    rom = measure_range(take, "Anna", target=1.2)
    louder = waves(browInnerUp=events(3, height=1.0))
    assert column_of(calibrated(louder, rom), "browInnerUp").max() == pytest.approx(1.5, abs=1e-6)


def test_what_hardly_moves_is_not_blown_up():
    still = 0.2 + 0.01 * np.sin(np.arange(720))
    take = waves(browInnerUp=still, jawForward=events(4, height=0.25), cheekPuff=events(8))
    rom = measure_range(take, "Anna")
    ranges = rom.by_channel()
    assert ranges["browInnerUp"].gain == 1.0
    assert ranges["jawForward"].gain == 2.5
    assert rom.warnings == (
        "1 channel hardly moves and keeps its size: browInnerUp.",
        "1 channel moves little and grows by no more than 2.5: jawForward.",
    )
    assert measure_range(take, "Anna", own=True).by_channel()["jawForward"].gain == 1.5


def test_sides_that_differ_clearly_have_gains_of_their_own():
    take = waves(mouthSmileLeft=events(3, height=0.9), mouthSmileRight=events(3, height=0.5))
    rom = measure_range(take, "Anna")
    gains = [rom.by_channel()[f"mouthSmile{side}"].gain for side in ("Left", "Right")]
    assert gains == pytest.approx([1 / 0.9, 2.0], rel=1e-5)
    assert "differ clearly (0.90 and 0.50)" in rom.warnings[0]
    one_sided = waves(mouthSmileLeft=events(3, height=0.8), mouthSmileRight=0.02)
    found = measure_range(one_sided, "Anna").by_channel()
    assert found["mouthSmileRight"].gain == found["mouthSmileLeft"].gain


def test_a_leap_of_one_sample_is_no_extreme():
    calm = events(3, height=0.5)
    leaping = calm.copy()
    leaping[[200, 400, 600]] = 1.0
    calm_one, leaping_one = (
        measure_range(waves(browInnerUp=brow), "Anna").ranges[0] for brow in (calm, leaping)
    )
    assert leaping_one.extreme == pytest.approx(calm_one.extreme, abs=1e-6)


def test_a_marked_neutral_frame_is_used():
    brow = 0.3 - 0.2 * events(9) + events(3, height=0.5)
    take = waves(browInnerUp=brow)
    assert measure_range(take, "Anna").ranges[0].neutral == pytest.approx(0.1, abs=1e-6)
    marked = measure_range(take, "Anna", neutral_s=6.0)
    assert marked.ranges[0].neutral == pytest.approx(0.3, abs=1e-6)
    assert marked.neutral_s == 6.0


def test_a_marked_frame_with_shut_eyes_and_parted_lips_is_told():
    blink = 0.1 + sum(events(at, height=0.8, wide=0.08) for at in (2, 5, 8, 11))
    take = waves(eyeBlinkLeft=blink, jawOpen=0.05 + events(5, height=0.6), mouthClose=0.02)
    rom = measure_range(take, "Anna", neutral_s=5.0)
    ranges = rom.by_channel()
    assert ranges["eyeBlinkLeft"].neutral == pytest.approx(0.1, abs=0.01)
    assert ranges["jawOpen"].neutral == pytest.approx(0.05, abs=0.01)
    assert rom.warnings[:2] == (
        "The lips are apart at 5 s: their neutral is that of closed lips.",
        "Eyes are shut at 5 s: the neutral of eyeBlinkLeft is that of open eyes.",
    )


@pytest.mark.parametrize("at", [-0.1, 12.5])
def test_a_marked_frame_outside_the_take_is_refused(at: float):
    with pytest.raises(FacemocapError, match="is not in the take"):
        measure_range(waves(browInnerUp=events(3)), "Anna", neutral_s=at)


def test_a_marked_frame_without_a_face_is_refused():
    take = waves(browInnerUp=events(3))
    valid = np.array(take.valid)
    valid[300:400] = False
    with pytest.raises(FacemocapError, match="No face was recorded"):
        measure_range(replace(take, valid=valid), "Anna", neutral_s=350 / RATE)


def test_takes_with_nothing_to_calibrate_are_refused():
    schema = arkit_schema()
    turning = make_take(np.arange(9) / RATE, [schema["headYaw"]], np.zeros((9, 1)))
    with pytest.raises(FacemocapError, match="no coefficients"):
        measure_range(turning, "Anna")
    rom = RangeOfMotion("Anna", (ChannelRange("jawOpen", 0.0, 1.0),))
    with pytest.raises(FacemocapError, match="none of the channels"):
        calibrated(turning, rom)


def test_the_gaze_and_lost_samples_stay_as_they_are():
    take = waves(eyeLookUpLeft=events(3), browInnerUp=0.2 + events(6, height=0.5))
    valid = np.array(take.valid)
    valid[100:200] = False
    take = replace(take, valid=valid)
    out = calibrated(take, measure_range(take, "Anna"))
    assert np.array_equal(out.valid, take.valid)
    assert np.array_equal(column_of(out, "eyeLookUpLeft"), column_of(take, "eyeLookUpLeft"))
    assert np.array_equal(out.values[100:200], take.values[100:200])


def test_closed_lips_seal_at_any_jaw_and_mouth_close_rests_at_nought():
    jaw = 0.06 + events(3, 9, height=0.6)
    close = 0.04 + events(3, height=0.6)
    take = waves(jawOpen=jaw, mouthClose=close, mouthFunnel=0.08 + events(9, height=0.5))
    out = calibrated(take, measure_range(take, "Anna"))
    assert_same_contacts(take, out)
    opened, shut = column_of(out, "jawOpen"), column_of(out, "mouthClose")
    # at 3 s the jaw is down behind closed lips, at 9 s the mouth is open
    assert opened[180] == pytest.approx(1.0, abs=1e-5)
    assert shut[180] == pytest.approx(1.0, abs=1e-5)
    assert opened[540] == pytest.approx(1.0, abs=1e-5)
    assert shut[540] == pytest.approx(0.0, abs=1e-5)
    assert (opened[0], shut[0]) == pytest.approx((0.0, 0.0), abs=1e-6)


def test_the_file_says_all_again(tmp_path: Path):
    rom = measure_range(waves(browInnerUp=events(3), jawOpen=0.01), "Änne", neutral_s=1.5)
    path = tmp_path / "rom.json"
    write_range_of_motion(rom, path)
    assert read_range_of_motion(path) == rom


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema": 2}, "schema 2"),
        ({"ranges": [{"channel": "jawOpen", "neutral": 0.0}]}, "extreme is missing"),
        ({"ranges": [{"channel": "a", "neutral": 0, "extreme": 1, "gain": 0}]}, "gain must be"),
        ({"ranges": [{"channel": "a", "neutral": float("nan"), "extreme": 1}]}, "finite"),
        ({"ranges": [{"channel": "a", "neutral": 0, "extreme": 1}] * 2}, "one range only"),
        ({"ranges": 7}, "is wrong"),
    ],
)
def test_wrong_files_are_told(change: dict[str, Any], said: str):
    good = measure_range(waves(browInnerUp=events(3)), "Anna").to_json()
    with pytest.raises(FacemocapError, match=said):
        range_of_motion_from_json(json.loads(json.dumps(good | change)), "rom.json")


# ---------------------------------------------------------------- whatever the numbers

LIDS_AND_LIPS = (*EYES, "jawOpen", "mouthClose", "mouthFunnel", "mouthUpperUpLeft")


def talk(seed: int) -> Take:
    """A take that blinks, talks and closes its lips, at its own levels, with some noise."""
    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {}
    for name in LIDS_AND_LIPS:
        wide = 0.08 if name in EYES else 0.35
        at = np.sort(rng.uniform(0.5, 11.5, rng.integers(2, 9)))
        level, height = rng.uniform(0.0, 0.3), rng.uniform(0.1, 0.9)
        columns[name] = level + events(*at, height=height, wide=wide)
        columns[name] = columns[name] + rng.uniform(0.0, 0.02) * rng.normal(size=720)
    return waves(**{name: np.clip(column, 0.0, 1.1) for name, column in columns.items()})


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10_000),
    st.lists(st.tuples(st.floats(0, 0.5), st.floats(0.5, 2.5)), min_size=6, max_size=6),
)
def test_no_numbers_change_blinks_or_closed_lips(
    seed: int, numbers: list[tuple[float, float]]
) -> None:
    take = talk(seed)
    ranges = tuple(
        ChannelRange(name, neutral, neutral + 1.0 / gain, gain)
        for name, (neutral, gain) in zip(LIDS_AND_LIPS, numbers, strict=True)
    )
    assert_same_contacts(take, calibrated(take, RangeOfMotion("Anna", ranges)))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.8, 1.25), st.floats(-0.05, 0.2))
def test_a_recorder_of_another_level_calibrates_to_the_same(seed: int, size: float, up: float):
    rng = np.random.default_rng(seed)
    names = ("browInnerUp", "cheekPuff", "jawForward")
    columns = {
        name: rng.uniform(0, 0.1) + events(*rng.uniform(1, 11, 3), height=rng.uniform(0.55, 0.7))
        for name in names
    }
    one = waves(**columns)
    other = waves(**{name: size * column + up for name, column in columns.items()})
    first, second = (calibrated(t, measure_range(t, "Anna")).values for t in (one, other))
    assert second == pytest.approx(first, abs=2e-6)


# ---------------------------------------------------------------- the real takes


@pytest.fixture(scope="module")
def captured(shared: Path) -> list[Take]:
    return [read_take(path) for path in sorted((shared / "takes" / "livelinkface").glob("*.csv"))]


@pytest.mark.shared
@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("neutral_s", [None, 1.0])
def test_real_blinks_and_closed_lips_survive(
    captured: list[Take], own: bool, neutral_s: float | None
):
    assert len(captured) == 2
    for measured in captured:
        rom = measure_range(measured, "actor", own=own, neutral_s=neutral_s)
        for take in captured:
            out = calibrated(take, rom)
            assert_same_contacts(take, out)
            assert len(lip_contacts(take)) > 1
            assert all(blink_range(out, eye) is not None for eye in EYES)
            # and not by leaving lids and lips alone
            for name in (*EYES, "jawOpen", "mouthClose", "mouthFunnel"):
                assert not np.array_equal(column_of(out, name), column_of(take, name)), name


@pytest.mark.shared
def test_a_real_calibration_take_fills_the_range(captured: list[Take]):
    take = max(captured, key=lambda t: t.duration_s)
    out = calibrated(take, measure_range(take, "actor"))
    reached = {
        name: float(np.percentile(column_of(out, name)[out.valid[:, out.column(name)]], 99.9))
        for name in ("jawOpen", "browInnerUp", "mouthSmileLeft", "mouthUpperUpLeft", "eyeBlinkLeft")
    }
    assert all(0.95 < value < 1.1 for value in reached.values()), reached
    for name in out.recorded:
        if out.channels[out.column(name)].kind != "weight":
            continue
        valid = take.valid[:, take.column(name)]
        before, after = column_of(take, name)[valid], column_of(out, name)[valid]
        if name != "mouthClose":
            # what was more stays more: a calibration never turns a channel round
            order = np.argsort(before, kind="stable")
            assert (np.diff(after[order]) >= -1e-6).all(), name
