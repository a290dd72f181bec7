# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of blinks do what they say, and nothing anywhere else."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from blink_takes import START_S, Known, clock, performance, smooth_step
from hypothesis import given, settings
from hypothesis import strategies as st
from test_blink_finding import lids_take

from facemocap_addon.core.contacts.captured import eye_closure
from facemocap_addon.core.events.blinks.blink import Blink
from facemocap_addon.core.events.blinks.editing import Edited, edit_blinks
from facemocap_addon.core.events.blinks.finding import find_blinks, find_with_lids
from facemocap_addon.core.events.blinks.matching import match_apexes
from facemocap_addon.core.events.blinks.placing import place_blinks
from facemocap_addon.core.events.blinks.plan import Settings, plan_blinks
from facemocap_addon.core.events.blinks.records import BlinkEdit
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take import Take

#: Onsets of the blinks of the usual take, seconds from its start.
ONSETS = (2.0, 5.0, 8.0, 11.0)
LID = 0.1


def plain_take(rate: float = 60.0, *, extra: np.ndarray | float = 0.0) -> Take:
    times = clock(rate, 14.0)
    lid = LID + extra + sum(
        0.8 * Known(START_S + at, 0.09, 0.02, 0.03, 1.0, "").at(times) for at in ONSETS
    )  # fmt: skip
    return lids_take(times, lid, lid, jawOpen=0.1 + 0.05 * np.sin(times))


def edited(take: Take, op: str, which: int = 1, **more: object) -> tuple[Blink, Edited]:
    """One edit of one of the take's blinks."""
    blink = find_blinks(take)[which]
    return blink, edit_blinks(take, [BlinkEdit(op, blink.apex_s, blink.side, **more)])  # type: ignore[arg-type]


def outside(take: Take, done: Edited) -> np.ndarray:
    """Samples in no window."""
    out = np.ones(take.samples, bool)
    for start, end in done.windows:
        out &= (take.times < start) | (take.times > end)
    return out


def check_untouched(take: Take, done: Edited) -> None:
    """Not a bit outside the windows, nor in other channels than lids and looking down."""
    away = outside(take, done)
    assert done.take.values[away].tobytes() == take.values[away].tobytes()
    others = [
        column
        for column, name in enumerate(take.names)
        if not name.startswith(("eyeBlink", "eyeLookDown"))
    ]
    assert done.take.values[:, others].tobytes() == take.values[:, others].tobytes()
    assert np.array_equal(done.take.valid, take.valid)
    assert np.array_equal(done.take.times, take.times)


def left(take: Take) -> np.ndarray:
    return take.values[:, take.column("eyeBlinkLeft")].astype(float)


def test_nothing_asked_is_nothing_done():
    take = plain_take()
    assert edit_blinks(take).take is take
    assert edit_blinks(take, [], Settings()).windows == ()


def test_a_moved_blink_is_the_same_blink_later():
    take = plain_take()
    blink, done = edited(take, "move", value=0.25)
    check_untouched(take, done)
    found = find_blinks(done.take)
    assert len(found) == 4
    assert found[1].apex_s - blink.apex_s == pytest.approx(0.25, abs=1e-3)
    assert found[1].lead.shape.closing_s == pytest.approx(blink.lead.shape.closing_s, abs=2e-3)
    # by whole samples: the very values, 15 samples later
    near = np.abs(take.times - blink.apex_s) < 0.12
    there = np.flatnonzero(near)
    np.testing.assert_allclose(left(done.take)[there + 15], left(take)[there], atol=4e-3)
    # and where it was the lid is open
    gone = np.abs(take.times - blink.onset_s) < 0.15
    np.testing.assert_allclose(left(done.take)[gone], LID, atol=3e-3)


def test_a_blink_moves_to_a_time():
    take = plain_take()
    _, done = edited(take, "move", to_s=START_S + 6.3)
    assert find_blinks(done.take)[1].apex_s == pytest.approx(START_S + 6.3, abs=0.5 / 60 + 1e-3)


