# SPDX-License-Identifier: GPL-3.0-or-later
"""Blinks dragged on a character: keys as the whole run will have them, and back to the bit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy as blender
import numpy as np
import pytest

from facemocap_addon.core.events.blinks.records import BlinkEdit
from facemocap_addon.core.events.listing import records
from facemocap_addon.core.events.listing.listed import Listed
from facemocap_addon.core.events.listing.steps import with_edits
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.reduction.plan import KeyPlan
from facemocap_addon.core.rig_maps.working_map import working_map
from facemocap_addon.core.stack.stack import Stack, make_step
from facemocap_addon.core.take import Take
from facemocap_addon.gateway.applying.performance import apply_take
from facemocap_addon.gateway.characters.characters import (
    CharacterObjects,
    find_characters,
    read_character,
)
from facemocap_addon.gateway.events import dragging
from facemocap_addon.gateway.events.dragging import begin_drag
from facemocap_addon.gateway.events.reading import (
    EventTake,
    event_take,
    eye_opening,
    forget_events,
)
from facemocap_addon.gateway.events.windows import warped
from facemocap_addon.gateway.takes.rerunning import need_performance, rerun
from facemocap_addon.gateway.writing.preparing import ApplyOptions

# the stubs of bpy know nothing of what files hold
bpy: Any = blender

#: Radians by which eyes may look elsewhere while a blink is dragged.
_LITTLE = 2e-4


@pytest.fixture(scope="module")
def take(sample_rigs: Path) -> Take:
    return read_take(sample_rigs / "sample_take.csv")


@pytest.fixture
def forgotten() -> Iterator[None]:
    yield
    forget_events()


def put_on(
    folder: Path, rig: str, take: Take, options: ApplyOptions
) -> tuple[Any, CharacterObjects]:
    """A character of the samples that plays the take."""
    bpy.ops.wm.open_mainfile(filepath=str(folder / f"{rig}.blend"))
    scene = bpy.context.scene
    picked = find_characters(scene)[0]
    controls = read_character(picked, scene).controls
    apply_take(scene, picked, take, working_map(controls, take, picked.name), options)
    return scene, picked


def all_keys(*parts: str) -> np.ndarray:
    """Places and handles of all keys of the file, or one of these."""
    out: list[np.ndarray] = []
    for action in bpy.data.actions:
        bags = [b for layer in action.layers for s in layer.strips for b in s.channelbags]
        for fcurve in (f for bag in bags for f in bag.fcurves):
            for name in parts or ("co", "handle_left", "handle_right"):
                numbers = np.empty(2 * len(fcurve.keyframe_points), np.float32)
                fcurve.keyframe_points.foreach_get(name, numbers)
                out.append(numbers)
    return np.concatenate(out)


def dragged_blink(source: EventTake) -> Listed:
    """A full blink with others around it."""
    return next(e for e in source.listed("blinks") if e.what == "full" and e.apex_s > 4.0)


def whole_run(scene: Any, picked: CharacterObjects, edits: tuple[BlinkEdit, ...]) -> np.ndarray:
    """All keys after a whole run with other edits of blinks."""
    stack, _, _ = with_edits(event_take(scene, need_performance(picked)).stack, "blinks", edits)
    rerun(scene, picked, stack)
    return all_keys("co")


@pytest.mark.parametrize(
    ("rig", "options"),
    [
        ("arkit_head", ApplyOptions()),
        ("bone_face", ApplyOptions()),
        ("toon", ApplyOptions(mirror=True, start_frame=12.0, range_s=(1.0, 12.0))),
        ("arkit_head", ApplyOptions(on_capture_times=True, raw=True)),
        ("arkit_head", ApplyOptions(stack=Stack((make_step("blinks", softness=0.4),)))),
    ],
)
def test_a_drag_shows_what_the_whole_run_gives(
    sample_rigs: Path, take: Take, forgotten: None, rig: str, options: ApplyOptions
):
    scene, picked = put_on(sample_rigs, rig, take, options)
    before, own = all_keys(), all_keys("co")
    source = event_take(scene, need_performance(picked))
    event = dragged_blink(source)
    drag = begin_drag(scene, source, [event.name])
    edits: tuple[BlinkEdit, ...] = ()
    for by_s in (0.05, -0.1, 0.12):
        edits = records.move_to(source.blink_step().params.edits, event, event.apex_s + by_s)
        now = drag.show(edits)
    moved = next(each for each in now if each.name == event.name)
    assert moved.apex_s == pytest.approx(event.apex_s + 0.12, abs=1 / take.rate_hz)
    shown = all_keys("co")
    drag.restore()
    np.testing.assert_array_equal(all_keys().view(np.uint32), before.view(np.uint32))
    whole = whole_run(scene, picked, edits)
    off = np.abs(shown - whole)
    # the eyes' own straight ahead is told from the whole take, which the blink is a part of
    assert off.max() < _LITTLE
    assert np.abs(own - whole).max() > 1000 * off.max()


def test_of_very_many_keys_the_face_alone_moves_in_a_drag(
    sample_rigs: Path, take: Take, forgotten: None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(dragging, "MANY_KEYS", 1000)
    scene, picked = put_on(sample_rigs, "arkit_head", take, ApplyOptions())
    source = event_take(scene, need_performance(picked))
    event = dragged_blink(source)
    scene.frame_set(round(source.frame(event.apex_s)) + 3)
    before, seen = all_keys(), shut_eye()
    drag = dragging.begin_drag(scene, source, [event.name])
    # by samples of the take: on the playhead, whose frame is the nearest one
    at = source.seconds(scene.frame_current)
    edits = records.move_to((), event, at)
    drag.show(edits)
    moved = shut_eye()
    assert moved > seen + 0.3
    np.testing.assert_array_equal(all_keys().view(np.uint32), before.view(np.uint32))
    drag.restore()
    assert shut_eye() == seen
    whole_run(scene, picked, edits)
    assert shut_eye() == pytest.approx(moved, abs=1e-5)


def test_of_reduced_keys_the_face_alone_moves_in_a_drag(
    sample_rigs: Path, take: Take, forgotten: None
):
    options = ApplyOptions(reduce=KeyPlan(tolerance=0.005))
    scene, picked = put_on(sample_rigs, "arkit_head", take, options)
    source = event_take(scene, need_performance(picked))
    event = dragged_blink(source)
    scene.frame_set(round(source.frame(event.apex_s)) + 3)
    before, seen = all_keys(), shut_eye()
    drag = dragging.begin_drag(scene, source, [event.name])
    edits = records.move_to((), event, source.seconds(scene.frame_current))
    for by_s in (0.02, 0.05):
        drag.show(records.move_to((), event, event.apex_s + by_s))
    drag.show(edits)
    moved = shut_eye()
    assert moved > seen + 0.3
    np.testing.assert_array_equal(all_keys().view(np.uint32), before.view(np.uint32))
    drag.restore()
    assert shut_eye() == pytest.approx(seen, abs=0.006)
    whole_run(scene, picked, edits)
    assert shut_eye() == pytest.approx(moved, abs=0.006)


def shut_eye() -> float:
    """How far the left eye is shut on the evaluated character."""
    graph = bpy.context.evaluated_depsgraph_get()
    head = bpy.data.objects["arkit_head"].evaluated_get(graph)
    return float(head.data.shape_keys.key_blocks["eyeBlinkLeft"].value)


def test_steps_behind_go_along_while_a_blink_is_dragged(
    sample_rigs: Path, take: Take, forgotten: None
):
    """Another rate, and a step that acts on the lids: nearly what it will be."""
    steps = make_step("resample", rate_hz=48.0), make_step("range", gain=0.9)
    options = ApplyOptions(stack=Stack(steps))
    scene, picked = put_on(sample_rigs, "arkit_head", take, options)
    source = event_take(scene, need_performance(picked))
    event = dragged_blink(source)
    drag = begin_drag(scene, source, [event.name])
    edits = records.move_to((), event, event.apex_s + 0.2)
    before = all_keys("co")
    drag.show(edits)
    shown = all_keys("co")
    drag.restore()
    whole = whole_run(scene, picked, edits)
    assert np.abs(shown - whole).max() < 0.06
    assert np.abs(before - whole).max() > 0.5


def test_hand_edits_stay_while_a_blink_is_dragged(sample_rigs: Path, take: Take, forgotten: None):
    scene, picked = put_on(sample_rigs, "toon", take, ApplyOptions())
    source = event_take(scene, need_performance(picked))
    event = dragged_blink(source)
    fcurve = next(
        f
        for action in bpy.data.actions
        for bag in action.layers[0].strips[0].channelbags
        for f in bag.fcurves
        if "eyeBlink" in f.data_path or "blink" in f.data_path.lower()
    )
    at = int(np.searchsorted([k.co.x for k in fcurve.keyframe_points], source.frame(event.apex_s)))
    fcurve.keyframe_points[at].co.y += 0.25
    fcurve.update()
    before = all_keys()
    drag = begin_drag(scene, source, [event.name])
    value = fcurve.keyframe_points[at].co.y
    drag.show(records.delete((), event))
    fallen = value - fcurve.keyframe_points[at].co.y
    assert 0.2 < fallen < value + 0.05
    drag.restore()
    np.testing.assert_array_equal(all_keys().view(np.uint32), before.view(np.uint32))


def test_the_opening_of_the_eyes_falls_where_blinks_are(
    sample_rigs: Path, take: Take, forgotten: None
):
    scene, picked = put_on(sample_rigs, "toon", take, ApplyOptions())
    source = event_take(scene, need_performance(picked))
    frames, eyes = eye_opening(source)
    assert set(eyes) == {"L", "R"}
    for event in source.listed("blinks"):
        near = np.abs(frames - source.frame(event.apex_s)) <= 1.0
        for side in ("L", "R") if event.side == "B" else (event.side,):
            assert np.nanmin(eyes[side][near]) < 1.2 - event.closure
    assert source.seconds(source.frame(7.25)) == pytest.approx(7.25, abs=1e-9)


def test_what_belongs_to_a_blink_goes_with_it():
    frames = np.arange(50.0)
    change = np.zeros((50, 2))
    change[10:21, 0] = np.sin(np.linspace(0.0, np.pi, 11))
    same = warped(change, frames, [(np.array([10.0, 15, 20]), np.array([10.0, 15, 20]))])
    np.testing.assert_array_equal(same, change)
    moved = warped(change, frames, [(np.array([10.0, 15, 20]), np.array([17.0, 22, 27]))])
    np.testing.assert_allclose(moved[7:], change[:-7], atol=1e-12)
    assert not moved[:17].any()
    wider = warped(change, frames, [(np.array([10.0, 15, 20]), np.array([10.0, 20, 40]))])
    assert wider[20, 0] == pytest.approx(1.0)
    assert not wider[:, 1].any()
