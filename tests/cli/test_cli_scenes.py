# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenes that only Blender imports, given to commands like any recording."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import pytest


@pytest.fixture(scope="module")
def small_fbx(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirteen frames of a jaw that opens."""
    path = tmp_path_factory.mktemp("scene") / "jaw.fbx"
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 1, 13
    mesh = bpy.data.meshes.new("face")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    face = bpy.data.objects.new("face", mesh)
    scene.collection.objects.link(face)
    face.shape_key_add(name="Basis")
    block = face.shape_key_add(name="jawOpen")
    block.data[1].co.z += 1
    for frame in (1, 13):
        block.value = (frame - 1) / 12
        block.keyframe_insert("value", frame=frame)
    import addon_utils

    addon_utils.enable("io_scene_fbx")
    bpy.ops.export_scene.fbx(
        filepath=str(path), bake_anim_use_nla_strips=False, bake_anim_use_all_actions=False
    )
    return path


def test_inspect_and_convert_read_a_scene(
    small_fbx: Path, tmp_path: Path, facemocap: Callable[..., Any]
):
    shown = facemocap("inspect", small_fbx, "--json").document
    assert shown["samples"] == 13
    assert shown["format"] == "fbx"
    out = tmp_path / "jaw.take.npz"
    facemocap("convert", small_fbx, "--out", out)
    again = facemocap("inspect", out, "--json").document
    assert again["samples"] == 13
    assert facemocap("events", small_fbx).status == 0


def test_a_recording_does_not_load_blender(tmp_path: Path, repo: Path):
    """Half a second and 300 MB are not spent where a reader of ours does it."""
    take = tmp_path / "take.csv"
    take.write_text("time,jawOpen,eyeBlinkLeft,eyeBlinkRight\n0,0,0,0\n0.1,1,1,1\n0.2,0,1,0\n")
    code = (
        "import sys; from facemocap_addon.cli.main import main\n"
        f"status = main(['inspect', {str(take)!r}])\n"
        "assert status == 0 and 'bpy' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=repo, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
