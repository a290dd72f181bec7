# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads scenes with Blender as it is told to, a line each, and answers with what came of each."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from facemocap_addon.core.take import Take
from facemocap_addon.gateway.files.sources import read_source

from .fuzz_cases import run_case
from .scene_fuzz import MARK

_SHAPES = ("jawOpen", "eyeBlink_L", "smirk")
_FRAMES = 40


def main() -> None:
    """Answer until there is nothing more to do."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    _say("ready")
    for line in sys.stdin:
        what, _, name = line.rstrip("\n").partition(" ")
        path = Path(name)
        if what == "export":
            _export(path)
            _say("exported")
        else:
            before = _left()
            outcome = run_case(path, path.read_bytes(), _read)
            after = _left()
            # what one case leaves behind is no fault of the next
            if before != after:
                outcome = f"leaves something behind: {_told(before, after)}"
                bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
            _say(outcome)


def _read(path: Path) -> Take:
    return read_source(path)


def _say(text: str) -> None:
    """A line of our own: what Blender prints may not have ended with one."""
    sys.stdout.write(f"\n{MARK}{json.dumps(text)}\n")
    sys.stdout.flush()


def _left() -> dict[str, Any]:
    """What is in the open file: names by kind, and the scene that is seen."""
    kinds = [prop for prop in bpy.data.bl_rna.properties if prop.type == "COLLECTION"]
    found: dict[str, Any] = {
        prop.identifier: sorted(block.name_full for block in getattr(bpy.data, prop.identifier))
        for prop in kinds
    }
    scene = bpy.context.scene
    found["seen"] = (scene.name, scene.frame_current, scene.render.fps, scene.render.fps_base)
    return found


def _told(before: dict[str, Any], after: dict[str, Any]) -> str:
    return ", ".join(
        f"{kind} {before[kind]} became {after[kind]}"
        for kind in after
        if before[kind] != after[kind]
    )[:300]


def _export(path: Path) -> None:
    """Write a scene of two faces and an armature, with a key on each frame, as Blender does."""
    import addon_utils  # part of Blender

    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 1, _FRAMES
    corners = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)]
    for name in ("head", "teeth"):
        mesh = bpy.data.meshes.new(name)
        mesh.from_pydata(corners, [], [(0, 1, 2, 3)])
        face = bpy.data.objects.new(name, mesh)
        scene.collection.objects.link(face)
        face.shape_key_add(name="Basis")
        for number, shape in enumerate(_SHAPES):
            block = face.shape_key_add(name=shape)
            points: Any = block.data
            points[number].co.z += 0.5
            for frame in range(1, _FRAMES + 1):
                block.value = 0.5 + 0.4 * float(np.sin(frame / 5 + number))
                block.keyframe_insert("value", frame=frame)
    rig = bpy.data.objects.new("rig", bpy.data.armatures.new("rig"))
    scene.collection.objects.link(rig)
    addon_utils.enable("io_scene_fbx")
    bpy.ops.export_scene.fbx(
        filepath=str(path), bake_anim_use_nla_strips=False, bake_anim_use_all_actions=False,
        bake_anim_simplify_factor=0.0,
    )  # fmt: skip
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)


if __name__ == "__main__":
    main()
