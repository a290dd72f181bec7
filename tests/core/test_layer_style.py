# SPDX-License-Identifier: GPL-3.0-or-later
"""Style: larger expressions with the same blinks, contacts and order; poses held on twos."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from stack_takes import bump

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.contacts.captured import eye_closure, lip_contacts
from facemocap_addon.core.health.columns import columns_of
from facemocap_addon.core.health.eye_blinks import find_blinks
from facemocap_addon.core.layers.style import Style, apply_style
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.stack.running import run_stack
from facemocap_addon.core.stack.stack import Stack, make_step
from facemocap_addon.core.take import Take, make_take

RATE = 60.0
REAL = (
    "livelinkface/alexdjulin_alex_rom_3.csv",
    "livelinkface/JMTechArt_MySlate_3_iPhone.csv",
)


def take_of(**columns: np.ndarray) -> Take:
    length = max(len(column) for column in columns.values())
    channels = [arkit_schema()[name] for name in columns]
    return make_take(np.arange(length) / RATE, channels, np.stack(list(columns.values()), axis=1))


def smile(size: float) -> Take:
    t = np.arange(120) / RATE
    curve = size * bump(t, 1.0, 1.5)
    return take_of(mouthSmileLeft=curve, mouthSmileRight=0.5 * curve, mouthDimpleLeft=0.2 * curve)


def blink_times(take: Take) -> list[tuple[float, str]]:
    return [(blink.peak_s, blink.kind) for blink in find_blinks(columns_of(take))]


def contact_spans(take: Take) -> list[tuple[int, int]]:
    return [(contact.first, contact.last) for contact in lip_contacts(take)]


def event_order(take: Take) -> list[str]:
    """Blinks, closures of the lips and peaks of clear expressions, by time."""
    events = [(at, "blink") for at, _ in blink_times(take)]
    events += [(contact.start_s, "lips") for contact in lip_contacts(take)]
    for name in ("browInnerUp", "mouthSmileLeft", "mouthFunnel", "noseSneerLeft"):
        values = take.values[:, take.column(name)].astype(float)
        best = int(np.argmax(values))
        events.append((float(take.times[best]), name))
    return [name for _, name in sorted(events)]


@pytest.mark.parametrize("amount", [0.5, 1.5, 3.0])
def test_faint_expressions_get_the_amount_and_proportions_stay(amount: float):
    take = smile(0.02)
    out = apply_style(take, Style(amount=amount))
    strong = take.values[:, 0] > 0.01
    ratio = out.values[strong] / take.values[strong]
    np.testing.assert_allclose(ratio, ratio[:, :1] * np.ones((1, 3)), rtol=1e-5)
    assert ratio.max() == pytest.approx(amount, rel=0.05)


def test_full_expressions_are_not_cut_off():
    take = smile(1.0)
    out = apply_style(take, Style(amount=2.0))
    assert out.values.max() <= 1.0 + 1e-6
    assert out.values[:, 0].max() == pytest.approx(1.0, abs=1e-5)
    half = smile(0.5)
    assert apply_style(half, Style(amount=2.0)).values.max() == pytest.approx(2.0 / 3.0, abs=1e-5)
    # larger stays larger
    grown = apply_style(smile(1.0), Style(amount=3.0)).values[:60, 0]
    assert (np.diff(grown) >= 0.0).all()


def test_single_regions_have_their_own_amounts():
    t = np.arange(120) / RATE
    take = take_of(browInnerUp=0.3 * bump(t, 1.0, 1.0), noseSneerLeft=0.3 * bump(t, 1.0, 1.0))
    out = apply_style(take, Style(amounts={"brow": 2.0}))
    assert out.values[:, 0].max() > 0.4
    assert np.array_equal(out.values[:, 1], take.values[:, 1])
    assert apply_style(take, Style()) is take


@pytest.mark.shared
@pytest.mark.parametrize("name", REAL)
def test_real_takes_keep_blinks_contacts_and_order(shared: Path, name: str):
    take = read_take(shared / "takes" / name)
    for amount in (0.2, 0.6, 1.5, 3.0):
        out = run_stack(take, Stack((make_step("style", amount=amount),))).take
        assert not np.array_equal(out.values, take.values)
        blinks = [column.startswith("eyeBlink") for column in take.names]
        assert np.array_equal(out.values[:, blinks], take.values[:, blinks])
        assert contact_spans(out) == contact_spans(take)
        if amount == 1.5:
            assert len(blink_times(take)) > 0
            assert blink_times(out) == blink_times(take)
            assert event_order(out) == event_order(take)


@pytest.mark.parametrize("amount", [0.2, 0.6, 1.5, 3.0])
def test_the_sample_take_keeps_blinks_contacts_and_order(sample_rigs: Path, amount: float):
    take = read_take(sample_rigs / "sample_take.csv")
    out = apply_style(take, Style(amount=amount))
    assert len(contact_spans(take)) >= 10
    assert contact_spans(out) == contact_spans(take)
    assert blink_times(out) == blink_times(take)
    if amount > 0.5:
        # where lips touch, what parts them stays, so its highest moment may become another
        assert event_order(out) == event_order(take)
    still = [c.region in ("gaze", "head", "tongue") for c in take.channels]
    assert np.array_equal(out.values[:, still], take.values[:, still])


@pytest.mark.parametrize("frames", [2, 3])
def test_on_twos_every_pose_is_held_for_exactly_two_frames(frames: int):
    rng = np.random.default_rng(0)
    names = ("browInnerUp", "mouthSmileLeft", "headYaw", "eyeLookUpLeft")
    values = rng.random((61, len(names)))
    take = make_take(np.arange(61) / 24.0, [arkit_schema()[name] for name in names], values)
    out = apply_style(take, Style(hold_frames=frames))
    changes = np.flatnonzero((np.diff(out.values, axis=0) != 0).any(axis=1)) + 1
    assert np.array_equal(changes, np.arange(frames, 61, frames))
    for first in range(0, 61, frames):
        block = out.values[first : first + frames]
        assert (block == block[0]).all()
        assert (take.values[first : first + frames] == block[0]).all(axis=1).any()


def test_blinks_and_closed_lips_outlast_twos_at_24_frames_a_second(sample_rigs: Path):
    take = read_take(sample_rigs / "sample_take.csv")
    slow = run_stack(take, Stack((make_step("resample", rate_hz=24.0),))).take
    out = run_stack(slow, Stack((make_step("style", hold_frames=2),))).take
    assert len(blink_times(slow)) >= 13
    assert len(blink_times(out)) == len(blink_times(slow))
    for eye in ("eyeBlinkLeft", "eyeBlinkRight"):
        was, now = (eye_closure(each, eye, slow.times) for each in (slow, out))
        assert was is not None
        assert now is not None
        assert (now[was >= 1.0] >= 1.0).all()
    for contact in lip_contacts(slow):
        inside = [
            c for c in lip_contacts(out) if c.first <= contact.last and c.last >= contact.first
        ]
        assert inside


def test_a_short_closure_between_first_frames_is_not_lost():
    jaw = np.full(120, 0.3)
    jaw[:8] = jaw[61:63] = 0.0
    take = take_of(jawOpen=jaw, mouthClose=np.zeros(120))
    assert contact_spans(take) == [(0, 7), (61, 62)]
    out = apply_style(take, Style(hold_frames=4))
    assert contact_spans(out) == [(0, 7), (60, 63)]


def test_gaps_stay_gaps_on_twos():
    take = smile(0.4)
    valid = np.array(take.valid)
    valid[31:40, 0] = False
    out = apply_style(replace(take, valid=valid), Style(hold_frames=2))
    assert np.array_equal(out.valid, valid)
    assert np.array_equal(out.values[30:32, 1], take.values[[30, 30], 1])


def test_snapping_makes_ways_quicker_and_holds_longer():
    t = np.arange(300) / RATE
    ramp = np.clip(np.minimum(t - 1.0, 4.0 - t) / 0.5, 0.0, 1.0)
    take = take_of(browInnerUp=0.1 + 0.6 * ramp, jawOpen=0.5 * ramp)
    out = apply_style(take, Style(snap=1.0))
    brow, was = out.values[:, 0].astype(float), take.values[:, 0].astype(float)
    assert brow.min() >= was.min() - 1e-6
    assert brow.max() <= was.max() + 1e-6
    top = 0.1 + 0.6 * 0.95
    assert (brow > top).sum() > (was > top).sum() + 2
    assert np.abs(np.diff(brow)).max() > 1.2 * np.abs(np.diff(was)).max()
    middle = slice(120, 180)
    np.testing.assert_allclose(brow[middle], was[middle], atol=1e-6)
    assert np.array_equal(out.values[:, 1], take.values[:, 1])


def test_no_style_and_no_influence_change_nothing(sample_rigs: Path):
    take = read_take(sample_rigs / "sample_take.csv")
    assert run_stack(take, Stack((make_step("style"),))).take is take
    off = make_step("style", amount=2.0, influence=0.0)
    assert run_stack(take, Stack((off,))).take is take
