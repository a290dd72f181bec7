# SPDX-License-Identifier: GPL-3.0-or-later
"""What was read back beside what was to be written: the largest differences, and where they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import FloatArray
from .motion import KeyedValues, Motion, Shape

_SHOWN = 6


@dataclass(frozen=True)
class Precision:
    """What a format can hold.

    Attributes
    ----------
    value : float
        Largest error of a number of about 1; of larger ones in proportion.
    time_s : float
        Largest error of a time in seconds.
    turn_deg, place_mm : float
        Of bones, which are products of several numbers of a file.
    """

    value: float
    time_s: float
    turn_deg: float = 0.01
    place_mm: float = 0.01


@dataclass(frozen=True)
class ReadBack:
    """What a file holds beside what it was to hold.

    Attributes
    ----------
    numbers : int
        Shape keys or channels compared.
    keys : int
        Keys that each of them has in the file; the fewest where they differ.
    missing : tuple of str
        What moves and is not in the file.
    value, value_at
        Largest difference, and of what.
    time_s : float
        Largest difference of the times.
    first_frame, last_frame : float
        Of the keys in the file, by its own times.
    expected : (float, float)
        Frames on which they are to be.
    turn_deg, place_mm, bone_at
        Largest differences of bones, and of which; nought without bones.
    precision : Precision
    """

    numbers: int
    keys: int
    missing: tuple[str, ...]
    value: float
    value_at: str
    time_s: float
    first_frame: float
    last_frame: float
    expected: tuple[float, float]
    precision: Precision
    bones: int = 0
    turn_deg: float = 0.0
    place_mm: float = 0.0
    bone_at: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing, and values and times are within the format's precision."""
        return (
            not self.missing
            and self.value <= self.precision.value
            and self.time_s <= self.precision.time_s
            and self.turn_deg <= self.precision.turn_deg
            and self.place_mm <= self.precision.place_mm
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values for a report; units are in the names."""
        return {
            "numbers": self.numbers,
            "keys": self.keys,
            "missing": list(self.missing),
            "largest_value_error": self.value,
            "largest_value_error_at": self.value_at,
            "value_precision": self.precision.value,
            "largest_time_error_s": self.time_s,
            "time_precision_s": self.precision.time_s,
            "first_key_frame": self.first_frame,
            "last_key_frame": self.last_frame,
            "frame_range": list(self.expected),
            "bones": self.bones,
            "largest_bone_turn_error_deg": self.turn_deg,
            "largest_bone_place_error_mm": self.place_mm,
            "largest_bone_error_at": self.bone_at,
            "within_precision": self.is_whole,
        }


def compare_values(
    motion: Motion,
    read: Mapping[Shape, KeyedValues],
    precision: Precision,
    all_seconds: FloatArray | None = None,
) -> ReadBack:
    """Compare numbers of a file with what they were to be.

    Parameters
    ----------
    motion : Motion
        Its shapes; n frames.
    read : mapping
        What the file has. A number that stands still may be there without keys, or not at all
        where it is nought.
    precision : Precision
    all_seconds : (k,), optional
        Times of all keys in the file, those of bones too.

    Notes
    -----
    Keys are compared one by one; where a file has another number of them, what lies at the frames'
    times counts, and the time error is that of the first and the last key.
    """
    seconds = motion.seconds
    missing: list[str] = []
    value, value_at, time_s = 0.0, "", 0.0
    firsts: list[float] = []
    lasts: list[float] = []
    counts: list[int] = []
    if all_seconds is not None and len(all_seconds):
        firsts.append(float(all_seconds[0]))
        lasts.append(float(all_seconds[-1]))
        counts.append(len(all_seconds))
        time_s = _time_error(all_seconds, seconds, one=False)
    for shape, wanted in motion.shapes.items():
        found = read.get(shape)
        if found is None:
            if np.any(wanted):
                missing.append(" ".join(shape))
            continue
        moves = bool(np.ptp(wanted))
        if len(found.seconds):
            firsts.append(float(found.seconds[0]))
            lasts.append(float(found.seconds[-1]))
            counts.append(len(found.seconds))
            time_s = max(time_s, _time_error(found.seconds, seconds, one=not moves))
        elif moves:
            missing.append(" ".join(shape))
            continue
        own = np.abs(_at(found, seconds) - wanted) / np.maximum(1.0, np.abs(wanted))
        worst = float(own.max(initial=0.0))
        if worst > value:
            place = int(np.argmax(own))
            value, value_at = worst, f"{' '.join(shape)} on frame {motion.frames[place]:g}"
    return ReadBack(
        numbers=len(motion.shapes) - len(missing),
        keys=min(counts, default=0),
        missing=_listed(missing),
        value=value,
        value_at=value_at,
        time_s=time_s,
        first_frame=min(firsts, default=0.0) * motion.rate_hz,
        last_frame=max(lasts, default=0.0) * motion.rate_hz,
        expected=(float(motion.frames[0]), float(motion.frames[-1])),
        precision=precision,
    )


def _time_error(found: FloatArray, wanted: FloatArray, *, one: bool) -> float:
    """Largest difference of times; of a number that stands still one key is enough."""
    if len(found) == len(wanted):
        return float(np.abs(found - wanted).max(initial=0.0))
    if one:
        return 0.0
    return max(abs(float(found[0] - wanted[0])), abs(float(found[-1] - wanted[-1])))


def _at(found: KeyedValues, seconds: FloatArray) -> FloatArray:
    """Values at times ``(n,)``: key by key where there are as many, else between the keys."""
    if not len(found.seconds):
        return np.full(len(seconds), found.values[0])
    if len(found.seconds) == len(seconds):
        return found.values
    return np.interp(seconds, found.seconds, found.values)


def compare_bones(motion: Motion, found: Mapping[str, FloatArray]) -> dict[str, Any]:
    """Largest differences of bones ``(n, 4, 4)``: turns in degrees, places in millimetres.

    Parameters
    ----------
    motion : Motion
    found : mapping
        As `Motion.bones`. Compared is what bones make of the place where they begin.

    Returns
    -------
    dict
        ``bones``, ``turn_deg``, ``place_mm``, ``bone_at`` and ``missing``, as `ReadBack` has them.
    """
    missing: list[str] = []
    turn, place, at, count = 0.0, 0.0, "", 0
    for name, wanted in motion.bones.items():
        own = found.get(name)
        if own is None:
            if np.ptp(wanted, axis=0).max(initial=0.0) > 0:
                missing.append(f"bone {name}")
            continue
        count += 1
        turned = np.degrees(_angles(_turns(own), _turns(wanted)))
        head = motion.heads.get(name, np.zeros(3))
        apart: FloatArray = (own - wanted)[:, :3, :3] @ head + (own - wanted)[:, :3, 3]
        moved = 1000.0 * np.abs(apart).max(initial=0.0)
        if float(turned.max(initial=0.0)) > turn:
            turn, at = float(turned.max()), name
        place = max(place, float(moved))
    return {
        "bones": count,
        "turn_deg": turn,
        "place_mm": place,
        "bone_at": at,
        "missing": _listed(missing),
    }


def _turns(matrices: FloatArray) -> FloatArray:
    """The turning parts ``(n, 3, 3)`` of matrices, their scale taken off."""
    part = matrices[:, :3, :3]
    return part / np.linalg.norm(part, axis=1, keepdims=True)


def _angles(one: FloatArray, two: FloatArray) -> FloatArray:
    """Angles ``(n,)`` in radians between turns ``(n, 3, 3)``."""
    # from the distance of the matrices: an arc cosine of nearly 1 knows no small angles
    apart: FloatArray = np.sqrt(((one - two) ** 2).sum(axis=(1, 2)))
    return 2.0 * np.arcsin(np.clip(apart / np.sqrt(8.0), 0.0, 1.0))


def _listed(names: list[str]) -> tuple[str, ...]:
    if len(names) <= _SHOWN:
        return tuple(names)
    return (*names[:_SHOWN], f"{len(names) - _SHOWN} more")
