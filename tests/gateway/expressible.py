# SPDX-License-Identifier: GPL-3.0-or-later
"""What each rig can express, from ``tests/rigs_expressible``, and what a rig map makes of it.

A table names, for each channel that the rig can express, what carries it; where shapes or
properties carry it the table also says what each of them holds. Tables were written before
anything was measured.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from face_landmarks import Face, Pose, lay_to_rest, set_bones
from face_oracle import MISTAKEN, judge

from facemocap_addon.core.channels import arkit_names, arkit_schema
from facemocap_addon.core.controls import BONE
from facemocap_addon.core.rig_maps.retargeting import retarget
from facemocap_addon.core.rig_maps.rig_map import RigMap
from facemocap_addon.core.take import Take, TakeSource
from facemocap_addon.core.timebase import Timebase

TABLES = Path(__file__).resolve().parents[1] / "rigs_expressible"
#: What of a channel must arrive, of as much as a face of the rig holds.
TAKES = 0.5
#: Channels that mean something only beside another one.
BESIDE = {"mouthClose": "jawOpen"}


@dataclass(frozen=True)
class Table:
    """One rig's table."""

    name: str
    rig: str
    shared: bool
    by_motion: bool
    channels: Mapping[str, tuple[str, ...]]
    holds: Mapping[str, Mapping[str, Any]]
    landmarks: str


@dataclass(frozen=True)
class Outcome:
    """A rig map against a table.

    Attributes
    ----------
    right : tuple of str
        Expressible channels that the map expresses.
    missed : mapping of str to str
        Expressible channels that it does not, and why.
    false : mapping of str to str
        Channels that the map claims and that come out wrong, and why.
    wrong_sides : tuple of str
    claimed : int
        Channels that the map drives something by.
    """

    right: tuple[str, ...]
    missed: Mapping[str, str]
    false: Mapping[str, str]
    wrong_sides: tuple[str, ...]
    claimed: int

    @property
    def recall(self) -> float:
        """Part of what the rig can express that the map expresses."""
        return len(self.right) / (len(self.right) + len(self.missed))

    @property
    def precision(self) -> float:
        """Part of what the map claims that comes out right."""
        return 1 - len(self.false) / max(self.claimed, 1)


