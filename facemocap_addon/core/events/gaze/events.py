# SPDX-License-Identifier: GPL-3.0-or-later
"""What gaze is made of: darts, rests and following, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...arrays import BoolArray, FloatArray


@dataclass(frozen=True, slots=True)
class Saccade:
    """A dart of both eyes.

    Attributes
    ----------
    onset_s, apex_s, offset_s : float
        Where 5 %, 50 % and 95 % of the way are passed, seconds on the take's clock.
    first, last : int
        The last sample before it and the first one after it.
    yaw_deg, pitch_deg : float
        Where it goes: to the subject's left, and up.
    peak_deg_s : float
        Its highest speed.
    """

    onset_s: float
    apex_s: float
    offset_s: float
    first: int
    last: int
    yaw_deg: float
    pitch_deg: float
    peak_deg_s: float

    @property
    def amplitude_deg(self) -> float:
        """How far it goes."""
        return float((self.yaw_deg**2 + self.pitch_deg**2) ** 0.5)

    @property
    def duration_s(self) -> float:
        """From onset to offset."""
        return self.offset_s - self.onset_s

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "onset_s": self.onset_s,
            "apex_s": self.apex_s,
            "offset_s": self.offset_s,
            "amplitude_deg": self.amplitude_deg,
            "yaw_deg": self.yaw_deg,
            "pitch_deg": self.pitch_deg,
            "peak_deg_s": self.peak_deg_s,
            "side": "B",
        }


@dataclass(frozen=True, slots=True)
class Fixation:
    """A stretch in which the eyes rest on something, or follow it (``kind`` is ``pursuit``).

    Attributes
    ----------
    start_s, end_s : float
    first, last : int
        Its first and last sample.
    yaw_deg, pitch_deg : float
        Mean gaze, to the subject's left and up.
    kind : str
        ``fixation`` or ``pursuit``.
    """

    start_s: float
    end_s: float
    first: int
    last: int
    yaw_deg: float
    pitch_deg: float
    kind: str = "fixation"

    @property
    def follows(self) -> bool:
        """Whether the eyes follow something."""
        return self.kind == "pursuit"

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "start_s": self.start_s,
            "end_s": self.end_s,
            "yaw_deg": self.yaw_deg,
            "pitch_deg": self.pitch_deg,
            "kind": self.kind,
        }


@dataclass(frozen=True)
class GazeEvents:
    """All of a take.

    Attributes
    ----------
    saccades, fixations : tuple
        Each in the order of time; stretches of following are among the fixations.
    gaze_deg : (n, 2) float64
        Azimuth and elevation of both eyes together.
    unseen : (n,) bool
        In blinks, or not recorded.
    noise_deg : float
        Standard deviation of the gaze's noise.
    """

    saccades: tuple[Saccade, ...]
    fixations: tuple[Fixation, ...]
    gaze_deg: FloatArray
    unseen: BoolArray
    noise_deg: float
