# SPDX-License-Identifier: GPL-3.0-or-later
"""Which bone plays which part in a face, by its name; parts and names in ``data/face_bones.json``.

A name is read word by word, its side taken out: ``lid.T.L.002`` says "lid t 2" on the left. Words
that rigs put before every name (``char:def_``, ``Bip01``) are left out. A role's names stand in
order of preference; names in one list play the role together (two bones of one lid).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..controls import Control
from ..resources import data_file
from .side_names import split_side

#: Words that rigs put before every bone's name; "m" and "c" say that a bone is in the middle.
PREFIXES = frozenset(
    "def org bip char mixamorig cc base face facial bone bn jnt ctrl rig j b c m".split()
)
#: Prefixes of copies that a generated rig moves itself, with constraints, after its controls.
OF_RIG = frozenset(("def", "org", "mch"))


@dataclass(frozen=True, slots=True)
class Bone:
    """One bone's six controls and where it lies.

    Attributes
    ----------
    name, parent : str
    at, tail : (3,) float64
        In the character's frame and the armature's units.
    turn, move : dict of int to Control
        Components of its rotation vector and of its shift.
    """

    name: str
    parent: str
    at: FloatArray
    tail: FloatArray
    turn: dict[int, Control]
    move: dict[int, Control]

    @property
    def constrained(self) -> bool:
        """Whether constraints move it too."""
        return any(c.constrained for c in (*self.turn.values(), *self.move.values()))


#: Role and side to the bones that play it.
Cast = Mapping[tuple[str, str], tuple[Bone, ...]]


@cache
def face_roles() -> list[dict[str, Any]]:
    """The roles of ``data/face_bones.json``, in its order."""
    return json.loads(data_file("face_bones.json").read_text(encoding="utf-8"))["roles"]


def motions_of(role: str) -> list[dict[str, Any]]:
    """What channels do to the bones of a role."""
    return next(entry["motions"] for entry in face_roles() if entry["role"] == role)


def gather_bones(controls: Sequence[Control]) -> dict[str, Bone]:
    """Bones by name, of the controls that say where they lie."""
    bones: dict[str, Bone] = {}
    for control in controls:
        if control.axis is None or control.at is None or control.tail is None:
            continue
        # of two armatures with equal bone names the first one counts
        bone = bones.setdefault(
            control.name,
            Bone(
                control.name, control.parent, np.array(control.at), np.array(control.tail), {}, {}
            ),
        )
        (bone.turn if control.is_rotation else bone.move).setdefault(control.index, control)
    return bones


def cast_roles(bones: Mapping[str, Bone]) -> dict[tuple[str, str], tuple[Bone, ...]]:
    """Which bones play which role on which side; names that stand earlier in the list win."""
    best: dict[tuple[str, str], tuple[int, dict[str, Bone]]] = {}
    for bone in bones.values():
        words, side = split_side(bone.name)
        for role in face_roles():
            if role.get("sided", False) != (side != "C"):
                continue
            found = rank_name(words, role["names"], copies=not bone.constrained)
            if found is None:
                continue
            rank, name = found
            place = (role["role"], side)
            if place not in best or rank < best[place][0]:
                best[place] = (rank, {name: bone})
            elif rank == best[place][0]:
                # of two bones with one name the first one counts
                best[place][1].setdefault(name, bone)
            else:
                continue
            break
    return {place: tuple(members.values()) for place, (_, members) in best.items()}


def rank_name(
    words: str, names: Sequence[str | list[str]], *, copies: bool = True
) -> tuple[int, str] | None:
    """Place of a bone's words in a list of names, and the name; lower is better.

    A number counts where the name has one. A prefix before the name is worse than none.

    >>> rank_name("def lid t 002", ["lid t 2", "lid t"]), rank_name("lid t 3", ["lid t 2", "lid t"])
    ((2, 'lid t 2'), (1, 'lid t'))
    """
    numbered = [str(int(word)) if word.isdecimal() else word for word in words.split(" ")]
    plain = [word for word in numbered if not word.isdecimal()]
    count = len(names)
    best: tuple[int, str] | None = None
    for rank, entry in enumerate(names):
        for name in (entry,) if isinstance(entry, str) else entry:
            wanted = name.split(" ")
            have = numbered if any(word.isdecimal() for word in wanted) else plain
            if have[-len(wanted) :] != wanted:
                continue
            before = {word for word in have[: -len(wanted)] if not word.isdecimal()}
            if before - PREFIXES or (not copies and before & OF_RIG):
                continue
            found = (rank + count * bool(before), name)
            if best is None or found < best:
                best = found
    return best
