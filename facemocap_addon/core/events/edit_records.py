# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of events as JSON objects: read, and refused in a sentence that shows how to write one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from ..errors import FacemocapError

#: Seconds on a take's clock are within this.
MOST_S = 1e9


@dataclass(frozen=True, slots=True)
class EditForm:
    """What an edit of one kind of event looks like.

    Attributes
    ----------
    of : str
        What is edited: ``gaze``.
    ops : tuple of str
    example : str
        An edit as it is written.
    numbers : mapping of str to (float, float)
        Its numbers beside ``at_s``, and their lowest and highest value.
    words : tuple of str
        Further fields, which are no numbers and are left to the caller.
    """

    of: str
    ops: tuple[str, ...]
    example: str
    numbers: Mapping[str, tuple[float, float]]
    words: tuple[str, ...] = ()

    def read(self, data: Any) -> tuple[str, dict[str, float]]:
        """The op, and the numbers that are given, ``at_s`` among them.

        Raises
        ------
        FacemocapError
            Naming what is wrong with it.
        """
        remedy = f"Write it as {self.example}"
        if not isinstance(data, Mapping):
            raise FacemocapError(f"An edit of {self.of} is no object", remedy)
        given = cast(Mapping[str, Any], data)
        op = given.get("op")
        if op not in self.ops:
            raise FacemocapError(
                f'There is no edit of {self.of} "{op}"', f"Use {', '.join(self.ops)}"
            )
        ranges = {"at_s": (-MOST_S, MOST_S), **self.numbers}
        for name in given:
            if name not in ("op", *self.words, *ranges):
                raise FacemocapError(f'An edit of {self.of} has no "{name}"', remedy)
        if "at_s" not in given:
            raise FacemocapError(f"An edit of {self.of} does not say at_s", remedy)
        return str(op), {
            name: self._number(name, given[name], limits)
            for name, limits in ranges.items()
            if name in given
        }

    def _number(self, name: str, value: Any, limits: tuple[float, float]) -> float:
        about = f"{name} of an edit of {self.of}"
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or not math.isfinite(value):
            raise FacemocapError(f"{about} is no number", f"Write it as {self.example}")
        return checked_number(about, float(value), limits)


def checked_number(about: str, value: float, limits: tuple[float, float]) -> float:
    """A number within its limits; otherwise an error."""
    low, high = limits
    if not low <= value <= high:
        raise FacemocapError(
            f"{about} cannot be {value:g}", f"Give a number from {low:g} to {high:g}"
        )
    return value
