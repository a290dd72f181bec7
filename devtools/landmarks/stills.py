# SPDX-License-Identifier: GPL-3.0-or-later
"""Front stills of the sample head: neutral, and each of its shapes at 1."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bpy

SAMPLE_RIGS = Path(__file__).resolve().parents[2] / "sample_rigs"
HEAD = "arkit_head"
NEUTRAL = "neutral"
MANIFEST = "stills.json"


def open_head() -> Any:
    """Open the sample head; its object."""
    path = str(SAMPLE_RIGS / f"{HEAD}.blend")
    bpy.ops.wm.open_mainfile(filepath=path, use_scripts=False)
    return bpy.data.objects[HEAD]


def shape_names(head: Any) -> tuple[str, ...]:
    """Its shapes, in the order of the mesh."""
    return tuple(block.name for block in head.data.shape_keys.key_blocks[1:])


def set_shape(name: str, value: float) -> None:
    """Set a shape on the head and on what goes with it: brows, lashes, teeth, tongue."""
    for mesh in bpy.data.meshes:
        block = mesh.shape_keys.key_blocks.get(name) if mesh.shape_keys else None
        if block is not None:
            block.value = value


def render_stills(folder: Path, size_px: int, samples: int) -> Path:
    """Render all; returns the list of stills as a JSON file."""
    folder.mkdir(parents=True, exist_ok=True)
    head = open_head()
    scene: Any = bpy.data.scenes[0]
    scene.render.resolution_x = scene.render.resolution_y = size_px
    scene.cycles.samples = samples
    scene.render.use_persistent_data = True
    stills: dict[str, str] = {}
    for name in (NEUTRAL, *shape_names(head)):
        if name != NEUTRAL:
            set_shape(name, 1.0)
        stills[name] = f"{name}.png"
        scene.render.filepath = str(folder / stills[name])
        bpy.ops.render.render(write_still=True)
        if name != NEUTRAL:
            set_shape(name, 0.0)
    manifest = folder / MANIFEST
    manifest.write_text(json.dumps(stills, indent=1), encoding="utf-8")
    return manifest
