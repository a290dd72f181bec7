# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the frames of coefficients in a JSON document, however its writer arranged it.

There is no standard. What occurs:

==========  ====================================================================================
records     a list of objects, one a frame (or an object of them, under numbers or times). The
            coefficients are a mapping by name, a list of {name, score}, a list of names beside a
            list of values, or a row of numbers whose names stand elsewhere in the document
rows        a list of rows of numbers, their names elsewhere
series      a mapping of names to lists of numbers, one number a frame
==========  ====================================================================================

The document is walked once; of all that could be frames, the one with the most coefficients wins.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

from .coefficient_takes import is_coefficient
from .json_values import as_dict, as_list, is_holder, is_number, is_row, squeezed, texts_of

_DEEPEST = 7
_MOST_VISITED = 20_000
_SAMPLE = 48
_MOST_PLACES = 200
_NAME_KEYS = ("categoryname", "category", "name", "label", "displayname", "key", "blendshape", "id",
              "shape", "blendshapename", "blendshapelocation")  # fmt: skip
_VALUE_KEYS = ("score", "value", "weight", "coefficient", "val", "intensity", "v", "w")

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the coefficients are within a frame.

    Attributes
    ----------
    path : tuple of str or int
        Keys from the frame on; 0 is the first of a list (the first face).
    kind : str
        ``mapping``, ``pairs``, ``beside`` or ``row``.
    keys : tuple of str
        Of a pair's name and value, or of the two lists beside each other.
    names : tuple of str
        Of a row.
    known : int
        How many of the names are coefficients.
    """

    path: Path
    kind: str
    keys: tuple[str, str] = ("", "")
    names: tuple[str, ...] = ()
    known: int = 0


@dataclass(frozen=True, slots=True)
class Frames:
    """Frames that were found.

    Attributes
    ----------
    frames : sequence
        Records, or rows (then ``place.path`` is empty and its kind ``row``).
    place : Place
    labels : tuple of str or None
        Keys of the object that the records were in.
    around : tuple of dict
        Objects that hold the frames, the nearest first: times and rates may stand there.
    """

    frames: Sequence[Any]
    place: Place
    labels: tuple[str, ...] | None
    around: tuple[dict[str, Any], ...]


def find_frames(document: Any) -> Frames | None:
    """The frames with the most coefficients, or None where there are none."""
    names = tuple(_name_lists(document))
    best: Frames | None = None
    rank = (0, 0)
    for value, around in _walk(document):
        found = _frames_of(value, names, around)
        if found is not None:
            its = (found.place.known, len(found.frames))
            if its > rank:
                best, rank = found, its
    return best


def follow(frame: Any, path: Path) -> Any:
    """What stands at a path within a frame, None where the path ends before."""
    value: Any = frame
    for step in path:
        # no function for each step: this runs for every frame
        if isinstance(step, str):
            value = cast("dict[str, Any]", value).get(step) if type(value) is dict else None
        else:
            value = cast("list[Any]", value)[0] if type(value) is list and value else None
    return value


def _walk(document: Any) -> Iterator[tuple[Any, tuple[dict[str, Any], ...]]]:
    """Objects and lists with the objects around them, from the outside in."""
    todo: deque[tuple[Any, tuple[dict[str, Any], ...], int]] = deque([(document, (), 0)])
    for _ in range(_MOST_VISITED):
        if not todo:
            return
        value, around, depth = todo.popleft()
        yield value, around
        if depth == _DEEPEST:
            continue
        entries = as_dict(value)
        inner = (entries, *around)[:4] if entries else around
        # an object of many objects is frames, or no concern of ours
        some = [*islice(entries.values(), 256), *as_list(value)[:1]]
        todo += [(each, inner, depth + 1) for each in some if is_holder(each)]


def _name_lists(document: Any) -> Iterator[tuple[str, ...]]:
    """Lists of texts: names of rows, where rows of their length occur."""
    seen: set[tuple[str, ...]] = set()
    for value, _around in _walk(document):
        for each in as_dict(value).values():
            texts = texts_of(each)
            if texts and texts not in seen:
                seen.add(texts)
                yield texts


def _frames_of(
    value: Any, names: Sequence[tuple[str, ...]], around: tuple[dict[str, Any], ...]
) -> Frames | None:
    items = as_list(value)
    if items:
        if type(items[0]) is not list:
            return _records(items, names, None, around)
        row = _names_of_row(items[0], names)
        return None if row is None else Frames(items, _row_place((), row), None, around)
    entries = as_dict(value)
    if not entries:
        return None
    series = _series(entries)
    if series:
        rows = [list(row) for row in zip(*(entries[name] for name in series), strict=True)]
        return Frames(rows, _row_place((), series), None, (entries, *around))
    own = _place_in(entries, names)
    alone = Frames([entries], own, None, around) if own is not None else None
    inner = list(entries.values())
    if len(inner) >= 2 and all(type(each) is dict for each in inner):
        labels = tuple(entries)
        if all(label.strip().isdecimal() and len(label) < 16 for label in labels):
            labels = tuple(sorted(labels, key=int))
        found = _records([entries[label] for label in labels], names, labels, around)
        # {"left": {...}, "right": {...}} would be two frames otherwise
        if found is not None and (alone is None or len(found.frames) > 2):
            return found
    return alone


def _series(entries: dict[str, Any]) -> tuple[str, ...]:
    """Names whose values are lists of numbers of one length, where three are coefficients."""
    lists = {
        key: items
        for key, value in entries.items()
        if (items := as_list(value)) and (is_number(items[0]) or items[0] is None)
    }
    known = [key for key in lists if is_coefficient(key)]
    if len(known) < 3:
        return ()
    length = len(lists[known[0]])
    return tuple(key for key, items in lists.items() if len(items) == length)


def _records(
    items: list[Any],
    names: Sequence[tuple[str, ...]],
    labels: tuple[str, ...] | None,
    around: tuple[dict[str, Any], ...],
) -> Frames | None:
    """Frames that are objects, where most of those that hold anything agree on the place."""
    places: dict[Path, tuple[int, Place]] = {}
    if not any(map(is_holder, items)):
        return None
    for index in range(0, len(items), max(1, len(items) // _SAMPLE)):
        found = _place_in(items[index], names)
        if found is not None:
            count, place = places.get(found.path, (0, found))
            places[found.path] = (count + 1, max(place, found, key=lambda each: each.known))
    if not places and len(items) > _SAMPLE:
        # a face that is there for a moment only
        seen = (_place_in(item, names) for item in items)
        found = next((place for place in seen if place is not None), None)
        if found is not None:
            places[found.path] = (1, found)
    if not places:
        return None
    _count, place = max(places.values(), key=lambda pair: (pair[0], pair[1].known))
    if labels is None and len(items) > 1:
        first, second = as_dict(items[0]), as_dict(items[1])
        if first and follow(first, place.path) is None and not first.keys() & second.keys():
            # what stands before the frames is about all of them
            return Frames(items[1:], place, None, (first, *around))
    return Frames(items, place, labels, around)


def _place_in(frame: Any, names: Sequence[tuple[str, ...]]) -> Place | None:
    """Where a frame holds coefficients: the nearest place with the most of them."""
    best: Place | None = None
    todo: deque[tuple[Any, Path]] = deque([(frame, ())])
    for _ in range(_MOST_PLACES):
        if not todo:
            break
        value, path = todo.popleft()
        items, entries = as_list(value), as_dict(value)
        if items:
            row = _names_of_row(items, names)
            found = _pairs(items, path) or (None if row is None else _row_place(path, row))
            inner: Iterator[tuple[Any, str | int]] = iter([(items[0], 0)])
        else:
            found = _mapping(entries, path) or _beside(entries, path)
            inner = ((each, key) for key, each in entries.items() if is_holder(each))
        if len(path) < 6:
            todo += [(each, (*path, key)) for each, key in islice(inner, _MOST_PLACES)]
        if found is not None and (best is None or found.known > best.known):
            best = found
    return best


def _mapping(entries: dict[str, Any], path: Path) -> Place | None:
    if len(entries) < 2:
        return None
    known = sum(is_coefficient(key) for key, value in entries.items() if not is_holder(value))
    return Place(path, "mapping", known=known) if known >= 2 else None


def _pairs(items: list[Any], path: Path) -> Place | None:
    """A list of {name, score}."""
    entries = as_dict(items[0])
    by_letters = {squeezed(key): key for key in entries}
    named = [by_letters[k] for k in _NAME_KEYS if k in by_letters]
    name = next((key for key in named if type(entries[key]) is str and entries[key]), None)
    value = next((by_letters[k] for k in _VALUE_KEYS if k in by_letters), None)
    if name is None or value is None or not is_number(entries[value]):
        return None
    texts = [as_dict(item).get(name) for item in items[:200]]
    known = sum(type(text) is str and is_coefficient(text) for text in texts)
    return Place(path, "pairs", (name, value), known=known) if known >= 2 else None


def _beside(entries: dict[str, Any], path: Path) -> Place | None:
    """A list of names and a list of values beside each other."""
    for key, value in entries.items():
        texts = texts_of(value)
        if not texts:
            continue
        for other, numbers in entries.items():
            if is_row(numbers, len(texts)):
                return Place(path, "beside", (key, other), known=_known(texts))
    return None


def _names_of_row(value: Any, names: Sequence[tuple[str, ...]]) -> tuple[str, ...] | None:
    """Of the lists of names in the document the one that fits a row of numbers, if one does."""
    fits = [each for each in names if is_row(value, len(each))]
    return max(fits, key=_known) if fits else None


def _row_place(path: Path, names: tuple[str, ...]) -> Place:
    return Place(path, "row", names=names, known=_known(names))


def _known(names: tuple[str, ...]) -> int:
    """How many names are coefficients; one at least, for names that stand beside values."""
    return max(sum(map(is_coefficient, names)), 1)
