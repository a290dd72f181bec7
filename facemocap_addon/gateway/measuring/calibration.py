# SPDX-License-Identifier: GPL-3.0-or-later
"""Calibration: how far a character's bones have to go for each channel, measured on a copy."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Literal, TypeVar

import bpy
import numpy as np

from ...core.calibration.calibrate import Part, all_points, calibrate, taken_controls
from ...core.calibration.goals import lid_channels, shape_fields
from ...core.calibration.levers import Lever, make_levers
from ...core.calibration.openings import find_face_openings
from ...core.calibration.refine import Field, Pose
from ...core.calibration.result import Calibration
from ...core.calibration.sample import opening_motion, sample_parts
from ...core.channels import arkit_names
from ...core.controls import BONE, PROPERTY, Control, ControlKey
from ...core.errors import FacemocapError
from ...core.probing.descriptor import Describer, make_describer
from ...core.probing.face_frame import find_frame
from ...core.probing.scan import Scan
from ...core.progress import Job, Progress
from ...core.rig_maps.rig_map import RigMap
from ..characters.characters import CharacterObjects, read_character
from ..probing.probe_copy import Ruler, standin
from ..probing.probe_moves import Mover, lay_properties_to_rest
from ..probing.probe_reach import free_controls
from ..probing.probing import scan_character

Reference = Literal["own", "sample"]
#: What pairs of points on the edges of lids and lips count by their distance and by their place.
EDGES = (3.0, 1.0)
#: Poses between two reports of progress.
AT_ONCE = 8
#: Poses that a channel takes, roughly.
POSES = 14
T = TypeVar("T")


def calibrate_bones(
    picked: CharacterObjects,
    scene: bpy.types.Scene,
    rig_map: RigMap | None = None,
    scan: Scan | None = None,
    *,
    reference: Reference = "own",
) -> Job[Calibration]:
    """Find how far each bone has to go for each channel, and pose a copy to make sure.

    Nothing of the file is changed; what moves is a copy, which is gone when the job ends or is
    closed.

    Parameters
    ----------
    picked : CharacterObjects
    scene : Scene
    rig_map : RigMap, optional
        What is driven already. Its shape keys say which shape is which channel; controls set by
        hand and those of the head stay out of it; with the sample reference also channels that
        shapes or properties express.
    scan : Scan, optional
        Of `probing.scan_character`; measured first if there is none.
    reference : {"own", "sample"}
        The character's own ARKit shapes, or the built-in reference.

    Raises
    ------
    FacemocapError
        When no bone moves a part of the face, when there are no ARKit shapes of its own to go by,
        or when the file is undone or closed meanwhile.
    """
    if scan is None:
        scan = yield from _within(scan_character(picked, scene), 0.0, 0.45)
    controls = read_character(picked, scene).controls
    describer = make_describer(scan, find_frame(scan))
    levers = _levers(picked, controls, scan, describer, rig_map)
    if not levers:
        raise FacemocapError(
            f'"{picked.name}" has no free bone that moves a part of its face',
            "Make sure that its bones are neither driven nor locked, and that they deform the mesh",
        )
    with standin(picked, scene, controls) as copy:
        # what moves the face starts at rest, what only says how bones act stays as it is
        moving = {motion.control.key for motion in scan.motions}
        lay_properties_to_rest(
            copy, [c for c in controls if c.kind == PROPERTY and c.key in moving]
        )
        ruler = Ruler(copy)
        yield Progress(0.5, "Comparing bones with the reference")
        if reference == "own":
            parts = [_own_part(picked, scan, describer, levers, rig_map, ruler.triangles())]
        else:
            parts = sample_parts(
                scan,
                describer,
                ruler.triangles(),
                opening_motion(scan, describer, levers),
                *_wanted(scan, describer, rig_map),
            )
        mover = Mover(copy, ruler, 2.0 * describer.frame.eye_distance_m)
        number = sum(len(part.fields) for part in parts)
        work = calibrate(reference, parts, levers, describer, scan.bones)
        for asked, answer in enumerate(_answer(work, mover)):
            if isinstance(answer, Calibration):
                return answer
            if asked % AT_ONCE == 0:
                done = asked / (asked + POSES * number)
                yield Progress(0.5 + 0.5 * done, "Calibrating bones")
                copy.check()
    raise AssertionError("a calibration ends with its result")


def _answer(
    work: Generator[Pose, Field, Calibration], mover: Mover
) -> Generator[Calibration | None, None, None]:
    """Answer one question after the other; the result comes last."""
    try:
        pose = next(work)
        while True:
            field = mover.displacement(pose)
            yield None
            pose = work.send(field)
    except StopIteration as end:
        yield end.value


def _levers(
    picked: CharacterObjects,
    controls: Sequence[Control],
    scan: Scan,
    describer: Describer,
    rig_map: RigMap | None,
) -> list[Lever]:
    free = {c.key for c in free_controls(picked.armature, controls)}
    taken: set[ControlKey] = set()
    if rig_map is not None:
        taken = taken_controls(rig_map.entries)
        taken |= {e.control for e in rig_map.entries if e.control.kind != BONE}
        taken |= {c for fit in rig_map.fits for target in fit.targets for c in target}
    return make_levers(scan, describer, free, taken)


def _own_part(
    picked: CharacterObjects,
    scan: Scan,
    describer: Describer,
    levers: Sequence[Lever],
    rig_map: RigMap | None,
    triangles: np.ndarray,
) -> Part:
    fields = shape_fields(scan, describer, rig_map)
    if not fields:
        raise FacemocapError(
            f'"{picked.name}" has no ARKit shapes that its bones could be compared with',
            "Calibrate against the built-in reference",
        )
    weights = all_points(levers, fields, len(scan.points))
    openings = find_face_openings(scan, describer.frame, triangles, fields.get("jawOpen"))
    return Part(fields, weights, np.ones(len(weights)), list(openings.values()), EDGES)


def _wanted(
    scan: Scan, describer: Describer, rig_map: RigMap | None
) -> tuple[list[str], list[str]]:
    """Channels that neither shapes nor properties express; eyeLooks whose shapes turn no eye."""
    if rig_map is None:
        return list(arkit_names()), []
    expressed = {s.channel for e in rig_map.entries if e.control.kind != BONE for s in e.sources}
    expressed |= {name for fit in rig_map.fits for name in fit.channels}
    gaze = [name for name in lid_channels(scan, describer, rig_map) if name in expressed]
    return [name for name in arkit_names() if name not in expressed], gaze


def _within(job: Job[T], low: float, high: float) -> Job[T]:
    """A job as a part of another one."""
    try:
        while True:
            progress = next(job)
            yield Progress(low + (high - low) * progress.done, progress.what)
    except StopIteration as end:
        return end.value
    finally:
        job.close()
