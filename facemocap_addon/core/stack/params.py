# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters of steps: described once, in the dataclass of a kind.

.. code-block:: python

    @dataclass(frozen=True, slots=True)
    class Params:
        width: float = param(0.02, label="Width", what="Motion held", unit="", low=0.0, high=0.2)

A field is a bool, int, float, str, ``float | None``, ``int | None``, ``tuple[str, ...]``,
`Pairs` or `ByRegion`, or a tuple of records such as edits of events:

.. code-block:: python

        edits: tuple[BlinkEdit, ...] = record_param(
            BlinkEdit, label="Edits", what="Changes of single blinks", example={"op": "delete"}
        )

Panels, the manual and the check of stack files read the same description.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from functools import cache
from typing import Any, Protocol, TypeAlias, cast, get_type_hints

from ..errors import FacemocapError
from .regions import REGIONS

#: Numbers by twos, as JSON ``[[from, to], ...]``.
Pairs: TypeAlias = tuple[tuple[float, float], ...]
#: A number for each of some regions, as JSON ``{"mouth": 1.2}``; kept in the order of `REGIONS`.
ByRegion: TypeAlias = tuple[tuple[str, float], ...]

#: More of one parameter's entries than anybody means.
_MOST_ENTRIES = 10_000


class Record(Protocol):
    """One entry of a parameter that is a tuple of records: a frozen dataclass with these two."""

    @staticmethod
    def from_json(data: Any) -> Any:
        """The record of a JSON object; a FacemocapError says what is wrong with it."""
        ...

    def to_json(self) -> dict[str, Any]:
        """Plain values; ``from_json`` gives an equal record back."""
        ...


@dataclass(frozen=True, slots=True)
class Param:
    """What is known of a parameter beside its type and default.

    Attributes
    ----------
    label : str
        What panels show.
    what : str
        One sentence without its period, for tooltips.
    unit : str
        ``s``, ``Hz``, ``rad``, ``frames``; empty where there is none.
    low, high : float or None
        Least and most of a number, of each number where there are several.
    choices : tuple of str
        All that a text may be.
    record : type of `Record` or None
        What the entries of a tuple of records are.
    example : str
        JSON of such an entry.
    """

    label: str
    what: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    record: type[Record] | None = None
    example: str = ""


def param(
    default: Any,
    *,
    label: str,
    what: str,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    choices: Sequence[str] = (),
) -> Any:
    """A dataclass field with its description."""
    described = Param(label, what, unit, low, high, tuple(choices))
    return field(default=default, metadata={"param": described})


def record_param(record: type[Record], *, label: str, what: str, example: Mapping[str, Any]) -> Any:
    """A dataclass field that is a tuple of records, none by default.

    ``example`` is what one of them looks like in a stack file; errors and the manual show it.
    """
    record.from_json(example)
    described = Param(label, what, record=record, example=json.dumps(dict(example)))
    return field(default=(), metadata={"param": described})


def param_fields(cls: type) -> tuple[tuple[Field[Any], Param], ...]:
    """The fields of a kind's dataclass, each with its description."""
    return tuple((each, each.metadata["param"]) for each in fields(cls))


def params_from_json(cls: type, data: Any) -> Any:
    """The parameters of a JSON object; what it does not name has its default.

    Raises
    ------
    FacemocapError
        Naming the parameter and what it may be.
    """
    if not isinstance(data, Mapping):
        raise FacemocapError("params is no object", 'Write params as {"name": value, ...}')
    given = cast(Mapping[str, Any], data)
    known = {each.name: described for each, described in param_fields(cls)}
    for name in given:
        if name not in known:
            raise FacemocapError(
                f'There is no parameter "{name}"', f"Use {', '.join(known) or 'none'}"
            )
    types = field_types(cls)
    values = {name: _value(name, value, types[name], known[name]) for name, value in given.items()}
    try:
        return cls(**values)
    except ValueError as problem:
        raise FacemocapError(str(problem), "Change the parameters") from problem


def params_to_json(params: Any, names: Sequence[str] | None = None) -> dict[str, Any]:
    """Plain values of all parameters, or of those named and in that order."""
    types = field_types(type(params))  # pyright: ignore[reportUnknownArgumentType]
    chosen = tuple(types) if names is None else names
    return {name: _plain(getattr(params, name), types[name]) for name in chosen}


def param_values(params: Any, *, changed: bool = False) -> dict[str, Any]:
    """Values by name; with ``changed`` only those that are not their defaults."""
    return {
        each.name: getattr(params, each.name)
        for each in fields(params)
        if not changed or getattr(params, each.name) != default_of(each)
    }


def default_of(each: Field[Any]) -> Any:
    """The default of a parameter."""
    if each.default is MISSING:
        raise TypeError(f"the parameter {each.name} has no default")
    return each.default


@cache
def field_types(cls: type) -> dict[str, Any]:
    """The types of a kind's parameters by name, in their order."""
    hints = get_type_hints(cls)
    return {each.name: hints[each.name] for each in fields(cls)}


def may_be(kind_type: Any, described: Param) -> str:
    """What a parameter may be, for messages and the manual: ``a number from 0 to 1 s``."""
    if described.record is not None:
        return f"a list of objects such as {described.example}"
    for known, words in _WORDS:
        if kind_type == known:
            return words(described)
    raise TypeError(f"no parameter can be a {kind_type}")


