# SPDX-License-Identifier: GPL-3.0-or-later
"""Curves: exactly what an F-curve is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import FloatArray, IntArray, frozen

#: Blender's own integers, as ``foreach_set`` takes them.
INTERPOLATION = {"CONSTANT": 0, "LINEAR": 1, "BEZIER": 2}
HANDLE = {"FREE": 0, "AUTO": 1, "VECTOR": 2, "ALIGNED": 3, "AUTO_CLAMPED": 4}
KEY_TYPE = {
    "KEYFRAME": 0,
    "EXTREME": 1,
    "BREAKDOWN": 2,
    "JITTER": 3,
    "MOVING_HOLD": 4,
    "GENERATED": 5,
}


@dataclass(frozen=True)
class Curve:
    """Keys of one animated number.

    Attributes
    ----------
    path, index : str, int
        Data path from the datablock and array index, as Blender's F-curve has them.
    frames : (m,) float32
        Strictly increasing.
    values : (m,) float32
    interpolation : (m,) uint8 or int
        One of `INTERPOLATION`; an int holds for every key.
    handles : (m, 4) float32 or None
        left frame, left value, right frame, right value. None: Blender's automatic handles.
    handle_types : (m, 2) uint8 or None
        One of `HANDLE` each, left and right.
    key_type : (m,) uint8 or int
        One of `KEY_TYPE`; keys that the program makes are GENERATED.
    group : str
        Name of the channel group in the editors.
    """

    path: str
    index: int
    frames: FloatArray
    values: FloatArray
    interpolation: IntArray | int = INTERPOLATION["LINEAR"]
    handles: FloatArray | None = None
    handle_types: IntArray | None = None
    key_type: IntArray | int = KEY_TYPE["GENERATED"]
    group: str = ""

    def __post_init__(self) -> None:
        fill = object.__setattr__
        fill(self, "frames", frozen(self.frames, np.float32))
        fill(self, "values", frozen(self.values, np.float32))
        if self.frames.ndim != 1 or self.frames.shape != self.values.shape:
            raise ValueError(
                f"frames and values must have one shape (m,), not {self.frames.shape} and "
                f"{self.values.shape}"
            )
        # Blender stores NaN in silence: it must be refused here
        if not (np.isfinite(self.frames).all() and np.isfinite(self.values).all()):
            raise ValueError(f"keys of {self.path} must be finite")

    @property
    def keys(self) -> int:
        """Number of keys m."""
        return len(self.frames)

    def same_keys(self, other: Curve) -> bool:
        """Whether both have the same keys, bit for bit."""
        return (
            self.path == other.path
            and self.index == other.index
            and np.array_equal(self.frames, other.frames)
            and np.array_equal(self.values, other.values)
        )
