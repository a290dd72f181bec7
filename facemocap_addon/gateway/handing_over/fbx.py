# SPDX-License-Identifier: GPL-3.0-or-later
"""FBX by Blender's own exporter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from .exporters import call_exporter


def write_fbx(stage: bpy.types.Scene, path: Path, *, only_deforming: bool) -> None:
    """Write all of a scene, sampled on every frame of its range.

    Raises
    ------
    FacemocapError
        When Blender cannot.
    """
    settings: dict[str, Any] = {
        "object_types": {"ARMATURE", "MESH", "EMPTY"},
        # modifiers that are applied take the shape keys along
        "use_mesh_modifiers": False,
        "add_leaf_bones": False,
        "use_armature_deform_only": only_deforming,
        "bake_anim": True,
        "bake_anim_use_all_bones": True,
        # one take, what the scene plays
        "bake_anim_use_nla_strips": False,
        "bake_anim_use_all_actions": False,
        "bake_anim_force_startend_keying": True,
        "bake_anim_step": 1.0,
        # nothing is simplified: every frame has its key
        "bake_anim_simplify_factor": 0.0,
        "path_mode": "AUTO",
        "use_metadata": False,
    }
    call_exporter("io_scene_fbx", bpy.ops.export_scene.fbx, stage, path, settings)
