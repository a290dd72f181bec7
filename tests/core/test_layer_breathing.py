# SPDX-License-Identifier: GPL-3.0-or-later
"""Breathing: published rates, no breath into a word, poses that stay where they are."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from facemocap_addon.core.channels import Channel, arkit_schema
from facemocap_addon.core.layers.breath_plan import (
    HELD,
    PATTERNS,
    QUIET,
    RECOVERY,
    SIGH,
    SPOKEN,
    Hold,
    plan_breaths,
)
from facemocap_addon.core.layers.breathing import BODY, Breathing, BreathReport, add_breath
from facemocap_addon.core.layers.draws import Draws
from facemocap_addon.core.layers.speaking import speaking_spans
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.stack.running import run_stack
from facemocap_addon.core.stack.stack import Stack, make_step
from facemocap_addon.core.take import Take, make_take
from facemocap_addon.core.take_file import take_bytes
from sample_rigs.generator.performance import describe_events, synthesise

NAMES = (
    "headYaw", "headPitch", "headRoll", "jawOpen", "mouthClose", "noseSneerLeft", "noseSneerRight",
    "mouthPressLeft", "mouthPressRight", "eyeWideLeft", "eyeWideRight", "mouthLowerDownLeft",
    "mouthLowerDownRight",
)  # fmt: skip


def still_take(seconds: float = 60.0, rate: float = 60.0, level: float = 0.0) -> Take:
    times = 7.0 + np.arange(round(seconds * rate) + 1) / rate
    channels = [arkit_schema()[name] for name in NAMES]
    channels.append(Channel("headY", "translation", region="head", range=(-1.0, 1.0)))
    values = np.full((len(times), len(channels)), level)
    values[:, [0, 1, 2, -1]] = 0.0
    return make_take(times, channels, values)


def change(before: Take, after: Take, name: str) -> np.ndarray:
    column = before.column(name)
    return after.values[:, column].astype(float) - before.values[:, column]


def whole_breaths(report: BreathReport) -> list[tuple[np.ndarray, str]]:
    """Samples of each breath that lies within the take, without the time that it is held."""
    s = report.curve.seconds
    out: list[tuple[np.ndarray, str]] = []
    for breath in report.curve.breaths:
        if breath.start_s >= 0.0 and breath.end_s <= s[-1]:
            within = (s >= breath.start_s) & (s < breath.end_s)
            out.append((within & ~((s >= breath.full_s) & (s < breath.out_s)), breath.kind))
    return out


@pytest.mark.parametrize("name", PATTERNS)
@pytest.mark.parametrize("seed", range(3))
def test_breaths_cover_the_take_at_the_rate_of_their_pattern(name: str, seed: int):
    own = PATTERNS[name]
    breaths = plan_breaths(120.0, own, (), (), Draws(seed))
    assert breaths[0].start_s <= 0.0
    assert breaths[-1].end_s >= 120.0
    for one, two in pairwise(breaths):
        assert two.start_s == pytest.approx(one.end_s, abs=1e-9)
        assert two.low == one.end
    minute = 60.0 * len(breaths) / (breaths[-1].end_s - breaths[0].start_s)
    assert own.rates[0] <= minute <= own.rates[1]


def test_the_published_figures_of_rest_exertion_and_speech():
    for seed in range(5):
        _, rest = add_breath(still_take(), Breathing("rest"), Draws(seed))
        assert 12.0 <= rest.rate <= 20.0
        assert 0.35 <= rest.inhale(QUIET, SIGH) <= 0.45
        _, hard = add_breath(still_take(), Breathing("exertion"), Draws(seed))
        assert 30.0 <= hard.rate <= 50.0
        _, speech = add_breath(still_take(), Breathing("speech"), Draws(seed))
        assert 0.10 <= speech.inhale(QUIET) <= 0.15


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("rate", [24.0, 60.0])
def test_what_goes_both_ways_has_no_mean_over_whole_breaths(pattern: str, rate: float):
    take = still_take(40.0, rate)
    breathing = Breathing(pattern, holds=[Hold(20.0, 24.0)], body=True, tension=0.0)
    out, report = add_breath(take, breathing, Draws(4))
    found = whole_breaths(report)
    assert len(found) > 4
    assert HELD in {kind for _, kind in found}
    for name in ("headPitch", "headY"):
        moved = change(take, out, name)
        assert np.ptp(moved) > 1e-3
        for rows, _ in found:
            assert abs(moved[rows].mean()) < 1e-6
    for name in BODY:
        values = out.values[:, out.column(name)].astype(float)
        assert 0.02 < np.abs(values).max() <= 1.0
        for rows, _ in found:
            assert abs(values[rows].mean()) < 1e-6


def test_the_curve_has_no_jumps_where_breaths_meet():
    take = still_take(40.0, 240.0)
    breathing = Breathing("nervous", holds=[Hold(10.0, 12.0)], tension=0.0)
    out, _ = add_breath(take, breathing, Draws(1))
    speed = np.diff(change(take, out, "headPitch")) * 240.0
    # the fastest is letting go: 2.2 breaths of half a degree within 0.45 s
    assert np.abs(speed).max() < np.radians(8.0)
    assert np.abs(np.diff(speed)).max() < np.radians(1.0)


@pytest.mark.parametrize("known", ["truth", "lips"])
@pytest.mark.parametrize("pattern", ["speech", "rest", "exertion"])
def test_no_breath_is_taken_in_over_a_voiced_frame(sample_rigs: Path, known: str, pattern: str):
    take = read_take(sample_rigs / "sample_take.csv")
    made = synthesise(22.0)
    spoken = [(p["onset_s"], p["offset_s"]) for p in describe_events(made)["phrases"]]
    phrases = spoken if known == "truth" else speaking_spans(take)
    _, report = add_breath(take, Breathing(pattern, phrases=phrases), Draws(0))
    s = report.curve.seconds
    voiced = np.interp(s, made.times_s, made.voiced.astype(float)) > 0.0
    assert voiced.sum() > 300
    rising = report.curve.within((SPOKEN, QUIET, SIGH, RECOVERY, HELD), "inhale")
    assert not (rising & voiced).any()
    assert not (report.curve.inflow[voiced] > 0.0).any()
    before_phrases = [breath for breath in report.curve.breaths if breath.kind == SPOKEN]
    assert len(before_phrases) == len(phrases) >= 4
    for breath, (start, _) in zip(before_phrases, phrases, strict=True):
        assert 0.049 <= start - breath.full_s <= 0.2
    assert 0.10 <= report.inhale(SPOKEN) <= 0.15


def test_longer_phrases_get_deeper_breaths_and_short_pauses_none():
    phrases = [(2.0, 3.0), (5.0, 11.0), (11.2, 12.0), (12.3, 13.0), (15.0, 15.9)]
    breaths = plan_breaths(20.0, PATTERNS["speech"], phrases, (), Draws(3))
    spoken = [breath for breath in breaths if breath.kind == SPOKEN]
    # 11.0 to 11.2 is no pause: that is one phrase
    assert [round(b.full_s, 2) for b in spoken] == [1.88, 4.88, 12.25, 14.88]
    assert spoken[1].peak > 1.5 * spoken[0].peak
    for breath in breaths:
        assert all(
            breath.full_s <= start or breath.start_s >= end
            for start, end in [(2, 3), (5, 12), (12.3, 13), (15, 15.9)]
        )


def test_a_held_breath_stands_still_and_is_let_go():
    take = still_take(40.0)
    hold = Hold(15.0, 20.0, depth=2.0, release_s=0.5, release=1.5, recovery=1.2)
    breathing = Breathing("rest", holds=[hold], tension=0.0, body=True)
    out, report = add_breath(take, breathing, Draws(0))
    s = report.curve.seconds
    held = (s >= 15.0 + 0.15) & (s <= 20.0)
    for name in ("headPitch", "headY"):
        assert np.ptp(change(take, out, name)[held]) < 1e-7
    for name in BODY:
        assert np.ptp(out.values[held, out.column(name)]) < 1e-7
    level = report.curve.level
    assert level[held].min() == pytest.approx(2.0)
    let_go = level[held].max() - level[(s > 20.0) & (s < 20.6)].min()
    assert let_go == pytest.approx(1.5 * 2.0, rel=0.01)
    after = next(b for b in report.curve.breaths if b.kind == RECOVERY)
    assert after.start_s == pytest.approx(20.5)
    assert after.peak == pytest.approx(2.4)


def test_tension_shows_while_a_breath_is_held_only():
    take = still_take(40.0)
    breathing = Breathing("rest", holds=[Hold(15.0, 20.0)])
    calm, _ = add_breath(take, Breathing("rest", holds=[Hold(15.0, 20.0)], tension=0.0), Draws(0))
    out, report = add_breath(take, breathing, Draws(0))
    s = report.curve.seconds
    outside = (s < 15.0) | (s > 20.2)
    for name, most in (("mouthPressLeft", 0.15), ("eyeWideRight", 0.03), ("noseSneerLeft", 0.1)):
        tense = change(calm, out, name)
        assert 0.02 < tense.max() <= most + 1e-6
        assert not tense[outside].any()
    shaking = np.degrees(change(calm, out, "headPitch"))
    assert 0.005 < np.abs(shaking).max() <= 0.05
    assert not shaking[outside].any()


def test_a_breath_is_not_held_within_a_phrase():
    phrases = [(5.0, 9.0)]
    inside = plan_breaths(20.0, PATTERNS["rest"], phrases, [Hold(6.0, 8.0)], Draws(0))
    assert HELD not in {breath.kind for breath in inside}
    later = plan_breaths(20.0, PATTERNS["rest"], phrases, [Hold(8.0, 12.0)], Draws(0))
    held = next(breath for breath in later if breath.kind == HELD)
    assert held.start_s >= 9.0 - 1e-9
    assert held.out_s == pytest.approx(12.0)
    sooner = plan_breaths(20.0, PATTERNS["rest"], phrases, [Hold(2.0, 7.0)], Draws(0))
    held, spoken = [breath for breath in sooner if breath.kind in (HELD, SPOKEN)]
    assert held.full_s == pytest.approx(2.0)
    assert held.end_s <= spoken.start_s + 1e-9
    assert spoken.full_s <= 5.0


@pytest.mark.parametrize("level", [0.0, 0.5, 0.98])
def test_what_goes_one_way_stays_in_range_and_its_mean_is_told(level: float):
    take = still_take(30.0, level=level)
    breathing = Breathing("exertion", depth=3.0, face=4.0, holds=[Hold(10.0, 13.0)], tension=3.0)
    out, report = add_breath(take, breathing, Draws(2))
    coefficients = [c for c in NAMES if not c.startswith("head")]
    assert set(report.means) <= set(coefficients)
    assert report.means["noseSneerLeft"] > 0.0
    for name in coefficients:
        more = change(take, out, name)
        assert more.min() >= 0.0
        assert out.values[:, out.column(name)].max() <= 1.0
        assert more.mean() == pytest.approx(report.means.get(name, 0.0), abs=1e-6)


def test_the_mouth_opens_for_breaths_through_the_mouth_only():
    take = still_take(30.0)
    nose, _ = add_breath(take, Breathing("rest", mouth=0.0), Draws(0))
    mouth, _ = add_breath(take, Breathing("rest", mouth=1.0), Draws(0))
    assert not change(take, nose, "jawOpen").any()
    assert 0.03 <= change(take, mouth, "jawOpen").max() <= 0.12
    wide = still_take(30.0, level=0.4)
    assert not change(wide, add_breath(wide, Breathing(mouth=1.0), Draws(0))[0], "jawOpen").any()


def test_seeds_body_channels_and_influence():
    take = still_take(20.0)
    step = make_step("breathing", body=True, seed=3)
    one, two = (run_stack(take, Stack((step,)), seed=1).take for _ in range(2))
    assert take_bytes(one) == take_bytes(two)
    assert one.names == (*take.names, *BODY)
    other = run_stack(take, Stack((step,)), seed=2).take
    assert not np.array_equal(one.values, other.values)
    off = make_step("breathing", influence=0.0)
    assert run_stack(take, Stack((off,))).take is take


def test_the_step_tells_what_it_did(sample_rigs: Path):
    take = read_take(sample_rigs / "sample_take.csv")
    report = run_stack(take, Stack((make_step("breathing", pattern="speech"),))).reports[0]
    assert report.counts["phrases"] >= 4
    assert any("breaths a minute" in remark for remark in report.remarks)
    listed = make_step("breathing", phrases_from="list", phrases=[[5.0, 9.0]], holds=[[6.0, 8.0]])
    report = run_stack(take, Stack((listed,))).reports[0]
    assert report.counts["phrases"] == 1
    assert report.counts["breaths_held"] == 0
    assert any("cannot be held within a phrase" in remark for remark in report.remarks)
