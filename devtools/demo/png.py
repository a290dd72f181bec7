# SPDX-License-Identifier: GPL-3.0-or-later
"""A PNG writer for pictures made of arrays: truecolour, or 256 colours for small files."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


def png_bytes(pixels: Pixels) -> bytes:
    """A PNG of ``(height, width, 3)`` RGB pixels."""
    height, width, _ = pixels.shape
    return _file(width, height, 2, _filter(pixels), [])


def small_png_bytes(pixels: Pixels, colours: int = 256) -> bytes:
    """A PNG of the same picture with a palette made for it: a third of the size."""
    height, width, _ = pixels.shape
    palette, places = reduce_colours(pixels, colours)
    rows = np.concatenate([np.zeros((height, 1), np.uint8), places], axis=1)
    return _file(width, height, 3, rows.tobytes(), [(b"PLTE", palette.tobytes())])


def reduce_colours(pixels: Pixels, colours: int) -> tuple[Pixels, Pixels]:
    """A palette ``(k, 3)`` and each pixel's place in it ``(height, width)`` (median cut)."""
    flat = pixels.reshape(-1, 3).astype(np.int64)
    # 32 levels a channel are enough to divide the colours; the means below are exact
    codes = (flat[:, 0] >> 3 << 10) | (flat[:, 1] >> 3 << 5) | flat[:, 2] >> 3
    used, inverse, counts = np.unique(codes, return_inverse=True, return_counts=True)
    sums = np.stack(
        [np.bincount(inverse, weights=flat[:, i], minlength=len(used)) for i in range(3)], axis=1
    )
    means = sums / counts[:, None]
    boxes = [np.arange(len(used))]
    while len(boxes) < colours:
        spread = [
            float(np.ptp(means[box], axis=0).max()) * counts[box].sum() ** 0.35 for box in boxes
        ]
        widest = int(np.argmax(spread))
        if spread[widest] == 0:
            break
        box = boxes.pop(widest)
        axis = int(np.argmax(np.ptp(means[box], axis=0)))
        box = box[np.argsort(means[box, axis], kind="stable")]
        half = np.searchsorted(np.cumsum(counts[box]), counts[box].sum() / 2)
        half = int(np.clip(half, 1, len(box) - 1))
        boxes += [box[:half], box[half:]]
    palette = np.array([sums[box].sum(axis=0) / counts[box].sum() for box in boxes])
    box_of = np.empty(len(used), np.uint8)
    for number, box in enumerate(boxes):
        box_of[box] = number
    return np.round(palette).astype(np.uint8), box_of[inverse].reshape(pixels.shape[:2])


def _filter(pixels: Pixels) -> bytes:
    """Rows as differences to a neighbour each, the Paeth predictor's choice (filter type 4)."""
    height = len(pixels)
    here = pixels.astype(np.int16)
    left, above, corner = np.zeros_like(here), np.zeros_like(here), np.zeros_like(here)
    left[:, 1:], above[1:], corner[1:, 1:] = here[:, :-1], here[:-1], here[:-1, :-1]
    # distances of left + above - corner to each of the three
    to_left, to_above = np.abs(above - corner), np.abs(left - corner)
    to_corner = np.abs(left + above - 2 * corner)
    guess = np.where(to_above <= to_corner, above, corner)
    guess = np.where((to_left <= to_above) & (to_left <= to_corner), left, guess)
    rows = (here - guess).astype(np.uint8).reshape(height, -1)
    return np.concatenate([np.full((height, 1), 4, np.uint8), rows], axis=1).tobytes()


def _file(
    width: int, height: int, colour_type: int, rows: bytes, extra: list[tuple[bytes, bytes]]
) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0)
    chunks = [(b"IHDR", header), *extra, (b"IDAT", zlib.compress(rows, 6)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
