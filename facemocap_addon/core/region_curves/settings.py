# SPDX-License-Identifier: GPL-3.0-or-later
"""What curve tools can be told besides their factor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..arrays import FloatArray

#: Poses that curves are scaled about, and values that are held.
ABOUT = ("REST", "PLAYHEAD", "MEAN", "FIRST", "LAST")

#: Values ``(n, r)`` of another curve at frames ``(n,)``.
Other = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of all tools; each reads its own.

    Attributes
    ----------
    falloff : float
        Frames over which the change grows from the ends of what is chosen.
    playhead : float
        Frame of the pose "at the playhead".
    about : str
        One of `ABOUT`.
    width : float
        Frames (one deviation) over which is smoothed.
    keep_peaks : bool
        Whether turning points keep their values and times when smoothed.
    peak : float
        A turning point rises and falls by more than this part of the curve's swing.
    attack, release : float
        -1 (slow) to 1 (quick): how the curve comes away from rest and goes back.
    period : float
        Frames of one swing of what settles.
    damping : float
        0 (swings on) to 1 (no overshoot).
    sharpness : float
        Exponent of an ease.
    both : bool
        Ease at both ends.
    """

    falloff: float = 0.0
    playhead: float = 0.0
    about: str = "REST"
    width: float = 3.0
    keep_peaks: bool = True
    peak: float = 0.1
    attack: float = 1.0
    release: float = 1.0
    period: float = 10.0
    damping: float = 0.3
    sharpness: float = 2.0
    both: bool = False

    def __post_init__(self) -> None:
        if self.about not in ABOUT:
            raise ValueError(f"about must be one of {', '.join(ABOUT)}, not {self.about!r}")
        if self.falloff < 0 or self.width <= 0 or self.period <= 0 or self.sharpness < 1:
            raise ValueError("falloff, width, period and sharpness must be positive")
        if not 0.0 <= self.damping <= 1.0:
            raise ValueError("damping must be from 0 to 1")
