# SPDX-License-Identifier: GPL-3.0-or-later
"""Drivers: which values they own, and the custom properties that a person moves instead."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import bpy

_PROPERTY = re.compile(r'^(?:data|pose\.bones\["(?:[^"\\]|\\.)*"\])?\["(?:[^"\\]|\\.)*"\]$')


@dataclass(frozen=True, slots=True)
class PropertyLink:
    """A custom property that drives something: its owner and path from that owner."""

    owner: bpy.types.Object
    path: str


@dataclass(frozen=True, slots=True)
class DriverState:
    """What a driver does with the value it owns.

    With scripts off Blender still evaluates simple expressions and harmless Python ones; only the
    rest does nothing, which shows in ``is_valid`` once the file was evaluated.

    ``why`` is a short clause for lists; ``idle`` says that it does nothing now (muted, or a Python
    expression in a file whose scripts are off).
    """

    why: str
    idle: str


def drivers_of(datablock: bpy.types.ID | None) -> Iterator[bpy.types.FCurve]:
    """Driver F-curves of a datablock."""
    if datablock is not None and datablock.animation_data is not None:
        yield from datablock.animation_data.drivers


def driver_state(fcurve: bpy.types.FCurve) -> DriverState:
    """What one driver does."""
    driver = fcurve.driver
    scripted = driver.type == "SCRIPTED" and not driver.is_simple_expression
    if driver.type == "SCRIPTED":
        why = f"driven by {driver.expression.strip() or 'an empty expression'}"
    else:
        why = f"driven by the {driver.type.lower()} of its variables"
    idle = ""
    if fcurve.mute:
        idle = "its driver is muted"
    elif scripted and not driver.is_valid and bpy.app.autoexec_fail:
        idle = "its driver is a Python expression and scripts are off in this file"
    elif not driver.is_valid:
        idle = "its driver is broken"
    return DriverState(why, idle)


def driver_words(fcurve: bpy.types.FCurve) -> str:
    """A driver as sentences name it: its expression, or what it makes of its variables."""
    driver = fcurve.driver
    if driver.type == "SCRIPTED":
        return driver.expression.strip() or "an empty expression"
    names = ", ".join(variable.name for variable in driver.variables)
    return f"{driver.type.lower()} of {names or 'nothing'}"


def property_links(
    datablock: bpy.types.ID | None, objects: set[bpy.types.Object]
) -> Iterator[PropertyLink]:
    """Custom properties that the drivers of ``datablock`` read, each once.

    A property that is driven itself leads on to those that its own driver reads.
    """
    seen: set[tuple[str, str]] = set()
    waiting = list(drivers_of(datablock))
    while waiting:
        fcurve = waiting.pop(0)
        for variable in fcurve.driver.variables:
            if variable.type != "SINGLE_PROP":
                continue
            for target in variable.targets:
                link = _link(target.id, target.data_path, objects)
                if link and (link.owner.name_full, link.path) not in seen:
                    seen.add((link.owner.name_full, link.path))
                    yield link
                    waiting += [f for f in drivers_of(target.id) if f.data_path == target.data_path]


def _link(
    datablock: bpy.types.ID | None, path: str, objects: set[bpy.types.Object]
) -> PropertyLink | None:
    if datablock is None or not _PROPERTY.match(path):
        return None
    if isinstance(datablock, bpy.types.Object):
        return PropertyLink(datablock, path)
    owner = user_of(datablock, objects)
    return PropertyLink(owner, f"data{path}") if owner and path.startswith("[") else None


def user_of(
    datablock: bpy.types.ID, objects: Iterable[bpy.types.Object]
) -> bpy.types.Object | None:
    """The object by which a property of an armature or mesh is named."""
    for candidate in sorted(objects, key=lambda o: o.name_full):
        if candidate.data == datablock:
            return candidate
    return None
