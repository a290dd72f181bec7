# SPDX-License-Identifier: GPL-3.0-or-later
"""Drivers are followed to what a person would move, and the driven value is what was captured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy
import numpy as np
import pytest
from control_rigs import (
    add_variable,
    captured,
    drive_by_bone,
    driven_channels,
    heights,
    keyed_channels,
    limit_location,
    make_dial_face,
    make_panel,
    make_rigged_face,
)
from file_state import differences, file_state
from small_scenes import add_property, character_of, drive, wave_take

from facemocap_addon.gateway.applying.performance import apply_take, remove_take
from facemocap_addon.gateway.characters.characters import pick_character, read_character

FRAMES = [1, 8, 16, 23, 30, 45]
#: What the captured value must be met within.
NEAR = 1e-5


def _play(scene: Any, obj: Any) -> Any:
    """Apply a take by the map of names; nothing that a driver owns is keyed."""
    scene.frame_set(1)
    before = file_state(scene)
    picked, rig_map = character_of(scene, obj)
    assert differences(before, file_state(scene)) == []
    take = wave_take()
    apply_take(scene, picked, take, rig_map)
    assert not keyed_channels() & driven_channels()
    return take


def _notes(scene: Any, obj: Any) -> str:
    scene.frame_set(1)
    return "\n".join(read_character(pick_character(scene, [obj]), scene).notes)


def _value(face: Any, shape: str = "jawOpen") -> Any:
    return face.data.shape_keys.key_blocks[shape]


def _by_bone(kind: str, expression: str, **options: Any) -> Callable[[Any, Any], None]:
    def build(rig: Any, face: Any) -> None:
        drive_by_bone(_value(face), "value", rig, "slider.003", kind, expression, **options)

    return build


def _by_path(path: str, expression: str) -> Callable[[Any, Any], None]:
    def build(rig: Any, face: Any) -> None:
        drive(_value(face), "value", rig, f'pose.bones["slider.003"].{path}', expression)

    return build


def _by_property(expression: str, value: Any = 0.0, **limits: Any) -> Callable[[Any, Any], None]:
    def build(rig: Any, face: Any) -> None:
        drive(_value(face), "value", rig, add_property(rig, "prop_17", value, **limits), expression)

    return build


def _by_limited_bone(rig: Any, face: Any) -> None:
    limit_location(rig.pose.bones["slider.003"], "y", 0.0, 0.04)
    drive_by_bone(_value(face), "value", rig, "slider.003", "LOC_Y", "v / 0.04")


def _by_property_of_bone(rig: Any, face: Any) -> None:
    """Shape <- property <- bone."""
    middle = add_property(rig, "mid", 0.0, min=0.0, max=1.0)
    drive_by_bone(rig, middle, rig, "slider.003", "LOC_X", "v * 12.5 - 0.25")
    drive(_value(face), "value", rig, middle)


def _by_other_shape(rig: Any, face: Any) -> None:
    """Shape <- shape of another mesh <- property."""
    teeth = make_dial_face(["Key 7"], name="teeth", rig=rig)
    start = add_property(rig, "prop_17", 0.0, min=0.0, max=100.0)
    drive(_value(teeth, "Key 7"), "value", rig, start, "v / 100")
    drive(_value(face), "value", teeth.data.shape_keys, 'key_blocks["Key 7"].value')


def _by_free_shape(rig: Any, face: Any) -> None:
    """Shape <- shape without a driver and without a telling name."""
    teeth = make_dial_face(["Key 7"], name="teeth", rig=rig)
    drive(_value(face), "value", teeth, 'data.shape_keys.key_blocks["Key 7"].value', "v")


def _by_driven_bone(rig: Any, face: Any) -> None:
    """Shape <- location of a bone <- property of another bone."""
    start = add_property(rig.pose.bones["slider.003"], "prop_17", 0.0, min=-1.0, max=1.0)
    fcurve: Any = rig.driver_add('pose.bones["jaw"].location', 2)
    fcurve.driver.type = "SUM"
    add_variable(fcurve, "v", rig, f'pose.bones["slider.003"]{start}')
    drive_by_bone(_value(face), "value", rig, "jaw", "LOC_Z", "-v")


def _by_quaternion(rig: Any, face: Any) -> None:
    rig.pose.bones["slider.003"].rotation_mode = "QUATERNION"
    _by_bone("ROT_X", "v * 1.6")(rig, face)


def _by_twist(rig: Any, face: Any) -> None:
    rig.pose.bones["slider.003"].rotation_mode = "QUATERNION"
    fcurve = drive_by_bone(_value(face), "value", rig, "slider.003", "ROT_Y", "v * -2")
    fcurve.driver.variables[0].targets[0].rotation_mode = "SWING_TWIST_Y"


def _by_sum(rig: Any, face: Any) -> None:
    path = add_property(rig.data, "prop_17", 0.0, min=0.0, max=2.0)
    drive(_value(face), "value", rig.data, path).driver.type = "SUM"


def _by_bent_curve(rig: Any, face: Any) -> None:
    """What a driver makes goes through its F-curve, which scales it here."""
    fcurve = drive(_value(face), "value", rig, add_property(rig, "prop_17", 0.0))
    for modifier in list(fcurve.modifiers):
        fcurve.modifiers.remove(modifier)
    fcurve.keyframe_points.clear()
    modifier: Any = fcurve.modifiers.new("GENERATOR")
    modifier.coefficients = (-0.1, 0.25)


def _by_data_of_another(rig: Any, face: Any) -> None:
    """A property of the armature data of a panel that the character does not know."""
    panel = make_panel()
    path = add_property(panel.data, "prop_17", 0.0, min=0.0, max=2.0)
    drive(_value(face), "value", panel.data, path, "min(v * 0.5, 1)")


def _with_a_switch(rig: Any, face: Any) -> None:
    fcurve = drive(_value(face), "value", rig, add_property(rig, "prop_17", 0.0), "v * on")
    add_variable(fcurve, "on", rig, add_property(rig, "switch", 1, min=0, max=1))


def _with_a_copying_bone(rig: Any, face: Any) -> None:
    """The driver reads a bone that follows the one which a person moves."""
    constraint = rig.pose.bones["MCH-7"].constraints.new("COPY_LOCATION")
    constraint.target, constraint.subtarget = rig, "slider.003"
    constraint.owner_space = constraint.target_space = "LOCAL"
    drive_by_bone(_value(face), "value", rig, "MCH-7", "LOC_X", "v * 10")


KINDS: dict[str, Callable[[Any, Any], None]] = {
    "location": _by_bone("LOC_Y", "v * 20"),
    "location within limits": _by_limited_bone,
    "location downwards": _by_bone("LOC_Y", "max(0, -v) / 0.05"),
    "location, transform space": _by_bone("LOC_Z", "v * 3", space="TRANSFORM_SPACE"),
    "location in the world": _by_bone("LOC_Z", "(v - 0.7) * 7", space="WORLD_SPACE"),
    "rotation": _by_bone("ROT_X", "v / 0.7"),
    "rotation, bent by degrees": _by_bone("ROT_Z", "degrees(v) / 45"),
    "rotation of a quaternion": _by_quaternion,
    "twist": _by_twist,
    "path of a location": _by_path("location[1]", "v * 25"),
    "path of a location's letter": _by_path("location.y", "v * 25"),
    "path of a rotation": _by_path("rotation_euler[0]", "min(v * 2, 1)"),
    "property": _by_property("v", min=0.0, max=1.0),
    "property without limits": _by_property("v * 0.01"),
    "property turned round": _by_property("1 - v", min=0.0, max=1.0),
    "property with a dead part": _by_property("max(0, v - 0.2) / 0.8", min=0.0, max=1.0),
    "property, clamped": _by_property("clamp(v * 3 - 1)", min=-1.0, max=1.0),
    "property, steep": _by_property("v * 1000", min=0.0, max=10.0),
    "property that is summed": _by_sum,
    "property through a curve": _by_bent_curve,
    "property of another armature's data": _by_data_of_another,
    "shape of property of bone": _by_property_of_bone,
    "shape of shape of property": _by_other_shape,
    "shape of a free shape": _by_free_shape,
    "shape of bone of property": _by_driven_bone,
    "with a switch": _with_a_switch,
    "bone that copies": _with_a_copying_bone,
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_driven_shape_has_the_captured_value(kind: str, blank_scene: Any) -> None:
    rig, face = make_rigged_face(["jawOpen"], ["slider.003", "MCH-7"])
    KINDS[kind](rig, face)
    take = _play(blank_scene, face)
    values = heights(blank_scene, face, FRAMES)[:, 0]
    np.testing.assert_allclose(values, captured(take, "jawOpen", FRAMES), atol=NEAR)
    assert _notes(blank_scene, face) == ""


@pytest.mark.parametrize("where", ["beside the character", "below the face"])
def test_sliders_of_a_rig_of_their_own(where: str, blank_scene: Any) -> None:
    face = make_dial_face(["jawOpen", "mouthSmileLeft", "mouthFrownLeft", "hair"])
    panel = make_panel(bones=["slider.003", "slider.004"])
    if where == "below the face":
        panel.parent = face
    limit_location(panel.pose.bones["slider.004"], "y", -0.1, 0.05)
    drive_by_bone(_value(face), "value", panel, "slider.003", "LOC_X", "v * 8")
    up = drive_by_bone(
        _value(face, "mouthSmileLeft"), "value", panel, "slider.004", "LOC_Y", "v * 20"
    )
    assert up.driver.is_simple_expression
    drive_by_bone(_value(face, "mouthFrownLeft"), "value", panel, "slider.004", "LOC_Y", "v * -10")
    take = _play(blank_scene, face)
    assert {block for block, _, _ in keyed_channels()} == {"panel"}
    values = heights(blank_scene, face, FRAMES)
    np.testing.assert_allclose(values[:, 0], captured(take, "jawOpen", FRAMES), atol=NEAR)
    # a slider goes up for the one, down for the other: both cannot be had at once
    smile, frown = (captured(take, f"mouth{name}Left", FRAMES) for name in ("Smile", "Frown"))
    place = smile / 20 - frown / 10
    np.testing.assert_allclose(values[:, 1], np.clip(20 * place, 0, 1), atol=NEAR)
    np.testing.assert_allclose(values[:, 2], np.clip(-10 * place, 0, 1), atol=NEAR)
    assert (values[:, 1:3] > 0.1).any(axis=0).all()


def test_a_slider_of_two_axes(blank_scene: Any) -> None:
    names = ["jawOpen", "jawLeft", "jawRight"]
    rig, face = make_rigged_face(names)
    for name, kind, expression in zip(
        names, ("LOC_Y", "LOC_X", "LOC_X"), ("v * -10", "max(0, v) * 5", "max(0, -v) * 5"),
        strict=True,
    ):  # fmt: skip
        drive_by_bone(_value(face, name), "value", rig, "slider.003", kind, expression)
    take = _play(blank_scene, face)
    values = heights(blank_scene, face, FRAMES)
    expected = [captured(take, name, FRAMES) for name in names]
    np.testing.assert_allclose(values[:, 0], expected[0], atol=NEAR)
    way = expected[1] - expected[2]
    np.testing.assert_allclose(values[:, 1], np.clip(way, 0, 1), atol=NEAR)
    np.testing.assert_allclose(values[:, 2], np.clip(-way, 0, 1), atol=NEAR)


def test_one_shape_on_several_meshes_is_moved_once(blank_scene: Any) -> None:
    rig, face = make_rigged_face(["jawOpen"])
    teeth = make_dial_face(["jawOpen"], name="teeth", rig=rig)
    path = add_property(rig, "prop_17", 0.0, min=0.0, max=4.0)
    drive(_value(face), "value", rig, path, "v / 4")
    drive(_value(teeth), "value", rig, path, "v / 5")
    take = _play(blank_scene, face)
    expected = captured(take, "jawOpen", FRAMES)
    np.testing.assert_allclose(heights(blank_scene, face, FRAMES)[:, 0], expected, atol=NEAR)
    np.testing.assert_allclose(heights(blank_scene, teeth, FRAMES)[:, 0], 0.8 * expected, atol=NEAR)


def test_two_channels_on_one_slider_meet_in_the_middle(blank_scene: Any) -> None:
    rig, face = make_rigged_face(["mouthSmileLeft", "mouthSmileRight"])
    path = add_property(rig, "prop_17", 0.0, min=0.0, max=1.0)
    for name in ("mouthSmileLeft", "mouthSmileRight"):
        drive(_value(face, name), "value", rig, path)
    take = _play(blank_scene, face)
    mean = sum(captured(take, f"mouthSmile{side}", FRAMES) for side in ("Left", "Right")) / 2
    values = heights(blank_scene, face, FRAMES)
    np.testing.assert_allclose(values[:, :2], np.stack([mean, mean], axis=1), atol=NEAR)


@pytest.mark.parametrize(
    ("expression", "slack"),
    [
        ("v * v", 5e-3),
        ("sqrt(v)", 2e-3),
        ("v * v * (3 - 2 * v)", 5e-3),
        ("smoothstep(0, 1, v)", 5e-3),
    ],
)
def test_a_bent_driver_is_bent_back(expression: str, slack: float, blank_scene: Any) -> None:
    rig, face = make_rigged_face(["jawOpen"])
    drive(_value(face), "value", rig, add_property(rig, "prop_17", 0.0, min=0, max=1), expression)
    take = _play(blank_scene, face)
    values = heights(blank_scene, face, range(1, 46))[:, 0]
    np.testing.assert_allclose(values, captured(take, "jawOpen", range(1, 46)), atol=slack)


def test_a_python_driver_is_measured(blank_scene: Any) -> None:
    rig, face = make_rigged_face(["jawOpen"])
    path = add_property(rig, "prop_17", 0.0, min=0.0, max=1.0)
    fcurve = drive(_value(face), "value", rig, path, "min([1.25 * v, 1.0])")
    assert not fcurve.driver.is_simple_expression
    take = _play(blank_scene, face)
    values = heights(blank_scene, face, FRAMES)[:, 0]
    np.testing.assert_allclose(values, captured(take, "jawOpen", FRAMES), atol=NEAR)


def test_a_name_that_is_known_wins(blank_scene: Any) -> None:
    """A property with a channel's name is keyed as that channel, whatever it drives."""
    rig, face = make_rigged_face(["jawOpen"])
    path = add_property(rig, "mouthClose", 0.0, min=0.0, max=1.0)
    drive(_value(face), "value", rig, path, "clamp(v * 0.5)")
    take = _play(blank_scene, face)
    values = heights(blank_scene, face, FRAMES)[:, 0]
    np.testing.assert_allclose(values, 0.5 * captured(take, "mouthClose", FRAMES), atol=NEAR)
    assert _notes(blank_scene, face) == ""


