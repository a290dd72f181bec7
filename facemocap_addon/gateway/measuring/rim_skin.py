# SPDX-License-Identifier: GPL-3.0-or-later
"""How bones carry the vertices of lids and lips, read from a copy of the character."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...core.contacts.skinning import Skinning
from ...core.controls import BONE, Control
from ..probing.probe_copy import Standin

#: Weights below this count for nothing.
LEAST_WEIGHT = 1e-4


def read_skinning(
    copy: Standin,
    controls: Mapping[int, Control],
    parts: Sequence[tuple[Any, np.ndarray, np.ndarray]],
    axes: np.ndarray,
) -> Skinning | None:
    """The bones that carry vertices; None without an armature, or where bones bend or envelop.

    Parameters
    ----------
    copy : Standin
    controls : mapping of int to Control
        Those that move, by their place among all values; those of bones count.
    parts : sequence of (mesh, rows, vertices)
        For each mesh the rows of its points among all, and its vertices.
    axes : (3, 3)
        From the armature's axes to those of the points.
    """
    armature: Any = copy.armature
    if armature is None or not all(_is_plain(mesh) for mesh, _, _ in parts):
        return None
    bones = {bone.name: bone for bone in armature.data.bones}
    followed = [_weights(mesh, vertices, bones) for mesh, _, vertices in parts]
    wanted: dict[str, None] = {}
    for name in dict.fromkeys(name for part in followed for name in part):
        chain = [name]
        while (above := bones[chain[-1]].parent) is not None:
            chain.append(above.name)
        wanted |= dict.fromkeys(reversed(chain))
    places = {name: place for place, name in enumerate(wanted)}
    count = sum(len(rows) for _, rows, _ in parts)
    weights = np.zeros((count, len(places)))
    for (_, rows, _), part in zip(parts, followed, strict=True):
        for name, values in part.items():
            weights[rows, places[name]] = values
    turns = np.full((len(places), 3), -1)
    shifts = np.full((len(places), 3), -1)
    for number, control in controls.items():
        if control.kind == BONE and control.name in places:
            of = turns if control.is_rotation else shifts
            of[places[control.name], control.index] = number
    parents = [bones[name].parent for name in places]
    return Skinning(
        np.array([-1 if parent is None else places[parent.name] for parent in parents], np.int64),
        np.array([bones[name].matrix_local for name in places]).reshape(-1, 4, 4),
        turns,
        shifts,
        weights,
        axes,
    )


def _is_plain(mesh: Any) -> bool:
    """Whether one armature modifier moves a mesh, by weights alone."""
    modifiers = list(mesh.modifiers)
    return len(modifiers) == 1 and not (
        modifiers[0].use_bone_envelopes
        or modifiers[0].use_deform_preserve_volume
        or modifiers[0].vertex_group
    )


def _weights(mesh: Any, vertices: np.ndarray, bones: dict[str, Any]) -> dict[str, np.ndarray]:
    """Shares ``(v,)`` of each bone in some of a mesh's vertices, which add up to 1."""
    names = {
        group.index: group.name
        for group in mesh.vertex_groups
        if group.name in bones and bones[group.name].use_deform
    }
    out: dict[str, np.ndarray] = {}
    for row, vertex in enumerate(vertices.tolist()):
        for member in mesh.data.vertices[vertex].groups:
            if member.group in names and member.weight > LEAST_WEIGHT:
                own = out.setdefault(names[member.group], np.zeros(len(vertices)))
                own[row] = member.weight
    total = np.sum(list(out.values()), axis=0) if out else np.zeros(len(vertices))
    return {name: own / np.maximum(total, LEAST_WEIGHT) for name, own in out.items()}
