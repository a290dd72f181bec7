# SPDX-License-Identifier: GPL-3.0-or-later
"""Bones turn by the same rotation whatever their rotation mode; the head's parts add up."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from file_state import basis_quaternions
from mathutils import Matrix, Quaternion, Vector
from small_scenes import character_of, make_armature, wave_take

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.take import make_take
from facemocap_addon.gateway.applying.performance import ApplyOptions, apply_take
from facemocap_addon.gateway.files.rig_files import open_rig

MODES = ("QUATERNION", "AXIS_ANGLE", "XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX")


def _angle(a: np.ndarray, b: np.ndarray) -> float:
    """Angle between two rotations, accurate for small ones too."""
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    return 4 * math.asin(min(1.0, min(np.linalg.norm(a - b), np.linalg.norm(a + b)) / 2))


@pytest.mark.parametrize("mode", MODES)
def test_all_modes_turn_alike(mode: str, blank_scene: Any) -> None:
    take = wave_take(seconds=1.0)
    loud = take.changed("wider", values=take.values * 2.2)
    frames = list(range(1, 26))
    poses = []
    for each in ("QUATERNION", mode):
        rig = make_armature(each, mode=each)
        picked, rig_map = character_of(blank_scene, rig)
        apply_take(blank_scene, picked, loud, rig_map, ApplyOptions(raw=True))
        assert {bone.rotation_mode for bone in rig.pose.bones} == {each}
        poses.append(basis_quaternions(blank_scene, rig, frames))
    for bone in ("head", "neck", "jaw", "eye.L", "eye.R"):
        assert max(_angle(q, poses[0][bone][0]) for q in poses[0][bone]) > 0.1
        for one, two in zip(poses[0][bone], poses[1][bone], strict=True):
            assert _angle(one, two) < 1e-5


@pytest.mark.parametrize("mode", MODES)
def test_no_flips_between_frames(mode: str, blank_scene: Any) -> None:
    """Neighbouring keys are neighbouring numbers, however far the head turns."""
    schema = arkit_schema()
    times = np.arange(241) / 60
    swing = np.stack(
        [2.6 * np.sin(times * 1.6), 1.2 * np.sin(times * 2.3), 0.8 * np.sin(times * 3.1)], axis=1
    )
    take = make_take(times, [schema[n] for n in ("headYaw", "headPitch", "headRoll")], swing)
    rig = make_armature(mode=mode)
    picked, rig_map = character_of(blank_scene, rig)
    apply_take(blank_scene, picked, take, rig_map, ApplyOptions(raw=True))
    bag = rig.animation_data.action.layers[0].strips[0].channelbags[0]
    assert len(bag.fcurves) == 2 * (4 if mode in MODES[:2] else 3)
    for fcurve in bag.fcurves:
        co = np.empty(2 * len(fcurve.keyframe_points), np.float32)
        fcurve.keyframe_points.foreach_get("co", co)
        steps = np.abs(np.diff(co[1::2]))
        # near an Euler order's own pole two angles may move fast, but never by half a turn
        assert steps.max() < (0.5 if mode in MODES[:2] else 1.6), fcurve.data_path
    if mode == "QUATERNION":
        for path in {f.data_path for f in bag.fcurves}:
            curves = sorted((f for f in bag.fcurves if f.data_path == path), key=_index)
            values = np.stack([[p.co[1] for p in f.keyframe_points] for f in curves], axis=1)
            assert (np.sum(values[1:] * values[:-1], axis=1) > 0.9).all()
            np.testing.assert_allclose(np.linalg.norm(values, axis=1), 1, atol=1e-6)


def _index(fcurve: Any) -> int:
    return int(fcurve.array_index)


def _expected_turn(yaw: float, pitch: float, roll: float) -> Matrix:
    """The head's turn in the world of a character that faces -Y: left is +X, up is +Z.

    Signs as a person would say them: yaw to the character's left, chin up, to its left shoulder.
    """
    up, right, back = (0, 0, 1), (-1, 0, 0), (0, 1, 0)
    # intrinsic: first yaw about up, then pitch about the turned ear axis, then roll
    return (
        Matrix.Rotation(yaw, 3, up)
        @ Matrix.Rotation(pitch, 3, right)
        @ Matrix.Rotation(roll, 3, back)
    )


@pytest.mark.parametrize("mode", ["QUATERNION", "XYZ"])
@pytest.mark.parametrize(
    "degrees", [(30, 60, 20), (30, 0, 0), (0, 60, 0), (0, 0, 20), (-70, -25, 35)]
)
def test_neck_and_head_add_up(degrees: tuple[float, ...], mode: str, blank_scene: Any) -> None:
    yaw, pitch, roll = (math.radians(d) for d in degrees)
    schema = arkit_schema()
    values = np.tile([yaw, pitch, roll], (3, 1))
    names = ("headYaw", "headPitch", "headRoll")
    take = make_take(np.arange(3) / 30, [schema[n] for n in names], values)
    rig = make_armature(mode=mode)
    picked, rig_map = character_of(blank_scene, rig)
    apply_take(blank_scene, picked, take, rig_map)
    blank_scene.frame_set(1)
    bone = rig.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones["head"]
    turned = bone.matrix.to_3x3() @ bone.bone.matrix_local.to_3x3().inverted()
    off = turned.to_quaternion().rotation_difference(
        _expected_turn(yaw, pitch, roll).to_quaternion()
    )
    assert math.degrees(abs(off.angle)) < 0.01
    # both bones take part
    neck = rig.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones["neck"]
    assert neck.matrix_basis.to_quaternion().angle > 0.05
    # in words: to its left, chin up, to its left shoulder
    front = turned @ Vector((0, -1, 0))
    top = turned @ Vector((0, 0, 1))
    if degrees == (30, 0, 0):
        assert front.x > 0.4
    if degrees == (0, 60, 0):
        assert front.z > 0.8
    if degrees == (0, 0, 20):
        assert top.x > 0.3


@pytest.mark.parametrize("turn", [(0, 0, 0), (0, 0, 140), (90, 0, 0)])
def test_eyes_and_jaw_go_where_the_channels_say(turn: tuple[float, ...], blank_scene: Any) -> None:
    """However the armature object stands in the scene."""
    schema = arkit_schema()
    names = (
        "eyeLookOutLeft", "eyeLookInLeft", "eyeLookUpLeft", "eyeLookDownLeft",
        "eyeLookOutRight", "eyeLookInRight", "eyeLookUpRight", "eyeLookDownRight",
        "jawOpen", "jawLeft",
    )  # fmt: skip
    take = make_take(np.arange(11) / 24, [schema[n] for n in names], np.eye(11)[:, 1:])
    rig = make_armature()
    rig.rotation_euler = [math.radians(d) for d in turn]
    picked, rig_map = character_of(blank_scene, rig)
    apply_take(blank_scene, picked, take, rig_map)
    left, up, front = (
        rig.rotation_euler.to_matrix() @ Vector(v) for v in ((1, 0, 0), (0, 0, 1), (0, -1, 0))
    )

    def pointing(bone: str, frame: int) -> tuple[float, float]:
        blank_scene.frame_set(frame)
        moved = rig.evaluated_get(bpy.context.evaluated_depsgraph_get())
        pose = moved.pose.bones[bone]
        rest = moved.matrix_world.to_3x3() @ pose.bone.matrix_local.to_3x3()
        now = (moved.matrix_world @ pose.matrix).to_3x3()
        gaze = now @ rest.inverted() @ front
        return gaze.dot(left), gaze.dot(up)

    for number, name in enumerate(names):
        frame = 2 + number
        if name.startswith("eye"):
            side = "L" if name.endswith("Left") else "R"
            aside, rise = pointing(f"eye.{side}", frame)
            to_left = ("Out" in name) == (side == "L")
            if "Out" in name or "In" in name:
                assert (aside > 0.2) if to_left else (aside < -0.2), name
                assert abs(rise) < 0.02
            else:
                assert (rise > 0.2) if "Up" in name else (rise < -0.2), name
                assert abs(aside) < 0.02
            other = f"eye.{'R' if side == 'L' else 'L'}"
            np.testing.assert_allclose(pointing(other, frame), 0, atol=1e-5)
        elif name == "jawOpen":
            assert pointing("jaw", frame)[1] < -0.25


def _necked(number: int, mode: str) -> Any:
    """An armature whose head stands on so many neck bones, each rolled another way."""
    data = bpy.data.armatures.new("necked")
    rig = bpy.data.objects.new("necked", data)
    bpy.context.scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    names = ["root", *(f"neck{n:02}" for n in range(1, number + 1)), "head"]
    for place, name in enumerate(names):
        bone = data.edit_bones.new(name)
        bone.head = (0, 0.01 * place, 1.2 + 0.1 * place)
        bone.tail = (0, 0.01 * place + 0.02, 1.3 + 0.1 * place)
        bone.roll = 0.7 * place + 0.2
        if place:
            bone.parent = data.edit_bones[names[place - 1]]
    bpy.ops.object.mode_set(mode="OBJECT")
    for bone in rig.pose.bones:
        bone.rotation_mode = mode
    return rig


@pytest.mark.parametrize("necks", [0, 1, 2, 3])
@pytest.mark.parametrize("mode", MODES)
def test_necks_of_all_lengths_turn_right_round(mode: str, necks: int, blank_scene: Any) -> None:
    """A head that turns by 30, 60 and 20 degrees and past half a turn, recorded wrapped."""
    schema = arkit_schema()
    t = np.arange(73) / 24
    swing = np.radians([30.0, 60.0, 20.0]) * np.sin(np.stack([1.7 * t, 1.1 * t, 2.3 * t], axis=1))
    swing[:, 0] += np.radians(200) * np.sin(t)
    wrapped = (swing + np.pi) % (2 * np.pi) - np.pi
    assert np.abs(np.diff(wrapped[:, 0])).max() > 6
    take = make_take(t, [schema[n] for n in ("headYaw", "headPitch", "headRoll")], wrapped)
    rig = _necked(necks, mode)
    picked, rig_map = character_of(blank_scene, rig)
    apply_take(blank_scene, picked, take, rig_map)
    rest = rig.data.bones["head"].matrix_local.to_3x3().inverted()
    before: dict[str, np.ndarray] = {}
    used = {entry.control.path.split('"')[1] for entry in rig_map.entries}
    assert len(used) == min(necks + 1, 3)
    fastest = 0.0
    for number, angles in enumerate(swing.tolist()):
        blank_scene.frame_set(1 + number)
        pose = rig.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
        turned = (pose["head"].matrix.to_3x3() @ rest).to_quaternion()
        wanted = _expected_turn(*angles).to_quaternion()
        assert math.degrees(_angle(np.array(turned), np.array(wanted))) < 0.01
        basis = {name: np.array(pose[name].matrix_basis.to_quaternion()) for name in used}
        fastest = max([fastest, *(_angle(basis[name], before[name]) for name in before)])
        before = basis
    # a bone that flips goes to the other side within one frame
    assert math.degrees(fastest) < 14


def test_quaternion_of_a_turned_rest_pose() -> None:
    """`_angle` itself: the oracle of this file measures small angles."""
    q = Quaternion((0, 0, 1), 3e-6)
    assert _angle(np.array(q), np.array([1.0, 0, 0, 0])) == pytest.approx(3e-6, rel=0.05)


def test_bone_face_visibly_follows(sample_rigs: Path) -> None:
    """Jaw, lids, eyes and head of the bone rig move the mesh that hangs on them."""
    schema = arkit_schema()
    names = ("jawOpen", "eyeBlinkLeft", "eyeBlinkRight", "headYaw")
    values = np.zeros((5, 4))
    values[1, 0] = values[2, 1] = values[2, 2] = 1.0
    values[3, 3] = 0.5
    take = make_take(np.arange(5) / 24, [schema[n] for n in names], values)
    scene = open_rig(sample_rigs / "bone_face.blend")
    head = bpy.data.objects["bone_head"]
    picked, rig_map = character_of(scene, head, take)
    apply_take(scene, picked, take, rig_map)

    def points(frame: int) -> np.ndarray:
        scene.frame_set(frame)
        mesh = head.evaluated_get(bpy.context.evaluated_depsgraph_get()).to_mesh()
        out = np.empty(3 * len(mesh.vertices), np.float32)
        mesh.vertices.foreach_get("co", out)
        return out.reshape(-1, 3)

    rest = points(1)
    width = float(np.ptp(rest[:, 0]))
    jaw = points(2) - rest
    assert -jaw[:, 2].min() > 0.1 * width
    blink = points(3) - rest
    for side in (1, -1):
        lids = blink[(rest[:, 0] * side) > 0.01 * width]
        assert -lids[:, 2].min() > 0.01 * width
    nose = int(np.argmin(rest[:, 1]))
    assert points(4)[nose, 0] - rest[nose, 0] > 0.1 * width
