# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits find their blinks again: by side and apex, one to one, in order."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

import numpy as np

from .blink import Blink
from .tracks import width_s

#: An edit's blink lies within half of its width and this time (seconds).
SLACK_S = 0.15


def match_apexes(
    wanted: Sequence[tuple[float, str]], blinks: Sequence[Blink]
) -> tuple[int | None, ...]:
    """The place of the blink that each wanted (apex in seconds, side) is; None where it is gone.

    The nearest pairs are made first; none may cross another one of its side.
    """
    apexes = np.array([blink.apex_s for blink in blinks])
    order = np.argsort(apexes, kind="stable")
    ordered = apexes[order]
    reach = np.array([0.5 * width_s(blink.lead.shape) + SLACK_S for blink in blinks])
    most = float(reach.max(initial=0.0))
    pairs: list[tuple[float, int, int]] = []
    for own, (at_s, side) in enumerate(wanted):
        first, last = np.searchsorted(ordered, [at_s - most, at_s + most])
        for place in map(int, order[first : last + 1]):
            apart = float(abs(apexes[place] - at_s))
            if blinks[place].side == side and apart <= reach[place]:
                pairs.append((apart, own, place))
    found: dict[int, int] = {}
    taken: set[int] = set()
    # (seconds wanted, apex) of the pairs of each side, in order
    made: dict[str, list[tuple[float, float]]] = {}
    for _, own, place in sorted(pairs):
        at_s, side = wanted[own]
        line = made.setdefault(side, [])
        pair = (at_s, float(apexes[place]))
        spot = bisect.bisect(line, pair)
        before, after = line[max(spot - 1, 0) : spot], line[spot : spot + 1]
        crosses = any(other[1] > pair[1] for other in before) or any(
            other[1] < pair[1] for other in after
        )
        if own not in found and place not in taken and not crosses:
            found[own] = place
            taken.add(place)
            line.insert(spot, pair)
    return tuple(found.get(own) for own in range(len(wanted)))
