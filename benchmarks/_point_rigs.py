# SPDX-License-Identifier: GPL-3.0-or-later
"""Characters of files that perform what is known, and the points that a recorder sees of it.

The mesh that Blender evaluates is what moves the points: nothing of the solve's own measurements.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import bpy
import numpy as np

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.controls import Control
from facemocap_addon.core.correspondence.features import FoundFace
from facemocap_addon.core.correspondence.naming import identify
from facemocap_addon.core.correspondence.placement import Placement
from facemocap_addon.core.correspondence.places import template
from facemocap_addon.core.correspondence.placing import place_points
from facemocap_addon.core.measured import Measured
from facemocap_addon.core.point_solve.unknowns import Unknowns
from facemocap_addon.core.probing.scan import Scan
from facemocap_addon.core.progress import run_job
from facemocap_addon.core.rig_maps.retargeting import retarget
from facemocap_addon.core.rig_maps.rig_map import RigMap
from facemocap_addon.core.rig_maps.working_map import working_map
from facemocap_addon.core.take import make_take
from facemocap_addon.gateway.characters.characters import (
    CharacterObjects,
    find_characters,
    read_character,
)
from facemocap_addon.gateway.files.rig_files import open_rig
from facemocap_addon.gateway.measuring.face_features import find_face_features
from facemocap_addon.gateway.measuring.measuring import ensure_measured
from facemocap_addon.gateway.probing.poser import Poser
from facemocap_addon.gateway.probing.probe_copy import Ruler, standin
from facemocap_addon.gateway.probing.probing import scan_character

from . import ROOT

SHARED = Path(os.environ.get("FACEMOCAP_SHARED") or ROOT.parent / "shared")
#: An adult's eyes, metres: the size of the template as an actor.
EYES_M = 0.063
#: The markers of the real takes in the shared folder, by their names.
MARKERS = (
    "ForeHead_M", "ForeHead_L", "ForeHead_R", "Leyebrow_M", "Leyebrow_Inside", "Leyebrow_Outside",
    "Eyebrow_Center", "Reyebrow_M", "Reyebrow_Inside", "Reyebrow_Outside", "NoseTop", "NoseHead",
    "NoseHead_L", "NoseHead_R", "Leye_Up", "Leye_Down", "Leye_Inside", "Leye_Outside", "Reye_Up",
    "Reye_Down", "Reye_Inside", "Reye_Outside", "Lcheek_Up", "Lcheek_Down", "Lcheek_Outside",
    "Rcheek_Up", "Rcheek_Down", "Rcheek_Outside", "Mouth_Up", "Mouth_Down", "Mouth_UpL1",
    "Mouth_Lend", "Mouth_UpR1", "Mouth_Rend", "Mouth_DownL", "Mouth_DownR", "Chin", "Chin_R1",
    "Chin_R2", "Chin_L1", "Chin_L2",
)  # fmt: skip
LANDMARKS_68 = tuple(f"lm68_{number:02d}" for number in range(68))
LANDMARKS_478 = tuple(f"mp_{number:03d}" for number in range(478))


@dataclass(frozen=True)
class RigFace:
    """A character with all that was measured on it."""

    name: str
    scene: bpy.types.Scene
    picked: CharacterObjects
    controls: tuple[Control, ...]
    measured: Measured
    scan: Scan
    face: FoundFace
    rig_map: RigMap

    @property
    def unit_m(self) -> float:
        """Distance of its eyes, metres."""
        return self.face.features.eye_distance_m

    def placed(self, names: Sequence[str]) -> Placement:
        """Points as a person would put them on it by their names."""
        return place_points(names, _by_template(tuple(names)), self.face)

    def put(self, names: Sequence[str], spread_m: float, seed: int) -> dict[str, tuple[str, int]]:
        """Vertices that points are glued to: as far from their places as people and trackers are.

        Points whose names say that they are on the eyes, or nothing, are left out.
        """
        placed, skin = self.placed(names), self.face.skin
        rng = np.random.default_rng(seed)
        starts = {mesh: start for mesh, (start, _) in self.face.meshes.items()}
        places = skin.places * self.unit_m
        out: dict[str, tuple[str, int]] = {}
        for row in np.flatnonzero(placed.placed).tolist():
            mesh = placed.meshes[int(placed.mesh[row])]
            first = int(placed.vertices[row, np.argmax(placed.weights[row])]) + starts[mesh]
            reached = {first}
            # along the skin: what is near in space may be the other lip
            while True:
                touched = np.isin(skin.triangles, list(reached)).any(axis=1)
                around = np.unique(skin.triangles[touched])
                away = np.linalg.norm(places[around] - places[first], axis=1)
                grown = set(around[away <= spread_m].tolist()) | {first}
                if grown <= reached:
                    break
                reached |= grown
            vertex = int(rng.choice(sorted(reached)))
            out[names[row]] = (mesh, vertex - starts[mesh])
        return out

    def control_values(
        self, times: np.ndarray, channels: Sequence[str], weights: np.ndarray
    ) -> np.ndarray:
        """Values of all controls ``(n, c)`` for weights of channels ``(n, w)``; rest elsewhere."""
        schema = arkit_schema()
        take = make_take(times, [schema[name] for name in channels], weights, rate=60)
        result = retarget(take, self.rig_map)
        out = np.repeat([[control.rest for control in self.controls]], len(times), axis=0)
        places = {control.key: place for place, control in enumerate(self.controls)}
        out[:, [places[key] for key in result.controls]] = result.values
        return out

    def unknown_values(self, unknowns: Unknowns, values: np.ndarray) -> np.ndarray:
        """What control values ``(n, c)`` are as values of unknowns ``(n, k)``."""
        places = {control.key: place for place, control in enumerate(self.controls)}
        out = np.zeros((len(values), len(unknowns)))
        for column, ((key, amount), *_) in enumerate(unknowns.parts):
            rest = self.controls[places[key]].rest
            out[:, column] = (values[:, places[key]] - rest) / amount
        return out

    def with_unknowns(
        self, unknowns: Unknowns, found: np.ndarray, values: np.ndarray
    ) -> np.ndarray:
        """Control values ``(n, c)`` with those of unknowns in place of their own."""
        places = {control.key: place for place, control in enumerate(self.controls)}
        columns = [places[key] for key in unknowns.controls]
        out = np.array(values)
        rest = np.array([self.controls[column].rest for column in columns])
        out[:, columns] = rest + unknowns.changes(found)
        return out


def open_face(path: Path, name: str = "") -> RigFace:
    """Open a character's file and measure it."""
    scene = open_rig(path, enable_scripts=True)
    picked = find_characters(scene)[0]
    measured = run_job(ensure_measured(picked, scene))
    scan = run_job(scan_character(picked, scene))
    face = run_job(find_face_features(picked, scene, measured, scan))
    controls = read_character(picked, scene).controls
    rig_map = working_map(controls, None, picked.name, measured)
    return RigFace(name or picked.name, scene, picked, controls, measured, scan, face, rig_map)


