# SPDX-License-Identifier: GPL-3.0-or-later
# pyright: basic
"""Overshoot and settle: a spring beside the curve."""

from __future__ import annotations

import numpy as np

from .goals import Goal, Part, along
from .settings import Settings


def settled(part: Part, settings: Settings) -> Goal:
    """A spring that follows the curve without lag and swings on where the curve stops short.

    The swing e beside the curve v obeys ``e'' + 2 d w e' + w^2 e = -v''``. With v straight between
    samples each bend gives it a push, after which it dies away: that is solved exactly.
    """
    from scipy.signal import lfilter  # noqa: PLC0415

    frames = part.grid(part.before, part.after)
    values = part.strand.at(frames)
    step, omega = part.step, 2.0 * np.pi / settings.period
    damping = min(settings.damping, 0.999)
    swing = omega * np.sqrt(1.0 - damping * damping)
    fade, angle = np.exp(-damping * omega * step), swing * step
    pushes = np.zeros(values.shape)
    pushes[1:-1] = -np.diff(values, 2, axis=0) / step
    # what one push leaves after so many steps: a damped sine
    response = [0.0, fade * np.sin(angle) / swing]
    poles = [1.0, -2.0 * fade * np.cos(angle), fade * fade]
    beside = lfilter(response, poles, pushes, axis=0)
    return along(frames, values + np.asarray(beside))
