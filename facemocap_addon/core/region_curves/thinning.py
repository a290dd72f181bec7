# SPDX-License-Identifier: GPL-3.0-or-later
"""Fewer keys, or more, on the chosen part of a strand; the work is done by `core.reduction`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..arrays import FloatArray
from ..curves import HANDLE, INTERPOLATION, KEY_TYPE
from ..hand_edits.keys import KEY, Keys
from ..reduction import Keys as Reduced
from ..reduction import every_nth, on_extremes, on_twos, reduce_curves
from ..reduction.thinning import on_samples
from .strands import Strand

#: Columns that belong together.
Groups = list[list[int]]


@dataclass(frozen=True, slots=True)
class Thinner:
    """A way to other keys.

    Attributes
    ----------
    name, label, description : str
    make : callable (frames (n,), values (n, c), number, groups) -> c reduced curves
        Columns of one group get keys on the same frames where that can be.
    usual : float
        Number that it begins with.
    range : (float, float)
        What the number may be.
    unit : str
        What the number is: ``value`` (of the curve), ``part`` (of its swing), ``frames`` or "".
    """

    name: str
    label: str
    description: str
    make: Callable[[FloatArray, FloatArray, float, Groups], tuple[Reduced, ...]]
    usual: float = 0.0
    range: tuple[float, float] = (0.0, 1.0)
    unit: str = ""


def _reduce(
    frames: FloatArray, values: FloatArray, number: float, groups: Groups
) -> tuple[Reduced, ...]:
    return reduce_curves(frames, values, max(number, 1e-6), groups=groups).curves


def _extremes(
    frames: FloatArray, values: FloatArray, number: float, _groups: Groups
) -> tuple[Reduced, ...]:
    swings = np.ptp(values, axis=0)
    made = [
        on_extremes(frames, column, max(number * float(swing), 1e-7))
        for column, swing in zip(values.T, swings, strict=True)
    ]
    return tuple(made)


def _nth(
    frames: FloatArray, values: FloatArray, number: float, _groups: Groups
) -> tuple[Reduced, ...]:
    return tuple(every_nth(frames, column, max(1, round(number))) for column in values.T)


def _steps(
    frames: FloatArray, values: FloatArray, number: float, _groups: Groups
) -> tuple[Reduced, ...]:
    step = max(1, round(number))
    return tuple(on_twos(frames, column, step=step) for column in values.T)


def _whole(
    frames: FloatArray, values: FloatArray, _number: float, groups: Groups
) -> tuple[Reduced, ...]:
    kinds = np.full((len(frames), 2), HANDLE["AUTO_CLAMPED"])
    return tuple(
        replace(made, interpolation=INTERPOLATION["LINEAR"], handle_types=kinds)
        for made in _nth(frames, values, 1.0, groups)
    )


THINNERS: dict[str, Thinner] = {
    each.name: each
    for each in (
        Thinner(
            "reduce",
            "Reduce Keys",
            "Few keys with handles, off by no more than the tolerance",
            _reduce,
            0.01,
            (0.0, 0.1),
            "value",
        ),
        Thinner(
            "extremes",
            "Keys on Extremes",
            "Keys only on peaks and valleys, and between two of them where the curve is steepest",
            _extremes,
            0.1,
            (0.0, 1.0),
            "part",
        ),
        Thinner(
            "nth", "Every n-th Frame", "Keys on every n-th frame", _nth, 4.0, (1.0, 24.0), "frames"
        ),
        Thinner(
            "twos",
            "On Twos",
            "Values held over two frames, or more",
            _steps,
            2.0,
            (1.0, 8.0),
            "frames",
        ),
        Thinner("every_frame", "Every Frame", "A key on every frame again", _whole),
    )
}


def thin_strand(strand: Strand, thinner: Thinner, number: float) -> tuple[Keys, ...]:
    """Keys of one strand's curves, as `thin_strands`."""
    return thin_strands([strand], thinner, number)[0]


