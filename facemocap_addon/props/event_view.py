# SPDX-License-Identifier: GPL-3.0-or-later
"""What is drawn of events beside their list: the eyes' opening, and what is being dragged.

Never saved; whoever lists events fills it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.arrays import FloatArray
from ..core.events.listing.handles import Handle, place_handles


@dataclass(frozen=True)
class EyeOpening:
    """How far the eyes are open.

    Attributes
    ----------
    frames : (n,) float64
        Scene frames, rising.
    eyes : mapping of str to (n,) float32
        ``L`` and ``R``: 1 is open, 0 closed; of eyes that were recorded.
    """

    frames: FloatArray
    eyes: Mapping[str, FloatArray]


#: Frames of apex, onset and offset.
Places = tuple[float, float, float]


@dataclass
class _Now:
    openings: dict[str, EyeOpening] = field(default_factory=dict[str, EyeOpening])
    dragged: dict[str, dict[int, Places]] = field(default_factory=dict[str, "dict[int, Places]"])


class EventView:
    """By character: what is known of the eyes, and places of rows that are being dragged."""

    _now = _Now()

    @classmethod
    def of(cls, item: Any) -> str:
        """How a character is called here."""
        return f"{item.id_data.name_full}\n{item.path_from_id()}"

    @classmethod
    def show_opening(cls, item: Any, opening: EyeOpening | None) -> None:
        """Show this opening of the eyes, or none."""
        if opening is None:
            cls._now.openings.pop(cls.of(item), None)
        else:
            cls._now.openings[cls.of(item)] = opening

    @classmethod
    def opening(cls, item: Any) -> EyeOpening | None:
        """The opening of the eyes, where it is known."""
        return cls._now.openings.get(cls.of(item))

    @classmethod
    def drag(cls, item: Any, places: dict[int, Places] | None) -> None:
        """Show rows at other places while they are dragged; None when that is over."""
        if places is None:
            cls._now.dragged.pop(cls.of(item), None)
        else:
            cls._now.dragged[cls.of(item)] = places

    @classmethod
    def dragged(cls, item: Any) -> Mapping[int, Places]:
        """Rows that are being dragged."""
        return cls._now.dragged.get(cls.of(item), {})

    @classmethod
    def forget(cls) -> None:
        """Know nothing any more."""
        cls._now.openings.clear()
        cls._now.dragged.clear()


def handles_in(item: Any, region: Any, scale: float) -> list[Handle]:
    """Handles of a character's events in a region of an editor of time."""
    rows = item.events.rows
    if not item.events.show_handles or not len(rows):
        return []
    left = float(region.view2d.region_to_view(0, 0)[0])
    frames = [column_of(item, name) for name in ("frame", "onset", "offset")]
    for number, places in EventView.dragged(item).items():
        if number < len(rows):
            for column, frame in zip(frames, places, strict=True):
                column[number] = frame
    kinds, gone = _column(rows, "kind", np.int32), _column(rows, "is_gone", np.bool_)
    # darts are not stretched, contacts at their end alone
    frames[1] = np.where((kinds == 1) | (kinds == 2), frames[0], frames[1])
    frames[2] = np.where(kinds == 1, frames[0], frames[2])
    per_frame = pixels_a_frame(region)
    at = (frames[0] - left) * per_frame
    wide = np.max(np.abs(frames[1:] - frames[0]), axis=0) * per_frame
    seen = np.flatnonzero(~gone & (at + wide > -10) & (at - wide < region.width + 10))
    times = [(float(frames[0][n]), float(frames[1][n]), float(frames[2][n])) for n in seen]
    found = place_handles(
        times, kinds[seen].tolist(), left, per_frame, (region.width, region.height), scale
    )
    return [Handle(int(seen[each.number]), each.part, each.x, each.y) for each in found]


def column_of(item: Any, name: str) -> FloatArray:
    """A number of all rows of a character's events ``(n,)``."""
    return _column(item.events.rows, name, np.float32).astype(np.float64)


def _column(rows: Any, name: str, kind: Any) -> Any:
    out = np.empty(len(rows), kind)
    rows.foreach_get(name, out)
    return out


def pixels_a_frame(region: Any) -> float:
    """Pixels from frame to frame in a region of an editor of time."""
    left, right = (float(region.view2d.region_to_view(x, 0)[0]) for x in (0, region.width))
    return region.width / max(right - left, 1e-6)
