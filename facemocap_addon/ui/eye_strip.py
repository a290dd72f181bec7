# SPDX-License-Identifier: GPL-3.0-or-later
"""How far the eyes are open over time, with the blinks marked, as a picture for the sidebar.

The sidebar draws square pictures only: a wide one is laid together of several.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import bpy
import bpy.utils.previews
import numpy as np

from ..core.arrays import FloatArray
from ..props import EyeOpening

#: Squares side by side, and pixels along the sides of each.
TILES, SIZE = 3, 128
#: The line's thickness in pixels; how strongly grid and ground are drawn.
_LINE, _GRID, _GROUND = 1.8, 0.16, 0.06
#: Parts of the height where an eye is shut and where it is open; blinks are marked above.
_SHUT, _OPEN, _MARK = 0.08, 0.82, 0.9
_PLAYHEAD = (0.28, 0.52, 0.90)
_BLINK = (0.95, 0.78, 0.30)
#: Colours of the eyes.
EYES = {"L": (0.36, 0.64, 0.98), "R": (0.95, 0.42, 0.36)}


@dataclass(frozen=True, slots=True)
class Stretch:
    """Frames from the picture's left to its right edge, and that of the playhead."""

    low: float
    high: float
    playhead: float


class _Pictures:
    """The pictures that are shown now; made when first drawn, gone with `forget_strips`."""

    held: Any = None
    drawn: tuple[Any, ...] = ()


def strip_tiles(
    opening: EyeOpening,
    stretch: Stretch,
    blinks: Sequence[float],
    colour: tuple[float, float, float],
) -> list[int]:
    """Icon numbers of the picture's parts from left to right; none where there is no window.

    Parameters
    ----------
    opening : EyeOpening
    stretch : Stretch
    blinks : sequence of float
        Frames of their apexes.
    colour : (float, float, float)
        Of the grid.
    """
    if bpy.app.background:
        return []
    if _Pictures.held is None:
        _Pictures.held = bpy.utils.previews.new()
    names = [f"strip {number}" for number in range(TILES)]
    pictures = [_Pictures.held.get(name) or _Pictures.held.new(name) for name in names]
    wanted = (opening, stretch, tuple(blinks), colour)
    if not _is_drawn(wanted):
        whole = draw_strip(opening, stretch, blinks, colour)
        for number, picture in enumerate(pictures):
            part = np.ascontiguousarray(whole[:, number * SIZE : (number + 1) * SIZE])
            picture.image_size = (SIZE, SIZE)
            picture.image_pixels_float.foreach_set(part.ravel())
        _Pictures.drawn = wanted
    return [picture.icon_id for picture in pictures]


def _is_drawn(wanted: tuple[Any, ...]) -> bool:
    drawn = _Pictures.drawn
    # arrays have no equality of their own
    return bool(drawn) and drawn[0] is wanted[0] and drawn[1:] == wanted[1:]


def forget_strips() -> None:
    """Free what was drawn."""
    if _Pictures.held is not None:
        bpy.utils.previews.remove(_Pictures.held)
    _Pictures.held, _Pictures.drawn = None, ()


def draw_strip(
    opening: EyeOpening,
    stretch: Stretch,
    blinks: Sequence[float],
    colour: tuple[float, float, float],
) -> np.ndarray:
    """The picture as a whole.

    Returns
    -------
    (SIZE, TILES * SIZE, 4) float32
        Red, green, blue and alpha, the lowest row first.
    """
    width = TILES * SIZE
    picture = np.empty((SIZE, width, 4))
    picture[..., :3], picture[..., 3] = colour, _GROUND
    for share in (_SHUT, _OPEN):
        picture[round(share * SIZE), :, 3] = _GRID
    edges = stretch.low + np.arange(width + 1) / width * (stretch.high - stretch.low)
    for side, values in opening.eyes.items():
        low, high = _columns(opening.frames, values, edges)
        rows = np.arange(SIZE)[:, None] + 0.5
        bottom, top = (SIZE * (_SHUT + each * (_OPEN - _SHUT)) for each in (low, high))
        reach = np.minimum(rows - (bottom - 0.5 * _LINE), top + 0.5 * _LINE - rows)
        # where nothing was recorded there is no line
        line = np.where(np.isnan(reach), 0.0, np.clip(reach + 0.5, 0.0, 1.0))
        _lay_over(picture, EYES[side], 0.9 * line)
    for frame in blinks:
        _mark(picture, _column(frame, stretch), _BLINK, round(_MARK * SIZE))
    _mark(picture, _column(stretch.playhead, stretch), _PLAYHEAD, 0)
    # icons are laid over their ground with their colours multiplied by alpha beforehand
    picture[..., :3] *= picture[..., 3:]
    return picture.astype(np.float32)


def _columns(
    frames: FloatArray, values: FloatArray, edges: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Least and most ``(w,)`` of a line in each column of pixels: no blink is lost between two."""
    seen = ~np.isnan(values)
    if not seen.any():
        nothing = np.full(len(edges) - 1, np.nan)
        return nothing, nothing
    own, known = frames[seen], values[seen].astype(np.float64)
    at = np.interp(edges, own, known, left=np.nan, right=np.nan)
    low, high = np.fmin(at[:-1], at[1:]), np.fmax(at[:-1], at[1:])
    inside = (own >= edges[0]) & (own < edges[-1])
    column = np.searchsorted(edges, own[inside], side="right") - 1
    np.fmin.at(low, column, known[inside])
    np.fmax.at(high, column, known[inside])
    return low, high


def _column(frame: float, stretch: Stretch) -> int:
    part = (frame - stretch.low) / max(stretch.high - stretch.low, 1e-9)
    return round(part * (TILES * SIZE - 1))


def _mark(picture: np.ndarray, column: int, colour: tuple[float, float, float], first: int) -> None:
    """A line of two pixels from a row up."""
    if 0 <= column < picture.shape[1]:
        mark = np.zeros(picture.shape[:2])
        mark[first:, max(column - 1, 0) : column + 1] = 1.0
        _lay_over(picture, colour, mark)


def _lay_over(picture: np.ndarray, colour: tuple[float, float, float], alpha: np.ndarray) -> None:
    """Lay a colour over a picture whose colours are not multiplied yet."""
    below = picture[..., 3] * (1.0 - alpha)
    whole = np.maximum(alpha + below, 1e-9)[..., None]
    mixed = np.array(colour) * alpha[..., None] + picture[..., :3] * below[..., None]
    picture[..., :3] = mixed / whole
    picture[..., 3] = alpha + below
