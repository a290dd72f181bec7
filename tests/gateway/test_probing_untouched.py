# SPDX-License-Identifier: GPL-3.0-or-later
"""Probing changes nothing: everything of the file before and after, however the job ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import pytest
from file_state import differences, file_state

from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.probing.result import ProbeResult
from facemocap_addon.core.progress import Progress, run_job
from facemocap_addon.gateway.characters.characters import find_characters
from facemocap_addon.gateway.files.rig_files import open_rig
from facemocap_addon.gateway.probing.probing import probe_character


def _probe(scene: bpy.types.Scene) -> ProbeResult:
    return run_job(probe_character(find_characters(scene)[0], scene))


def _disturbed_scene(sample_rigs: Path) -> bpy.types.Scene:
    """Everything that may be in the way: played, muted, locked, driven, hidden, another frame."""
    scene = open_rig(sample_rigs / "arkit_head.blend")
    scene.frame_set(17, subframe=0.25)
    head, rig = bpy.data.objects["arkit_head"], bpy.data.objects["arkit_rig"]
    keys = head.data.shape_keys
    keys.key_blocks["jawOpen"].value = 0.3
    keys.key_blocks["jawOpen"].keyframe_insert("value", frame=10)
    keys.key_blocks["jawOpen"].value = 0.9
    keys.key_blocks["jawOpen"].keyframe_insert("value", frame=30)
    keys.key_blocks["mouthLeft"].mute = True
    keys.key_blocks["mouthRight"].lock_shape = True
    keys.key_blocks["cheekPuff"].value = 0.7
    driver = keys.key_blocks["tongueOut"].driver_add("value").driver
    driver.expression = "0.25"
    head.active_shape_key_index = 4
    head.show_only_shape_key = True
    bone = rig.pose.bones["head"]
    bone.rotation_quaternion = (0.9, 0.3, 0.2, 0.1)
    for frame in (1, 40):
        bone.keyframe_insert("rotation_quaternion", frame=frame)
        bone.location = (0.01, 0.02, 0.03)
    track = rig.animation_data.nla_tracks.new()
    action = rig.animation_data.action
    assert action is not None
    track.strips.new("body", 1, action)
    rig.pose.bones["neck"].lock_rotation = (True, True, True)
    rig.pose.bones["eye.L"].rotation_mode = "ZYX"
    rig.pose.bones["eye.L"].rotation_euler = (0.1, 0.2, 0.3)
    rig.location = (1.0, 2.0, 3.0)
    bpy.data.objects["arkit_tongue"].hide_viewport = True
    bpy.data.objects["arkit_lashes"].hide_set(True)
    for obj in scene.objects:
        obj.select_set(obj == rig)
    scene.view_layers[0].objects.active = rig
    bpy.ops.object.mode_set(mode="POSE")
    scene.frame_set(17, subframe=0.25)
    return scene


def _whole_state(scene: bpy.types.Scene) -> dict[str, Any]:
    layer = scene.view_layers[0]
    return {
        "file": file_state(scene),
        "users": {
            f"{kind} {block.name_full}": block.users
            for kind in ("objects", "meshes", "armatures", "actions", "materials", "scenes")
            for block in getattr(bpy.data, kind)
        },
        "objects": {
            obj.name: [
                obj.mode,
                obj.hide_viewport,
                obj.hide_get(),
                obj.select_get(),
                obj.active_shape_key_index,
                obj.show_only_shape_key,
                [modifier.name for modifier in obj.modifiers],
                [list(row[:]) for row in obj.matrix_world],
            ]
            for obj in scene.objects
        },
        "active": layer.objects.active and layer.objects.active.name,
        "frame": (scene.frame_current, scene.frame_subframe),
        "window": bpy.context.window.scene.name if bpy.context.window else "",
        "orphans": sorted(block.name_full for block in bpy.data.shape_keys),
    }


def test_probing_leaves_the_file_as_it_was(sample_rigs: Path):
    scene = _disturbed_scene(sample_rigs)
    before = _whole_state(scene)
    steps: list[Progress] = []
    result = run_job(probe_character(find_characters(scene)[0], scene), steps.append)
    assert differences(before, _whole_state(scene)) == []
    done = [step.done for step in steps]
    assert done == sorted(done)
    assert 0 <= done[0] < done[-1] <= 1
    assert len(set(done)) > 5
    # what plays does not disturb: the same character at rest gives the same answer
    undisturbed = _probe(open_rig(sample_rigs / "arkit_head.blend"))
    expected = {s.channel for e in undisturbed.entries for s in e.sources} - {"tongueOut"}
    assert expected <= set(result.channels)
    sizes = {(s.control, s.sign): s.size_mm for s in undisturbed.signatures}
    for signature in result.signatures:
        want = sizes[signature.control, signature.sign]
        assert signature.size_mm == pytest.approx(want, rel=2e-3, abs=2e-3), signature.name


def test_closing_midway_leaves_the_file_as_it_was(sample_rigs: Path):
    scene = _disturbed_scene(sample_rigs)
    before = _whole_state(scene)
    picked = find_characters(scene)[0]
    total = 0
    for _ in probe_character(picked, scene):
        total += 1
    for stop in (1, 2, total // 2, total - 1):
        job = probe_character(picked, scene)
        for _ in range(stop):
            next(job)
        job.close()
        assert differences(before, _whole_state(scene)) == [], stop


def test_a_linked_character_is_measured_and_stays_linked(sample_rigs: Path, tmp_path: Path):
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    scene = bpy.context.scene
    libraries: Any = bpy.data.libraries
    with libraries.load(str(sample_rigs / "bone_face.blend"), link=True) as (source, into):
        into.objects = source.objects
    for obj in into.objects:
        scene.collection.objects.link(obj)
    scene.view_layers[0].update()
    before = _whole_state(scene)
    result = _probe(scene)
    assert differences(before, _whole_state(scene)) == []
    assert all(obj.library is not None for obj in scene.objects)
    assert {"jawOpen", "eyeBlinkLeft", "eyeLookUpRight"} <= set(result.channels)


def test_a_file_opened_meanwhile_ends_the_job(sample_rigs: Path):
    scene = open_rig(sample_rigs / "arkit_head.blend")
    job = probe_character(find_characters(scene)[0], scene)
    for _ in range(3):
        next(job)
    open_rig(sample_rigs / "bone_face.blend")
    objects = sorted(obj.name for obj in bpy.data.objects)
    with pytest.raises(FacemocapError, match="changed while the face was being measured"):
        for _ in job:
            pass
    assert sorted(obj.name for obj in bpy.data.objects) == objects
