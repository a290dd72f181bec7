# SPDX-License-Identifier: GPL-3.0-or-later
"""Eyes that are aimed: where each looks in the head, moment by moment, whatever was captured.

Such aims come from a target object that an animator moves (`gateway.gaze_target`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from ...arrays import BoolArray, FloatArray
from ...errors import FacemocapError
from ...gaze.gaze_angles import SIDES, find_neutral, gaze_at, read_from
from ...take import Take
from ..edit_records import MOST_S, checked_number
from .lids import lids_along
from .tracks import gaze_tracks, turn_gaze, with_tracks

_EXAMPLE = '{"at_s": 1.25, "left": [4.0, -2.0], "right": [7.5, -2.0]}'
_MOST_DEG = 120.0
#: Aims are left out where the others, joined by straight lines, say the same to this (degrees).
THIN_DEG = 0.005


@dataclass(frozen=True, slots=True)
class GazeAim:
    """Where both eyes look at one moment.

    Attributes
    ----------
    at_s : float
        Seconds on the take's clock.
    left, right : (float, float)
        Degrees to the subject's left and up, in the head; nought is what the eye comes back to.
    """

    at_s: float
    left: tuple[float, float]
    right: tuple[float, float]

    @property
    def op(self) -> str:
        """What lists of records call it."""
        return "aim"

    @staticmethod
    def from_json(data: Any) -> GazeAim:
        """The aim of a JSON object.

        Raises
        ------
        FacemocapError
        """
        fits = isinstance(data, Mapping) and set(cast(Any, data)) == {"at_s", *SIDES}
        if not fits:
            raise FacemocapError("An aim of the eyes is incomplete", f"Write it as {_EXAMPLE}")
        given = cast(Mapping[str, Any], data)
        pairs: dict[str, tuple[float, float]] = {}
        for side in SIDES:
            pair = given[side]
            if not isinstance(pair, (list, tuple)) or len(cast(Any, pair)) != 2:
                raise FacemocapError(
                    f"{side} of an aim is no pair of degrees", f"Write it as {_EXAMPLE}"
                )
            one, two = (_number(side, each, _MOST_DEG) for each in cast(Sequence[Any], pair))
            pairs[side] = (one, two)
        return GazeAim(_number("at_s", given["at_s"], MOST_S), pairs["left"], pairs["right"])

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"at_s": self.at_s, "left": list(self.left), "right": list(self.right)}


def _number(name: str, value: Any, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise FacemocapError(f"{name} of an aim is no number", f"Write it as {_EXAMPLE}")
    return checked_number(f"{name} of an aim", float(value), (-most, most))


def aims_of(times_s: FloatArray, left: FloatArray, right: FloatArray) -> tuple[GazeAim, ...]:
    """Aims of gazes ``(n, 2)`` in degrees, no more than it takes.

    Parameters
    ----------
    times_s : (n,) float
    left, right : (n, 2) float
        To the subject's left, and up.
    """
    table = np.round(np.concatenate([left, right], axis=1), 4)
    kept = _telling(np.asarray(times_s, np.float64), table)
    return tuple(
        GazeAim(round(float(times_s[row]), 6), (a, b), (c, d))
        for row, (a, b, c, d) in zip(kept, table[kept].tolist(), strict=True)
    )


def _telling(times: FloatArray, table: FloatArray) -> list[int]:
    """Rows ``(n, k)`` between which straight lines say the rest."""
    if len(times) < 3:
        return list(range(len(times)))
    kept, waiting = {0, len(times) - 1}, [(0, len(times) - 1)]
    while waiting:
        first, last = waiting.pop()
        if last - first < 2:
            continue
        rows = slice(first + 1, last)
        share = ((times[rows] - times[first]) / (times[last] - times[first]))[:, None]
        off = np.abs(table[rows] - table[first] - share * (table[last] - table[first])).max(axis=1)
        if off.max() > THIN_DEG:
            place = first + 1 + int(np.argmax(off))
            kept.add(place)
            waiting += [(first, place), (place, last)]
    return sorted(kept)


def aim_eyes(take: Take, aims: Sequence[GazeAim], *, lids: bool = True) -> tuple[Take, int]:
    """The take whose eyes look where they are aimed, from the first aim to the last.

    Parameters
    ----------
    take : Take
    aims : sequence of GazeAim
        Joined by straight lines.
    lids : bool
        Lids follow the gaze as far as they do in this take.

    Returns
    -------
    take : Take
        Samples before the first aim and after the last one stay to the bit.
    samples : int
        How many were aimed.
    """
    ordered = sorted(aims, key=lambda aim: aim.at_s)
    tracks = gaze_tracks(take)
    if not ordered or not tracks.columns:
        return take, 0
    times = np.array([aim.at_s for aim in ordered])
    within: BoolArray = (take.times >= times[0] - 1e-6) & (take.times <= times[-1] + 1e-6)
    before = tracks.values.copy()
    neutral = find_neutral(take)
    turns: dict[str, FloatArray] = {}
    was, now = np.zeros(take.samples), np.zeros(take.samples)
    for side in SIDES:
        if not read_from(take, f"{side}EyeYaw"):
            continue
        wanted = np.zeros((take.samples, 2))
        for axis in (0, 1):
            own = np.radians([float(getattr(aim, side)[axis]) for aim in ordered])
            wanted[:, axis] = np.interp(take.times, times, own)
        gaze = gaze_at(take, side, take.times)
        turns[side] = np.where(within[:, None], wanted + neutral.of(side) - gaze, 0.0)
        was += gaze[:, 1]
        now += gaze[:, 1] + turns[side][:, 1]
    turn_gaze(tracks, turns)
    out = take
    if lids and turns:
        # first, while the take's own gaze tells how far its lids follow
        was_deg, now_deg = np.degrees(was) / len(turns), np.degrees(now) / len(turns)
        out = lids_along(out, was_deg, now_deg, np.zeros(take.samples, np.bool_))
    out = with_tracks(out, tracks, before, "eyes aimed")
    return out, int(within.sum()) if turns else 0
