# SPDX-License-Identifier: GPL-3.0-or-later
"""Drivers that begin at a bone's scale, or at where an object is: one component is keyed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy
import numpy as np
import pytest
from control_rigs import (
    captured,
    drive_by_bone,
    driven_channels,
    heights,
    keyed_channels,
    limit_location,
    make_dial_face,
    make_panel,
)
from file_state import differences, file_state
from small_scenes import character_of, drive, wave_take

from facemocap_addon.gateway.applying.performance import apply_take, remove_take
from facemocap_addon.gateway.characters.characters import pick_character, read_character

FRAMES = [1, 8, 16, 23, 30, 45]
Keyed = tuple[str, str, int]


def _value(face: Any) -> Any:
    return face.data.shape_keys.key_blocks["jawOpen"]


def _knob() -> Any:
    """An empty that stands somewhere, as a slider of a control panel."""
    knob: Any = bpy.data.objects.new("knob", None)
    bpy.context.scene.collection.objects.link(knob)
    knob.location = (3.0, -1.0, 1.25)
    return knob


def _drive_by_knob(face: Any, kind: str, space: str, expression: str) -> Any:
    knob = _knob()
    fcurve: Any = _value(face).driver_add("value")
    variable: Any = fcurve.driver.variables.new()
    variable.name, variable.type = "v", "TRANSFORMS"
    target = variable.targets[0]
    target.id, target.transform_type, target.transform_space = knob, kind, space
    fcurve.driver.type = "SCRIPTED"
    fcurve.driver.expression = expression
    return knob


def _scaled(face: Any) -> Keyed:
    drive_by_bone(_value(face), "value", make_panel(), "slider.003", "SCALE_Z", "(v - 1) * 2")
    return "panel", 'pose.bones["slider.003"].scale', 2


def _scaled_by_path(face: Any) -> Keyed:
    drive(_value(face), "value", make_panel(), 'pose.bones["slider.003"].scale[1]', "1.5 - v")
    return "panel", 'pose.bones["slider.003"].scale', 1


def _object_moved_by_path(face: Any) -> Keyed:
    drive(_value(face), "value", _knob(), "location[2]", "v * 4 - 5")
    return "knob", "location", 2


def _object_moved_within_limits(face: Any) -> Keyed:
    knob = _drive_by_knob(face, "LOC_X", "WORLD_SPACE", "min(1, (v - 3) * 5)")
    limit_location(knob, "x", 3.0, 3.5)
    return "knob", "location", 0


def _object_turned(face: Any) -> Keyed:
    _drive_by_knob(face, "ROT_Y", "TRANSFORM_SPACE", "max(0, v) / 0.9")
    return "knob", "rotation_euler", 1


def _object_scaled(face: Any) -> Keyed:
    _drive_by_knob(face, "SCALE_X", "TRANSFORM_SPACE", "v - 1")
    return "knob", "scale", 0


@pytest.mark.parametrize(
    "build",
    [
        _scaled,
        _scaled_by_path,
        _object_moved_by_path,
        _object_moved_within_limits,
        _object_turned,
        _object_scaled,
    ],
)
def test_one_component_is_keyed(build: Callable[[Any], Keyed], blank_scene: Any) -> None:
    """The driven shape has the captured value, and all comes back where it was."""
    face = make_dial_face(["jawOpen"])
    expected = build(face)
    blank_scene.frame_set(1)
    before = file_state(blank_scene)
    picked, rig_map = character_of(blank_scene, face)
    take = wave_take()
    apply_take(blank_scene, picked, take, rig_map)
    assert keyed_channels() == {expected}
    assert not keyed_channels() & driven_channels()
    values = heights(blank_scene, face, FRAMES)[:, 0]
    np.testing.assert_allclose(values, captured(take, "jawOpen", FRAMES), atol=1e-5)
    blank_scene.frame_set(1)
    remove_take(blank_scene, picked)
    bpy.context.view_layer.update()
    assert differences(before, file_state(blank_scene)) == []


def test_a_locked_component_is_named(blank_scene: Any) -> None:
    face = make_dial_face(["jawOpen"])
    _drive_by_knob(face, "LOC_X", "TRANSFORM_SPACE", "v - 3").lock_location[0] = True
    blank_scene.frame_set(1)
    notes = read_character(pick_character(blank_scene, [face]), blank_scene).notes
    assert any("location X of knob, which is locked" in note for note in notes)
