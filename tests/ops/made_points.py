# SPDX-License-Identifier: GPL-3.0-or-later
"""A short take of markers made from the sample head itself: its shape keys tell where they go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bpy as blender
import numpy as np

from devtools.made_markers import trc
from facemocap_addon.core.arrays import FloatArray
from facemocap_addon.core.rotations import from_vector, to_matrix

# the stubs of bpy know nothing of an add-on's operators and properties
bpy: Any = blender

FRAMES, RATE = 90, 30
#: Names as a lab writes them, and the landmarks of the generator that they stand for.
MARKERS = {
    "ForeHead_M": "forehead", "ForeHead_L": "forehead_side_L", "ForeHead_R": "forehead_side_R",
    "Ltemple": "temple_L", "Rtemple": "temple_R", "Leyebrow_Inside": "brow_inner_L",
    "Reyebrow_Inside": "brow_inner_R", "Leyebrow_Outside": "brow_outer_L",
    "Reyebrow_Outside": "brow_outer_R", "NoseTop": "nasion", "NoseTip": "nose_tip",
    "Lcheek_Up": "cheek_upper_L", "Rcheek_Up": "cheek_upper_R", "Lcheek_Down": "cheek_low_L",
    "Rcheek_Down": "cheek_low_R", "Mouth_Up": "lip_up_mid", "Mouth_Down": "lip_low_mid",
    "Mouth_Lend": "mouth_corner_L", "Mouth_Rend": "mouth_corner_R", "Chin": "chin",
}  # fmt: skip
#: Shape keys that act: when (seconds) and how much.
ACTS = {"jawOpen": (0.9, 0.7), "mouthSmileLeft": (1.6, 0.6), "browInnerUp": (2.3, 0.8)}
_LASTS_S = 0.5
KEPT = ("arkit_head", "arkit_eye_L", "arkit_eye_R")


def act_values() -> dict[str, FloatArray]:
    """The value of each acting shape key over the take."""
    times = np.arange(FRAMES) / RATE
    return {
        name: size * np.clip(1.0 - np.abs(times - at_s) / _LASTS_S, 0.0, 1.0)
        for name, (at_s, size) in ACTS.items()
    }


def marker_places() -> FloatArray:
    """Places ``(n, p, 3)`` in millimetres, the actor's axes, of markers on the open head."""
    obj: Any = bpy.data.objects["arkit_head"]
    numbers = json.loads(obj["landmarks"])
    rows = [numbers[landmark] for landmark in MARKERS.values()]
    blocks = obj.data.shape_keys.key_blocks

    def shape(name: str) -> FloatArray:
        flat = np.empty(3 * len(obj.data.vertices), np.float32)
        blocks[name].data.foreach_get("co", flat)
        return flat.reshape(-1, 3)[rows].astype(float)

    rest = shape("Basis")
    still = np.repeat(rest[None], FRAMES, axis=0)
    for name, values in act_values().items():
        still += values[:, None, None] * (shape(name) - rest)
    # x to the actor's left, y up, z ahead
    face = still[..., [0, 2, 1]] * [1.0, 1.0, -1.0]
    times = np.arange(FRAMES) / RATE
    turns = np.stack([0.05 * np.sin(times), 0.1 * np.sin(1.3 * times), 0 * times], axis=1)
    moved = np.einsum("nij,npj->npi", to_matrix(from_vector(turns)), face)
    noise = np.random.default_rng(4).normal(0.0, 1e-4, moved.shape)
    return 1000.0 * (moved + noise + [0.1, 1.5, 0.3])


def open_solved(sample_rigs: Path, folder: Path) -> Any:
    """The sample head, measured, with the markers solved onto it; its panel's state."""
    path = folder / "solved_markers.blend"
    if path.is_file():
        bpy.ops.wm.open_mainfile(filepath=str(path))
    else:
        open_imported(sample_rigs, folder)
        assert bpy.ops.facemocap.solve_points() == {"FINISHED"}
        bpy.ops.wm.save_as_mainfile(filepath=str(path))
    return bpy.context.scene.facemocap


def open_imported(sample_rigs: Path, folder: Path) -> Any:
    """The sample head, measured, with the markers imported; its panel's state."""
    path = folder / "imported_markers.blend"
    if path.is_file():
        bpy.ops.wm.open_mainfile(filepath=str(path))
    else:
        bpy.ops.wm.open_mainfile(filepath=str(sample_rigs / "arkit_head.blend"))
        bpy.context.scene.render.fps = RATE
        # hair and teeth only cost time here
        for obj in [obj for obj in bpy.data.objects if obj.type == "MESH"]:
            if obj.name not in KEPT:
                bpy.data.objects.remove(obj)
        markers = write_markers(folder / "made_markers.trc")
        assert bpy.ops.facemocap.import_take(filepath=str(markers)) == {"FINISHED"}
        assert bpy.ops.facemocap.measure_character() == {"FINISHED"}
        bpy.ops.wm.save_as_mainfile(filepath=str(path))
    return bpy.context.scene.facemocap


def write_markers(path: Path) -> Path:
    """A TRC file of the markers."""
    header: dict[str, object] = {"DataRate": f"{RATE:.2f}"}
    path.write_bytes(trc(marker_places(), tuple(MARKERS), header=header))
    return path
