# SPDX-License-Identifier: GPL-3.0-or-later
"""Markers that slipped over the skin: a sudden step against their neighbours that stays.

Candidates are steps between two samples that neither the samples before nor those after go on with.
A least squares fit over the whole take, of what the other markers say plus a step at each
candidate, tells which of them stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, cast

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from .lowrank import MotionModel, learn_motion
from .records import SLIP, Repair

_LEAST_M, _TIMES = 1.2e-3, 4.0
#: A step is clear when it is so many times what the fit leaves otherwise.
_CLEAR = 3.0
#: Part of a step that happens between two samples.
_ABRUPT = 0.6
#: Neighbours that tell how the skin around moves, directions of the other markers' motion.
_NEAR, _DIRECTIONS = 4, 4
#: Samples on each side of a step, and fewest of them in the part before and after.
_SIDE, _FEWEST = 8, 12
#: A marker that steps more often moves like that; so does one that returns within so many rows.
_OFTEN, _RETURNS = 4, 45


@dataclass(frozen=True)
class Slips:
    """Offsets (n, p, 3) on the head that undo the slips, and what was found."""

    offsets: FloatArray
    repairs: tuple[Repair, ...]


def find_slips(places: FloatArray, valid: BoolArray, names: tuple[str, ...]) -> Slips:
    """Find steps that stay.

    Parameters
    ----------
    places : (n, p, 3) float64
        On the head, without spikes.
    valid : (n, p) bool
    names : tuple of str, length p
    """
    offsets = np.zeros_like(places)
    repairs: list[Repair] = []
    count = len(names)
    if len(places) < 2 * _FEWEST or count < 3:
        return Slips(offsets, ())
    usual = np.zeros((count, 3))
    seen = valid.any(axis=0)
    masked = np.where(valid[:, :, None], places, np.nan)
    usual[seen] = np.nanmedian(masked[:, seen], axis=0)
    beside = _beside_neighbours(masked, usual)
    steps = {marker: _candidates(beside[:, marker]) for marker in range(count)}
    if not any(len(found) for found in steps.values()):
        return Slips(offsets, ())
    clean = np.array([not len(steps[marker]) for marker in range(count)])
    for marker, found in steps.items():
        if not 0 < len(found) <= 4 * _OFTEN:
            continue
        others = np.flatnonzero(clean & seen & (np.arange(count) != marker))
        scores = _scores(places, valid, others)
        kept, sizes, sure = _confirmed(places[:, marker], valid[:, marker], found, scores)
        if not len(kept) or len(kept) > _OFTEN or _comes_back(kept, sizes):
            continue
        offset = _undoing(kept, sizes, valid[:, marker])
        offsets[:, marker] = offset
        repairs += [
            Repair(
                names[marker], SLIP, int(row), len(places) - 1 if k + 1 == len(kept)
                else int(kept[k + 1]) - 1,
                "step undone", round(float(sure[k]), 3), size_m=_length(sizes[k]),
            )
            for k, row in enumerate(kept.tolist())
        ]  # fmt: skip
    return Slips(offsets, tuple(repairs))


def _beside_neighbours(masked: FloatArray, usual: FloatArray) -> FloatArray:
    """Places (n, p, 3) less what the neighbours move by in the median; NaN where not seen."""
    count = len(usual)
    away = np.linalg.norm(usual[:, None] - usual[None], axis=2)
    near = np.argsort(away, axis=1)[:, 1 : 1 + min(_NEAR, count - 1)]
    moved = masked - usual
    out = np.empty_like(masked)
    for marker in range(count):
        around = np.where(np.isfinite(moved[:, near[marker]]), moved[:, near[marker]], 0.0)
        out[:, marker] = moved[:, marker] - np.median(around, axis=1)
    return out


def _candidates(series: FloatArray) -> IntArray:
    """Rows (first after the step) where a series ``(n, 3)`` with NaN gaps steps."""
    rows = np.flatnonzero(np.isfinite(series[:, 0]))
    if len(rows) < 2 * _FEWEST:
        return np.empty(0, np.intp)
    values = series[rows]
    span = np.diff(rows)[:, None].astype(np.float64)
    step = np.diff(values, axis=0)
    pace = step / span
    around = np.zeros_like(step)
    around[1:-1] = 0.5 * (pace[:-2] + pace[2:])
    # the step of two straight courses of one slope, for every place at once
    kernel = _step_kernel(_SIDE)
    sizes = np.zeros_like(step)
    inside = slice(_SIDE - 1, len(step) - _SIDE + 1)
    for axis in range(3):
        sizes[inside, axis] = np.correlate(values[:, axis], kernel, "valid")
    size = np.linalg.norm(sizes, axis=1)
    abrupt = ((step - around * span) * sizes).sum(axis=1) / np.maximum(size, 1e-12)
    limit = max(_LEAST_M, _TIMES * float(np.median(size[inside])))
    limits = np.where(span[:, 0] > 3, 1.5 * limit, limit)
    found = np.flatnonzero((size > limits) & (abrupt > _ABRUPT * size))
    best = [k for k in found if size[k] >= size[max(k - _SIDE, 0) : k + _SIDE + 1].max()]
    kept = [k for k in best if _FEWEST <= k + 1 <= len(rows) - _FEWEST]
    return cast(IntArray, rows[np.array(kept, np.intp) + 1])


def _length(way: FloatArray) -> float:
    return float(np.sqrt((way**2).sum()))


def _step_kernel(side: int) -> FloatArray:
    """Weights (2 side,) of evenly spaced samples that give the step in their middle."""
    time = np.arange(-side, side, dtype=np.float64)
    design = np.stack([np.ones(2 * side), time, (time >= 0).astype(np.float64)], axis=1)
    inverse: Any = np.linalg.pinv(design)
    return np.asarray(inverse[2], np.float64)


def _scores(places: FloatArray, valid: BoolArray, others: IntArray) -> FloatArray:
    """How far the other markers go along the main directions of their motion, (n, k)."""
    if not len(others):
        return np.zeros((len(places), 0))
    model = learn_motion(places[:, others], valid[:, others], 1e-4, most_rows=1500)
    few = MotionModel(model.mean, model.basis[:, :_DIRECTIONS], model.noise_m)
    found, _deviation = few.predict(places[:, others], valid[:, others])
    off = found.reshape(len(places), -1) - few.mean
    return off @ few.basis / np.maximum((few.basis**2).sum(axis=0), 1e-300)


def _confirmed(
    series: FloatArray, valid: BoolArray, rows: IntArray, scores: FloatArray
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Steps that stay: rows, sizes (k, 3), and how sure each is."""
    known = np.flatnonzero(valid)
    at = known[:, None] >= rows[None]
    design = np.concatenate([np.ones((len(known), 1)), at, scores[known]], axis=1)
    scale = np.maximum(np.linalg.norm(design, axis=0), 1e-12)
    ridge = np.concatenate([design / scale, 1e-3 * np.eye(design.shape[1])])
    right = np.concatenate([series[known], np.zeros((design.shape[1], 3))])
    solved: Any = np.linalg.lstsq(ridge, right, rcond=None)[0]
    found: Any = solved / scale[:, None]
    rest: Any = series[known] - design @ found
    spread = 1.4826 * float(np.median(np.sqrt((rest**2).sum(axis=1))))
    # steps are measured on what the other markers do not explain
    alone = series - scores @ found[1 + len(rows) :]
    kept: list[int] = []
    sizes: list[FloatArray] = []
    sure: list[float] = []
    for number, row in enumerate(rows.tolist()):
        lasting = cast(FloatArray, found[1 + number])
        local = _local_step(alone, known, row)
        size = float(np.linalg.norm(local))
        along = float(lasting @ local) / max(size, 1e-12)
        if size < _LEAST_M or not 0.5 * size <= along <= 1.8 * size or along < _CLEAR * spread:
            continue
        kept.append(row)
        gap = row - int(known[np.searchsorted(known, row) - 1])
        sizes.append(local if gap <= 3 else lasting)
        sure.append(float(np.clip(1.0 - 0.5 * spread / along, 0.0, 1.0)))
    return np.array(kept, np.intp), np.array(sizes).reshape(-1, 3), np.array(sure)


