# SPDX-License-Identifier: GPL-3.0-or-later
r"""A correction that is exact at examples: ridge regression plus radial basis functions.

With x what a frame differs from the neutral face, r its length and u its direction, it is

    c(x) = c0 + x A + sum_i w_i(u) q_i(r)

- A is the ridge regression of the examples' corrections on x: what mixed expressions share.
- w are Gaussians of the distance between directions, combined so that w_i is 1 in the direction of
  example i and 0 in those of all others.
- q_i is the remainder at example i: it grows evenly from 0 to the example, and on to twice it.

So from the neutral face to an example, where u stays and w is 0 or 1, the correction is a straight
line whatever the other examples are. Radial functions of x itself would wind there. Any movement
along one direction keeps its timing for the same reason: c is c0 plus amount times constant, to
twice the amount of the smallest example. Directions that no example is near get x A alone.

Examples in one direction share a w; their q is a polygon through them. Where the base that is
corrected bends on the way to an example, its q gets more corners, so that the sum is straight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from ..errors import FacemocapError

#: Faces whose channels differ by no more are one face.
SAME_FACE = 1e-4
#: Directions (chords) that differ by no more are one.
ONE_WAY = 1e-5
#: How far beyond its example a remainder grows.
GROWS_TO = 2.0
#: Ridge as a part of the mean squared length, and widths of the Gaussians: the first of each where
#: there are too few examples to choose by.
RIDGES = (0.1, 0.01, 1.0, 100.0)
WIDTHS = (0.5, 0.25, 0.35, 0.8, 1.2)
FEWEST_TO_CHOOSE, FOLDS = 5, 8
#: A width is reduced until no example needs more of all Gaussians together than this: alike
#: directions would else take turns with large shares, and frames between them go astray.
MOST_SHARE = 20.0
#: Allowed error at the examples, of the largest correction.
EXACT = 1e-8
_AT_ONCE = 4096


@dataclass(frozen=True)
class Way:
    """One direction that has examples: their distances ``(m,)``, rising, and remainders (m, k)."""

    radii: FloatArray
    left: FloatArray

    def at(self, radii: FloatArray) -> FloatArray:
        """The remainder ``(n, k)`` at distances ``(n,)``."""
        knots = np.concatenate([[0.0], self.radii])
        values = np.concatenate([np.zeros((1, self.left.shape[1])), self.left])
        far = np.clip(radii / self.radii[-1], 1.0, GROWS_TO)[:, None]
        radii = np.minimum(radii, self.radii[-1])
        right = np.clip(np.searchsorted(knots, radii), 1, len(knots) - 1)
        step = knots[right] - knots[right - 1]
        share = ((radii - knots[right - 1]) / step)[:, None]
        return far * (values[right - 1] * (1.0 - share) + values[right] * share)


@dataclass(frozen=True)
class Correction:
    """What is added to the base, as a function of the captured channels.

    Attributes
    ----------
    start : (k,) float64
        At the neutral face.
    slopes : (c, k) float64
    directions : (w, c) float64
        Of length 1.
    inverse : (w, w) float64
        From Gaussians to shares.
    width : float
        Of the Gaussians, as a distance of directions.
    ways : tuple of Way, length w
    """

    start: FloatArray
    slopes: FloatArray
    directions: FloatArray
    inverse: FloatArray
    width: float
    ways: tuple[Way, ...]

    def __call__(self, offsets: FloatArray) -> FloatArray:
        """Corrections ``(n, k)`` of frames ``(n, c)``, given as what differs from neutral."""
        parts = [self._some(offsets[a : a + _AT_ONCE]) for a in range(0, len(offsets), _AT_ONCE)]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.start)))

    def _some(self, offsets: FloatArray) -> FloatArray:
        out = self.start + offsets @ self.slopes
        if not self.ways:
            return out
        radii, directions = _polar(offsets)
        shares = _gaussians(directions, self.directions, self.width) @ self.inverse
        last = np.array([way.radii[-1] for way in self.ways])
        single = np.array([len(way.radii) == 1 for way in self.ways])
        reach = np.minimum(radii[:, None] / last, GROWS_TO) * shares
        ends = np.stack([way.left[-1] for way in self.ways])
        out += (reach * single) @ ends
        for place in np.flatnonzero(~single):
            out += shares[:, place, None] * self.ways[place].at(radii)
        return out


@dataclass(frozen=True)
class Samples:
    """Examples as numbers.

    Attributes
    ----------
    names : tuple of str, length e
    offsets : (e, c) float64
        What their frames differ from the neutral face.
    wanted : (e, k) float64
        What their poses differ from the base at the neutral face.
    grid : (s,) float64
        Parts of the way to an example, rising to 1.
    base : (e, s, k) float64
        What the base differs there from the base at the neutral face.
    """

    names: tuple[str, ...]
    offsets: FloatArray
    wanted: FloatArray
    grid: FloatArray
    base: FloatArray

    def only(self, kept: IntArray) -> Samples:
        """Some of the examples."""
        return Samples(
            tuple(self.names[int(place)] for place in kept),
            self.offsets[kept],
            self.wanted[kept],
            self.grid,
            self.base[kept],
        )


def find_conflict(
    names: Sequence[str], offsets: FloatArray, wanted: FloatArray
) -> tuple[str, str] | None:
    """Two examples that show one face and two poses, or None."""
    for one in range(len(names)):
        near: BoolArray = _lengths(offsets[one + 1 :] - offsets[one]) <= SAME_FACE
        for other in np.flatnonzero(near) + one + 1:
            if np.abs(wanted[other] - wanted[one]).max() > 1e-7:
                return names[one], names[int(other)]
    return None


def fit_correction(samples: Samples) -> Correction:
    """The correction that takes the base to every example.

    Raises
    ------
    FacemocapError
        When two examples show one face and two poses, or are too alike to be told apart.
    """
    conflict = find_conflict(samples.names, samples.offsets, samples.wanted)
    if conflict is not None:
        raise FacemocapError(
            f'The examples "{conflict[0]}" and "{conflict[1]}" show the same captured face with '
            "two poses",
            "Remove one of them",
        )
    samples = _once(samples)
    rests = np.linalg.norm(samples.offsets, axis=1) <= SAME_FACE
    start = np.zeros(samples.wanted.shape[1])
    if rests.any():
        # what the base adds at this face is not the same as at the neutral one, to the last digit
        start = (samples.wanted - samples.base[:, -1])[rests][0]
    moving = samples.only(np.flatnonzero(~rests))
    if not len(moving.names):
        empty = np.zeros((0, samples.offsets.shape[1]))
        slopes = np.zeros((samples.offsets.shape[1], len(start)))
        return Correction(start, slopes, empty, np.zeros((0, 0)), 1.0, ())
    ridge, width = _choice(moving, start)
    return _fit(moving, start, ridge, width)


def _lengths(ways: FloatArray) -> FloatArray:
    """Lengths ``(n,)`` of rows ``(n, c)``."""
    return np.sqrt((np.asarray(ways, np.float64) ** 2).sum(axis=1))


def _once(samples: Samples) -> Samples:
    """Each face once; of equal pairs the first."""
    kept: list[int] = []
    for place, offset in enumerate(samples.offsets):
        others = samples.offsets[kept]
        if not len(others) or _lengths(others - offset).min() > SAME_FACE:
            kept.append(place)
    return samples.only(np.array(kept, np.int64))


def _choice(samples: Samples, start: FloatArray) -> tuple[float, float]:
    """Ridge and width that tell left-out examples best."""
    radii, directions = _polar(samples.offsets)
    # of examples in one direction the farthest
    kept = [max(group, key=lambda place: float(radii[place])) for group in _ways(directions)]
    if len(kept) < FEWEST_TO_CHOOSE:
        return RIDGES[0], WIDTHS[0]
    samples = samples.only(np.array(kept, np.int64))
    amiss = samples.wanted - start - samples.base[:, -1]
    folds = np.arange(len(kept)) % min(len(kept), FOLDS)
    errors = np.zeros((len(RIDGES), len(WIDTHS)))
    for fold in range(int(folds.max()) + 1):
        out, rest = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        errors += _errors(samples.offsets[rest], amiss[rest], samples.offsets[out], amiss[out])
    # the first that is as good as any: no choice hangs on the last digit
    ridge, width = divmod(int(np.argmax(errors <= errors.min() * (1.0 + 1e-6))), len(WIDTHS))
    return RIDGES[ridge], WIDTHS[width]


def _errors(
    offsets: FloatArray, amiss: FloatArray, asked: FloatArray, truth: FloatArray
) -> FloatArray:
    """Squared errors (ridges, widths) of corrections ``(a, k)`` that are told from others."""
    radii, directions = _polar(offsets)
    far, ways = _polar(asked)
    reach = np.minimum(far[:, None] / radii, GROWS_TO)
    shares: list[FloatArray] = []
    for width in WIDTHS:
        inverse, narrowed = _shares(directions, width)
        shares.append(reach * (_gaussians(ways, directions, narrowed) @ inverse))
    out = np.zeros((len(RIDGES), len(WIDTHS)))
    for row, ridge in enumerate(RIDGES):
        slopes = _slopes(offsets, amiss, ridge)
        left, straight = amiss - offsets @ slopes, asked @ slopes
        for column, share in enumerate(shares):
            out[row, column] = float(((straight + share @ left - truth) ** 2).sum())
    return out


def _slopes(offsets: FloatArray, amiss: FloatArray, ridge: float) -> FloatArray:
    """Ridge regression (c, k) of corrections on offsets."""
    # the dual form: examples are fewer than channels, as a rule
    products = offsets @ offsets.T
    products[np.diag_indices_from(products)] += ridge * float(np.square(offsets).sum(axis=1).mean())
    return offsets.T @ np.linalg.solve(products, amiss)


def _fit(samples: Samples, start: FloatArray, ridge: float, width: float) -> Correction:
    """The correction for one ridge and width."""
    offsets = samples.offsets
    radii, directions = _polar(offsets)
    wanted = samples.wanted - start
    amiss = wanted - samples.base[:, -1]
    slopes = _slopes(offsets, amiss, ridge)
    members = _ways(directions)
    firsts = directions[[group[0] for group in members]]
    ways: list[Way] = []
    for group in members:
        order = sorted(group, key=lambda place: float(radii[place]))
        knots, values = _corners(samples, wanted, radii, order)
        along = knots[:, None] * directions[order[0]]
        ways.append(Way(knots, values - along @ slopes))
    inverse, width = _shares(firsts, width)
    fitted = Correction(start, slopes, firsts, inverse, width, tuple(ways))
    return _refined(fitted, samples, start + amiss, members)


def _corners(
    samples: Samples,
    wanted: FloatArray,
    radii: FloatArray,
    order: Sequence[int],
) -> tuple[FloatArray, FloatArray]:
    """Distances ``(m,)`` and corrections (m, k) on one way that make the sum straight."""
    at = np.concatenate([[0.0], radii[list(order)]])
    sums = np.concatenate([np.zeros((1, wanted.shape[1])), wanted[list(order)]])
    knots: list[float] = []
    values: list[FloatArray] = []
    for number, place in enumerate(order):
        base = samples.base[place]
        straight = samples.grid[:, None] * base[-1]
        size = float(np.abs(base).max(initial=0.0))
        bent = float(np.abs(base - straight).max(initial=0.0)) > 1e-9 * size
        parts = range(len(samples.grid)) if bent else [len(samples.grid) - 1]
        low, high = at[number], at[number + 1]
        for part in parts:
            radius = float(samples.grid[part] * high)
            if radius <= low + 0.25 * (samples.grid[0] * high):
                continue
            share = (radius - low) / (high - low)
            total = sums[number] * (1.0 - share) + sums[number + 1] * share
            knots.append(radius)
            values.append(total - base[part])
    return np.array(knots), np.stack(values)


def _refined(
    fitted: Correction, samples: Samples, wanted: FloatArray, members: Sequence[Sequence[int]]
) -> Correction:
    """The correction with what rounding left at the examples taken away."""
    radii, _ = _polar(samples.offsets)
    size = float(np.abs(wanted).max(initial=0.0)) + 1e-12
    for _ in range(50):
        off = wanted - fitted(samples.offsets)
        if np.abs(off).max() <= 1e-12 * size:
            break
        for way, group in zip(fitted.ways, members, strict=True):
            for place in group:
                knot = int(np.argmin(np.abs(way.radii - radii[place])))
                way.left[knot] += off[place]
    off = np.abs(wanted - fitted(samples.offsets)).max(axis=1)
    if not off.max() <= EXACT * max(size, 1.0):
        name = samples.names[int(np.argmax(off))]
        raise FacemocapError(
            f'The example "{name}" is too like another one with another pose', "Remove one of them"
        )
    return fitted


def _ways(directions: FloatArray) -> list[list[int]]:
    """Examples that lie in one direction, together."""
    out: list[list[int]] = []
    firsts: list[int] = []
    for place, direction in enumerate(directions):
        chords = _lengths(directions[firsts] - direction)
        near = np.flatnonzero(chords <= ONE_WAY)
        if len(near):
            out[int(near[0])].append(place)
        else:
            out.append([place])
            firsts.append(place)
    return out


def _shares(directions: FloatArray, width: float) -> tuple[FloatArray, float]:
    """The inverse of the Gaussians between directions, and the width that lets it be one."""
    while True:
        values, vectors = np.linalg.eigh(_gaussians(directions, directions, width))
        if values[0] > 1e-9:
            inverse = (vectors / values) @ vectors.T
            if np.abs(inverse).sum(axis=0).max() <= MOST_SHARE:
                return inverse, width
        width *= 0.8


def _gaussians(directions: FloatArray, centres: FloatArray, width: float) -> FloatArray:
    """Gaussians ``(n, w)`` of the chords between unit directions ``(n, c)`` and ``(w, c)``."""
    chords = np.maximum(2.0 - 2.0 * (directions @ centres.T), 0.0)
    return np.exp(-chords / (2.0 * width * width))


def _polar(offsets: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Lengths ``(n,)`` and unit directions ``(n, c)``; noughts have the direction nought."""
    radii = np.linalg.norm(offsets, axis=1)
    return radii, offsets / np.where(radii > 0.0, radii, 1.0)[:, None]
