# SPDX-License-Identifier: GPL-3.0-or-later
"""Which anatomical places the points of a take are, by their names.

Landmarks of known sets have names of their own (``lm68_30``, ``mp_001``). Names of markers are
taken apart into words for regions, sides and positions (``data/marker_places.json``), also where
they are written together: ``Leyebrow_Inside``, ``RBRO1``. Of several with one meaning the order
from the middle of the face outwards tells which is which.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from ..arrays import FloatArray
from ..resources import data_file
from ..rig_maps.side_names import name_words
from .places import template

FILE = "marker_places.json"
#: How a point was told.
NAME, SET, HAND, NEAREST = "name", "set", "hand", "nearest"
#: How much less sure a place is that only the order of several points tells.
IN_ORDER = 1.5
_SET = re.compile(r"(lm68|mp)_\d{2,3}")


@dataclass(frozen=True)
class Meant:
    """The place that a point is.

    ``spread`` says how exactly its name tells the place, in eye distances.
    """

    place: str
    how: str
    spread: float


@dataclass(frozen=True)
class Words:
    """What the words of a marker's name mean."""

    region: str
    side: str
    positions: frozenset[str]
    middle: bool = False


@dataclass(frozen=True)
class _Table:
    meanings: Mapping[str, tuple[tuple[str, str], ...]]
    places: Mapping[str, Mapping[str, list[str]]]


@cache
def _table() -> _Table:
    document = json.loads(data_file(FILE).read_text(encoding="utf-8"))
    meanings: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for kind in ("sides", "positions", "regions"):
        for meaning, words in document[kind].items():
            for word in words:
                meanings[word.replace(" ", "")].append((kind, meaning))
    for word in document["elsewhere"]:
        meanings[word].append(("elsewhere", ""))
    return _Table({word: tuple(each) for word, each in meanings.items()}, document["places"])


def read_name(name: str) -> Words | None:
    """What the name of a marker says; None for one that names no part of the face.

    >>> read_name("Leyebrow_Inside")
    Words(region='brow', side='L', positions=frozenset({'inner'}), middle=False)
    """
    own = name.rpartition(":")[2]
    words = [word for word in name_words(own) if not word.isdigit()]
    parts = _split("".join(words), _starts(words))
    if parts is None:
        return None
    meanings = [_table().meanings[part] for part in parts]
    if any(kind == "elsewhere" for each in meanings for kind, _ in each):
        return None
    regions = [m for each in meanings for kind, m in each if kind == "regions"]
    sides = [m for each in meanings for kind, m in each if kind == "sides"]
    if not regions:
        return None
    region = max(regions, key=lambda each: (each in ("brow", "lid", "mouth corner"), len(each)))
    side = next((each for each in sides if each in "LR"), "")
    positions = {
        meaning
        for part, each in zip(parts, meanings, strict=True)
        for kind, meaning in each
        # a word that is a region is no position beside it: the nostril, the fore-head
        if kind == "positions" and (not _is_region(part) or len(regions) > 1)
    }
    return Words(region, side, frozenset(positions), "M" in sides)


def identify(
    names: Sequence[str], places: FloatArray, known: Mapping[str, str] | None = None
) -> dict[int, Meant]:
    """Which place each point is, by row; points that no name tells are left out.

    Parameters
    ----------
    names : sequence of str, length p
    places : (p, 3)
        The neutral face, x to the actor's left; NaN for points that are not there.
    known : mapping of str to str, optional
        What a person said: places by the points' names. It counts before all else.
    """
    spread = template().spread
    out: dict[int, Meant] = {}
    read: dict[int, Words] = {}
    for row, name in enumerate(names):
        given = (known or {}).get(name)
        if given is not None:
            out[row] = Meant(given, HAND, min(0.02, spread.get(given, 0.02)))
        elif _SET.fullmatch(name):
            if name in spread:
                out[row] = Meant(name, SET, spread[name])
        else:
            words = read_name(name)
            if words is not None:
                read[row] = words
    taken = {each.place for each in out.values()}
    told = _by_words(read, places).items()
    return out | {row: meant for row, meant in told if meant.place not in taken}


