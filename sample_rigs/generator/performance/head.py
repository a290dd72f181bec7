# SPDX-License-Identifier: GPL-3.0-or-later
"""Head turns, nods on stressed syllables, sway, and the breath.

Radians; yaw positive to the subject's left, pitch positive chin up: opposite to the eyes, as Live
Link Face recordings with head motion suggest. Roll is positive towards the subject's left
shoulder here; the format's own sense of it is not published.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .draws import Draws, Floats
from .gaze import RADIANS
from .profiles import Shape, add_pulse, keyed, wander

_BREATH_PITCH_DEG = 0.6
_NOD = Shape(rise_s=0.13, hold_s=0.02, tau_s=0.09)


@dataclass(frozen=True)
class Breath:
    """One inhalation and the exhalation that ends at ``end_s``."""

    onset_s: float
    full_s: float
    end_s: float
    depth: float
    spoken: bool


@dataclass(frozen=True)
class Nod:
    """A dip of the head on a stressed syllable."""

    onset_s: float
    depth_deg: float


def breath_level(times_s: Floats, breaths: list[Breath]) -> Floats:
    """Return the filling of the lungs above rest: quick in, slowly out while speaking."""
    times, values = [-1.0], [0.0]
    for breath in breaths:
        times += [max(breath.onset_s, times[-1] + 1e-3), breath.full_s, breath.end_s]
        values += [0.0, breath.depth, 0.0]
    return keyed(times_s, np.array(times), np.array(values))


def head_motion(
    times_s: Floats,
    turns: list[tuple[float, float, float, float]],
    nods: list[Nod],
    breath: Floats,
    seed: int,
) -> Floats:
    """Return yaw, pitch and roll in radians, shape (n, 3).

    Parameters
    ----------
    times_s : (n,) array
    turns : list of (time_s, yaw_deg, pitch_deg, roll_deg)
        Poses that the head moves between.
    nods : list of Nod
    breath : (n,) array
        From `breath_level`.
    seed : int
    """
    keys = np.array(turns)
    degrees = keyed(times_s, keys[:, 0], keys[:, 1:])
    for axis, (spacing_s, amount_deg) in enumerate(((1.7, 0.9), (1.3, 0.6), (2.1, 0.7))):
        degrees[:, axis] += amount_deg * wander(times_s, spacing_s, Draws(seed, 50, axis))
        degrees[:, axis] += 0.12 * wander(times_s, 0.31, Draws(seed, 51, axis))
    for nod in nods:
        add_pulse(degrees[:, 1], times_s, nod.onset_s, _NOD, -nod.depth_deg)
    degrees[:, 1] += _BREATH_PITCH_DEG * breath
    return degrees * RADIANS