@pytest.mark.parametrize(
    ("op", "value", "figure", "factor"),
    [
        ("closing", 1.6, "closing_s", 1.6),
        ("closing", 0.6, "closing_s", 0.6),
        ("opening", 2.0, "tau_s", 2.0),
        ("amplitude", 0.5, "rise", 0.5),
        ("amplitude", 1.1, "rise", 1.1),
    ],
)
def test_figures_of_a_blink_change_by_their_factor(
    op: str, value: float, figure: str, factor: float
):
    take = plain_take(120.0)
    blink, done = edited(take, op, value=value)
    check_untouched(take, done)
    after = find_blinks(done.take)[1].lead.shape
    assert getattr(after, figure) == pytest.approx(
        factor * getattr(blink.lead.shape, figure), rel=0.05
    )
    assert after.apex_s == pytest.approx(blink.apex_s, abs=4e-3)
    others = {"closing_s", "tau_s", "rise"} - {figure}
    for other in others:
        assert getattr(after, other) == pytest.approx(getattr(blink.lead.shape, other), rel=0.06)


def test_hold_closure_and_partial():
    take = plain_take(120.0)
    blink, done = edited(take, "hold", value=0.4)
    after = find_blinks(done.take)[1].lead.shape
    assert after.hold_s == pytest.approx(0.4, abs=5e-3)
    assert after.start_s == pytest.approx(blink.onset_s, abs=3e-3)
    _, done = edited(take, "partial", value=0.5)
    after = find_blinks(done.take)[1]
    assert after.kind == "partial"
    assert after.closure == pytest.approx(0.5, abs=0.02)
    _, again = edited(done.take, "close")
    assert find_blinks(again.take)[1].closure == pytest.approx(1.0, abs=0.02)


def test_lag_and_one_eye_alone():
    take = plain_take(120.0)
    _, done = edited(take, "lag", value=0.02)
    check_untouched(take, done)
    assert find_blinks(done.take)[1].lag_s == pytest.approx(0.02, abs=2e-3)
    _, done = edited(take, "delete", eye="R")
    assert [b.kind for b in find_blinks(done.take)] == ["full", "wink", "full", "full"]
    right = done.take.values[:, done.take.column("eyeBlinkRight")]
    assert np.array_equal(left(done.take), left(take))
    assert right[np.abs(take.times - START_S - 5.1) < 0.3].max() < LID + 0.01


def test_delete_copy_and_insert():
    take = plain_take()
    _, done = edited(take, "delete")
    check_untouched(take, done)
    assert len(find_blinks(done.take)) == 3
    np.testing.assert_allclose(
        left(done.take)[np.abs(take.times - START_S - 5) < 1], LID, atol=5e-3
    )
    blink, done = edited(take, "copy", to_s=START_S + 6.5)
    found = find_blinks(done.take)
    assert [round(b.apex_s - START_S, 1) for b in found] == [2.1, 5.1, 6.5, 8.1, 11.1]
    assert found[2].amplitude == pytest.approx(blink.amplitude, rel=0.03)
    done = edit_blinks(take, [BlinkEdit("insert", START_S + 6.5, value=0.6)])
    found = find_blinks(done.take)
    assert found[2].closure == pytest.approx(0.6, abs=0.04)
    assert found[2].lead.shape.closing_s == pytest.approx(0.09, rel=0.1)


def test_a_copy_has_the_blinks_own_detail():
    take = plain_take()
    blink = find_blinks(take)[1]
    wobble = 0.05 * np.exp(-(((take.times - blink.apex_s - 0.06) / 0.02) ** 2))
    values = np.array(take.values)
    values[:, :2] += wobble[:, None]
    take = lids_take(take.times, values[:, 0], values[:, 1])
    _, done = edited(take, "copy", to_s=blink.apex_s + 1.5)
    own = np.flatnonzero(np.abs(take.times - blink.apex_s) < 0.1)
    np.testing.assert_allclose(left(done.take)[own + 90], left(take)[own], atol=0.012)


def test_what_was_made_can_be_edited_by_its_own_time():
    take = plain_take()
    at = START_S + 6.5
    done = edit_blinks(
        take, [BlinkEdit("insert", at), BlinkEdit("opening", at, value=2.0), BlinkEdit("move", at,
               value=0.1)],
    )  # fmt: skip
    new = find_blinks(done.take)[2]
    assert new.apex_s == pytest.approx(at + 0.1, abs=0.01)
    assert new.lead.shape.tau_s == pytest.approx(0.06, rel=0.1)
    assert done.unmatched == ()


