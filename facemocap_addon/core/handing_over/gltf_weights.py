# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of shape keys in glTF files: for checking exports."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..arrays import FloatArray
from ..files import read_file
from ..formats.gltf_animation import WEIGHTS, read_animations
from ..formats.gltf_file import Gltf, open_gltf
from ..formats.json_values import as_dict, as_list
from .motion import KeyedValues, Shape


def gltf_keys(path: Path) -> tuple[dict[Shape, KeyedValues], FloatArray]:
    """Keys of all morph targets that have names, by node and target, and the times of all keys.

    Raises
    ------
    FacemocapError
        When the file is damaged.
    """
    gltf = open_gltf(read_file(path), path)
    found: dict[Shape, KeyedValues] = {}
    for number, node in enumerate(gltf.entries("nodes")):
        for name, still in _targets(gltf, number):
            found[str(node.get("name")), name] = KeyedValues(np.zeros(0), np.array([still]))
    times: list[FloatArray] = [np.zeros(0)]
    for animation in read_animations(gltf):
        for curve in animation.curves:
            times.append(curve.times)
            if curve.path != WEIGHTS:
                continue
            label = str(gltf.entry("nodes", curve.node).get("name"))
            for place, (name, _) in enumerate(_targets(gltf, curve.node)):
                found[label, name] = KeyedValues(curve.times, curve.values[:, place])
    return found, np.unique(np.concatenate(times))


def _targets(gltf: Gltf, number: int) -> list[tuple[str, float]]:
    """Names of a node's morph targets, and their weights at rest."""
    node = gltf.entry("nodes", number)
    if not isinstance(node.get("mesh"), int):
        return []
    mesh = gltf.entry("meshes", node["mesh"])
    names = [str(each) for each in as_list(as_dict(mesh.get("extras")).get("targetNames"))]
    weights = as_list(node.get("weights")) or as_list(mesh.get("weights"))
    still = [float(each) for each in weights] or [0.0] * len(names)
    return list(zip(names, still, strict=False))
