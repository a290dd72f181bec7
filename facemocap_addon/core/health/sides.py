# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether left is left: what parts of a take say of its sides that must agree in any real face.

A take that is mirrored as a whole, head and all, is the take of a mirrored actor: nothing in it is
wrong, and nothing here can find it. What is found is a take of which a part is mirrored: the head
against the eyes, the angles of the eyes against their coefficients, one part of the face against
another.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import BoolArray, FloatArray
from .columns import Columns
from .coupling import correlation

HEAD = "eyes_and_head"
CONSISTENT, MIRRORED, UNKNOWN = "consistent", "mirrored", "unknown"
#: A statement counts from this strength and sureness on; nothing is surer than the last.
STRONG, SURE, SUREST = 0.3, 0.95, 0.99
#: The head turns from this speed on (radians a second); speeds are over this time (seconds).
_TURNING, _SPEED_S = math.radians(5.0), 0.1
#: Eyes that are faster than so many times the head, and this more (radians a second), dart.
_DART, _DART_MORE = 2.0, math.radians(10.0)
#: One and the same expression lasts about this long (seconds): longer takes say more.
_LOOK_S = 0.5
#: What a look coefficient of 1 stands for (radians); only its sign and rough size matter.
_LOOK = 0.6
#: Differences of left and right below this deviation say nothing.
_LEAST_DIFFERENCE = 0.01
#: Muscles that pull together on one side of a face.
_TOGETHER = (("cheekSquint", "mouthSmile"), ("noseSneer", "mouthUpperUp"))


@dataclass(frozen=True, slots=True)
class SideEvidence:
    """What one comparison says.

    Attributes
    ----------
    name : str
        ``eyes_and_head``, ``eye_angles_and_looks`` or ``muscles``.
    compared : str
        What was compared, for people.
    agreement : float
        From -1 (one of them is mirrored) over 0 (nothing to be told) to 1 (as it must be).
    sure : float
        Probability, 0 to 1, that the sign of the agreement is no chance.
    """

    name: str
    compared: str
    agreement: float
    sure: float

    @property
    def says(self) -> str:
        """``consistent``, ``mirrored`` or ``unknown``."""
        if abs(self.agreement) < STRONG or self.sure < SURE:
            return UNKNOWN
        return CONSISTENT if self.agreement > 0 else MIRRORED

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "name": self.name,
            "compared": self.compared,
            "agreement": self.agreement,
            "sure": self.sure,
            "says": self.says,
        }


@dataclass(frozen=True, slots=True)
class Sides:
    """All evidence, and what follows from it.

    Attributes
    ----------
    verdict : str
        ``mirrored`` where any evidence says so, else ``consistent`` where any does, else
        ``unknown``.
    sure : float
        Of the surest evidence that says so; 0 where none does.
    evidence : tuple of SideEvidence
    """

    verdict: str
    sure: float
    evidence: tuple[SideEvidence, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "verdict": self.verdict,
            "sure": self.sure,
            "evidence": [each.to_json() for each in self.evidence],
        }


def measure_sides(columns: Columns) -> Sides:
    """What a take says of its sides."""
    found = [*_eyes_and_head(columns), *_muscles(columns), *_angles_and_looks(columns)]
    for verdict in (MIRRORED, CONSISTENT):
        said = [each.sure for each in found if each.says == verdict]
        if said:
            return Sides(verdict, max(said), tuple(found))
    return Sides(UNKNOWN, 0.0, tuple(found))


def _eyes_and_head(columns: Columns) -> list[SideEvidence]:
    """While the head turns, eyes that look at something turn back: the vestibulo-ocular reflex."""
    if not columns.has("headYaw"):
        return []
    gaze, seen, named = _gaze(columns)
    if gaze is None:
        return []
    reach = max(1, round(_SPEED_S * columns.take.rate_hz))
    times = columns.take.times
    if len(times) <= reach:
        return []
    seen = seen & columns.seen("headYaw")
    long_s = times[reach:] - times[:-reach]
    there = seen[reach:] & seen[:-reach] & (long_s < 2.0 * _SPEED_S + 1e-9)
    head = columns.series("headYaw")
    head, gaze = ((each[reach:] - each[:-reach]) / long_s for each in (head, gaze))
    used = there & (np.abs(head) > _TURNING) & (np.abs(gaze) < _DART * np.abs(head) + _DART_MORE)
    whole = float(np.abs(head[used]).sum())
    if not whole:
        return []
    # both are positive to the subject's left
    agreement = -float((np.abs(head[used]) * np.sign(head[used] * gaze[used])).sum()) / whole
    compared = f"turns of the head and of the eyes ({named}), which turn back while the head turns"
    return [_evidence(HEAD, compared, agreement, math.sqrt(_turns(head, used)))]


