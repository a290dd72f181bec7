# SPDX-License-Identifier: GPL-3.0-or-later
"""Handles of events over the time line: which of them lies under the mouse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

#: A handle takes a click that is this near to it (pixels at scale 1), in both directions.
REACH_PX = 6.0
#: Half of a handle's height.
HALF_PX = 7.0
#: From row to row of handles.
ROW_PX = 22.0
#: Where the rows begin, below the numbers of the frames at the region's top; and how much lower
#: all of them must leave free at its bottom.
TOP_PX, BOTTOM_PX = 36.0, 6.0
#: Rows are that many, one for each kind of events, and need so much together.
ROWS = 4
_ALL_PX = (ROWS - 1) * ROW_PX + 2 * HALF_PX
#: Where there is less room for them than this part of it, they go over the numbers of the frames.
_LEAST = 0.25
#: Edges are there where they are this far from the apex.
EDGE_PX = 9.0
APEX, ONSET, OFFSET = "APEX", "ONSET", "OFFSET"
PARTS = (APEX, ONSET, OFFSET)


@dataclass(frozen=True, slots=True)
class Handle:
    """One handle in pixels of its region.

    Attributes
    ----------
    number : int
        Place of its event among those that were given.
    part : str
        One of `PARTS`.
    x, y : float
        Its middle.
    """

    number: int
    part: str
    x: float
    y: float


def row_share(height: float, scale: float) -> float:
    """How high rows and handles are in a region, as a part of what they are in a high one.

    All rows share the height, so that handles of one kind never lie over those of another.
    """
    room = _rows_top(height, scale) - scale * BOTTOM_PX
    return min(max(room, 1.0) / (scale * _ALL_PX), 1.0)


def row_height(row: int, height: float, scale: float) -> float:
    """Middle of a row of handles, pixels from the region's bottom; rows go down from the top."""
    share = scale * row_share(height, scale)
    return _rows_top(height, scale) - share * (HALF_PX + row * ROW_PX)


def _rows_top(height: float, scale: float) -> float:
    """Upper edge of the first row."""
    least = min(height, scale * (BOTTOM_PX + _LEAST * _ALL_PX))
    return max(height - scale * (TOP_PX - HALF_PX), least)


def place_handles(
    times: Sequence[tuple[float, float, float]],
    rows: Sequence[int],
    left: float,
    per_frame: float,
    size: tuple[float, float],
    scale: float = 1.0,
) -> list[Handle]:
    """Handles of events that are seen.

    Parameters
    ----------
    times : sequence of (float, float, float)
        Frames of apex, onset and offset; onset and offset equal to the apex where they are no
        handles.
    rows : sequence of int
        The row of each.
    left, per_frame : float
        Frame at the region's left edge, and pixels for each frame.
    size : (float, float)
        Width and height of the region.
    scale : float
        Of the interface.
    """
    width, height = size
    out: list[Handle] = []
    for number, (each, row) in enumerate(zip(times, rows, strict=True)):
        places = [(frame - left) * per_frame for frame in each]
        y = row_height(row, height, scale)
        for part, x in zip(PARTS, places, strict=True):
            hidden = part != APEX and abs(x - places[0]) < EDGE_PX * scale
            if not hidden and -REACH_PX * scale <= x <= width + REACH_PX * scale:
                out.append(Handle(number, part, x, y))
    return out


def handle_at(
    handles: Sequence[Handle], x: float, y: float, scale: float = 1.0, share: float = 1.0
) -> Handle | None:
    """The handle that takes a click, or None: the nearest one, an apex before an edge.

    ``share`` is what `row_share` says of the region.
    """
    reach = REACH_PX * scale
    near: list[tuple[float, int, int]] = []
    for place, handle in enumerate(handles):
        beside = abs(x - handle.x)
        above = max(abs(y - handle.y) - HALF_PX * scale * share, 0.0)
        away = float(np.hypot(beside, above))
        if away <= reach:
            near.append((away, handle.part != APEX, place))
    return handles[min(near)[2]] if near else None
