# SPDX-License-Identifier: GPL-3.0-or-later
"""The rhythm of blinks: moves that even it out, or bring blinks to given times.

Beats, cuts, markers, gaze shifts and ends of phrases are all lists of times. What comes back are
edits, to be kept in a stack and changed there. Blinks that follow each other closely (doubles,
flutter) go together; closed eyes stay where they are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...errors import FacemocapError
from .blink import LONG, Blink
from .records import BlinkEdit

#: Blinks whose apexes are nearer than this (seconds) move together.
GROUP_S = 0.5
#: Evening out moves no blink by more than this, and times attract blinks this near (seconds).
MOST_S, REACH_S = 1.0, 0.25
#: Moves that are smaller (seconds) are none.
_LEAST_S = 1e-4
ANCHORS = ("apex", "onset")


def even_out(
    blinks: Sequence[Blink], low_s: float, high_s: float, *, most_s: float = MOST_S
) -> tuple[BlinkEdit, ...]:
    """Moves after which the times between blinks lie in a range, as far as can be.

    Parameters
    ----------
    blinks : sequence of Blink
    low_s, high_s : float
        Least and most time from apex to apex.
    most_s : float
        No blink moves farther.

    Raises
    ------
    FacemocapError
        When the range is none.
    """
    if not 0.0 < low_s <= high_s:
        raise FacemocapError(
            f"The range {low_s:g} to {high_s:g} s is none", "Give the shorter time first, above 0"
        )
    moves: list[BlinkEdit] = []
    before: float | None = None
    for group in _groups(blinks):
        apex = group[0].apex_s
        to = apex
        if before is not None:
            to = float(np.clip(apex, before + low_s, before + high_s))
            to = float(np.clip(to, apex - most_s, apex + most_s))
        if group[0].kind == LONG:
            to = apex
        moves += _moved(group, to - apex)
        before = group[-1].apex_s + to - apex
    return tuple(moves)


def move_to_times(
    blinks: Sequence[Blink],
    times_s: Sequence[float],
    *,
    reach_s: float = REACH_S,
    offset_s: float = 0.0,
    anchor: str = "apex",
) -> tuple[BlinkEdit, ...]:
    """Moves that bring blinks to given times, each to the nearest one, none past another.

    Parameters
    ----------
    blinks : sequence of Blink
    times_s : sequence of float
        Seconds on the take's clock.
    reach_s : float
        Blinks that are farther off stay.
    offset_s : float
        How much later than the time a blink shall be.
    anchor : str
        ``apex`` or ``onset``: what of the blink comes to the time.
    """
    if anchor not in ANCHORS:
        raise FacemocapError(f'A blink has no "{anchor}"', f"Use {' or '.join(ANCHORS)}")
    goals = sorted(time + offset_s for time in times_s if np.isfinite(time))
    groups = [group for group in _groups(blinks) if group[0].kind != LONG]
    at = [group[0].apex_s if anchor == "apex" else group[0].onset_s for group in groups]
    pairs = sorted(
        (abs(own - goal), place, number)
        for place, own in enumerate(at)
        for number, goal in _near(goals, own, reach_s)
    )
    chosen: dict[int, int] = {}
    for _, place, number in pairs:
        crosses = any(
            (other < place) != (theirs < number) or theirs == number
            for other, theirs in chosen.items()
        )
        if place not in chosen and not crosses:
            chosen[place] = number
    moves: list[BlinkEdit] = []
    for place in sorted(chosen):
        moves += _moved(groups[place], goals[chosen[place]] - at[place])
    return tuple(moves)


def _near(goals: Sequence[float], own: float, reach_s: float) -> list[tuple[int, float]]:
    first = int(np.searchsorted(goals, own - reach_s))
    last = int(np.searchsorted(goals, own + reach_s, side="right"))
    return [(number, goals[number]) for number in range(first, last)]


def _groups(blinks: Sequence[Blink]) -> list[list[Blink]]:
    """Blinks in order, those put together that follow each other closely."""
    out: list[list[Blink]] = []
    for blink in sorted(blinks, key=lambda each: each.apex_s):
        near = out and blink.apex_s - out[-1][-1].apex_s < GROUP_S
        if near and LONG not in (blink.kind, out[-1][-1].kind):
            out[-1].append(blink)
        else:
            out.append([blink])
    return out


def _moved(group: Sequence[Blink], by_s: float) -> list[BlinkEdit]:
    if abs(by_s) < _LEAST_S:
        return []
    return [BlinkEdit("move", blink.apex_s, blink.side, value=by_s) for blink in group]
