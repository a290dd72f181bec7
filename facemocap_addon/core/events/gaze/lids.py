# SPDX-License-Identifier: GPL-3.0-or-later
"""Lids follow the gaze: what they do in a dart is done as quickly as the dart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...arrays import BoolArray, FloatArray
from ...gaze.gaze_angles import LOOK_RAD
from ...take import Take
from .closings import lid_part
from .events import GazeEvents, Saccade
from .main_sequence import along, course, duration

#: Lids come this much later (seconds).
LATER_S = 0.005
#: Darts that go up or down by less than this (degrees) move no lid; the most that a lid follows
#: is this much of a coefficient for each degree.
_LEAST_DEG, _MOST_A_DEGREE = 1.0, 0.03
#: What follows the gaze down, and what follows it up.
_DOWNWARDS, _UPWARDS = ("eyeBlinkLeft", "eyeBlinkRight"), ("eyeWideLeft", "eyeWideRight")


def follow_lids(take: Take, events: GazeEvents, saccades: Sequence[tuple[Saccade, float]]) -> Take:
    """The take whose lids go with darts that were made quicker.

    The part of a lid's motion that goes with the gaze, down with down, is taken off along the
    course that the gaze had and put on along the one that it has now.

    Parameters
    ----------
    take : Take
    events : GazeEvents
        As found before.
    saccades : sequence of (Saccade, float)
        Darts that were made quicker, and their speeds as `shaping.GazeShape` has it.
    """
    columns = {
        name: sign for names, sign in ((_DOWNWARDS, -1.0), (_UPWARDS, 1.0)) for name in names
    }
    places = [(take.column(name), sign) for name, sign in columns.items() if take.has(name)]
    values = np.array(take.values)
    for saccade, speed in saccades:
        if abs(saccade.pitch_deg) < _LEAST_DEG:
            continue
        rows = slice(saccade.first, saccade.last + 1)
        was = _part_of_way(events.gaze_deg[rows])
        room = 2.0 * min(
            saccade.apex_s - float(take.times[saccade.first]),
            float(take.times[saccade.last]) - saccade.apex_s,
        )
        takes = max(min(float(duration(saccade.amplitude_deg)) / speed, room), 1e-6)
        # within the dart's own samples, so that nothing outside changes
        now = course(take.times[rows], saccade.apex_s + LATER_S, takes)
        now[-1] = 1.0
        for column, sign in places:
            if not take.valid[rows, column].all():
                continue
            lid = take.values[rows, column].astype(np.float64)
            most = _MOST_A_DEGREE * abs(saccade.pitch_deg)
            follows = float(np.clip(lid[-1] - lid[0], -most, most))
            if follows * sign * saccade.pitch_deg <= 0.0:
                continue
            moved = lid + follows * (now - was)
            # lids stay within what they were
            values[rows, column] = np.clip(moved, lid.min(), lid.max()).astype(np.float32)
    return take.changed("lids", values=values)


def _part_of_way(gaze: FloatArray) -> FloatArray:
    """Part of the way ``(m,)``, 0 to 1, that a recorded gaze has gone."""
    way = gaze[-1] - gaze[0]
    part = along(gaze - gaze[0], way) / max(float(way[0] ** 2 + way[1] ** 2), 1e-12)
    return np.clip(part, 0.0, 1.0)


def lids_along(take: Take, was_deg: FloatArray, now_deg: FloatArray, unseen: BoolArray) -> Take:
    """The take whose lids go with another elevation of the gaze, as far as they do in this take.

    Parameters
    ----------
    take : Take
    was_deg, now_deg : (n,) float64
        Elevation of the gaze before and after.
    unseen : (n,) bool
        Samples of blinks, which stay.
    """
    values = np.array(take.values)
    down = np.degrees(LOOK_RAD["Down"])
    lower = (np.maximum(-now_deg, 0.0) - np.maximum(-was_deg, 0.0)) / down
    rows = np.flatnonzero((lower != 0.0) & ~unseen)
    for name in _DOWNWARDS:
        if not len(rows) or not take.has(name):
            continue
        part = lid_part(take, name)
        column = take.column(name)
        here = rows[take.valid[rows, column]]
        if part and len(here):
            low = np.minimum(values[here, column], 0.0)
            values[here, column] = np.maximum(values[here, column] + part * lower[here], low)
    return take if np.array_equal(values, take.values) else take.changed("lids", values=values)
