# SPDX-License-Identifier: GPL-3.0-or-later
"""Contacts kept on a character: blinks that close its eyes, lips that seal on its mouth."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from ..controls import SHAPE_KEY, ControlKey
from ..progress import Job, Progress
from ..rig_maps.retargeting import SolveResult, retarget
from ..rig_maps.rig_map import RigMap
from ..take import Take
from .captured import eye_closure, lip_seal
from .closing import Measure
from .contact_report import ContactReport, Tally
from .face_contacts import MOUTH
from .gaps import gap
from .part import BLINKS, Part, Rig

#: How far beyond a slider's end a shape may be driven when the person lets the range be widened.
WIDEST = 2.0
#: A value this far beyond a limit has passed it.
PASSED = 1e-6
#: Frames between two reports of progress.
AT_ONCE = 512
#: Control values ``(n, c)`` of a solve with some channels at nought.
Quiet = Callable[[Sequence[str]], FloatArray]


@dataclass(frozen=True)
class KeptContacts:
    """Control values with contacts kept, what was measured, and which sliders it passes."""

    solved: SolveResult
    reports: Mapping[str, ContactReport]
    beyond: Mapping[ControlKey, tuple[float, float]]


def keep_contacts(
    take: Take,
    rig_map: RigMap,
    solved: SolveResult,
    measure: Measure,
    *,
    widen: bool = False,
    quiet: Quiet | None = None,
) -> Job[KeptContacts]:
    """Change blinks and lips of a solved take so that they meet on the character.

    Parameters
    ----------
    take : Take
        The whole take, mirrored as it was solved: its own range counts.
    rig_map : RigMap
    solved : SolveResult
    measure : callable
        Separations in per cent of the openings that the character has, for values of
        ``solved.controls``.
    widen : bool
        Let controls pass the map's limits where a contact needs it, up to twice as far.
    quiet : callable, optional
        What the controls are without blinks, where more than the rig map decides that.

    Returns
    -------
    Job of KeptContacts
        ``beyond`` names controls that pass the map's limits, with the values they reach.

    Notes
    -----
    A blink that the take has shut (`captured.BlinkRange`) closes this character's eye, half a blink
    halves what the gaze leaves open; what else narrows the eye counts on top. Closed lips
    (`captured.lip_contacts`) seal by what mouthClose does here, and where that is not enough by
    less of whatever parts them.
    """
    limits = _limits(rig_map, solved.controls, widen)
    rig = Rig(take, rig_map, solved.controls, limits, measure, solved.values)
    openings = tuple(measure(rig.pose()[None]))
    lids = _shut_eyes(take, solved.times, openings)
    nothing = np.zeros(len(solved.times))
    seal = lip_seal(take, solved.times) if MOUTH in openings else nothing
    blinks = [BLINKS[name] for name in lids]
    if quiet is not None and blinks:
        values = np.array(quiet(blinks))
    else:
        values = _without(take, rig_map, solved, blinks)
    tally = Tally()
    # lips first: what eases them may move lids, what closes lids moves no lips
    waiting = [(MOUTH, rows) for rows in _blocks(seal)]
    waiting += [("lids", rows) for rows in _blocks(np.max([nothing, *lids.values()], axis=0))]
    for number, (what, rows) in enumerate(waiting):
        yield Progress(number / len(waiting), "Bringing lids and lips together")
        part = Part(rig, solved.times[rows], values[rows])
        if what == MOUTH:
            shut = {MOUTH: seal[rows] >= 1.0}
            part.seal_lips(seal[rows])
        else:
            shut = {name: closure[rows] >= 1.0 for name, closure in lids.items()}
            part.close_lids({name: closure[rows] for name, closure in lids.items()})
        _count(tally, part, measure, solved.values[rows], shut)
        values[rows] = part.values
    # a bone's limits may be those of a gaze, which no single component has to keep
    shapes = np.array([control.kind == SHAPE_KEY for control in solved.controls], np.bool_)
    moved = (values != solved.values).any(axis=0) & shapes
    beyond = _beyond(_limits(rig_map, solved.controls, widen=False), values, moved)
    return KeptContacts(
        replace(solved, values=values),
        tally.reports(),
        {solved.controls[place]: ends for place, ends in beyond.items()},
    )


def _blocks(wish: FloatArray) -> list[IntArray]:
    """Frames that want something closed, a few at a time."""
    rows = np.flatnonzero(wish > 0)
    return [rows[start : start + AT_ONCE] for start in range(0, len(rows), AT_ONCE)]


def _count(
    tally: Tally,
    part: Part,
    measure: Measure,
    captured: FloatArray,
    shut: Mapping[str, BoolArray],
) -> None:
    """Measure the frames that are shut, as captured and as they are now."""
    rows = np.flatnonzero(np.any(list(shut.values()), axis=0))
    if not len(rows):
        return
    before, after = measure(captured[rows]), measure(part.values[rows])
    for name, wanted in part.wanted.items():
        own = shut[name][rows]
        amounts = part.amounts.get(name)
        tally.add(
            name,
            gap(before[name])[own],
            gap(after[name])[own],
            wanted[rows][own],
            amounts[rows][own] if amounts is not None else None,
        )


def _shut_eyes(take: Take, times_s: FloatArray, openings: tuple[str, ...]) -> dict[str, FloatArray]:
    """How far the take shuts each eye that the character can shut, ``(n,)``."""
    out: dict[str, FloatArray] = {}
    for name, channel in BLINKS.items():
        closure = eye_closure(take, channel, times_s) if name in openings else None
        if closure is not None:
            out[name] = closure
    return out


def _limits(rig_map: RigMap, controls: tuple[ControlKey, ...], widen: bool) -> FloatArray:
    """Limits ``(c, 2)`` of the solved controls; those of shape keys wider on request."""
    by_control = {entry.control: entry.limits for entry in rig_map.entries}
    limits = np.array([by_control[control] for control in controls]).reshape(-1, 2)
    shapes = np.array([control.kind == SHAPE_KEY for control in controls], np.bool_)
    limits[shapes] *= WIDEST if widen else 1.0
    return limits


def _beyond(
    limits: FloatArray, values: FloatArray, moved: BoolArray
) -> dict[int, tuple[float, float]]:
    """Places that were ``moved`` beyond their limits ``(c, 2)``, and the values they reach."""
    low, high = values.min(axis=0), values.max(axis=0)
    passed = (low < limits[:, 0] - PASSED) | (high > limits[:, 1] + PASSED)
    return {int(p): (float(low[p]), float(high[p])) for p in np.flatnonzero(passed & moved)}


def _without(take: Take, rig_map: RigMap, solved: SolveResult, channels: list[str]) -> FloatArray:
    """Control values ``(n, c)`` with some channels at nought."""
    out = np.array(solved.values)
    if not channels:
        return out
    silent = np.array(take.values)
    silent[:, [take.column(name) for name in channels]] = 0.0
    quiet = retarget(replace(take, values=silent), rig_map, solved.times, neutral=solved.neutral)
    places = {control: place for place, control in enumerate(quiet.controls)}
    for place, control in enumerate(solved.controls):
        if control in places:
            out[:, place] = quiet.values[:, places[control]]
    return out
