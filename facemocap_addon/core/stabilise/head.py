# SPDX-License-Identifier: GPL-3.0-or-later
"""The head's motion, separated from the face's on points that move with the skull alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from ..errors import FacemocapError
from ..points import Points
from .distances import sampled_rows, shape_of, usual_distances
from .kabsch import breadth, turn_covariance
from .robust import OFF, between, fit_robust
from .stable import LEAST, find_stable, named_columns

#: Passes of shape, noise and trust.
_PASSES = 3
_SAMPLE = 1200
#: A point that agrees with the others in fewer of its frames has no say.
_AGREES = 0.45
#: Points nearer to one line than this part of their size do not tell a turn about it.
_FLAT = 0.02
#: The least noise there is: a hundredth of a millimetre.
_LEAST_NOISE_M = 1e-5
#: Takes of fewer frames do not tell the noise before the fit; a usual one, of the points' size.
_SHORT, _SHORT_NOISE = 20, 4e-3
#: A marker this many times as uncertain as one stable point is far from where they are.
_FAR = 3.0


@dataclass(frozen=True)
class HeadMotion:
    """Where the head is in every frame: a place x on it is at ``rotations x + translations``.

    Attributes
    ----------
    rotations : (n, 3, 3) float64
    translations : (n, 3) float64
        Metres. The head's own frame is the take's, turned and moved to its usual place.
    columns : (s,) int
        The stable points among the take's.
    model : (s, 3) float64
        Their places on the head.
    point_weights : (s,) float64
        Say of each over the take, 1 for the usual noise; 0 for one that slipped or never agreed.
    weights : (n, s) float64
        Say of each in each frame, 0 for an outlier.
    residual_m : (n,) float64
        Root mean square distance of the points that count; nought where none does.
    flagged : (n,) bool
        Fewer than four usable points, or all on one line: taken from the frames around.
    noise_m : float
        Deviation of one coordinate.
    turn_covariance : (n, 3, 3) float64
        Of the rotation vector in the head's axes, radians squared.
    place_variance : (n,) float64
        Of each coordinate of the stable points' middle.
    notes : tuple of str
        Whole sentences: what a person should know.
    """

    rotations: FloatArray
    translations: FloatArray
    columns: IntArray
    model: FloatArray
    point_weights: FloatArray
    weights: FloatArray
    residual_m: FloatArray
    flagged: BoolArray
    noise_m: float
    turn_covariance: FloatArray
    place_variance: FloatArray
    notes: tuple[str, ...] = ()

    def to_head(self, places: FloatArray) -> FloatArray:
        """Places ``(n, p, 3)`` of the take, on the head."""
        return (places - self.translations[:, None]) @ self.rotations

    def to_take(self, places: FloatArray) -> FloatArray:
        """Places ``(n, p, 3)`` on the head, where they are in the take."""
        return places @ np.swapaxes(self.rotations, 1, 2) + self.translations[:, None]


def checked(points: Points) -> tuple[FloatArray, BoolArray, list[str]]:
    """Places and validity of points in space, what is not a number taken for not tracked.

    Raises
    ------
    FacemocapError
        When there are none, or they are points of a picture.
    """
    if points.positions.ndim != 3 or points.positions.shape[2] != 3:
        raise FacemocapError(
            "The points are places in a picture, not in space",
            "Track the take with a method that gives three coordinates",
        )
    if not len(points.positions) or not len(points):
        raise FacemocapError("The take has no points", "Choose a take with markers or landmarks")
    finite = np.isfinite(points.positions).all(axis=2)
    broken = int((points.valid & ~finite).sum())
    notes = [f"{broken} places are not numbers and count as not tracked."] if broken else []
    valid = points.valid & finite
    return np.where(valid[:, :, None], points.positions, 0.0), valid, notes


def separate_head(points: Points, stable: Sequence[str] | None = None) -> HeadMotion:
    """Separate the head's motion by robust rigid fits on stable points.

    Parameters
    ----------
    points : Points
        In space. Rows are evenly spaced in time.
    stable : sequence of str, optional
        Names of the points that move with the skull; found from the take when not given.

    Raises
    ------
    FacemocapError
        When there are fewer than four stable points, or they lie on one line.
    """
    places, valid, notes = checked(points)
    named = stable is not None
    columns = named_columns(points.names, stable) if named else find_stable(places, valid)
    some, there = places[:, columns], valid[:, columns]
    if not (there.sum(axis=1) >= LEAST).any():
        raise FacemocapError(
            "No frame of the take has four stable points", "Choose other stable points"
        )
    model, noise, trust = _learn(some, there)
    fit = fit_robust(model, some, there, noise, trust)
    usable = ((fit.weights > 0.02) & (fit.off < OFF)).sum(axis=1)
    flagged = (usable < LEAST) | (breadth(model, fit.weights) < _FLAT * _size(model))
    if flagged.all():
        raise FacemocapError(
            "The stable points never keep their distances to each other",
            "Choose points that move with the skull alone",
        )
    rows = np.flatnonzero(flagged)
    turns, shifts = fit.rotations.copy(), fit.translations.copy()
    turns[rows], shifts[rows] = between(fit.rotations, fit.translations, ~flagged, rows)
    weights = np.where(flagged[:, None], 0.0, fit.weights)
    squared = (weights * (fit.off * noise) ** 2).sum(axis=1)
    turns, shifts, model = _about_usual(turns, shifts, model, ~flagged)
    turn_cov, place_var = turn_covariance(model, weights, noise)
    notes += _notes(points.names, columns, trust, flagged)
    motion = HeadMotion(
        turns, shifts, columns, model, trust, weights,
        np.sqrt(squared / np.maximum(weights.sum(axis=1), 1e-300)),
        flagged, noise, turn_cov, place_var,
    )  # fmt: skip
    notes += _one_sided(motion, places, valid, points.names)
    return replace(motion, notes=tuple(notes))


def _size(model: FloatArray) -> float:
    return float(np.sqrt(((model - model.mean(axis=0)) ** 2).sum(axis=1).mean()))


def _learn(places: FloatArray, valid: BoolArray) -> tuple[FloatArray, float, FloatArray]:
    """Shape of the stable points, noise of a coordinate, and the points' say over the take."""
    count = places.shape[1]
    trust = np.where(valid.any(axis=0), 1.0, 0.0)
    usual, noises, _change = usual_distances(places, valid)
    pairs = noises[np.triu_indices(count, 1)]
    pairs = pairs[np.isfinite(pairs)]
    noise = float(np.quantile(pairs, 0.3)) / np.sqrt(2.0) if len(pairs) else 0.0
    model = shape_of(usual)
    size = _size(model)
    if size <= 0 or float(breadth(model, np.ones((1, count)))[0]) < _FLAT * size:
        raise FacemocapError(
            "The stable points lie on one line, which does not tell how the head turns about it",
            "Add a stable point beside the line, such as the nose bridge below the forehead",
        )
    noise = max(noise, _LEAST_NOISE_M, 1e-7 * size)
    if len(places) < _SHORT:
        # so few samples of a distance lie close together by chance
        noise = max(noise, _SHORT_NOISE * size)
    rows = sampled_rows(valid & (valid.sum(axis=1) >= LEAST)[:, None], _SAMPLE)
    some, there = places[rows], valid[rows]
    model = _right_handed(model, some, there, noise, trust)
    for _ in range(_PASSES):
        fit = fit_robust(model, some, there, noise, trust)
        noise = _noise(model, fit.weights, fit.off * noise, noise)
        fit = fit_robust(model, some, there, noise, trust)
        trust = _trust(fit.off, there, fit.weights, trust)
        model = _averaged(model, some, fit.weights, fit.rotations, fit.translations)
    return model, noise, trust


