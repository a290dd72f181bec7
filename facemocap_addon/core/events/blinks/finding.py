# SPDX-License-Identifier: GPL-3.0-or-later
"""Blinks found: pulses of each lid, fitted, put together to blinks of both eyes, and told apart."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...arrays import FloatArray
from ...take import Take
from .blink import DOUBLE, FLUTTER, FULL, LONG, PARTIAL, WINK, Blink, EyeBlink
from .lids import SIDES, Lid, lid_of
from .shape import Shape
from .tracks import HALF_OPEN, LONG_S, PART, find_eye_blinks, width_s

#: Eyes whose apexes are this near (seconds) blink together, and those shut at one time.
_TOGETHER_S = 0.12
#: The other eye's share of a wink is at most this.
_OTHER = 0.5
#: A double blink: no longer open than this between (seconds), and never by more than 70 %.
_DOUBLE_GAP_S, _DOUBLE_VALLEY = 0.25, 0.3
#: A flutter: three or more, whose apexes are at most this far apart (seconds).
_FLUTTER_S, _FLUTTER = 0.34, 3


@dataclass(frozen=True, slots=True)
class Found:
    """The blinks of a take, and the lids they were found on."""

    blinks: tuple[Blink, ...]
    lids: dict[str, Lid]


def find_blinks(take: Take) -> tuple[Blink, ...]:
    """All blinks of a take in the order of their onsets; none where no eye was recorded."""
    return find_with_lids(take).blinks


def find_with_lids(take: Take) -> Found:
    """The blinks of a take with what was measured of its lids."""
    lids: dict[str, Lid] = {}
    for side in SIDES:
        lid = lid_of(take, side)
        if lid is not None:
            lids[side] = lid
    eyes = find_eye_blinks(take.times, lids)
    return Found(_kinds(_paired(eyes, lids, take.times), lids, take.times), lids)


# ---------------------------------------------------------------- both eyes


def _paired(
    eyes: dict[str, list[EyeBlink]], lids: dict[str, Lid], times: FloatArray
) -> list[Blink]:
    """Blinks of both eyes, and of one; their kinds are not told yet."""
    left, right = eyes.get("L", []), eyes.get("R", [])
    mate: dict[int, int] = {}
    distances = sorted(_near(left, right))
    taken: set[int] = set()
    for _, i, j in distances:
        if i not in mate and j not in taken:
            mate[i] = j
            taken.add(j)
    out: list[Blink] = []
    for i, one in enumerate(left):
        two = right[mate[i]] if i in mate else None
        out.append(_blink(one, two, lids, times))
    out += [_blink(None, two, lids, times) for j, two in enumerate(right) if j not in taken]
    return sorted(out, key=lambda blink: (blink.onset_s, blink.apex_s))


def _near(left: list[EyeBlink], right: list[EyeBlink]) -> list[tuple[float, int, int]]:
    """(seconds apart, left, right) of those that may blink together."""
    if not left or not right:
        return []
    names = ("apex_s", "half_s", "opens_s", "hold_s")
    one, two = (
        np.array([[getattr(eye.shape, name) for name in names] for eye in eyes]).T
        for eyes in (left, right)
    )
    apart = np.abs(one[0][:, None] - two[0])
    both = np.minimum(one[2][:, None], two[2]) - np.maximum(one[1][:, None], two[1])
    longer = np.maximum(np.maximum(one[3][:, None], two[3]), 0.05)
    rows, columns = np.nonzero((apart <= _TOGETHER_S) | (both > 0.5 * longer))
    return list(zip(apart[rows, columns].tolist(), rows.tolist(), columns.tolist(), strict=True))


def _blink(
    left: EyeBlink | None, right: EyeBlink | None, lids: dict[str, Lid], times: FloatArray
) -> Blink:
    """A blink of one kind: full, partial, long, or a wink."""
    blink = Blink(left, right, "B", FULL)
    lead = blink.lead
    rises = [eye.shape.rise for eye in blink.eyes]
    side = "B"
    kind = FULL if lead.closure >= PART else PARTIAL
    other = lids.get("R" if lead.side == "L" else "L")
    if len(rises) < 2:
        side = lead.side
        if other is not None and _seen(other, lead.shape, times):
            kind = WINK
    elif min(rises) < _OTHER * max(rises):
        side, kind = lead.side, WINK
    if width_s(lead.shape) > LONG_S:
        kind = LONG if kind != WINK else WINK
    return replace(blink, side=side, kind=kind)


def _seen(lid: Lid, shape: Shape, times: FloatArray) -> bool:
    """Whether an eye was recorded while the other one blinked."""
    first, last = np.searchsorted(times, [shape.half_s, shape.opens_s + shape.tau_s])
    return bool(lid.valid[first : max(last, first + 1)].any())


def _kinds(blinks: list[Blink], lids: dict[str, Lid], times: FloatArray) -> tuple[Blink, ...]:
    """Double blinks and flutter told from single ones."""
    kinds = [blink.kind for blink in blinks]
    brief = [kind in (FULL, PARTIAL) for kind in kinds]
    for k in range(len(blinks) - 1):
        one, two = blinks[k], blinks[k + 1]
        if not (brief[k] and brief[k + 1] and one.side == two.side):
            continue
        eyes = [eye for eye in two.eyes if eye.side == one.lead.side]
        if eyes and _is_double(one.lead, eyes[0], lids[one.lead.side], times):
            kinds[k] = kinds[k + 1] = DOUBLE
    start = 0
    for k in range(1, len(blinks) + 1):
        goes_on = (
            k < len(blinks)
            and brief[k]
            and brief[k - 1]
            and blinks[k].apex_s - blinks[k - 1].apex_s <= _FLUTTER_S
        )
        if not goes_on:
            if k - start >= _FLUTTER:
                kinds[start:k] = [FLUTTER] * (k - start)
            start = k
    return tuple(replace(blink, kind=kind) for blink, kind in zip(blinks, kinds, strict=True))


def _is_double(one: EyeBlink, two: EyeBlink, lid: Lid, times: FloatArray) -> bool:
    """Whether the eye does not open in between."""
    first, then = one.shape, two.shape
    gap = then.half_s - (first.opens_s + HALF_OPEN * first.tau_s)
    if gap > _DOUBLE_GAP_S:
        return False
    begin, end = np.searchsorted(times, [first.closed_s, then.closed_s])
    valley = float(lid.values[begin : max(end, begin + 1)].min())
    open_lid = max(one.before, two.after)
    peak = min(one.before + first.rise, two.before + then.rise)
    return valley - open_lid > _DOUBLE_VALLEY * (peak - open_lid)
