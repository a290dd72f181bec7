# SPDX-License-Identifier: GPL-3.0-or-later
"""What a face does, frame by frame: what an exported file has to carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..arrays import FloatArray, frozen

#: A shape key: its mesh and its own name.
Shape = tuple[str, str]


@dataclass(frozen=True)
class Motion:
    """Values of a character on frames of a scene.

    Attributes
    ----------
    frames : (n,) float64
        Scene frames.
    rate_hz : float
        Frames a second, as the scene stores them.
    shapes : dict of (mesh, shape) to (n,) float64
    bones : dict of str to (n, 4, 4) float64
        Where each bone takes what was at rest, in the world, metres: it says the same of a bone
        whatever axes a file gives it.
    heads : dict of str to (3,) float64
        Where the bones begin at rest, in the world, metres.
    """

    frames: FloatArray
    rate_hz: float
    shapes: Mapping[Shape, FloatArray] = field(default_factory=dict[Shape, FloatArray])
    bones: Mapping[str, FloatArray] = field(default_factory=dict[str, FloatArray])
    heads: Mapping[str, FloatArray] = field(default_factory=dict[str, FloatArray])

    def __post_init__(self) -> None:
        object.__setattr__(self, "frames", frozen(self.frames, np.float64))

    @property
    def seconds(self) -> FloatArray:
        """Seconds ``(n,)`` of the frames, counted from frame 0."""
        return self.frames / self.rate_hz


@dataclass(frozen=True)
class KeyedValues:
    """Keys of one number in a file.

    Attributes
    ----------
    seconds : (k,) float64
        Strictly increasing; without keys the number stands still.
    values : (k,) float64, or (1,) of a number without keys
    """

    seconds: FloatArray
    values: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "seconds", frozen(self.seconds, np.float64))
        object.__setattr__(self, "values", frozen(self.values, np.float64))