def test_a_handle_with_a_bone_s_name_moves_what_it_drives(blank_scene: Any) -> None:
    """A bone called after the jaw that deforms nothing is there for what it drives."""
    rig, face = make_rigged_face(["jawOpen"], ["c_lips_corner.L", "c_jawbone"])
    drive_by_bone(_value(face), "value", rig, "c_jawbone", "LOC_Z", "-v * 10")
    take = _play(blank_scene, face)
    assert ("rig", 'pose.bones["c_jawbone"].location', 2) in keyed_channels()
    assert not any("c_jawbone" in path and "rotation" in path for _, path, _ in keyed_channels())
    values = heights(blank_scene, face, FRAMES)[:, 0]
    np.testing.assert_allclose(values, captured(take, "jawOpen", FRAMES), atol=NEAR)


def _bone_value(scene: Any, rig: Any, bone: str, frames: list[int], index: int) -> np.ndarray:
    rows = []
    for frame in frames:
        scene.frame_set(frame)
        moved = rig.evaluated_get(bpy.context.evaluated_depsgraph_get())
        rows.append(moved.pose.bones[bone].rotation_euler[index])
    return np.array(rows)


@pytest.mark.parametrize("by", ["property", "turn of a bone", "move of a bone", "bent turn"])
def test_a_driven_bone_is_turned_by_what_drives_it(by: str, blank_scene: Any) -> None:
    """The jaw turns as far as it would if it were free, and nothing keys it."""
    free, _ = make_rigged_face([], [])
    for bone in free.pose.bones:
        bone.rotation_mode = "XYZ"
    _, free_map = character_of(blank_scene, free)
    turns = [e for e in free_map.entries if '"jaw"].rotation' in e.control.path]
    gains = {e.control.index: {s.channel: s.gain for s in e.sources} for e in turns}
    index = max(gains, key=lambda n: abs(gains[n].get("jawOpen", 0.0)))
    bpy.data.objects.remove(free)
    rig, _ = make_rigged_face([], ["slider.003"])
    path = 'pose.bones["jaw"].rotation_euler'
    sign = np.sign(gains[index]["jawOpen"])
    if by == "property":
        fcurve = rig.driver_add(path, index)
        fcurve.driver.type = "SCRIPTED"
        add_variable(fcurve, "v", rig, add_property(rig, "prop_17", 0.0, min=0.0, max=10.0))
        fcurve.driver.expression = f"v * {0.05 * sign}"
    else:
        kind, expression = {
            "turn of a bone": ("ROT_X", f"v * {-0.5 * sign}"),
            "move of a bone": ("LOC_Y", f"v * {4.0 * sign}"),
            "bent turn": ("ROT_Y", f"tan(v) * {0.6 * sign}"),
        }[by]
        drive_by_bone(rig, path, rig, "slider.003", kind, expression, index=index)
    take = _play(blank_scene, rig)
    assert not any('"jaw"].rotation' in path for _, path, _ in keyed_channels())
    expected = sum(gain * captured(take, name, FRAMES) for name, gain in gains[index].items())
    values = _bone_value(blank_scene, rig, "jaw", FRAMES, index)
    np.testing.assert_allclose(values, expected, atol=NEAR if by != "bent turn" else 1e-3)


