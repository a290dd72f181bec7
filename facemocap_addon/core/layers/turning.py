# SPDX-License-Identifier: GPL-3.0-or-later
"""Heads turned a little further, and eyes that stay on what they look at."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..events.gaze.tracks import gaze_tracks, one_at_a_time, turn_gaze, with_tracks
from ..formats.head_pose import HEAD_ANGLES, head_from_matrices
from ..gaze.gaze_angles import LOOK_RAD, SIDES, gaze_at, to_direction, to_gaze
from ..rotations import continuous_head_angles, from_vector, head_vectors, multiply, to_matrix
from ..take import Take
from .samples import course, seen, with_values

#: For the head's sake eyes turn aside, down and up no further than coefficients of 1.
_LOWEST = np.array([-LOOK_RAD["Out"], -LOOK_RAD["Down"]])
_HIGHEST = np.array([LOOK_RAD["Out"], LOOK_RAD["Up"]])


def turned_head(
    take: Take, turns: FloatArray, step: str, *, eyes: bool, gaze: FloatArray | None = None
) -> tuple[Take, float]:
    """The take with its head turned further, about its own axes.

    Parameters
    ----------
    take : Take
    turns : (n, 3) float64
        Yaw to the subject's left, pitch chin up, roll to the left shoulder, radians.
    step : str
        For the history.
    eyes : bool
        The eyes turn back, so that they look where they looked.
    gaze : (n, 2) float64, optional
        What both eyes turn by besides: azimuth to the subject's left and elevation, radians.

    Returns
    -------
    take : Take
    beyond : float
        By how much the eyes would have had to turn further than they can, radians.
    """
    there = seen(take, *HEAD_ANGLES) & turns.any(axis=1)
    out, more = take, np.empty((0, 3, 3))
    if there.any():
        captured = continuous_head_angles(
            np.stack([course(take, name) for name in HEAD_ANGLES], axis=1)[there]
        )
        own, turn = (from_vector(head_vectors(*each.T)) for each in (captured, turns[there]))
        more = to_matrix(turn)
        angles = head_from_matrices(to_matrix(multiply(own, turn)))
        # whole turns of a recorder that counts on stay
        angles += 2.0 * np.pi * np.round((captured - angles) / (2.0 * np.pi))
        columns: dict[str, FloatArray] = {}
        for place, name in enumerate(HEAD_ANGLES):
            columns[name] = course(take, name)
            columns[name][there] = angles[:, place]
        out = with_values(take, step, columns)
    if not eyes:
        there = np.zeros(take.samples, np.bool_)
    if gaze is None and not there.any():
        return out, 0.0
    return _eyes_turned(
        out, there, more, np.zeros((take.samples, 2)) if gaze is None else gaze, step
    )


def _eyes_turned(
    take: Take, there: BoolArray, more: FloatArray, gaze: FloatArray, step: str
) -> tuple[Take, float]:
    """Eyes turned against the head's ``more`` turns ``(m, 3, 3)`` at ``there``, and by ``gaze``."""
    tracks = gaze_tracks(take)
    before = tracks.values.copy()
    turns: dict[str, FloatArray] = {}
    beyond = 0.0
    for side in SIDES:
        turns[side] = gaze.copy()
        if there.any():
            was = gaze_at(take, side, take.times[there])
            back = to_gaze(np.einsum("nji,nj->ni", more, to_direction(was)))
            kept = np.clip(back, np.minimum(_LOWEST, was), np.maximum(_HIGHEST, was))
            beyond = max(beyond, float(np.abs(back - kept).max(initial=0.0)))
            turns[side][there] += kept - was
    turn_gaze(tracks, turns)
    one_at_a_time(tracks, before, there | gaze.any(axis=1))
    return with_tracks(take, tracks, before, step), beyond


def moved_head(take: Take, metres: Mapping[str, FloatArray], step: str) -> Take:
    """The take with its head elsewhere by metres ``(n,)``; channels that it lacks are left out."""
    columns = {
        name: course(take, name) + amount for name, amount in metres.items() if take.has(name)
    }
    return with_values(take, step, columns) if columns else take
