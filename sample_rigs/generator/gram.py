# SPDX-License-Identifier: GPL-3.0-or-later
"""How far the 52 ARKit shapes move the face, and how alike they are: data for the composite fit.

`python -m sample_rigs.generator.gram` writes `facemocap_addon/data/arkit_gram.json`: the products
of the shapes' displacement fields on the plain head's skin, weighted by area and divided by the
area of the skin that moves at all. The tongue counts for tongueOut only: what the jaw carries along
inside the mouth is not seen. The root of x' G x is then the root mean square displacement (mm) of a
face whose shapes have the values x.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .arkit import ARKIT
from .base import BaseFace
from .distance import Array
from .mesh import RIM, SKIN, Keys
from .styles import PLAIN

FILE = Path(__file__).resolve().parents[2] / "facemocap_addon" / "data" / "arkit_gram.json"
#: A vertex that some shape takes this far (mm) belongs to the face.
MOVES_MM = 0.1


def vertex_areas(vertices: Array, faces: Sequence[Sequence[int]]) -> Array:
    """Area (mm²) that belongs to each vertex: an even share of each of its faces."""
    areas = np.zeros(len(vertices))
    for face in faces:
        ring = vertices[list(face)]
        crosses = np.cross(ring[1:-1] - ring[0], ring[2:] - ring[0])
        areas[list(face)] += 0.5 * np.linalg.norm(crosses.sum(axis=0)) / len(face)
    return areas


def products(keys: Keys, areas: Array) -> Array:
    """Area-weighted products (52, 52) of the shapes' displacements (mm); absent ones are nought."""
    still = np.zeros((len(areas), 3))
    moved = np.stack([keys.get(name, still) for name in ARKIT])
    weighed = moved * np.sqrt(areas)[:, None]
    flat = weighed.reshape(len(ARKIT), -1)
    return flat @ flat.T


def gram(face: BaseFace) -> Array:
    """The Gram matrix (mm²) in the order of `ARKIT`."""
    head = face.head
    skin = [f for f, slot in zip(head.faces, head.slots, strict=True) if slot in (SKIN, RIM)]
    areas = vertex_areas(head.vertices, skin)
    tongue = next(part for part in face.parts(PLAIN)[0] if part.name == "tongue")
    tongue_areas = vertex_areas(tongue.vertices, tongue.faces)
    farthest = np.max([np.linalg.norm(face.keys[name], axis=1) for name in ARKIT], axis=0)
    moving = areas[farthest > MOVES_MM].sum()
    out = {"tongueOut": tongue.keys["tongueOut"]}
    return (products(face.keys, areas) + products(out, tongue_areas)) / moving


def document(matrix: Array) -> str:
    """The data file: one line a shape, its products with itself and those before it."""
    rows = [
        "   " + json.dumps([float(f"{value:.6g}") for value in matrix[row, : row + 1]])
        for row in range(len(ARKIT))
    ]
    head = {
        "schema": 1,
        "unit": "mm^2",
        "source": "sample_rigs/generator/gram.py, from the sample head's own shapes",
        "channels": list(ARKIT),
    }
    text = json.dumps(head, indent=1)
    return text[:-2] + ',\n "lower": [\n' + ",\n".join(rows) + "\n ]\n}\n"


if __name__ == "__main__":
    FILE.write_text(document(gram(BaseFace.build())), encoding="utf-8")
