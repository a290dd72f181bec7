# SPDX-License-Identifier: GPL-3.0-or-later
"""Held breaths from marks on a timeline."""

from __future__ import annotations

from collections.abc import Sequence

#: A mark without another after it holds so long (s).
USUAL_S = 2.0


def holds_from_marks(
    marks: Sequence[tuple[float, str]], word: str = "hold"
) -> tuple[tuple[float, float], ...]:
    """From when to when breath is held, seconds: from each mark of that word to the next mark.

    Parameters
    ----------
    marks : sequence of (float, str)
        Seconds and names, in any order.
    word : str
        What the names of those begin with at which breath is held, in any case.

    >>> holds_from_marks([(4.0, "breathe"), (1.5, "Hold 1"), (9.0, "hold")])
    ((1.5, 4.0), (9.0, 11.0))
    """
    wanted = word.strip().casefold()
    times = sorted({time for time, _ in marks})
    starts = sorted(
        {time for time, name in marks if wanted and name.strip().casefold().startswith(wanted)}
    )
    out: list[tuple[float, float]] = []
    for start in starts:
        end = next((time for time in times if time > start), start + USUAL_S)
        out.append((start, end))
    return tuple(out)
