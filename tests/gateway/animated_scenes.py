# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenes with a character that is animated in many ways before a take comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy
from small_scenes import (
    SHAPES,
    add_property,
    body_action,
    drive,
    make_armature,
    make_face,
    shape_action,
)

Setup = Callable[[Any, Any], None]
#: name of a situation: what puts it on an armature and a face
SETUPS: dict[str, Setup] = {}


def animated_scene(setup: str) -> tuple[Any, Any, Any]:
    """A new file with the situation in it: scene, armature, face."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 5, 77
    rig = make_armature()
    face = make_face("face", [*SHAPES, "myOwnShape"], rig)
    SETUPS[setup](rig, face)
    scene.frame_set(12)
    return scene, rig, face


def add_track(rig: Any, name: str = "walk track") -> Any:
    """A track with one strip, of an Action of its own that moves the body."""
    action = body_action(rig, f"{name} action", assign=False)
    data = rig.animation_data or rig.animation_data_create()
    track = data.nla_tracks.new()
    track.name = name
    strip = track.strips.new(name, 3, action)
    strip.action_slot = action.slots[0]
    return track


def _curves(action: bpy.types.Action) -> list[Any]:
    return list(action.layers[0].strips[0].channelbags[0].fcurves)


def _setup(function: Setup) -> Setup:
    """Enter a situation under its name."""
    SETUPS[function.__name__.replace("_", " ")] = function
    return function


@_setup
def nothing(rig: Any, face: Any) -> None:
    pass


@_setup
def body(rig: Any, face: Any) -> None:
    body_action(rig)


@_setup
def body_without_face(rig: Any, face: Any) -> None:
    body_action(rig, face=False)


@_setup
def cycles(rig: Any, face: Any) -> None:
    for curve in _curves(body_action(rig)):
        curve.modifiers.new("CYCLES")


@_setup
def linear(rig: Any, face: Any) -> None:
    for curve in _curves(body_action(rig)):
        curve.extrapolation = "LINEAR"


@_setup
def noise(rig: Any, face: Any) -> None:
    for curve in _curves(body_action(rig)):
        curve.modifiers.new("NOISE").strength = 0.1


@_setup
def influence(rig: Any, face: Any) -> None:
    body_action(rig)
    rig.animation_data.action_influence = 0.4


@_setup
def influence_over_track(rig: Any, face: Any) -> None:
    add_track(rig)
    influence(rig, face)


@_setup
def add(rig: Any, face: Any) -> None:
    add_track(rig)
    body_action(rig, "extra")
    rig.animation_data.action_blend_type = "ADD"


@_setup
def hold_forward(rig: Any, face: Any) -> None:
    add_track(rig)
    body_action(rig, "extra", frames=(10, 30))
    rig.animation_data.action_extrapolation = "HOLD_FORWARD"


@_setup
def cycles_over_track(rig: Any, face: Any) -> None:
    add_track(rig)
    for curve in _curves(body_action(rig, "extra")):
        curve.modifiers.new("CYCLES")
    rig.animation_data.action_blend_type = "COMBINE"


@_setup
def cycles_held_forward(rig: Any, face: Any) -> None:
    cycles_over_track(rig, face)
    rig.animation_data.action_extrapolation = "HOLD_FORWARD"


@_setup
def cycles_within_keys(rig: Any, face: Any) -> None:
    cycles_over_track(rig, face)
    rig.animation_data.action_extrapolation = "NOTHING"


@_setup
def no_extrapolation(rig: Any, face: Any) -> None:
    add_track(rig)
    body_action(rig, "extra", frames=(10, 30))
    rig.animation_data.action_extrapolation = "NOTHING"


@_setup
def no_extrapolation_alone(rig: Any, face: Any) -> None:
    body_action(rig, "extra", frames=(10, 30))
    rig.animation_data.action_extrapolation = "NOTHING"


@_setup
def nla_off_with_settings(rig: Any, face: Any) -> None:
    add_track(rig)
    body_action(rig, "extra", frames=(10, 30))
    data = rig.animation_data
    data.action_extrapolation = "NOTHING"
    data.action_influence = 0.3
    data.action_blend_type = "ADD"
    data.use_nla = False


@_setup
def nla_off_tracks_only(rig: Any, face: Any) -> None:
    add_track(rig)
    rig.animation_data.use_nla = False


@_setup
def tracks_only(rig: Any, face: Any) -> None:
    add_track(rig)


@_setup
def muted_track(rig: Any, face: Any) -> None:
    add_track(rig)
    track = add_track(rig, "muted one")
    track.mute = True
    body_action(rig, "extra")


@_setup
def muted_strip(rig: Any, face: Any) -> None:
    add_track(rig).strips[0].mute = True
    body_action(rig, "extra")


@_setup
def all_muted(rig: Any, face: Any) -> None:
    add_track(rig).mute = True
    body_action(rig, "extra", frames=(10, 30))
    rig.animation_data.action_influence = 0.4
    rig.animation_data.action_extrapolation = "NOTHING"


@_setup
def muted_strip_with_influence(rig: Any, face: Any) -> None:
    all_muted(rig, face)
    track = rig.animation_data.nla_tracks[0]
    track.mute, track.strips[0].mute = False, True


@_setup
def linear_within_keys(rig: Any, face: Any) -> None:
    add_track(rig)
    for curve in _curves(body_action(rig, "extra", frames=(10, 30))):
        curve.extrapolation = "LINEAR"
    rig.animation_data.action_extrapolation = "NOTHING"


@_setup
def linear_held_forward(rig: Any, face: Any) -> None:
    linear_within_keys(rig, face)
    rig.animation_data.action_extrapolation = "HOLD_FORWARD"


@_setup
def solo_track(rig: Any, face: Any) -> None:
    add_track(rig, "first")
    add_track(rig, "second").is_solo = True
    body_action(rig, "extra")


@_setup
def solo_track_only(rig: Any, face: Any) -> None:
    add_track(rig, "first")
    add_track(rig, "second").is_solo = True


@_setup
def scaled_strip(rig: Any, face: Any) -> None:
    strip = add_track(rig).strips[0]
    strip.repeat = 3.0
    strip.scale = 0.7
    strip.use_reverse = True
    strip.blend_type = "COMBINE"


@_setup
def frame_range(rig: Any, face: Any) -> None:
    action = body_action(rig)
    action.use_frame_range = True
    action.frame_start, action.frame_end = 10, 20


@_setup
def one_key(rig: Any, face: Any) -> None:
    for curve in _curves(body_action(rig)):
        while len(curve.keyframe_points) > 1:
            curve.keyframe_points.remove(curve.keyframe_points[-1])


@_setup
def shared_action(rig: Any, face: Any) -> None:
    other = make_armature("other rig")
    action = body_action(rig)
    other.animation_data_create().action = action
    other.animation_data.action_slot = action.slots[0]


@_setup
def two_slots(rig: Any, face: Any) -> None:
    # one Action of the animator's moves the body and the face's shape keys
    action = body_action(rig)
    keys = face.data.shape_keys
    slot = action.slots.new("KEY", keys.name)
    bag = action.layers[0].strips[0].channelbag(slot, ensure=True)
    curve = bag.fcurves.new('key_blocks["jawOpen"].value')
    for frame in (1, 10, 20):
        curve.keyframe_points.insert(frame, 0.03 * frame)
    data = keys.animation_data_create()
    data.action, data.action_slot = action, slot


@_setup
def shapes(rig: Any, face: Any) -> None:
    shape_action(face)


@_setup
def everything(rig: Any, face: Any) -> None:
    shape_action(face)
    add_track(rig)
    body_action(rig, "extra")


@_setup
def action_without_slot(rig: Any, face: Any) -> None:
    body_action(rig)
    rig.animation_data.action_slot = None


@_setup
def empty_animation_data(rig: Any, face: Any) -> None:
    rig.animation_data_create()
    face.data.shape_keys.animation_data_create()


@_setup
def drivers(rig: Any, face: Any) -> None:
    path = add_property(rig, "browInnerUp", 0.2, min=0.0, max=1.0)
    drive(face.data.shape_keys.key_blocks["browInnerUp"], "value", rig, path)
    body_action(rig)


@_setup
def posed(rig: Any, face: Any) -> None:
    rig.pose.bones["jaw"].rotation_quaternion = (0.9, 0.1, 0.2, 0.3)
    rig.pose.bones["jaw"].location = (0.01, 0.02, 0.03)
    face.data.shape_keys.key_blocks["jawOpen"].value = 0.37
