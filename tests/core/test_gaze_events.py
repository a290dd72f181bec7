# SPDX-License-Identifier: GPL-3.0-or-later
"""Darts and rests are found where they are, and shaped without the gaze going elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_gaze import START_S, gaze_take, known_gaze, slope
from stack_takes import odd_takes

from facemocap_addon.core.events.gaze.finding import both_eyes, find_gaze
from facemocap_addon.core.events.gaze.main_sequence import course, duration, peak_speed
from facemocap_addon.core.events.gaze.micro import add_micro_saccades
from facemocap_addon.core.events.gaze.shaping import GazeShape, shape_gaze
from facemocap_addon.core.readers import read_take


def bump(times: np.ndarray, middle: float, width: float) -> np.ndarray:
    return 0.5 + 0.5 * np.cos(2 * np.pi * np.clip((times - middle) / width, -0.5, 0.5))


@pytest.mark.parametrize("rate", [30.0, 60.0, 120.0])
@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_darts_are_found_at_their_middles(rate: float, noise: float):
    known = known_gaze(rate)
    events = find_gaze(gaze_take(known, noise))
    found = np.array([saccade.apex_s for saccade in events.saccades])
    truth = np.array([at for at, _ in known.darts])
    assert len(found) == len(truth)
    off = np.abs(found - truth)
    assert np.median(off) < 0.1 / rate + 0.001
    assert np.percentile(off, 95) < 0.5 / rate
    steps = np.array([step for _, step in known.darts])
    ways = np.array([[s.yaw_deg, s.pitch_deg] for s in events.saccades])
    assert np.abs(ways - steps).max() < 0.6 + 3 * noise


def test_loud_noise_gives_fewer_darts_and_no_false_ones():
    known = known_gaze()
    found = np.array([s.apex_s for s in find_gaze(gaze_take(known, 0.8)).saccades])
    truth = np.array([at for at, _ in known.darts])
    assert all(np.abs(truth - at).min() < 0.04 for at in found)
    assert len(found) > 0.8 * len(truth)


def test_a_noisy_rest_holds_no_dart():
    known = known_gaze()
    still = type(known)(known.times, np.zeros_like(known.gaze), [], [])
    for noise in (0.02, 0.3, 1.5):
        events = find_gaze(gaze_take(still, noise))
        assert events.saccades == ()
        assert not any(fixation.follows for fixation in events.fixations)


def test_following_is_told_from_rest():
    known = known_gaze()
    for noise in (0.0, 0.2):
        events = find_gaze(gaze_take(known, noise))
        found = [f for f in events.fixations if f.follows]
        assert len(found) == len(known.follows) > 2
        for fixation, (start, end) in zip(found, known.follows, strict=True):
            assert fixation.start_s - START_S == pytest.approx(start, abs=0.1)
            assert fixation.end_s - START_S == pytest.approx(end, abs=0.1)


def test_blinks_are_cut_out():
    known = known_gaze()
    lone = [START_S + 2.0, START_S + 9.0]
    blink: np.ndarray = 0.9 * np.sum([bump(known.times, at, 0.25) for at in lone], axis=0)
    still = type(known)(
        known.times, np.stack([0 * blink, -8.0 * blink], axis=1), [], []
    )  # the eye seems to look down in a blink
    more = {"eyeBlinkLeft": blink, "eyeBlinkRight": blink}
    seen = find_gaze(gaze_take(still, 0.05, more=more))
    assert seen.saccades == ()
    assert find_gaze(gaze_take(still, 0.05)).saccades != ()
    take = gaze_take(still, 0.05, more=more)
    out, _ = shape_gaze(take, seen, GazeShape())
    before, after = both_eyes(take)[0], both_eyes(out)[0]
    for at in lone:
        inside = np.abs(known.times - at) < 0.1
        assert np.abs(after[inside] - before[inside]).max() < 0.3
        assert after[inside, 1].min() < -6.0


def test_a_lid_that_hangs_low_hides_nothing():
    known = known_gaze()
    at = known.times - START_S
    hanging = 0.3 * np.clip((at - 8.0) / 0.2, 0, 1) * np.clip((20.0 - at) / 0.2, 0, 1)
    lid = 0.02 + hanging + 0.6 * bump(at, 15.0, 0.25) + 0.9 * bump(at, 30.0, 0.25)
    take = gaze_take(known, more={"eyeBlinkLeft": lid, "eyeBlinkRight": lid})
    unseen = find_gaze(take).unseen
    assert unseen[(at > 14.93) & (at < 15.07)].all()
    assert unseen[(at > 29.93) & (at < 30.07)].all()
    assert not unseen[(at > 9.0) & (at < 14.6)].any()
    assert not unseen[(at > 15.6) & (at < 19.0)].any()


@pytest.mark.parametrize("parts", [{}, {"angles": False}, {"looks": False}])
def test_rests_are_still_where_they_were(parts: dict[str, Any]):
    known = known_gaze()
    take = gaze_take(known, 0.2, **parts)
    events = find_gaze(take)
    out, _ = shape_gaze(take, events, GazeShape())
    before, after = both_eyes(take)[0], both_eyes(out)[0]
    loud, quiet = [], []
    for fixation in events.fixations:
        rows = slice(fixation.first, fixation.last + 1)
        if fixation.follows or fixation.last - fixation.first < 6:
            continue
        assert np.abs(after[rows].mean(axis=0) - before[rows].mean(axis=0)).max() < 0.01
        loud.append((before - known.gaze)[rows].std(axis=0))
        quiet.append((after - known.gaze)[rows].std(axis=0))
    assert len(loud) > 20
    loud, quiet = np.array(loud), np.array(quiet)
    # coefficients that never go below nought lose half of their noise where they rest there
    assert np.median(loud / np.maximum(quiet, 1e-6)) > 5.0
    assert np.sqrt((loud**2).mean() / (quiet**2).mean()) > 5.0


def test_real_drift_of_a_rest_stays():
    known = known_gaze()
    drift = 0.3 * np.sin(2 * np.pi * 0.1 * (known.times - START_S))
    slow = type(known)(known.times, np.stack([drift, 0 * drift], axis=1), [], [])
    take = gaze_take(slow, 0.1)
    events = find_gaze(take)
    assert len(events.fixations) == 1
    kept = both_eyes(shape_gaze(take, events, GazeShape())[0])[0][:, 0]
    assert np.sqrt(np.mean((kept - drift)[60:-60] ** 2)) < 0.03
    still = both_eyes(shape_gaze(take, events, GazeShape(drift=0.0))[0])[0][:, 0]
    assert np.ptp(still) < 1e-4


@pytest.mark.parametrize("rate", [60.0, 120.0])
def test_sharpened_darts_keep_ends_and_middles(rate: float):
    known = known_gaze(rate)
    take = gaze_take(known, 0.05)
    events = find_gaze(take)
    out, number = shape_gaze(take, events, GazeShape())
    assert number == len(events.saccades)
    again = find_gaze(out)
    assert len(again.saccades) == len(events.saccades)
    gaze = both_eyes(out)[0]
    far, fast, slow = [], [], []
    for old, new in zip(events.saccades, again.saccades, strict=True):
        assert new.apex_s == pytest.approx(old.apex_s, abs=0.25 / rate)
        assert np.hypot(new.yaw_deg - old.yaw_deg, new.pitch_deg - old.pitch_deg) < 0.5
        rows = slice(old.first, old.last + 1)
        far.append(old.amplitude_deg)
        for values, speeds in ((gaze, fast), (events.gaze_deg, slow)):
            steps = np.linalg.norm(np.diff(values[rows], axis=0), axis=1)
            speeds.append(steps.max() * rate)
    far = np.array(far)
    assert far.max() < 10.5
    assert slope(far, np.array(slow)) < 23.0
    assert 30.0 <= slope(far, np.array(fast)) <= 45.0


def test_main_sequence_is_that_of_eyes():
    for amplitude in (0.5, 1.0, 2.0, 5.0, 8.0, 10.0):
        assert 30.0 <= float(peak_speed(amplitude)) / amplitude <= 45.0
        times = np.linspace(-0.1, 0.1, 20001)
        way = amplitude * course(times, 0.0, float(duration(amplitude)))
        assert np.gradient(way, times).max() == pytest.approx(
            float(peak_speed(amplitude)), rel=1e-3
        )
    assert 450.0 < float(peak_speed(20.0)) < 600.0
    assert 0.06 < float(duration(20.0)) < 0.08


def test_gaze_in_angles_and_in_coefficients_stays_the_same():
    take = gaze_take(known_gaze())
    out, _ = shape_gaze(take, find_gaze(take), GazeShape())
    names = [n for n in take.names if n.startswith("eyeLook")]
    pairs = [("Out", "In"), ("Up", "Down")]
    for side in ("Left", "Right"):
        for one, two in pairs:
            both = [out.values[:, out.column(f"eyeLook{way}{side}")] for way in (one, two)]
            assert np.minimum(*both).max() < 2e-4
            assert np.minimum(*both).min() > -1e-6
    keep = [column for column, name in enumerate(take.names) if name not in names]
    angles = type(take)(
        take.times, tuple(take.channels[c] for c in keep), out.values[:, keep],
        take.valid[:, keep], take.timebase, take.source,
    )  # fmt: skip
    keep = [column for column, name in enumerate(take.names) if name in names]
    looks = type(take)(
        take.times, tuple(take.channels[c] for c in keep), out.values[:, keep],
        take.valid[:, keep], take.timebase, take.source,
    )  # fmt: skip
    apart = np.abs(both_eyes(angles)[0] - both_eyes(looks)[0])
    assert np.percentile(apart, 99) < 0.1
    assert apart.max() < 0.5


def test_lids_follow_sharpened_darts():
    known = known_gaze()
    lid = 0.3 - 0.012 * known.gaze[:, 1]
    take = gaze_take(known, more={"eyeBlinkLeft": lid, "eyeBlinkRight": lid})
    events = find_gaze(take)
    out, _ = shape_gaze(take, events, GazeShape())
    plain, _ = shape_gaze(take, events, GazeShape(lids=False))
    column = take.column("eyeBlinkLeft")
    assert np.array_equal(plain.values[:, column], take.values[:, column])
    quicker = 0
    for saccade in events.saccades:
        if abs(saccade.pitch_deg) < 3.0:
            continue
        rows = slice(saccade.first, saccade.last + 1)
        was, now = take.values[rows, column], out.values[rows, column]
        assert now[0] == was[0]
        assert now[-1] == was[-1]
        if abs(was[-1] - was[0]) > 0.03:
            assert np.abs(np.diff(now)).max() > 1.3 * np.abs(np.diff(was)).max()
            quicker += 1
    assert quicker > 5
    inside = np.zeros(take.samples, np.bool_)
    for saccade in events.saccades:
        inside[saccade.first : saccade.last + 1] = True
    assert np.array_equal(out.values[~inside, column], take.values[~inside, column])


def test_micro_saccades_are_small_and_drawn_by_the_seed():
    known = known_gaze()
    still = type(known)(known.times, np.zeros_like(known.gaze), [], [])
    take = gaze_take(still)
    events = find_gaze(take)
    out, number = add_micro_saccades(take, events, 1.5, 7)
    same, _ = add_micro_saccades(take, events, 1.5, 7)
    other, _ = add_micro_saccades(take, events, 1.5, 8)
    assert out.values.tobytes() == same.values.tobytes()
    assert out.values.tobytes() != other.values.tobytes()
    assert 1.0 < number / take.duration_s < 2.2
    gaze = both_eyes(out)[0]
    assert 0.1 < np.abs(gaze).max() < 1.5
    assert np.abs(gaze.mean(axis=0)).max() < 0.1
    assert np.abs(gaze[[0, -1]]).max() < 1e-6
    fewer, number = add_micro_saccades(take, events, 0.0, 7)
    assert (fewer, number) == (take, 0)


def test_odd_takes_have_no_gaze_events():
    for name, take in odd_takes().items():
        events = find_gaze(take)
        assert events.saccades == (), name
        out, number = shape_gaze(take, events, GazeShape())
        assert number == 0
        assert out.samples == take.samples


def test_missing_samples_are_neither_rest_nor_dart():
    known = known_gaze()
    take = gaze_take(known, 0.05)
    valid = np.array(take.valid)
    first = int(np.searchsorted(take.times, known.darts[4][0])) - 5
    valid[first : first + 10] = False
    holed = take.changed("holes", valid=valid)
    events = find_gaze(holed)
    assert len(events.saccades) == len(known.darts) - 1
    assert not any(f.first <= first + 4 <= f.last for f in events.fixations)
    out, _ = shape_gaze(holed, events, GazeShape())
    assert np.array_equal(out.valid, valid)


@pytest.mark.shared
def test_darts_of_a_real_take_are_those_seen_in_its_curves(shared: Path):
    take = read_take(shared / "takes/livelinkface/JMTechArt_MySlate_3_iPhone.csv")
    events = find_gaze(take)
    found = [saccade.apex_s - take.times[0] for saccade in events.saccades]
    assert found == pytest.approx([0.67, 2.80, 2.99, 3.40, 3.70, 3.95], abs=0.03)
    # the eyes are shut from 1.7 s on, and open again by and by
    assert events.unseen[
        (take.times - take.times[0] > 1.75) & (take.times - take.times[0] < 2.3)
    ].all()
    out, number = shape_gaze(take, events, GazeShape())
    assert number == 6
    for fixation in events.fixations:
        rows = slice(fixation.first, fixation.last + 1)
        if not fixation.follows:
            moved = both_eyes(out)[0][rows].mean(axis=0) - events.gaze_deg[rows].mean(axis=0)
            assert np.abs(moved).max() < 0.01
