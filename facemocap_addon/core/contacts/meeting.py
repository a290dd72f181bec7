# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a character's lids meet and its lips seal: what no coefficient says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..controls import ControlKey
from ..rig_maps.rig_map import RigMap
from .closing import HALVINGS, Measure
from .face_contacts import LEFT_LIDS, MOUTH, RIGHT_LIDS, FaceContacts
from .gaps import gap, separations
from .part import BLINKS, MOST_BLINK, SEALED_GAP, SHUT_GAP, pose_values

#: Amounts of eyeBlink and of mouthClose that are tried.
BLINK_LEVELS = np.linspace(0.0, MOST_BLINK, 61)
SEAL_LEVELS = np.linspace(0.0, 1.5, 31)
#: Openings of the jaw at which the lips are sealed.
JAW_LEVELS = (0.1, 0.2, 0.3, 0.5)
_EYES = {LEFT_LIDS: "Left eye", RIGHT_LIDS: "Right eye"}


@dataclass(frozen=True)
class Meeting:
    """What it takes to close a character's openings.

    Attributes
    ----------
    rest_mm : mapping of str to float
        Mean distance of the edges at rest over the middle half of each opening.
    mouth_mm : float or None
        Width of the mouth; None without one.
    shut : mapping of str to float or None
        Value of eyeBlink at which the lids meet, for ``left_lids`` and ``right_lids``; None where
        three times its full value does not shut the eye. Beyond 1 the shape itself falls short.
    seal : tuple of (jaw, close)
        Value of mouthClose at which the lips seal when jawOpen is ``jaw``; None where they do not.
    """

    rest_mm: Mapping[str, float]
    mouth_mm: float | None
    shut: Mapping[str, float | None]
    seal: tuple[tuple[float, float | None], ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values; millimetres to the hundredth, amounts to the thousandth."""
        return {
            "rest_mm": {name: round(size, 2) for name, size in self.rest_mm.items()},
            "mouth_mm": None if self.mouth_mm is None else round(self.mouth_mm, 2),
            "shut": {name: _short(value) for name, value in self.shut.items()},
            "seal": [[jaw, _short(close)] for jaw, close in self.seal],
        }

    def sentences(self) -> tuple[str, ...]:
        """One line for each opening, for people."""
        lines: list[str] = []
        for name, value in self.shut.items():
            side = BLINKS[name]
            way = f"shut at {side} {value:.2f}" if value is not None else f"{side} does not shut it"
            lines.append(f"{_EYES[name]}: {self.rest_mm[name]:.1f} mm open at rest, {way}")
        if self.mouth_mm is not None:
            sealed = [(jaw, close) for jaw, close in self.seal if close is not None]
            ways = [f"{close:.2f} at jawOpen {jaw:g}" for jaw, close in sealed]
            way = f"sealed by mouthClose {', '.join(ways)}" if ways else "mouthClose seals nothing"
            rest = self.rest_mm[MOUTH]
            lines.append(f"Lips: {rest:.1f} mm apart at rest, {self.mouth_mm:.0f} mm wide; {way}")
        return tuple(lines)


def meeting_from_json(data: Any) -> Meeting:
    """The meeting that `Meeting.to_json` wrote."""
    return Meeting(
        rest_mm={str(name): float(size) for name, size in data["rest_mm"].items()},
        mouth_mm=None if data["mouth_mm"] is None else float(data["mouth_mm"]),
        shut={str(n): None if v is None else float(v) for n, v in data["shut"].items()},
        seal=tuple((float(j), None if c is None else float(c)) for j, c in data["seal"]),
    )


def meeting_poses(rig_map: RigMap, controls: tuple[ControlKey, ...]) -> FloatArray:
    """Control values ``(r, c)`` that `find_meeting` wants to be measured, in its own order."""
    rest = pose_values(rig_map, controls, {})
    parts = [rest[None]]
    for channel in BLINKS.values():
        direction = pose_values(rig_map, controls, {channel: 1.0}) - rest
        parts.append(rest + BLINK_LEVELS[:, None] * direction)
    wide = pose_values(rig_map, controls, {"jawOpen": 1.0})
    close = pose_values(rig_map, controls, {"jawOpen": 1.0, "mouthClose": 1.0}) - wide
    for jaw in JAW_LEVELS:
        opened = pose_values(rig_map, controls, {"jawOpen": jaw})
        parts.append(opened + SEAL_LEVELS[:, None] * close)
    return np.concatenate(parts)


def find_meeting(contacts: FaceContacts, poses: FloatArray, measure: Measure) -> Meeting:
    """Where lids meet and lips seal.

    Parameters
    ----------
    contacts : FaceContacts
    poses : (r, c)
        Those of `meeting_poses`.
    measure : callable
        Separations in per cent of the openings for control values.
    """
    seen = measure(poses)
    blinks, jaws = len(BLINK_LEVELS), len(SEAL_LEVELS)
    shut: dict[str, float | None] = {}
    for place, name in enumerate(BLINKS):
        if name in seen:
            first = 1 + place * blinks
            shut[name] = _reached(BLINK_LEVELS, seen[name][first : first + blinks], SHUT_GAP)
    start = 1 + len(BLINKS) * blinks
    seal: list[tuple[float, float | None]] = []
    for place, jaw in enumerate(JAW_LEVELS if MOUTH in seen else ()):
        first = start + place * jaws
        found = _reached(SEAL_LEVELS, seen[MOUTH][first : first + jaws], SEALED_GAP)
        seal.append((jaw, found))
    rest_mm = {
        name: 1e3 * float(gap(separations(opening, contacts.rest, contacts.up)))
        for name, opening in contacts.openings.items()
    }
    width = 1e3 * contacts.unit_m(MOUTH) if MOUTH in contacts.openings else None
    return Meeting(rest_mm, width, shut, tuple(seal))


def _reached(levels: FloatArray, separated: FloatArray, least: float) -> float | None:
    """Level at which separations ``(l, k)`` first leave a gap of ``least``.

    Each point moves on straight lines between the levels.
    """
    below = np.flatnonzero(gap(separated) <= least)
    if not len(below):
        return None
    place = int(below[0])
    if place == 0:
        return float(levels[0])
    before, after = separated[place - 1], separated[place]
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        closed = gap(before + middle * (after - before)) <= least
        low, high = (low, middle) if closed else (middle, high)
    return float(levels[place - 1] + high * (levels[place] - levels[place - 1]))


def told_meeting(part: Mapping[str, Any] | None) -> Sequence[str]:
    """Sentences about the openings of a measurement's contacts; none where none were found."""
    found = (part or {}).get("meeting")
    return meeting_from_json(found).sentences() if found else ()


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
