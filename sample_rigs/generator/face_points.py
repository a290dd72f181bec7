# SPDX-License-Identifier: GPL-3.0-or-later
"""The sample head as points with their motions: what bones are measured against.

`python -m sample_rigs.generator.face_points` writes `facemocap_addon/data/face_points.json`: some
points of the head's skin, close together around the eyes and the mouth, where each of the 52 shapes
takes them, and the edges of its lids and lips.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from facemocap_addon.core.calibration.face_points import FILE as NAME
from facemocap_addon.core.calibration.openings import MOUTH, edges_in, find_face_openings, lip_sides
from facemocap_addon.core.probing.face_frame import find_frame

from .arkit import ARKIT
from .base import BaseFace
from .blends import arkit_head
from .motions import scan_head

FILE = Path(__file__).resolve().parents[2] / "facemocap_addon" / "data" / NAME
#: Distances between points (eye distances): at the edges, on the face, and where nothing moves.
CLOSE, WIDE, STILL = 0.035, 0.075, 0.2
#: What lies this near to an edge is close to it.
NEAR = 0.16
#: A point moves when some shape takes it this far (eye distances).
MOVES = 2e-3
#: Lengths are stored in ten-thousandths of the distance between the eyes.
UNIT = 1e-4


def document(face: BaseFace) -> str:
    """The data file: one line a channel."""
    scan = scan_head(face)
    frame = find_frame(scan)
    meshes = arkit_head(face).meshes
    starts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes)])
    triangles = np.array(
        [
            (ring[0] + start, ring[i] + start, ring[i + 1] + start)
            for mesh, start in zip(meshes, starts, strict=False)
            for ring in (list(f) for f in mesh.part.faces)
            for i in range(1, len(ring) - 1)
        ]
    )
    fields = {name: np.zeros((len(scan.points), 3)) for name in ARKIT}
    for motion in scan.motions:
        fields[motion.control.name][motion.rows] += frame.turned(motion.moved)
    opened = fields["jawOpen"] @ frame.axes * frame.eye_distance_m
    openings = find_face_openings(scan, frame, triangles, opened)
    edges = edges_in(openings, frame)
    head = max(range(len(meshes)), key=lambda n: len(meshes[n].keys))
    rows = np.arange(starts[head], starts[head + 1])
    moves = np.abs(np.stack([fields[name][rows] for name in ARKIT])).max(axis=(0, 2)) > MOVES
    sides = lip_sides(frame.plain, fields["jawOpen"], openings[MOUTH])
    rims = np.concatenate([edge for pair in edges.values() for edge in pair])
    rows = rows[choose(frame.plain[rows], sides[rows], moves, rims)]
    sides = sides[rows]
    lines = [
        ' "schema": 1',
        ' "unit": "ten-thousandths of the distance between the eyes"',
        ' "source": "sample_rigs/generator/face_points.py, from the sample head\'s own shapes"',
        f' "points": {_numbers(frame.plain[rows])}',
        f' "sides": {json.dumps(np.round(100 * sides).astype(int).tolist())}',
        ' "openings": {\n'
        + ",\n".join(
            f'  "{name}": {{"upper": {_numbers(upper)}, "lower": {_numbers(lower)}}}'
            for name, (upper, lower) in edges.items()
        )
        + "\n }",
    ]
    channels: list[str] = []
    for name in ARKIT:
        whole = np.round(fields[name][rows] / UNIT).astype(int)
        own = np.flatnonzero(np.abs(whole).max(axis=1) > 0)
        entry = {"rows": own.tolist(), "moves": whole[own].ravel().tolist()}
        channels.append(f'  "{name}": {json.dumps(entry, separators=(",", ":"))}')
    lines.append(' "channels": {\n' + ",\n".join(channels) + "\n }")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def choose(
    places: np.ndarray, sides: np.ndarray, moves: np.ndarray, edges: np.ndarray
) -> np.ndarray:
    """Numbers of points that stand for all, the same on both sides of the face.

    Upper and lower lip (``sides``) touch: neither stands for the other.
    """
    away = np.linalg.norm(places[:, None] - edges[None], axis=2).min(axis=1)
    apart = np.where(moves, np.where(away < NEAR, CLOSE, WIDE), STILL)
    whole = np.concatenate([places, sides[:, None]], axis=1)
    kept: list[int] = []
    # what stands closest comes first: wide steps must not leave holes beside the edges
    for number in np.lexsort((np.arange(len(places)), apart)):
        if places[number, 0] < -1e-4:
            continue
        if kept and np.linalg.norm(whole[kept] - whole[number], axis=1).min() < apart[number]:
            continue
        kept.append(int(number))
    mirrored = whole[kept] * [-1, 1, 1, 1]
    other = np.linalg.norm(whole[None] - mirrored[:, None], axis=2).argmin(axis=1)
    return np.unique(np.concatenate([kept, other]))


def _numbers(table: np.ndarray) -> str:
    return json.dumps(np.round(table / UNIT).astype(int).ravel().tolist(), separators=(",", ":"))


if __name__ == "__main__":
    FILE.write_text(document(BaseFace.build()), encoding="utf-8")
