# SPDX-License-Identifier: GPL-3.0-or-later
"""What each channel should look like on a face: its own shapes, or the reference fitted to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..channels import arkit_names, match_name
from ..controls import SHAPE_KEY
from ..probing.descriptor import EYE_WEIGHT, EYES, Describer
from ..probing.recognition import TURNS_EYE
from ..probing.reference import reference_motions, side_of
from ..probing.scan import Scan
from ..rig_maps.rig_map import RigMap
from .eye_turns import eye_field
from .levers import unit_m
from .space import Space

#: A place belongs to a channel when it goes this share of the channel's largest displacement.
MOVES = 0.08


@dataclass(frozen=True)
class Goal:
    """What a channel does at 1.

    Attributes
    ----------
    channel : str
    side : str
        ``L``, ``R`` or ``C``.
    vector : (l,) float
        In the space of the calibration.
    where : (l,) float
        1 at places that the channel moves, 0 elsewhere.
    apart : (l,) bool or None
        Places for which levers are looked for by themselves: eyeballs, which go so far that lids
        that follow them would not count.
    """

    channel: str
    side: str
    vector: FloatArray
    where: FloatArray
    apart: BoolArray | None = None


def shape_fields(
    scan: Scan, describer: Describer, rig_map: RigMap | None = None
) -> dict[str, FloatArray]:
    """Displacements ``(n, 3)`` in metres of the character's own ARKit shapes, by channel.

    A shape's channel is what the rig map says, or its name where no map names shapes. Eyes that
    bones turn while the eyeLook shapes only move lids get the reference's turn.
    """
    fields = _plain_fields(scan, rig_map)
    for channel in _lids_only(fields, describer):
        fields[channel] = fields[channel] + gaze_field(channel, describer)
    return fields


def lid_channels(scan: Scan, describer: Describer, rig_map: RigMap | None) -> list[str]:
    """EyeLook channels whose shapes leave the eyeballs to bones."""
    return _lids_only(_plain_fields(scan, rig_map), describer)


def gaze_field(channel: str, describer: Describer) -> FloatArray:
    """Displacements in metres of the eyeballs as the reference turns them."""
    reference, _ = reference_motions()
    return eye_field(reference[channel][EYES] / EYE_WEIGHT, describer.frame)


def _plain_fields(scan: Scan, rig_map: RigMap | None) -> dict[str, FloatArray]:
    channels = _channels_of_shapes(scan, rig_map)
    fields: dict[str, FloatArray] = {}
    for motion in scan.motions:
        for channel, gain in channels.get((motion.control.owner, motion.control.name), ()):
            if motion.control.kind == SHAPE_KEY and motion.sign > 0:
                field = fields.setdefault(channel, np.zeros((len(scan.points), 3)))
                field[motion.rows] += gain * motion.moved
    return {name: fields[name] for name in arkit_names() if name in fields}


def _lids_only(fields: Mapping[str, FloatArray], describer: Describer) -> list[str]:
    frame = describer.frame
    return [
        name
        for name, field in fields.items()
        if name.startswith("eyeLook")
        and np.linalg.norm(describer.describe_field(frame.turned(field))[EYES]) < TURNS_EYE
    ]


def _channels_of_shapes(
    scan: Scan, rig_map: RigMap | None
) -> dict[tuple[str, str], list[tuple[str, float]]]:
    """Channels and gains by the shape's object and name."""
    shapes = {m.control.key: m.control for m in scan.motions if m.control.kind == SHAPE_KEY}
    out: dict[tuple[str, str], list[tuple[str, float]]] = {}
    for entry in rig_map.entries if rig_map else ():
        control = shapes.get(entry.control)
        if control is not None:
            parts = [(s.channel, s.gain) for s in entry.sources if s.channel in arkit_names()]
            out[control.owner, control.name] = parts
    if out:
        return out
    for control in shapes.values():
        channel = match_name(control.name, arkit_names())
        if channel:
            out[control.owner, control.name] = [(channel, 1.0)]
    return out


def point_goals(fields: Mapping[str, FloatArray], describer: Describer, space: Space) -> list[Goal]:
    """Goals of what channels do, point by point; none for channels that do nothing."""
    frame = describer.frame
    balls = np.flatnonzero(frame.balls[0] | frame.balls[1])
    turning = space.vector(balls, np.full((len(balls), 3), unit_m(frame))) != 0
    goals: list[Goal] = []
    for channel, field in fields.items():
        rows = np.flatnonzero(np.abs(field).max(axis=1) > 1e-3 * unit_m(frame))
        vector = np.asarray(space.vector(rows, field[rows]), np.float64)
        size = np.linalg.norm(vector.reshape(-1, 3), axis=1)
        if not size.any():
            continue
        where = np.repeat(size > MOVES * max(float(size.max(initial=0.0)), 1e-12), 3)
        side = side_of(describer.describe_field(frame.turned(field)))
        apart = turning if channel.startswith("eyeLook") and turning.any() else None
        goals.append(Goal(channel, side, vector, where.astype(np.float64), apart))
    return goals


def goal_named(goals: Sequence[Goal], channel: str) -> Goal | None:
    """The goal of a channel, if there is one."""
    return next((goal for goal in goals if goal.channel == channel), None)
