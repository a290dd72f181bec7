# SPDX-License-Identifier: GPL-3.0-or-later
"""Blinks, and lids that follow the gaze."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .draws import Draws, Floats
from .profiles import Shape, pulse, reach

REOPENED_SPAN = 4.744  # time constants until 95 % of the reopening is done
_LID_FOLLOW = 0.55
_LID_FREE = 0.10


@dataclass(frozen=True)
class Blink:
    """One closing and reopening of the lids; times are the left eye's unless only the right moves.

    ``amplitude_left`` and ``amplitude_right`` are shares of the way from the open lid to 1.
    """

    kind: str
    onset_s: float
    closing_s: float
    hold_s: float
    tau_s: float
    amplitude_left: float
    amplitude_right: float
    right_lag_s: float

    @property
    def closed_s(self) -> float:
        """When the lid arrives."""
        return self.onset_s + self.closing_s

    @property
    def reopening_s(self) -> float:
        """When the lid leaves."""
        return self.closed_s + self.hold_s

    @property
    def offset_s(self) -> float:
        """When 95 % of the reopening is done."""
        return self.reopening_s + REOPENED_SPAN * self.tau_s


_KINDS: dict[str, tuple[float, float, float, float, float]] = {
    # closing s, hold s, reopening time constant s, amplitude from, to
    "full": (0.086, 0.018, 0.036, 0.88, 0.97),
    "double": (0.082, 0.010, 0.030, 0.87, 0.93),
    "partial": (0.074, 0.006, 0.032, 0.46, 0.62),
    "down": (0.100, 0.030, 0.048, 0.80, 0.86),
    "long": (0.150, 0.480, 0.060, 0.92, 0.96),
    "wink": (0.120, 0.160, 0.060, 0.88, 0.93),
}


def draw_blink(kind: str, onset_s: float, draws: Draws) -> Blink:
    """Draw one blink of a kind; a wink closes the left eye and narrows the right one."""
    closing_s, hold_s, tau_s, low, high = _KINDS[kind]
    amplitude = draws.uniform(low, high)
    difference = amplitude * draws.uniform(-0.015, 0.015)
    right = amplitude + difference if kind != "wink" else draws.uniform(0.10, 0.16)
    return Blink(
        kind=kind,
        onset_s=onset_s,
        closing_s=draws.around(closing_s, 0.10),
        hold_s=draws.around(hold_s, 0.25),
        tau_s=draws.around(tau_s, 0.15),
        amplitude_left=amplitude,
        amplitude_right=right,
        right_lag_s=draws.uniform(-0.006, 0.006),
    )


def closure(times_s: Floats, blinks: list[Blink], right: bool) -> Floats:
    """Return how far blinks close one eye, 0 to 1, shape (n,)."""
    still_open = np.ones(len(times_s))
    for blink in blinks:
        onset_s = blink.onset_s + (blink.right_lag_s if right else 0.0)
        amplitude = blink.amplitude_right if right else blink.amplitude_left
        shape = Shape(blink.closing_s, blink.hold_s, blink.tau_s)
        part = reach(times_s, onset_s, shape)
        still_open[part] *= 1.0 - amplitude * pulse(times_s[part], onset_s, shape)
    return 1.0 - still_open


def resting_lid(pitch: Floats, wide: Floats) -> Floats:
    """Return what eyeBlink reads without a blink: the upper lid follows a gaze down.

    ``pitch`` is the eye's in radians, positive down; a widened eye has no such rest.
    """
    follow = _LID_FOLLOW * np.maximum(pitch / 0.615 - _LID_FREE, 0.0)
    return np.maximum(0.025 + follow - 0.3 * wide, 0.0)