def test_a_double_blink_becomes_one():
    times = clock(120.0, 14.0)
    lid = 0.1 + sum(
        0.8 * Known(START_S + at, 0.08, 0.02, 0.03, 1.0, "").at(times)
        for at in (2.0, 5.0, 5.16, 9.0, 12.0)
    )
    take = lids_take(times, lid, lid)
    assert [b.kind for b in find_blinks(take)] == ["full", "double", "double", "full", "full"]
    first, second = find_blinks(take)[1:3]
    _, done = edited(take, "merge")
    check_untouched(take, done)
    found = find_blinks(done.take)
    assert [b.kind for b in found] == ["full"] * 4
    assert found[1].onset_s == pytest.approx(first.onset_s, abs=5e-3)
    assert found[1].lead.shape.opens_s == pytest.approx(second.lead.shape.opens_s, abs=5e-3)
    assert edited(take, "merge", 0)[1].unmatched


def test_soft_hesitant_and_tense_blinks():
    take = plain_take(120.0)
    blink, done = edited(take, "soften", value=1.0)
    after = find_blinks(done.take)[1].lead.shape
    assert after.closing_s > 1.5 * blink.lead.shape.closing_s
    assert after.tau_s > 1.8 * blink.lead.shape.tau_s
    _, done = edited(take, "hesitate", value=0.1)
    check_untouched(take, done)
    start = blink.onset_s - 0.1
    waits = left(done.take)[(take.times > start + 0.06) & (take.times < start + 0.1)]
    # three tenths of the way and no farther
    assert waits == pytest.approx(np.full(len(waits), LID + 0.24), abs=0.02)
    _, done = edited(take, "tension", value=1.0)
    at = np.searchsorted(take.times, blink.offset_s + 0.1)
    assert left(done.take)[at] == pytest.approx(LID + 0.8 * 0.25, abs=0.06)
    assert left(done.take)[at] > left(take)[at] + 0.1
    assert find_blinks(done.take)[1].lead.closure == pytest.approx(blink.closure, abs=0.02)


def test_the_squint_under_a_blink_stays():
    times = clock(60.0, 14.0)
    squint = 0.15 * (
        smooth_step(times, START_S + 4.6, 0.5) - smooth_step(times, START_S + 5.8, 0.5)
    )
    take = plain_take(extra=squint)
    for op, more in (("delete", {}), ("move", {"value": 0.7})):
        _, done = edited(take, op, **more)  # type: ignore[arg-type]
        was = np.abs(times - START_S - 5.05) < 0.3
        np.testing.assert_allclose(left(done.take)[was], (LID + squint)[was], atol=0.02)


@pytest.mark.parametrize("rate", [24.0, 30.0, 60.0])
def test_a_moved_blink_closes_the_eye_as_far_wherever_the_lid_is(rate: float):
    times = clock(rate, 14.0)
    lower = 0.35 * smooth_step(times, START_S + 6.0, 0.4)
    take = plain_take(rate, extra=lower)
    blink = find_blinks(take)[1]
    peak = left(take)[np.abs(times - blink.apex_s) < 0.1].max()
    for by in (0.13, -0.4, 1.6):
        done = edit_blinks(take, [BlinkEdit("move", blink.apex_s, value=by)])
        near = np.abs(times - blink.apex_s - by) < 0.15
        assert left(done.take)[near].max() == pytest.approx(peak, abs=0.02)


def test_what_was_read_off_a_blink_goes_with_it():
    take = plain_take()
    down = 0.2 + 0.3 * (left(take) - LID)
    take = lids_take(
        take.times, left(take), left(take), eyeLookDownLeft=down, eyeLookDownRight=down
    )
    _, done = edited(take, "move", value=0.5)
    column = take.column("eyeLookDownLeft")
    eye = done.take.values[:, column]
    np.testing.assert_allclose(eye, 0.2 + 0.3 * (left(done.take) - LID), atol=0.01)
    assert eye[np.abs(take.times - START_S - 5.1) < 0.2].max() < 0.22
    blink = find_blinks(take)[1]
    alone = Settings(eyes_along=False)
    done = edit_blinks(take, [BlinkEdit("move", blink.apex_s, value=0.5)], alone)
    assert np.array_equal(done.take.values[:, column], take.values[:, column])


