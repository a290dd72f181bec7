# SPDX-License-Identifier: GPL-3.0-or-later
"""Events in the panel: listed, chosen, edited; edits kept in the stack through runs and undo."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bpy as blender
import numpy as np
import pytest

from facemocap_addon.core.events.listing.handles import Handle
from facemocap_addon.ops.events.moving import grab
from facemocap_addon.ops.events.panel_events import chosen_events, names_meant
from facemocap_addon.ops.events.sessions import DragSession, Typed, events_of_names
from facemocap_addon.props import EventView

# bpy's stubs do not know what an add-on registers
bpy: Any = blender


@pytest.fixture
def item(registered: None, sample_rigs: Path) -> Any:
    """A character on which the sample take plays."""
    bpy.ops.wm.open_mainfile(filepath=str(sample_rigs / "toon.blend"))
    bpy.ops.facemocap.import_take(filepath=str(sample_rigs / "sample_take.csv"))
    bpy.ops.facemocap.apply_take()
    return bpy.context.scene.facemocap.characters[0]


def again() -> Any:
    """The character after undo, which makes all addresses new."""
    return bpy.context.scene.facemocap.characters[0]


def choose(item: Any, *numbers: int) -> None:
    for number, row in enumerate(item.events.rows):
        row.selected = number in numbers
    item.events.active = numbers[0]


def keys() -> np.ndarray:
    """Values of all keys, one row a curve."""
    out: list[np.ndarray] = []
    for action in bpy.data.actions:
        bags = [b for layer in action.layers for s in layer.strips for b in s.channelbags]
        for fcurve in (f for bag in bags for f in bag.fcurves):
            co = np.empty(2 * len(fcurve.keyframe_points), np.float32)
            fcurve.keyframe_points.foreach_get("co", co)
            out.append(co[1::2])
    return np.stack(out)


def edits(item: Any, kind: str = "blinks") -> list[dict[str, Any]]:
    stack = json.loads(item.stack.text) if item.stack.text else {"steps": []}
    steps = [step for step in stack["steps"] if step["kind"] == kind]
    return steps[0]["params"].get("edits", []) if steps else []


def frames(item: Any) -> list[float]:
    return [row.frame for row in item.events.rows]


def refused(call: Any, **values: Any) -> str:
    """The sentence with which an operator ends."""
    with pytest.raises(RuntimeError) as caught:
        call(**values)
    return str(caught.value)


def test_blinks_are_listed_and_the_playhead_goes_to_the_chosen_one(item: Any):
    view = item.events
    assert len(view.rows) > 10
    assert frames(item) == sorted(frames(item))
    assert {row.what for row in view.rows} >= {"full", "partial", "long", "wink"}
    view.active = 4
    assert bpy.context.scene.frame_current == round(view.rows[4].frame)
    assert view.frame == pytest.approx(view.rows[4].frame)
    assert 0.0 < view.knobs.blinks.hold < 0.2
    view.follow = False
    view.active = 6
    assert bpy.context.scene.frame_current == round(view.rows[4].frame)
    bpy.ops.facemocap.jump_event(to="NEXT")
    assert view.active == 5
    assert [n for n, row in enumerate(view.rows) if row.selected] == [5]


def test_other_kinds_are_listed_when_they_are_asked_for(item: Any):
    blinks = len(item.events.rows)
    item.events.kinds = {"blinks", "gaze", "lips", "transitions"}
    kinds = [row.kind for row in item.events.rows]
    assert kinds.count(0) == blinks
    assert all(kinds.count(kind) > 5 for kind in (1, 2, 3))
    item.events.kinds = {"lips"}
    assert {row.kind for row in item.events.rows} == {2}


def test_moving_puts_a_step_in_and_twice_is_one_record(item: Any):
    before = keys()
    choose(item, 4)
    was = frames(item)
    bpy.ops.facemocap.move_events(offset=3.0)
    assert [row.name for row in item.stack.rows] == ["Blinks"]
    bpy.ops.facemocap.move_events(offset=2.0)
    assert [edit["op"] for edit in edits(item)] == ["move"]
    assert edits(item)[0]["value"] == pytest.approx(5 / 24, abs=0.02)
    assert frames(item)[4] == pytest.approx(was[4] + 5.0, abs=0.5)
    assert item.events.rows[4].is_edited
    # only frames from the blink to where it went have changed
    moved = np.flatnonzero((keys() != before).any(axis=0))
    rows = item.events.rows
    assert rows[3].offset < moved.min() + 1
    assert moved.max() + 1 < rows[5].onset + 1
    bpy.ops.facemocap.reset_events()
    assert edits(item) == []
    assert (keys() == before).all()


def test_order_and_distance_are_kept(item: Any):
    choose(item, 4)
    bpy.ops.facemocap.move_events(offset=500.0)
    assert frames(item) == sorted(frames(item))
    assert item.events.active == 4
    assert frames(item)[5] - frames(item)[4] >= 0.45 * 24
    assert any("as far as asked" in row.said for row in item.stack.rows)


def test_values_are_set_in_place_for_all_that_are_selected(item: Any):
    choose(item, 4, 5, 7)
    item.events.knobs.blinks.closing = 1.5
    assert [edit["op"] for edit in edits(item)] == ["closing"] * 3
    item.events.knobs.blinks.closing = 1.25
    assert [edit["value"] for edit in edits(item)] == [1.25] * 3
    item.events.knobs.blinks.closing = 1.0
    assert edits(item) == []
    # of a chosen one that is not selected only itself
    item.events.active = 8
    item.events.knobs.blinks.hold = 0.2
    assert [edit["op"] for edit in edits(item)] == ["hold"]
    was = frames(item)
    item.events.frame = was[8] - 4.0
    assert frames(item)[8] == pytest.approx(was[8] - 4.0, abs=0.5)


def test_what_cannot_be_is_said_and_changes_nothing(item: Any):
    choose(item, 4)
    bpy.ops.facemocap.move_events(offset=3.0)
    item.stack.rows[0].enabled = False
    text = item.stack.text
    assert "switched off" in refused(bpy.ops.facemocap.delete_events)
    item.events.knobs.blinks.closing = 2.0
    assert "switched off" in item.events.problem
    assert item.stack.text == text
    choose(item, 4)
    item.events.kinds = set()
    assert "No event is chosen" in refused(bpy.ops.facemocap.delete_events)


def test_blinks_are_deleted_closed_made_partial_and_merged(item: Any):
    view = item.events
    choose(item, 4, 5)
    bpy.ops.facemocap.delete_events()
    assert [row.is_gone for row in view.rows[4:7]] == [True, True, False]
    bpy.ops.facemocap.reset_events()
    assert not any(row.is_gone for row in view.rows)
    partial = next(n for n, row in enumerate(view.rows) if row.what == "partial")
    choose(item, partial)
    bpy.ops.facemocap.close_blinks()
    assert view.rows[partial].closure == pytest.approx(1.0, abs=0.02)
    bpy.ops.facemocap.part_blinks(share=0.4)
    assert [edit["op"] for edit in edits(item)] == ["partial"]
    assert view.rows[partial].closure == pytest.approx(0.4, abs=0.02)
    count = len(view.rows)
    near = int(np.argmin(np.diff(frames(item))))
    choose(item, near)
    bpy.ops.facemocap.merge_blinks()
    assert len(view.rows) == count - 1


def test_blinks_are_put_in_and_doubled(item: Any):
    view = item.events
    count = len(view.rows)
    gaps = np.diff(frames(item))
    place = int(np.argmax(gaps))
    middle = round(0.5 * (frames(item)[place] + frames(item)[place + 1]))
    bpy.context.scene.frame_set(middle)
    bpy.ops.facemocap.insert_event(kind="blinks", closure=0.8)
    assert len(view.rows) == count + 1
    new = view.rows[view.active]
    assert new.is_new
    assert new.selected
    assert new.frame == pytest.approx(middle, abs=0.6)
    assert "already" in refused(bpy.ops.facemocap.insert_event, kind="blinks")
    bpy.ops.facemocap.delete_events()
    assert len(view.rows) == count
    assert edits(item) == []
    choose(item, place)
    bpy.context.scene.frame_set(middle)
    bpy.ops.facemocap.duplicate_events()
    assert [edit["op"] for edit in edits(item)] == ["copy"]
    assert view.rows[view.active].frame == pytest.approx(middle, abs=0.6)
    bpy.context.scene.frame_set(100000)
    assert "not within the take" in refused(bpy.ops.facemocap.insert_event, kind="blinks")


def test_darts_contacts_and_transitions_are_edited(item: Any):
    item.events.kinds = {"gaze", "lips", "transitions"}
    for kind, name in ((1, "gaze"), (2, "lips"), (3, "transitions")):
        rows = item.events.rows
        some = [n for n, row in enumerate(rows) if row.kind == kind]
        choose(item, some[len(some) // 2])
        key = rows[item.events.active].key
        bpy.ops.facemocap.move_events(offset=1.0)
        assert [edit["op"] for edit in edits(item, name)] == ["move"]
        found = [row for row in item.events.rows if row.key == key]
        assert len(found) == 1
        assert found[0].is_edited
    assert [row.name for row in item.stack.rows] == ["Gaze", "Lips", "Transitions"]
    assert all("edit finds no" not in row.said for row in item.stack.rows)
    transitions = [n for n, row in enumerate(item.events.rows) if row.kind == 3]
    choose(item, transitions[3])
    bpy.ops.facemocap.shape_events(read_as="spontaneous")
    assert edits(item, "transitions")[-1]["op"] == "spontaneous"
    bpy.context.scene.frame_set(100)
    bpy.ops.facemocap.insert_event(kind="lips")
    assert edits(item, "lips")[-1]["op"] == "close"


def test_blinks_go_to_the_playhead_to_markers_and_into_a_rhythm(item: Any):
    scene = bpy.context.scene
    choose(item, 4)
    at = round(frames(item)[4]) + 3
    item.events.follow = False
    scene.frame_set(at)
    bpy.ops.facemocap.align_events(to="PLAYHEAD")
    assert frames(item)[4] == pytest.approx(at, abs=0.5)
    bpy.ops.facemocap.reset_events()
    assert "nothing to go to" in refused(bpy.ops.facemocap.align_events, to="MARKERS")
    goals = [round(frames(item)[n]) + 2 for n in (4, 10)]
    for goal in goals:
        scene.timeline_markers.new("beat", frame=goal)
    bpy.ops.facemocap.select_events(action="NONE")
    bpy.ops.facemocap.align_events(to="MARKERS")
    assert len(edits(item)) == 2
    assert [frames(item)[n] for n in (4, 10)] == pytest.approx(goals, abs=0.5)
    bpy.ops.facemocap.select_events(action="ALL")
    bpy.ops.facemocap.reset_events()
    assert "nothing to go to" in refused(bpy.ops.facemocap.align_events, to="CUTS")
    scene.timeline_markers[-1].camera = bpy.data.objects.new("cut", bpy.data.cameras.new("cut"))
    bpy.ops.facemocap.align_events(to="CUTS")
    assert len(edits(item)) == 1
    assert frames(item)[10] == pytest.approx(goals[1], abs=0.5)
    bpy.ops.facemocap.reset_events()
    before = np.diff(frames(item))
    bpy.ops.facemocap.space_blinks(low_s=1.0, high_s=2.0)
    after = np.diff(frames(item))
    assert after.std() < before.std()


def test_blinks_are_generated(item: Any):
    count = len(item.events.rows)
    bpy.ops.facemocap.generate_blinks(generate="replace", context="nervous")
    assert len(item.events.rows) != count
    assert all(row.is_new for row in item.events.rows)
    bpy.ops.facemocap.generate_blinks(generate="none")
    assert len(item.events.rows) == count


def test_edits_survive_other_steps_and_are_removed_one_by_one(item: Any):
    choose(item, 4, 8)
    bpy.ops.facemocap.move_events(offset=4.0)
    moved = [frames(item)[n] for n in (4, 8)]
    bpy.ops.facemocap.add_step(kind="denoise")
    item.stack.active = 1
    bpy.ops.facemocap.move_step(direction="UP")
    assert [row.kind for row in item.stack.rows] == ["denoise", "blinks"]
    assert [frames(item)[n] for n in (4, 8)] == pytest.approx(moved, abs=1.0)
    assert not any("no blink to change" in row.said for row in item.stack.rows)
    # a further edit joins those that name the blink as it was found before
    choose(item, 4)
    bpy.ops.facemocap.move_events(offset=-2.0)
    assert [edit["op"] for edit in edits(item)] == ["move", "move"]
    item.stack.active = 1
    bpy.ops.facemocap.remove_edits(number=0)
    assert len(edits(item)) == 1
    bpy.ops.facemocap.remove_edits(number=-1)
    assert edits(item) == []


def test_undo_and_redo_take_list_stack_and_keys_along(item: Any):
    choose(item, 4)
    bpy.ops.ed.undo_push(message="before")
    before, was = keys(), frames(item)
    bpy.ops.facemocap.move_events(offset=4.0)
    bpy.ops.ed.undo_push(message="moved")
    after, now = keys(), frames(item)
    bpy.ops.ed.undo()
    assert (keys() == before).all()
    assert frames(again()) == was
    assert edits(again()) == []
    bpy.ops.ed.redo()
    assert (keys() == after).all()
    assert frames(again()) == now


def test_a_take_that_is_removed_leaves_no_events(item: Any):
    assert EventView.opening(item) is not None
    bpy.ops.facemocap.remove_take()
    assert not len(item.events.rows)
    assert EventView.opening(item) is None


# ---------------------------------------------------------------- drags


def session(item: Any, *numbers: int, part: str = "APEX") -> DragSession:
    choose(item, *numbers)
    chosen = chosen_events(bpy.context.scene, item)
    return DragSession(chosen, events_of_names(chosen, names_meant(item)), part)


def test_a_drag_shows_and_esc_takes_back_every_bit(item: Any):
    before, text = keys(), item.stack.text
    drag = session(item, 4, 5)
    for offset in (1.0, -2.0, 3.0):
        drag.show(offset)
    assert (keys() != before).any()
    places = EventView.dragged(item)
    assert places[4][0] == pytest.approx(frames(item)[4] + 3.0, abs=0.5)
    assert item.stack.text == text
    drag.end()
    assert (keys().view(np.uint32) == before.view(np.uint32)).all()
    assert not EventView.dragged(item)


def test_what_a_drag_shows_is_what_letting_go_gives(item: Any):
    drag = session(item, 4)
    drag.show(3.0)
    shown = keys()
    drag.end()
    bpy.ops.facemocap.move_events(offset=3.0)
    np.testing.assert_allclose(keys(), shown, atol=2e-4)
    drag = session(item, 4, part="OFFSET")
    drag.show(5.0)
    shown, was = keys(), item.events.rows[4].offset
    drag.end()
    bpy.ops.facemocap.move_events(offset=5.0, part="OFFSET")
    np.testing.assert_allclose(keys(), shown, atol=2e-4)
    assert item.events.rows[4].offset == pytest.approx(was + 5.0, abs=0.1)
    assert [edit["op"] for edit in edits(item)] == ["move", "opening"]


def test_a_handle_that_is_grabbed_is_selected(item: Any):
    choose(item, 2, 3)
    grab(item, Handle(4, "APEX", 0.0, 0.0), extend=False)
    assert [n for n, row in enumerate(item.events.rows) if row.selected] == [4]
    grab(item, Handle(6, "APEX", 0.0, 0.0), extend=True)
    assert [n for n, row in enumerate(item.events.rows) if row.selected] == [4, 6]
    # of several that are selected all go along
    grab(item, Handle(4, "ONSET", 0.0, 0.0), extend=False)
    assert [n for n, row in enumerate(item.events.rows) if row.selected] == [4, 6]
    assert item.events.active == 4


def test_numbers_can_be_typed():
    typed = Typed()
    assert typed.value is None
    for letter in "1.5.":
        assert typed.key("", letter)
    assert typed.value == 1.5
    assert typed.key("MINUS", "-")
    assert typed.value == -1.5
    typed.key("MINUS", "-")
    assert typed.value == 1.5
    for _ in range(3):
        typed.key("BACK_SPACE", "")
    assert typed.value is None
    assert not typed.key("G", "g")