def _by_words(read: Mapping[int, Words], places: FloatArray) -> dict[int, Meant]:
    """Places of rows whose names were read; those of one meaning in order from the middle."""
    middle = _middle(read, places)
    groups: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for row, words in read.items():
        key = _place_key(words)
        if key is not None:
            groups[words.region, key, words.side].append(row)
    spread = template().spread
    out: dict[int, Meant] = {}
    taken: set[str] = set()
    # names that say more come first: RBRO_in before RBRO1
    for (region, key, side), rows in sorted(groups.items(), key=lambda each: each[0][1] == "side"):
        stems = _table().places[region][key]
        each = [stem if stem in spread else f"{stem}_{side}" for stem in stems]
        free = [place for place in each if place in spread and place not in taken]
        order = sorted(rows, key=lambda row: _away(places[row], middle))
        factor = 1.0 if len(rows) == 1 and len(stems) == 1 else IN_ORDER
        for row, place in zip(order, _spaced(free, len(order)), strict=False):
            out[row] = Meant(place, NAME, factor * spread[place])
            taken.add(place)
    return out


def _spaced(free: list[str], count: int) -> list[str]:
    """``count`` of the places from the middle outwards; one alone is the one in the middle."""
    if count >= len(free):
        return free
    steps = np.linspace(0, len(free) - 1, count) if count > 1 else [(len(free) - 1) // 2]
    return [free[round(float(step))] for step in steps]


def _place_key(words: Words) -> str | None:
    """The entry of the table for what a name says."""
    entries = _table().places[words.region]
    own = words.positions
    tries: list[str] = []
    if not words.side:
        tries += [f"{position} middle" for position in sorted(own)]
        tries += [each for each in ("tip", "upper", "lower", "base") if each in own]
        tries += ["middle"]
        found = next((each for each in tries if each in entries), None)
        if found is None or " " in found or found == "middle":
            return found
        # a place with two sides needs one named
        return found if entries[found][0] in template().spread else None
    if "corner" in own:
        tries += [f"corner {position}" for position in sorted(own)]
    if words.region == "nose":
        return "side"
    if words.middle:
        tries.append("side M")
    tries += [each for each in ("corner", "inner", "outer", "upper", "lower") if each in own]
    tries.append("side")
    return next((each for each in tries if each in entries), None)


def _middle(read: Mapping[int, Words], places: FloatArray) -> float:
    """Where the middle of the face is, to the side."""
    sides = {
        side: np.array([places[row, 0] for row, words in read.items() if words.side == side])
        for side in ("", "L", "R")
    }
    means = {
        side: float(np.nanmedian(own))
        for side, own in sides.items()
        if len(own) and np.isfinite(own).any()
    }
    if "L" in means and "R" in means:
        return 0.5 * (means["L"] + means["R"])
    return means.get("", 0.0)


def _away(place: FloatArray, middle: float) -> float:
    away = abs(float(place[0]) - middle)
    return away if np.isfinite(away) else np.inf


def _is_region(part: str) -> bool:
    return any(kind == "regions" for kind, _ in _table().meanings[part])


def _starts(words: Sequence[str]) -> frozenset[int]:
    """Where in the joined text words begin."""
    return frozenset(np.cumsum([0, *map(len, words)]).tolist())


def _split(text: str, starts: frozenset[int]) -> list[str] | None:
    """The fewest known words that make up a text; a break that was written is rather kept."""
    best: list[tuple[float, list[str]] | None] = [(0.0, list[str]()), *([None] * len(text))]
    for end in range(1, len(text) + 1):
        for begin in range(end):
            before = best[begin]
            if before is None or text[begin:end] not in _table().meanings:
                continue
            # single letters are believed where they stand alone or at an end
            cost = 1.0 + (0.5 if end - begin == 1 and begin not in starts else 0.0)
            cost += sum(1.1 for start in starts if begin < start < end)
            found = (before[0] + cost, [*before[1], text[begin:end]])
            current = best[end]
            if current is None or found[0] < current[0]:
                best[end] = found
    whole = best[len(text)]
    return whole[1] if whole is not None and whole[1] else None


def is_of_set(name: str) -> bool:
    """Whether a name is one of a known set of landmarks, wherever that lies."""
    return _SET.fullmatch(name) is not None
