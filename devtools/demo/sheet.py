# SPDX-License-Identifier: GPL-3.0-or-later
"""The contact sheet: a row for each character, a column for each telling frame. Needs bpy."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import blf
import imbuf
import numpy as np

from facemocap_addon.gateway.files.stills import read_still

from .png import Pixels

PAPER = (255, 254, 251)
INK, QUIET = (51, 49, 45), (122, 118, 109)


def compose_sheet(
    rows: Sequence[tuple[str, Sequence[Path]]], columns: Sequence[tuple[str, str]]
) -> Pixels:
    """Set stills in a grid.

    ``rows``: a character's name and its stills. ``columns``: a caption and a smaller line under it.
    Stills may have any size, the same for all.
    """
    stills = [[read_still(path)[:, :, :3] for path in paths] for _, paths in rows]
    height, width, _ = stills[0][0].shape
    unit = max(width // 20, 6)
    gutter, margin, side, head = unit // 2, unit // 2, 3 * unit, 6 * unit
    across = margin + side + len(columns) * (width + gutter) - gutter + margin
    down = head + len(rows) * (height + gutter) - gutter + margin
    sheet = np.empty((down, across, 3), np.uint8)
    sheet[:] = PAPER
    for place, (caption, under) in enumerate(columns):
        left = margin + side + place * (width + gutter)
        _lay(sheet, draw_text(caption, unit * 1.9), left, head - int(2.6 * unit), INK)
        _lay(sheet, draw_text(under, unit * 1.5), left, head - int(0.5 * unit), QUIET)
    for number, ((name, _), pictures) in enumerate(zip(rows, stills, strict=True)):
        top = head + number * (height + gutter)
        label = np.rot90(draw_text(name, unit * 1.9))
        _lay(sheet, label, margin, top + height, INK)
        for place, picture in enumerate(pictures):
            left = margin + side + place * (width + gutter)
            sheet[top : top + height, left : left + width] = picture
    return sheet


def shrink(pixels: Pixels, width: int) -> Pixels:
    """The same picture with ``width`` pixels across, each the mean of what it covers."""
    height = round(len(pixels) * width / pixels.shape[1])
    out = pixels.astype(np.float64)
    for axis, size in ((0, height), (1, width)):
        out = _mean_along(out, axis, size)
    return np.round(out).astype(np.uint8)


def draw_text(text: str, size_px: float) -> np.ndarray:
    """A line of text in Blender's own typeface as coverage ``(height, width)``, 0 to 1.

    The height runs from the top of a capital's accent to the bottom of a descender; the baseline
    lies a quarter of it above the bottom.
    """
    font = 0
    blf.size(font, size_px)
    width, _ = blf.dimensions(font, text)
    height = round(size_px * 1.4)
    buffer = imbuf.new((max(int(width) + 4, 1), height))
    binding: Any = blf.bind_imbuf(font, buffer)
    with binding:
        blf.color(font, 1.0, 1.0, 1.0, 1.0)
        blf.position(font, 1, round(height / 4), 0)
        blf.draw_buffer(font, text)
    with tempfile.TemporaryDirectory(prefix="facemocap-") as folder:
        path = Path(folder) / "text.png"
        imbuf.write(buffer, filepath=str(path))
        pixels = read_still(path)
    buffer.free()
    return pixels[:, :, 3].astype(np.float64) / 255


def _lay(
    sheet: Pixels, coverage: np.ndarray, left: int, foot: int, colour: tuple[int, int, int]
) -> None:
    """Blend text onto the sheet, its lower left corner at ``(left, foot)``."""
    height, width = coverage.shape
    top = max(foot - height, 0)
    part = sheet[top:foot, left : left + width]
    share = coverage[height - len(part) :, : part.shape[1], None]
    part[:] = np.round(part * (1 - share) + np.array(colour) * share)


def _mean_along(values: np.ndarray, axis: int, size: int) -> np.ndarray:
    """Area means along an axis, exact for any ratio: differences of the interpolated integral."""
    count = values.shape[axis]
    total = np.concatenate(
        [np.zeros_like(values.take([0], axis)), np.cumsum(values, axis=axis)], axis=axis
    )
    edges = np.linspace(0, count, size + 1)
    low = np.minimum(edges.astype(int), count - 1)
    share = (edges - low).reshape([-1 if i == axis else 1 for i in range(values.ndim)])
    at_edges = total.take(low, axis) * (1 - share) + total.take(low + 1, axis) * share
    return np.diff(at_edges, axis=axis) * size / count
