# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole calibration as questions and answers: poses are asked for, fields are sent."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import FloatArray
from ..channels import arkit_names
from ..contacts.margins import Opening
from ..controls import Control, ControlKey
from ..probing.descriptor import Describer
from ..probing.scan import Bone
from ..rig_maps.rig_map import RigMapEntry
from .bench import make_bench
from .fit import UPON, solve_channels
from .goals import point_goals
from .levers import Lever, support_of, unit_m
from .refine import Field, Pose, Task, pack_apart
from .result import (
    LEAST_EXPLAINED,
    Calibration,
    ChannelFit,
    make_entries,
    measure_fit,
    sort_channels,
)
from .space import PointSpace, make_point_space


@dataclass(frozen=True)
class Part:
    """Channels that are solved on the same points.

    Attributes
    ----------
    fields : mapping of str to (n, 3)
        What each channel should do, metres.
    weights : (n,) float
        What each point counts; 0 for points that are left out.
    all_weights : (n,) float
        What each point would count, were it not left out.
    openings : sequence of Opening
        Edges that should close where the fields close them.
    edge_weights : pair of float
        What their points count, by how far they are apart and by where they are.
    """

    fields: Mapping[str, FloatArray]
    weights: FloatArray
    all_weights: FloatArray
    openings: Sequence[Opening] = ()
    edge_weights: tuple[float, float] = (0.0, 0.0)


def calibrate(
    reference: str,
    parts: Sequence[Part],
    levers: Sequence[Lever],
    describer: Describer,
    bones: Mapping[str, Bone],
) -> Generator[Pose, Field, Calibration]:
    """Amounts of all levers for all channels of the parts, and how well they do.

    Parameters
    ----------
    reference : str
        ``own`` or ``sample``, for the result.
    parts : sequence of Part
    levers : sequence of Lever
    describer : Describer
        Of the face.
    bones : mapping of str to Bone
        Where bones begin.

    Yields
    ------
    Pose
        Values of controls, rest being nought; sent back is where that takes all points ``(n, 3)``.
    """
    unit = unit_m(describer.frame)
    gains: dict[str, dict[Control, float]] = {}
    explained: dict[str, float] = {}
    fits: dict[str, ChannelFit] = {}
    for part in parts:
        if not part.fields:
            continue
        frame = describer.frame
        points = frame.origin + frame.plain @ frame.axes * frame.eye_distance_m
        space = make_point_space(
            points,
            frame.axes[1],
            part.weights,
            part.all_weights,
            unit,
            edges=part.openings,
            edge_weights=part.edge_weights,
        )
        goals = point_goals(part.fields, describer, space)
        bench = make_bench(levers, space, frame, bones)
        tasks = yield from solve_channels(bench, goals, space)
        own = {name: _gains(tasks[name]) if name in tasks else {} for name in part.fields}
        fields = yield from _look(own, tasks, len(part.weights))
        for name, field in fields.items():
            under = fields.get(UPON.get(name, ""))
            want = part.fields[name]
            if under is not None:
                # what is left to do in the pose of the other channel
                want = want + part.fields[UPON[name]] - under
            missed = want - field if under is None else want + under - field
            fits[name] = measure_fit(
                name, want / unit, missed / unit, part.weights, len(own[name]), UPON.get(name, "")
            )
            # lids and lips that meet are worth it whatever else they take along
            explained[name] = max(
                fits[name].explained,
                _explained(want, missed, space),
                _closed(under, field, space) if under is not None else 0.0,
            )
        gains |= own
    empty = {name for part in parts for name, field in part.fields.items() if not field.any()}
    met = [name for name, share in explained.items() if share >= LEAST_EXPLAINED]
    met = [name for name in met if UPON.get(name, name) in met]
    entries = make_entries(
        {name: gains[name] for name in sort_channels(met, arkit_names())}, explained
    )
    left_out = {
        name: "its shape is empty" if name in empty else _why(name, gains[name], explained[name])
        for name in gains
        if name not in met
    }
    return Calibration(
        reference,
        entries,
        tuple(fits[name] for name in sort_channels(met, arkit_names())),
        tuple((name, left_out[name]) for name in sort_channels(left_out, arkit_names())),
        describer.frame.eye_distance_m,
    )


def _why(name: str, gains: Mapping[Control, float], explained: float) -> str:
    if not gains and name in UPON:
        return f"it means nothing without bones for {UPON[name]}"
    if not gains:
        return "no bone moves the face there"
    return f"the bones bring about no more than {max(explained, 0.0):.0%} of it"


def _gains(task: Task) -> dict[Control, float]:
    out: dict[Control, float] = {}
    for lever, amount, scale in zip(task.levers, task.amounts, task.scale, strict=True):
        out[lever.control] = out.get(lever.control, 0.0) + float(amount * scale)
    return {control: round(gain, 6) for control, gain in out.items()}


def _look(
    gains: Mapping[str, Mapping[Control, float]], tasks: Mapping[str, Task], count: int
) -> Generator[Pose, Field, dict[str, Field]]:
    """What the gains as they are written do; channels apart from each other at one time."""
    names = [name for name in gains if gains[name]]
    supports = [tasks[name].support(count) for name in names]
    fields: dict[str, Field] = {name: np.zeros((count, 3)) for name in gains}
    for pack in pack_apart(supports):
        together: Pose = {}
        for place in pack:
            parts = [names[place], *([UPON[names[place]]] if names[place] in UPON else [])]
            for part in parts:
                for control, gain in gains.get(part, {}).items():
                    together[control] = together.get(control, 0.0) + gain
        moved = yield together
        for place in pack:
            fields[names[place]] = moved * supports[place][:, None]
    return fields


def _explained(want: Field, missed: Field, space: PointSpace) -> float:
    """Share of what is wanted that is met in the space of the calibration."""
    rows = np.arange(len(want))
    wanted, left = space.vector(rows, want), space.vector(rows, missed)
    return 1.0 - float(left @ left) / max(float(wanted @ wanted), 1e-30)


def _closed(before: Field, after: Field, space: PointSpace) -> float:
    """Share of what stands open in one pose that another pose closes."""
    if not len(space.upper):
        return 0.0
    opened = float(np.maximum(space.gaps(before) - space.rest_gaps, 0.0).sum())
    left = float(np.abs(space.gaps(after) - space.rest_gaps).sum())
    return 1.0 - left / max(opened, 1e-12)


def taken_controls(entries: Sequence[RigMapEntry]) -> set[ControlKey]:
    """Controls of a rig map that a calibration must leave alone.

    What a person has set by hand, and what turns the head.
    """
    return {
        entry.control
        for entry in entries
        if entry.how == "hand" or any(s.channel.startswith("head") for s in entry.sources)
    }


def all_points(levers: Sequence[Lever], fields: Mapping[str, Field], count: int) -> FloatArray:
    """Weight 1 ``(count,)`` for points that levers or fields move."""
    out = support_of(levers, count)
    for moved in fields.values():
        out |= np.abs(moved).max(axis=1) > 0
    return out.astype(np.float64)
