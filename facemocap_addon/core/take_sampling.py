# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of a take at any time: linear between samples and over gaps, held beyond the ends."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .arrays import BoolArray, FloatArray
from .take import Take


def sample_channels(take: Take, names: Sequence[str], times_s: FloatArray) -> FloatArray:
    """Values of ``names`` at ``times_s``.

    Parameters
    ----------
    take : Take
    names : sequence of str, length k
        Channels; those that the take lacks or never recorded give zeros.
    times_s : (m,) float
        Seconds on the take's own clock.

    Returns
    -------
    (m, k) float64
    """
    times_s = np.asarray(times_s, np.float64)
    out = np.zeros((len(times_s), len(names)))
    for valid, columns in _columns_by_gaps(take, names):
        source = [column for column, _ in columns]
        target = [place for _, place in columns]
        knots = take.times[valid]
        values = take.values[:, source][valid].astype(np.float64)
        right = np.clip(np.searchsorted(knots, times_s), 1, max(len(knots) - 1, 1))
        left = right - 1
        right = np.minimum(right, len(knots) - 1)
        step = np.where(right > left, knots[right] - knots[left], 1.0)
        share = np.clip((times_s - knots[left]) / step, 0.0, 1.0)[:, None]
        # this form gives the right sample itself, to the bit, when share is 1
        out[:, target] = values[left] * (1.0 - share) + values[right] * share
    return out


def valid_at_samples(take: Take, names: Sequence[str]) -> BoolArray:
    """Validity ``(n, k)`` of channels at the take's own samples; False for channels it lacks."""
    out = np.zeros((take.samples, len(names)), np.bool_)
    for place, name in enumerate(names):
        if name in take.names:
            out[:, place] = take.valid[:, take.names.index(name)]
    return out


def _columns_by_gaps(
    take: Take, names: Sequence[str]
) -> list[tuple[BoolArray, list[tuple[int, int]]]]:
    """(valid mask, [(column of the take, place in ``names``)]): most takes have few masks."""
    groups: dict[bytes, tuple[BoolArray, list[tuple[int, int]]]] = {}
    column_of = {name: column for column, name in enumerate(take.names)}
    for place, name in enumerate(names):
        column = column_of.get(name)
        if column is None:
            continue
        valid = take.valid[:, column]
        if valid.any():
            groups.setdefault(valid.tobytes(), (valid, []))[1].append((column, place))
    return list(groups.values())
