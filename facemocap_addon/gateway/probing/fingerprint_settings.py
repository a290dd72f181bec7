# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of modifiers, constraints and drivers as plain values, for a fingerprint.

Whatever RNA lists is read, so nothing is forgotten. What is nought, off or empty is left out, so
that most of what a newer Blender adds changes nothing; defaults are not gone by, since they differ
between versions. Datablocks stand in the values as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from operator import attrgetter
from typing import Any

import bpy
import numpy as np

from ..data_paths import split_path
from ..driver_links import drivers_of

#: What says nothing about how a character moves, or is put there while it is evaluated.
_BESIDE = {
    "action_slot_handle", "active", "enabled", "error_location", "error_rotation", "execution_time",
    "is_active", "is_name_valid", "is_override_data", "is_simple_expression", "is_valid",
    "last_slot_identifier", "name", "persistent_uid", "rna_type", "show_debug_info",
    "show_expanded", "show_in_editmode", "show_on_cage", "show_render", "show_viewport",
    "use_apply_on_spline", "use_pin_to_last",
}  # fmt: skip
_NO_PATHS: frozenset[str] = frozenset()
#: An object's own place, which is where the character stands and not what it is.
PLACE = ("location", "rotation", "scale", "delta_")


def settings(struct: Any, prefix: str = "", moved: frozenset[str] = _NO_PATHS) -> dict[str, Any]:
    """All values of ``struct`` but those that are nought, off or empty, by identifier.

    Values that drivers or keys put there (``prefix`` before the identifier being in ``moved``) are
    left out: they are no setting.
    """
    names, read = _table(type(struct))
    out: dict[str, Any] = {}
    for name, value in zip(names, read(struct), strict=True):
        if value and f"{prefix}.{name}" not in moved:
            plain = _plain(value)
            if plain:
                out[name] = plain
    targets = getattr(struct, "targets", None)
    if targets is not None:
        out["targets"] = [settings(target) for target in targets]
    return out


@cache
def _table(kind: Any) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """Identifiers of the values to read off a type, and what reads them."""
    names = sorted(
        prop.identifier
        for prop in kind.bl_rna.properties
        if prop.identifier not in _BESIDE
        and prop.type != "COLLECTION"
        and (prop.type != "POINTER" or isinstance(prop.fixed_type, bpy.types.ID))
    )
    if len(names) == 1:
        # of one name the getter would give the bare value
        names *= 2
    return tuple(names), attrgetter(*names)


def _plain(value: Any) -> Any:
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bpy.types.Action):
        return action_curves(value)
    if isinstance(value, bpy.types.ID):
        return value
    if isinstance(value, set):
        return sorted(value)
    if isinstance(value, bpy.types.bpy_struct) or not hasattr(value, "__len__"):
        return None
    numbers = np.array(value, np.float64)
    return numbers.ravel().tolist() if numbers.any() else None


def constraints(
    holder: Any, prefix: str = "", moved: frozenset[str] = _NO_PATHS
) -> list[dict[str, Any]]:
    """The constraints of an object or a pose bone, in their order."""
    out: list[dict[str, Any]] = []
    for constraint in holder.constraints:
        path = f'{prefix}constraints["{bpy.utils.escape_identifier(constraint.name)}"]'
        out.append({"type": constraint.type, **settings(constraint, path, moved)})
    return out


def drivers(datablock: bpy.types.ID, without: tuple[str, ...] = ()) -> list[Any]:
    """The drivers of a datablock but those of paths that begin with one of ``without``."""
    out: list[Any] = []
    for fcurve in sorted(drivers_of(datablock), key=lambda f: (f.data_path, f.array_index)):
        if without and fcurve.data_path.startswith(without):
            continue
        driver: Any = fcurve.driver
        scripted = driver.type == "SCRIPTED"
        out.append(
            {
                "curve": curve(fcurve),
                "mute": fcurve.mute,
                "driver": settings(driver) | {"expression": driver.expression if scripted else ""},
                "off": scripted and _is_off(driver),
                "variables": [
                    [
                        variable.name,
                        settings(variable),
                        [_limits(target) for target in variable.targets]
                        if variable.type == "SINGLE_PROP"
                        else [],
                    ]
                    for variable in driver.variables
                ],
            }
        )
    return out


def rotations_read(datablock: bpy.types.ID) -> Iterator[tuple[bpy.types.ID | None, str]]:
    """Owners and data paths of rotations that drivers read, which hang on the rotation's mode."""
    for fcurve in drivers_of(datablock):
        for variable in fcurve.driver.variables:
            for target in variable.targets:
                if variable.type == "SINGLE_PROP" and ".rotation_" in target.data_path:
                    yield target.id, target.data_path


def _is_off(driver: Any) -> bool:
    """Whether it does nothing because scripts are off: with scripts on it measures otherwise."""
    return not driver.is_simple_expression and not driver.is_valid and bpy.app.autoexec_fail


def _limits(target: bpy.types.DriverTarget) -> Any:
    """Kind and limits of the custom property that a driver reads, None when it reads another."""
    try:
        head, _, name = split_path(target.data_path)
        if target.id is None or not name:
            return None
        holder: Any = target.id.path_resolve(head) if head else target.id
        value = holder[name]
        if not isinstance(value, int | float):
            return None
        ui = holder.id_properties_ui(name).as_dict()
    except (ValueError, KeyError, TypeError):
        return None
    return [type(value).__name__, ui.get("min"), ui.get("max")]


def curve(fcurve: bpy.types.FCurve) -> list[Any]:
    """What an F-curve is: its path, keys, and modifiers."""
    points = fcurve.keyframe_points
    keys: list[Any] = []
    for name, width in (("co", 2), ("handle_left", 2), ("handle_right", 2)):
        numbers = np.empty(len(points) * width, np.float32)
        points.foreach_get(name, numbers)
        keys.append(numbers)
    return [
        fcurve.data_path,
        fcurve.array_index,
        fcurve.extrapolation,
        keys if len(points) else [],
        [point.interpolation for point in points],
        [[modifier.type, settings(modifier)] for modifier in fcurve.modifiers],
    ]


def action_curves(action: bpy.types.Action) -> list[Any]:
    """The curves of an Action that a constraint plays."""
    return sorted(
        ([curve(fcurve) for fcurve in bag.fcurves] for bag in _bags(action)),
        key=lambda curves: [(c[0], c[1]) for c in curves],
    )


def moved_paths(datablock: bpy.types.ID) -> frozenset[str]:
    """Data paths of a datablock that drivers, its Action or its NLA strips write to."""
    data = datablock.animation_data
    if data is None:
        return _NO_PATHS
    paths = {fcurve.data_path for fcurve in data.drivers}
    played = [(data.action, data.action_slot)] if data.action else []
    played += [
        (strip.action, strip.action_slot)
        for track in data.nla_tracks
        for strip in track.strips
        if strip.action is not None
    ]
    for action, slot in played:
        if slot is not None:
            for bag in _bags(action, slot):
                paths.update(fcurve.data_path for fcurve in bag.fcurves)
    return frozenset(paths)


def _bags(action: Any, slot: Any = None) -> Iterable[Any]:
    for layer in action.layers:
        for strip in layer.strips:
            for bag in strip.channelbags:
                if slot is None or bag.slot == slot:
                    yield bag
