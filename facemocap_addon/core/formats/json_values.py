# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of a JSON document: what each is, without a guess."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, cast

import numpy as np

from ..arrays import FloatArray

#: Rows made into an array at a time: lists of Python numbers are eight times its size.
PIECE = 2048


def as_list(value: Any) -> list[Any]:
    """The value where it is a list, else an empty one."""
    return cast("list[Any]", value) if type(value) is list else []


def as_dict(value: Any) -> dict[str, Any]:
    """The value where it is an object, else an empty one."""
    return cast("dict[str, Any]", value) if type(value) is dict else {}


def is_number(value: Any) -> bool:
    """Whether a value is a number, and no truth value."""
    return type(value) is float or type(value) is int


def is_holder(value: Any) -> bool:
    """Whether a value is a list or an object."""
    return type(value) is list or type(value) is dict


def number_of(value: Any) -> float:
    """A value as a number, texts and truth values too; NaN where it is none."""
    try:
        return float(value) if type(value) in (float, int, bool, str) else math.nan
    except (ValueError, OverflowError):
        return math.nan


def texts_of(value: Any) -> tuple[str, ...]:
    """A list of two texts or more, else nothing."""
    items = as_list(value)
    if not 2 <= len(items) <= 4096 or not all(type(item) is str for item in items):
        return ()
    return tuple(items)


def is_row(value: Any, length: int) -> bool:
    """Whether a value is a list of so many numbers, some of them null."""
    items = as_list(value)
    return len(items) == length and all(is_number(item) or item is None for item in items)


@lru_cache(maxsize=4096)
def squeezed(key: str) -> str:
    """Letters and digits of a key, lower case."""
    return "".join(c for c in key if c.isalnum()).lower()


def numbers_of(
    rows: Sequence[Any],
    cells: Callable[[Any], Sequence[Any]],
    width: int,
    dtype: type[np.float32] | type[np.float64] = np.float32,
) -> FloatArray:
    """Numbers ``(n, width)`` of the cells of each row, NaN for what is none."""
    out = np.empty((len(rows), width), dtype)
    for begin in range(0, len(rows), PIECE):
        piece = [cells(row) for row in rows[begin : begin + PIECE]]
        out[begin : begin + len(piece)] = rows_to_numbers(piece, width, dtype)
    return out


def rows_to_numbers(
    rows: list[Sequence[Any]],
    width: int,
    dtype: type[np.float32] | type[np.float64] = np.float32,
) -> FloatArray:
    """Numbers ``(n, width)`` of a few rows, NaN for what is none."""
    numbers: Any
    try:
        numbers = np.array(rows, np.float64)
    except (ValueError, TypeError, OverflowError):
        numbers = None
    if numbers is None or numbers.shape != (len(rows), width):
        numbers = np.array([[number_of(cell) for cell in row] for row in rows], np.float64)
        numbers = numbers.reshape(len(rows), width)
    with np.errstate(over="ignore"):
        out: FloatArray = numbers.astype(dtype, copy=False)
    infinite = ~np.isfinite(out)
    if infinite.any():
        out[infinite] = np.nan
    return out