def test_order_and_spacing_are_kept_unless_asked():
    take = plain_take()
    blink, done = edited(take, "move", value=10.0)
    found = find_blinks(done.take)
    assert done.counts["held_back"] == 1
    assert found[2].apex_s - found[1].apex_s == pytest.approx(0.5, abs=0.03)
    _, done = edited(take, "move", value=4.5, reorder=True)
    assert [round(b.apex_s - START_S, 1) for b in find_blinks(done.take)] == [2.1, 8.1, 9.6, 11.1]
    # far beyond the end it stays where it was
    _, done = edited(take, "move", value=50.0, reorder=True)
    assert done.counts["held_back"] == 1
    assert blink.apex_s == pytest.approx(find_blinks(done.take)[1].apex_s, abs=0.01)
    # a new one keeps its distance
    done = edit_blinks(take, [BlinkEdit("insert", START_S + 5.0)])
    found = find_blinks(done.take)
    assert len(found) == 5
    assert np.diff([b.apex_s for b in found]).min() > 0.49


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.05, 2.0), st.sampled_from([0.2, 0.5, 1.0]))
def test_random_moves_keep_order_spacing_and_everything_else(
    seed: int, most: float, spacing: float
):
    made = performance(60.0, 15.0, seed=seed % 7, noise=0.004, gaps=bool(seed % 2))
    check_moves(made.take, seed, most, spacing)


def check_moves(take: Take, seed: int, most: float, spacing: float) -> tuple[Edited, list[float]]:
    """Every blink moved by a random amount; what comes of it, and where their apexes now are."""
    blinks = find_blinks(take)
    rng = np.random.default_rng(seed)
    moves = [
        BlinkEdit("move", blink.apex_s, blink.side, value=float(rng.uniform(-most, most)))
        for blink in blinks
    ]
    done = edit_blinks(take, moves, spacing_s=spacing)
    assert done.unmatched == ()
    check_untouched(take, done)
    plans, _ = plan_blinks(find_with_lids(take), moves, Settings())
    place_blinks(plans, take.times, spacing)
    order = sorted(plans, key=lambda plan: plan.apex_s)
    for one, two in itertools.pairwise(order):
        had = two.apex_s - one.apex_s
        now = had + two.move_s - one.move_s
        assert now >= min(had, spacing) - 1e-6
    return done, [plan.apex_s + plan.move_s for plan in order]


@pytest.mark.shared
@pytest.mark.parametrize(
    "name",
    ["alexdjulin_alex_rom_3.csv", "JMTechArt_MySlate_3_iPhone.csv"],
)
def test_moves_in_real_takes(shared: Path, name: str):
    take = read_take(shared / "takes" / "livelinkface" / name)
    for seed in range(2):
        done, apexes = check_moves(take, seed, 0.4, 0.5)
        after = find_blinks(done.take)
        again = [min(abs(blink.apex_s - apex) for blink in after) < 0.1 for apex in apexes]
        assert np.mean(again) >= 0.9
        # as many frames on which the eye is shut on a character, but for what the clock rounds
        shut = [(eye_closure(t, "eyeBlinkLeft", t.times) == 1.0) for t in (take, done.take)]  # type: ignore[operator]
        stretches = [int((np.diff(each.astype(int)) == 1).sum()) for each in shut]
        assert stretches[1] >= stretches[0] - 1


def test_edits_find_their_blinks_again():
    take = plain_take()
    blinks = find_blinks(take)
    apexes = [blink.apex_s for blink in blinks]
    assert match_apexes([(at + 0.05, "B") for at in apexes], blinks) == (0, 1, 2, 3)
    assert match_apexes([(apexes[1] + 0.4, "B"), (apexes[2], "L")], blinks) == (None, None)
    # one to one, the nearer first
    assert match_apexes([(apexes[1] - 0.02, "B"), (apexes[1] + 0.01, "B")], blinks) == (None, 1)
    done = edit_blinks(take, [BlinkEdit("delete", START_S + 3.5), BlinkEdit("delete", apexes[0])])
    assert [edit.at_s for edit in done.unmatched] == [START_S + 3.5]
    assert len(find_blinks(done.take)) == 3


def test_takes_without_eyes_are_left_alone():
    times = clock(60.0, 2.0)
    take = lids_take(times, np.full(len(times), np.nan), np.full(len(times), np.nan))
    done = edit_blinks(take, [BlinkEdit("insert", START_S + 1), BlinkEdit("delete", START_S + 1)])
    assert done.take is take
    assert len(done.unmatched) == 2