@cache
def _by_template(names: tuple[str, ...]) -> np.ndarray:
    """Where the places of names are on the template's face, metres; NaN for unknown names."""
    meant = identify(names, np.zeros((len(names), 3)), {})
    out = np.full((len(names), 3), np.nan)
    for row, each in meant.items():
        out[row] = template().places[each.place] * EYES_M
    return out


@contextmanager
def posing(rig: RigFace) -> Iterator[tuple[Poser, Ruler]]:
    """A copy of the character that takes control values and tells where its vertices are."""
    with standin(rig.picked, rig.scene, rig.controls) as copy:
        yield Poser(copy, rig.controls), Ruler(copy)


def vertices(rig: RigFace, values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Places ``(n, v, 3)`` in metres of some vertices of the evaluated mesh."""
    out = np.empty((len(values), len(rows), 3), np.float32)
    with posing(rig) as (poser, ruler):
        for number in poser.pose(values):
            out[number] = ruler.points()[rows]
    return out


def moving_rows(rig: RigFace, values: np.ndarray, least_mm: float = 0.5) -> np.ndarray:
    """Vertices that some of the control values move."""
    with posing(rig) as (poser, ruler):
        rest = np.array([[control.rest for control in rig.controls]])
        next(poser.pose(rest))
        start, far = ruler.points(), np.zeros(ruler.count)
        for _ in poser.pose(values):
            far = np.maximum(far, ((ruler.points() - start) ** 2).sum(axis=1))
    return np.flatnonzero(far > (1e-3 * least_mm) ** 2)


def carried_points(
    rig: RigFace, put: Mapping[str, tuple[str, int]], values: np.ndarray
) -> np.ndarray:
    """Where the evaluated mesh takes vertices ``(n, p, 3)``: the face's frame, metres."""
    starts = {mesh: start for mesh, (start, _) in rig.scan.meshes.items()}
    rows = np.array([starts[mesh] + vertex for mesh, vertex in put.values()])
    used, where = np.unique(rows, return_inverse=True)
    features = rig.face.features
    found = vertices(rig, values, used).astype(np.float64)[:, where]
    return (found - features.origin) @ features.axes.T
