# SPDX-License-Identifier: GPL-3.0-or-later
"""Levers: the controls that may take part in a calibration, what they move and how far they go."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray, frozen
from ..controls import PROPERTY, SHAPE_KEY, Control, ControlKey
from ..probing.descriptor import Describer
from ..probing.face_frame import EYE_DISTANCE_MM, FaceFrame
from ..probing.reference import side_of
from ..probing.scan import Motion, Scan

#: A bone is turned this far at most (radians): lids close by up to 46 degrees.
MOST_TURN_RAD = 0.87
#: Other controls go at most this many times as far as they were measured: what an eye looks at may
#: be a bone some eye distances ahead of it.
MOST_TIMES = 12.0
#: Nothing on a face goes farther than this (eye distances): a wide open jaw takes the chin 34 mm.
FARTHEST = 0.65
#: A control that takes an eyeball away from its place by this part of its motion moves no gaze.
SHIFTS_EYE = 0.3


@dataclass(frozen=True)
class Lever:
    """One control that may take part.

    Attributes
    ----------
    control : Control
    group : tuple of str
        Levers with one group are taken together: owner and path.
    side : str
        ``L``, ``R`` or ``C``.
    rows : (k,) int32
        Points that it moves, rising.
    slope : (k, 3) float32
        Their displacement for each unit of the control, metres.
    reach_m : float
        Longest row of ``slope``.
    low, high : float
        Values that it may take.
    """

    control: Control
    group: tuple[str, str]
    side: str
    rows: IntArray
    slope: FloatArray
    reach_m: float
    low: float
    high: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", frozen(self.rows, np.int32))
        object.__setattr__(self, "slope", frozen(self.slope, np.float32))


def unit_m(frame: FaceFrame) -> float:
    """A millimetre on a face whose eyes are 63 mm apart, in metres on this one."""
    return frame.eye_distance_m / EYE_DISTANCE_MM


def make_levers(
    scan: Scan, describer: Describer, free: Set[ControlKey], taken: Set[ControlKey]
) -> list[Lever]:
    """Levers among a scan's controls, in its order.

    Parameters
    ----------
    scan : Scan
    describer : Describer
    free : set of ControlKey
        Controls that a person could key.
    taken : set of ControlKey
        Controls that something else drives.

    Notes
    -----
    Shape keys are no levers: they are what bones are measured against. A control is left out that
    moves the whole head, or that pushes an eyeball out of its place.
    """
    frame = describer.frame
    both: dict[ControlKey, list[Motion]] = {}
    for motion in scan.motions:
        key = motion.control.key
        if motion.control.kind != SHAPE_KEY and key in free and key not in taken:
            both.setdefault(key, []).append(motion)
    found = [_lever(motions, describer) for motions in both.values()]
    return [
        lever
        for lever in found
        if lever.reach_m > 0
        and frame.is_local(Motion(lever.control, 1.0, lever.rows, lever.slope))
        and not _shifts_eye(lever, frame)
    ]


def _lever(motions: Sequence[Motion], describer: Describer) -> Lever:
    """The slope through both ends of a control; through the one that moves anything."""
    control = motions[0].control
    ends = {motion.sign: motion for motion in motions}
    rows = np.unique(np.concatenate([motion.rows for motion in motions]))
    slope = np.zeros((len(rows), 3))
    span = sum(abs(motion.amount) for motion in motions)
    for motion in motions:
        slope[np.searchsorted(rows, motion.rows)] += motion.sign * motion.moved / span
    reach = float(np.linalg.norm(slope, axis=1).max(initial=0.0))
    frame = describer.frame
    most = FARTHEST * frame.eye_distance_m / max(reach, 1e-12)
    if control.is_rotation:
        most = min(most, MOST_TURN_RAD)
    else:
        most = min(most, MOST_TIMES * max(abs(motion.amount) for motion in motions))
    low = -most if -1 in ends else 0.0
    high = most if 1 in ends else 0.0
    bottom, top = control.range
    if control.kind == PROPERTY:
        bottom, top = bottom - control.rest, top - control.rest
    side = side_of(describer.describe([Motion(control, 1.0, rows, slope * unit_m(frame))]))
    return Lever(
        control,
        (control.owner, control.path),
        side,
        rows,
        slope,
        reach,
        max(low, min(bottom, 0.0)),
        min(high, max(top, 0.0)),
    )


def _shifts_eye(lever: Lever, frame: FaceFrame) -> bool:
    """Whether a lever takes an eyeball's centre along instead of turning the ball about it."""
    moved = np.zeros((len(frame.plain), 3))
    moved[lever.rows] = frame.turned(lever.slope)
    for ball, centre in zip(frame.balls, frame.centres, strict=True):
        most = float(np.linalg.norm(moved[ball], axis=1).max(initial=0.0))
        if most > 0:
            arms = frame.plain[ball] - centre
            # d = w x r + t, least squares: the ball may be open at the back
            cross = np.zeros((len(arms), 3, 3))
            cross[:, [1, 2, 0], [2, 0, 1]] = arms[:, [0, 1, 2]]
            cross[:, [2, 0, 1], [1, 2, 0]] = -arms[:, [0, 1, 2]]
            system = np.concatenate([cross, np.broadcast_to(np.eye(3), cross.shape)], axis=2)
            solved = np.linalg.lstsq(system.reshape(-1, 6), moved[ball].ravel(), rcond=None)[0]
            if np.linalg.norm(solved[3:]) > SHIFTS_EYE * most:
                return True
    return False


def support_of(levers: Sequence[Lever], count: int) -> BoolArray:
    """Points ``(count,)`` that any of the levers moves."""
    out = np.zeros(count, np.bool_)
    for lever in levers:
        out[lever.rows] = True
    return out
