# SPDX-License-Identifier: GPL-3.0-or-later
"""Health: faults that were put into a take are found, where they are, and none besides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from health_takes import START_S, added, bump, busy_face, clock, take_of

from facemocap_addon.core.channels import Channel
from facemocap_addon.core.health.channel_health import ChannelHealth, are_white
from facemocap_addon.core.health.examine import Health, examine
from facemocap_addon.core.take import Take, make_take


def of_channel(health: Health, name: str) -> ChannelHealth:
    return next(channel for channel in health.channels if channel.name == name)


def codes(health: Health) -> dict[str, str]:
    return {finding.code: finding.severity for finding in health.findings}


def without_rows(take: Take, gone: list[int]) -> Take:
    kept = np.ones(take.samples, bool)
    kept[gone] = False
    return replace(take, times=take.times[kept], values=take.values[kept], valid=take.valid[kept])


def test_a_sound_take_has_no_faults():
    health = examine(take_of(clock(), busy_face(clock())))
    assert not [f for f in health.findings if f.severity != "note"]
    assert health.timing.rate_hz == pytest.approx(60.0)
    assert (health.timing.drops, health.timing.gaps, health.timing.repeated_s) == ((), (), ())
    assert health.timing.recorded_share == 1.0
    assert all(channel.state == "live" for channel in health.channels)


@pytest.mark.parametrize("missing", ["rows", "samples"])
def test_dropped_frames_are_counted_whether_rows_or_samples_are_missing(missing: str):
    take = take_of(clock(), busy_face(clock()))
    gone = [100, 400, 401, 900]
    if missing == "rows":
        take = without_rows(take, gone)
    else:
        valid = take.valid.copy()
        valid[gone] = False
        take = replace(take, valid=valid)
    timing = examine(take).timing
    assert timing.frames_dropped == 4
    assert [drop.samples for drop in timing.drops] == [1, 2, 1]
    starts = [drop.start_s for drop in timing.drops]
    assert starts == pytest.approx([START_S + row / 60 for row in (100, 400, 900)], abs=1e-9)
    assert timing.gaps == ()
    assert timing.recorded_share == pytest.approx(1 - 4 / 1201, abs=1e-9)


def test_gaps_of_everything_and_of_a_channel():
    take = take_of(clock(), busy_face(clock()))
    valid = take.valid.copy()
    valid[300:360] = False
    valid[600:620, take.column("jawOpen")] = False
    health = examine(replace(take, valid=valid))
    whole, part = health.timing.gaps
    assert (whole.start_s, whole.end_s) == pytest.approx((START_S + 5.0, START_S + 6.0))
    assert (whole.samples, whole.channels) == (60, ())
    assert (part.start_s, part.samples, part.channels) == (START_S + 10.0, 20, ("jawOpen",))
    found = {finding.code: finding for finding in health.findings}
    assert found["gaps"].times_s == (START_S + 5.0,)
    assert "1.00 s in all" in found["gaps"].text
    assert found["channel_gaps"].channels == ("jawOpen",)


def test_a_rate_that_is_not_what_the_recording_claims():
    times = clock(10.0, 29.97)
    take = take_of(times, busy_face(times))
    claims = replace(take, timebase=replace(take.timebase, rate=type(take.timebase.rate)(60)))
    health = examine(claims)
    assert health.timing.rate_hz == pytest.approx(29.97, abs=1e-6)
    assert health.timing.nominal_hz == 60.0
    assert "29.97 Hz" in next(f.text for f in health.findings if f.code == "rate")


def test_samples_that_repeat_and_stretches_that_freeze():
    times = clock()
    columns = busy_face(times)
    for series in columns.values():
        series[101:200:2] = series[100:199:2]
        series[601:631] = series[600]
    timing = examine(take_of(times, columns)).timing
    assert len(timing.repeated_s) == 50
    assert timing.repeated_s[0] == pytest.approx(START_S + 101 / 60)
    (frozen,) = timing.frozen_s
    assert frozen == pytest.approx((START_S + 10.0, START_S + 10.5))


def test_a_tracker_at_half_the_rate():
    times = clock()
    columns = {name: np.repeat(s[::2], 2)[: len(s)] for name, s in busy_face(times).items()}
    health = examine(take_of(times, columns))
    text = next(f.text for f in health.findings if f.code == "repeated")
    assert "at about 30 Hz" in text


@pytest.mark.parametrize("deviation", [0.003, 0.01, 0.02])
def test_the_noise_that_was_put_in_is_found(deviation: float):
    times = clock(60.0)
    columns = busy_face(times)
    quiet = examine(take_of(times, columns))
    rng = np.random.default_rng(3)
    noisy = {
        name: series + rng.normal(0, deviation, len(times)) for name, series in columns.items()
    }
    health = examine(take_of(times, noisy))
    for channel in health.channels:
        assert channel.noise == pytest.approx(deviation, rel=0.12)
        assert channel.is_white
        assert of_channel(quiet, channel.name).noise < 5e-4
    assert ("noise" in codes(health)) == (deviation >= 0.004)
    assert "noise" not in codes(quiet)


def test_quick_motion_is_not_called_noise():
    """At 24 Hz a blink of 0.2 s has fourth differences as large as loud noise has."""
    times = clock(20.0, 24.0)
    blinks = added(0.9 * bump(times, middle, 0.25) for middle in np.arange(0.5, 20, 0.45))
    columns = busy_face(times) | {"eyeBlinkLeft": blinks + 0.003 * np.sin(times)}
    health = examine(take_of(times, columns))
    assert "noise" not in codes(health)


def test_white_noise_is_told_from_motion():
    times = clock(20.0)
    rng = np.random.default_rng(8)
    values = np.stack([rng.normal(0, 1, len(times)), np.sin(9 * times)], axis=1)
    assert are_white(values, np.ones(values.shape, bool)).tolist() == [True, False]
    assert not are_white(values[:20], np.ones((20, 2), bool)).any()


def test_spikes_are_found_at_their_samples_and_nowhere_else():
    times = clock()
    columns = busy_face(times)
    put = {"jawOpen": [77, 500, 800], "browInnerUp": [500], "headYaw": [300]}
    for name, rows in put.items():
        columns[name][rows] += 0.3
    health = examine(take_of(times, columns))
    for channel in health.channels:
        rows = put.get(channel.name, [])
        assert channel.spikes_s == pytest.approx([START_S + row / 60 for row in rows])
    finding = next(f for f in health.findings if f.code == "spikes")
    assert finding.times_s == pytest.approx([START_S + row / 60 for row in (77, 300, 500, 800)])
    assert set(finding.channels) == set(put)


def test_points_that_jump():
    rng = np.random.default_rng(2)
    times = clock(5.0)
    places = 0.05 * np.sin(np.outer(times, np.arange(1, 7))) + rng.normal(0, 1e-4, (len(times), 6))
    places[120, :3] += 0.02
    names = [f"{point}.{axis}" for point in ("a", "b") for axis in "xyz"]
    take = make_take(times, [Channel(name, "point") for name in names], places)
    health = examine(take)
    for channel in health.channels:
        expected = [2.0] if channel.name.startswith("a.") else []
        assert channel.spikes_s == pytest.approx(expected)
        assert channel.noise == pytest.approx(1e-4, rel=0.2)
    assert "1 point jumps" in next(f.text for f in health.findings if f.code == "spikes")


def test_a_channel_that_is_cut_off_at_one():
    times = clock()
    columns = busy_face(times)
    high = 0.7 + 0.5 * np.sin(2 * times)
    columns["jawOpen"] = np.minimum(high, 1.0)
    health = examine(take_of(times, columns))
    jaw = of_channel(health, "jawOpen")
    assert jaw.cut_off_at == 1.0
    inside = high >= 1.0
    assert jaw.cut_off_share == pytest.approx(inside.mean(), abs=1e-9)
    assert len(jaw.cut_off) == int((np.diff(inside.astype(int)) == 1).sum())
    assert jaw.cut_off[0][0] == pytest.approx(START_S + times[np.argmax(inside)])
    others = [c for c in health.channels if c.name != "jawOpen"]
    assert all(c.cut_off == () and c.cut_off_at is None for c in others)
    assert next(f for f in health.findings if f.code == "cut_off").channels == ("jawOpen",)


def test_a_tracker_that_cuts_off_inside_the_range():
    times = clock()
    columns = busy_face(times)
    columns["cheekPuff"] = np.minimum(0.5 + 0.3 * np.sin(2 * times), 0.6)
    cheek = of_channel(examine(take_of(times, columns)), "cheekPuff")
    assert cheek.cut_off_at == pytest.approx(0.6)
    assert cheek.cut_off_share == pytest.approx(float((columns["cheekPuff"] == 0.6).mean()))


def test_coarse_values_are_not_cut_off():
    times = clock()
    columns = {name: np.round(255 * s / 2) / 255 for name, s in busy_face(times).items()}
    health = examine(take_of(times, columns))
    assert "cut_off" not in codes(health)


def test_closed_lids_are_at_their_end_and_lose_nothing():
    times = clock()
    lid = np.clip(1.5 * bump(times, 5, 2) + 1.5 * bump(times, 15, 2), 0, 1)
    columns = busy_face(times) | {"eyeBlinkLeft": lid, "eyeBlinkRight": lid}
    health = examine(take_of(times, columns))
    assert of_channel(health, "eyeBlinkLeft").cut_off_at == 1.0
    assert "cut_off" not in codes(health)


def test_a_dead_side_is_worse_than_a_channel_that_rests():
    times = clock()
    columns = busy_face(times)
    columns["mouthSmileRight"] = np.zeros(len(times))
    columns["cheekPuff"] = np.full(len(times), 0.2)
    health = examine(take_of(times, columns))
    assert of_channel(health, "mouthSmileRight").state == "dead"
    assert codes(health)["dead_side"] == "fault"
    assert health.findings[0].channels == ("mouthSmileRight",)
    assert next(f for f in health.findings if f.code == "dead").channels == ("cheekPuff",)


def test_what_was_not_recorded_is_not_dead():
    times = clock()
    take = take_of(times, busy_face(times))
    valid = take.valid.copy()
    valid[:, take.column("headYaw")] = False
    health = examine(replace(take, valid=valid))
    head = of_channel(health, "headYaw")
    assert (head.state, head.valid_share) == ("not recorded", 0.0)
    assert head.to_json()["noise"] is None
    assert "dead" not in codes(health)
    assert codes(health)["not_recorded"] == "note"


def test_a_face_that_was_never_tracked():
    times = clock(3.0)
    still = {name: np.full(len(times), 0.1) for name in busy_face(times)}
    health = examine(take_of(times, still))
    assert [f.code for f in health.findings] == ["all_dead"]


def test_the_worst_comes_first():
    times = clock()
    columns = busy_face(times)
    columns["mouthSmileRight"] = np.zeros(len(times))
    columns["jawOpen"][77] += 0.3
    valid = np.ones((len(times), len(columns)), bool)
    valid[500:504] = False
    health = examine(replace(take_of(times, columns), valid=valid))
    ranks = [("fault", "warning", "note").index(f.severity) for f in health.findings]
    assert ranks == sorted(ranks)
    assert set(ranks) == {0, 1, 2}
    for finding in health.findings:
        assert finding.text.endswith(".")
