# SPDX-License-Identifier: GPL-3.0-or-later
# pyright: basic
"""Darts, rests and following of a take's gaze, told apart by speed."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from ...arrays import BoolArray, FloatArray, IntArray
from ...cleaning.noise import noise_level
from ...gaze.gaze_angles import SIDES, gaze_at, read_from
from ...stabilise.runs import runs_of
from ...take import Take
from ...take_sampling import valid_at_samples
from .closings import closings
from .events import Fixation, GazeEvents, Saccade
from .main_sequence import along

#: Speed is the slope over this much time to either side (seconds), more where noise asks for it.
_REACH_S, _MOST_REACH_S = 0.018, 0.045
#: The usual speed around a sample is the median over this time (seconds): following is no dart.
_AROUND_S = 0.5
#: A dart ends where its speed falls below this part of its peak, and so many deviations; two
#: darts are told apart by a valley lower than this part of the lower peak.
_FOOT, _FOOT_SURE, _VALLEY = 0.12, 2.5, 0.5
#: Longer ones (seconds) are no darts, even as cameras see them.
_LONGEST_S = 0.3
#: The slow speed of following is the slope over this much time to either side (seconds); what
#: follows does so for this long (seconds) and goes this far at least (degrees).
_SLOW_S, _FOLLOWS_S, _FAR_DEG = 0.1, 0.15, 1.0
_FEWEST = 5


@dataclass(frozen=True, slots=True)
class GazeSettings:
    """What counts as what.

    Attributes
    ----------
    least_deg : float
        Smaller darts are none.
    least_deg_s : float
        A dart is at least this much faster than the gaze around it.
    sure : float
        It is so by this many deviations of the noise.
    follows_deg_s : float
        A gaze that goes on this fast follows something.
    """

    least_deg: float = 0.6
    least_deg_s: float = 12.0
    sure: float = 5.0
    follows_deg_s: float = 2.5


def find_gaze(take: Take, settings: GazeSettings | None = None) -> GazeEvents:
    """Darts and rests of a take; none where no gaze was recorded."""
    settings = settings or GazeSettings()
    gaze, seen = both_eyes(take)
    if take.samples < _FEWEST or int(seen.sum()) < _FEWEST:
        return GazeEvents((), (), gaze, ~seen, 0.0)
    unseen = ~seen | closings(take)
    noise = float(noise_level(gaze, np.repeat(seen[:, None], 2, axis=1)).max())
    rate = take.rate_hz
    reach = _reach(noise, rate, settings.least_deg_s / settings.sure)
    speed, deviation = _speeds(take.times, gaze, noise, rate, reach)
    speed[unseen] = 0.0
    least = max(settings.least_deg_s, settings.sure * deviation)
    spans = [
        span
        for first, last in _bursts(speed, least, _FOOT_SURE * deviation, rate)
        for span in [_trimmed(first, last, unseen)]
        if span is not None
    ]
    saccades = _saccades(take.times, gaze, speed, spans, settings, noise)
    stable = ~unseen
    for saccade in saccades:
        stable[saccade.first + 1 : saccade.last] = False
    fixations = _fixations(take.times, gaze, stable, noise, rate, settings)
    return GazeEvents(saccades, fixations, gaze, unseen, noise)


def both_eyes(take: Take) -> tuple[FloatArray, BoolArray]:
    """Azimuth and elevation ``(n, 2)`` in degrees of both eyes, and where both are seen."""
    found: list[FloatArray] = []
    seen = np.ones(take.samples, np.bool_)
    for side in SIDES:
        names = read_from(take, f"{side}EyeYaw")
        if names:
            found.append(gaze_at(take, side, take.times))
            seen &= valid_at_samples(take, names).all(axis=1)
    if not found:
        return np.zeros((take.samples, 2)), np.zeros(take.samples, np.bool_)
    return np.degrees(np.mean(found, axis=0)), seen


def slopes(
    times: FloatArray, values: FloatArray, reach: int, ends: IntArray | None = None
) -> FloatArray:
    """Slopes ``(n, k)`` a second, each over so many samples to either side.

    ``ends`` are the first and last samples ``(n, 2)`` beyond which none is asked.
    """
    count = len(times)
    rise, run = np.zeros_like(values), np.zeros(count)
    rows = np.arange(count)
    for step in range(1, reach + 1):
        after = np.minimum(rows + step, count - 1 if ends is None else ends[:, 1])
        before = np.maximum(rows - step, 0 if ends is None else ends[:, 0])
        span = times[after] - times[before]
        rise += span[:, None] * (values[after] - values[before])
        run += span * span
    return rise / np.maximum(run, 1e-12)[:, None]


def _reach(noise: float, rate: float, bearable: float) -> int:
    """Samples to either side: few, unless the noise of the speed would be too high (deg/s)."""
    reach = max(1, round(_REACH_S * rate))
    most = max(reach, round(_MOST_REACH_S * rate))
    while reach < most and slope_noise(noise, rate, reach) > bearable:
        reach += 1
    return reach


def slope_noise(noise: float, rate: float, reach: int) -> float:
    """Deviation of the noise of a slope, of white noise on the values."""
    return noise * rate / float(np.sqrt(reach * (reach + 1) * (2 * reach + 1) / 3.0))


def _speeds(
    times: FloatArray, gaze: FloatArray, noise: float, rate: float, reach: int
) -> tuple[FloatArray, float]:
    """By how much each sample is faster than those around it ``(n,)``, and that figure's noise."""
    from scipy.ndimage import median_filter  # noqa: PLC0415

    velocity = slopes(times, gaze, reach)
    width = min(2 * round(0.5 * _AROUND_S * rate) + 1, 2 * (len(times) // 2) + 1)
    usual = np.stack(
        [median_filter(velocity[:, axis], width, mode="nearest") for axis in (0, 1)], axis=1
    )
    off = velocity - usual
    return np.hypot(off[:, 0], off[:, 1]), slope_noise(noise, rate, reach)


def _bursts(speed: FloatArray, least: float, foot: float, rate: float) -> list[tuple[int, int]]:
    """First and last sample of each burst of speed."""
    found: list[tuple[int, int]] = []
    for first, last in runs_of(speed >= min(max(foot, _FOOT * least), 0.9 * least)):
        part = speed[first : last + 1]
        if part.max() < least:
            continue
        for begin, end in _split(part, least):
            piece = part[begin : end + 1]
            level = max(_FOOT * float(piece.max()), foot)
            peak = int(np.argmax(piece))
            low = np.flatnonzero(piece < level)
            before, after = low[low < peak], low[low > peak]
            start = begin + (int(before[-1]) + 1 if len(before) else 0)
            stop = begin + (int(after[0]) - 1 if len(after) else end - begin)
            if stop - start <= _LONGEST_S * rate:
                found.append((first + start, first + stop))
    return found


def _split(part: FloatArray, least: float) -> list[tuple[int, int]]:
    """Parts of a burst, one for each peak that deep valleys set apart."""
    inner = (part[1:-1] >= part[:-2]) & (part[1:-1] > part[2:]) & (part[1:-1] >= least)
    peaks = (np.flatnonzero(inner) + 1).tolist()
    cuts: list[int] = []
    tops: list[int] = []
    for peak in peaks:
        if not tops:
            tops.append(peak)
            continue
        valley = tops[-1] + int(np.argmin(part[tops[-1] : peak + 1]))
        if part[valley] < _VALLEY * min(part[tops[-1]], part[peak]):
            cuts.append(valley)
            tops.append(peak)
        elif part[peak] > part[tops[-1]]:
            tops[-1] = peak
    edges = [0, *cuts, len(part) - 1]
    return [(a + (a > 0), b) for a, b in itertools.pairwise(edges)]


def _trimmed(first: int, last: int, unseen: BoolArray) -> tuple[int, int] | None:
    """The samples just before and after a burst; None where one of them cannot be seen."""
    before, after = first - 1, last + 1
    if before < 0 or after >= len(unseen) or unseen[before : after + 1].any():
        return None
    return before, after


def _saccades(
    times: FloatArray,
    gaze: FloatArray,
    speed: FloatArray,
    spans: list[tuple[int, int]],
    settings: GazeSettings,
    noise: float,
) -> tuple[Saccade, ...]:
    """Darts of the spans that go far enough."""
    out: list[Saccade] = []
    need = max(settings.least_deg, 3.0 * noise)
    for number, (begin, last) in enumerate(spans):
        first = max(begin, out[-1].last) if out else begin
        if last - first < 2:
            continue
        limit = spans[number + 1][0] if number + 1 < len(spans) else len(times) - 1
        floor = out[-1].last if out else 0
        start = gaze[max(floor, first - 1) : first + 1].mean(axis=0)
        end = gaze[last : max(last, min(limit, last + 1)) + 1].mean(axis=0)
        way = end - start
        far = float(np.hypot(way[0], way[1]))
        if far < need:
            continue
        part = along(gaze[first : last + 1] - start, way) / far**2
        onset, apex, offset = (
            _passed(times[first : last + 1], part, at) for at in (0.05, 0.5, 0.95)
        )
        out.append(
            Saccade(
                onset, apex, offset, first, last, float(way[0]), float(way[1]),
                float(speed[first : last + 1].max()),
            )
        )  # fmt: skip
    return tuple(out)


def _passed(times: FloatArray, part: FloatArray, level: float) -> float:
    """Time at which a rising course passes a level for the last time."""
    below = np.flatnonzero(part[:-1] < level)
    place = int(below[-1]) if len(below) else 0
    rise = float(part[place + 1] - part[place])
    share = (level - float(part[place])) / rise if rise > 1e-9 else 0.5
    step = float(times[place + 1] - times[place])
    return float(times[place]) + min(max(share, 0.0), 1.0) * step


def _fixations(
    times: FloatArray,
    gaze: FloatArray,
    stable: BoolArray,
    noise: float,
    rate: float,
    settings: GazeSettings,
) -> tuple[Fixation, ...]:
    """Stretches between darts and blinks, cut where the eyes begin or cease to follow."""
    reach = max(2, round(_SLOW_S * rate))
    most = max(settings.follows_deg_s, 4.0 * slope_noise(noise, rate, reach))
    shortest = _FOLLOWS_S * rate
    out: list[Fixation] = []
    runs = runs_of(stable)
    # of each stretch alone: darts beside it are no following
    ends = np.tile(np.arange(len(times))[:, None], 2)
    for first, last in runs:
        ends[first : last + 1] = first, last
    slow = slopes(times, gaze, reach, ends)
    follows = np.hypot(slow[:, 0], slow[:, 1]) > most
    for first, last in runs:
        moving = np.zeros(last - first + 1, np.bool_)
        if last - first + 1 >= shortest and follows[first : last + 1].any():
            moving = follows[first : last + 1].copy()
            for flag in (True, False):
                for begin, end in runs_of(moving == flag):
                    a, b = first + begin, first + end
                    way = gaze[b] - gaze[a]
                    # what wanders to and fro follows nothing
                    far = float(np.hypot(way[0], way[1]))
                    stays = flag and far < max(_FAR_DEG, 4.0 * noise)
                    if end - begin + 1 < shortest or stays:
                        moving[begin : end + 1] = not flag
        cuts = [0, *(np.flatnonzero(np.diff(moving)) + 1).tolist(), len(moving)]
        for begin, end in itertools.pairwise(cuts):
            a, b = first + begin, first + end - 1
            middle = gaze[a : b + 1].mean(axis=0)
            out.append(
                Fixation(
                    float(times[a]), float(times[b]), a, b, float(middle[0]), float(middle[1]),
                    "pursuit" if moving[begin] else "fixation",
                )
            )  # fmt: skip
    return tuple(out)
