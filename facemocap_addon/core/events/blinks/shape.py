# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape of one eye's blink: minimum-jerk closing, a hold, critically damped reopening.

Closing is the path of least jerk (Flash and Hogan 1985), reopening the step answer of a critically
damped spring.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...arrays import FloatArray

#: Reopening has ended after so many time constants; 0.3 % are left then and taken away.
ENDED = 8.0
#: Time constants until 90 % and 95 % are reopened.
NINETY, NINETY_FIVE = 3.8897, 4.7439
_LEFT = (1.0 + ENDED) * float(np.exp(-ENDED))
#: A hesitating lid rests at this part of its way, reached in this part of the closing; a tense one
#: stays shut by this part of the rise and gives way within this time (seconds).
HESITATES_AT, FIRST_PART, TENSE, TENSE_S = 0.3, 0.6, 0.25, 0.9


@dataclass(frozen=True, slots=True)
class Shape:
    """One eye's blink. Times are seconds on the take's clock.

    Attributes
    ----------
    start_s : float
        Where the lid begins to close.
    closing_s, hold_s : float
        How long it closes, and stays closed.
    tau_s : float
        Time constant of the reopening; 3.9 of them reopen 90 %.
    rise : float
        How far eyeBlink rises.
    hesitation_s : float
        How much later the rest of the closing follows its first three tenths.
    tension : float
        0 to 1: how much of the reopening comes late.
    """

    start_s: float
    closing_s: float
    hold_s: float
    tau_s: float
    rise: float
    hesitation_s: float = 0.0
    tension: float = 0.0

    @property
    def closed_s(self) -> float:
        """When it is closed."""
        return self.start_s + self.closing_s + self.hesitation_s

    @property
    def opens_s(self) -> float:
        """When it begins to reopen."""
        return self.closed_s + self.hold_s

    @property
    def apex_s(self) -> float:
        """The middle of the hold."""
        return self.closed_s + 0.5 * self.hold_s

    @property
    def half_s(self) -> float:
        """When it is half closed."""
        return self.closed_s - 0.5 * self.closing_s

    @property
    def reopened_s(self) -> float:
        """When 95 % are reopened."""
        return self.opens_s + NINETY_FIVE * self.tau_s

    @property
    def end_s(self) -> float:
        """From here on nothing of it is left."""
        return self.opens_s + max(ENDED * self.tau_s, TENSE_S if self.tension else 0.0)

    @property
    def opening_s(self) -> float:
        """How long it takes to reopen by 90 %."""
        return NINETY * self.tau_s

    def moved(self, by_s: float) -> Shape:
        """The same later."""
        return replace(self, start_s=self.start_s + by_s)

    def at(self, times: FloatArray) -> FloatArray:
        """What it adds to the open lid ``(n,)`` at ``times``; nought outside start and end."""
        return self.rise * self.closure(times)

    def closure(self, times: FloatArray) -> FloatArray:
        """0 to 1 ``(n,)``; exactly 0 outside start and end."""
        times = np.asarray(times, np.float64)
        begun = times - self.start_s
        if self.hesitation_s:
            # two movements, the second after the pause: both begin and end at rest
            first = minimum_jerk(begun / (FIRST_PART * self.closing_s))
            rest = minimum_jerk((begun - self.hesitation_s) / self.closing_s)
            closed = HESITATES_AT * first + (1.0 - HESITATES_AT) * rest
        else:
            closed = minimum_jerk(begun / self.closing_s)
        opened = reopening((times - self.opens_s) / self.tau_s)
        if self.tension:
            late = TENSE * self.tension
            opened = (1.0 - late) * opened + late * minimum_jerk((times - self.opens_s) / TENSE_S)
        return closed - opened


def minimum_jerk(u: FloatArray) -> FloatArray:
    """0 to 1 over ``u`` from 0 to 1, of least jerk."""
    u = np.minimum(np.maximum(u, 0.0), 1.0)
    return u * u * u * (10.0 + u * (6.0 * u - 15.0))


def reopening(s: FloatArray) -> FloatArray:
    """0 to 1 over ``s``, in time constants, from 0 to `ENDED`: critically damped."""
    s = np.minimum(np.maximum(s, 0.0), ENDED)
    return (1.0 - (1.0 + s) * np.exp(-s)) / (1.0 - _LEFT)
