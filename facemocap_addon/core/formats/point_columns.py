# SPDX-License-Identifier: GPL-3.0-or-later
"""Columns of a table that are the coordinates of points, by their names alone.

``p1_x``, ``p1.X``, ``nose x``, ``12z``: the axis after the point. ``X.1``, ``x_12``, ``Y1``,
``z[3]``: the axis before it. A unit may follow: ``p1_x (mm)``, ``p1.x_cm``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .marker_frames import UNITS

_UNIT = re.compile(r"\s*(?:[\[(]\s*([A-Za-z]+)\s*[\])]|[_ .]([a-z]{1,2}))$")
_AFTER = re.compile(r"(.*?)(?:[\s._:\-]+|(?<=\d)|[\[(])([xyzXYZ])[\])]?")
_BEFORE = re.compile(r"([xyzXYZ])(?:[\s._:\-]+|(?=\d)|[\[(])(.+?)[\])]?")
_LONGEST_NAME = 200
#: Triples of numbers that are no places.
_NO_PLACE = re.compile(r"rot|euler|quat|angle|gaze|scale|normal|accel|gyro|veloc|orient")


@dataclass(frozen=True, slots=True)
class PointColumns:
    """The points that a header names.

    Attributes
    ----------
    names : tuple of str, length p
    columns : tuple of (int, int, int), length p
        Of x, y and z.
    unit : str
        What all of them name, empty where they do not.
    """

    names: tuple[str, ...]
    columns: tuple[tuple[int, int, int], ...]
    unit: str = ""


def find_point_columns(header: Sequence[str]) -> PointColumns:
    """All points of a header that have three coordinates, in the order of their first column."""
    found: dict[tuple[str, str, bool], dict[str, int]] = {}
    units: set[str] = set()
    for column, cell in enumerate(header):
        if len(cell) > _LONGEST_NAME:
            continue
        name, unit = _without_unit(cell.strip())
        told = _axis_and_stem(name)
        if told is None or _NO_PLACE.search(told[1].lower()):
            continue
        axis, stem, place = told
        key = (stem, place, axis.isupper())
        if axis.lower() not in found.setdefault(key, {}):
            found[key][axis.lower()] = column
            units.add(unit)
    whole = {key: axes for key, axes in found.items() if len(axes) == 3}
    return PointColumns(
        tuple(stem for stem, _place, _upper in whole),
        tuple((axes["x"], axes["y"], axes["z"]) for axes in whole.values()),
        units.pop() if len(units) == 1 else "",
    )


def _without_unit(cell: str) -> tuple[str, str]:
    found = _UNIT.search(cell)
    unit = (found[1] or found[2]).lower() if found else ""
    return (cell[: found.start()], unit) if found and unit in UNITS else (cell, "")


def _axis_and_stem(name: str) -> tuple[str, str, str] | None:
    """Axis, name of the point, and where the axis stands; None for what is no coordinate."""
    after = _AFTER.fullmatch(name)
    if after and after[1].strip():
        return after[2], after[1].strip(), "after"
    before = _BEFORE.fullmatch(name)
    return (before[1], before[2].strip(), "before") if before else None
