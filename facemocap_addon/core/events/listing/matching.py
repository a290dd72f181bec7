# SPDX-License-Identifier: GPL-3.0-or-later
"""Times found again among others: the nearest ones first, one to one."""

from __future__ import annotations

from collections.abc import Sequence


def match_times(
    wanted: Sequence[float], times: Sequence[float], reach_s: Sequence[float]
) -> tuple[int | None, ...]:
    """The place in ``times`` of each wanted time; None where none is within its reach.

    Parameters
    ----------
    wanted : sequence of float
        Seconds.
    times, reach_s : sequence of float
        Seconds, and how near a wanted time must be to each.
    """
    near = sorted(
        (abs(at - own), row, place)
        for row, at in enumerate(wanted)
        for place, (own, reach) in enumerate(zip(times, reach_s, strict=True))
        if abs(at - own) <= reach
    )
    found: dict[int, int] = {}
    taken: set[int] = set()
    for _, row, place in near:
        if row not in found and place not in taken:
            found[row] = place
            taken.add(place)
    return tuple(found.get(row) for row in range(len(wanted)))
