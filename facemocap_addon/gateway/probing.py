# SPDX-License-Identifier: GPL-3.0-or-later
"""Probing: every control of a character moved on a throw-away copy, and the face measured."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Sequence

import bpy
import numpy as np

from ..core.controls import BONE, PROPERTY, SHAPE_KEY, Control
from ..core.probing.result import ProbeResult, understand
from ..core.probing.scan import Bone, Motion, Scan, find_islands
from ..core.probing.whereabouts import find_face_points
from ..core.progress import Job, Progress
from .characters import CharacterObjects, read_character
from .probe_copy import Ruler, Standin, standin
from .probe_moves import Mover, lay_properties_to_rest
from .probe_shapes import ShapeReader

#: Controls between two reports of progress.
AT_ONCE = 8


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
        moved, still = yield from _moves(copy, mover, [*properties, *bones], face.rows)
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


def _moves(copy: Standin, mover: Mover, controls: Sequence[Control], face: np.ndarray) -> _Found:
    """Bones and properties: first which of them matter to the face, then each by itself.

    Controls that share no point are moved together.
    """
    holders: dict[tuple[str, str], list[Control]] = defaultdict(list)
    for control in controls:
        place = control.name if control.kind == BONE else control.path
        holders[control.owner, place].append(control)
    supports: dict[tuple[str, str], np.ndarray] = {}
    still: list[Control] = []
    for number, (place, members) in enumerate(holders.items()):
        if number % AT_ONCE == 0:
            yield Progress(0.2 + 0.25 * number / len(holders), "Finding what moves the face")
            copy.check()
        support = mover.nudge(members)
        if support[face].any():
            supports[place] = support
        elif not support.any():
            still += members
    groups = _apart(supports)
    waiting = [
        [(member, supports[place]) for place, member in turn]
        for group in groups
        for turn in _in_turns(group, holders)
    ]
    found: list[Motion] = []
    for number, turn in enumerate(waiting):
        if number % AT_ONCE == 0:
            yield Progress(0.45 + 0.5 * number / len(waiting), "Measuring bones and properties")
            copy.check()
        found += mover.measure(turn)
    rank = {control.key: place for place, control in enumerate(controls)}
    return sorted(found, key=lambda m: (rank[m.control.key], m.amount)), still


def _apart(supports: dict[tuple[str, str], np.ndarray]) -> list[list[tuple[str, str]]]:
    """Groups of holders that share no moving point, each in the first group where it fits."""
    groups: list[list[tuple[str, str]]] = []
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


def _in_turns(
    group: list[tuple[str, str]], holders: dict[tuple[str, str], list[Control]]
) -> list[list[tuple[tuple[str, str], Control]]]:
    """First all first controls of the group's holders, then all second ones, and so on."""
    longest = max(len(holders[place]) for place in group)
    return [
        [(place, holders[place][turn]) for place in group if turn < len(holders[place])]
        for turn in range(longest)
    ]
