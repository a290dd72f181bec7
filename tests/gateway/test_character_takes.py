# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes out of animated characters, and from rig to rig."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from animated_scenes import SETUPS, add_track, animated_scene
from file_state import basis_quaternions, differences, file_state, shape_values
from scipy.spatial.transform import Rotation
from small_scenes import SHAPES, character_of, drive, make_armature, make_face, wave_take

from facemocap_addon.core.controls import BONE, SHAPE_KEY, ControlKey
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.gaze.gaze_angles import find_neutral
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.rig_maps.retargeting import SolveResult, retarget
from facemocap_addon.core.rig_maps.rig_map import RigMap, RigMapEntry, Source
from facemocap_addon.core.rig_maps.working_map import working_map
from facemocap_addon.core.take import Take
from facemocap_addon.core.take_edits import trim_take
from facemocap_addon.core.take_sampling import sample_channels
from facemocap_addon.gateway.applying.performance import apply_take
from facemocap_addon.gateway.characters.characters import (
    CharacterObjects,
    find_characters,
    read_character,
)
from facemocap_addon.gateway.files.rig_files import open_rig
from facemocap_addon.gateway.takes.character_takes import take_from_character

EYES = ("leftEyeYaw", "leftEyePitch", "rightEyeYaw", "rightEyePitch")


def opened(path: Path) -> tuple[Any, CharacterObjects, RigMap]:
    scene = open_rig(path)
    picked = find_characters(scene)[0]
    return scene, picked, working_map(read_character(picked, scene).controls)


def column(take: Take, name: str) -> np.ndarray:
    place = take.column(name)
    assert take.valid[:, place].all(), name
    return take.values[:, place].astype(float)


@pytest.fixture(scope="module")
def recorded(sample_rigs: Path) -> Take:
    """Five seconds of the sample take."""
    return trim_take(read_take(sample_rigs / "sample_take.csv"), 0.0, 5.0)[0]


@pytest.fixture(scope="module")
def from_arkit(sample_rigs: Path, recorded: Take) -> Take:
    """What the ARKit head plays after that take was put on it."""
    scene, picked, rig_map = opened(sample_rigs / "arkit_head.blend")
    apply_take(scene, picked, recorded, rig_map)
    return take_from_character(picked, scene, rig_map)


def test_what_was_put_on_a_character_comes_back(recorded: Take, from_arkit: Take):
    take = from_arkit
    assert take.source.format == "character"
    assert float(take.timebase.rate) == 24
    assert take.samples == 122
    assert take.times == pytest.approx(np.arange(122) / 24)
    at = recorded.times[0] + take.times
    compared = [name for name in take.names if recorded.has(name) and name not in EYES]
    assert len(compared) > 45
    for name in compared:
        wanted = sample_channels(recorded, [name], at)[:, 0]
        if take.channels[take.column(name)].kind == "weight":
            wanted = np.clip(wanted, 0, 1)
        assert column(take, name) == pytest.approx(wanted, abs=1e-4), name
    # eyes lack what applying takes off: where each looks when it looks straight ahead
    neutral = find_neutral(recorded)
    for side in ("left", "right"):
        azimuth, elevation = neutral.of(side)
        yaw, pitch = (
            sample_channels(recorded, [f"{side}Eye{a}"], at)[:, 0] for a in ("Yaw", "Pitch")
        )
        assert column(take, f"{side}EyeYaw") == pytest.approx(yaw + azimuth, abs=0.002)
        assert column(take, f"{side}EyePitch") == pytest.approx(pitch + elevation, abs=0.002)


def values_of(solved: SolveResult) -> Mapping[ControlKey, np.ndarray]:
    return dict(zip(solved.controls, solved.values.T, strict=True))


#: Rig: greatest difference of a control to the same take put on it directly, and of what comes
#: back from the rig and is put on it again (shapes and radians; the bones' places in metres).
RIGS = {"toon": (1e-6, 0.012), "bone_face": (1e-4, 2e-3), "facs_controls": (1e-6, 1e-6)}


@pytest.mark.parametrize("rig", RIGS)
def test_a_take_goes_from_rig_to_rig(rig: str, sample_rigs: Path, recorded: Take, from_arkit: Take):
    direct_by, again_by = RIGS[rig]
    scene, picked, rig_map = opened(sample_rigs / f"{rig}.blend")
    at = recorded.times[0] + from_arkit.times
    direct = values_of(retarget(recorded, rig_map, at, neutral=find_neutral(recorded)))
    over = values_of(retarget(from_arkit, rig_map, from_arkit.times))
    assert set(over) == set(direct)
    for control, values in over.items():
        assert values == pytest.approx(direct[control], abs=direct_by), control
    # read back from what Blender evaluates, and put on once more
    apply_take(scene, picked, from_arkit, rig_map)
    back = take_from_character(picked, scene, rig_map)
    assert back.samples == from_arkit.samples
    again = values_of(retarget(back, rig_map, back.times, neutral=find_neutral(from_arkit)))
    shown = values_of(
        retarget(from_arkit, rig_map, from_arkit.times, neutral=find_neutral(from_arkit))
    )
    eyes = {e.control for e in rig_map.entries if any("Eye" in s.channel for s in e.sources)}
    moved = [control for control in again if control not in eyes]
    assert len(moved) > 30
    for control in moved:
        assert again[control] == pytest.approx(shown[control], abs=again_by), control


