# SPDX-License-Identifier: GPL-3.0-or-later
"""Undo and redo through random edits of a stack: panel, record and keys go together."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy as blender
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from stacked_face import keys, ready_face

import facemocap_addon
from facemocap_addon.gateway.writing.kept_stacks import differences_of, stack_of
from facemocap_addon.gateway.writing.records import find_performance
from facemocap_addon.ops.panel_characters import picked_objects

# bpy's stubs do not know what an add-on registers
bpy: Any = blender

EDITS = 20
KINDS = ("neutral", "range", "dead_zone", "swap_sides", "time_offset", "resample", "despike")
REGIONS = ("brow", "eye", "mouth", "jaw")
#: A parameter of some kinds, and what it may be.
PARAMS = {
    "range": ("gain", 0.4, 1.6),
    "dead_zone": ("width", 0.0, 0.2),
    "time_offset": ("offset_s", -0.3, 0.3),
    "resample": ("rate_hz", 20.0, 90.0),
    "despike": ("sensitivity", 0.5, 3.0),
}

part = st.floats(0.0, 1.0, width=32)
edit = st.one_of(
    st.tuples(st.just("add"), st.sampled_from(KINDS)),
    st.tuples(st.sampled_from(("remove", "duplicate"))),
    st.tuples(st.just("move"), st.sampled_from(("UP", "DOWN"))),
    st.tuples(st.just("choose"), part),
    st.tuples(st.just("toggle"), part),
    st.tuples(st.just("influence"), part, part),
    st.tuples(st.just("slide"), part),
    st.tuples(st.just("mask"), st.sets(st.sampled_from(REGIONS))),
    st.tuples(st.just("raw")),
    st.tuples(st.just("key"), st.integers(1, 60), part),
)


@pytest.fixture(scope="module", autouse=True)
def addon() -> Iterator[None]:
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    facemocap_addon.register()
    try:
        yield
    finally:
        facemocap_addon.unregister()


def character() -> Any:
    return bpy.context.scene.facemocap.characters[0]


def do(change: tuple[Any, ...]) -> None:
    """One edit as a person makes it; where there is nothing to edit, another step."""
    how, *given_ = change
    view = character().stack
    if how == "add" or not view.rows:
        bpy.ops.facemocap.add_step(kind=given_[0] if how == "add" else "range")
        return
    if how in ("remove", "duplicate"):
        getattr(bpy.ops.facemocap, f"{how}_step")()
    elif how == "move":
        at = view.active + (-1 if given_[0] == "UP" else 1)
        if 0 <= at < len(view.rows):
            bpy.ops.facemocap.move_step(direction=given_[0])
    elif how == "choose":
        view.active = int(given_[0] * (len(view.rows) - 1))
    elif how == "mask":
        if not view.rows[view.active].is_whole:
            view.mask_regions = given_[0]
    elif how == "raw":
        view.show_raw = not view.show_raw
    else:
        _slide(view, how, given_)


def _slide(view: Any, how: str, given_: list[Any]) -> None:
    row = view.rows[view.active]
    if how == "toggle":
        row.enabled = not row.enabled
    elif how == "influence":
        row = view.rows[int(given_[0] * (len(view.rows) - 1))]
        if not row.is_whole:
            row.influence = given_[1]
    elif how == "key":
        if not row.is_whole:
            row.influence = given_[1]
            row.keyframe_insert("influence", frame=given_[0])
            bpy.ops.facemocap.rerun_stack()
    elif row.kind in PARAMS:
        name, low, high = PARAMS[row.kind]
        setattr(getattr(view.params, row.kind), name, low + given_[0] * (high - low))


def picture() -> dict[str, Any]:
    """What the panel shows, what is kept with the performance, and what plays."""
    item = character()
    found = find_performance(picked_objects(item, bpy.context.scene))
    assert found is not None
    view = item.stack
    scene: Any = bpy.context.scene
    data = scene.animation_data
    influences = (
        [
            (f.data_path, [tuple(key.co) for key in f.keyframe_points])
            for layer in data.action.layers
            for strip in layer.strips
            for bag in strip.channelbags
            for f in bag.fcurves
        ]
        if data and data.action
        else []
    )
    return {
        "text": view.text,
        "rows": [(row.kind, row.enabled) for row in view.rows],
        "active": view.active,
        "raw": view.show_raw,
        "kept": stack_of(found).text,
        "differences": differences_of(found),
        "influences": sorted(influences),
        "keys": keys(),
    }


@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    # a sequence that fails is told as it is: making it shorter takes minutes
    phases=[Phase.explicit, Phase.generate],
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
)
@given(
    edits=st.lists(edit, min_size=EDITS, max_size=EDITS),
    walk=st.lists(st.integers(-EDITS, EDITS), min_size=3, max_size=6),
)
def test_undo_and_redo_end_where_they_should(edits: list[Any], walk: list[int]):
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with tempfile.TemporaryDirectory(prefix="facemocap-undo-") as folder:
        ready_face(Path(folder))
    bpy.ops.ed.undo_push(message="applied")
    pictures = [picture()]
    for number, change in enumerate(edits):
        do(change)
        # a click and a drag each end with one undo step
        bpy.ops.ed.undo_push(message=f"edit {number + 1}")
        pictures.append(picture())
        assert pictures[-1]["kept"] == (pictures[-1]["text"] or stack_text())
    here = EDITS
    for steps in [*walk, -EDITS]:
        goal = min(max(here + steps, 0), EDITS)
        for _ in range(abs(goal - here)):
            bpy.ops.ed.undo() if goal < here else bpy.ops.ed.redo()
        here = goal
        assert picture() == pictures[here]
    # what was undone can be run again, and gives what it was
    bpy.ops.facemocap.rerun_stack()
    assert picture()["keys"] == pictures[0]["keys"]


def stack_text() -> str:
    """The text of a stack without steps."""
    return '{"schema": 1, "steps": []}'
