# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of a Live Link Face file as the app writes them, for tests of its reader."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from facemocap_addon.core.formats.live_link_csv import COLUMNS

HEADER = ["Timecode", "BlendShapeCount", *(name[0].upper() + name[1:] for name in COLUMNS)]

Rows = list[list[str]]


def make_rows(count: int = 60, rate: Fraction = Fraction(60), seed: int = 0) -> Rows:
    """Build rows as the app writes them: eye angles in radians that follow eyeLook, head off."""
    rng = np.random.default_rng(seed)
    column = {name: index for index, name in enumerate(COLUMNS)}
    rows: Rows = []
    for row in range(count):
        thousandths = round((3600 + row / rate) * 60000)
        frames, part = divmod(thousandths, 1000)
        values = rng.uniform(0, 1, len(COLUMNS))
        for name in ("headYaw", "headPitch", "headRoll", "leftEyeRoll", "rightEyeRoll"):
            values[column[name]] = 0.0
        for side, name in (("Left", "left"), ("Right", "right")):
            down, up = values[column[f"eyeLookDown{side}"]], values[column[f"eyeLookUp{side}"]]
            values[column[f"{name}EyePitch"]] = 0.615 * down - 0.45 * up
        second = frames // 60
        code = (
            f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}:"
            f"{frames % 60:02d}.{part:03d}"
        )
        rows.append([code, str(len(COLUMNS)), *(f"{value:.10f}" for value in values)])
    return rows


def join(rows: Sequence[Sequence[str]], delimiter: str = ",", ending: str = "\n") -> bytes:
    return "".join(delimiter.join(row) + ending for row in rows).encode()


def values_of(rows: Rows) -> np.ndarray:
    return np.array([[float(cell) for cell in row[2:]] for row in rows]).astype(np.float32)
