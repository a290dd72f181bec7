# SPDX-License-Identifier: GPL-3.0-or-later
r"""Rig maps: which channels drive which controls, as a JSON file that a person can read and edit.

.. code-block:: json

    {"schema": 1, "rig": "arkit_head",
     "entries": [{"control": {"kind": "shape_key", "owner": "head", "path":
                  "key_blocks[\"jawOpen\"].value", "index": 0},
                  "sources": [{"channel": "jawOpen", "gain": 1.0}], "offset": 0.0,
                  "limits": [0.0, 1.0], "confidence": 1.0, "how": "name"}],
     "unmatched_channels": [], "unmatched_controls": []}

Three parts are there only where they are needed. A source with ``"over": "jawOpen"`` counts as a
part of that channel. An entry's ``"response": [[0, 0], [0.5, 0.3], [1, 1]]`` bends its sum before
the offset and the limits (`response.respond`). ``fits`` names controls whose values are found
together, frame by frame:

.. code-block:: json

    "fits": [{"targets": [[{"kind": "shape_key", "owner": "head", "path": "...", "index": 0}]],
              "channels": ["jawOpen", "mouthClose"], "looks": [[0.55, 0.0]],
              "sum_at_most_one": [0], "less": {"jawOpen": "mouthClose"}}]

Each target is one shape on all of its meshes, each row of ``looks`` what it looks like in the
channels at 1; ``less`` names what is taken off a channel first. Entries that a person has changed
(``"how": "hand"``) go by their sources again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from ..controls import BONE, KINDS, ControlKey
from ..errors import FacemocapError
from ..json_documents import read_document, write_document
from .response import Response, check_response

SCHEMA = 1
#: How an entry came to be.
HOW = ("name", "probe", "hand")
#: Lists of what found no partner.
UNMATCHED = ("unmatched_channels", "unmatched_controls")


@dataclass(frozen=True, slots=True)
class Source:
    """A channel's share of a control: ``gain`` times the channel's value.

    With ``over`` the value counts as a part of that channel's, within 0 and 1.
    """

    channel: str
    gain: float = 1.0
    over: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON document."""
        return {"channel": self.channel, "gain": self.gain} | (
            {"over": self.over} if self.over else {}
        )


@dataclass(frozen=True, slots=True)
class RigMapEntry:
    """One control and what drives it: sum of gains times channels, plus offset, within limits.

    ``response`` bends the sum before the offset and the limits; empty means straight.
    """

    control: ControlKey
    sources: tuple[Source, ...]
    offset: float = 0.0
    limits: tuple[float, float] = (0.0, 1.0)
    confidence: float = 1.0
    how: str = "name"
    response: Response = ()

    def __post_init__(self) -> None:
        low, high = self.limits
        numbers = (self.offset, low, high, self.confidence, *(s.gain for s in self.sources))
        if not all(math.isfinite(number) for number in numbers):
            raise ValueError("offset, limits, confidence and gains must be finite numbers")
        if low > high:
            raise ValueError(f"limits must be [low, high], not [{low}, {high}]")
        if self.how not in HOW:
            raise ValueError(f"how must be one of {', '.join(HOW)}, not {self.how!r}")
        check_response(self.response)

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON document."""
        return {
            "control": _key_to_json(self.control),
            "sources": [source.to_json() for source in self.sources],
            "offset": self.offset,
            "limits": list(self.limits),
            "confidence": self.confidence,
            "how": self.how,
        } | ({"response": [list(point) for point in self.response]} if self.response else {})


@dataclass(frozen=True, slots=True)
class Fit:
    """Controls whose values are the mix of shapes that comes nearest to the channels.

    Attributes
    ----------
    targets : tuple of tuple of ControlKey, length k
        One shape each, on all of its meshes.
    channels : tuple of str, length c
    looks : tuple of tuple of float, (k, c)
        What each target looks like at 1, in the channels.
    sum_at_most_one : tuple of int
        Targets whose sum is at most one.
    less : tuple of (str, str)
        Channel, and the channel that is taken off it, down to nought, before anything else.
    """

    targets: tuple[tuple[ControlKey, ...], ...]
    channels: tuple[str, ...]
    looks: tuple[tuple[float, ...], ...]
    sum_at_most_one: tuple[int, ...] = ()
    less: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if len(self.looks) != len(self.targets):
            raise ValueError("a fit needs one row of looks for each target")
        if any(len(look) != len(self.channels) for look in self.looks):
            raise ValueError("looks need one number for each channel")
        if not all(math.isfinite(number) for look in self.looks for number in look):
            raise ValueError("looks must be finite numbers")
        if not all(0 <= number < len(self.targets) for number in self.sum_at_most_one):
            raise ValueError("sum_at_most_one must hold numbers of targets, from 0")

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON document."""
        return {
            "targets": [[_key_to_json(key) for key in target] for target in self.targets],
            "channels": list(self.channels),
            "looks": [list(look) for look in self.looks],
            "sum_at_most_one": list(self.sum_at_most_one),
            "less": dict(self.less),
        }


