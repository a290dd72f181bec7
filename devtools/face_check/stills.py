# SPDX-License-Identifier: GPL-3.0-or-later
"""Front stills of the sample characters over a sweep of blink and jaw."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

SAMPLE_RIGS = Path(__file__).resolve().parents[2] / "sample_rigs"
SWEEPS = ("eyeBlink", "jawOpen")
MANIFEST = "stills.json"


def _set_keys(names: tuple[str, ...], value: float) -> None:
    for mesh in bpy.data.meshes:
        if mesh.shape_keys:
            for name in names:
                block = mesh.shape_keys.key_blocks.get(name)
                if block is not None:
                    block.value = value


def _pose_arkit(sweep: str, value: float) -> None:
    both = ("eyeBlinkLeft", "eyeBlinkRight")
    _set_keys(both if sweep == "eyeBlink" else ("jawOpen",), value)


def _pose_bones(sweep: str, value: float) -> None:
    rig: Any = bpy.data.objects["bone_rig"]
    if sweep == "jawOpen":
        rig.pose.bones["jaw"].rotation_euler[0] = math.radians(value * rig["jaw_open_deg"])
        return
    for lid in ("lid_upper", "lid_lower"):
        for suffix in (".L", ".R"):
            turn = math.radians(value * rig[f"{lid}_close_deg"])
            rig.pose.bones[lid + suffix].rotation_euler[0] = turn


def _pose_facs(sweep: str, value: float) -> None:
    rig = bpy.data.objects["facs_rig"]
    for control in ("AU45_L", "AU45_R") if sweep == "eyeBlink" else ("AU26",):
        rig[control] = value
    rig.update_tag()


POSES: dict[str, Callable[[str, float], None]] = {
    "arkit_head": _pose_arkit,
    "bone_face": _pose_bones,
    "facs_controls": _pose_facs,
}


def render_stills(folder: Path, steps: int = 9, size_px: int = 320, samples: int = 8) -> Path:
    """Render every sweep of every character; returns the list of stills as a JSON file."""
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    for rig, pose in POSES.items():
        blend = str(SAMPLE_RIGS / f"{rig}.blend")
        bpy.ops.wm.open_mainfile(filepath=blend, use_scripts=False)
        scene: Any = bpy.data.scenes[0]
        scene.render.resolution_x = scene.render.resolution_y = size_px
        scene.cycles.samples = samples
        scene.render.use_persistent_data = True
        for sweep in SWEEPS:
            for step in range(steps):
                value = step / (steps - 1)
                pose(sweep, value)
                name = f"{rig}_{sweep}_{step}.png"
                scene.render.filepath = str(folder / name)
                bpy.ops.render.render(write_still=True)
                rows.append({"rig": rig, "sweep": sweep, "value": value, "file": name})
            pose(sweep, 0.0)
    manifest = folder / MANIFEST
    manifest.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    return manifest
