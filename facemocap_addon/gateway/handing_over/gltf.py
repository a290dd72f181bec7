# SPDX-License-Identifier: GPL-3.0-or-later
"""glTF by Blender's own exporter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np

from .exporters import call_exporter

_MOST_FPS = 240


def write_gltf(stage: bpy.types.Scene, path: Path, *, only_deforming: bool) -> None:
    """Write all of a scene as one binary file, sampled on every frame of its range.

    Raises
    ------
    FacemocapError
        When Blender cannot.
    """
    settings: dict[str, Any] = {
        "export_format": "GLB" if path.suffix.lower() == ".glb" else "GLTF_SEPARATE",
        "use_active_scene": True,
        "export_apply": False,
        "export_animations": True,
        # one animation, what the scene plays
        "export_animation_mode": "SCENE",
        "export_anim_scene_split_object": False,
        "export_force_sampling": True,
        "export_frame_range": True,
        "export_frame_step": 1,
        "export_anim_slide_to_zero": False,
        "export_negative_frame": "CROP",
        # nothing is simplified: every frame has its key
        "export_optimize_animation_size": False,
        "export_morph": True,
        "export_morph_animation": True,
        "export_skins": True,
        "export_def_bones": only_deforming,
        "export_extras": False,
    }
    rate_hz = stage.render.fps / stage.render.fps_base
    # Blender's exporter multiplies by fps_base where Blender itself divides
    stage.render.fps, stage.render.fps_base = multiplied_clock(rate_hz)
    call_exporter("io_scene_gltf2", bpy.ops.export_scene.gltf, stage, path, settings)


def multiplied_clock(rate_hz: float) -> tuple[int, float]:
    """A whole ``fps`` and a float32 ``fps_base`` whose product is nearest to a rate."""
    whole = np.arange(max(1, int(rate_hz / 4)), max(_MOST_FPS, int(rate_hz)) + 1)
    bases = (rate_hz / whole).astype(np.float32).astype(np.float64)
    best = int(np.argmin(np.abs(whole * bases - rate_hz)))
    return int(whole[best]), float(bases[best])
