# SPDX-License-Identifier: GPL-3.0-or-later
"""Eyes and head on whole characters, measured on what Blender evaluates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from file_state import differences, file_state
from gaze_stage import (
    FRONT,
    Stage,
    captured,
    gaze_off,
    head_angles,
    head_off_deg,
    off_deg,
    open_stage,
    read,
    telling,
    with_head,
)
from scipy.spatial.transform import Rotation
from small_scenes import character_of, make_armature

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.controls import BONE
from facemocap_addon.core.gaze.eye_turns import EyeTurn
from facemocap_addon.core.gaze.gaze_fit import with_measured_eyes
from facemocap_addon.core.progress import run_job
from facemocap_addon.core.rig_maps.matching import match
from facemocap_addon.core.rig_maps.rig_map import RigMap
from facemocap_addon.core.take import Take, make_take
from facemocap_addon.gateway.applying.performance import ApplyOptions, apply_take
from facemocap_addon.gateway.characters.characters import find_characters
from facemocap_addon.gateway.files.rig_files import open_rig
from facemocap_addon.gateway.measuring.eye_turns import measure_eye_turns

ROM = "alexdjulin_alex_rom_3.csv"
TALK = "JMTechArt_MySlate_3_iPhone.csv"
#: Rig: its file, and the bone that the skull hangs on.
RIGS = {
    "makehuman": ("makehuman/makehuman_face_female.blend", "head"),
    "rigify skin": ("makehuman_rigify/makehuman_rigify_skin_face.blend", "DEF-spine.006"),
    "rigify super": ("makehuman_rigify/makehuman_rigify_super_face.blend", "DEF-spine.006"),
    "rocketbox": ("rocketbox/Male_Adult_04.fbx", "Bip01 Head"),
    "cristine": ("sumerian_cristine/cristine.gltf", "char:def_c_neckB"),
}


def measured(stage: Stage, kept: Callable[[EyeTurn], bool] = lambda _: True) -> RigMap:
    """The map by names, its eyes as measured."""
    turns = run_job(measure_eye_turns(stage.picked, stage.scene))
    assert turns is not None
    return with_measured_eyes(
        match(stage.controls), [turn for turn in turns if kept(turn)], stage.controls
    )


@pytest.mark.shared
@pytest.mark.parametrize("rig", RIGS)
def test_eyes_and_head_of_real_rigs(rig: str, shared: Path) -> None:
    """Eyes that bones turn, that look at targets, that shapes turn besides; necks of any length."""
    file, skull = RIGS[rig]
    stage = open_stage(shared / "rigs" / file)
    rig_map = measured(stage)
    take = read(shared, ROM)
    report = apply_take(stage.scene, stage.picked, take, rig_map)
    off, inside = gaze_off(stage, take, telling(take, 4))
    assert off[inside].max() < 0.6
    # beyond the range at its edge, and told
    assert 0 < (~inside).sum() < inside.size / 2
    assert off.max() < 0.7
    assert any("eyes pass their range by up to" in warning for warning in report.warnings)
    turning = with_head(read(shared, TALK))
    apply_take(stage.scene, stage.picked, turning, match(stage.controls))
    last = stage.scene.frame_end
    every = 1 if len(stage.picked.armature.data.bones) < 200 else 9
    assert last > 100
    assert head_off_deg(stage, turning, skull, np.arange(1, last + 1, every)) < 0.1
    # the eyes go with the head
    if rig == "rigify super":
        still = turning.changed("eyes ahead", values=_eyes_ahead(turning))
        apply_take(stage.scene, stage.picked, still, rig_map)
        stage.scene.frame_set(12)
        at = turning.times[0] + 11 / 24
        angles = [np.interp(at, turning.times, angle) for angle in head_angles(turning).T]
        half = Rotation.from_euler("y", np.pi)
        head = half.inv() * Rotation.from_euler("YXZ", angles) * half
        assert off_deg(head.inv().apply(stage.gaze()), np.tile(FRONT, (2, 1))).max() < 0.5


def _eyes_ahead(take: Take) -> np.ndarray:
    values = take.values.copy()
    columns = [c for c, name in enumerate(take.names) if "Eye" in name or "eyeLook" in name]
    values[:, columns] = 0.0
    return values


def test_eyes_of_the_bone_face(sample_rigs: Path, shared: Path) -> None:
    stage = open_stage(sample_rigs / "bone_face.blend")
    for name in (ROM, TALK):
        take = read(shared, name)
        apply_take(stage.scene, stage.picked, take, match(stage.controls, take))
        off, _ = gaze_off(stage, take, telling(take, 20))
        assert off.max() < 0.02
        # raw: nothing taken off, nothing held
        apply_take(stage.scene, stage.picked, take, match(stage.controls), ApplyOptions(raw=True))
        stage.scene.frame_set(30)
        seen = take.valid[:, 0]
        at = take.times[0] + 29 / 24
        yaw, pitch = (
            np.interp(at, take.times[seen], take.values[seen, take.column(f"leftEye{angle}")])
            for angle in ("Yaw", "Pitch")
        )
        wanted = Rotation.from_euler("XY", [pitch, -yaw]).apply(FRONT)
        assert off_deg(stage.gaze()[0], wanted) < 0.02
        turning = with_head(take)
        apply_take(stage.scene, stage.picked, turning, match(stage.controls))
        frames = np.arange(1, stage.scene.frame_end + 1, 1 if name == TALK else 5)
        assert head_off_deg(stage, turning, "head", frames) < 0.1


def test_lids_that_follow_the_eye_by_a_constraint_do_so_still(sample_rigs: Path) -> None:
    stage = open_stage(sample_rigs / "bone_face.blend")
    rig_map = measured(stage)
    following = {c.name for c in stage.controls if c.constrained}
    assert following
    taken = {e.control.path.split('"')[1] for e in rig_map.entries for s in e.sources
             if s.channel.startswith(("eyeLook", "leftEye", "rightEye"))}  # fmt: skip
    assert taken == {"eye.L", "eye.R"}
    down = np.zeros((3, 4))
    down[1:, [1, 3]] = 0.4
    names = ("leftEyeYaw", "leftEyePitch", "rightEyeYaw", "rightEyePitch")
    take = make_take(np.arange(3) / 24, [arkit_schema()[name] for name in names], down)
    apply_take(stage.scene, stage.picked, take, rig_map)
    stage.scene.frame_set(2)
    moved = stage.picked.armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
    turns = {
        name: (moved.pose.bones[name].parent.matrix.inverted() @ moved.pose.bones[name].matrix)
        for name in following
    }
    rest = {
        name: bone.parent.matrix_local.inverted() @ bone.matrix_local
        for name, bone in moved.data.bones.items()
        if name in following
    }
    assert max(
        turns[name].to_quaternion().rotation_difference(rest[name].to_quaternion()).angle
        for name in following
    ) > np.radians(2)


@pytest.mark.shared
def test_eyes_that_only_shapes_turn_do_the_nearest(shared: Path) -> None:
    """As if the rig had no eye bones: its look shapes turn the eyeballs by 9 to 14 degrees."""
    stage = open_stage(shared / "rigs" / RIGS["makehuman"][0])
    stage.controls = tuple(c for c in stage.controls if c.kind != BONE)
    rig_map = measured(stage, lambda turn: turn.control.kind != BONE)
    take = read(shared, TALK)
    report = apply_take(stage.scene, stage.picked, take, rig_map)
    frames = telling(take, 20)
    off, _ = gaze_off(stage, take, frames)
    wanted = captured(take, take.times[0] + (frames - 1) / 24)
    reach = np.radians([[-14.0, -10.6], [14.0, 9.2]])
    within = (wanted > reach[0]).all(axis=2) & (wanted < reach[1]).all(axis=2)
    assert within.sum() > 30
    assert off[within].max() < 0.6
    # by as much as is captured beyond what the shapes can
    short = np.degrees(np.abs(wanted - wanted.clip(*reach)).max(axis=2))
    assert (off < short + 1.0).all()
    assert any("eyes pass their range" in warning for warning in report.warnings)


TURNS = {
    "makehuman/makehuman_face_female.blend": {"In": 14.4, "Out": 14.1, "Up": 9.3, "Down": 10.7},
    "ict_facekit/ict_facekit.blend": {"In": 0, "Out": 0, "Up": 0, "Down": 0},
}


@pytest.mark.shared
@pytest.mark.parametrize("file", TURNS)
def test_shapes_turn_the_eyeballs_as_known_of_them(file: str, shared: Path) -> None:
    scene = open_rig(shared / "rigs" / file)
    turns = run_job(measure_eye_turns(find_characters(scene)[0], scene))
    assert turns is not None
    for way, degrees in TURNS[file].items():
        found = [t for t in turns if f"eyeLook{way}" in t.control.path]
        if not degrees:
            assert found == []
            continue
        assert len(found) == 2
        for turn in found:
            own, other = ("left", "right") if "Left" in turn.control.path else ("right", "left")
            assert np.degrees(np.linalg.norm(turn.turn(own))) == pytest.approx(degrees, abs=0.15)
            assert np.linalg.norm(turn.turn(other)) < 1e-3


def test_properties_turn_the_eyeballs_as_they_were_built_to(sample_rigs: Path) -> None:
    """AU61 to AU64 drive eye bones by the slopes that eyeLook has."""
    scene = open_rig(sample_rigs / "facs_controls.blend")
    turns = run_job(measure_eye_turns(find_characters(scene)[0], scene))
    assert turns is not None
    found = {t.control.path: np.degrees([t.left, t.right]) for t in turns}
    np.testing.assert_allclose(found['["AU61"]'], [[0, 33.2, 0], [0, 35.5, 0]], atol=0.01)
    np.testing.assert_allclose(found['["AU62"]'], [[0, -35.5, 0], [0, -33.2, 0]], atol=0.01)
    np.testing.assert_allclose(found['["AU63"]'], [[-25.8, 0, 0]] * 2, atol=0.01)
    np.testing.assert_allclose(found['["AU64"]'], [[35, 0, 0]] * 2, atol=0.01)
    assert len(found) == 4


def test_measuring_leaves_the_file_as_it_was(sample_rigs: Path) -> None:
    scene = open_rig(sample_rigs / "toon.blend")
    before = file_state(scene)
    turns = run_job(measure_eye_turns(find_characters(scene)[0], scene))
    assert {t.control.path.split('"')[1] for t in turns or ()} == {"LookUp", "LookDown"}
    assert differences(before, file_state(scene)) == []


def test_a_bones_own_limits_hold_the_gaze_and_are_told(blank_scene: Any) -> None:
    rig = make_armature()
    free, rig_map = character_of(blank_scene, rig)
    limit: Any = rig.pose.bones["eye.L"].constraints.new("LIMIT_ROTATION")
    limit.owner_space = "LOCAL"
    for axis in "xz":
        setattr(limit, f"use_limit_{axis}", True)
        setattr(limit, f"min_{axis}", -0.15)
        setattr(limit, f"max_{axis}", 0.15)
    _, narrow = character_of(blank_scene, rig)
    limits = {(e.control.path, e.control.index): e.limits for e in narrow.entries}
    before = {(e.control.path, e.control.index): e.limits for e in rig_map.entries}
    for key, (low, high) in limits.items():
        if '"eye.L"].rotation' in key[0] and key[1] != 1:
            assert (low, high) == pytest.approx((-0.15, 0.15))
            assert before[key][0] < -0.3
        else:
            assert (low, high) == before[key]
    names = ("leftEyeYaw", "leftEyePitch", "rightEyeYaw", "rightEyePitch")
    values = np.tile([0.4, 0.0, 0.4, 0.0], (4, 1))
    values[0] = 0
    take = make_take(np.arange(4) / 24, [arkit_schema()[name] for name in names], values)
    report = apply_take(blank_scene, free, take, narrow)
    assert any("on 3 keys and are held there" in warning for warning in report.warnings)
    # limits in other axes, at part influence or switched off say nothing here
    for name, value in (("owner_space", "WORLD"), ("influence", 0.5), ("mute", True)):
        former = getattr(limit, name)
        setattr(limit, name, value)
        _, again = character_of(blank_scene, rig)
        assert {(e.control.path, e.control.index): e.limits for e in again.entries} == before
        setattr(limit, name, former)