def _local_step(series: FloatArray, known: IntArray, row: int) -> FloatArray:
    """The step of straight courses before and after that have one slope."""
    place = int(np.searchsorted(known, row))
    some = known[max(place - _SIDE, 0) : place + _SIDE]
    time = (some - row).astype(np.float64)
    design = np.stack([np.ones(len(some)), time, (some >= row).astype(np.float64)], axis=1)
    return np.asarray(np.linalg.lstsq(design, series[some], rcond=None)[0][2], np.float64)


def _comes_back(rows: IntArray, sizes: FloatArray) -> bool:
    """Whether a step is soon undone by another: a motion, such as a lid's."""
    return any(
        rows[k + 1] - rows[k] <= _RETURNS
        and _length(sizes[k] + sizes[k + 1]) < 0.5 * _length(sizes[k])
        for k in range(len(rows) - 1)
    )


def _undoing(rows: IntArray, sizes: FloatArray, valid: BoolArray) -> FloatArray:
    """Offsets (n, 3) that bring all parts to where the longest one is."""
    edges = [0, *rows.tolist(), len(valid)]
    lengths = [int(valid[a:b].sum()) for a, b in pairwise(edges)]
    levels = np.concatenate([np.zeros((1, 3)), np.cumsum(sizes, axis=0)])
    levels -= levels[int(np.argmax(lengths))]
    part = np.searchsorted(rows, np.arange(len(valid)), side="right")
    return -levels[part]
