# SPDX-License-Identifier: GPL-3.0-or-later
"""Stack files read and written; everything is checked, and errors name the step."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from ..errors import FacemocapError
from ..json_documents import read_document, write_document
from .kind import Kind
from .kinds import kind_of
from .params import params_from_json
from .regions import REGIONS
from .stack import SCHEMA, Influence, Mask, Stack, Step, of_step, refuse

#: More steps than any work needs.
MOST_STEPS = 1000
#: More stretches of frames, or keys of an influence, than anybody means.
_MOST_ENTRIES = 100_000
_FIELDS = ("kind", "enabled", "influence", "mask", "params")


def stack_from_json(data: Any, name: str) -> Stack:
    """The stack of a JSON document; ``name`` is for messages.

    Raises
    ------
    FacemocapError
        Naming the step by its number, what is wrong with it and what it may be; or when the
        schema is newer than the program's.
    """
    if not isinstance(data, Mapping) or "steps" not in data or "schema" not in data:
        refuse(f'"{name}" is no stack', 'A stack is {"schema": 1, "steps": [...]}')
    document = cast(Mapping[str, Any], data)
    if document["schema"] != SCHEMA:
        refuse(
            f'"{name}" has stack schema {document["schema"]}, this Face Mocap reads {SCHEMA}',
            "Update Face Mocap, or make the stack again",
        )
    steps = document["steps"]
    if not isinstance(steps, list) or len(cast(list[Any], steps)) > MOST_STEPS:
        refuse(f'The steps of "{name}" are no list of steps', f"Give up to {MOST_STEPS} steps")
    for field in document:
        if field not in ("schema", "steps"):
            refuse(f'"{name}" has an unknown field "{field}"', "Use schema and steps")
    return Stack(
        tuple(
            _step_from_json(entry, number)
            for number, entry in enumerate(cast(list[Any], steps), start=1)
        )
    )


def read_stack(path: Path) -> Stack:
    """Read a stack file; errors as `stack_from_json`."""
    return stack_from_json(read_document(path, "save the stack again"), path.name)


def write_stack(stack: Stack, path: Path) -> None:
    """Write a stack file, whole or not at all."""
    write_document(stack.to_json(), path)


def stack_from_text(text: str, name: str = "stack") -> Stack:
    """The stack that `Stack.text` describes; errors as `stack_from_json`."""
    try:
        data = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as problem:
        raise FacemocapError(f'"{name}" is no JSON: {problem}', "Make the stack again") from problem
    return stack_from_json(data, name)


# ---------------------------------------------------------------- one step


def _step_from_json(data: Any, number: int) -> Step:
    kind = ""
    try:
        entry = _object(data, "The step")
        named = entry.get("kind")
        if not isinstance(named, str):
            refuse("kind is missing or no text", 'Write "kind": "denoise" or the like')
        kind = named[:60]
        _check_fields(entry, _FIELDS, "The step")
        return _checked_step(entry, kind_of(kind))
    except FacemocapError as problem:
        raise of_step(problem, number, kind) from problem


def _checked_step(entry: Mapping[str, Any], kind: Kind) -> Step:
    enabled = entry.get("enabled", True)
    if not isinstance(enabled, bool):
        refuse("enabled is neither true nor false", "Write true or false")
    given = entry.get("params", {})
    params = params_from_json(kind.params, given)
    return Step(
        kind.name,
        params,
        enabled,
        _influence_from_json(entry.get("influence", 1.0)),
        _mask_from_json(entry.get("mask", {})),
        tuple(cast(Mapping[str, Any], given)),
    )


def _influence_from_json(value: Any) -> Influence:
    if isinstance(value, list):
        return tuple(_pair(key, "a key of influence") for key in _short(cast(list[Any], value)))
    if not _is_number(value):
        refuse(
            "influence is neither a number nor keys",
            "Give a number from 0 to 1, or keys as [[seconds, value], ...]",
        )
    return float(value)


def _mask_from_json(value: Any) -> Mask:
    data = _object(value, "mask")
    _check_fields(data, ("regions", "frames", "soft"), "mask")
    regions, frames = data.get("regions", []), data.get("frames", [])
    if not isinstance(regions, list) or not all(
        isinstance(r, str) for r in cast(list[Any], regions)
    ):
        refuse("mask.regions is no list of names", f"Use {', '.join(REGIONS)}")
    if not isinstance(frames, list):
        refuse("mask.frames is no list", "Write it as [[first, last], ...]")
    stretches: list[tuple[int, int]] = []
    for entry in _short(cast(list[Any], frames)):
        first, last = _pair(entry, "a stretch of mask.frames")
        if first != int(first) or last != int(last):
            refuse("mask.frames has a broken frame number", "Use whole frames")
        stretches.append((int(first), int(last)))
    soft = data.get("soft")
    if soft is not None and not _is_number(soft):
        refuse("mask.soft is no number", "Give it a number of frames, 0 or more")
    return Mask(
        tuple(cast(list[str], regions)), tuple(stretches), None if soft is None else float(soft)
    )


def _object(data: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        refuse(f"{what} is no object", "Write it as {...}")
    return cast(Mapping[str, Any], data)


def _check_fields(entry: Mapping[str, Any], known: Sequence[str], what: str) -> None:
    for name in entry:
        if name not in known:
            refuse(f'{what} has an unknown field "{name}"', f"Use {', '.join(known)}")


def _pair(value: Any, what: str) -> tuple[float, float]:
    numbers = cast(list[Any], value) if isinstance(value, list) else []
    if len(numbers) != 2 or not all(map(_is_number, numbers)):
        refuse(f"{what[0].upper()}{what[1:]} is no pair of numbers", "Write it as [number, number]")
    return float(numbers[0]), float(numbers[1])


def _short(entries: list[Any]) -> list[Any]:
    if len(entries) > _MOST_ENTRIES:
        refuse(f"A list has {len(entries)} entries", f"Give at most {_MOST_ENTRIES}")
    return entries


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False
