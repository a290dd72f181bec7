# SPDX-License-Identifier: GPL-3.0-or-later
"""Performances of known weights on the sample head, read from the mesh that Blender evaluates."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from facemocap_addon.core.measured import Measured
from facemocap_addon.core.point_solve.settings import SolveSettings
from facemocap_addon.core.points import point_channels, point_values
from facemocap_addon.core.progress import run_job
from facemocap_addon.core.rotations import from_vector, to_matrix
from facemocap_addon.core.take import Take, make_take
from facemocap_addon.gateway.characters.characters import CharacterObjects, find_characters
from facemocap_addon.gateway.files.rig_files import open_rig
from facemocap_addon.gateway.measuring.measuring import ensure_measured
from facemocap_addon.gateway.points.point_solving import Solved, solve_on_character

RATE, FRAMES = 60, 90
TIMES = np.arange(FRAMES) / RATE
#: Markers by the names that a lab writes, and the landmarks of the sample head where they are.
MARKERS = {
    "ForeHead_M": "forehead", "ForeHead_L": "forehead_side_L", "ForeHead_R": "forehead_side_R",
    "Ltemple": "temple_L", "Rtemple": "temple_R", "Leyebrow_Inside": "brow_inner_L",
    "Reyebrow_Inside": "brow_inner_R", "Leyebrow_Outside": "brow_outer_L",
    "Reyebrow_Outside": "brow_outer_R", "NoseTop": "nasion", "NoseTip": "nose_tip",
    "Lcheek_Up": "cheek_upper_L", "Rcheek_Up": "cheek_upper_R", "Lcheek_Down": "cheek_low_L",
    "Rcheek_Down": "cheek_low_R", "Mouth_Up": "lip_up_mid", "Mouth_Down": "lip_low_mid",
    "Mouth_Lend": "mouth_corner_L", "Mouth_Rend": "mouth_corner_R", "Chin": "chin",
}  # fmt: skip
NAMES = tuple(MARKERS)
#: What acts: how far it goes, and when (part of the take).
ACTS = {
    "jawOpen": (0.6, 0.25), "mouthSmileLeft": (0.7, 0.5), "browInnerUp": (0.8, 0.7),
    "browOuterUpRight": (0.5, 0.75),
}  # fmt: skip
#: Half of the part of the take that an act lasts.
_HALF = 0.2


@dataclass(frozen=True)
class Stage:
    """The sample head, open and measured."""

    scene: bpy.types.Scene
    picked: CharacterObjects
    measured: Measured
    head: Any

    def solve(self, take: Take, settings: SolveSettings | None = None, **given: Any) -> Solved:
        job = solve_on_character(
            self.picked, self.scene, take, settings, measured=self.measured, **given
        )
        return run_job(job)

    def vertices(self) -> dict[str, tuple[str, int]]:
        """Where the markers are."""
        numbers = json.loads(self.head["landmarks"])
        return {name: (self.head.name, numbers[mark]) for name, mark in MARKERS.items()}

    def places(self, weights: Mapping[str, np.ndarray]) -> np.ndarray:
        """Where Blender takes the markers ``(n, p, 3)``: metres, x to the left, y up, z ahead."""
        rows = [vertex for _, vertex in self.vertices().values()]
        blocks = self.head.data.shape_keys.key_blocks
        out = np.empty((len(next(iter(weights.values()))), len(rows), 3))
        for frame in range(len(out)):
            for name, course in weights.items():
                blocks[name].value = float(course[frame])
            graph = bpy.context.evaluated_depsgraph_get()
            found = self.head.evaluated_get(graph).data.vertices
            out[frame] = [found[row].co for row in rows]
        for name in weights:
            blocks[name].value = 0.0
        return out[..., [0, 2, 1]] * [1.0, 1.0, -1.0]


def open_stage(sample_rigs: Path) -> Stage:
    scene = open_rig(sample_rigs / "arkit_head.blend")
    picked = find_characters(scene)[0]
    measured = run_job(ensure_measured(picked, scene))
    return Stage(scene, picked, measured, bpy.data.objects["arkit_head"])


def acts() -> dict[str, np.ndarray]:
    """Weights of what acts, from rest to rest."""
    part = TIMES / TIMES[-1]
    return {
        name: size * np.cos(0.5 * np.pi * np.clip((part - at) / _HALF, -1.0, 1.0)) ** 2
        for name, (size, at) in ACTS.items()
    }


def head_motion() -> tuple[np.ndarray, np.ndarray]:
    """Rotations (n, 3, 3) and shifts (n, 3) in metres of a head that looks around."""
    turn = np.stack([0.1 * np.sin(3 * TIMES), 0.3 * np.sin(2 * TIMES), 0.05 * TIMES], axis=1)
    way = np.stack([0.05 * np.sin(2 * TIMES), 0.02 * TIMES, 0.03 * np.cos(TIMES)], axis=1)
    return to_matrix(from_vector(turn)), way + np.array([0.1, 1.5, 0.3])


def moved_by_head(places: np.ndarray) -> np.ndarray:
    turns, way = head_motion()
    return np.einsum("nij,npj->npi", turns, places) + way[:, None]


def points_take(
    places: np.ndarray, valid: np.ndarray | None = None, names: Sequence[str] = NAMES
) -> Take:
    there = np.ones(places.shape[:2], np.bool_) if valid is None else valid
    values, known = point_values(places, there)
    return make_take(
        TIMES[: len(places)], point_channels(names), values, valid=known, rate=RATE, name="acted.x"
    )


def columns(solved: Solved, names: Sequence[str]) -> np.ndarray:
    """Values ``(n, k)`` of controls."""
    known = [channel.name for channel in solved.solve.unknowns.channels]
    return solved.solve.values[:, [known.index(name) for name in names]]
