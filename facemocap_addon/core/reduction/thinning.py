# SPDX-License-Identifier: GPL-3.0-or-later
"""Other ways to fewer keys, by rule instead of by tolerance, and back to one on every frame."""

from __future__ import annotations

import math

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from ..curves import HANDLE, INTERPOLATION
from .keys import Keys
from .measuring import measure, round_handles
from .spans import PARTS
from .turning_points import find_turning_points

#: An inflection is looked for over so many samples to either side: noise has many.
BESIDE = 2
#: A fitted curve may leave what its samples reach by this part of it, ...
SWING = 0.05
#: ... and is calmed in so many rounds where it leaves it farther.
_SETTLING = 8
#: No tolerance at all.
_ANY = 1e30


def on_extremes(
    frames: FloatArray, values: FloatArray, prominence: float, *, inflections: bool = True
) -> Keys:
    """Keys on turning points, and between two of them where the curve is steepest.

    Parameters
    ----------
    frames, values : (n,) float
    prominence : float
        A turning point rises and falls by more than this.
    inflections : bool
        Whether the steepest places get keys; there the curve begins to bend the other way.
    """
    times, samples = _checked(frames, values)
    within = np.full((len(samples), 1), 0.5 * prominence)
    turning = find_turning_points(samples[:, None], within)[:, 0]
    at = np.flatnonzero(turning)
    if inflections:
        before = np.maximum(np.arange(len(samples)) - BESIDE, 0)
        after = np.minimum(np.arange(len(samples)) + BESIDE, len(samples) - 1)
        steep = np.abs(samples[after] - samples[before]) / np.maximum(
            times[after] - times[before], 1e-9
        )
        inner = [
            first + 1 + int(np.argmax(steep[first + 1 : last]))
            for first, last in zip(at[:-1].tolist(), at[1:].tolist(), strict=True)
            if last - first > 1 and samples[first] != samples[last]
        ]
        at = np.union1d(at, np.array(inner, np.int64))
    return _fitted(times, samples, at, turning[at], 0.0)


def on_samples(frames: FloatArray, values: FloatArray, at: IntArray) -> Keys:
    """Keys on given samples, with the one slope each that suits all samples best."""
    times, samples = _checked(frames, values)
    return _fitted(times, samples, np.union1d(at, [0, len(samples) - 1]), None, SWING)


def every_nth(frames: FloatArray, values: FloatArray, step: int) -> Keys:
    """Keys on the first, then on every ``step``-th sample, and on the last."""
    if step < 1:
        raise ValueError("a step is 1 or more")
    times, samples = _checked(frames, values)
    at = np.union1d(np.arange(0, len(samples), step), [len(samples) - 1])
    return _fitted(times, samples, at, None, SWING)


def on_twos(frames: FloatArray, values: FloatArray, *, step: int = 2, phase: int = 0) -> Keys:
    """Values held from each ``step``-th frame to the next, on even frames by default.

    The sample nearest to the frame counts. The first sample gets a key too, so that nothing is
    missing before the first such frame.
    """
    if step < 1:
        raise ValueError("a step is 1 or more")
    times, samples = _checked(frames, values)
    first = int(np.ceil((times[0] - phase) / step)) * step + phase
    whole = np.arange(first, float(times[-1]) + 0.5, step)
    right = np.clip(np.searchsorted(times, whole), 0, len(times) - 1)
    left = np.maximum(right - 1, 0)
    nearest = np.where(np.abs(times[left] - whole) < np.abs(times[right] - whole), left, right)
    keyed, own = np.append(times[:1], whole), np.append(samples[:1], samples[nearest])
    keyed, place = np.unique(keyed, return_index=True)
    return _plain(keyed, own[place], INTERPOLATION["CONSTANT"], times, samples)


def every_frame(keys: Keys) -> Keys:
    """Keys on the first and last frame of a curve and on all whole frames between."""
    x = keys.frames.astype(np.float64)
    whole = np.arange(math.ceil(float(x[0])), math.floor(float(x[-1])) + 1.0)
    frames = np.unique(np.concatenate([x[:1], whole, x[-1:]]))
    parts = _in_parts(frames)
    values = keys.at(frames).astype(np.float32).astype(np.float64)
    return _plain(frames, values, INTERPOLATION["LINEAR"], parts, keys.at(parts))


