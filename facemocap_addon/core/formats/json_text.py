# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON as recorders write it: with a byte order mark, a line for each frame, a comma too many.

Landmarks and meshes are let go while the text is read: a face of 478 points is ten times its
coefficients and would fill the memory long before the take is complete.
"""

from __future__ import annotations

import codecs
import contextlib
import gc
import json
import re
from collections.abc import Callable, Generator
from functools import lru_cache
from typing import Any, cast

from ..errors import FacemocapError
from .json_values import as_list, is_number

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_START = re.compile(r"\s*[\[{]\s*(?:[\[{\"\]}\-\d]|$)")
_KEY = re.compile(r'"((?:[^"\\]|\\.){1,80}?)\\?"\s*:')
_TEXT = re.compile(r'"([^"\\]{1,80})"\s*[,\]]')
_COMMA_TOO_MANY = re.compile(r",(?=\s*[}\]])")
_GEOMETRY = re.compile(r"landmark|vert|mesh|point|geometry|triang|keypoint|coord|uv", re.IGNORECASE)
#: Fewer points, or numbers, than this are no geometry.
_FEWEST_POINTS = 40
#: Characters at either end that are looked at for names of geometry.
_LOOKED_AT = 1 << 18
#: What an empty object takes in memory.
_EMPTY_BYTES = 64
_EXPORT_AGAIN = "Export or copy the take again"


class Point:
    """Stands for a point ``{"x":, "y":, ...}`` that was let go."""


class Points:
    """Stands for a list of ``number`` points, or of their coordinates, that was let go."""

    def __init__(self, number: int) -> None:
        self.number = number


_POINT = Point()
#: All empty objects are this one: a file of nothing else would be twenty times its size.
_NOTHING: dict[str, Any] = {}


@lru_cache(maxsize=4)
def json_head(head: bytes) -> str:
    """The text of a file's first bytes where it may be JSON, else an empty text."""
    if head.startswith(_UTF16):
        text = head[: len(head) // 2 * 2].decode("utf-16", "replace")
    else:
        text = head.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace")
    return text if _START.match(text) else ""


@lru_cache(maxsize=4)
def json_keys(head: bytes) -> frozenset[str]:
    """Names of entries in a file's first bytes; in JSON that is quoted within JSON as well."""
    return frozenset(key.lstrip("\\").rpartition('"')[2] for key in _KEY.findall(json_head(head)))


@lru_cache(maxsize=4)
def json_texts(head: bytes) -> frozenset[str]:
    """Texts in lists, and values, in a file's first bytes."""
    return frozenset(_TEXT.findall(json_head(head)))


def json_text(data: bytes) -> str:
    """The text of a file; who lets go of its bytes then needs only half the memory."""
    if data.startswith(_UTF16):
        return data.decode("utf-16", "replace")
    return data.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace")


def parse_json(text: str, name: str) -> Any:
    """What a JSON text, or one JSON text a line, holds; geometry is replaced by `Points`.

    Raises
    ------
    FacemocapError
        When it is cut off, or no JSON.
    """
    try:
        return _parse(text)
    except json.JSONDecodeError as problem:
        if text[problem.pos :].strip() and problem.pos < len(text.rstrip()) - 1:
            what = f"has an error in line {problem.lineno}, column {problem.colno}"
            if problem.msg.startswith("Unterminated string"):
                what = "is cut off within a text"
        else:
            what = f"is cut off in line {problem.lineno}"
        raise FacemocapError(f'"{name}" {what}', _EXPORT_AGAIN) from None
    except (ValueError, RecursionError):
        raise FacemocapError(
            f'"{name}" holds JSON that no recorder writes (nested or numbered beyond measure)',
            _EXPORT_AGAIN,
        ) from None


@contextlib.contextmanager
def without_collector() -> Generator[None]:
    """While a document is there: to look through its millions of values for rings takes long."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _hook_for(text: str) -> Callable[[dict[str, Any]], Any] | None:
    """What every object goes through; nothing where the text shows no geometry."""
    ends = text[:_LOOKED_AT] + text[-_LOOKED_AT:]
    has_geometry = (
        '"x"' in ends
        or any(_GEOMETRY.search(key) for key in set(_KEY.findall(ends)))
        or ends.count("{}") * _EMPTY_BYTES > len(ends)
    )
    return _without_points if has_geometry else None


def _parse(text: str) -> Any:
    hook = _hook_for(text)
    try:
        return json.loads(text, object_hook=hook)
    except json.JSONDecodeError as problem:
        if problem.msg == "Extra data":
            return _parse_many(text, hook)
        mended = _COMMA_TOO_MANY.sub("", text) if "," in text[: problem.pos] else text
        if len(mended) == len(text):
            raise
        try:
            return json.loads(mended, object_hook=hook)
        except json.JSONDecodeError:
            raise problem from None


def _parse_many(text: str, hook: Callable[[dict[str, Any]], Any] | None) -> list[Any]:
    """JSON texts one after another, usually one a line."""
    # all at once, so that a name that is in every line is kept once
    with contextlib.suppress(json.JSONDecodeError):
        joined = "[" + text.strip().replace("\n", ",") + "]"
        return cast("list[Any]", json.loads(joined, object_hook=hook))
    lines = [line.rstrip().removesuffix(",") for line in text.splitlines() if line.strip()]
    try:
        return cast("list[Any]", json.loads(f"[{','.join(lines)}]", object_hook=hook))
    except json.JSONDecodeError:
        pass
    decoder = json.JSONDecoder(object_hook=hook)
    found: list[Any] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        while at < end and text[at] in " \t\r\n,":
            at += 1
        if at >= end:
            break
        value, at = decoder.raw_decode(text, at)
        found.append(value)
    return found


def _without_points(entries: dict[str, Any]) -> Any:
    """A JSON object without the points in it; a point itself becomes one that all share."""
    if not entries:
        return _NOTHING
    if len(entries) <= 6 and "x" in entries and "y" in entries:
        return _POINT
    for key, value in entries.items():
        found = _points(as_list(value), key) if type(value) is list else 0
        if found:
            entries[key] = Points(found)
    return entries


def _points(values: list[Any], key: str) -> int:
    """How many points a list stands for, 0 where it is something else."""
    if not values:
        return 0
    first = values[0]
    if isinstance(first, Point | Points):
        return len(values) if isinstance(first, Point) else first.number
    inner = as_list(first)
    if inner and isinstance(inner[0], Point):
        return len(inner)
    if not _GEOMETRY.search(key):
        return 0
    if len(values) >= _FEWEST_POINTS and 2 <= len(inner) <= 5:
        return len(values)
    if len(inner) >= _FEWEST_POINTS:
        return len(inner)
    return len(values) if len(values) >= 3 * _FEWEST_POINTS and is_number(first) else 0
