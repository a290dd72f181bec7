# SPDX-License-Identifier: GPL-3.0-or-later
"""FBX scenes as takes: what Blender exported comes back, and the open file stays as it was."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from animated_scenes import add_track
from file_state import differences, file_state
from small_scenes import body_action, make_armature, make_face, shape_action

from devtools.made_scenes import samples
from devtools.mutations import damage
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.formats.read_options import ReadOptions
from facemocap_addon.core.take import Take
from facemocap_addon.gateway.files.sources import read_source

SHAPES = ("jawOpen", "eyeBlink_L", "smirk")
FRAMES = np.arange(5, 46)


def truth(frame: float, number: int) -> float:
    return 0.5 + 0.4 * math.sin(0.21 * frame + number)


def export(path: Path, *, fps: int = 25, meshes: tuple[str, ...] = ("head", "teeth")) -> None:
    """An FBX of meshes whose shape keys have a key on each frame; the file is empty again then."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.fps = fps
    scene.frame_start, scene.frame_end = int(FRAMES[0]), int(FRAMES[-1])
    for name in meshes:
        keys = make_face(name, SHAPES).data.shape_keys
        for number, shape in enumerate(SHAPES):
            block = keys.key_blocks[shape]
            for frame in FRAMES.tolist():
                block.value = truth(frame, number)
                block.keyframe_insert("value", frame=frame)
    import addon_utils

    addon_utils.enable("io_scene_fbx")
    bpy.ops.export_scene.fbx(
        filepath=str(path), bake_anim_use_nla_strips=False, bake_anim_use_all_actions=False,
        bake_anim_simplify_factor=0.0,
    )  # fmt: skip
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)


@pytest.fixture(scope="module")
def fbx(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fbx") / "performance.fbx"
    export(path)
    return path


def table(take: Take) -> np.ndarray:
    return take.values[:, [take.column(n) for n in ("jawOpen", "eyeBlinkLeft", "smirk")]]


def test_values_and_times_of_an_fbx_come_back(fbx: Path, blank_scene: Any):
    blank_scene.render.fps = 60
    take = read_source(fbx)
    assert take.source.format == "fbx"
    assert take.source.details["meshes"] == ["head", "teeth"]
    assert float(take.timebase.rate) == 25
    assert take.times == pytest.approx((FRAMES - 5) / 25, abs=1e-6)
    wanted = [[truth(frame, number) for number in range(3)] for frame in FRAMES.tolist()]
    assert table(take) == pytest.approx(np.array(wanted), abs=2e-6)
    assert take.valid.all()
    assert take.channels[take.column("eyeBlinkLeft")].original == "eyeBlink_L"
    assert not take.warnings


def test_the_open_file_stays_as_it_was(fbx: Path, blank_scene: Any):
    """A file in which everything is called as in the FBX, animated, in pose mode."""
    rig = make_armature()
    face = make_face("head", SHAPES, rig)
    shape_action(face, "Scene")
    body_action(rig)
    add_track(rig)
    blank_scene.render.fps, blank_scene.render.fps_base = 30, 1.001
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="POSE")
    selected = [obj.name for obj in bpy.context.selected_objects]
    before = file_state(blank_scene, without_texts=False)
    read_source(fbx)
    assert differences(before, file_state(blank_scene, without_texts=False)) == []
    assert bpy.context.scene == blank_scene
    assert bpy.context.mode == "POSE"
    assert bpy.context.view_layer.objects.active == rig
    assert [obj.name for obj in bpy.context.selected_objects] == selected


def test_a_refused_scene_leaves_nothing_either(tmp_path: Path, blank_scene: Any):
    path = tmp_path / "still.fbx"
    make_face("head", SHAPES)
    import addon_utils

    addon_utils.enable("io_scene_fbx")
    bpy.ops.export_scene.fbx(filepath=str(path), bake_anim=False)
    before = file_state(blank_scene, without_texts=False)
    with pytest.raises(FacemocapError, match="holds no animated shape keys"):
        read_source(path)
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(FacemocapError, match=r'"still\.fbx" is damaged'):
        read_source(path)
    assert differences(before, file_state(blank_scene, without_texts=False)) == []


def test_options_that_a_scene_has_no_use_for(fbx: Path, blank_scene: Any):
    assert blank_scene
    take = read_source(fbx, ReadOptions(face=0, rate_hz=50))
    assert take.duration_s == pytest.approx((len(FRAMES) - 1) / 25)
    assert any("the option rate was not used" in said for said in take.warnings)
    with pytest.raises(FacemocapError, match="has no person 2"):
        read_source(fbx, ReadOptions(face=2))


def test_other_files_go_to_the_readers(tmp_path: Path, blank_scene: Any):
    assert blank_scene
    path = tmp_path / "take.fbx"
    path.write_bytes(samples()["vmd_motion"])
    assert read_source(path).source.format == "vmd_motion"
    with pytest.raises(FacemocapError, match="nothing"):
        read_source(tmp_path / "nothing.fbx")


def test_200_damaged_scenes_are_read_or_refused(fbx: Path, tmp_path: Path, blank_scene: Any):
    rng = random.Random(2)
    sound = fbx.read_bytes()
    before = file_state(blank_scene, without_texts=False)
    outcomes: dict[str, int] = {"read": 0, "refused": 0}
    path = tmp_path / "take.fbx"
    for _ in range(200):
        # what makes it an FBX stays, so that it is Blender that has to read it
        path.write_bytes(sound[:23] + damage(sound[23:], rng)[0])
        try:
            take = read_source(path)
        except FacemocapError:
            outcomes["refused"] += 1
        else:
            assert np.isfinite(take.values).all()
            outcomes["read"] += 1
    assert outcomes["read"] > 0
    assert outcomes["refused"] > 50
    assert differences(before, file_state(blank_scene, without_texts=False)) == []
