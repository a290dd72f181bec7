# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a character's lids and lips are, found on its mesh, and measured in any pose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import bpy
import numpy as np

from ...core.contacts.closing import Measure
from ...core.contacts.face_contacts import FaceContacts
from ...core.contacts.finding import FaceShape, find_openings
from ...core.contacts.keeping import KeptContacts, Quiet, keep_contacts
from ...core.contacts.meeting import Meeting, find_meeting, meeting_poses
from ...core.contacts.part import pose_values
from ...core.controls import Control, ControlKey
from ...core.head_turns import HEAD
from ...core.probing.result import ProbeResult
from ...core.probing.scan import find_islands
from ...core.progress import Job, Progress
from ...core.rig_maps.retargeting import SolveResult
from ...core.rig_maps.rig_map import RigMap
from ...core.take import Take
from ..characters.characters import CharacterObjects, read_character
from ..probing.poser import Poser
from ..probing.probe_copy import Ruler, Standin, standin
from .rims import measure_rims

#: Poses that together move what is skin: each set of channels at 1.
_POSES: tuple[Mapping[str, float], ...] = (
    {"jawOpen": 1.0},
    {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0, "mouthPucker": 1.0},
    {"browInnerUp": 1.0, "mouthSmileLeft": 1.0, "mouthSmileRight": 1.0},
)
#: A point moves when it goes this part of its mesh's extent.
_LEAST = 1e-4


def find_contacts(
    picked: CharacterObjects, scene: bpy.types.Scene, rig_map: RigMap, probe: ProbeResult
) -> Job[FaceContacts | None]:
    """The edges of a character's lids and lips; None where it has no eyeballs to find them by.

    ``rig_map`` says what opens the jaw and closes the eyes. Nothing of the file is changed.
    """
    yield Progress(0.0, "Finding lids and lips")
    controls = {c.key: c for c in read_character(picked, scene).controls}
    keys = tuple(entry.control for entry in rig_map.entries if entry.control in controls)
    own = [controls[key] for key in keys]
    with standin(picked, scene, list(controls.values())) as copy:
        ruler, poser = Ruler(copy), Poser(copy, own)
        points = ruler.points()
        values = [pose_values(rig_map, keys, channels) for channels in _POSES]
        poses = [ruler.points() for _ in poser.pose(np.array(values))]
        moved = np.max([np.abs(pose - points).max(axis=1) for pose in poses], axis=0)
        opens = np.abs(poses[0] - points).max(initial=0.0) > 0
        shape = FaceShape(
            points=points,
            triangles=_triangles(copy, ruler),
            islands=find_islands(points, ruler.edges()),
            meshes={
                mesh.name: (part.start, part.stop)
                for mesh, part in ((m, ruler.part(copy.copies[m])) for m in picked.meshes)
            },
            opened=poses[0] if opens else None,
            moves=moved > _LEAST * float(np.ptp(points, axis=0).max()),
        )
    yield Progress(0.6, "Finding lids and lips")
    return find_openings(shape, np.array(probe.up), np.array(probe.front), probe.eye_distance_m)


def measure_meeting(
    picked: CharacterObjects, scene: bpy.types.Scene, rig_map: RigMap, contacts: FaceContacts
) -> Meeting:
    """Where the character's lids meet and its lips seal. Nothing of the file is changed."""
    there = {control.key for control in read_character(picked, scene).controls}
    keys = tuple(entry.control for entry in rig_map.entries if entry.control in there)
    poses = meeting_poses(rig_map, keys)
    with contact_measure(picked, scene, contacts, keys, (), poses) as measure:
        return find_meeting(contacts, poses, measure)


@contextmanager
def contact_measure(
    picked: CharacterObjects,
    scene: bpy.types.Scene,
    contacts: FaceContacts,
    controls: Sequence[ControlKey],
    still: Sequence[ControlKey],
    samples: np.ndarray,
) -> Iterator[Measure]:
    """A function that tells how far lids and lips are apart for values of ``controls``.

    ``still`` are the controls that turn the whole head, ``samples`` ``(n, c)`` values as they will
    come. It works while the block lasts.
    """
    by_key: dict[ControlKey, Control] = {
        control.key: control for control in read_character(picked, scene).controls
    }
    with standin(picked, scene, list(by_key.values())) as copy:
        yield measure_rims(copy, contacts, [by_key[key] for key in controls], still, samples)


def keep_on_character(
    picked: CharacterObjects,
    scene: bpy.types.Scene,
    contacts: FaceContacts,
    played: tuple[Take, RigMap, SolveResult],
    *,
    widen: bool,
    quiet: Quiet | None = None,
) -> Job[KeptContacts]:
    """Change a solved take so that lids and lips meet on a character.

    ``played`` is the whole take as it was solved (mirrored), its map, and the outcome; ``quiet`` as
    `keep_contacts` has it. Nothing of the file is changed.
    """
    take, rig_map, solved = played
    still = [
        entry.control
        for entry in rig_map.entries
        if any(source.channel in HEAD for source in entry.sources)
    ]
    with contact_measure(picked, scene, contacts, solved.controls, still, solved.values) as measure:
        job = keep_contacts(take, rig_map, solved, measure, widen=widen, quiet=quiet)
        return (yield from job)


def _triangles(copy: Standin, ruler: Ruler) -> np.ndarray:
    """Triangles ``(t, 3)`` of all meshes, by the ruler's points."""
    parts = [np.empty((0, 3), np.int32)]
    for mesh in copy.meshes:
        data: Any = mesh.data
        data.calc_loop_triangles()
        corners = np.empty(len(data.loop_triangles) * 3, np.int32)
        data.loop_triangles.foreach_get("vertices", corners)
        parts.append(corners.reshape(-1, 3) + ruler.part(mesh).start)
    return np.concatenate(parts)
