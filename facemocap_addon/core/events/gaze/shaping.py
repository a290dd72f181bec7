# SPDX-License-Identifier: GPL-3.0-or-later
# pyright: basic
"""Rests become holds, blurred darts become quick: the gaze between stays where it was.

What lies in blinks keeps its own motion, moved by what was changed on both sides of it.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from ...arrays import BoolArray, FloatArray
from ...stabilise.runs import runs_of
from ...take import Take
from .events import Fixation, GazeEvents, Saccade
from .lids import follow_lids
from .main_sequence import course, duration
from .tracks import gaze_tracks, one_at_a_time, with_tracks

#: The drift of a rest is the mean under a bell curve of this deviation (seconds), or of so many
#: samples; shorter rests than twice that have none.
DRIFT_S, _FEWEST = 0.25, 17.0
#: Following is smoothed by parabolas over this time (seconds), and fades into rests within this.
_FOLLOWING_S, _FADE_S = 0.2, 0.1
#: Darts that take no longer than this times what they should are quick enough.
_QUICK = 1.15


@dataclass(frozen=True, slots=True)
class GazeShape:
    """What is done to rests and darts.

    Attributes
    ----------
    hold : float
        How much of the jitter in rests goes, 0 to 1.
    drift : float
        How much of the slow drift in rests stays.
    sharpen : bool
        Darts go as fast as eyes do.
    speed : float
        How fast, in parts of that.
    lids : bool
        Lids follow darts that are sharpened.
    """

    hold: float = 1.0
    drift: float = 1.0
    sharpen: bool = True
    speed: float = 1.0
    lids: bool = True


def shape_gaze(
    take: Take, events: GazeEvents, shape: GazeShape, speeds: Mapping[int, float] | None = None
) -> tuple[Take, int]:
    """The take with its gaze shaped, and how many darts became quicker.

    ``speeds`` are those of darts that have their own, by place; 0 leaves one as recorded.
    """
    tracks = gaze_tracks(take)
    if not tracks.columns or not events.fixations:
        return take, 0
    before, rate = tracks.values.copy(), take.rate_hz
    known = np.zeros(take.samples, np.bool_)
    for fixation in events.fixations:
        rows = slice(fixation.first, fixation.last + 1)
        known[rows] = True
        if shape.hold > 0.0:
            held = _rested(before[rows], fixation, rate, shape.drift)
            tracks.values[rows] += shape.hold * (held - before[rows])
    if shape.hold > 0.0:
        _join_following(tracks.values, events.fixations, rate)
    _carry(tracks.values, before, known)
    quick = _quickened(events, shape, speeds or {}, known)
    for saccade, speed in quick:
        _sharpen(tracks.values, take.times, saccade, speed)
    one_at_a_time(tracks, before, np.any(tracks.values != before, axis=1))
    out = with_tracks(take, tracks, before, "gaze")
    if shape.lids and quick:
        out = follow_lids(out, events, quick)
    return out, len(quick)


def _quickened(
    events: GazeEvents, shape: GazeShape, speeds: Mapping[int, float], known: BoolArray
) -> list[tuple[Saccade, float]]:
    """Darts that are to be rewritten, each with its speed."""
    found: list[tuple[Saccade, float]] = []
    for place, saccade in enumerate(events.saccades):
        if not (known[saccade.first] and known[saccade.last]):
            continue
        own = speeds.get(place)
        if own is not None:
            found += [(saccade, shape.speed * own)] if own else []
        elif shape.sharpen and _is_slow(saccade, shape.speed):
            found.append((saccade, shape.speed))
    return found


def _is_slow(saccade: Saccade, speed: float) -> bool:
    # onset and offset hold nine tenths of the way; the course needs 0.62 of its time for them
    return saccade.duration_s > _QUICK * 0.62 * float(duration(saccade.amplitude_deg)) / speed


def _rested(values: FloatArray, fixation: Fixation, rate: float, drift: float) -> FloatArray:
    """Values ``(m, k)`` of a rest without jitter, of the same mean; or of following."""
    from scipy.ndimage import gaussian_filter1d  # noqa: PLC0415

    if fixation.follows:
        return _followed(values, rate)
    mean = values.mean(axis=0)
    deviation = max(DRIFT_S * rate, _FEWEST)
    if len(values) < 2.0 * deviation or drift == 0.0:
        return np.broadcast_to(mean, values.shape)
    off = values - mean
    weight = gaussian_filter1d(np.ones(len(off)), deviation, mode="constant")
    slow = gaussian_filter1d(off, deviation, axis=0, mode="constant") / weight[:, None]
    return mean + drift * (slow - slow.mean(axis=0))


def _followed(values: FloatArray, rate: float) -> FloatArray:
    """Values ``(m, k)`` on the parabolas that fit around each (Savitzky and Golay)."""
    window = 2 * round(0.5 * _FOLLOWING_S * rate) + 1
    if window < 5 or len(values) < window:
        return values
    half, fit = window // 2, _parabolas(window)
    inner = sum(
        (fit[half, tap] * values[tap : len(values) - window + 1 + tap] for tap in range(window)),
        start=np.zeros((len(values) - window + 1, values.shape[1])),
    )
    ends = [
        sum(
            (part[:, tap, None] * first[tap] for tap in range(window)),
            start=np.zeros((half, values.shape[1])),
        )
        for part, first in ((fit[:half], values[:window]), (fit[-half:], values[-window:]))
    ]
    return np.concatenate([ends[0], inner, ends[1]])


@cache
def _parabolas(window: int) -> FloatArray:
    """Matrix ``(w, w)`` from values to those of the parabola that fits best.

    By polynomials that are orthogonal on the samples, without a matrix product: its rounding
    depends on where numbers lie in memory.
    """
    x = np.linspace(-1.0, 1.0, window)
    curve = x * x - (x * x).mean()
    parts = [np.outer(each, each) / (each * each).sum() for each in (np.ones(window), x, curve)]
    return parts[0] + parts[1] + parts[2]


def _join_following(values: FloatArray, fixations: tuple[Fixation, ...], rate: float) -> None:
    """Let following begin and end where the rest beside it does, in place."""
    steps = max(1, round(_FADE_S * rate))
    for one, two in itertools.pairwise(fixations):
        if two.first != one.last + 1 or one.follows == two.follows:
            continue
        moving = two if one.follows is False else one
        count = min(steps, moving.last - moving.first + 1)
        fade = np.arange(count, 0.0, -1.0)[:, None] / (count + 1)
        if moving is two:
            ahead = values[two.first + 1] - values[two.first] if count > 1 else 0.0
            values[two.first : two.first + count] += fade * (
                values[one.last] + ahead - values[two.first]
            )
        else:
            behind = values[one.last] - values[one.last - 1] if count > 1 else 0.0
            values[one.last - count + 1 : one.last + 1] += fade[::-1] * (
                values[two.first] - behind - values[one.last]
            )


def _carry(values: FloatArray, before: FloatArray, known: BoolArray) -> None:
    """Move what is neither rest nor following by the change on both sides, in place."""
    for first, last in runs_of(~known):
        left = values[first - 1] - before[first - 1] if first else None
        right = values[last + 1] - before[last + 1] if last + 1 < len(values) else None
        left, right = (right if left is None else left), (left if right is None else right)
        if left is None or right is None:
            continue
        share = np.arange(1.0, last - first + 2)[:, None] / (last - first + 2)
        values[first : last + 1] += left + share * (right - left)


def _sharpen(values: FloatArray, times: FloatArray, saccade: Saccade, speed: float) -> None:
    """Replace a dart by one from and to the same gaze with the same middle, in place."""
    rows = slice(saccade.first, saccade.last + 1)
    room = 2.0 * min(saccade.apex_s - times[saccade.first], times[saccade.last] - saccade.apex_s)
    takes = min(float(duration(saccade.amplitude_deg)) / speed, float(room))
    part = course(times[rows], saccade.apex_s, max(takes, 1e-6))[:, None]
    start, end = values[saccade.first].copy(), values[saccade.last].copy()
    values[rows] = start + part * (end - start)