@pytest.mark.parametrize("setup", SETUPS)
def test_the_scene_stays_as_it_was(setup: str):
    scene, rig, face = animated_scene(setup)
    picked, rig_map = character_of(scene, face)
    # changed by hand and not keyed: a new frame would lose it
    face.data.shape_keys.key_blocks["browInnerUp"].value = 0.37
    rig.pose.bones["jaw"].rotation_quaternion = (0.9, 0.1, 0.2, 0.3)
    before = file_state(scene, without_texts=False)
    take = None
    with contextlib.suppress(FacemocapError):
        take = take_from_character(picked, scene, rig_map)
    assert differences(before, file_state(scene, without_texts=False)) == []
    assert (scene.frame_current, scene.frame_subframe) == (12, 0.0)
    if take is None:
        return
    frames = range(
        take.source.details["first_frame"], take.source.details["first_frame"] + take.samples
    )
    shown = shape_values(scene, face, frames)
    for name in SHAPES:
        assert column(take, name) == pytest.approx(shown[name], abs=1e-6), name


def test_strips_and_drivers_count_as_they_are_seen(blank_scene: Any):
    rig = make_armature()
    face = make_face("face", SHAPES, rig)
    keys = face.data.shape_keys
    drive(keys.key_blocks["jawOpen"], "value", rig, 'pose.bones["arm.L"].location[0]', "v * 2")
    bone = rig.pose.bones["arm.L"]
    for frame, value in ((10, 0.0), (30, 0.4)):
        bone.location[0] = value
        bone.keyframe_insert("location", index=0, frame=frame)
    for curve in rig.animation_data.action.layers[0].strips[0].channelbags[0].fcurves:
        for point in curve.keyframe_points:
            point.interpolation = "LINEAR"
    picked, _ = character_of(blank_scene, face)
    # the jaw is driven, so nothing may key it and no map found has it: one made by hand tells it
    key = ControlKey(SHAPE_KEY, face.name, 'key_blocks["jawOpen"].value')
    jaw = RigMapEntry(key, (Source("jawOpen"),))
    take = take_from_character(picked, blank_scene, RigMap("", (jaw,)))
    assert take.source.details["first_frame"] == 10
    assert column(take, "jawOpen") == pytest.approx(np.linspace(0, 0.8, 21), abs=1e-6)
    part = take_from_character(picked, blank_scene, RigMap("", (jaw,)), (20, 25))
    assert column(part, "jawOpen") == pytest.approx(np.linspace(0.4, 0.6, 6), abs=1e-6)


def test_strips_that_turn_the_head_are_read(blank_scene: Any):
    """One bone, one angle for each of its axes: its turn itself comes back as angles."""
    rig = make_armature()
    make_face("face", SHAPES, rig)
    add_track(rig)
    picked, _ = character_of(blank_scene, rig)
    path = 'pose.bones["head"].rotation'
    entries = tuple(
        RigMapEntry(ControlKey(BONE, rig.name, path, k), (Source(name, sign),), limits=(-4, 4))
        for k, (name, sign) in enumerate((("headPitch", -1), ("headYaw", 1), ("headRoll", -1)))
    )
    take = take_from_character(picked, blank_scene, RigMap("", entries))
    first = take.source.details["first_frame"]
    turns = basis_quaternions(blank_scene, rig, range(first, first + take.samples))["head"]
    seen = Rotation.from_quat(np.roll(turns, -1, axis=1))
    assert np.degrees(np.ptp(seen.magnitude())) > 5
    angles = np.stack(
        [column(take, "headYaw"), -column(take, "headPitch"), -column(take, "headRoll")]
    )
    told = Rotation.from_euler("YXZ", angles.T)
    assert np.degrees((told * seen.inv()).magnitude()).max() < 1e-3


@pytest.mark.parametrize("rate", [(24, 1.0), (30, 1.001)])
def test_times_are_those_of_the_scene(rate: tuple[int, float], blank_scene: Any):
    face = make_face("face", SHAPES)
    blank_scene.render.fps, blank_scene.render.fps_base = rate
    picked, rig_map = character_of(blank_scene, face)
    apply_take(blank_scene, picked, wave_take(SHAPES), rig_map)
    take = take_from_character(picked, blank_scene, rig_map)
    assert take.times[1] == pytest.approx(blank_scene.render.fps_base / rate[0], rel=1e-9)
    assert take.rate_hz == pytest.approx(rate[0] / rate[1], rel=1e-6)


def test_characters_without_face_animation_are_refused(blank_scene: Any):
    face = make_face("face", SHAPES)
    picked, rig_map = character_of(blank_scene, face)
    with pytest.raises(FacemocapError, match='Nothing of the face of "face" moves'):
        take_from_character(picked, blank_scene, rig_map)
    with pytest.raises(FacemocapError, match="none of the controls"):
        take_from_character(picked, blank_scene, RigMap("", ()))
    assert len(bpy.data.scenes) == 1
