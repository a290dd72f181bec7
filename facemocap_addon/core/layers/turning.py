# SPDX-License-Identifier: GPL-3.0-or-later
"""Heads turned a little further, and eyes that stay on what they look at.

Rotations are nine columns ``(n,)`` each, multiplied out in a fixed order: equal bytes on every
machine, and several times as fast as matrices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..events.gaze.tracks import Tracks, gaze_tracks, one_at_a_time, turn_gaze, with_tracks
from ..formats.head_pose import HEAD_ANGLES
from ..gaze.gaze_angles import EYE_ANGLES, LOOK_RAD, SIDES, gaze_at, read_from
from ..rotations import continuous_head_angles
from ..take import Take
from .samples import course, seen, with_values

#: For the head's sake eyes turn aside, down and up no further than coefficients of 1.
_LOWEST = (-LOOK_RAD["Out"], -LOOK_RAD["Down"])
_HIGHEST = (LOOK_RAD["Out"], LOOK_RAD["Up"])

#: Rows of columns ``(n,)``.
Matrix = Sequence[Sequence[FloatArray]]


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
    out, more = take, None
    if there.any():
        captured = continuous_head_angles(
            np.stack([course(take, name) for name in HEAD_ANGLES], axis=1)[there]
        )
        more = _matrix(turns[there])
        angles = _angles(_product(_matrix(captured), more))
        columns: dict[str, FloatArray] = {}
        for place, name in enumerate(HEAD_ANGLES):
            # whole turns of a recorder that counts on stay
            beside = np.round((captured[:, place] - angles[place]) / (2.0 * np.pi))
            columns[name] = course(take, name)
            columns[name][there] = angles[place] + 2.0 * np.pi * beside
        out = with_values(take, step, columns)
    if not eyes:
        there, more = np.zeros(take.samples, np.bool_), None
    if gaze is None and more is None:
        return out, 0.0
    return _eyes_turned(
        out, there, more, np.zeros((take.samples, 2)) if gaze is None else gaze, step
    )


def _eyes_turned(
    take: Take, there: BoolArray, more: Matrix | None, gaze: FloatArray, step: str
) -> tuple[Take, float]:
    """Eyes turned against the head's ``more`` turns at ``there`` ``(n,)``, and by ``gaze``."""
    tracks = gaze_tracks(take)
    before = tracks.values.copy()
    turns: dict[str, FloatArray] = {}
    beyond = 0.0
    for side in SIDES:
        turns[side] = gaze.copy()
        if more is None:
            continue
        was = _direction(tracks, side, there)
        now = _gaze(_turned_back(more, was))
        for place, (angle, back) in enumerate(zip(_gaze(was), now, strict=True)):
            low, high = np.minimum(_LOWEST[place], angle), np.maximum(_HIGHEST[place], angle)
            kept = np.minimum(np.maximum(back, low), high)
            beyond = max(beyond, float(np.abs(back - kept).max(initial=0.0)))
            turns[side][there, place] += kept - angle
    _turn_gaze(tracks, turns)
    one_at_a_time(tracks, before, there | gaze.any(axis=1))
    return with_tracks(take, tracks, before, step), beyond


def _turn_gaze(tracks: Tracks, turns: Mapping[str, FloatArray]) -> None:
    """As `turn_gaze`, in place; eyes with both angles are turned here, which is quicker."""
    rest = list(range(len(tracks.columns)))
    for side, turn in turns.items():
        yaw, pitch = (tracks.place(f"{side}Eye{angle}") for angle in ("Yaw", "Pitch"))
        rows = turn.any(axis=1)
        if yaw is None or pitch is None or not rows.any():
            continue
        rest = [place for place in rest if place not in (yaw, pitch)]
        azimuth, elevation = _gaze(_along(tracks.values[rows, yaw], tracks.values[rows, pitch]))
        azimuth, elevation = azimuth + turn[rows, 0], elevation + turn[rows, 1]
        level = np.cos(elevation)
        x, y, z = np.sin(azimuth) * level, np.sin(elevation), np.cos(azimuth) * level
        tracks.values[rows, yaw] = np.arctan2(-x, np.sqrt(y * y + z * z))
        tracks.values[rows, pitch] = np.arctan2(-y, z)
    columns = tuple(tracks.columns[place] for place in rest)
    others = Tracks(tracks.take, columns, tracks.values[:, rest])
    turn_gaze(others, turns)
    tracks.values[:, rest] = others.values


