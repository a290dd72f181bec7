# SPDX-License-Identifier: GPL-3.0-or-later
"""The sample head's own profile and brows, by which other faces are laid on it.

`python -m sample_rigs.generator.face_anchors` writes `facemocap_addon/data/face_anchors.json`: what
is found on the sample head as on any character, and how far the landmarks of
`landmark_basis.npz` lie from it (their middle between the eyes is another).
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from facemocap_addon.core.correspondence.features import Anchors, find_face
from facemocap_addon.core.correspondence.places import ANCHORS as NAME
from facemocap_addon.core.correspondence.places import UNIT
from facemocap_addon.core.probing.scan import Scan
from facemocap_addon.core.rig_maps.rig_map import RigMapEntry, Source
from facemocap_addon.core.video.landmark_basis import MESH, landmark_basis

from .base import BaseFace
from .blends import arkit_head
from .motions import scan_head

FILE = Path(__file__).resolve().parents[2] / "facemocap_addon" / "data" / NAME
HITS = Path(__file__).resolve().parents[1] / "landmark_hits.json"


def document(face: BaseFace) -> str:
    """The data file."""
    anchors, shift = measure(face)
    found = {**anchors.profile, **anchors.movers}
    lines = [
        f'  "{name}": {json.dumps(np.round(place / UNIT).astype(int).tolist())}'
        for name, place in sorted(found.items())
    ]
    return (
        '{\n "schema": 1,\n "unit": "ten-thousandths of the distance between the eyes",\n'
        ' "source": "sample_rigs/generator/face_anchors.py, from the sample head",\n'
        f' "shift": {json.dumps(np.round(shift / UNIT).astype(int).tolist())},\n'
        ' "anchors": {\n' + ",\n".join(lines) + "\n }\n}\n"
    )


def measure(face: BaseFace) -> tuple[Anchors, np.ndarray]:
    """The head's anchors, and the shift ``(3,)`` of landmarks, in eye distances."""
    scan = scan_head(face)
    frame, anchors = find_face(scan, triangles_of(face), own_entries(scan))
    hits = json.loads(HITS.read_text(encoding="utf-8"))["points"][:MESH]
    meshes = arkit_head(face).meshes
    starts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes)])
    start = int(starts[max(range(len(meshes)), key=lambda n: len(meshes[n].keys))])
    own = [np.array(hit[4:]) @ frame.plain[[start + each for each in hit[1:4]]] for hit in hits]
    basis = landmark_basis()
    apart = float(np.linalg.norm(basis.centres[0] - basis.centres[1]))
    seen = (basis.neutral[:MESH] - basis.centres.mean(axis=0)) / apart
    shift = np.median(np.array(own) - seen, axis=0)
    return anchors, shift * [0, 1, 1]


def triangles_of(face: BaseFace) -> np.ndarray:
    """Triangles ``(t, 3)`` of the sample head's meshes, by the scan's points."""
    meshes = arkit_head(face).meshes
    starts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes)])
    return np.array(
        [
            (ring[0] + start, ring[i] + start, ring[i + 1] + start)
            for mesh, start in zip(meshes, starts, strict=False)
            for ring in (list(f) for f in mesh.part.faces)
            for i in range(1, len(ring) - 1)
        ]
    )


def own_entries(scan: Scan) -> list[RigMapEntry]:
    """Each shape of the head for the channel of its name."""
    return [
        RigMapEntry(motion.control.key, (Source(motion.control.name, motion.amount),))
        for motion in scan.motions
    ]


if __name__ == "__main__":
    FILE.write_text(document(BaseFace.build()), encoding="utf-8", newline="\n")
