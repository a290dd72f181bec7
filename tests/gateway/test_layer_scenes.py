# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers on tracks over every kind of animation: the same face, the body below, the file back."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
import pytest
from animated_scenes import animated_scene
from file_state import differences, file_state, pose_matrices, shape_values
from small_scenes import BODY_BONES, character_of, wave_take

from facemocap_addon.core.stack.stack import Stack, make_step
from facemocap_addon.gateway.applying.performance import ApplyOptions, apply_take, remove_take
from facemocap_addon.gateway.takes.layer_pushing import pull_layer, push_layer

LAYERS = Stack((make_step("asymmetry", amount=0.2), make_step("posture", context="wary")))
#: The others differ from these in nothing that matters to tracks.
SCENES = (
    "nothing",
    "body",
    "add",
    "nla off tracks only",
    "muted track",
    "solo track",
    "shapes",
    "drivers",
    "everything",
)
FRAMES = [-30, 7, 10, 20, 40, 57, 58, 120]


def degrees(one: dict[str, Any], two: dict[str, Any]) -> float:
    """Largest turn between two poses."""
    worst = 0.0
    for name, poses in one.items():
        for pair in zip(poses, two[name], strict=True):
            a, b = (np.array(each)[:3, :3] for each in pair)
            between = (a / np.linalg.norm(a, axis=0)).T @ (b / np.linalg.norm(b, axis=0))
            skew = [between[i, j] - between[j, i] for i, j in ((2, 1), (0, 2), (1, 0))]
            sine = min(0.5 * float(np.linalg.norm(skew)), 1.0)
            worst = max(worst, float(np.degrees(np.arcsin(sine))))
    return worst


@pytest.mark.parametrize("setup", SCENES)
def test_layer_tracks_over_any_scene(setup: str) -> None:
    scene, rig, face = animated_scene(setup)
    empty = file_state(scene)
    body = pose_matrices(scene, rig, FRAMES)
    picked, rig_map = character_of(scene, face)
    apply_take(scene, picked, wave_take(), rig_map, ApplyOptions(start_frame=10, stack=LAYERS))
    scene.frame_set(12)
    applied = file_state(scene)
    shapes, pose = shape_values(scene, face, FRAMES), pose_matrices(scene, rig, FRAMES)
    push_layer(scene, picked, 1)
    push_layer(scene, picked, 0)
    now = shape_values(scene, face, FRAMES)
    for name, values in shapes.items():
        np.testing.assert_allclose(now[name], values, rtol=0, atol=1e-5, err_msg=name)
    moved = pose_matrices(scene, rig, FRAMES)
    assert degrees(moved, pose) < 0.05
    for name in BODY_BONES:
        np.testing.assert_allclose(moved[name], body[name], atol=2e-5, err_msg=name)
    pull_layer(scene, picked, "posture")
    pull_layer(scene, picked, "asymmetry")
    scene.frame_set(12)
    assert [each for each in differences(applied, file_state(scene)) if "users" not in each] == []
    push_layer(scene, picked, 1)
    remove_take(scene, picked)
    bpy.context.view_layer.update()
    scene.frame_set(12)
    assert differences(empty, file_state(scene)) == []