def thin_strands(
    strands: Sequence[Strand], thinner: Thinner, number: float
) -> list[tuple[Keys, ...]]:
    """Keys of the strands' curves, the chosen runs made anew; others are the same bits.

    A curve is sampled on the whole frames of each run and on the keys at its ends. The handles
    that lead out of a run stay. The four curves of a quaternion get keys on the same frames.
    Runs of the same frames are worked on together, which is quick.
    """
    runs: dict[bytes, list[tuple[int, int, FloatArray]]] = {}
    for number_, strand in enumerate(strands):
        for first, last in strand.parts:
            at = sampled(float(strand.frames[first]), float(strand.frames[last]))
            if len(at) > 1:
                runs.setdefault(at.tobytes(), []).append((number_, first, at))
    made: dict[tuple[int, int], list[Reduced]] = {}
    for same in runs.values():
        made |= _thin_runs(strands, same, thinner, number)
    return [_spliced(strand, number_, made) for number_, strand in enumerate(strands)]


def _thin_runs(
    strands: Sequence[Strand],
    runs: list[tuple[int, int, FloatArray]],
    thinner: Thinner,
    number: float,
) -> dict[tuple[int, int], list[Reduced]]:
    """Reduced curves of runs of the same frames, by strand and first place."""
    at = runs[0][2]
    values = [strands[row].at(at) for row, _, _ in runs]
    groups: Groups = []
    for each in values:
        start = groups[-1][-1] + 1 if groups else 0
        groups.append(list(range(start, start + each.shape[1])))
    curves = thinner.make(at, np.concatenate(values, axis=1), number, groups)
    out: dict[tuple[int, int], list[Reduced]] = {}
    for (row, first, _), own, group in zip(runs, values, groups, strict=True):
        found = [curves[column] for column in group]
        out[row, first] = _same_frames(found, at, own) if len(found) > 1 else found
    return out


def _spliced(
    strand: Strand, number: int, made: dict[tuple[int, int], list[Reduced]]
) -> tuple[Keys, ...]:
    """The strand's keys with those of its runs in place of what was there."""
    out = [keys[:0] for keys in strand.curves]
    frames = strand.frames
    place = 0
    for first, last in strand.parts:
        found = made.get((number, first))
        if found is None:
            continue
        begin, end = float(frames[first]), float(frames[last])
        for row, keys in enumerate(strand.curves):
            kept = (keys["frame"] >= frames[place]) & (keys["frame"] < begin)
            own = keys[(keys["frame"] >= begin) & (keys["frame"] <= end)]
            out[row] = np.concatenate([out[row], keys[kept], _keys(found[row], own, begin, end)])
        place = last + 1
    if place < len(frames):
        out = [
            np.concatenate([done, keys[keys["frame"] >= frames[place]]])
            for done, keys in zip(out, strand.curves, strict=True)
        ]
    return tuple(out)


def sampled(first: float, last: float) -> FloatArray:
    """Whole frames from ``first`` to ``last`` and these two."""
    whole = np.arange(math.ceil(first), math.floor(last) + 1, dtype=np.float64)
    return np.unique(np.concatenate([[first], whole, [last]]))


def _same_frames(made: list[Reduced], frames: FloatArray, values: FloatArray) -> list[Reduced]:
    """Curves of a turn on the same frames: those on which any of them has a key."""
    if all(np.array_equal(each.frames, made[0].frames) for each in made[1:]):
        return made
    wanted = np.unique(np.concatenate([each.frames for each in made])).astype(np.float64)
    at = np.flatnonzero(np.isin(frames.astype(np.float32), wanted.astype(np.float32)))
    return [on_samples(frames, column, at) for column in values.T]


def _keys(made: Reduced, own: Keys, begin: float, end: float) -> Keys:
    """Keys with handles, as an F-curve has them; outer handles are those that were there."""
    out = np.zeros(len(made), KEY)
    out["frame"], out["value"] = made.frames, made.values
    out["left"], out["right"] = made.left, made.right
    out["left_type"], out["right_type"] = made.handle_types[:, 0], made.handle_types[:, 1]
    out["interpolation"] = made.interpolation
    out["type"] = own["type"][0] if len(own) else KEY_TYPE["KEYFRAME"]
    if len(own) and own["frame"][-1] == end and out["frame"][-1] != own["frame"][-1]:
        # the last key of a run stays, also where its rule has none there
        out = np.concatenate([out, own[-1:]])
    # what leads out of the run must not be computed anew
    if len(own) and own["frame"][0] == begin:
        out["left"][0], out["left_type"][0] = own["left"][0], HANDLE["FREE"]
    if len(own) and own["frame"][-1] == end:
        out["right"][-1], out["right_type"][-1] = own["right"][-1], HANDLE["FREE"]
        out["interpolation"][-1] = own["interpolation"][-1]
    return out