def moved_head(take: Take, metres: Mapping[str, FloatArray], step: str) -> Take:
    """The take with its head elsewhere by metres ``(n,)``; channels that it lacks are left out."""
    columns = {
        name: course(take, name) + amount for name, amount in metres.items() if take.has(name)
    }
    return with_values(take, step, columns) if columns else take


# ---------------------------------------------------------------- rotations by their columns


def _matrix(angles: FloatArray) -> Matrix:
    """Rotations of yaw, pitch and roll ``(n, 3)``: R = Ry(yaw) Rx(-pitch) Rz(-roll)."""
    (sa, sb, sc), (ca, cb, cc) = np.sin(angles).T.copy(), np.cos(angles).T.copy()
    sb, sc = -sb, -sc
    return (
        (ca * cc + sa * sb * sc, sa * sb * cc - ca * sc, sa * cb),
        (cb * sc, cb * cc, -sb),
        (ca * sb * sc - sa * cc, sa * sc + ca * sb * cc, ca * cb),
    )


def _product(a: Matrix, b: Matrix) -> Matrix:
    """First ``b``, then ``a``."""
    return tuple(
        tuple(row[0] * b[0][k] + row[1] * b[1][k] + row[2] * b[2][k] for k in range(3)) for row in a
    )


def _angles(m: Matrix) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Yaw, pitch and roll ``(n,)``; a head that looks straight up has its turn in the yaw."""
    pitch = np.arcsin(np.minimum(np.maximum(m[1][2], -1.0), 1.0))
    yaw, roll = np.arctan2(m[0][2], m[2][2]), np.arctan2(-m[1][0], m[1][1])
    upright = np.maximum(np.abs(m[1][0]), np.abs(m[1][1])) > 1e-6
    if not upright.all():
        yaw = np.where(upright, yaw, np.arctan2(-m[2][0], m[0][0]))
        roll = np.where(upright, roll, 0.0)
    return yaw, pitch, roll


def _direction(tracks: Tracks, side: str, rows: BoolArray) -> Sequence[FloatArray]:
    """Where an eye looks: x, y and z ``(m,)`` of a unit vector, in the head's frame."""
    take = tracks.take
    source = read_from(take, f"{side}EyeYaw")
    places = [tracks.place(f"{side}Eye{angle}") for angle in ("Yaw", "Pitch")]
    if source and source[0] in EYE_ANGLES and None not in places:
        yaw, pitch = (tracks.values[rows, place] for place in places)
        return _along(yaw, pitch)
    azimuth, elevation = gaze_at(take, side, take.times[rows]).T
    level = np.cos(elevation)
    return np.sin(azimuth) * level, np.sin(elevation), np.cos(azimuth) * level


def _along(yaw: FloatArray, pitch: FloatArray) -> Sequence[FloatArray]:
    """Where an eye of these angles ``(m,)`` looks: it turns by its yaw first."""
    level = np.cos(yaw)
    return -np.sin(yaw), -np.sin(pitch) * level, np.cos(pitch) * level


def _turned_back(m: Matrix, vector: Sequence[FloatArray]) -> Sequence[FloatArray]:
    """A direction in the frame that was turned by ``m``."""
    x, y, z = vector
    return [m[0][k] * x + m[1][k] * y + m[2][k] * z for k in range(3)]


def _gaze(direction: Sequence[FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Azimuth and elevation ``(m,)``."""
    x, y, z = direction
    return np.arctan2(x, z), np.arctan2(y, np.sqrt(x * x + z * z))