@cache
def tables() -> dict[str, Table]:
    """All tables by name."""
    out: dict[str, Table] = {}
    for path in sorted(TABLES.glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        out[path.stem] = Table(
            name=path.stem,
            rig=document["rig"],
            shared=document["shared"],
            by_motion=document["judged_by"] == "motion",
            channels={c: tuple(carriers) for c, carriers in document["channels"].items()},
            holds=document.get("holds", {}),
            landmarks=document.get("landmarks", ""),
        )
    return out


def judge_map(table: Table, rig_map: RigMap) -> Outcome:
    """A rig map against what the rig can express; by motion the open file is posed."""
    claimed = [channel for channel in arkit_names() if channel in rig_map.covered]
    wanted = list(dict.fromkeys([*table.channels, *claimed]))
    if table.by_motion:
        seen = _by_motion(table, rig_map, wanted)
    else:
        seen = _by_shapes(table, rig_map, wanted)
        # what shapes do not hold the bones of the same rig may do
        left = [c for c in claimed if seen[c][0] and not seen[c][1]] if table.landmarks else []
        seen |= _by_motion(table, rig_map, left) if left else {}
    right = tuple(c for c in table.channels if c in claimed and not seen[c][0])
    missed = {
        c: (seen[c][0] if c in claimed else "nothing drives it")
        for c in table.channels
        if c not in right
    }
    return Outcome(
        right=right,
        missed=missed,
        false={c: seen[c][0] for c in claimed if seen[c][0]},
        wrong_sides=tuple(c for c in claimed if seen[c][1]),
        claimed=len(claimed),
    )


#: Channel to (what is wrong, "" where nothing is; whether the side is mistaken).
_Seen = dict[str, tuple[str, bool]]


def _values(rig_map: RigMap, faces: Sequence[Mapping[str, float]]) -> list[dict[Any, float]]:
    """Control values of a map for faces of these channels, all others at rest."""
    names = arkit_names()
    rows = np.array([[face.get(name, 0.0) for name in names] for face in faces])
    take = Take(
        times=np.arange(len(faces)) / 60.0,
        channels=tuple(arkit_schema()[name] for name in names),
        values=rows,
        valid=np.ones(rows.shape, np.bool_),
        timebase=Timebase(Fraction(60)),
        source=TakeSource("one channel at a time", "test"),
    )
    result = retarget(take, rig_map)
    return [dict(zip(result.controls, row, strict=True)) for row in result.values.tolist()]


def _faces(channels: Sequence[str]) -> tuple[list[dict[str, float]], list[dict[str, float]]]:
    """For each channel the face that it is added to, and the face with it."""
    before = [{BESIDE[c]: 1.0} if c in BESIDE else {} for c in channels]
    return before, [{**face, c: 1.0} for face, c in zip(before, channels, strict=True)]


def _by_shapes(table: Table, rig_map: RigMap, wanted: list[str]) -> _Seen:
    asked = [(c, face) for c in wanted for face in _faces_of(table, c)]
    before = _values(rig_map, [{BESIDE[c]: 1.0} if c in BESIDE else {} for c, _ in asked])
    after = _values(rig_map, [{**({BESIDE[c]: 1.0} if c in BESIDE else {}), **f} for c, f in asked])
    out: _Seen = {}
    for (channel, face), one, two in zip(asked, before, after, strict=True):
        moved: dict[str, float] = {}
        for control, value in two.items():
            if control.kind != BONE:
                name = control.path.split('"')[1]
                moved[name] = max(moved.get(name, 0.0), value - one[control], key=abs)
        why, wrong = _judge_shapes(table, channel, face, moved)
        # one face of the rig that comes out right will do; a mistaken side never does
        if channel not in out or (out[channel][0] and not why):
            out[channel] = (why, wrong or out.get(channel, ("", False))[1])
    return out


def _faces_of(table: Table, channel: str) -> list[dict[str, float]]:
    """Faces of the rig that hold a channel: what each of its shapes is, or the channel alone."""
    names = table.channels.get(channel) or [
        n for n, shape in table.holds.items() if channel in shape["channels"]
    ]
    shapes = [table.holds[name] for name in names]
    if not shapes or any("half" in shape for shape in shapes):
        return [{channel: 1.0}]
    return [dict(shape["channels"]) for shape in shapes]


def _judge_shapes(
    table: Table, channel: str, face: Mapping[str, float], moved: Mapping[str, float]
) -> tuple[str, bool]:
    """Whether shapes at these values are the face asked for, as far as one channel goes."""
    held: dict[str, float] = {}
    halves: dict[str, dict[str, float]] = {}
    for name, value in moved.items():
        shape = table.holds.get(name, {"channels": {}})
        for other, weight in shape["channels"].items():
            parts = halves.setdefault(other, {})
            half = shape.get("half", "")
            parts[half] = parts.get(half, 0.0) + weight * value
    for name, parts in halves.items():
        every = {
            shape.get("half", "") for shape in table.holds.values() if name in shape["channels"]
        }
        # a channel in halves is there as far as the least of them
        held[name] = parts.get("", 0.0) + min(
            (parts.get(half, 0.0) for half in every if half), default=0.0
        )
    partner = arkit_schema()[channel].partner
    one_sided = partner not in (channel, "") and face.get(partner, 0.0) < 0.5 * face[channel]
    if one_sided and held.get(partner, 0.0) > MISTAKEN * max(held.get(channel, 0.0), 0.0) + 1e-6:
        return "the other side", True
    if (
        channel in BESIDE
        and held.get(channel, 0.0) <= 0
        and held.get(BESIDE[channel], 0.0) <= -TAKES
    ):
        return "", False  # lips that a shape opens are closed by opening it less
    if held.get(channel, 0.0) < TAKES * face[channel]:
        seen = {name: round(value, 2) for name, value in moved.items() if abs(value) > 0.01}
        return f"{held.get(channel, 0.0):.2f} of {face[channel]:.2f} by {seen or 'nothing'}", False
    return "", False


def _by_motion(table: Table, rig_map: RigMap, wanted: list[str]) -> _Seen:
    lay_to_rest(bpy.context.scene)
    face = Face(TABLES / "landmarks" / f"{table.landmarks}.json")
    before, after = (_values(rig_map, faces) for faces in _faces(wanted))
    rest = _pose(face, {})
    out: _Seen = {}
    for channel, one, two in zip(wanted, before, after, strict=True):
        verdict = judge(channel, _pose(face, two), _pose(face, one) if channel in BESIDE else rest)
        why = verdict.seen or ("" if verdict.right else "the other side")
        out[channel] = (why, verdict.wrong_side)
    _pose(face, {})
    return out


def _pose(face: Face, values: Mapping[Any, float]) -> Pose:
    bones: dict[str, dict[tuple[str, str, int], float]] = {}
    for control, value in values.items():
        if control.kind == BONE:
            place = (control.path.split('"')[1], control.path.rpartition(".")[2], control.index)
            bones.setdefault(control.owner, {})[place] = value
    armatures = [o for o in bpy.context.scene.objects if o.type == "ARMATURE"]
    for armature in armatures:
        set_bones(armature, bones.get(armature.name, {}))
    return face.measure()
