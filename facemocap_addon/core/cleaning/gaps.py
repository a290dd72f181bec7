# SPDX-License-Identifier: GPL-3.0-or-later
"""Gaps filled by their length: a cubic, or what the other channels say led over to both sides.

Up to a tenth of a second the channel's own course goes on smoothly over the gap. In longer gaps the
other channels have a say, as far as they foretell this one better than its own course does on this
take over such a time; what they leave unsaid is led from one side to the other. Nothing is filled
across a blink or a short closure of the lips: from a gap's edge inside one the curve goes back to
the open state as quickly as lids and lips do. What is filled stays within the values that the
channel has elsewhere: nobody has seen it go further.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from ..stabilise.runs import runs_of
from .bridges import bridge, bridges
from .opened import open_knots
from .others import Likeness, learn
from .samples import Samples

#: A channel seen in fewer samples, or in a smaller part of the take, is not made up.
_FEWEST, _SEEN = 8, 0.02


@dataclass(frozen=True, slots=True)
class Gap:
    """Samples ``first`` to ``last`` that some channels lacked, their columns, and its seconds."""

    first: int
    last: int
    columns: tuple[int, ...]
    seconds: float

    @property
    def run(self) -> tuple[int, int]:
        """First and last sample."""
        return self.first, self.last


@dataclass(frozen=True)
class Filled:
    """What was filled.

    Attributes
    ----------
    values : (n, c) float64
        As given, but for the gaps.
    filled : (n, c) bool
    gaps : tuple of Gap
        Those that were filled, by time.
    left : tuple of Gap
        Those that were too long, or at channels that were hardly ever seen.
    """

    values: FloatArray
    filled: BoolArray
    gaps: tuple[Gap, ...]
    left: tuple[Gap, ...]


def find_gaps(valid: BoolArray, times: FloatArray) -> tuple[Gap, ...]:
    """Runs of samples that are not valid; channels that lack the same samples together."""
    usual = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    found: dict[tuple[int, int], list[int]] = {}
    for column in np.flatnonzero(~valid.all(axis=0)).tolist():
        for run in runs_of(~valid[:, column]):
            found.setdefault(run, []).append(column)
    return tuple(
        Gap(first, last, tuple(columns), float(times[last] - times[first]) + usual)
        for (first, last), columns in sorted(found.items())
    )


def fill_gaps(
    samples: Samples,
    course: FloatArray,
    *,
    short_s: float = 0.1,
    longest_s: float = np.inf,
) -> Filled:
    """Fill gaps.

    Parameters
    ----------
    samples : Samples
    course : (n, c) float64
        The values without their noise, bridged somehow in the gaps.
    short_s : float
        Up to this length a channel's own course is enough.
    longest_s : float
        Longer gaps stay.
    """
    times, valid = samples.times, samples.valid
    out, filled = samples.values.copy(), np.zeros(valid.shape, np.bool_)
    count = valid.sum(axis=0)
    known = (count >= min(_FEWEST, len(valid))) & (count >= _SEEN * len(valid)) & (count > 0)
    low = np.where(valid, samples.values, np.inf).min(axis=0, initial=np.inf)
    high = np.where(valid, samples.values, -np.inf).max(axis=0, initial=-np.inf)
    model: Likeness | None = None
    said: dict[bytes, FloatArray] = {}
    gaps: list[Gap] = []
    left: list[Gap] = []
    for gap in find_gaps(valid, times):
        columns = np.array([column for column in gap.columns if known[column]], np.int64)
        if gap.seconds > longest_s or not len(columns):
            left.append(gap)
            continue
        knots = open_knots(course, samples, gap.run, columns)
        own = bridge(times, course, valid, gap.run, columns, knots)
        if gap.seconds > short_s:
            seen = ~_missing(valid, gap)
            seen[columns] = False
            if seen.any():
                model = (
                    learn(course, valid, samples.noise, samples.roles.partner)
                    if model is None
                    else model
                )
                own = _with_others(
                    own, course, samples, gap.run, columns, _said(model, course, seen, said)
                )
        # courses without noise, and what others say, pass a rest at nought by a little
        out[gap.first : gap.last + 1, columns] = np.clip(own, low[columns], high[columns])
        filled[gap.first : gap.last + 1, columns] = True
        gaps.append(Gap(gap.first, gap.last, tuple(columns.tolist()), gap.seconds))
    return Filled(out, filled, tuple(gaps), tuple(left))


def bridge_runs(
    times: FloatArray, course: FloatArray, valid: BoolArray, wanted: BoolArray
) -> FloatArray:
    """A copy of ``course`` (n, c) with a cubic bridge over each gap that holds a wanted sample."""
    out = course.copy()
    found = [
        (gap.first, gap.last, column)
        for gap in find_gaps(valid, times)
        for column in gap.columns
        if wanted[gap.first : gap.last + 1, column].any()
    ]
    if found:
        firsts, lasts, columns = np.array(found, np.int64).T
        bridges(times, course, valid, (firsts, lasts, columns), out)
    return out


def _missing(valid: BoolArray, gap: Gap) -> BoolArray:
    """Channels ``(c,)`` that say nothing all through a gap."""
    return ~valid[gap.first : gap.last + 1].all(axis=0)


def _said(
    model: Likeness, course: FloatArray, seen: BoolArray, before: dict[bytes, FloatArray]
) -> FloatArray:
    """What the seen channels say of all others, (n, c); gaps of the same channels share it."""
    key = seen.tobytes()
    if key not in before:
        if len(before) > 8:
            before.clear()
        out = course.copy()
        out[:, ~seen] = model.expected(course, seen)[0]
        before[key] = out
    return before[key]


def _with_others(
    own: FloatArray,
    course: FloatArray,
    samples: Samples,
    run: tuple[int, int],
    columns: IntArray,
    said: FloatArray,
) -> FloatArray:
    """The channel's own bridge and that of the others' word, mixed by what each has got right."""
    rest = course[:, columns] - said[:, columns]
    there = samples.valid[:, columns]
    every = np.arange(len(columns), dtype=np.int64)
    theirs = said[run[0] : run[1] + 1, columns] + bridge(samples.times, rest, there, run, every)
    reach = (run[1] - run[0] + 2) // 2
    mine_off = _middle_error(course[:, columns], there, reach)
    theirs_off = _middle_error(rest, there, reach)
    share = mine_off**2 / np.maximum(mine_off**2 + theirs_off**2, 1e-18)
    return own + share * (theirs - own)


def _middle_error(series: FloatArray, valid: BoolArray, reach: int) -> FloatArray:
    """Mean squared error ``(k,)`` of the middle between two samples, for the one in between."""
    if len(series) <= 2 * reach:
        return np.ones(series.shape[1])
    middle = 0.5 * (series[2 * reach :] + series[: -2 * reach])
    there = valid[2 * reach :] & valid[: -2 * reach] & valid[reach:-reach]
    off = np.where(there, series[reach:-reach] - middle, 0.0)
    return (off * off).sum(axis=0) / np.maximum(there.sum(axis=0), 1) + 1e-12
