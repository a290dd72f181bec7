# SPDX-License-Identifier: GPL-3.0-or-later
"""Influences that are keyed in the scene, and stacks that go to other characters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bpy as blender
import numpy as np
import pytest
from stacked_face import keys, make_face, ready_face

from facemocap_addon.gateway.scenes import scene_clock
from facemocap_addon.gateway.takes.influence_keys import read_influence, write_influence
from facemocap_addon.gateway.writing.kept_stacks import stack_of
from facemocap_addon.gateway.writing.records import find_performance
from facemocap_addon.ops.panel_characters import picked_objects

# bpy's stubs do not know what an add-on registers
bpy: Any = blender


@pytest.fixture
def item(registered: None, tmp_path: Path) -> Any:
    return ready_face(tmp_path)


def influences(item: Any) -> list[Any]:
    """As they are kept with what plays."""
    found = find_performance(picked_objects(item, bpy.context.scene))
    assert found is not None
    return [step["influence"] for step in stack_of(found).to_json()["steps"]]


def key(row: Any, *pairs: tuple[int, float]) -> None:
    for frame, value in pairs:
        row.influence = value
        row.keyframe_insert("influence", frame=frame)
    action = bpy.context.scene.animation_data.action
    for layer in action.layers:
        for bag in layer.strips[0].channelbags:
            for fcurve in bag.fcurves:
                for point in fcurve.keyframe_points:
                    point.interpolation = "LINEAR"


def curve_values(face: str = "face") -> dict[str, np.ndarray]:
    data = bpy.data.objects[face].data.shape_keys.animation_data
    bag = data.action.layers[0].strips[0].channelbag(data.action_slot)
    return {f.data_path: np.array([k.co.y for k in f.keyframe_points]) for f in bag.fcurves}


def test_keys_of_an_influence_are_read_in_seconds(item: Any):
    raw = curve_values()
    bpy.ops.facemocap.add_step(kind="range")
    item.stack.params.range.gain = 0.5
    whole = curve_values()
    key(item.stack.rows[0], (1, 0.0), (31, 1.0))
    bpy.ops.facemocap.rerun_stack()
    assert influences(item) == [[[0.0, 0.0], [1.0, 1.0]]]
    assert json.loads(item.stack.text)["steps"][0]["influence"] == [[0.0, 0.0], [1.0, 1.0]]
    # half way there, half of it; the scene has 30 frames a second
    share = np.clip(np.arange(61) / 30.0, 0.0, 1.0)
    for path, values in curve_values().items():
        wanted = raw[path] + share * (whole[path] - raw[path])
        np.testing.assert_allclose(values, wanted, atol=2e-6)


def test_keys_go_along_when_steps_move(item: Any):
    for kind in ("neutral", "swap_sides", "dead_zone"):
        bpy.ops.facemocap.add_step(kind=kind)
    key(item.stack.rows[1], (1, 0.25), (31, 0.75))
    item.stack.active = 1
    bpy.ops.facemocap.move_step(direction="UP")
    wanted = [[0.0, 0.25], [1.0, 0.75]]
    assert influences(item) == [wanted, 1.0, 1.0]
    item.stack.active = 0
    bpy.ops.facemocap.duplicate_step()
    assert influences(item) == [wanted, wanted, 1.0, 1.0]
    item.stack.active = 0
    bpy.ops.facemocap.remove_step()
    assert influences(item) == [wanted, 1.0, 1.0]
    item.stack.active = 0
    bpy.ops.facemocap.remove_step()
    assert influences(item) == [1.0, 1.0]
    bpy.ops.facemocap.rerun_stack()
    assert influences(item) == [1.0, 1.0]


def test_keys_that_are_taken_away_leave_the_number(item: Any):
    bpy.ops.facemocap.add_step(kind="swap_sides")
    key(item.stack.rows[0], (1, 0.25), (31, 0.75))
    bpy.ops.facemocap.rerun_stack()
    bpy.context.scene.animation_data_clear()
    item.stack.rows[0].influence = 0.5
    assert influences(item) == [0.5]


def test_curves_that_are_no_lines_are_read_on_every_frame(item: Any):
    scene = bpy.context.scene
    bpy.ops.facemocap.add_step(kind="swap_sides")
    row = item.stack.rows[0]
    key(row, (1, 0.0), (11, 1.0))
    action = scene.animation_data.action
    bag = action.layers[0].strips[0].channelbag(scene.animation_data.action_slot)
    fcurve = bag.fcurves[0]
    for point in fcurve.keyframe_points:
        point.interpolation = "BEZIER"
    fcurve.update()
    bpy.ops.facemocap.rerun_stack()
    found = influences(item)[0]
    assert len(found) == 11
    for number, (seconds, value) in enumerate(found):
        assert seconds == pytest.approx(number / 30.0)
        assert value == pytest.approx(fcurve.evaluate(1.0 + number), abs=1e-6)
    assert found[5][1] == pytest.approx(0.5, abs=1e-5)
    assert found[1][1] < 0.05


def test_a_keyed_stack_from_a_file_is_keyed_in_the_scene(item: Any, tmp_path: Path):
    path = tmp_path / "keyed.stack.json"
    steps = [{"kind": "swap_sides", "influence": [[0.5, 0.0], [1.5, 1.0]]}]
    path.write_text(json.dumps({"schema": 1, "steps": steps}), encoding="utf-8")
    bpy.ops.facemocap.load_stack(filepath=str(path))
    address = item.stack.rows[0].path_from_id("influence")
    assert influences(item) == [[[0.5, 0.0], [1.5, 1.0]]]
    scene = bpy.context.scene
    assert read_influence(scene, address, scene_clock(scene), 1.0) == ((0.5, 0.0), (1.5, 1.0))
    scene.frame_set(31)
    assert item.stack.rows[0].influence == pytest.approx(0.5)
    # another stack takes its keys away
    bpy.ops.facemocap.use_default_stack()
    assert influences(item) == [1.0, 1.0, 1.0]


def test_influences_are_written_to_where_they_are_read(blank_scene: Any):
    clock = scene_clock(blank_scene)
    wanted = ((0.0, 0.0), (0.3, 1.0), (2.0, 0.125))
    write_influence(blank_scene, "frame_float", wanted, clock, 11.0)
    found = read_influence(blank_scene, "frame_float", clock, 11.0)
    assert found is not None
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    assert read_influence(blank_scene, "frame_step", clock, 11.0) is None


def test_a_stack_goes_to_other_characters(item: Any):
    scene = bpy.context.scene
    make_face("other")
    bpy.ops.object.select_all(action="DESELECT")
    other_face = bpy.data.objects["other"]
    other_face.select_set(True)
    bpy.context.view_layer.objects.active = other_face
    bpy.ops.facemocap.pick_character()
    first, second = scene.facemocap.characters
    bpy.ops.facemocap.apply_take()
    bare = keys("other")
    assert bare
    scene.facemocap.active_character = 0
    bpy.ops.facemocap.add_step(kind="range")
    first.stack.params.range.gain = 0.5
    assert keys("other") == bare
    bpy.ops.facemocap.copy_stack()
    assert second.stack.text == first.stack.text
    assert influences(second) == [1.0]
    assert keys("other") == keys("face")
    # each has its own from then on
    first.stack.params.range.gain = 0.7
    assert keys("other") != keys("face")


def test_keys_stay_with_their_character_when_another_is_forgotten(item: Any):
    scene = bpy.context.scene
    make_face("other")
    bpy.ops.object.select_all(action="DESELECT")
    bpy.context.view_layer.objects.active = bpy.data.objects["other"]
    bpy.data.objects["other"].select_set(True)
    bpy.ops.facemocap.pick_character()
    bpy.ops.facemocap.apply_take()
    for number in (0, 1):
        scene.facemocap.active_character = number
        bpy.ops.facemocap.add_step(kind="range")
        row = scene.facemocap.characters[number].stack.rows[0]
        key(row, (1, 0.25 * (number + 1)), (31, 1.0))
        bpy.ops.facemocap.rerun_stack()
    scene.facemocap.active_character = 0
    bpy.ops.facemocap.forget_character()
    bpy.ops.facemocap.rerun_stack()
    assert influences(scene.facemocap.characters[0]) == [[[0.0, 0.5], [1.0, 1.0]]]
    action = scene.animation_data.action
    bag = action.layers[0].strips[0].channelbag(scene.animation_data.action_slot)
    assert len(bag.fcurves) == 1


def test_copying_needs_somebody_to_copy_to(item: Any):
    with pytest.raises(RuntimeError, match="another character"):
        bpy.ops.facemocap.copy_stack()


def test_only_influences_can_be_keyed(item: Any):
    """A parameter is one for the whole take: keys of it would say nothing."""
    bpy.ops.facemocap.add_step(kind="range")
    row, view = item.stack.rows[0], item.stack
    assert row.keyframe_insert("influence", frame=1)
    for group, name in ((view.params.range, "gain"), (row, "enabled"), (view, "show_raw")):
        with pytest.raises(TypeError, match="not animatable"):
            group.keyframe_insert(name, frame=1)
