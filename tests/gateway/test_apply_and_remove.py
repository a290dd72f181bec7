# SPDX-License-Identifier: GPL-3.0-or-later
"""Applying and removing leaves the file as it was; in between the body plays on."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
import pytest
from animated_scenes import SETUPS, animated_scene
from file_state import (
    action_state,
    basis_quaternions,
    differences,
    file_state,
    pose_matrices,
    shape_values,
)
from small_scenes import BODY_BONES, SHAPES, character_of, make_armature, wave_take

from facemocap_addon.gateway.applying.performance import ApplyOptions, apply_take, remove_take

FRAMES = [-30, 1, 7, 20, 40, 41, 60, 120, 121, 150, 400]


@pytest.mark.parametrize("setup", SETUPS)
def test_the_file_is_as_it_was(setup: str) -> None:
    scene, _, face = animated_scene(setup)
    before = file_state(scene)
    picked, rig_map = character_of(scene, face)

    apply_take(scene, picked, wave_take(), rig_map, ApplyOptions(start_frame=10))
    assert differences(before, file_state(scene))
    scene.frame_set(33)
    scene.frame_set(12)
    remove_take(scene, picked)

    bpy.context.view_layer.update()
    assert differences(before, file_state(scene)) == []
    # and it stays so when the scene is evaluated again
    scene.frame_set(40)
    scene.frame_set(12)
    assert differences(before, file_state(scene)) == []


@pytest.mark.parametrize("setup", SETUPS)
def test_applied_over_it_the_body_plays_on_and_the_face_is_the_takes(setup: str) -> None:
    scene, rig, face = animated_scene(setup)
    frames = FRAMES
    body = pose_matrices(scene, rig, frames)
    head_before = basis_quaternions(scene, rig, frames)
    others = {a.name: action_state(a) for a in bpy.data.actions}
    picked, rig_map = character_of(scene, face)
    take = wave_take()

    apply_take(scene, picked, take, rig_map, ApplyOptions(start_frame=10))

    for name in BODY_BONES:
        np.testing.assert_allclose(
            pose_matrices(scene, rig, frames)[name], body[name], atol=2e-5, err_msg=name
        )
    for name, state in others.items():
        # only how many use it may change
        assert differences(state, action_state(bpy.data.actions[name])) == []

    times = np.clip((np.array(frames) - 10) / 24, 0, take.duration_s)
    inside = [i for i, f in enumerate(frames) if 10 <= f <= 57]
    shapes = shape_values(scene, face, frames)
    for name in SHAPES:
        expected = np.interp(times, take.times, take.values[:, take.names.index(name)])
        assert np.ptp(expected) > 0.1
        np.testing.assert_allclose(shapes[name][inside], expected[inside], atol=1e-5, err_msg=name)

    # eyes only the take moves; the head is what it was, turned by the take's own turn
    alone = _alone(take)
    now = basis_quaternions(scene, rig, frames)
    for index in inside:
        for name in ("eye.L", "eye.R"):
            _same_turn(now[name][index], alone[name][index])
        for name in ("neck", "head"):
            _same_turn(now[name][index], _product(head_before[name][index], alone[name][index]))


def _alone(take: Any) -> dict[str, np.ndarray]:
    """Turns of the face's bones on a character that nothing else moves (in a scene of its own)."""
    main = bpy.context.window.scene
    scene = bpy.data.scenes.new("alone")
    bpy.context.window.scene = scene
    rig = make_armature("alone rig")
    picked, rig_map = character_of(scene, rig)
    apply_take(scene, picked, take, rig_map, ApplyOptions(start_frame=10))
    out = basis_quaternions(scene, rig, FRAMES)
    bpy.context.window.scene = main
    return out


def _product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    w, v = a[0] * b[0] - a[1:] @ b[1:], a[0] * b[1:] + b[0] * a[1:] + np.cross(a[1:], b[1:])
    return np.array([w, *v])


def _same_turn(a: np.ndarray, b: np.ndarray) -> None:
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    assert 2 * np.arccos(min(1.0, abs(float(a @ b)))) < 2e-3


def test_replacing_the_face_over_a_body_that_moves_the_jaw() -> None:
    scene, rig, _ = animated_scene("body")
    # a face of bones only: no shape keys, so the jaw is the take's
    bpy.data.objects.remove(bpy.data.objects["face"])
    frames = [1, 10, 22, 35, 44]
    picked, rig_map = character_of(scene, rig)
    take = wave_take()
    alone_jaw = _jaw_alone(take, frames)
    apply_take(scene, picked, take, rig_map, ApplyOptions(start_frame=1))

    now = basis_quaternions(scene, rig, frames)["jaw"]
    for one, two in zip(now, alone_jaw, strict=True):
        _same_turn(one, two)

    apply_take(scene, picked, take, rig_map, ApplyOptions(start_frame=1, head_layer="REPLACE"))
    head = basis_quaternions(scene, rig, frames)["head"]
    bpy.data.actions["walk"].use_fake_user = True
    remove_take(scene, picked)
    rig.animation_data.action = None
    for bone in rig.pose.bones:
        bone.matrix_basis.identity()
    apply_take(scene, picked, take, rig_map, ApplyOptions(start_frame=1))
    for one, two in zip(head, basis_quaternions(scene, rig, frames)["head"], strict=True):
        _same_turn(one, two)


def _jaw_alone(take: Any, frames: list[int]) -> np.ndarray:
    main = bpy.context.window.scene
    scene = bpy.data.scenes.new("jaw alone")
    bpy.context.window.scene = scene
    rig = make_armature("jaw rig")
    picked, rig_map = character_of(scene, rig)
    apply_take(scene, picked, take, rig_map, ApplyOptions(start_frame=1))
    out = basis_quaternions(scene, rig, frames)["jaw"]
    bpy.context.window.scene = main
    return out