def _right_handed(
    model: FloatArray, places: FloatArray, valid: BoolArray, noise: float, trust: FloatArray
) -> FloatArray:
    """The shape or its mirror image, whichever the frames show."""
    few = slice(None, None, max(1, len(places) // 60))
    mirrored = model * [-1.0, 1.0, 1.0]
    costs: list[float] = []
    for shape in (model, mirrored):
        fit = fit_robust(shape, places[few], valid[few], 3.0 * noise, trust)
        costs.append(float((np.minimum(fit.off, 20.0) * valid[few]).sum()))
    return model if costs[0] <= costs[1] else mirrored


def _noise(model: FloatArray, weights: FloatArray, away_m: FloatArray, before: float) -> float:
    """Deviation of a coordinate, from frames with enough points that count."""
    inside = (weights > 0.05) & (away_m < OFF * before)
    free = 3.0 * inside.sum(axis=1) - 6.0
    enough = free >= 3.0
    if not enough.any():
        return before
    squared = float(((away_m**2) * inside)[enough].sum()) / float(free[enough].sum())
    # what lies beyond the cut is missing from the sum, as little as that is
    return float(max(np.sqrt(squared), _LEAST_NOISE_M, 1e-7 * _size(model)))


def _trust(
    off: FloatArray, valid: BoolArray, weights: FloatArray, before: FloatArray
) -> FloatArray:
    """Inverse variance of each point where it agrees, nought where it does so too rarely."""
    inside = (off < OFF) & valid & (weights.sum(axis=1) > 0)[:, None]
    seen = np.maximum(valid.sum(axis=0), 1)
    share = inside.sum(axis=0) / seen
    usual = np.quantile(share[before > 0], 0.75) if (before > 0).any() else 1.0
    counted = np.maximum(inside.sum(axis=0), 1)
    # a fit follows its own points: three of 3 p coordinates go to the motion for each
    followed = np.maximum(1.0 - 2.0 / np.maximum(inside.sum(axis=1).mean(), 3.0), 0.3)
    variance = ((off**2) * inside).sum(axis=0) / counted / 3.0 / followed + 1e-6
    middle = float(np.median(variance[inside.any(axis=0)])) if inside.any() else 1.0
    prior = 20.0
    variance = (variance * counted + prior * middle) / (counted + prior)
    trust = np.clip(middle / np.maximum(variance, 1e-12), 0.1, 2.0)
    trust[share < _AGREES * usual] = 0.0
    if (trust > 0).sum() < LEAST:
        return before
    return trust


def _averaged(
    model: FloatArray,
    places: FloatArray,
    weights: FloatArray,
    rotations: FloatArray,
    translations: FloatArray,
) -> FloatArray:
    """The shape that the frames show in the mean; points that never count stay."""
    total = weights.sum(axis=0)
    on_head = (places - translations[:, None]) @ rotations
    mean = (weights[:, :, None] * on_head).sum(axis=0) / np.maximum(total, 1e-300)[:, None]
    return np.where((total > 0)[:, None], mean, model)


def _about_usual(
    turns: FloatArray, shifts: FloatArray, model: FloatArray, known: BoolArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The same motion in a head's frame that lies where the head usually is in the take."""
    left, _sizes, right = np.linalg.svd(turns[known].sum(axis=0))
    usual = left @ np.diag([1.0, 1.0, np.linalg.det(left @ right)]) @ right
    middle = np.median((model.mean(axis=0) @ np.swapaxes(turns, 1, 2) + shifts)[known], axis=0)
    offset = middle - usual @ model.mean(axis=0)
    turns = turns @ usual.T
    return turns, shifts - turns @ offset, model @ usual.T + offset


def _notes(
    names: Sequence[str], columns: IntArray, trust: FloatArray, flagged: BoolArray
) -> list[str]:
    silent = [names[int(column)] for column in columns[trust <= 0]]
    notes = [f'"{name}" does not stay where it is on the head and has no say.' for name in silent]
    if flagged.any():
        notes.append(
            f"{int(flagged.sum())} of {len(flagged)} frames have fewer than {LEAST} usable stable "
            "points; their head motion is taken from the frames around."
        )
    if len(flagged) == 1:
        notes.append("The take has one frame, so there is no motion to tell.")
    return notes


def _one_sided(
    motion: HeadMotion, places: FloatArray, valid: BoolArray, names: Sequence[str]
) -> list[str]:
    """A sentence when some markers are far from all stable points, where a turn's error shows."""
    weights = np.where(motion.point_weights > 0, motion.point_weights, 0.0)[None]
    turn, place = turn_covariance(motion.model, weights, 1.0)
    middle = (weights @ motion.model / weights.sum())[0]
    rows = sampled_rows(valid, 200)
    on_head = motion.to_head(places)[rows]
    there = valid[rows] & ~motion.flagged[rows, None]
    lever = np.ma.median(np.ma.array(on_head, mask=~np.repeat(there[:, :, None], 3, 2)), axis=0)
    arms = np.ma.filled(lever, np.nan) - middle
    skew = np.cross(np.eye(3)[None], arms[:, None, :])
    spread = np.einsum("pij,jk,pik->p", skew, turn[0], skew)
    error = np.sqrt((spread + 3.0 * place[0]) / 3.0)
    error = np.where(np.isfinite(error), error, 0.0)
    worst = int(np.argmax(error))
    if error[worst] <= _FAR:
        return []
    return [
        (
            f'The stable points are close together on one side: at "{names[worst]}" their noise is '
            f"{error[worst]:.0f} times as large."
        )
    ]


def refit(points: Points, motion: HeadMotion) -> HeadMotion:
    """The head's motion again on the same stable points, of points that were repaired."""
    return separate_head(points, [points.names[int(column)] for column in motion.columns])