def _value(name: str, value: Any, kind_type: Any, described: Param) -> Any:
    """A JSON value as the type of its field."""
    if described.record is not None:
        return _read_records(name, value, described)
    try:
        return _READERS[kind_type](value, described)
    except (TypeError, ValueError, OverflowError):
        raise FacemocapError(
            f"{name} cannot be {_shown(value)}", f"Give {may_be(kind_type, described)}"
        ) from None


def _shown(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."


# ---------------------------------------------------------------- what JSON gives


def _read_bool(value: Any, described: Param) -> bool:
    del described
    if not isinstance(value, bool):
        raise TypeError
    return value


def _read_float(value: Any, described: Param) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError
    number = float(value)
    if not math.isfinite(number):
        raise ValueError
    if described.low is not None and number < described.low:
        raise ValueError
    if described.high is not None and number > described.high:
        raise ValueError
    return number


def _read_int(value: Any, described: Param) -> int:
    number = _read_float(value, described)
    if number != int(number):
        raise ValueError
    return int(number)


def _read_str(value: Any, described: Param) -> str:
    if not isinstance(value, str):
        raise TypeError
    if described.choices and value not in described.choices:
        raise ValueError
    return value


def _items(value: Any) -> list[Any]:
    if not isinstance(value, (list, tuple)):
        raise TypeError
    items = list(cast(Sequence[Any], value))
    if len(items) > _MOST_ENTRIES:
        raise ValueError
    return items


def _read_texts(value: Any, described: Param) -> tuple[str, ...]:
    return tuple(_read_str(each, described) for each in _items(value))


def _read_pairs(value: Any, described: Param) -> Pairs:
    pairs: list[tuple[float, float]] = []
    for each in _items(value):
        first, second = _items(each)
        pairs.append((_read_float(first, described), _read_float(second, described)))
    return tuple(pairs)


def _read_by_region(value: Any, described: Param) -> ByRegion:
    if not isinstance(value, Mapping):
        raise TypeError
    given = cast(Mapping[str, Any], value)
    for region in given:
        if region not in REGIONS:
            raise FacemocapError(f'There is no region "{region}"', f"Use {', '.join(REGIONS)}")
    return tuple(
        (region, _read_float(given[region], described)) for region in REGIONS if region in given
    )


def _read_records(name: str, value: Any, described: Param) -> tuple[Any, ...]:
    """Records, each checked by its own class; errors say which entry it is."""
    record = described.record
    assert record is not None, "the caller looked"
    try:
        entries = _items(value)
    except (TypeError, ValueError):
        raise FacemocapError(
            f"{name} cannot be {_shown(value)}",
            f"Give {may_be(None, described)}, at most {_MOST_ENTRIES}",
        ) from None
    out: list[Any] = []
    for number, entry in enumerate(entries, start=1):
        try:
            # scripts may give records instead of plain values
            out.append(entry if isinstance(entry, record) else record.from_json(entry))
        except FacemocapError as problem:
            raise FacemocapError(f"{name} {number}: {problem.what}", problem.todo) from problem
    return tuple(out)


def _or_none(read: Callable[[Any, Param], Any]) -> Callable[[Any, Param], Any]:
    return lambda value, described: None if value is None else read(value, described)


_READERS: dict[Any, Callable[[Any, Param], Any]] = {
    bool: _read_bool,
    int: _read_int,
    float: _read_float,
    str: _read_str,
    float | None: _or_none(_read_float),
    int | None: _or_none(_read_int),
    tuple[str, ...]: _read_texts,
    Pairs: _read_pairs,
    ByRegion: _read_by_region,
}


def _plain(value: Any, kind_type: Any) -> Any:
    if kind_type == ByRegion:
        return dict(value)
    if kind_type == Pairs:
        return [list(pair) for pair in value]
    if isinstance(value, tuple):
        entries = cast(tuple[Any, ...], value)
        return [each.to_json() if hasattr(each, "to_json") else each for each in entries]
    return value


# ---------------------------------------------------------------- words


def _span(described: Param) -> str:
    """`` from 0 to 1 s``; empty where anything goes."""
    unit = f" {described.unit}" if described.unit else ""
    low, high = described.low, described.high
    if low is not None and high is not None:
        return f" from {low:g} to {high:g}{unit}"
    if low is not None:
        return f" of at least {low:g}{unit}"
    if high is not None:
        return f" of at most {high:g}{unit}"
    return f" in {described.unit}" if unit else ""


def _choice(described: Param) -> str:
    return f"one of {', '.join(described.choices)}" if described.choices else "a text"


def _of_regions(described: Param) -> str:
    example = 1.0 if described.high is None else described.high
    return f'numbers{_span(described)} by region, such as {{"mouth": {example:g}}}'


_WORDS: tuple[tuple[Any, Callable[[Param], str]], ...] = (
    (bool, lambda _: "true or false"),
    (int, lambda described: f"a whole number{_span(described)}"),
    (float, lambda described: f"a number{_span(described)}"),
    (str, _choice),
    (float | None, lambda described: f"a number{_span(described)}, or null"),
    (int | None, lambda described: f"a whole number{_span(described)}, or null"),
    (tuple[str, ...], lambda described: f"a list, each {_choice(described)}"),
    (Pairs, lambda described: f"a list of [number, number], each{_span(described)}"),
    (ByRegion, _of_regions),
)
