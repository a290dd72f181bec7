# SPDX-License-Identifier: GPL-3.0-or-later
"""Channels: what a tracked value means, read from a schema and not guessed from names later."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Any

from .resources import data_file

KINDS = ("weight", "angle", "translation", "point", "pixel")
#: Bytes of the shortest name that a format may have cut (MikuMikuDance motions hold 15).
SHORTEST_CUT = 15


@dataclass(frozen=True, slots=True)
class Channel:
    """One tracked value.

    Attributes
    ----------
    name : str
        Canonical name (Apple's camelCase for the 52 ARKit coefficients), or the recorder's own
        name where no schema knows it.
    kind : str
        ``weight`` (0 to 1), ``angle`` (radians), ``translation`` (metres), ``point`` (metres) or
        ``pixel`` (a point in the picture: x to its right, y down).
    side : str
        The subject's own ``L`` or ``R``, or ``C`` for both or neither.
    partner : str
        Channel that takes its place in a mirrored face; its own name when it stays.
    region : str
        brow, eye, nose, cheek, jaw, mouth, tongue, gaze, head or other.
    range : (float, float)
        Nominal range; real values may pass it.
    neutral : float
        Value of a face at rest.
    original : str
        The name as the file had it.
    sign : float
        Factor of the value when the face is mirrored: -1 for a turn to the side, else 1.
    """

    name: str
    kind: str = "weight"
    side: str = "C"
    partner: str = ""
    region: str = "other"
    range: tuple[float, float] = (0.0, 1.0)
    neutral: float = 0.0
    original: str = ""
    sign: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {KINDS}, not {self.kind!r}")
        if self.side not in ("L", "R", "C"):
            raise ValueError(f"side must be L, R or C, not {self.side!r}")
        if not self.partner:
            object.__setattr__(self, "partner", self.name)
        if not self.original:
            object.__setattr__(self, "original", self.name)

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON document."""
        return {
            "name": self.name,
            "kind": self.kind,
            "side": self.side,
            "partner": self.partner,
            "region": self.region,
            "range": list(self.range),
            "neutral": self.neutral,
            "original": self.original,
            "sign": self.sign,
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> Channel:
        """The channel that `to_json` described."""
        low, high = data["range"]
        rest: dict[str, Any] = {key: value for key, value in data.items() if key != "range"}
        return Channel(range=(float(low), float(high)), **rest)


@cache
def arkit_schema() -> dict[str, Channel]:
    """The 52 ARKit coefficients and the head and eye angles, by canonical name.

    Source: Apple's documentation of ``ARFaceAnchor.BlendShapeLocation`` for the coefficients; the
    angles are those of Live Link Face files, in radians (docs/formats.md has the signs).
    """
    document = json.loads(data_file("arkit52.json").read_text(encoding="utf-8"))
    channels = [Channel.from_json({"original": "", **entry}) for entry in document["channels"]]
    return {channel.name: channel for channel in channels}


@cache
def arkit_names() -> tuple[str, ...]:
    """The 52 coefficient names, in the schema's order."""
    return tuple(name for name, channel in arkit_schema().items() if channel.kind == "weight")


def canonical_channel(original: str) -> Channel | None:
    """The schema's channel for a name in any known spelling, with ``original`` kept; None if none.

    Accepts camelCase, PascalCase, snake_case, ``_L``/``_R`` suffixes, prefixes that end in a
    period, a colon or a double underscore or stand before an underscore
    (``head_blendShapes_eyeBlinkLeft``), and names cut short (15 bytes or more, of which 8 or more
    letters begin one name only).
    """
    found = match_name(original, tuple(arkit_schema()))
    if found is None:
        return None
    channel = arkit_schema()[found]
    return Channel.from_json({**channel.to_json(), "original": original})


def match_name(name: str, candidates: tuple[str, ...]) -> str | None:
    """The candidate that ``name`` spells, or None; exact spellings win over shortened ones.

    A name that holds a second candidate before it (``jawOpen_mouthClose``) is a shape that corrects
    their combination and spells neither.
    """
    table = _spelling_table(candidates)
    spellings = _spellings(name)
    for spelling, dropped in spellings:
        if spelling in table:
            return None if _holds_any(dropped, table) else table[spelling]
    if len(name.encode("utf-8", "replace")) < SHORTEST_CUT:
        return None
    for spelling, dropped in spellings:
        if len(spelling) >= 8 and not _holds_any(dropped, table):
            longer = {table[full] for full in table if full.startswith(spelling)}
            if len(longer) == 1:
                return longer.pop()
    return None


def _holds_any(text: str, table: dict[str, str]) -> bool:
    return any(known in text for known in table)


@cache
def _spelling_table(candidates: tuple[str, ...]) -> dict[str, str]:
    return {squeeze(candidate): candidate for candidate in candidates}


def squeeze(name: str) -> str:
    """Letters and digits of a name, lower case, its side written out at the end.

    >>> squeeze("EYE_BLINK_LEFT"), squeeze("eyeBlink_L"), squeeze("eyeBlink.l")
    ('eyeblinkleft', 'eyeblinkleft', 'eyeblinkleft')
    """
    name = unicodedata.normalize("NFKC", name).strip()
    side = re.search(r"(?:[\s_.\-]|(?<=[a-z0-9]))([LR])$|[\s_.\-]([lr])$", name)
    if side:
        letter = (side.group(1) or side.group(2)).lower()
        name = name[: side.start()] + ("left" if letter == "l" else "right")
    return re.sub(r"[\W_]+", "", name).lower()


def _spellings(name: str) -> list[tuple[str, str]]:
    """(squeezed reading, squeezed prefix that it leaves out), the fullest reading first."""
    name = unicodedata.normalize("NFKC", name).strip()
    readings = [(name, "")]
    for separator in (".", ":", "__", "|"):
        if separator in name:
            before, tail = name.rsplit(separator, 1)
            # "eyeBlink.L": what follows the separator is only a side, not a name
            if len(tail) > 1:
                readings.append((tail, before))
    for reading, before in list(readings):
        parts = [part for part in re.split(r"[_\s]+", reading) if part]
        readings += [
            ("_".join(parts[start:]), "_".join([before, *parts[:start]]))
            for start in range(1, min(len(parts), 5))
        ]
    found: dict[str, str] = {}
    for reading, before in readings:
        if squeezed := squeeze(reading):
            found.setdefault(squeezed, squeeze(before))
    return list(found.items())
