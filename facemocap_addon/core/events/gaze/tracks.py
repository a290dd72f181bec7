# SPDX-License-Identifier: GPL-3.0-or-later
"""The channels of a take that say where its eyes look, and what a turn of the gaze is in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...arrays import BoolArray, FloatArray
from ...gaze.gaze_angles import EYE_ANGLES, LOOK_RAD, SIDES, to_direction, to_eye_angles, to_gaze
from ...rotations import from_axis, multiply, to_matrix
from ...take import Take

#: Two coefficients that exclude each other are both at work from this value on.
_BOTH = 1e-4


@dataclass(frozen=True)
class Tracks:
    """Values of all gaze channels, free to be changed.

    Attributes
    ----------
    take : Take
    columns : tuple of int, length k
        Columns of the take.
    values : (n, k) float64
        Straight lines where nothing was recorded.
    """

    take: Take
    columns: tuple[int, ...]
    values: FloatArray

    def place(self, name: str) -> int | None:
        """Column of ``values``; None where the channel was not recorded."""
        names = [self.take.names[column] for column in self.columns]
        return names.index(name) if name in names else None

    def pairs(self) -> list[tuple[int, int, float, float]]:
        """Coefficients that exclude each other: columns of ``values``, radians at 1 of each."""
        found: list[tuple[int, int, float, float]] = []
        for side in SIDES:
            for one, two in (("Out", "In"), ("Up", "Down")):
                a, b = (self.place(f"eyeLook{way}{side.title()}") for way in (one, two))
                if a is not None and b is not None:
                    found.append((a, b, LOOK_RAD[one], LOOK_RAD[two]))
        return found


def gaze_tracks(take: Take) -> Tracks:
    """The gaze channels of a take; none of them where it has none."""
    names = [f"eyeLook{way}{side.title()}" for side in SIDES for way in LOOK_RAD]
    columns = tuple(take.column(name) for name in (*EYE_ANGLES, *names) if take.has(name))
    values = take.values[:, columns].astype(np.float64)
    rows = np.arange(take.samples)
    for place, column in enumerate(columns):
        there = take.valid[:, column]
        if not there.all():
            values[:, place] = np.interp(rows, rows[there], values[there, place])
    return Tracks(take, columns, values)


def one_at_a_time(tracks: Tracks, before: FloatArray, rows: BoolArray) -> None:
    """Keep coefficients apart that were, and from going below nought, in place.

    Where they look stays.

    Parameters
    ----------
    tracks : Tracks
    before : (n, k) float64
        Values as they were.
    rows : (n,) bool
        Samples that were changed.
    """
    values = tracks.values
    for a, b, one, two in tracks.pairs():
        apart = np.minimum(np.abs(before[:, a]), np.abs(before[:, b])) < _BOTH
        common = np.minimum(one * values[:, a], two * values[:, b])
        if min(before[:, a].min(initial=0.0), before[:, b].min(initial=0.0)) < 0.0:
            # recorders that go below nought may do so
            common = np.maximum(common, 0.0)
        spare = np.where(rows & apart, common, 0.0)
        values[:, a] -= spare / one
        values[:, b] -= spare / two


def turn_gaze(tracks: Tracks, turns: Mapping[str, FloatArray]) -> None:
    """Turn eyes by azimuth and elevation ``(n, 2)`` in radians, by side, in place.

    Samples with a turn of nought stay to the bit.
    """
    for side, turn in turns.items():
        rows = turn.any(axis=1)
        if rows.any():
            _turn_angles(tracks, side, turn, rows)
            _turn_looks(tracks, side, turn, rows)


def _turn_angles(tracks: Tracks, side: str, turn: FloatArray, rows: BoolArray) -> None:
    yaw, pitch = (tracks.place(f"{side}Eye{angle}") for angle in ("Yaw", "Pitch"))
    values = tracks.values
    if yaw is None or pitch is None:
        # one alone is no direction: it goes by its own angle
        for place, axis in ((yaw, 0), (pitch, 1)):
            if place is not None:
                values[rows, place] -= turn[rows, axis]
        return
    was = multiply(from_axis(0, values[rows, pitch]), from_axis(1, -values[rows, yaw]))
    gaze = to_gaze(to_matrix(was)[..., 2]) + turn[rows]
    angles = to_eye_angles(to_direction(gaze))
    values[rows, yaw], values[rows, pitch] = angles[:, 0], angles[:, 1]


def _turn_looks(tracks: Tracks, side: str, turn: FloatArray, rows: BoolArray) -> None:
    values = tracks.values
    outward = turn[:, 0] if side == "left" else -turn[:, 0]
    for one, two, amount in (("Out", "In", outward), ("Up", "Down", turn[:, 1])):
        a, b = (tracks.place(f"eyeLook{way}{side.title()}") for way in (one, two))
        if a is None or b is None:
            # the channel that is missing is read as nought
            place, sign, size = (a, 1.0, LOOK_RAD[one]) if b is None else (b, -1.0, LOOK_RAD[two])
            if place is not None:
                values[rows, place] += sign * amount[rows] / size
            continue
        up, down = LOOK_RAD[one], LOOK_RAD[two]
        net = up * values[rows, a] - down * values[rows, b]
        # what both hold beyond the direction that they say stays
        rest_a = values[rows, a] - np.maximum(net, 0.0) / up
        rest_b = values[rows, b] - np.maximum(-net, 0.0) / down
        net = net + amount[rows]
        values[rows, a] = np.maximum(net, 0.0) / up + rest_a
        values[rows, b] = np.maximum(-net, 0.0) / down + rest_b


def with_tracks(take: Take, tracks: Tracks, before: FloatArray, step: str) -> Take:
    """The take with changed gaze; samples whose value did not change keep it to the bit."""
    values = np.array(take.values)
    columns = list(tracks.columns)
    for place, column in enumerate(columns):
        # coefficients that never went below nought do not either, not even by rounding
        low = take.values[take.valid[:, column], column].min(initial=0.0)
        if take.channels[column].kind == "weight" and low >= 0.0:
            np.maximum(tracks.values[:, place], 0.0, out=tracks.values[:, place])
    changed = (tracks.values != before) & take.valid[:, columns]
    if not changed.any():
        return take
    values[:, columns] = np.where(
        changed, tracks.values.astype(np.float32), take.values[:, columns]
    )
    return take.changed(step, values=values)
