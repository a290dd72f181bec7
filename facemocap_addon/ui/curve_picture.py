# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of response curves: small images that the sidebar can draw."""

from __future__ import annotations

from typing import Any

import bpy
import bpy.utils.previews
import numpy as np

from ..core.rig_maps.response import Response, respond

#: Pixels along each side.
SIZE = 96
_MARGIN = 0.06
#: Half the line's width, as a part of the picture.
_HALF = 0.016
_FAINT, _GRID = 0.35, 0.16


class _Pictures:
    """The picture that is shown now; made when it is first drawn, gone with `forget_pictures`."""

    held: Any = None
    drawn: tuple[Any, ...] = ()


def picture_of(points: Response, colour: tuple[float, float, float]) -> int:
    """Icon number of a curve's picture; 0 where there is no window."""
    if bpy.app.background:
        return 0
    if _Pictures.held is None:
        _Pictures.held = bpy.utils.previews.new()
    wanted = (points, colour)
    picture = _Pictures.held.get("response") or _Pictures.held.new("response")
    if _Pictures.drawn != wanted:
        picture.image_size = (SIZE, SIZE)
        picture.image_pixels_float.foreach_set(draw_curve(points, colour).ravel())
        _Pictures.drawn = wanted
    return picture.icon_id


def forget_pictures() -> None:
    """Free what was drawn."""
    if _Pictures.held is not None:
        bpy.utils.previews.remove(_Pictures.held)
    _Pictures.held, _Pictures.drawn = None, ()


def draw_curve(points: Response, colour: tuple[float, float, float]) -> np.ndarray:
    """A curve from its first to its last point on a clear ground; straight is the diagonal.

    Returns
    -------
    (SIZE, SIZE, 4) float32
        Red, green, blue and alpha, the lowest row first.
    """
    whole = points or ((0.0, 0.0), (1.0, 1.0))
    ins, outs = np.array(whole, np.float64).T
    low, high = float(min(ins[0], outs.min())), float(max(ins[-1], outs.max()))
    size = max(high - low, 1e-9)
    at = np.linspace(ins[0], ins[-1], 8 * SIZE)
    curve = np.stack([at, respond(whole, at)], axis=1)
    straight = np.stack([at, at], axis=1)
    alpha = np.zeros((SIZE, SIZE))
    for share in (0.0, 0.5, 1.0):
        place = round((_MARGIN + share * (1 - 2 * _MARGIN)) * (SIZE - 1))
        alpha[place, :] = np.maximum(alpha[place, :], _GRID)
        alpha[:, place] = np.maximum(alpha[:, place], _GRID)
    scaled = [_MARGIN + (line - low) / size * (1 - 2 * _MARGIN) for line in (straight, curve)]
    alpha = np.maximum(alpha, _FAINT * _cover(scaled[0], _HALF / 2))
    alpha = np.maximum(alpha, _cover(scaled[1], _HALF))
    dots = _MARGIN + (np.array(points).reshape(-1, 2) - low) / size * (1 - 2 * _MARGIN)
    alpha = np.maximum(alpha, _cover(dots, 2.4 * _HALF))
    picture = np.empty((SIZE, SIZE, 4), np.float32)
    # icons are laid over their ground with their colours multiplied by alpha beforehand
    picture[..., :3] = np.array(colour) * alpha[..., None]
    picture[..., 3] = alpha
    return picture


def _cover(points: np.ndarray, half: float) -> np.ndarray:
    """How much of each pixel ``(SIZE, SIZE)`` lies within ``half`` of one of the points (n, 2)."""
    centres = (np.arange(SIZE) + 0.5) / SIZE
    nearest = np.full((SIZE, SIZE), np.inf)
    for x, y in points:
        # only pixels that a point can reach are looked at
        left, right = np.searchsorted(centres, [x - 2 * half - 0.02, x + 2 * half + 0.02])
        down, up = np.searchsorted(centres, [y - 2 * half - 0.02, y + 2 * half + 0.02])
        away = np.hypot(centres[None, left:right] - x, centres[down:up, None] - y)
        part = nearest[down:up, left:right]
        np.minimum(part, away, out=part)
    return np.clip((half - nearest) * SIZE + 0.5, 0.0, 1.0)
