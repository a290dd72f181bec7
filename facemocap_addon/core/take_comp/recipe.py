# SPDX-License-Identifier: GPL-3.0-or-later
r"""Recipes of comps: which take plays where on which part of the face, as JSON.

.. code-block:: json

    {"schema": 1, "name": "scene 4", "base": "two",
     "takes": {"two": {"file": "take2.csv"}, "five": {"file": "take5.csv", "offset_s": 0.4}},
     "stretches": [{"take": "five", "regions": ["mouth", "jaw"], "start_s": 2.0, "end_s": 5.5}],
     "search_s": 0.4, "longest_s": 1.0}

The base plays wherever no stretch does; its samples are those of the result. Seconds count from the
base's first sample; ``offset_s`` is where another take's first sample lies. A stretch without
``start_s`` begins with the take, without ``end_s`` it goes on to the end; without regions and
channels it is the whole face. Later stretches lie on earlier ones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ..errors import FacemocapError
from ..json_documents import read_document
from ..stack.regions import REGIONS

SCHEMA = 1
SIDES = ("", "L", "R", "C")


@dataclass(frozen=True, slots=True)
class Member:
    """A take of a comp.

    Attributes
    ----------
    file : str
        Where it is read from; a path from the recipe's folder. Empty where it is given.
    offset_s : float
        Seconds from the base's first sample to its own.
    digest : str
        Its samples' digest, where that is known.
    """

    file: str = ""
    offset_s: float = 0.0
    digest: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON document."""
        out: dict[str, Any] = {"file": self.file} if self.file else {}
        out |= {"offset_s": self.offset_s} if self.offset_s else {}
        return out | ({"digest": self.digest} if self.digest else {})


@dataclass(frozen=True, slots=True)
class Stretch:
    """Where another take plays, on which part of the face.

    Attributes
    ----------
    take : str
        Name of one of the recipe's takes.
    regions : tuple of str
        Of `REGIONS`; with ``channels`` empty too it is the whole face.
    channels : tuple of str
        Single channels besides.
    side : str
        L, R or C: of the regions only these channels. Empty for all.
    start_s, end_s : float or None
        Seconds after the base's first sample; seams are looked for near them.
    """

    take: str
    regions: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    side: str = ""
    start_s: float | None = None
    end_s: float | None = None

    def __post_init__(self) -> None:
        unknown = [region for region in self.regions if region not in REGIONS]
        if unknown:
            raise ValueError(f"regions are {', '.join(REGIONS)}, not {unknown[0]!r}")
        if self.side not in SIDES:
            raise ValueError(f"side must be L, R or C, not {self.side!r}")
        given = [second for second in (self.start_s, self.end_s) if second is not None]
        if not all(map(math.isfinite, given)):
            raise ValueError("start_s and end_s must be finite numbers")
        if len(given) == 2 and not given[0] < given[1]:
            raise ValueError(f"start_s must be before end_s, not {given[0]:g} and {given[1]:g}")

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON document."""
        out: dict[str, Any] = {"take": self.take}
        for name in ("regions", "channels"):
            if getattr(self, name):
                out[name] = list(getattr(self, name))
        for name in ("side", "start_s", "end_s"):
            if getattr(self, name) not in ("", None):
                out[name] = getattr(self, name)
        return out


@dataclass(frozen=True, slots=True)
class Recipe:
    """A comp.

    Attributes
    ----------
    base : str
    takes : mapping of str to Member
    stretches : tuple of Stretch
    name : str
        What the result is called.
    search_s : float
        Seams lie at most this far from where they are asked for.
    longest_s : float
        Seams are at most this long.
    """

    base: str
    takes: Mapping[str, Member]
    stretches: tuple[Stretch, ...]
    name: str = "comp"
    search_s: float = 0.4
    longest_s: float = 1.0

    def __post_init__(self) -> None:
        wanted = (self.base, *(stretch.take for stretch in self.stretches))
        missing = [name for name in wanted if name not in self.takes]
        if missing:
            raise ValueError(f"there is no take {missing[0]!r} among {', '.join(self.takes)}")
        if not (0.0 <= self.search_s <= 30.0 and 0.0 < self.longest_s <= 30.0):
            raise ValueError("search_s and longest_s must be from 0 to 30 seconds")

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON document."""
        return {
            "schema": SCHEMA,
            "name": self.name,
            "base": self.base,
            "takes": {name: member.to_json() for name, member in self.takes.items()},
            "stretches": [stretch.to_json() for stretch in self.stretches],
            "search_s": self.search_s,
            "longest_s": self.longest_s,
        }


def read_recipe(path: Path) -> Recipe:
    """The recipe of a file; errors as `recipe_from_json`."""
    return recipe_from_json(read_document(path, "write the recipe again"), path.name)


def recipe_from_json(data: Any, name: str) -> Recipe:
    """The recipe that a JSON document describes; ``name`` is for messages.

    Raises
    ------
    FacemocapError
        When it is none, with what is wrong.
    """
    try:
        document = _object(data, "a recipe")
        if int(document["schema"]) > SCHEMA:
            raise FacemocapError(
                f'"{name}" is a recipe of a newer Face Mocap (schema {document["schema"]})',
                "Update Face Mocap",
            )
        takes = _object(document["takes"], "takes")
        return Recipe(
            base=str(document["base"]),
            takes={str(key): _member(_object(item, f"take {key}")) for key, item in takes.items()},
            stretches=tuple(_stretch(_object(item, "a stretch")) for item in document["stretches"]),
            name=str(document.get("name", "comp")),
            search_s=float(document.get("search_s", 0.4)),
            longest_s=float(document.get("longest_s", 1.0)),
        )
    except (KeyError, TypeError, ValueError) as problem:
        what = f"lacks {problem}" if isinstance(problem, KeyError) else str(problem)
        raise FacemocapError(
            f'"{name}" is no recipe of a comp: {what}', "See docs/take-comp.md for one that is"
        ) from problem


def _object(data: Any, what: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise TypeError(f"{what} must be an object with names and values")
    return cast("dict[str, Any]", data)


def _member(item: dict[str, Any]) -> Member:
    _known(item, ("file", "offset_s", "digest"))
    offset = float(item.get("offset_s", 0.0))
    if not math.isfinite(offset):
        raise ValueError("offset_s must be a finite number")
    return Member(str(item.get("file", "")), offset, str(item.get("digest", "")))


def _stretch(item: dict[str, Any]) -> Stretch:
    _known(item, ("take", "regions", "channels", "side", "start_s", "end_s"))
    start, end = item.get("start_s"), item.get("end_s")
    return Stretch(
        take=str(item["take"]),
        regions=tuple(str(region) for region in item.get("regions", ())),
        channels=tuple(str(channel) for channel in item.get("channels", ())),
        side=str(item.get("side", "")),
        start_s=None if start is None else float(start),
        end_s=None if end is None else float(end),
    )


def _known(item: dict[str, Any], names: tuple[str, ...]) -> None:
    unknown = [name for name in item if name not in names]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is none of {', '.join(names)}")
