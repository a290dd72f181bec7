# SPDX-License-Identifier: GPL-3.0-or-later
"""Curve tools in the editors: whose curves they change, and whose they leave alone."""

from __future__ import annotations

from typing import Any

import bpy as blender
import numpy as np
import pytest
from curve_scenes import curves, editor, heights, posed_rig, select_keys, shaped_mesh, state

# bpy's stubs do not know what an add-on registers
bpy: Any = blender

pytestmark = pytest.mark.usefixtures("registered")

NAMES = ("jawOpen", "mouthSmileLeft", "mouthSmileRight", "eyeBlinkLeft", "browInnerUp")
TOOLS = (
    "smooth_curves", "scale_curves", "offset_curves", "ease_curves", "push_curves",
    "neighbour_curves", "attack_curves", "hold_curves", "settle_curves",
)  # fmt: skip
THINNERS = ("thin_curves", "key_extremes", "key_nth", "key_twos")
FACTORS = {"scale_curves": 0.5, "offset_curves": 3.0}


def run(name: str, **given: Any) -> Any:
    if name in TOOLS:
        given.setdefault("factor", FACTORS.get(name, 0.5))
    return getattr(bpy.ops.facemocap, name)(**given)


def changed(before: Any, after: Any) -> set[str]:
    return {path for (path, _), keys in after.items() if before[path, _] != keys}


def shape(name: str) -> str:
    return f'key_blocks["{name}"].value'


@pytest.mark.parametrize("kind", ["GRAPH_EDITOR", "DOPESHEET_EDITOR"])
def test_shape_keys_are_changed_and_only_their_selected_keys(kind: str):
    face = shaped_mesh("face", NAMES)
    keys = face.data.shape_keys
    for fcurve in curves(keys).values():
        select_keys(fcurve, 20, 40)
    for name in TOOLS:
        before = {place: heights(fcurve) for place, fcurve in curves(keys).items()}
        with editor(face, kind=kind):
            assert run(name) == {"FINISHED"}
        after = {place: heights(fcurve) for place, fcurve in curves(keys).items()}
        for place, old in before.items():
            new = after[place]
            assert (new[:19] == old[:19]).all(), name
            assert (new[40:] == old[40:]).all(), name
            assert np.abs(new[19:40] - old[19:40]).max() > 1e-4, name


def test_dope_sheet_and_graph_editor_give_the_same():
    found = []
    for kind in ("GRAPH_EDITOR", "DOPESHEET_EDITOR"):
        face = shaped_mesh(f"face {kind}", NAMES)
        with editor(face, kind=kind):
            run("smooth_curves", factor=0.8, width=4.0)
        found.append(list(state(face.data.shape_keys).values()))
    assert found[0] == found[1]


@pytest.mark.parametrize("name", TOOLS + THINNERS)
def test_bones_keep_unit_quaternions_and_properties_change(name: str):
    rig = posed_rig()
    with editor(rig):
        assert run(name) == {"FINISHED"}
    found = curves(rig)
    turn = 'pose.bones["head"].rotation_quaternion'
    columns = [heights(found[turn, index]) for index in range(4)]
    assert len({len(column) for column in columns}) == 1
    assert np.abs(np.linalg.norm(columns, axis=0) - 1.0).max() < 2e-7
    for place, fcurve in found.items():
        assert np.isfinite(heights(fcurve)).all(), place
    assert len(found) == 8


def test_scaling_about_rest_goes_to_each_propertys_own_rest():
    rig = posed_rig()
    with editor(rig):
        run("scale_curves", factor=0.0, about="REST")
    found = curves(rig)
    assert np.allclose(heights(found['["smile"]', 0]), 0.25)
    assert np.allclose(heights(found['pose.bones["jaw"].rotation_euler', 1]), 0.0)
    turn = 'pose.bones["head"].rotation_quaternion'
    assert np.allclose(heights(found[turn, 0]), 1.0)
    assert np.allclose(heights(found[turn, 1]), 0.0)


def test_locked_muted_and_hidden_curves_are_left_alone():
    face = shaped_mesh("face", (*NAMES, "cheekPuff", "tongueOut"))
    keys = face.data.shape_keys
    found = curves(keys)
    found[shape("jawOpen"), 0].lock = True
    found[shape("mouthSmileLeft"), 0].mute = True
    found[shape("eyeBlinkLeft"), 0].hide = True
    bag = keys.animation_data.action.layers[0].strips[0].channelbags[0]
    for name, flag in (("cheekPuff", "lock"), ("tongueOut", "mute")):
        group = bag.groups.new(name)
        setattr(group, flag, True)
        found[shape(name), 0].group = group
    for name in (*TOOLS, *THINNERS):
        for which in ("SELECTED", "VISIBLE", "CHARACTER"):
            before = state(keys)
            with editor(face):
                run(name, curves=which)
            assert changed(before, state(keys)) <= {shape("mouthSmileRight"), shape("browInnerUp")}
    for fcurve in found.values():
        fcurve.lock = True
    with editor(face), pytest.raises(RuntimeError, match="left alone"):
        run("scale_curves")


def test_one_locked_curve_of_a_quaternion_keeps_all_four():
    rig = posed_rig()
    curves(rig)['pose.bones["head"].rotation_quaternion', 2].lock = True
    before = state(rig)
    with editor(rig):
        run("scale_curves")
    assert 'pose.bones["head"].rotation_quaternion' not in changed(before, state(rig))
    assert 'pose.bones["jaw"].rotation_euler' in changed(before, state(rig))


