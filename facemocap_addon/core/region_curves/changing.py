# SPDX-License-Identifier: GPL-3.0-or-later
"""A tool on a strand: keys go their share of the way to the goal, handles go along.

A key's handles lean as its slope does: with ``v' = v + a (goal - v)`` the slope is
``(1 - a) v' + a goal'``. Quaternions go along the shortest turn and keep unit length.
"""

from __future__ import annotations

import numpy as np

from ..arrays import FloatArray
from ..hand_edits.keys import Keys
from ..rotations import from_vector, multiply, to_vector
from .goals import Goal, Part
from .settings import Other, Settings
from .strands import Strand, falloff_weights, flipped, signs_of, unit
from .timing import is_dense, moved_frames
from .tools import Tool

#: A goal's slope is read this far to either side, in frames.
_BESIDE = 0.25


def change_strand(
    strand: Strand,
    tool: Tool,
    factor: float,
    settings: Settings,
    other: Other | None = None,
) -> tuple[Keys, ...]:
    """Keys of the strand's curves after a tool; keys that are not chosen are the same bits.

    Parameters
    ----------
    strand : Strand
    tool : Tool
    factor : float
        As far as the slider was dragged.
    settings : Settings
    other : callable (n,) -> (n, r), optional
        The other take's curve, for tools that blend to it.

    Returns
    -------
    tuple of Keys
        As many curves, each with as many keys, as the strand has.
    """
    out = tuple(keys.copy() for keys in strand.curves)
    if factor == tool.still:
        return out
    signs = signs_of(strand)
    smooth = flipped(strand, signs)
    weights = falloff_weights(strand, settings.falloff)
    frames = strand.frames
    for first, last in strand.parts:
        rows = slice(first, last + 1)
        part = Part(
            smooth,
            frames[rows],
            float(frames[max(first - 1, 0)]),
            float(frames[min(last + 1, len(frames) - 1)]),
        )
        if tool.moves_keys and not is_dense(part):
            before = float(frames[first - 1]) if first else -np.inf
            after = float(frames[last + 1]) if last + 1 < len(frames) else np.inf
            to = moved_frames(part.frames, weights[rows], factor, before, after)
            _move(out, part.frames, to)
            continue
        if tool.moves_keys:
            # a motion that is shifted by less is shifted by less everywhere, not mixed
            amount, goal = _shifted(part, factor, weights[rows])
        else:
            share, goal = tool.aim(part, factor, settings, other)
            amount = share * weights[rows]
        _apply(out, part, amount, goal, signs[rows])
    return out


def _shifted(part: Part, shift: float, weights: FloatArray) -> tuple[FloatArray, Goal]:
    def goal(at: FloatArray) -> FloatArray:
        return part.strand.at(at - shift * np.interp(at, part.frames, weights))

    return (weights > 0).astype(np.float64), goal


def _move(curves: tuple[Keys, ...], frames: FloatArray, to: FloatArray) -> None:
    """Other frames for keys, in place; handles go along."""
    for keys in curves:
        rows = np.flatnonzero(np.isin(keys["frame"].astype(np.float64), frames))
        new = to[np.searchsorted(frames, keys["frame"][rows].astype(np.float64))]
        shift = new - keys["frame"][rows]
        keys["frame"][rows] = new
        for side in ("left", "right"):
            keys[side][rows, 0] = keys[side][rows, 0] + shift


def _apply(
    curves: tuple[Keys, ...], part: Part, amount: FloatArray, goal: Goal, signs: FloatArray
) -> None:
    """Bring the part's keys by ``amount (m,)`` of the way to the goal, in place."""
    at, values = part.frames, part.strand.at(part.frames)
    wanted = np.asarray(goal(at), np.float64)
    slopes = (
        np.asarray(goal(at + _BESIDE), np.float64) - np.asarray(goal(at - _BESIDE), np.float64)
    ) / (2 * _BESIDE)
    share = amount[:, None]
    if part.strand.is_turn:
        new = _turned(values, unit(wanted), share)
    else:
        new = values + share * (wanted - values)
    for column, keys in enumerate(curves):
        place = np.searchsorted(at, keys["frame"].astype(np.float64))
        inside = place < len(at)
        inside[inside] = at[place[inside]] == keys["frame"][inside]
        rows = np.flatnonzero(inside)
        rows = rows[amount[place[rows]] != 0.0]
        here = place[rows]
        value, sign = keys["value"][rows].astype(np.float64), signs[here]
        keys["value"][rows] = new[here, column] * sign
        for side in ("left", "right"):
            reach = keys[side][rows, 0].astype(np.float64) - keys["frame"][rows]
            lean = keys[side][rows, 1] - value
            lean = (1.0 - amount[here]) * lean + amount[here] * reach * slopes[here, column] * sign
            keys[side][rows, 1] = keys["value"][rows] + lean


def _turned(values: FloatArray, goal: FloatArray, share: FloatArray) -> FloatArray:
    """Quaternions ``(n, 4)`` a share of the shortest turn to the goal on."""
    back = values * np.array([1.0, -1.0, -1.0, -1.0])
    step = from_vector(share * to_vector(multiply(back, goal)))
    return unit(multiply(values, step))
