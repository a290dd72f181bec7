# SPDX-License-Identifier: GPL-3.0-or-later
"""Which channel a shape key or a property is, by the likeness of its motion to the reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..controls import SHAPE_KEY
from .descriptor import EYES, LENGTH, Describer
from .reference import Candidate, candidates, reference_motions, side_of
from .scan import Motion
from .solvers import assign_one_to_one

#: Likeness (cosine) below which a control stays unnamed.
LEAST_LIKE = 0.35
#: Loss of likeness when one motion is e times as large as the other.
SIZE_LOSS = 0.1
#: A shape that turns an eyeball this far (descriptor's measure, 2 degrees) moves the gaze itself.
TURNS_EYE = 0.05
#: Lead over the next best channel at which a likeness counts in full.
CLEAR_LEAD = 0.15


@dataclass(frozen=True)
class Atom:
    """What moves as one: a control in one direction, on all meshes that have it by that name.

    Attributes
    ----------
    name : str
    motions : tuple of Motion
    descriptor : (LENGTH,) float64
    side : str
        ``L``, ``R`` or ``C``, as measured.
    """

    name: str
    motions: tuple[Motion, ...]
    descriptor: FloatArray
    side: str

    @property
    def sign(self) -> int:
        """Direction of the controls' values."""
        return self.motions[0].sign

    @property
    def owners(self) -> frozenset[str]:
        """Objects that the controls belong to."""
        return frozenset(motion.control.owner for motion in self.motions)


@dataclass(frozen=True)
class Match:
    """An atom and the channels it was recognised as, with the likeness and a confidence."""

    atom: Atom
    candidate: Candidate
    likeness: float
    confidence: float


def make_atoms(motions: Sequence[Motion], describer: Describer) -> list[Atom]:
    """Atoms of shape keys and properties; the keys of one name on several meshes are one."""
    groups: dict[tuple[str, ...], list[Motion]] = {}
    for motion in motions:
        control = motion.control
        own = (control.name,) if control.kind == SHAPE_KEY else (control.owner, control.path)
        groups.setdefault((control.kind, str(motion.sign), *own), []).append(motion)
    out: list[Atom] = []
    for members in groups.values():
        descriptor = describer.describe(members)
        name = members[0].control.name
        out.append(Atom(name, tuple(members), descriptor, side_of(descriptor)))
    return out


def recognise(
    atoms: Sequence[Atom], describer: Describer, mesh_rows: dict[str, BoolArray]
) -> list[Match]:
    """Assign channels to atoms, one to one on each set of meshes.

    Parameters
    ----------
    atoms : sequence of Atom
    describer : Describer
    mesh_rows : dict
        Points ``(n,)`` of each mesh by the object's name; an owner that is no mesh moves all.

    Notes
    -----
    The assignment with the largest sum of likenesses (Hungarian method). Brows, lashes or teeth
    whose shapes have names of their own are assigned by themselves and compared only where they
    are.
    """
    found: list[Match] = []
    for members in _sets(atoms):
        owners = sorted({owner for atom in members for owner in atom.owners})
        rows = np.zeros(len(describer.frame.places), np.bool_)
        for owner in owners:
            rows |= mesh_rows.get(owner, np.True_)
        covered = describer.coverage(rows)
        turns = np.abs(np.stack([atom.descriptor[EYES] for atom in members])).max()
        covered[EYES] &= bool(turns > TURNS_EYE)
        found += _assign(members, covered)
    return found


def _sets(atoms: Sequence[Atom]) -> list[list[Atom]]:
    """Atoms that compete: all that share a mesh with the one that has most, the rest by mesh."""
    count: dict[str, int] = {}
    for atom in atoms:
        for owner in atom.owners:
            size = sum(len(m.rows) for m in atom.motions if m.control.owner == owner)
            count[owner] = count.get(owner, 0) + size
    sets: list[list[Atom]] = []
    left = list(atoms)
    for owner in sorted(count, key=lambda name: (-count[name], name)):
        taken = [atom for atom in left if owner in atom.owners]
        left = [atom for atom in left if owner not in atom.owners]
        if taken:
            sets.append(taken)
    return sets


def likenesses(
    descriptors: FloatArray, choices: Sequence[Candidate], covered: BoolArray
) -> FloatArray:
    """Cosines ``(a, c)`` of descriptors ``(a, LENGTH)`` and candidates over the covered parts.

    A candidate most of which lies where nothing can be seen counts less.
    """
    _, known = reference_motions()
    mask = covered & known
    targets = np.stack([choice.descriptor for choice in choices])
    parts = np.ones(LENGTH)
    # eyes that no shape turns are turned by bones; the lids alone tell where they look
    parts[EYES] = covered[EYES]
    whole = np.linalg.norm(targets * parts, axis=1)
    seen = targets * mask
    size = np.linalg.norm(seen, axis=1)
    own = np.linalg.norm(descriptors, axis=1)
    # motion where the reference has no face is unlike it too
    products = np.einsum("al,cl->ac", descriptors * mask, seen)
    cosine = products / np.maximum(own[:, None] * size, 1e-12)
    return cosine * np.sqrt(np.maximum(size, 1e-12) / np.maximum(whole, 1e-12))


def _assign(atoms: list[Atom], covered: BoolArray) -> list[Match]:
    choices = candidates()
    descriptors = np.stack([atom.descriptor for atom in atoms]).reshape(-1, LENGTH)
    like = likenesses(descriptors, choices, covered)
    like[np.array([[a.side != c.side for c in choices] for a in atoms])] = -1.0
    size = np.log(np.maximum(np.linalg.norm(descriptors, axis=1), 1e-9))
    wanted = np.log([np.linalg.norm(choice.descriptor * covered) + 1e-9 for choice in choices])
    worth = like - SIZE_LOSS * np.abs(size[:, None] - wanted)
    found: list[Match] = []
    for row, column in assign_one_to_one(np.maximum(worth, 0.0)):
        likeness = float(like[row, column])
        if likeness < LEAST_LIKE or worth[row, column] <= 0:
            continue
        others = np.delete(worth[row], column)
        lead = float(np.clip((worth[row, column] - others.max()) / CLEAR_LEAD, -1.0, 1.0))
        confidence = max(0.0, min(1.0, likeness * (0.8 + 0.2 * lead)))
        found.append(Match(atoms[row], choices[column], likeness, round(confidence, 3)))
    return found