def test_one_selected_curve_of_a_quaternion_takes_all_four_along():
    rig = posed_rig()
    for (path, index), fcurve in curves(rig).items():
        fcurve.select = path.endswith("quaternion") and index == 1
    before = state(rig)
    with editor(rig):
        run("scale_curves")
    assert changed(before, state(rig)) == {'pose.bones["head"].rotation_quaternion'}


def test_selected_curves_alone_are_changed_and_all_where_none_is():
    face = shaped_mesh("face", NAMES)
    keys = face.data.shape_keys
    for place, fcurve in curves(keys).items():
        fcurve.select = place[0] == shape("jawOpen")
    before = state(keys)
    with editor(face):
        run("scale_curves")
        assert changed(before, state(keys)) == {shape("jawOpen")}
        run("scale_curves", curves="VISIBLE")
    assert len(changed(before, state(keys))) == len(NAMES)


def test_a_region_and_a_side_by_names():
    face = shaped_mesh("face", NAMES)
    rig = posed_rig()
    keys = face.data.shape_keys
    before, bones = state(keys), state(rig)
    with editor(face, rig):
        run("scale_curves", regions={"mouth"})
        assert changed(before, state(keys)) == {shape("mouthSmileLeft"), shape("mouthSmileRight")}
        # a property that is called "smile" is the mouth's too
        assert changed(bones, state(rig)) == {'["smile"]'}
        before = state(keys)
        run("scale_curves", regions={"mouth", "eye"}, side="L")
        assert changed(before, state(keys)) == {shape("mouthSmileLeft"), shape("eyeBlinkLeft")}
        bones = state(rig)
        run("scale_curves", regions={"jaw", "head"})
        assert changed(bones, state(rig)) == {
            'pose.bones["jaw"].rotation_euler',
            'pose.bones["head"].rotation_quaternion',
        }
        with pytest.raises(RuntimeError, match="part of the face"):
            run("scale_curves", regions={"tongue"})


def test_slots_of_one_action_and_other_characters():
    """Two meshes in two slots of one Action: only the one that is shown changes."""
    one, two = shaped_mesh("one", NAMES), shaped_mesh("two", NAMES)
    keys_one, keys_two = one.data.shape_keys, two.data.shape_keys
    action = keys_one.animation_data.action
    slot = action.slots.new(id_type="KEY", name="two")
    bag = action.layers[0].strips[0].channelbag(slot, ensure=True)
    for (path, index), fcurve in curves(keys_two).items():
        made = bag.fcurves.new(path, index=index)
        made.keyframe_points.add(len(fcurve.keyframe_points))
        co = np.empty(2 * len(fcurve.keyframe_points), np.float32)
        fcurve.keyframe_points.foreach_get("co", co)
        made.keyframe_points.foreach_set("co", co)
        made.update()
        select_keys(made)
    keys_two.animation_data.action = action
    keys_two.animation_data.action_slot = slot
    before_one, before_two = state(keys_one), state(keys_two)
    with editor(two):
        run("scale_curves")
    assert state(keys_one) == before_one
    assert len(changed(before_two, state(keys_two))) == len(NAMES)


def test_range_and_falloff():
    face = shaped_mesh("face", NAMES)
    scene = bpy.context.scene
    scene.use_preview_range = True
    scene.frame_preview_start, scene.frame_preview_end = 20, 40
    fcurve = curves(face.data.shape_keys)[shape("jawOpen"), 0]
    before = heights(fcurve)
    with editor(face):
        run("scale_curves", keys="RANGE", factor=0.0, falloff=5.0)
    after = heights(fcurve)
    assert (after[:19] == before[:19]).all()
    assert (after[40:] == before[40:]).all()
    share = after[19:40] / before[19:40]
    assert (np.diff(share[:6]) < 0).all()
    assert np.allclose(share[5:16], 0.0, atol=1e-6)
    assert (np.diff(share[15:]) > 0).all()


def test_without_an_editor_the_selected_character_is_meant():
    face, other = shaped_mesh("face", NAMES), shaped_mesh("other", NAMES)
    bpy.context.view_layer.objects.active = face
    face.select_set(True)
    other.select_set(False)
    before, others = state(face.data.shape_keys), state(other.data.shape_keys)
    run("scale_curves", regions={"jaw"})
    assert changed(before, state(face.data.shape_keys)) == {shape("jawOpen")}
    assert state(other.data.shape_keys) == others


def test_undo_and_redo():
    face = shaped_mesh("face", NAMES)
    bpy.ops.ed.undo_push(message="before")
    pictures = [state(face.data.shape_keys)]
    names = ("scale_curves", "thin_curves", "offset_curves", "key_frames")
    for name in names:
        with editor(bpy.data.objects["face"]):
            run(name)
        bpy.ops.ed.undo_push(message=name)
        pictures.append(state(bpy.data.objects["face"].data.shape_keys))
    assert len(set(map(str, pictures))) == len(pictures)
    for picture in reversed(pictures[:-1]):
        bpy.ops.ed.undo()
        assert state(bpy.data.objects["face"].data.shape_keys) == picture
    for picture in pictures[1:]:
        bpy.ops.ed.redo()
        assert state(bpy.data.objects["face"].data.shape_keys) == picture


def test_drivers_are_no_curves_to_change():
    face = shaped_mesh("face", ("jawOpen",))
    driven = face.driver_add("location", 0)
    driven.keyframe_points.insert(1.0, 0.0)
    driven.keyframe_points.insert(9.0, 1.0)
    with editor(face) as context:
        context.area.spaces.active.mode = "DRIVERS"
        with pytest.raises(RuntimeError, match="No curves with keys"):
            run("scale_curves", curves="VISIBLE")
        context.area.spaces.active.mode = "FCURVES"
