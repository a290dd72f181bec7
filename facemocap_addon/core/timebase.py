# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames and seconds: the only place where one becomes the other."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from .arrays import FloatArray
from .errors import FacemocapError

#: A frame this close below a whole number counts as that number (float noise of a division).
FRAME_SLACK = 1e-6

_TIMECODE = re.compile(r"^(\d{1,2}):(\d{2}):(\d{2})[:;](\d{1,3})(?:\.(\d+))?$", re.ASCII)


@dataclass(frozen=True, slots=True)
class Timebase:
    """Nominal rate of a recording and where its clock stood at the first sample.

    Attributes
    ----------
    rate : Fraction
        Nominal frames per second, exact: 30000/1001 stays 30000/1001. The *measured* rate of a
        take follows from its times, not from here.
    start_timecode : str or None
        Timecode of the first sample as the recorder wrote it, ``HH:MM:SS:FF.sss``.
    start_s : float
        The same in seconds since midnight; 0.0 where no clock is known.
    """

    rate: Fraction
    start_timecode: str | None = None
    start_s: float = 0.0

    def __post_init__(self) -> None:
        if self.rate <= 0:
            raise ValueError(f"rate must be positive, not {self.rate}")


@dataclass(frozen=True, slots=True)
class SceneClock:
    """A scene's frame rate exactly as the scene stores it (``fps_base`` is a float32 there)."""

    fps: float
    fps_base: float = 1.0

    def __post_init__(self) -> None:
        if not (self.fps > 0 and self.fps_base > 0):
            raise ValueError("fps and fps_base must be positive")

    @property
    def rate_hz(self) -> float:
        """Frames per second."""
        return self.fps / self.fps_base

    def seconds(self, frames: FloatArray, start_frame: float = 0.0) -> FloatArray:
        """Seconds since ``start_frame`` of scene ``frames``, same shape."""
        return (np.asarray(frames, np.float64) - start_frame) * self.fps_base / self.fps

    def frames(self, seconds: FloatArray, start_frame: float = 0.0) -> FloatArray:
        """Scene frames (not rounded) of ``seconds`` since ``start_frame``, same shape."""
        return np.asarray(seconds, np.float64) * self.fps / self.fps_base + start_frame

    def span(self, duration_s: float) -> int:
        """Whole frames that cover ``duration_s``: the last one lies on or just after its end."""
        return math.ceil(duration_s * self.fps / self.fps_base - FRAME_SLACK)

    @staticmethod
    def of_rate(rate_hz: float) -> SceneClock:
        """The clock Blender itself would use for a rate: 29.97 is 30 / 1.001 in float32."""
        for whole in (24, 30, 48, 60, 120):
            if abs(rate_hz - whole / 1.001) < 0.006:
                return SceneClock(whole, float(np.float32(1.001)))
        whole = max(1, round(rate_hz))
        if abs(rate_hz - whole) < 1e-6:
            return SceneClock(whole, 1.0)
        return SceneClock(whole, float(np.float32(whole / rate_hz)))


def parse_timecode(text: str, rate: float) -> float:
    """Seconds since midnight of ``HH:MM:SS:FF.sss``; ``.sss`` is a fraction of a *frame*.

    Raises
    ------
    FacemocapError
        When the text is no timecode.
    """
    found = _TIMECODE.match(text.strip())
    if not found:
        raise FacemocapError(
            f'"{text}" is not a timecode', "Write it as HH:MM:SS:FF, for example 01:02:03:12"
        )
    hours, minutes, seconds, frame = (int(part) for part in found.group(1, 2, 3, 4))
    if minutes > 59 or seconds > 59 or frame >= rate:
        raise FacemocapError(
            f'"{text}" is not a timecode at {rate:g} frames per second',
            "Minutes and seconds go to 59, frames to one less than the rate",
        )
    fraction = float("0." + found.group(5)) if found.group(5) else 0.0
    return hours * 3600 + minutes * 60 + seconds + (frame + fraction) / rate
