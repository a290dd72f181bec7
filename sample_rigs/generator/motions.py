# SPDX-License-Identifier: GPL-3.0-or-later
"""How each of the 52 channels moves a face: what probing compares a character's controls with.

Its eyes turn by bones, so the turns of the eyeLook channels are those that bones get.
`python -m sample_rigs.generator.motions` measures the shapes of the sample character arkit_head as
any character is measured and writes `facemocap_addon/data/channel_motions.json`.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from facemocap_addon.core.controls import SHAPE_KEY, Control
from facemocap_addon.core.gaze.gaze_angles import look_turn
from facemocap_addon.core.probing.descriptor import EYE_WEIGHT, EYES, make_describer
from facemocap_addon.core.probing.face_frame import find_frame
from facemocap_addon.core.probing.reference import FILE as NAME
from facemocap_addon.core.probing.reference import to_document
from facemocap_addon.core.probing.scan import Bone, Motion, Scan, find_islands

from .arkit import ARKIT
from .base import BaseFace
from .blends import arkit_head

FILE = Path(__file__).resolve().parents[2] / "facemocap_addon" / "data" / NAME


def scan_head(face: BaseFace) -> Scan:
    """The sample head as probing would hand it over, in metres."""
    character = arkit_head(face)
    meshes = character.meshes
    starts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes)])
    points = np.concatenate([mesh.vertices for mesh in meshes]) / 1000
    edges: list[np.ndarray] = []
    motions: list[Motion] = []
    for mesh, start in zip(meshes, starts, strict=False):
        for ring in mesh.part.faces:
            ends = np.array(ring)
            edges.append(np.stack([ends, np.roll(ends, -1)], axis=1) + start)
        for name in ARKIT:
            moved = mesh.keys.get(name)
            if moved is not None:
                rows = np.flatnonzero(np.abs(moved).max(axis=1) > 1e-3)
                control = Control(SHAPE_KEY, mesh.part.name, name, 0, name)
                motions.append(Motion(control, 1.0, rows + start, moved[rows] / 1000))
    islands = find_islands(points, np.concatenate(edges))
    bones = {b.name: Bone(tuple((b.head / 1000).tolist())) for b in character.bones}
    return Scan(points, islands, tuple(m for m in motions if len(m.rows)), bones=bones)


def eye_turns(name: str) -> np.ndarray:
    """Rotation vectors (6,) of the left and the right eyeball under a channel, radians."""
    turn = look_turn(name)
    sides = [turn * name.endswith(side) for side in ("Left", "Right")]
    return np.concatenate(sides)


def document(face: BaseFace) -> str:
    """The data file: one line a channel."""
    scan = scan_head(face)
    describer = make_describer(scan, find_frame(scan))
    described = {
        name: describer.describe([m for m in scan.motions if m.control.name == name])
        for name in ARKIT
    }
    for name, motion in described.items():
        motion[EYES] += EYE_WEIGHT * eye_turns(name)
    content = to_document(described, describer.covered)
    rows = [f'  "{name}": {json.dumps(entry)}' for name, entry in content["channels"].items()]
    head = {
        "schema": 1,
        "unit": "thousandths of the distance between the eyes, and of a radian",
        "source": "sample_rigs/generator/motions.py, from the sample head's own shapes",
        "covered": content["covered"],
    }
    lines = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    lines.append(' "channels": {\n' + ",\n".join(rows) + "\n }")
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    FILE.write_text(document(BaseFace.build()), encoding="utf-8")
