# SPDX-License-Identifier: GPL-3.0-or-later
"""Probing: every control of a character moved on a throw-away copy, and the face measured."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Sequence

import bpy
import numpy as np

from ...core.controls import BONE, PROPERTY, SHAPE_KEY, Control
from ...core.probing.face_frame import HEAD
from ...core.probing.result import ProbeResult, understand
from ...core.probing.scan import Bone, Motion, Scan, find_islands
from ...core.probing.whereabouts import FacePoints, find_face_points
from ...core.progress import Job, Progress
from ..characters.characters import CharacterObjects, read_character
from .probe_copy import Ruler, Standin, standin
from .probe_moves import Mover, keep_properties, lay_properties_to_rest
from .probe_reach import free_controls
from .probe_shapes import ShapeReader

#: Controls between two reports of progress.
AT_ONCE = 8
#: Bones that begin farther from the face than this many times its size are tried many at a time.
NEAR = 1.5


def probe_character(picked: CharacterObjects, scene: bpy.types.Scene) -> Job[ProbeResult]:
    """Measure how each control moves the face, and tell from that what it is.

    Nothing of the file is changed: what moves is a copy, which is gone when the job ends or is
    closed. The measurement starts from rest: shapes at nought, bones at rest, nothing playing.

    Raises
    ------
    FacemocapError
        When the file is undone or closed meanwhile.
    """
    scan = yield from scan_character(picked, scene)
    yield Progress(0.95, "Comparing motions")
    return understand(scan)


def scan_character(picked: CharacterObjects, scene: bpy.types.Scene) -> Job[Scan]:
    """The measurement alone."""
    controls = read_character(picked, scene).controls
    with standin(picked, scene, controls) as copy:
        properties = [c for c in controls if c.kind == PROPERTY and not c.driven_by]
        lay_properties_to_rest(copy, properties)
        ruler = Ruler(copy)
        points = ruler.points()
        islands = find_islands(points, ruler.edges())
        shapes = [c for c in controls if c.kind == SHAPE_KEY]
        motions, empty = yield from _shapes(copy, ruler, shapes)
        heads = ruler.bone_heads()
        pivots = np.array(list(heads.values())).reshape(-1, 3)
        face = find_face_points(points, islands, motions, pivots)
        bones = [c for c in controls if c.kind == BONE and not c.driven_by]
        mover = Mover(copy, ruler, face.size_m)
        away = _distances(points[face.rows], heads)
        moved, still = yield from _moves(copy, mover, [*properties, *bones], face, away)
        meshes = {
            mesh.name: (part.start, part.stop)
            for mesh, part in ((m, ruler.part(copy.copies[m])) for m in picked.meshes)
        }
    parents = {c.name: c.parent for c in controls if c.kind == BONE}
    return Scan(
        points=points,
        islands=islands,
        motions=(*motions, *moved),
        empty=tuple(empty),
        still=tuple(still),
        bones={
            name: Bone(tuple(at.tolist()), parents.get(name, ""))
            for name, at in sorted(heads.items())
        },
        meshes=meshes,
    )


_Found = Generator[Progress, None, tuple[list[Motion], list[Control]]]


def _shapes(copy: Standin, ruler: Ruler, controls: Sequence[Control]) -> _Found:
    by_name = {obj.name: copy.copies[obj] for obj in copy.copies}
    readers: dict[str, ShapeReader] = {}
    motions: list[Motion] = []
    empty: list[Control] = []
    for number, control in enumerate(controls):
        if number % AT_ONCE == 0:
            yield Progress(0.02 + 0.18 * number / len(controls), "Measuring shape keys")
            copy.check()
        if control.owner not in readers:
            readers[control.owner] = ShapeReader(by_name[control.owner], ruler)
        found = readers[control.owner].motions(control)
        motions += found
        if not found:
            empty.append(control)
    return motions, empty


def _distances(face: np.ndarray, heads: dict[str, np.ndarray]) -> dict[str, float]:
    """How far from the middle of the face each bone begins, metres."""
    middle = 0.5 * (face.min(axis=0) + face.max(axis=0))
    return {name: float(np.linalg.norm(at - middle)) for name, at in heads.items()}


_Place = tuple[str, str]
_Holders = dict[_Place, list[Control]]


def _moves(
    copy: Standin,
    mover: Mover,
    controls: Sequence[Control],
    face: FacePoints,
    away: dict[str, float],
) -> _Found:
    """Bones and properties: first which of them matter to the face, then each by itself.

    Controls that share no point are moved together. Bones that no person can get hold of are
    looked at only where the others do not move parts of the face.
    """
    free = set(free_controls(copy.picked.armature, controls))
    first = [c for c in controls if c in free]
    rest = [c for c in controls if c not in free]
    sliders = [c for c in first if c.kind == PROPERTY]
    supports, still = yield from _nudge_all(copy, mover, sliders, face, away, (0.2, 0.25))
    # switches that by themselves move nothing say how bones act: they stand as the person has them
    keep_properties(copy, [c for c in sliders if _place(c) not in supports])
    bones = [c for c in first if c.kind == BONE]
    more, others = yield from _nudge_all(copy, mover, bones, face, away, (0.25, 0.45))
    supports |= more
    still += others
    if rest and not any(_is_part(support, face) for support in supports.values()):
        more, others = yield from _nudge_all(copy, mover, rest, face, away, (0.45, 0.65))
        supports |= more
        still += others
        first += rest
    holders = _by_holder(first)
    waiting = [
        [(member, supports[place]) for place, member in turn]
        for group in _apart(supports)
        for turn in _in_turns(group, holders)
    ]
    found: list[Motion] = []
    for number, turn in enumerate(waiting):
        if number % AT_ONCE == 0:
            yield Progress(0.65 + 0.3 * number / len(waiting), "Measuring bones and properties")
            copy.check()
        found += mover.measure(turn)
    rank = {control.key: place for place, control in enumerate(controls)}
    return sorted(found, key=lambda m: (rank[m.control.key], m.amount)), still


def _is_part(support: np.ndarray, face: FacePoints) -> bool:
    """Whether points ``(n,)`` are a part of the face and not the whole head."""
    return bool(0 < support[face.rows].sum() < HEAD * face.rows.sum())


def _by_holder(controls: Sequence[Control]) -> _Holders:
    """Controls of one bone, and each property, together."""
    holders: dict[_Place, list[Control]] = defaultdict(list)
    for control in controls:
        holders[_place(control)].append(control)
    return dict(holders)


def _place(control: Control) -> _Place:
    return control.owner, control.name if control.kind == BONE else control.path


_Nudged = Generator[Progress, None, tuple[dict[_Place, np.ndarray], list[Control]]]


def _nudge_all(
    copy: Standin,
    mover: Mover,
    controls: Sequence[Control],
    face: FacePoints,
    away: dict[str, float],
    span: tuple[float, float],
) -> _Nudged:
    """Points that each holder moves, of those that move the face; and what moves nothing at all.

    Most bones lie far from the face and move no point of it: these are moved all at once, and in
    halves where something of the face moves.
    """
    holders = _by_holder(controls)
    far = [
        place
        for place, members in holders.items()
        if members[0].kind == BONE and away.get(members[0].name, 0.0) > NEAR * face.size_m
    ]
    near = set(holders) - set(far)
    waiting = [far] if far else []
    waiting += [[place] for place in holders if place in near]
    supports: dict[_Place, np.ndarray] = {}
    still: list[Control] = []
    number = done = 0
    while waiting:
        if number % AT_ONCE == 0:
            part = done / max(len(holders), 1)
            yield Progress(span[0] + (span[1] - span[0]) * part, "Finding what moves the face")
            copy.check()
        number += 1
        places = waiting.pop(0)
        support = mover.nudge([member for place in places for member in holders[place]])
        if len(places) > 1 and support[face.rows].any():
            half = len(places) // 2
            waiting = [places[:half], places[half:], *waiting]
            continue
        done += len(places)
        if support[face.rows].any():
            supports[places[0]] = support
        elif not support.any():
            still += [member for place in places if place in near for member in holders[place]]
    return {place: supports[place] for place in holders if place in supports}, still


def _apart(supports: dict[_Place, np.ndarray]) -> list[list[_Place]]:
    """Groups of holders that share no moving point, each in the first group where it fits."""
    groups: list[list[_Place]] = []
    taken: list[np.ndarray] = []
    for place, support in supports.items():
        for number, group in enumerate(groups):
            if not (taken[number] & support).any():
                group.append(place)
                taken[number] |= support
                break
        else:
            groups.append([place])
            taken.append(support.copy())
    return groups


def _in_turns(group: list[_Place], holders: _Holders) -> list[list[tuple[_Place, Control]]]:
    """First all first controls of the group's holders, then all second ones, and so on."""
    longest = max(len(holders[place]) for place in group)
    return [
        [(place, holders[place][turn]) for place in group if turn < len(holders[place])]
        for turn in range(longest)
    ]
