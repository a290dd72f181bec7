# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways to damage an FBX scene so that its container stays whole: what importers trip over.

Bytes that are changed at random are mostly packed ones, whose checksum tells at once.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import numpy as np

from .fbx_tree import MAGIC, Record, Value, parse, write

_NUMBERS = (0, 1, -1, 2, 255, 1000, 2**31 - 1, -(2**31))
_LONG = (*_NUMBERS, 2**63 - 1, -(2**63), 1001, 1002, 1003)
_REAL = (0.0, -0.0, 1.0, -1.0, 1e-300, 1e300, 3.4e38, float("nan"), float("inf"), -float("inf"))
_WORDS = (b"", b"\xff\xfe", b"\x00\x01", b"x" * 5000, "\u3042".encode() * 40, b"OO", b"OP", b"Mesh")
_LIMITS = {"Y": 2**15, "C": 2**8, "I": 2**31, "L": 2**63}
_LETTERS = "YCIFDLSR"


def damage_record(data: bytes, rng: random.Random) -> bytes:
    """Change, drop, double or move one to four records of a binary scene."""
    try:
        version, records = parse(data)
    except Exception:  # noqa: BLE001 - what an earlier mutation damaged has no records
        return data
    for _ in range(rng.randint(1, 4)):
        lists = [records, *(own.inner for top in records for own in top.walk() if own.inner)]
        chosen = rng.choice([each for each in lists if each] or [records])
        if chosen:
            rng.choice(_MUTATIONS)(chosen, rng)
    return write(version, records, packed=rng.random() < 0.5)


def is_scene(data: bytes) -> bool:
    """Whether these bytes are a binary scene."""
    return data.startswith(MAGIC)


def _drop(records: list[Record], rng: random.Random) -> None:
    del records[rng.randrange(len(records))]


def _double(records: list[Record], rng: random.Random) -> None:
    at = rng.randrange(len(records))
    records[at:at] = [records[at]] * rng.choice((1, 1, 50))


def _move(records: list[Record], rng: random.Random) -> None:
    own = records.pop(rng.randrange(len(records)))
    records.insert(rng.randrange(len(records) + 1), own)


def _rename(records: list[Record], rng: random.Random) -> None:
    rng.choice(records).name = rng.choice(records).name


def _nest(records: list[Record], rng: random.Random) -> None:
    """Put a record into another one, whole."""
    own = records.pop(rng.randrange(len(records)))
    if records:
        rng.choice(records).inner.append(own)


def _change_value(records: list[Record], rng: random.Random) -> None:
    own = rng.choice(records)
    if not own.values:
        own.values.append(Value("I", 0))
        return
    at = rng.randrange(len(own.values))
    own.values[at] = _changed(own.values[at], rng)


def _drop_value(records: list[Record], rng: random.Random) -> None:
    own = rng.choice(records)
    if own.values:
        del own.values[rng.randrange(len(own.values))]


def _other_value(records: list[Record], rng: random.Random) -> None:
    """Put a value of another record in its place: links to other things, arrays of another kind."""
    one, other = rng.choice(records), rng.choice(records)
    if one.values and other.values:
        one.values[rng.randrange(len(one.values))] = rng.choice(other.values)


def _lie(records: list[Record], rng: random.Random) -> None:
    """Let an array say another length, kind or size than it has."""
    arrays = [
        value
        for top in records
        for own in top.walk()
        for value in own.values
        if isinstance(value.value, np.ndarray)
    ]
    if arrays:
        value = rng.choice(arrays)
        length = len(value.value)
        lengths = (0, length - 1, length + 1, 2 * length, 2**31 - 1, 2**32 - 1)
        value.claims = (
            max(0, rng.choice((length, *lengths))),
            rng.choice((0, 1, 1, 2)),
            max(0, rng.choice((8 * length, *lengths))),
        )


def _changed(value: Value, rng: random.Random) -> Value:
    if isinstance(value.value, np.ndarray):
        return Value(value.kind, _changed_array(value.value, rng))
    if isinstance(value.value, bytes):
        return Value(value.kind, rng.choice(_WORDS))
    kind = rng.choice((value.kind, value.kind, *_LETTERS))
    if kind in "SR":
        return Value(kind, rng.choice(_WORDS))
    if kind in "FD":
        number = rng.choice(_REAL)
        return Value(
            kind, number if kind == "D" else float(np.float32(np.clip(number, -3e38, 3e38)))
        )
    limit = _LIMITS[kind]
    number = rng.choice(_LONG)
    return Value(kind, number % limit if kind == "C" else max(-limit, min(limit - 1, number)))


def _changed_array(array: np.ndarray, rng: random.Random) -> np.ndarray:
    how = rng.randrange(5)
    if how == 0 or not len(array):
        return array[: rng.randrange(len(array) + 1)]
    if how == 1:
        return np.tile(array, rng.choice((2, 3, 100)))
    if how == 2:
        return np.random.default_rng(rng.randrange(2**32)).permutation(array)
    out = array.copy()
    places = [rng.randrange(len(out)) for _ in range(rng.choice((1, 3, len(out))))]
    choices: Sequence[float] = _REAL if out.dtype.kind == "f" else _LONG
    with np.errstate(over="ignore"):
        for at in places:
            number = rng.choice(choices)
            if out.dtype.kind != "f":
                kind = np.iinfo(out.dtype)
                number = max(kind.min, min(kind.max, number))
            out[at] = number
    return out


_MUTATIONS: tuple[Callable[[list[Record], random.Random], None], ...] = (
    _drop, _double, _move, _rename, _nest, _drop_value, _other_value, _lie,
    *[_change_value] * 6,
)  # fmt: skip
