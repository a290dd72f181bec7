# SPDX-License-Identifier: GPL-3.0-or-later
"""The mouse on handles of events: what is taken, what is passed on, Esc and typed numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy as blender
import numpy as np
import pytest

from facemocap_addon.ops.events.moving import (
    FACEMOCAP_OT_drag_event,
    FACEMOCAP_OT_move_events,
    handle_under,
)
from facemocap_addon.props import EventView, handles_in

# bpy's stubs do not know what an add-on registers
bpy: Any = blender

PER_FRAME = 20.0


@pytest.fixture
def item(registered: None, sample_rigs: Path) -> Any:
    """A character on which the sample take plays, its fifth blink selected."""
    bpy.ops.wm.open_mainfile(filepath=str(sample_rigs / "toon.blend"))
    bpy.ops.facemocap.import_take(filepath=str(sample_rigs / "sample_take.csv"))
    bpy.ops.facemocap.apply_take()
    found = bpy.context.scene.facemocap.characters[0]
    found.events.active = 4
    found.events.rows[4].selected = True
    return found


def graph() -> Any:
    """The context of a Graph Editor that begins at frame 170."""
    view = SimpleNamespace(region_to_view=lambda x, y: (170.0 + x / PER_FRAME, y))
    return SimpleNamespace(
        scene=bpy.context.scene,
        area=SimpleNamespace(type="GRAPH_EDITOR"),
        region=SimpleNamespace(view2d=view, width=800, height=200, type="WINDOW"),
        window_manager=SimpleNamespace(modal_handler_add=lambda _operator: None, windows=[]),
        preferences=SimpleNamespace(system=SimpleNamespace(ui_scale=1.0)),
        workspace=None,
    )


def mouse(kind: str, value: str = "NOTHING", x: float = 0, y: float = 0, **more: Any) -> Any:
    event = {"ascii": "", "shift": False, "mouse_x": x, "mouse_region_x": x, "mouse_region_y": y}
    return SimpleNamespace(type=kind, value=value, **(event | more))


def keys() -> bytes:
    out: list[bytes] = []
    for action in bpy.data.actions:
        bags = [b for layer in action.layers for s in layer.strips for b in s.channelbags]
        for fcurve in (f for bag in bags for f in bag.fcurves):
            co = np.empty(2 * len(fcurve.keyframe_points), np.float32)
            fcurve.keyframe_points.foreach_get("co", co)
            out.append(co.tobytes())
    return b"".join(out)


@pytest.fixture
def mover(stand_in: Callable[[Any], Any]) -> Any:
    """The operator as a drag of a handle starts it."""
    made = stand_in(FACEMOCAP_OT_move_events)
    made.keys, made.part, made.is_drag, made.offset = "", "APEX", True, 0.0
    return made


def test_a_click_beside_a_handle_is_passed_on(item: Any, stand_in: Callable[[Any], Any]):
    context = graph()
    handles = handles_in(item, context.region, 1.0)
    apex = next(h for h in handles if h.number == 4 and h.part == "APEX")
    for away, taken in ((0.0, True), (5.9, True), (7.0, False), (20.0, False)):
        found = handle_under(item, context.region, (apex.x + away, apex.y), 1.0)
        assert (found == apex) == taken
    operator = stand_in(FACEMOCAP_OT_drag_event)
    operator.extend = False
    text, selected = item.stack.text, [row.selected for row in item.events.rows]
    there = mouse("LEFTMOUSE", "PRESS", apex.x + 20.0, apex.y)
    assert operator.invoke(context, there) == {"PASS_THROUGH"}
    assert [row.selected for row in item.events.rows] == selected
    assert item.stack.text == text
    # in the list of channels beside the curves there are none
    context.region.type = "CHANNELS"
    assert handle_under(item, context.region, (apex.x, apex.y), 1.0) is None


def test_escape_puts_everything_back(item: Any, mover: Any):
    before, context = keys(), graph()
    assert mover.invoke(context, mouse("LEFTMOUSE", "PRESS", 100)) == {"RUNNING_MODAL"}
    assert mover.modal(context, mouse("MOUSEMOVE", x=100 + 3 * PER_FRAME)) == {"RUNNING_MODAL"}
    assert mover.offset == 3.0
    assert keys() != before
    assert 4 in EventView.dragged(item)
    assert mover.modal(context, mouse("ESC", "PRESS")) == {"CANCELLED"}
    assert keys() == before
    assert not EventView.dragged(item)
    assert item.stack.text == ""


def test_letting_go_puts_the_edit_into_the_stack(item: Any, mover: Any):
    context, was = graph(), item.events.rows[4].frame
    mover.invoke(context, mouse("LEFTMOUSE", "PRESS", 100))
    mover.modal(context, mouse("MOUSEMOVE", x=100 + 2.4 * PER_FRAME))
    assert mover.offset == 2.0
    mover.modal(context, mouse("MOUSEMOVE", x=100 + 2.4 * PER_FRAME, shift=True))
    assert mover.offset == 2.4
    mover.modal(context, mouse("MOUSEMOVE", x=100 + 2.6 * PER_FRAME))
    assert mover.modal(context, mouse("LEFTMOUSE", "RELEASE")) == {"FINISHED"}
    assert item.events.rows[4].frame == pytest.approx(was + 3.0, abs=0.5)
    # done again, as from the panel of the last operator, it is the same event
    assert json.loads(mover.keys) == [item.events.rows[4].key]
    assert len(json.loads(item.stack.text)["steps"][0]["params"]["edits"]) == 1


def test_a_click_alone_moves_nothing(item: Any, mover: Any):
    before, context = keys(), graph()
    mover.invoke(context, mouse("LEFTMOUSE", "PRESS", 100))
    mover.modal(context, mouse("MOUSEMOVE", x=102))
    assert mover.modal(context, mouse("LEFTMOUSE", "RELEASE", x=102)) == {"CANCELLED"}
    assert keys() == before
    assert item.stack.text == ""


def test_a_number_that_is_typed_counts_for_the_mouse(item: Any, mover: Any):
    context, was = graph(), item.events.rows[4].frame
    mover.invoke(context, mouse("LEFTMOUSE", "PRESS", 100))
    mover.modal(context, mouse("MOUSEMOVE", x=300))
    mover.modal(context, mouse("MINUS", "PRESS", x=300, ascii="-"))
    mover.modal(context, mouse("FOUR", "PRESS", x=300, ascii="4"))
    assert mover.offset == -4.0
    assert mover.modal(context, mouse("RET", "PRESS")) == {"FINISHED"}
    assert item.events.rows[4].frame == pytest.approx(was - 4.0, abs=0.5)


def test_an_edge_that_cannot_be_dragged_says_so(item: Any, mover: Any):
    item.events.kinds = {"gaze"}
    item.events.active = 3
    mover.part = "ONSET"
    context = graph()
    mover.invoke(context, mouse("LEFTMOUSE", "PRESS", 100))
    mover.modal(context, mouse("MOUSEMOVE", x=200))
    mover.modal(context, mouse("LEFTMOUSE", "RELEASE"))
    assert any("cannot be stretched" in text for _, text in mover.told)
    assert item.stack.text == ""


def test_the_message_says_where_a_blink_really_is(item: Any, mover: Any):
    was = [row.frame for row in item.events.rows]
    after = was[5] - was[4]
    assert mover.execute(_moving(mover, after + 20.0)) == {"FINISHED"}
    now = item.events.rows[4].frame
    assert now < was[5]
    _, told = mover.told[-1]
    assert f"moved by {round(now - was[4], 1):g} frames, to frame {round(now, 1):g}" in told
    assert f"{round(after + 20.0, 1):g} were asked for" in told
    # one that has room goes, and nothing is to be added
    mover.execute(_moving(mover, -4.0))
    assert "asked for" not in mover.told[-1][1]
    assert item.events.rows[4].frame == pytest.approx(now - 4.0, abs=0.5)


def _moving(mover: Any, offset: float) -> Any:
    mover.offset = offset
    return bpy.context


def test_the_message_of_an_edge_is_about_the_edge(item: Any, mover: Any):
    row = item.events.rows[4]
    for part, offset, words in (
        ("ONSET", -3.0, "1 blink closes from frame"),
        ("OFFSET", 4.0, "1 blink is open again at frame"),
    ):
        mover.part = part
        before = getattr(row, part.lower())
        mover.execute(_moving(mover, offset))
        now = getattr(row, part.lower())
        assert now == pytest.approx(before + offset, abs=0.2)
        assert mover.told[-1][1] == f"{words} {round(now, 1):g}, not {round(before, 1):g}"


def test_no_event_is_moved_while_a_strip_is_tweaked(
    item: Any, mover: Any, stand_in: Callable[[Any], Any]
):
    keys_of = next(
        o.data.shape_keys
        for o in bpy.data.objects
        if o.type == "MESH" and o.data.shape_keys and o.data.shape_keys.animation_data
    )
    data = keys_of.animation_data
    action, slot = data.action, data.action_slot
    track = data.nla_tracks.new()
    strip = track.strips.new("ours", 1, action)
    strip.action_slot = slot
    data.action = None
    track.select = strip.select = True
    data.nla_tracks.active = track
    data.use_tweak_mode = True
    assert data.use_tweak_mode
    assert mover.execute(_moving(mover, 3.0)) == {"CANCELLED"}
    assert "Leave tweak mode" in mover.told[-1][1]
    assert mover.invoke(graph(), mouse("LEFTMOUSE", "PRESS", 100)) == {"CANCELLED"}
    context, dragger = graph(), stand_in(FACEMOCAP_OT_drag_event)
    dragger.extend = False
    apex = next(h for h in handles_in(item, context.region, 1.0) if h.number == 4)
    there = mouse("LEFTMOUSE", "PRESS", apex.x, apex.y)
    assert dragger.invoke(context, there) == {"CANCELLED"}
    assert dragger.told[-1][1].startswith("An NLA strip of")
    assert item.stack.text == ""
    data.use_tweak_mode = False
    assert mover.execute(_moving(mover, 3.0)) == {"FINISHED"}


def test_buttons_of_blinks_are_grey_for_other_events(item: Any):
    buttons = [getattr(bpy.ops.facemocap, f"{name}_blinks") for name in ("close", "part", "merge")]
    buttons.append(bpy.ops.facemocap.duplicate_events)
    assert all(button.poll() for button in buttons)
    assert not bpy.ops.facemocap.shape_events.poll()
    item.events.kinds = {"blinks", "lips"}
    rows = item.events.rows
    contact = next(n for n, row in enumerate(rows) if row.kind == 2)
    blink = next(n for n, row in enumerate(rows) if row.kind == 0)
    item.events.active = contact
    for row in rows:
        row.selected = False
    for button in buttons:
        assert not button.poll()
        with pytest.raises(RuntimeError, match="This is for blinks"):
            button()
    # a blink that is selected besides is meant
    rows[blink].selected = rows[contact].selected = True
    assert all(button.poll() for button in buttons)
