# SPDX-License-Identifier: GPL-3.0-or-later
"""Events listed after their step, and records changed by name: one of each op, matched again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from blink_takes import performance

from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.events.blinks.editing import edit_blinks
from facemocap_addon.core.events.blinks.finding import find_blinks, find_with_lids
from facemocap_addon.core.events.blinks.records import BlinkEdit
from facemocap_addon.core.events.listing import handles, records
from facemocap_addon.core.events.listing.blinks import (
    BlinkStep,
    blink_step,
    blinks_now,
    list_blinks,
    with_edits,
)
from facemocap_addon.core.events.listing.knobs import KNOBS
from facemocap_addon.core.events.listing.listed import (
    KINDS,
    EventName,
    Listed,
    name_from_key,
)
from facemocap_addon.core.events.listing.local import stretch_around
from facemocap_addon.core.events.listing.steps import (
    edits_of,
    new_place,
    quiet_step,
    step_place,
)
from facemocap_addon.core.events.listing.steps import with_edits as with_step_edits
from facemocap_addon.core.events.listing.words import told_edit
from facemocap_addon.core.stack.kinds.blinks import Blinks
from facemocap_addon.core.stack.running import run_stack
from facemocap_addon.core.stack.stack import Stack, make_step

_MADE = performance(60.0, 40.0, seed=4)


@pytest.fixture(scope="module")
def step() -> BlinkStep:
    return blink_step(_MADE.take, find_with_lids(_MADE.take), Blinks())


def single(step: BlinkStep) -> Listed:
    """A blink with room around it."""
    listed = list_blinks(step)
    gaps = [
        min(b.apex_s - a.offset_s, c.onset_s - b.apex_s)
        for a, b, c in zip(listed, listed[1:], listed[2:], strict=False)
    ]
    return listed[1 + int(np.argmax(gaps))]


def test_without_edits_the_list_is_what_is_found(step: BlinkStep):
    found = find_blinks(_MADE.take)
    listed = list_blinks(step)
    assert len(listed) == len(found) > 10
    for event, blink in zip(listed, sorted(found, key=lambda b: b.apex_s), strict=True):
        assert event.apex_s == blink.apex_s
        assert (event.onset_s, event.offset_s) == (blink.onset_s, blink.offset_s)
        assert event.closure == pytest.approx(blink.closure, abs=1e-9)
        assert not event.is_edited
        assert name_from_key(event.name.key) == event.name


def test_a_blink_that_is_moved_twice_has_one_record(step: BlinkStep):
    event = single(step)
    once = records.move_to((), event, event.apex_s + 0.1)
    then = next(e for e in list_blinks(step, once) if e.name == event.name)
    assert then.is_edited
    assert then.apex_s == pytest.approx(event.apex_s + 0.1, abs=1 / 60)
    twice = records.move_to(once, then, then.apex_s + 0.1)
    assert len(twice) == 1
    assert twice[0].amount == pytest.approx(then.apex_s - event.apex_s + 0.1, abs=1e-5)
    assert twice[0].amount == pytest.approx(then.moved_s + 0.1, abs=1e-6)
    # and back where it was there is none
    assert records.move_to(twice, then, event.apex_s) == ()


def test_the_list_says_where_the_take_has_the_blink(step: BlinkStep):
    event = single(step)
    edits = records.move_to((), event, event.apex_s + 0.15)
    edits = records.set_value(edits, event, "closing", 1.5)
    edits = records.set_value(edits, event, "hold", 0.12)
    listed = next(e for e in list_blinks(step, edits) if e.name == event.name)
    edited = edit_blinks(_MADE.take, edits).take
    near = min(find_blinks(edited), key=lambda b: abs(b.apex_s - listed.apex_s))
    assert near.apex_s == pytest.approx(listed.apex_s, abs=0.01)
    assert near.onset_s == pytest.approx(listed.onset_s, abs=0.02)
    assert near.offset_s == pytest.approx(listed.offset_s, abs=0.03)
    assert records.value_of(edits, listed, "hold") == 0.12
    assert records.value_of(edits, listed, "opening") == 1.0


def test_records_of_an_earlier_run_keep_their_name(step: BlinkStep):
    event = single(step)
    # found elsewhere when it was edited
    old = EventName("blinks", event.apex_s + 0.02, event.name.part)
    edits = (records.record(old, "move", value=0.05),)
    then = next(e for e in list_blinks(step, edits) if e.name == old)
    assert then.found_s == event.apex_s
    more = records.set_value(edits, then, "closing", 1.3)
    assert {edit.at_s for edit in more} == {old.at_s}
    assert not edit_blinks(_MADE.take, more).unmatched
    again = records.move_to(more, then, event.apex_s + 0.1)
    assert [edit.op for edit in again] == ["move", "closing"]
    assert again[0].amount == pytest.approx(0.1, abs=1e-6)


def test_a_longer_hold_does_not_count_as_a_move(step: BlinkStep):
    event = single(step)
    edits = records.set_value((), event, "hold", 0.3)
    held = next(e for e in list_blinks(step, edits) if e.name == event.name)
    assert held.apex_s > event.apex_s + 0.1
    edits = records.move_to(edits, held, held.apex_s + 0.1)
    moved = next(e for e in list_blinks(step, edits) if e.name == event.name)
    assert moved.apex_s == pytest.approx(held.apex_s + 0.1, abs=1 / 60)


def test_deleted_blinks_are_shown_and_reset(step: BlinkStep):
    event = single(step)
    edits = records.delete((), event)
    gone = next(e for e in list_blinks(step, edits) if e.name == event.name)
    assert gone.is_gone
    assert records.reset(edits, gone) == ()
    assert all(name != event.name for name, _ in blinks_now(with_edits(step, edits)))


def test_new_blinks_are_moved_and_removed_with_their_records(step: BlinkStep):
    event = single(step)
    at_s = round(event.apex_s + 0.8, 6)
    name = EventName("blinks", at_s, "B")
    edits = records.insert((), name, value=0.9)
    with pytest.raises(FacemocapError):
        records.insert(edits, name)
    new = next(e for e in list_blinks(step, edits) if e.name == name)
    assert new.is_new
    edits = records.set_value(edits, new, "closing", 1.2)
    edits = records.move_to(edits, new, new.apex_s + 0.1)
    moved = next(e for e in list_blinks(step, edits) if e.name == name)
    assert moved.apex_s > new.apex_s + 0.08
    assert records.delete(edits, moved) == ()


def test_a_copy_goes_with_its_copies(step: BlinkStep):
    event = single(step)
    edits, first = records.copy((), event, event.apex_s + 0.9)
    listed = {e.name: e for e in list_blinks(step, edits)}
    assert listed[first].is_new
    assert not listed[event.name].is_edited
    edits = records.set_value(edits, listed[first], "opening", 1.4)
    assert records.reset(edits, listed[first]) == ()


def test_a_value_takes_the_place_of_what_it_contradicts(step: BlinkStep):
    event = single(step)
    edits = records.do_plain((), event, "close")
    edits = records.set_value(edits, event, "amplitude", 0.5)
    assert [edit.op for edit in edits] == ["amplitude"]
    assert records.set_value(edits, event, "amplitude", 1.0) == ()
    with pytest.raises(FacemocapError):
        records.set_value((), event, "speed", 1.0)


def test_edges_are_stretched_to_where_they_are_dragged(step: BlinkStep):
    event = single(step)
    edits = records.stretch_to((), event, handles.ONSET, event.onset_s - 0.05)
    edits = records.stretch_to(edits or (), event, handles.OFFSET, event.offset_s + 0.1)
    then = next(e for e in list_blinks(step, edits) if e.name == event.name)
    assert then.onset_s == pytest.approx(event.onset_s - 0.05, abs=1e-4)
    assert then.offset_s == pytest.approx(event.offset_s + 0.1, abs=1e-4)
    assert then.apex_s == event.apex_s
    # farther than an edit may be it goes as far as it may
    far = records.stretch_to((), event, handles.ONSET, event.onset_s - 9.0)
    assert far is not None
    assert far[0].amount == 4.0


def test_generated_blinks_can_be_edited_by_name():
    params = Blinks(generate="replace", context="conversation")
    own = blink_step(_MADE.take, find_with_lids(_MADE.take), params)
    listed = list_blinks(own)
    assert listed
    assert all(event.is_new for event in listed)
    edits = records.delete((), listed[3])
    gone = {e.name for e in list_blinks(own)} - {e.name for e in list_blinks(own, edits)}
    assert gone == {listed[3].name}


def test_a_stretch_gives_what_the_whole_take_gets(step: BlinkStep):
    """Bit for bit, for blinks with others near them."""
    rng = np.random.default_rng(2)
    for event in list_blinks(step)[::3]:
        stretch = stretch_around(step, [event.name])
        by_s = float(rng.uniform(-0.6, 0.6))
        edits = records.move_to((), event, event.apex_s + by_s)
        edits = records.set_value(edits, event, "opening", float(rng.uniform(0.6, 1.8)))
        whole = edit_blinks(_MADE.take, edits, found=step.found).take
        np.testing.assert_array_equal(stretch.edited(edits), whole.values[stretch.rows])
        here = stretch.listed(edits)
        assert here
        everywhere = list_blinks(step, edits)
        assert all(each in everywhere for each in here)
        outside = np.ones(_MADE.take.samples, np.bool_)
        outside[stretch.rows] = False
        np.testing.assert_array_equal(whole.values[outside], _MADE.take.values[outside])


def test_steps_go_behind_repair_and_before_life():
    kinds = ("despike", "denoise", "lips", "breathing", "style")
    stack = Stack(tuple(make_step(kind) for kind in kinds))
    assert new_place(stack, "blinks") == 2
    assert new_place(stack, "transitions") == 3
    assert step_place(stack, "blinks") is None
    edit = BlinkEdit("delete", 5.0)
    after, place, added = with_step_edits(stack, "blinks", (edit,))
    assert (place, added) == (2, True)
    assert edits_of(after, "blinks") == (edit,)
    again, place, added = with_step_edits(after, "blinks", ())
    assert (place, added, len(again.steps)) == (2, False, 6)


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_that_is_put_in_changes_nothing_by_itself(kind: str):
    take = _MADE.take
    out = run_stack(take, Stack((quiet_step(kind),))).take
    np.testing.assert_array_equal(out.values, take.values)


_EDITS: list[tuple[str, dict[str, Any]]] = [
    ("blinks", {"op": "move", "at_s": 12.43, "side": "L", "value": -0.1}),
    ("gaze", {"op": "insert", "at_s": 2.0, "yaw_deg": 4.0, "pitch_deg": 1.0}),
    ("lips", {"op": "close", "at_s": 2.0, "length_s": 0.1}),
    ("transitions", {"op": "release", "group": "brow_up", "at_s": 1.25, "seconds": 0.8}),
]


def test_edits_are_told_in_words():
    kinds = {"blinks": BlinkEdit}
    for kind, data in _EDITS:
        name = EventName(kind, data["at_s"], data.get("side", data.get("group", "")))
        values = {k: v for k, v in data.items() if k not in ("op", "at_s", "side", "group")}
        edit = records.record(name, data["op"], **values)
        told = told_edit(kind, edit)
        assert f"{data['at_s']:.2f} s" in told
        assert kinds.get(kind, type(edit)) is type(edit)
    assert "-0.100 s" in told_edit("blinks", BlinkEdit("move", 1.0, value=-0.1))


def test_every_knob_is_an_edit_that_the_core_takes():
    for kind, knobs in KNOBS.items():
        part = {"blinks": "B", "transitions": "smile"}.get(kind, "")
        for knob in knobs:
            for value in (knob.low, knob.high):
                edit = records.record(EventName(kind, 1.0, part), knob.op, **{knob.field: value})
                assert type(edit).from_json(edit.to_json()) == edit


# ---------------------------------------------------------------- handles


def test_a_click_within_six_pixels_takes_a_handle():
    placed = handles.place_handles(
        [(20.0, 10.0, 40.0), (90.0, 90.0, 90.0)], [0, 1], 0.0, 5.0, (500.0, 200.0)
    )
    assert [(h.number, h.part) for h in placed] == [
        (0, "APEX"), (0, "ONSET"), (0, "OFFSET"), (1, "APEX"),
    ]  # fmt: skip
    apex = placed[0]
    assert apex.x == 100.0
    for away, taken in ((0.0, True), (6.0, True), (6.1, False), (-6.0, True), (-20.0, False)):
        found = handles.handle_at(placed, apex.x + away, apex.y)
        assert (found is apex) == taken
    high = apex.y + handles.HALF_PX
    assert handles.handle_at(placed, apex.x, high + 6.0) is apex
    assert handles.handle_at(placed, apex.x, high + 6.5) is None
    # at twice the scale everything is twice as large
    assert handles.handle_at(placed, apex.x + 12.0, apex.y, 2.0) is apex


def test_an_apex_goes_before_an_edge_and_edges_that_touch_it_are_none():
    near = handles.place_handles([(20.0, 18.5, 22.5)], [0], 0.0, 4.0, (500.0, 200.0))
    assert [(h.part, h.x) for h in near] == [("APEX", 80.0), ("OFFSET", 90.0)]
    between = handles.handle_at(near, 85.0, near[0].y)
    assert between is not None
    assert between.part == "APEX"


def test_only_handles_that_are_seen_are_placed():
    times = [(frame, frame, frame) for frame in np.arange(0.0, 1000.0, 10.0).tolist()]
    placed = handles.place_handles(times, [0] * 100, 300.0, 4.0, (400.0, 100.0))
    assert [h.number for h in placed] == list(range(30, 41))
    low = handles.place_handles(times[:1], [3], 0.0, 4.0, (400.0, 40.0))
    assert low[0].y >= handles.HALF_PX


def test_rows_of_handles_stay_apart_in_a_low_editor():
    times = [(20.0, 20.0, 20.0)] * handles.ROWS
    for height in (26.0, 48.0, 62.0, 90.0, 110.0, 200.0):
        for scale in (1.0, 2.0):
            high = scale * height
            share = handles.row_share(high, scale)
            placed = handles.place_handles(times, range(4), 0.0, 5.0, (500.0, high), scale)
            half = scale * share * handles.HALF_PX
            assert half > scale * 1.7
            middles = [each.y for each in placed]
            gaps = -np.diff(middles)
            assert (gaps > 2 * half + scale).all()
            assert max(middles) + half <= high + 1e-9
            assert min(middles) - half >= scale * handles.BOTTOM_PX - 1e-9
            for each in placed:
                for y in (each.y - 0.9 * half, each.y, each.y + 0.9 * half):
                    assert handles.handle_at(placed, 100.0, y, scale, share) is each
    # where there is room they are as high as ever
    assert handles.row_share(200.0, 1.0) == 1.0
