# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers that play from NLA tracks of their own: which steps they are, and what their keys are.

A step that plays from a track is off in the stack. Tracks lie over each other in the order of the
stack, each the difference that its step makes to all that lies below it, so that the performance
with all of its tracks is that of the stack with all of its steps.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..arrays import FloatArray
from ..curves import Curve
from ..errors import FacemocapError
from ..stack.edits import enable_step
from ..stack.kinds import kind_of
from ..stack.stack import Stack

#: Kinds of steps that can be played from a track, as they follow each other in a stack: nostrils
#: that breathe are no sneer that takes the face along, so cascades come before breath.
LAYER_KINDS = ("asymmetry", "cascade", "breathing", "micro_movement", "posture", "style")
_QUATERNION = ".rotation_quaternion"
_COMBINED = (".location", ".rotation_euler", _QUATERNION)
#: Turns of a bone that are smaller throughout (radians) are none: Blender would round them away.
_LEAST_TURN = 3.5e-4
#: How far around a number the best is looked for, and the step between two below 1.
_TRIED, _EPSILON = 3, np.float32(2.0**-24)
#: Blender's names of how strips go over what lies below.
ADD, COMBINE = "ADD", "COMBINE"


@dataclass(frozen=True, slots=True)
class LayerCurves:
    """A layer's keys on one datablock.

    Attributes
    ----------
    combined, added : tuple of Curve
        Bones that COMBINE with what lies below, and what is ADDed to it.
    reached : tuple of Curve
        What all curves come to with them.
    """

    combined: tuple[Curve, ...] = ()
    added: tuple[Curve, ...] = ()
    reached: tuple[Curve, ...] = ()

    @property
    def parts(self) -> tuple[tuple[str, tuple[Curve, ...]], ...]:
        """Blending and curves, those parts that have any."""
        both = ((COMBINE, self.combined), (ADD, self.added))
        return tuple((blend, curves) for blend, curves in both if curves)


# ---------------------------------------------------------------- which steps


def pushed_steps(stack: Stack, kinds: Collection[str]) -> list[int]:
    """Places of the steps that play from tracks: of each of the kinds the first that is off."""
    found: dict[str, int] = {}
    for place, step in enumerate(stack.steps):
        if step.kind in kinds and not step.enabled:
            found.setdefault(step.kind, place)
    return sorted(found.values())


def check_pushable(stack: Stack, at: int, pushed: Collection[str]) -> None:
    """Refuse a step that cannot be played from a track.

    Raises
    ------
    FacemocapError
        When it is no layer, is off, or one of its kind plays from a track already.
    """
    step = stack.steps[at]
    label = kind_of(step.kind).label
    if step.kind not in LAYER_KINDS:
        names = ", ".join(kind_of(kind).label for kind in LAYER_KINDS)
        raise FacemocapError(f"{label} cannot be played from a track", f"Choose one of {names}")
    if step.kind in pushed:
        raise FacemocapError(
            f"{label} plays from a track already", "Pull it back first, or change that step"
        )
    if not step.enabled:
        raise FacemocapError(f"{label} is off", "Switch it on first")
    if any(other.kind == step.kind and not other.enabled for other in stack.steps[:at]):
        raise FacemocapError(
            f"Another step {label} is off before this one", "Remove it, or move it below this one"
        )


def track_stacks(stack: Stack, kinds: Collection[str]) -> list[tuple[str, Stack]]:
    """Of each step that plays from a track its kind, and the stack with it and those before it."""
    out: list[tuple[str, Stack]] = []
    for place in pushed_steps(stack, kinds):
        stack = enable_step(stack, place, True)
        out.append((stack.steps[place].kind, stack))
    return out


# ---------------------------------------------------------------- which keys


