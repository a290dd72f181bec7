# SPDX-License-Identifier: GPL-3.0-or-later
"""How far points are off over a take, as a picture that the sidebar can draw.

The sidebar draws square pictures only: a wide one is laid together of several.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import bpy
import bpy.utils.previews
import numpy as np

#: Squares side by side, and pixels along the sides of each.
TILES, SIZE = 3, 128
#: The line's thickness in pixels; how strongly the area below, the grid and the ground are drawn.
_LINE, _AREA, _GRID, _GROUND = 1.6, 0.28, 0.16, 0.06
#: Part of the height that the highest value takes.
_TOP = 0.92
_PLAYHEAD = (0.28, 0.52, 0.90)
#: The line's colour where it is lowest and where it is highest.
_LOW, _HIGH = (0.86, 0.76, 0.36), (0.92, 0.34, 0.18)


class _Pictures:
    """The pictures that are shown now; made when first drawn, gone with `forget_residuals`."""

    held: Any = None
    drawn: tuple[Any, ...] = ()


def residual_tiles(
    curve: Sequence[float], playhead: float | None, colour: tuple[float, float, float]
) -> list[int]:
    """Icon numbers of the picture's parts from left to right; none where there is no window.

    Parameters
    ----------
    curve : sequence of float, length n
        Millimetres over the take.
    playhead : float or None
        Part of the take where the playhead is.
    colour : (float, float, float)
        Of the grid.
    """
    if bpy.app.background or len(curve) < 2:
        return []
    if _Pictures.held is None:
        _Pictures.held = bpy.utils.previews.new()
    at = None if playhead is None else round(playhead * (TILES * SIZE - 1))
    names = [f"residual {number}" for number in range(TILES)]
    pictures = [_Pictures.held.get(name) or _Pictures.held.new(name) for name in names]
    wanted = (tuple(curve), at, colour)
    if _Pictures.drawn != wanted:
        whole = draw_residual(np.asarray(curve, np.float64), at, colour)
        for number, picture in enumerate(pictures):
            part = np.ascontiguousarray(whole[:, number * SIZE : (number + 1) * SIZE])
            picture.image_size = (SIZE, SIZE)
            picture.image_pixels_float.foreach_set(part.ravel())
        _Pictures.drawn = wanted
    return [picture.icon_id for picture in pictures]


def forget_residuals() -> None:
    """Free what was drawn."""
    if _Pictures.held is not None:
        bpy.utils.previews.remove(_Pictures.held)
    _Pictures.held, _Pictures.drawn = None, ()


def draw_residual(
    curve: np.ndarray, playhead: int | None, colour: tuple[float, float, float]
) -> np.ndarray:
    """The picture as a whole.

    Returns
    -------
    (SIZE, TILES * SIZE, 4) float32
        Red, green, blue and alpha, the lowest row first.
    """
    width = TILES * SIZE
    at = np.linspace(0, width - 1, len(curve))
    level = np.interp(np.arange(width), at, curve)
    # a peak between two columns keeps its height
    np.maximum.at(level, np.round(at).astype(int), curve)
    level = level / max(float(curve.max(initial=0.0)), 1e-9) * _TOP
    rows = np.arange(SIZE)[:, None] + 0.5
    top = level * SIZE
    # steep parts of the line reach from one column to the next
    ends = np.concatenate([top[:1], top, top[-1:]])
    low = np.minimum(top, 0.5 * (top + np.minimum(ends[:-2], ends[2:])))
    high = np.maximum(top, 0.5 * (top + np.maximum(ends[:-2], ends[2:])))
    half = 0.5 * _LINE
    line = np.clip(np.minimum(rows - (low - half), high + half - rows) + 0.5, 0.0, 1.0)
    area = np.clip(top - rows + 0.5, 0.0, 1.0)
    alpha = np.full((SIZE, width), _GROUND)
    for share in (0.0, 0.5 * _TOP, _TOP):
        place = min(round(share * SIZE), SIZE - 1)
        alpha[place, :] = _GRID
    picture = np.empty((SIZE, width, 4))
    picture[..., :3], picture[..., 3] = colour, alpha
    heat = np.array(_LOW) + level[:, None] / _TOP * (np.array(_HIGH) - np.array(_LOW))
    _lay_over(picture, np.broadcast_to(heat, (SIZE, width, 3)), _AREA * area)
    _lay_over(picture, np.broadcast_to(heat, (SIZE, width, 3)), line)
    if playhead is not None:
        mark = np.zeros((SIZE, width))
        mark[:, max(playhead - 1, 0) : playhead + 1] = 1.0
        _lay_over(picture, np.broadcast_to(np.array(_PLAYHEAD), (SIZE, width, 3)), mark)
    # icons are laid over their ground with their colours multiplied by alpha beforehand
    picture[..., :3] *= picture[..., 3:]
    return picture.astype(np.float32)


def _lay_over(picture: np.ndarray, colour: np.ndarray, alpha: np.ndarray) -> None:
    """Lay a colour over a picture whose colours are not multiplied yet."""
    below = picture[..., 3] * (1.0 - alpha)
    whole = np.maximum(alpha + below, 1e-9)[..., None]
    picture[..., :3] = (colour * alpha[..., None] + picture[..., :3] * below[..., None]) / whole
    picture[..., 3] = alpha + below
