# SPDX-License-Identifier: GPL-3.0-or-later
"""What despike must find and must leave, loud regions, and lips that only just touch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from stack_takes import bump

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.cleaning.bridges import monotone
from facemocap_addon.core.cleaning.noise import bursts
from facemocap_addon.core.cleaning.samples import samples_of
from facemocap_addon.core.cleaning.spikes import find_spikes
from facemocap_addon.core.contacts.captured import lip_contacts
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.stack.presets import default_stack
from facemocap_addon.core.stack.running import run_stack
from facemocap_addon.core.take import Take, make_take

NAMES = (
    "eyeBlinkLeft", "eyeBlinkRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight",
    "mouthPucker", "mouthDimpleLeft", "mouthLowerDownLeft", "jawOpen",
)  # fmt: skip


def face(rate: float, seconds: float = 6.0, noise: float = 0.002) -> Take:
    """Brows that rise in 0.15 s, blinks, a talking mouth."""
    times = np.arange(round(seconds * rate)) / rate
    blink = sum(0.9 * bump(times, middle, 0.2) for middle in (0.8, 2.3, 4.4))
    brow = 0.8 * np.clip((times - 3.0) / 0.15, 0.0, 1.0)
    mouth = 0.3 + 0.2 * np.sin(9.0 * times)
    still = np.full(len(times), 0.3)
    outer = 0.9 * brow
    columns = [blink, 0.97 * blink, brow, outer, outer, mouth, 0.5 * mouth, still, mouth]
    values = np.stack(columns, axis=1)
    values += np.random.default_rng(0).normal(0, noise, values.shape)
    return make_take(times, [arkit_schema()[name] for name in NAMES], values, rate=round(rate))


def spikes_with(take: Take, changes: dict[tuple[int, str], float]) -> set[tuple[int, str]]:
    values = take.values.copy()
    for (row, name), by in changes.items():
        values[row, take.column(name)] += by
    rows, columns = np.nonzero(find_spikes(samples_of(take.changed("hit", values=values))))
    return {(int(row), NAMES[column]) for row, column in zip(rows, columns, strict=True)}


@pytest.mark.parametrize("rate", [24.0, 30.0, 60.0, 120.0])
def test_nothing_quick_and_real_is_a_spike(rate: float):
    assert spikes_with(face(rate), {}) == set()


def test_a_glitch_in_a_steep_rise_is_found_and_not_what_lies_before_it():
    take = face(120.0)
    middle = round(3.07 * 120)
    glitch = {(middle + k, "browOuterUpRight"): -0.3 for k in range(3)}
    assert spikes_with(take, glitch) == set(glitch)


def test_a_glitch_of_a_whole_region_needs_no_witness():
    take = face(60.0)
    row = round(1.5 * 60)
    glitch = {(row + k, name): 0.3 for k in range(2) for name in NAMES[5:8]}
    glitch |= {(row + k, "jawOpen"): -0.3 for k in range(2)}
    found = spikes_with(take, glitch)
    assert found <= set(glitch)
    assert len(found) >= 6


def test_both_halves_of_a_face_closing_for_three_frames_is_real():
    take = face(60.0)
    rows = range(200, 203)
    assert spikes_with(take, {(row, name): 0.35 for row in rows for name in NAMES[:2]}) == set()


def test_two_spikes_side_by_side_are_found():
    take = face(60.0)
    hits = {(90, "mouthDimpleLeft"): 0.4, (91, "mouthDimpleLeft"): -0.35}
    assert spikes_with(take, hits) == set(hits)


def test_a_region_that_is_loud_for_a_while_is_heard_by_all_its_channels():
    rng = np.random.default_rng(2)
    rate, loud = 60.0, slice(200, 215)
    regions = np.array([0] * 6 + [1] * 6)
    alone = together = 0.0
    for _ in range(20):
        series = rng.normal(size=(12, 400))
        series[:6, loud] *= 4.0
        alone += float((bursts(series, rate)[:6, loud] > 1.0).mean()) / 20
        power = bursts(series, rate, regions)
        together += float((power[:6, loud] > 1.0).mean()) / 20
        # sixteen times the power, give or take
        assert 6.0 < np.median(power[:6, 203:212]) < 40.0
        assert (power[6:] > 1.0).mean() < 0.03
        assert (power[:6, :180] > 1.0).mean() < 0.03
    assert together > 0.9
    assert together > alone


def test_motion_of_a_region_is_not_loud():
    times = np.arange(400) / 60.0
    shapes = [bump(times, 3.0, 0.2 + 0.02 * k) for k in range(6)]
    series = np.stack(shapes) / 0.002 + np.random.default_rng(3).normal(size=(6, 400))
    assert (bursts(series, 60.0, np.zeros(6, np.int64))[:, 150:210] > 1.0).mean() < 0.05


@pytest.mark.shared
def test_lips_that_only_just_touch_are_kept(shared: Path):
    """They meet for two frames, and elsewhere the jaw is closed further for a moment."""
    take = read_take(shared / "takes" / "azure_viseme" / "talking_avatar_blendData.json")
    (contact,) = lip_contacts(take)
    found = lip_contacts(run_stack(take, default_stack()).take)
    assert any(one.first <= contact.last and one.last >= contact.first for one in found)


def test_bridges_are_the_monotone_cubics_of_scipy():
    from scipy.interpolate import PchipInterpolator

    rng = np.random.default_rng(0)
    for _ in range(200):
        count = int(rng.integers(2, 8))
        knots = np.cumsum(rng.uniform(0.1, 1.0, count))
        # rounded, so that some neighbours are equal
        values = rng.normal(size=(count, 3)).round(int(rng.integers(0, 3)))
        at = np.concatenate([knots, rng.uniform(knots[0], knots[-1], 5)])
        wanted = PchipInterpolator(knots, values)(at)
        np.testing.assert_allclose(monotone(knots, values, at), wanted, atol=1e-12)
