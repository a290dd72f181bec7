# SPDX-License-Identifier: GPL-3.0-or-later
"""The blinks of a take as a report tells them: those that can be edited (`events.blinks`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..events.blinks.blink import LONG as CLOSED_EYES
from ..events.blinks.blink import WINK as OF_ONE_EYE
from ..events.blinks.blink import Blink as FoundBlink
from ..events.blinks.blink import EyeBlink
from ..events.blinks.finding import find_with_lids
from ..events.blinks.lids import CHANNEL, Lid
from ..events.blinks.shape import Shape
from ..events.blinks.tracks import PART as PARTIAL
from .columns import Columns

EYES = (CHANNEL["L"], CHANNEL["R"])
#: The highest value of an eye is looked for this far (seconds) around a blink's apex, at least.
_NEAR_S = 0.05

FULL, PART, LONG, ONE_EYE = "full", "partial", "long", "one eye"


@dataclass(frozen=True, slots=True)
class Blink:
    """One blink of both eyes, or of one.

    Attributes
    ----------
    start_s, peak_s, end_s : float
    closing_s, closed_s, opening_s : float
        10 to 90 % of the way, above 90 %, and 90 to 10 %; of the eye that closes more.
    left, right : float or None
        The highest value of each eye's eyeBlink; None where the eye was not recorded.
    left_closure, right_closure : float or None
        The same as a part of this eye's own full blink.
    lag_s : float or None
        How much later the right eye closes; None unless both blink.
    kind : str
        ``full``, ``partial``, ``long`` (the eyes are closed for a while), or ``one eye``.
    """

    start_s: float
    peak_s: float
    end_s: float
    closing_s: float
    closed_s: float
    opening_s: float
    left: float | None
    right: float | None
    left_closure: float | None
    right_closure: float | None
    lag_s: float | None
    kind: str

    @property
    def closure(self) -> float:
        """How far the eye that closes more does."""
        return max(c for c in (self.left_closure, self.right_closure, 0.0) if c is not None)

    @property
    def peak(self) -> float:
        """The highest value of either eye."""
        return max(c for c in (self.left, self.right, 0.0) if c is not None)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "start_s": self.start_s,
            "peak_s": self.peak_s,
            "end_s": self.end_s,
            "closing_s": self.closing_s,
            "closed_s": self.closed_s,
            "opening_s": self.opening_s,
            "left": self.left,
            "right": self.right,
            "left_closure": self.left_closure,
            "right_closure": self.right_closure,
            "lag_s": self.lag_s,
            "kind": self.kind,
        }


def find_blinks(columns: Columns) -> tuple[Blink, ...]:
    """All blinks in order; none where no eye was recorded."""
    found = find_with_lids(columns.take)
    blinks = [_told(blink, found.lids, columns) for blink in found.blinks if _counts(blink)]
    return tuple(sorted(blinks, key=lambda blink: (blink.peak_s, blink.start_s)))


def _counts(blink: FoundBlink) -> bool:
    """Whether it is one: a lid that only sinks for a while is no closed eye."""
    return blink.kind != CLOSED_EYES or blink.closure >= PARTIAL


def _told(blink: FoundBlink, lids: dict[str, Lid], columns: Columns) -> Blink:
    """One blink in a report's figures."""
    shape = blink.lead.shape
    peaks: dict[str, float | None] = dict.fromkeys(CHANNEL)
    parts: dict[str, float | None] = dict.fromkeys(CHANNEL)
    own = {eye.side: eye for eye in blink.eyes}
    for side, lid in lids.items():
        peaks[side] = value = _top(lid, columns, own[side].shape if side in own else shape)[0]
        part = (value - lid.rest) / max(lid.full - lid.rest, 1e-9)
        parts[side] = own[side].closure if side in own else part
    kind = FULL if blink.closure >= PARTIAL else PART
    if blink.kind in (CLOSED_EYES, OF_ONE_EYE):
        kind = LONG if blink.kind == CLOSED_EYES else ONE_EYE
    closing, closed, opening = _phases(lids[blink.lead.side], columns, blink.lead)
    return Blink(
        start_s=shape.start_s,
        peak_s=_top(lids[blink.lead.side], columns, shape)[1],
        end_s=shape.reopened_s,
        closing_s=closing,
        closed_s=closed,
        opening_s=opening,
        left=peaks["L"],
        right=peaks["R"],
        left_closure=parts["L"],
        right_closure=parts["R"],
        lag_s=blink.lag_s,
        kind=kind,
    )


def _top(lid: Lid, columns: Columns, shape: Shape) -> tuple[float, float]:
    """Highest recorded value of a lid in a blink, and when; the lid's own where nothing was."""
    times = columns.take.times
    span = [
        min(shape.half_s, shape.apex_s - _NEAR_S),
        max(shape.opens_s + shape.tau_s, shape.apex_s + _NEAR_S),
    ]
    first, last = np.searchsorted(times, span).tolist()
    rows = slice(max(first - 1, 0), last + 1)
    values, seen = lid.values[rows], lid.valid[rows]
    values = np.where(seen, values, -np.inf) if seen.any() else values
    place = int(values.argmax())
    return float(values[place]), float(times[rows][place])


def _phases(lid: Lid, columns: Columns, eye: EyeBlink) -> tuple[float, float, float]:
    """Closing, being closed and opening (seconds), as the curve has them."""
    times, shape = columns.take.times, eye.shape
    peak, peak_s = _top(lid, columns, shape)
    at = int(np.searchsorted(times, peak_s))
    first, last = np.searchsorted(times, [shape.start_s, shape.end_s]).tolist()
    before = slice(max(first - 1, 0), at + 1)
    after = slice(at, min(last + 1, len(times)))
    # from the peak outwards
    rising, closing = lid.values[before][::-1], times[before][::-1]
    falling, opening = lid.values[after], times[after]
    # fitted levels of the open lid, which no lid has to reach
    base, floor = max(eye.before, float(rising.min())), max(eye.after, float(falling.min()))
    low, high = (base + part * (peak - base) for part in (0.1, 0.9))
    down, up = (floor + part * (peak - floor) for part in (0.1, 0.9))
    begins = _falls_to(low, closing, rising, shape.start_s)
    shut = _falls_to(high, closing, rising, shape.closed_s)
    opens = _falls_to(up, opening, falling, shape.opens_s)
    ends = _falls_to(down, opening, falling, shape.opens_s + shape.opening_s)
    return shut - begins, opens - shut, ends - opens


def _falls_to(level: float, times: FloatArray, values: FloatArray, otherwise: float) -> float:
    """When a course that begins high falls to a level first; what is given where it does not."""
    below = np.flatnonzero(values <= level)
    if not len(below) or not below[0]:
        return otherwise
    place = int(below[0])
    one, two = float(values[place - 1]), float(values[place])
    share = (one - level) / max(one - two, 1e-12)
    return float(times[place - 1]) + share * float(times[place] - times[place - 1])
