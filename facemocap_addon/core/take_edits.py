# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole-take edits that a retarget may ask for: a range of it, its mirror image."""

from __future__ import annotations

import numpy as np

from .arrays import BoolArray
from .errors import FacemocapError
from .take import Take


def trim_take(take: Take, start_s: float | None, end_s: float | None) -> tuple[Take, float, float]:
    """The samples that a range of seconds needs, and the range clipped to the take.

    Parameters
    ----------
    take : Take
    start_s, end_s : float or None
        Seconds after the take's first sample; None for its own start or end.

    Returns
    -------
    take : Take
        With as many samples more at either end as values at the range's own ends need: one where
        it cuts between two, all of a gap where it cuts that.
    start_s, end_s : float
        The range on the take's clock (``take.times``).

    Raises
    ------
    FacemocapError
        When the range is empty or misses the take.
    """
    first, last = float(take.times[0]), float(take.times[-1])
    start = first if start_s is None else first + start_s
    end = last if end_s is None else first + end_s
    if not start < end or end <= first or start >= last:
        raise FacemocapError(
            f"The range {start - first:g} to {end - first:g} s holds nothing of the take "
            f"(0 to {last - first:.3f} s)",
            "Give a range A:B within the take, A before B",
        )
    start, end = max(start, first), min(end, last)
    low = max(int(np.searchsorted(take.times, start, side="right")) - 1, 0)
    high = min(int(np.searchsorted(take.times, end, side="left")) + 1, take.samples)
    low, high = _reach_valid(take.valid, low, high)
    if low == 0 and high == take.samples:
        return take, start, end
    kept = slice(low, high)
    return (
        take.changed(
            f"trimmed to {start - first:g}:{end - first:g} s",
            times=take.times[kept],
            values=take.values[kept],
            valid=take.valid[kept],
            confidence=None if take.confidence is None else take.confidence[kept],
        ),
        start,
        end,
    )


def _reach_valid(valid: BoolArray, low: int, high: int) -> tuple[int, int]:
    """Rows ``low:high``, more where an end lies in a gap: the line over it needs both its sides."""
    before, after = valid[: low + 1], valid[high - 1 :]
    seen = before.any(axis=0)
    if seen.any():
        low = int((low - np.argmax(before[::-1], axis=0))[seen].min())
    seen = after.any(axis=0)
    if seen.any():
        high += int(np.argmax(after, axis=0)[seen].max())
    return low, high


def mirror_take(take: Take) -> Take:
    """The take as a mirror shows it: left and right change places, turns to a side change sign."""
    column_of = {name: column for column, name in enumerate(take.names)}
    partner = [column_of.get(channel.partner, -1) for channel in take.channels]
    sign = np.array([channel.sign for channel in take.channels], np.float32)
    has = np.array([column >= 0 for column in partner])
    values = take.values[:, partner] * sign
    valid = take.valid[:, partner] & has
    confidence = None if take.confidence is None else take.confidence[:, partner]
    recorded = {channel.partner for channel in take.channels if channel.name in take.not_recorded}
    return take.changed(
        "mirrored",
        values=np.where(valid, values, 0),
        valid=valid,
        confidence=confidence,
        not_recorded=tuple(name for name in take.names if name in recorded),
    )
