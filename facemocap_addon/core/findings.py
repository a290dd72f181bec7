# SPDX-License-Identifier: GPL-3.0-or-later
"""What a measurement says about a character's controls, in a person's words and briefly."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .controls import ControlKey
from .probing.result import ProbeResult
from .probing.signatures import Signature

#: Regions of signatures as channels name them.
_REGIONS = {"eyeball": "gaze", "lips": "mouth"}
_PLACES = {
    "brow": "brow", "eye": "eyelid", "eyeball": "eyeball", "nose": "nose", "cheek": "cheek",
    "jaw": "jaw", "lips": "lips", "tongue": "tongue", "head": "whole head",
    "other": "outside the face",
}  # fmt: skip
_SIDES = {"L": "left ", "R": "right ", "C": ""}
#: Directions of the face's frame (left, up, front), and their opposites.
_WAYS = (("left", "right"), ("up", "down"), ("forward", "back"))
#: A part of a direction this large is named.
NAMED = 0.5
#: Motions from this linearity are called straight without a figure.
STRAIGHT = 0.995
#: Below this likeness a recognition is not worth showing.
LEAST = 0.35


@dataclass(frozen=True, slots=True)
class Guess:
    """A channel that a control may be, by how it moves the face."""

    channel: str
    control: ControlKey
    gain: float
    confidence: float
    limits: tuple[float, float]


@dataclass(frozen=True)
class Findings:
    """Per control, what it moves (one line for each direction) and where; and what it may be."""

    moves: dict[ControlKey, tuple[str, ...]] = field(
        default_factory=dict[ControlKey, tuple[str, ...]]
    )
    regions: dict[ControlKey, str] = field(default_factory=dict[ControlKey, str])
    guesses: tuple[Guess, ...] = ()

    def to_json(self) -> list[Any]:
        """Plain values, as short as they can be: they are stored in the scene."""
        rows = {key: number for number, key in enumerate(self.moves | self.regions)}
        rows |= {g.control: rows.get(g.control, len(rows)) for g in self.guesses}
        keys = [
            [
                *(key.kind, key.owner, key.path, key.index),
                self.regions.get(key, ""),
                list(self.moves.get(key, ())),
            ]
            for key in rows
        ]
        guesses = [
            [g.channel, rows[g.control], g.gain, g.confidence, *g.limits] for g in self.guesses
        ]
        return [keys, guesses]


def findings_from_json(data: Any) -> Findings:
    """The findings that `Findings.to_json` wrote; none for nothing."""
    if not data:
        return Findings()
    rows: list[list[Any]] = data[0]
    guesses: list[list[Any]] = data[1]
    keys = [ControlKey(*row[:4]) for row in rows]
    return Findings(
        moves={key: tuple(row[5]) for key, row in zip(keys, rows, strict=True) if row[5]},
        regions={key: row[4] for key, row in zip(keys, rows, strict=True) if row[4]},
        guesses=tuple(
            Guess(guess[0], keys[int(guess[1])], guess[2], guess[3], (guess[4], guess[5]))
            for guess in guesses
        ),
    )


def find(result: ProbeResult) -> Findings:
    """What a probing found, for people."""
    moves: dict[ControlKey, list[str]] = {}
    largest: dict[ControlKey, Signature] = {}
    both = {s.control for s in result.signatures if s.sign < 0}
    for signature in sorted(result.signatures, key=lambda s: -s.sign):
        key = signature.control
        sign = ("−: " if signature.sign < 0 else "+: ") if key in both else ""
        moves.setdefault(key, []).append(sign + describe(signature))
        if key not in largest or signature.size_mm > largest[key].size_mm:
            largest[key] = signature
    for key in result.empty:
        moves.setdefault(key, []).append("moves nothing: it is empty")
    for key in result.dead:
        moves.setdefault(key, []).append("moves nothing")
    for key, clause in result.wrong_sides:
        moves.setdefault(key, []).append(clause)
    names = {signature.control: signature.name for signature in result.signatures}
    for later, first in result.duplicates:
        moves.setdefault(later, []).append(f"does what {names.get(first, first.path)} does")
    return Findings(
        moves={key: tuple(lines) for key, lines in moves.items()},
        regions={key: _REGIONS.get(s.region, s.region) for key, s in largest.items()},
        guesses=tuple(
            Guess(source.channel, entry.control, source.gain, sure, entry.limits)
            for entry in result.entries
            for source in entry.sources
            if (sure := result.confidences[source.channel, entry.control]) >= LEAST
        ),
    )


def describe(signature: Signature) -> str:
    """One direction of a control in a few words: ``left eyelid, 9.3 mm down, straight``."""
    place = _SIDES[signature.side] + _PLACES.get(signature.region, signature.region)
    ways = [
        (abs(part), names[0] if part > 0 else names[1])
        for part, names in zip(signature.direction, _WAYS, strict=True)
    ]
    named = [way for size, way in sorted(ways, reverse=True) if size >= NAMED]
    size = f"{signature.size_mm:.3g} mm"
    way = f" {' and '.join(named[:2])}" if named else ""
    share = signature.linearity
    path = "straight" if share >= STRAIGHT else f"{max(share, 0.0):.0%} straight"
    return f"{place}, {size}{way}, {path}"
