# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a character's lids and lips are for given control values, as Blender evaluates it.

Where only shape keys and plain bones move them their places are computed, and compared with what
Blender evaluates in some frames; else a copy of the character is posed and read in every frame, cut
down to the few vertices that are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import bmesh
import numpy as np

from ...core.contacts.closing import Measure
from ...core.contacts.face_contacts import FaceContacts
from ...core.controls import BONE, Control, ControlKey
from ..probing.poser import Poser
from ..probing.probe_copy import Standin
from .rim_skin import read_skinning

#: Separations (per cent) that differ by less than this are the same.
SAME = 0.3
#: Frames in which what is computed is compared with Blender's evaluation: spread out, the most
#: extreme, and those with all controls this much further from rest.
TRIED, FURTHER = 16, 1.25
#: How far a control that rests in all samples is moved to learn what it does (radians or metres
#: of bones, values of others).
TRIAL_BONE, TRIAL_OTHER = 0.05, 0.5
#: Frames whose places are computed at once.
AT_ONCE = 1024

#: Places ``(r, m, 3)`` in metres for control values ``(r, c)``.
Places = Callable[[np.ndarray], np.ndarray]


def measure_rims(
    copy: Standin,
    contacts: FaceContacts,
    controls: Sequence[Control],
    still: Iterable[ControlKey],
    samples: np.ndarray,
) -> Measure:
    """A function from control values ``(r, c)`` to separations in per cent, by opening.

    Parameters
    ----------
    copy : Standin
        A copy of the character at rest; its meshes are cut down here.
    contacts : FaceContacts
    controls : sequence of Control, length c
    still : iterable of ControlKey
        Those that turn the whole head: they are left at rest.
    samples : (n, c) float
        Values as they will come: by them is decided whether sums are enough.
    """
    reader = RimReader(copy, contacts, controls, still)
    places = reader.quick(samples) or reader.read

    def measure(values: np.ndarray) -> Mapping[str, np.ndarray]:
        parts = [
            _separations(contacts, places(part))
            for part in np.array_split(values, max(1, -(-len(values) // AT_ONCE)))
        ]
        return {name: np.concatenate([part[name] for part in parts]) for name in contacts.openings}

    return measure


def _separations(contacts: FaceContacts, places: np.ndarray) -> dict[str, np.ndarray]:
    return {name: contacts.separations(name, places) for name in contacts.openings}


class RimReader:
    """Poses the copy and reads the openings' vertices."""

    def __init__(
        self,
        copy: Standin,
        contacts: FaceContacts,
        controls: Sequence[Control],
        still: Iterable[ControlKey],
    ) -> None:
        kept = set(still)
        self._contacts = contacts
        self._controls = list(controls)
        self._moving = [place for place, c in enumerate(controls) if c.key not in kept]
        self._copy = copy
        self._poser = Poser(copy, [controls[place] for place in self._moving])
        self._origin = np.array([control.rest for control in controls])
        by_name = {obj.name: made for obj, made in copy.copies.items()}
        self._rows: list[tuple[Any, np.ndarray, np.ndarray]] = []
        needed = {
            name: contacts.vertices[contacts.vertices[:, 0] == number, 1]
            for number, name in enumerate(contacts.meshes)
        }
        for mesh in copy.meshes:
            name = next(n for n, made in by_name.items() if made == mesh)
            wanted = needed.get(name, np.empty(0, np.int32))
            kept_rows = _cut_down(mesh, wanted)
            if len(wanted):
                number = contacts.meshes.index(name)
                rows = np.flatnonzero(contacts.vertices[:, 0] == number)
                self._rows.append((mesh, rows, kept_rows))
        self._matrix, self._turn, self._at = _axes(copy)

    def read(self, values: np.ndarray) -> np.ndarray:
        """Places ``(r, m, 3)`` in metres for control values ``(r, c)``."""
        out = np.empty((len(values), len(self._contacts.vertices), 3))
        # the copy stands at rest afterwards
        rows = np.concatenate([values, self._origin[None]])[:, self._moving]
        for row in self._poser.pose(rows):
            if row < len(out):
                out[row] = self._places()
        return out

    def quick(self, samples: np.ndarray) -> Places | None:
        """A function like `read` that evaluates nothing, or None.

        It adds up what each control does and, where that is not enough, turns plain bones. None
        where both are wrong for some of ``samples`` ``(n, c)``: there are drivers and constraints.
        """
        steps, rest = self._steps(samples)
        bones = np.array([control.kind == BONE for control in self._controls])
        tried = self._extremes(samples)
        true = _separations(self._contacts, self.read(tried))

        def summed(values: np.ndarray, some: np.ndarray) -> np.ndarray:
            away = (values - self._origin)[:, some]
            moved = away @ steps[some].reshape(len(some), rest.size)
            return rest + moved.reshape(len(values), *rest.shape)

        works = np.flatnonzero(np.abs(steps).max(axis=(1, 2), initial=0.0) > 0)
        if self._agree(true, summed(tried, works)):
            return lambda values: summed(values, works)
        axes = self._turn.T @ self._matrix if self._copy.armature is not None else np.eye(3)
        skin = read_skinning(
            self._copy, {p: self._controls[p] for p in self._moving}, self._rows, axes
        )
        others = works[~bones[works]]
        if skin is not None and self._agree(true, skin.moved(summed(tried, others), tried)):
            return lambda values: skin.moved(summed(values, others), values)
        return None

    def _steps(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What one unit of each control does ``(c, m, 3)``, and the places at rest ``(m, 3)``."""
        low, high = samples.min(axis=0), samples.max(axis=0)
        away = (
            np.where(np.abs(high - self._origin) > np.abs(low - self._origin), high, low)
            - self._origin
        )
        for place in self._moving:
            if not away[place]:
                bone = self._controls[place].kind == BONE
                away[place] = TRIAL_BONE if bone else TRIAL_OTHER
        alone = self._origin + np.diag(away)[self._moving]
        seen = self.read(np.concatenate([self._origin[None], alone]))
        steps = np.zeros((len(self._origin), *seen.shape[1:]))
        steps[self._moving] = (seen[1:] - seen[0]) / away[self._moving, None, None]
        return steps, seen[0]

    def _extremes(self, samples: np.ndarray) -> np.ndarray:
        """Some of the samples: spread over all, the most extreme, and those taken further."""
        spread = np.linspace(0, len(samples) - 1, min(len(samples), TRIED)).astype(int)
        order = np.argsort(-np.abs(samples - self._origin).sum(axis=1), kind="stable")[:TRIED]
        further = self._origin + FURTHER * (samples[order] - self._origin)
        return np.concatenate([samples[np.unique(np.concatenate([spread, order]))], further])

    def _agree(self, true: Mapping[str, np.ndarray], places: np.ndarray) -> bool:
        """Whether places lead to the separations that were evaluated."""
        found = _separations(self._contacts, places)
        return all(float(np.abs(found[name] - true[name]).max(initial=0.0)) < SAME for name in true)

    def _places(self) -> np.ndarray:
        graph = self._copy.evaluate()
        out = np.zeros((len(self._contacts.vertices), 3))
        for mesh, rows, kept_rows in self._rows:
            moved = mesh.evaluated_get(graph)
            data: Any = moved.data
            local = np.empty(len(data.vertices) * 3, np.float32)
            data.vertices.foreach_get("co", local)
            matrix = np.array(moved.matrix_world)
            places = local.reshape(-1, 3)[kept_rows] @ matrix[:3, :3].T + matrix[:3, 3]
            out[rows] = places
        return (out - self._at) @ self._turn


def _axes(copy: Standin) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Matrix, turn and place of the character's axes, as `probe_copy.Ruler` has them."""
    anchor: Any = copy.armature or max(copy.meshes, key=lambda m: len(m.data.vertices))
    matrix = np.array(anchor.evaluated_get(copy.evaluate()).matrix_world)
    left, _, right = np.linalg.svd(matrix[:3, :3])
    return matrix[:3, :3], left @ right, matrix[:3, 3]


def _cut_down(mesh: Any, wanted: np.ndarray) -> np.ndarray:
    """Delete all other vertices of a copied mesh; where the wanted ones, in their order, are then.

    Modifiers that are bound to the whole mesh keep it whole.
    """
    if any(modifier.type != "ARMATURE" for modifier in mesh.modifiers):
        return wanted
    kept = np.unique(wanted)
    if mesh.data.shape_keys is not None:
        # a script may have moved the basis alone: bmesh would add the difference to all keys
        rest = np.empty(len(mesh.data.vertices) * 3, np.float32)
        mesh.data.shape_keys.reference_key.data.foreach_get("co", rest)
        mesh.data.vertices.foreach_set("co", rest)
    made = bmesh.new()
    try:
        made.from_mesh(mesh.data)
        stay = np.zeros(len(made.verts), np.bool_)
        stay[kept] = True
        gone: Any = [
            vertex for vertex, keep in zip(made.verts, stay.tolist(), strict=True) if not keep
        ]
        bmesh.ops.delete(made, geom=gone, context="VERTS")
        made.to_mesh(mesh.data)
    finally:
        made.free()
    return np.searchsorted(kept, wanted)
