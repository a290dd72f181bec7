# SPDX-License-Identifier: GPL-3.0-or-later
"""USD by Blender's own exporter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from ...core.handing_over.motion import Shape
from .exporters import call_exporter


def write_usd(stage: bpy.types.Scene, path: Path, *, only_deforming: bool) -> dict[Shape, Shape]:
    """Write all of a scene, on every frame of its range; shape keys become blend shapes.

    A skeleton of USD has one list of blend shapes for all its meshes. Shapes of a name that a
    mesh with more shapes has too are called NAME_MESH, so that the face has the plain names.

    Returns
    -------
    dict of (mesh, shape) to (mesh, shape)
        What shapes of another name are called in the file.

    Raises
    ------
    FacemocapError
        When Blender cannot.
    """
    settings: dict[str, Any] = {
        "selected_objects_only": False,
        "visible_objects_only": True,
        "export_animation": True,
        "export_armatures": True,
        "only_deform_bones": only_deforming,
        "export_shapekeys": True,
        "export_hair": False,
        "evaluation_mode": "VIEWPORT",
        "convert_world_material": False,
        "export_textures": False,
    }
    renamed = _rename_doubles(stage)
    call_exporter("", bpy.ops.wm.usd_export, stage, path, settings)
    return renamed


def _rename_doubles(stage: bpy.types.Scene) -> dict[Shape, Shape]:
    meshes = [obj for obj in stage.objects if obj.type == "MESH" and obj.data.shape_keys]
    meshes.sort(key=lambda obj: (-len(obj.data.shape_keys.key_blocks), obj.name))
    taken: set[str] = set()
    renamed: dict[Shape, Shape] = {}
    for obj in meshes:
        keys: Any = obj.data.shape_keys
        own = [block for block in keys.key_blocks if block != keys.reference_key]
        for block in own:
            if block.name in taken:
                before = block.name
                block.name = f"{before}_{obj.name}"
                renamed[obj.name, before] = (obj.name, block.name)
        taken.update(block.name for block in own)
    return renamed