def _turns(head: FloatArray, used: BoolArray) -> float:
    """How many turns of the head there are; small ones beside large ones count less.

    Within one turn eyes may go along by chance; from turn to turn they do not.

    Parameters
    ----------
    head : (m,) float64
        Its speed.
    used : (m,) bool
        Samples that count.
    """
    number = np.concatenate([[0], np.cumsum(np.diff(np.sign(head)) != 0)])
    sizes = np.bincount(number[used], weights=np.abs(head[used]))
    return float(sizes.sum()) ** 2 / float((sizes**2).sum())


def _gaze(columns: Columns) -> tuple[FloatArray | None, BoolArray, str]:
    """How far the eyes look to the subject's left ``(n,)``, where it is known, and from what."""
    looks = ("eyeLookOutLeft", "eyeLookInRight", "eyeLookInLeft", "eyeLookOutRight")
    if columns.has(*looks):
        out, inside, other_in, other_out = (columns.series(name) for name in looks)
        gaze = 0.5 * _LOOK * (out + inside - other_in - other_out)
        return gaze, columns.seen(*looks), "eyeLook coefficients"
    angles = ("leftEyeYaw", "rightEyeYaw")
    if columns.has(*angles):
        gaze = -0.5 * (columns.series(angles[0]) + columns.series(angles[1]))
        return gaze, columns.seen(*angles), "their angles"
    return None, np.zeros(columns.take.samples, np.bool_), ""


def _angles_and_looks(columns: Columns) -> list[SideEvidence]:
    """An eye's yaw and its eyeLookIn and eyeLookOut say the same twice."""
    sums: list[float] = []
    for eye, to_left, to_right in (("left", "Out", "In"), ("right", "In", "Out")):
        side = eye.capitalize()
        names = (f"{eye}EyeYaw", f"eyeLook{to_left}{side}", f"eyeLook{to_right}{side}")
        if not columns.has(*names):
            continue
        seen = columns.seen(*names)
        yaw, one, other = (columns.series(name)[seen] for name in names)
        if len(yaw) > 2 and float(np.std(yaw)) > _LEAST_DIFFERENCE:
            alike = correlation(-yaw, one - other)
            if alike is not None:
                sums.append(alike)
    if not sums:
        return []
    agreement = sum(sums) / len(sums)
    compared = "angles of the eyes and eyeLook coefficients, which say the same twice"
    return [_evidence("eye_angles_and_looks", compared, agreement, _weight(columns, agreement))]


def _muscles(columns: Columns) -> list[SideEvidence]:
    """Muscles of one side pull together: where one cheek rises more, so does that mouth corner."""
    found: list[tuple[float, str]] = []
    for one, other in _TOGETHER:
        names = [f"{stem}{side}" for stem in (one, other) for side in ("Left", "Right")]
        if not columns.has(*names):
            continue
        seen = columns.seen(*names)
        a, b, c, d = (columns.series(name)[seen] for name in names)
        if len(a) < 3 or min(float(np.std(a - b)), float(np.std(c - d))) < _LEAST_DIFFERENCE:
            continue
        alike = correlation(a - b, c - d)
        if alike is not None:
            found.append((alike, f"{one} with {other}"))
    if not found:
        return []
    agreement = sum(alike for alike, _ in found) / len(found)
    compared = "what is stronger on one side: " + " and ".join(name for _, name in found)
    # one pair of muscles alone may disagree in a person; it takes all of them
    against = all((alike < 0) == (agreement < 0) for alike, _ in found) and len(found) > 1
    weight = _weight(columns, agreement) if against or agreement > 0 else 0.0
    return [_evidence("muscles", compared, agreement, weight)]


def _weight(columns: Columns, agreement: float) -> float:
    """How many deviations a correlation is worth, by the take's length (Fisher)."""
    motions = columns.take.duration_s / _LOOK_S
    bounded = min(abs(agreement), 0.999)
    size = math.atanh(bounded) / bounded if bounded > 1e-6 else 1.0
    return size * math.sqrt(max(motions - 3.0, 0.0))


def _evidence(name: str, compared: str, agreement: float, weight: float) -> SideEvidence:
    sure = min(SUREST, math.erf(abs(agreement) * weight / math.sqrt(2.0)))
    return SideEvidence(name, compared, agreement, sure)


def which(sides: Sides, verdict: str) -> Sequence[SideEvidence]:
    """The evidence that says so; what says most of the whole take first."""
    return [each for each in sides.evidence if each.says == verdict]