def _checked(frames: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    times = np.asarray(frames, np.float32).astype(np.float64)
    samples = np.asarray(values, np.float32).astype(np.float64)
    if times.ndim != 1 or times.shape != samples.shape or not len(times):
        raise ValueError("frames and values must have one shape (n,)")
    if not (np.isfinite(samples).all() and (np.diff(times) > 0.0).all()):
        raise ValueError("values must be finite and frames increase")
    return times, samples


def _in_parts(times: FloatArray) -> FloatArray:
    """`PARTS` places from each time to the next."""
    share = np.arange(PARTS) / PARTS
    between = times[:-1, None] + np.diff(times)[:, None] * share
    return np.append(between.ravel(), times[-1])


def _plain(
    frames: FloatArray,
    values: FloatArray,
    interpolation: int,
    times: FloatArray,
    samples: FloatArray,
) -> Keys:
    """Keys without a say for handles, and how far they are off samples and what lies between."""
    point = np.stack([frames, values], axis=1)
    types = np.full((len(frames), 2), HANDLE["AUTO_CLAMPED"])
    forced = np.ones(len(frames), np.bool_)
    keys = Keys(frames, values, point, point, types, interpolation, forced, len(times), 0.0)
    where = _in_parts(times)
    off = np.abs(keys.at(where) - np.interp(where, times, samples))
    error = float(off.max(initial=0.0))
    return Keys(frames, values, point, point, types, interpolation, forced, len(times), error)


def _fitted(
    times: FloatArray, values: FloatArray, at: IntArray, turning: BoolArray | None, swing: float
) -> Keys:
    """Keys at given samples with the one slope each that suits all samples best.

    Level on ``turning (m,)`` but for the first and last. Where the curve would leave what the
    samples reach by more than the part ``swing`` of it, it goes no farther than its keys.
    """
    forced = np.ones(len(at), np.bool_) if turning is None else turning
    level = np.zeros(len(at), np.bool_) if turning is None else turning.copy()
    level[[0, -1]] = False
    frames, own = times[at], values[at]
    point = np.stack([frames, own], axis=1)
    types = np.full((len(at), 2), HANDLE["ALIGNED"])
    bezier = INTERPOLATION["BEZIER"]
    if len(at) == 1:
        return Keys(frames, own, point, point, types, bezier, forced, len(values), 0.0)
    start, length = at[:-1], np.diff(at)
    chord = np.diff(own) / np.diff(frames)
    slopes = np.where(level, 0.0, _slopes(times, values, at))
    for _ in range(_SETTLING):
        ends = np.stack([slopes[:-1], slopes[1:]], axis=1)
        wild = _swings(times, values, at, ends, swing)
        calm = np.where(
            np.append(wild, False) | np.append(False, wild), _calm(slopes, chord), slopes
        )
        if (calm == slopes).all():
            break
        slopes = calm
    beziers = round_handles(times, values, start, length, np.stack([slopes[:-1], slopes[1:]], 1))
    largest = measure(times, values, np.full(len(values), _ANY), beziers)[0]
    right = np.concatenate([beziers.right, 2.0 * point[-1:] - beziers.left[-1:]])
    left = np.concatenate([2.0 * point[:1] - beziers.right[:1], beziers.left])
    return Keys(frames, own, left, right, types, bezier, forced, len(values), float(largest[0]))


def _swings(
    times: FloatArray, values: FloatArray, at: IntArray, ends: FloatArray, swing: float
) -> BoolArray:
    """Spans ``(s,)`` whose cubic leaves what their samples reach by more than a little."""
    where = _in_parts(times)
    length = np.diff(at) * PARTS
    begin = np.repeat(at[:-1], length)
    width = np.repeat(np.diff(times[at]), length)
    u = (where[:-1] - times[begin]) / width
    rise = np.repeat(np.diff(values[at]), length)
    first, last = (np.repeat(ends[:, end], length) * width for end in (0, 1))
    # seen from the chord
    off = u * (1.0 - u) * ((first - rise) * (1.0 - u) - (last - rise) * u)
    curve = values[begin] + rise * u + off
    straight = np.interp(where, times, values)[:-1]
    begins = at[:-1] * PARTS
    least, most = (
        extreme(extreme.reduceat(straight, begins), values[at[1:]])
        for extreme in (np.minimum, np.maximum)
    )
    little = swing * (most - least) + 1e-9 * np.abs(values).max()
    above = np.maximum.reduceat(curve, begins) > most + little
    return above | (np.minimum.reduceat(curve, begins) < least - little)


def _calm(slopes: FloatArray, chord: FloatArray) -> FloatArray:
    """Slopes ``(m,)`` with which no cubic goes beyond its keys."""
    before, after = np.append(chord[:1], chord), np.append(chord, chord[-1:])
    way = np.where(before * after > 0.0, np.sign(before), 0.0)
    most = 3.0 * np.minimum(np.abs(before), np.abs(after))
    return way * np.clip(way * slopes, 0.0, most)


def _slopes(times: FloatArray, values: FloatArray, at: IntArray) -> FloatArray:
    """Slopes ``(m,)`` at keys by least squares over samples and what lies between them."""
    where = _in_parts(times)[:-1]
    length = np.diff(at) * PARTS
    begins = at[:-1] * PARTS

    def each(a: FloatArray) -> FloatArray:
        return np.repeat(a, length)

    def total(a: FloatArray) -> FloatArray:
        return np.add.reduceat(a, begins)

    width = np.diff(times[at])
    chord = np.diff(values[at]) / width
    past = where - each(times[at[:-1]])
    u = past / each(width)
    rest = np.interp(where, times, values) - each(values[at[:-1]]) - each(chord) * past
    # a cubic is off the chord by these times what its slopes at both ends are off the chord's
    one, other = past * (1.0 - u) ** 2, -past * u * (1.0 - u)
    left, mixed, right = total(one * one), total(one * other), total(other * other)
    diagonal = np.append(left, 0.0) + np.append(0.0, right)
    wanted = np.append(total(one * rest) + chord * (left + mixed), 0.0)
    wanted[1:] += total(other * rest) + chord * (right + mixed)
    return _tridiagonal(diagonal, mixed, wanted)


def _tridiagonal(diagonal: FloatArray, beside: FloatArray, wanted: FloatArray) -> FloatArray:
    """Solution of a symmetric system with one diagonal beside the main one, from top to bottom."""
    main, right = diagonal.tolist(), wanted.tolist()
    off = beside.tolist()
    for row in range(1, len(main)):
        share = off[row - 1] / main[row - 1]
        main[row] -= share * off[row - 1]
        right[row] -= share * right[row - 1]
    out = [right[-1] / main[-1]]
    for row in range(len(main) - 2, -1, -1):
        out.append((right[row] - off[row] * out[-1]) / main[row])
    return np.array(out[::-1])