def test_what_was_there_before_comes_back(blank_scene: Any) -> None:
    face = make_dial_face(["jawOpen"])
    panel = make_panel()
    drive_by_bone(_value(face), "value", panel, "slider.003", "LOC_X", "min(v * 8, 1)")
    panel.pose.bones["slider.003"].location.x = 0.02
    blank_scene.frame_set(1)
    before = file_state(blank_scene)
    picked, rig_map = character_of(blank_scene, face)
    apply_take(blank_scene, picked, wave_take(), rig_map)
    assert differences(before, file_state(blank_scene))
    blank_scene.frame_set(1)
    remove_take(blank_scene, picked)
    bpy.context.view_layer.update()
    assert differences(before, file_state(blank_scene)) == []


def test_where_the_character_stands_does_not_matter(blank_scene: Any) -> None:
    """The copy is measured at rest, whatever plays, is posed or hidden."""
    rig, face = make_panel("rig"), make_dial_face(["jawOpen"])
    drive_by_bone(_value(face), "value", rig, "slider.003", "LOC_Y", "clamp(v * 20)")
    rig.pose.bones["slider.003"].location = (0.3, 0.02, 0.1)
    face.hide_viewport = True
    posed = character_of(blank_scene, face)[1]
    rig.pose.bones["slider.003"].location = (0.0, 0.0, 0.0)
    face.hide_viewport = False
    assert character_of(blank_scene, face)[1] == posed
    assert [s.channel for entry in posed.entries for s in entry.sources] == ["jawOpen"]