def layer_curves(
    before: Sequence[Curve], after: Sequence[Curve], rest: Mapping[tuple[str, int], float]
) -> LayerCurves:
    """What a layer adds to the curves of one datablock.

    Parameters
    ----------
    before, after : sequence of Curve
        Without the layer and with it. Curves that only ``after`` has are the layer's alone.
    rest : mapping of (path, index) to float
        Values of those where nothing plays below; nought, or no turn, where it says none.
    """
    known = {(curve.path, curve.index): curve for curve in before}
    combined: list[Curve] = []
    added: list[Curve] = []
    reached: list[Curve] = []
    turns: dict[str, dict[int, Curve]] = {}
    for curve in after:
        if curve.path.endswith(_QUATERNION):
            turns.setdefault(curve.path, {})[curve.index] = curve
            continue
        reached.append(curve)
        place = curve.path, curve.index
        below = _values(known.get(place), curve.frames, rest.get(place, 0.0))
        change = curve.values.astype(np.float64) - below
        is_bone = curve.path.startswith("pose.bones[") and curve.path.endswith(_COMBINED)
        if is_bone and curve.path.endswith(".rotation_euler"):
            # the same turn, by the way that is shorter from what lies below
            change = change - 2.0 * np.pi * np.round(change / (2.0 * np.pi))
        if change.any():
            own = replace(curve, values=change.astype(np.float32))
            (combined if is_bone else added).append(own)
    for path, parts in turns.items():
        found, got = _turns(parts, {index: known.get((path, index)) for index in range(4)})
        combined += found
        reached += got
    return LayerCurves(tuple(combined), tuple(added), tuple(reached))


def _values(curve: Curve | None, frames: FloatArray, rest: float) -> FloatArray:
    """What a curve of straight lines gives on frames ``(m,)``."""
    if curve is None:
        return np.full(len(frames), rest)
    values = curve.values.astype(np.float64)
    if np.array_equal(curve.frames, frames):
        return values
    return np.interp(frames.astype(np.float64), curve.frames.astype(np.float64), values)


def _turns(
    after: Mapping[int, Curve], before: Mapping[int, Curve | None]
) -> tuple[list[Curve], list[Curve]]:
    """Quaternions that turn a bone further, and what ``before`` times these is: all but ``after``.

    None where it turns no further.
    """
    frames = after[0].frames
    own = [_values(after[index], frames, 0.0) for index in range(4)]
    below = [_values(before[index], frames, float(index == 0)) for index in range(4)]
    if all(np.array_equal(*pair) for pair in zip(own, below, strict=True)):
        return [], list(after.values())
    turn = _multiplied([below[0], *(-part for part in below[1:])], own)
    # a part of the turn is asked for by influence: the way that is shorter
    sign = np.where(turn[0] < 0.0, -1.0, 1.0)
    turn = [sign * part for part in turn]
    half = np.arctan2(_size(turn[1:]), turn[0])
    if float(half.max()) < 0.5 * _LEAST_TURN:
        return [], [replace(after[i], values=below[i].astype(np.float32)) for i in range(4)]
    turn[0] = _as_combined(turn, half)
    found = [part.astype(np.float32) for part in turn]
    reached = _multiplied(below, [part.astype(np.float64) for part in found])
    return (
        [replace(after[index], values=found[index]) for index in range(4)],
        [replace(after[index], values=reached[index].astype(np.float32)) for index in range(4)],
    )


def _multiplied(a: Sequence[FloatArray], b: Sequence[FloatArray]) -> list[FloatArray]:
    """Quaternions by their four columns ``(n,)``: first ``b``, then ``a``; of length 1."""
    aw, ax, ay, az = a
    bw, bx, by, bz = b
    out = [
        aw * bw - ax * bx - ay * by - az * bz,
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
    ]
    size = np.maximum(_size(out), 1e-12)
    return [part / size for part in out]


def _size(columns: Sequence[FloatArray]) -> FloatArray:
    """Lengths ``(n,)`` of vectors by their columns."""
    total = columns[0] * columns[0]
    for column in columns[1:]:
        total = total + column * column
    return np.sqrt(total)


def _as_combined(turn: Sequence[FloatArray], half: FloatArray) -> FloatArray:
    """First column ``(n,)`` with which Blender turns by what is wanted, ``half`` being half of it.

    COMBINE reads the angle from this column alone, in single precision, where angles of a few
    hundredths of a degree lie far apart: of those nearby the best is taken.
    """
    single = [part.astype(np.float32) for part in turn]
    best, error = single[0], np.full(len(half), np.inf)
    for step in range(-_TRIED, _TRIED + 1):
        first = np.minimum(single[0] + np.float32(step) * _EPSILON, np.float32(1.0))
        size = np.sqrt(
            first * first + single[1] * single[1] + single[2] * single[2] + single[3] * single[3]
        )
        angle = np.arccos(np.minimum(first * (np.float32(1.0) / size), np.float32(1.0)))
        off = np.abs(angle.astype(np.float64) - half)
        best = np.where(off < error, first, best)
        error = np.minimum(off, error)
    return best.astype(np.float64)