@dataclass(frozen=True, slots=True)
class RigMap:
    """What a character's controls are driven by, and what found no partner on either side."""

    rig: str
    entries: tuple[RigMapEntry, ...]
    unmatched_channels: tuple[str, ...] = ()
    unmatched_controls: tuple[str, ...] = ()
    fits: tuple[Fit, ...] = ()

    @property
    def channels(self) -> tuple[str, ...]:
        """Channels that drive something, each once, in the entries' order, then the fits'."""
        fitted = (
            channel
            for fit in self.fits
            for place, channel in enumerate(fit.channels)
            if any(look[place] for look in fit.looks)
        )
        summed = (source.channel for entry in self.entries for source in entry.sources)
        return tuple(dict.fromkeys([*summed, *fitted]))

    @property
    def covered(self) -> frozenset[str]:
        """Channels whose content reaches the character.

        Besides those that drive something, the eye angles where the eyeLook coefficients of that
        eye do, and the coefficients where the angles do: they say the same once more.
        """
        found = set(self.channels)
        for side in ("Left", "Right"):
            angles = {f"{side.lower()}Eye{angle}" for angle in ("Yaw", "Pitch", "Roll")}
            looks = {f"eyeLook{way}{side}" for way in ("Out", "In", "Up", "Down")}
            if (angles | looks) & set(self.channels):
                found |= angles
            # the angles' own two halves
            for angle, ways in (("Yaw", ("Out", "In")), ("Pitch", ("Up", "Down"))):
                if f"{side.lower()}Eye{angle}" in self.channels:
                    found |= {f"eyeLook{way}{side}" for way in ways}
        return frozenset(found)

    def with_entry(self, entry: RigMapEntry) -> RigMap:
        """A map in which ``entry`` stands for its control."""
        others = tuple(e for e in self.entries if e.control != entry.control)
        return replace(self, entries=(*others, entry))

    def without(self, control: ControlKey) -> RigMap:
        """A map in which nothing drives ``control``."""
        return replace(self, entries=tuple(e for e in self.entries if e.control != control))

    def to_json(self) -> dict[str, Any]:
        """Plain values in the order a person reads them."""
        return {
            "schema": SCHEMA,
            "rig": self.rig,
            "entries": [entry.to_json() for entry in self.entries],
            "unmatched_channels": list(self.unmatched_channels),
            "unmatched_controls": list(self.unmatched_controls),
        } | ({"fits": [fit.to_json() for fit in self.fits]} if self.fits else {})


