# SPDX-License-Identifier: GPL-3.0-or-later
"""Moments of a Live Link Face recording that ask for contacts, read from the CSV by other means.

Shares no code with the program: the csv module, timecodes at 60 a second, and the definitions as
they stand in docs/contacts.md.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

#: Timecodes of the app count 60 frames a second, whatever the rate of the recording.
TIMECODE_RATE = 60.0
SIDES = ("left", "right")
_PARTING = (
    "mouthfunnel",
    "mouthupperupleft",
    "mouthupperupright",
    "mouthlowerdownleft",
    "mouthlowerdownright",
)


@dataclass(frozen=True)
class Moment:
    """A time (seconds after the first sample) and what is wanted: ``shut``, ``half`` or ``lips``.

    ``sides`` are the eyes that it is wanted of.
    """

    time_s: float
    kind: str
    sides: tuple[str, ...] = ()


class Recording:
    """The columns of one file, by their names in lower case."""

    def __init__(self, path: Path) -> None:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.DictReader(file) if int(row["BlendShapeCount"]) > 0]
        self._columns = {
            name.lower(): np.array([float(row[name]) for row in rows])
            for name in rows[0]
            if name not in ("Timecode", "BlendShapeCount")
        }
        clock = np.array([_seconds(row["Timecode"]) for row in rows])
        self.times = clock - clock[0]

    def widest_open(self, start_s: float, end_s: float) -> float:
        """When the mouth is open farthest in a part of the recording."""
        part = (self.times >= start_s) & (self.times <= end_s)
        return float(self.times[np.argmax(np.where(part, self._apart(), -np.inf))])

    def eye(self, side: str) -> np.ndarray:
        """How far one eye is shut, as a part of its own range in the recording."""
        value = self._columns["eyeblink" + side]
        return (value - value.min()) / np.ptp(value)

    def shut(self) -> list[Moment]:
        """Peaks of blinks above 0.9 of the range."""
        out: dict[float, tuple[str, ...]] = {}
        for side in SIDES:
            eye = self.eye(side)
            peak = (eye[1:-1] >= eye[:-2]) & (eye[1:-1] > eye[2:]) & (eye[1:-1] > 0.9)
            for place in np.flatnonzero(peak) + 1:
                out[float(self.times[place])] = (*out.get(float(self.times[place]), ()), side)
        return [Moment(time, "shut", sides) for time, sides in sorted(out.items())]

    def half(self, times: np.ndarray) -> list[Moment]:
        """Those of some times at which an eye is between 0.45 and 0.55 of its range."""
        values = {side: np.interp(times, self.times, self.eye(side)) for side in SIDES}
        out: list[Moment] = []
        for place, time in enumerate(times.tolist()):
            sides = tuple(side for side in SIDES if 0.45 < values[side][place] < 0.55)
            if sides:
                out.append(Moment(time, "half", sides))
        return out

    def closed_lips(self) -> list[tuple[float, float]]:
        """First and last time of each stretch of closed lips."""
        apart = self._apart()
        parting = np.max([self._columns[name] for name in _PARTING], axis=0)
        closed = (apart < np.percentile(apart, 2) + 0.02) & (parting < 0.15)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], closed, [0]])))
        return [
            (float(self.times[first]), float(self.times[end - 1]))
            for first, end in edges.reshape(-1, 2)
            if end - first >= 2
        ]

    def _apart(self) -> np.ndarray:
        return self._columns["jawopen"] - self._columns["mouthclose"]


def moments_on(recording: Recording, times: np.ndarray, most: int) -> list[Moment]:
    """Up to ``most`` moments of each kind, on some times ``(n,)`` at which the face is looked at.

    Blinks and lips are looked at on the time that is nearest to the peak, or to the middle of the
    stretch; times on which a peak falls are no half blinks, whatever the eye does beside it.
    """

    def nearest(time: float) -> float:
        return float(times[np.argmin(np.abs(times - time))])

    within = (float(times[0]), float(times[-1]))
    shut = [
        Moment(nearest(each.time_s), each.kind, each.sides)
        for each in recording.shut()
        if within[0] <= each.time_s <= within[1]
    ]
    taken = {each.time_s for each in shut}
    half = [each for each in recording.half(times) if each.time_s not in taken]
    lips: list[Moment] = []
    for number, (first, last) in enumerate(recording.closed_lips()):
        inside = times[(times >= first - 1e-6) & (times <= last + 1e-6)]
        if len(inside):
            # beginnings, middles and ends in turn
            place = (0, len(inside) // 2, len(inside) - 1)[number % 3]
            lips.append(Moment(float(inside[place]), "lips"))
        elif within[0] <= first and last <= within[1]:
            lips.append(Moment(nearest(0.5 * (first + last)), "lips"))
    return [each for kind in (shut, half, lips) for each in _some(kind, most)]


def _some(moments: list[Moment], most: int) -> list[Moment]:
    """Some of them, spread over all."""
    if len(moments) <= most:
        return moments
    return [moments[place] for place in np.linspace(0, len(moments) - 1, most).round().astype(int)]


def _seconds(timecode: str) -> float:
    hours, minutes, seconds, frames = timecode.split(":")
    return 3600 * int(hours) + 60 * int(minutes) + int(seconds) + float(frames) / TIMECODE_RATE
