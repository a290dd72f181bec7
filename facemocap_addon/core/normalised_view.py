# SPDX-License-Identifier: GPL-3.0-or-later
"""How Blender's Graph Editor scales each curve while it normalises: its range becomes -1 to 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import BoolArray, FloatArray

#: Points of a Bezier stretch that are looked at: so many for a unit of length, at most the last.
_POINTS, _MOST_POINTS = 5.0, 32
#: Ranges of fewer single precision numbers than this are flat.
_FLAT_STEPS = 256


@dataclass(frozen=True, slots=True)
class ShownScale:
    """What is drawn of a value: ``factor * (value + offset)``."""

    factor: float = 1.0
    offset: float = 0.0

    def of(self, values: FloatArray) -> FloatArray:
        """Heights ``(n,)`` in the view."""
        return self.factor * (values + self.offset)


def shown_scale(
    keys: FloatArray,
    left: FloatArray,
    right: FloatArray,
    is_bezier: BoolArray,
    preview: tuple[float, float] | None = None,
) -> ShownScale | None:
    """The scale of a curve in a normalised view; None where it has no keys there.

    Parameters
    ----------
    keys, left, right : (n, 2) float
        Frame and value of each key, and of its handles.
    is_bezier : (n,) bool
        Whether the stretch from a key to the next is a Bezier curve.
    preview : (float, float), optional
        First and last frame of the scene's preview range: only keys in it count, and the stretch
        that leads to the first of them.
    """
    first, end = 0, len(keys)
    if preview is not None:
        first = int(np.searchsorted(keys[:, 0], preview[0]))
        end = int(np.searchsorted(keys[:, 0], preview[1] + 1.0))
    if end <= first:
        return None
    values = keys[max(first - 1, 0) : end, 1]
    low, high = float(values.min()), float(values.max())
    stretches = np.flatnonzero(is_bezier[max(first - 1, 0) : end - 1]) + max(first - 1, 0)
    if len(stretches):
        inside = _bezier_values(keys, left, right, stretches)
        low, high = min(low, float(inside.min())), max(high, float(inside.max()))
    if _is_flat(low, high):
        return ShownScale(1.0, -low)
    return ShownScale(2.0 / (high - low), -0.5 * (low + high))


def _bezier_values(
    keys: FloatArray, left: FloatArray, right: FloatArray, at: np.ndarray
) -> FloatArray:
    """Values ``(m, p)`` of stretches from keys ``at`` to the next, at even parameters."""
    begin, end = keys[at].astype(np.float64), keys[at + 1].astype(np.float64)
    out, into = right[at] - begin, end - left[at + 1]
    # handles never reach farther than the other key's frame
    wide = end[:, 0] - begin[:, 0]
    out = out * _shrink(wide, out[:, 0])[:, None]
    into = into * _shrink(wide, into[:, 0])[:, None]
    apart = end - begin
    length = np.sqrt((apart * apart).sum(axis=1))
    points = np.minimum((_POINTS * length).astype(np.int64), _MOST_POINTS)
    share = np.arange(_MOST_POINTS + 1)[None] / np.maximum(points, 1)[:, None]
    # short stretches are looked at in their keys alone
    share = np.where((points >= 2)[:, None], np.minimum(share, 1.0), 0.0)
    rest = 1.0 - share
    first, second = begin[:, 1], (begin + out)[:, 1]
    third, last = (end - into)[:, 1], end[:, 1]
    return (
        rest * rest * rest * first[:, None]
        + 3.0 * rest * rest * share * second[:, None]
        + 3.0 * rest * share * share * third[:, None]
        + share * share * share * last[:, None]
    )


def _shrink(wide: FloatArray, reach: FloatArray) -> FloatArray:
    """Factor ``(m,)`` of handles that reach farther than the stretch is wide."""
    reach = np.abs(reach)
    return np.where(reach > wide, wide / np.maximum(reach, 1e-12), 1.0)


def _is_flat(low: float, high: float) -> bool:
    """Whether single precision has next to no numbers between the two."""
    return not high - low > _FLAT_STEPS * float(np.spacing(np.float32(max(abs(low), abs(high)))))