def rig_map_from_json(data: Any, name: str) -> RigMap:
    """The map of a JSON document; ``name`` is for messages.

    Raises
    ------
    FacemocapError
        Naming the entry that is wrong, or when the schema is newer than the program's.
    """
    if not isinstance(data, dict) or "entries" not in data or "schema" not in data:
        raise FacemocapError(
            f'"{name}" is no rig map', "Make one with `facemocap map FILE --out MAP.json`"
        )
    document = cast(dict[str, Any], data)
    if document["schema"] != SCHEMA:
        raise FacemocapError(
            f'"{name}" has rig map schema {document["schema"]}, this Face Mocap reads {SCHEMA}',
            "Update Face Mocap, or make the map again",
        )
    lists = [document.get(part, []) for part in ("entries", *UNMATCHED, "fits")]
    if not all(isinstance(part, list) for part in lists):
        raise FacemocapError(
            f'"{name}" is no rig map: entries, {", ".join(UNMATCHED)} and fits must be lists',
            "Repair the file or make the map again",
        )
    entries: list[RigMapEntry] = []
    for number, item in enumerate(lists[0], 1):
        try:
            entries.append(_entry_from_json(item))
        except KeyError as problem:
            raise _bad_entry(name, number, f"{problem.args[0]} is missing") from problem
        except (TypeError, ValueError, AttributeError, OverflowError) as problem:
            raise _bad_entry(name, number, str(problem)) from problem
    try:
        fits = tuple(_fit_from_json(item) for item in lists[3])
    except KeyError as problem:
        raise _bad_fit(name, f"{problem.args[0]} is missing") from problem
    except (TypeError, ValueError, AttributeError, OverflowError) as problem:
        raise _bad_fit(name, str(problem)) from problem
    twice = {entry.control for entry in entries}
    if len(twice) != len(entries):
        raise FacemocapError(
            f'"{name}" has two entries for one control', "Keep one, with both sources in it"
        )
    return RigMap(
        rig=str(document.get("rig", "")),
        entries=tuple(entries),
        unmatched_channels=tuple(map(str, lists[1])),
        unmatched_controls=tuple(map(str, lists[2])),
        fits=fits,
    )


def read_rig_map(path: Path) -> RigMap:
    """Read a rig map file; errors as `rig_map_from_json`."""
    return rig_map_from_json(read_document(path, "make the map again"), path.name)


def write_rig_map(rig_map: RigMap, path: Path) -> None:
    """Write a rig map file, whole or not at all."""
    write_document(rig_map.to_json(), path)


def _key_to_json(key: ControlKey) -> dict[str, Any]:
    return {"kind": key.kind, "owner": key.owner, "path": key.path, "index": key.index}


def _key_from_json(control: Any) -> ControlKey:
    if control["kind"] not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {control['kind']!r}")
    index = int(control.get("index", 0))
    if index not in (range(3) if control["kind"] == BONE else range(1)):
        raise ValueError(f"index must be 0 to 2 for bones and 0 for others, not {index}")
    return ControlKey(str(control["kind"]), str(control["owner"]), str(control["path"]), index)


def _entry_from_json(item: Any) -> RigMapEntry:
    low, high = item["limits"]
    return RigMapEntry(
        control=_key_from_json(item["control"]),
        sources=tuple(
            Source(
                str(source["channel"]), float(source.get("gain", 1.0)), str(source.get("over", ""))
            )
            for source in item["sources"]
        ),
        offset=float(item.get("offset", 0.0)),
        limits=(float(low), float(high)),
        confidence=float(item.get("confidence", 1.0)),
        how=str(item.get("how", "hand")),
        response=tuple(_point_from_json(point) for point in item.get("response", ())),
    )


def _point_from_json(point: Any) -> tuple[float, float]:
    if not isinstance(point, list) or len(cast(list[Any], point)) != 2:
        raise ValueError("response must be a list of points [in, out]")
    before, after = cast(list[Any], point)
    return float(before), float(after)


def _fit_from_json(item: Any) -> Fit:
    return Fit(
        targets=tuple(tuple(map(_key_from_json, target)) for target in item["targets"]),
        channels=tuple(map(str, item["channels"])),
        looks=tuple(tuple(map(float, look)) for look in item["looks"]),
        sum_at_most_one=tuple(map(int, item.get("sum_at_most_one", ()))),
        less=tuple((str(name), str(off)) for name, off in item.get("less", {}).items()),
    )


def _bad_fit(name: str, problem: str) -> FacemocapError:
    return FacemocapError(f'A fit of the rig map "{name}" is wrong: {problem}', "Mend it")


def _bad_entry(name: str, number: int, problem: str) -> FacemocapError:
    return FacemocapError(f'Entry {number} of the rig map "{name}" is wrong: {problem}', "Mend it")
