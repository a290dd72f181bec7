# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters of the kinds of steps as properties, made from the kinds' own descriptions.

A kind that is added has its sliders by that alone. Each group shows the chosen step's parameters;
the truth is the stack's text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from ..core.stack.kind import Kind
from ..core.stack.kinds import kinds
from ..core.stack.params import ByRegion, Pairs, Param, default_of, field_types, param_fields
from ..core.stack.regions import REGIONS
from .quiet import quiet

#: Ends of the names of properties that say whether a value is given at all, or for which regions.
GIVEN = "_given"
#: Spans up to this many times the default are sliders from end to end.
_WIDE = 20.0

#: Called with the group and the name of the parameter that a person changed.
Changed = Callable[[Any, str], None]


def region_items(what: str) -> list[tuple[str, str, str, int]]:
    """Regions of the face as buttons of which several can be pressed."""
    return [
        (region, region.capitalize(), f"{what}: {region}", 1 << number)
        for number, region in enumerate(REGIONS)
    ]


def make_groups(pair: type, changed: Changed) -> dict[str, type]:
    """A property group for each kind, by the kind's name; ``pair`` is that of two numbers."""
    return {name: _make_group(kind, pair, changed) for name, kind in kinds().items()}


def make_view(groups: dict[str, type]) -> dict[str, Any]:
    """Annotations of a group that holds one of each."""
    return {
        name: PointerProperty(
            type=group, name=kinds()[name].label, description=f"{kinds()[name].what}, parameters"
        )
        for name, group in groups.items()
    }


def _make_group(kind: Kind, pair: type, changed: Changed) -> type:
    types = field_types(kind.params)
    annotations: dict[str, Any] = {}
    for field, described in param_fields(kind.params):
        name = field.name
        if described.record is not None:
            # edits of single events are made where events are listed
            continue
        properties = _properties(name, types[name], described, default_of(field), pair)
        for identifier, (make, settings) in properties.items():
            if make is not CollectionProperty:
                settings["update"] = _update(changed, name)
                # a parameter is one for the whole take: only influence can be keyed
                settings.setdefault("options", set())
            annotations[identifier] = make(**settings)
    return type(
        f"FACEMOCAP_PG_params_{kind.name}",
        (bpy.types.PropertyGroup,),
        {
            "__annotations__": annotations,
            "__doc__": f"Parameters of {kind.label}.",
            "__module__": __name__,
        },
    )


def _update(changed: Changed, name: str) -> Callable[[Any, Any], None]:
    return lambda group, _context: changed(group, name)


_Properties = dict[str, tuple[Any, dict[str, Any]]]


def _properties(name: str, kind: Any, described: Param, default: Any, pair: type) -> _Properties:
    """What Blender needs for one parameter: its property, or its properties."""
    base: dict[str, Any] = {"name": _label(described), "description": described.what}
    if kind == ByRegion:
        return _by_region(name, base, described, dict(default))
    if kind in (int | None, float | None):
        return _maybe(name, int if kind == int | None else float, base, described, default)
    return {name: _single(kind, base, described, default, pair)}


def _single(kind: Any, base: dict[str, Any], described: Param, default: Any, pair: type) -> Any:
    """A parameter that is one property."""
    if kind in (int, float):
        return _number(kind, base, described, default)
    if kind == Pairs:
        return CollectionProperty, {**base, "type": pair}
    if kind is bool:
        return BoolProperty, {**base, "default": default}
    many = kind == tuple[str, ...]
    if not many and kind is not str:
        raise TypeError(f"no property can be a {kind}")
    if not described.choices:
        return StringProperty, {**base, "default": ", ".join(default) if many else default}
    items = [(c, _title(c), described.what, 1 << n) for n, c in enumerate(described.choices)]
    if many:
        settings = {"items": items, "default": set(default), "options": {"ENUM_FLAG"}}
        return EnumProperty, base | settings
    return EnumProperty, {**base, "items": [item[:3] for item in items], "default": default}


def _maybe(
    name: str, kind: type, base: dict[str, Any], described: Param, default: Any
) -> _Properties:
    """A number that may be left to the step, and whether it is given."""
    given = {
        "name": f"Set {described.label}",
        "description": f"{described.what}; off: the step finds it",
        "default": default is not None,
    }
    start = kind(default if default is not None else (described.low or 0.0))
    return {
        name + GIVEN: (BoolProperty, given),
        name: _number(kind, base, described, start),
    }


def _number(kind: type, base: dict[str, Any], described: Param, default: Any) -> Any:
    """A slider; where the range is far wider than what is usual, one of the usual part."""
    settings = {**base, "default": default}
    low, high = described.low, described.high
    if kind is int:
        limits = {"min": low, "max": high}
        return IntProperty, settings | {k: int(v) for k, v in limits.items() if v is not None}
    settings |= {k: v for k, v in (("min", low), ("max", high)) if v is not None}
    wide = max(abs(default), 0.1) * _WIDE
    if high is not None and high > wide:
        settings["soft_max"] = wide / 2
    if low is not None and low < -wide:
        settings["soft_min"] = -wide / 2
    settings |= {"precision": 3, "step": 1}
    if described.unit == "s":
        settings["unit"] = "TIME_ABSOLUTE"
    return FloatProperty, settings


def _by_region(
    name: str, base: dict[str, Any], described: Param, default: dict[str, float]
) -> _Properties:
    """Which regions have a number of their own, and these numbers."""
    items = region_items("Give it a value of its own")
    settings = {**base, "items": items, "default": set(default), "options": {"ENUM_FLAG"}}
    out: _Properties = {name + GIVEN: (EnumProperty, settings)}
    low, high = described.low, described.high
    usual = 1.0 if (low or 0.0) > 0.0 else 0.0
    for region in REGIONS:
        number = {"name": region.capitalize(), "description": f"{described.what}: {region}"}
        start = default.get(region, min(max(usual, low or usual), high or usual))
        out[region_name(name, region)] = _number(float, number, described, start)
    return out


def region_name(name: str, region: str) -> str:
    """The property of one region's number."""
    return f"{name}_{region}"


def _label(described: Param) -> str:
    """The label with its unit, which seconds show beside their number."""
    unit = {"s": "", "degrees": "°"}.get(described.unit, described.unit)
    return f"{described.label} ({unit})" if unit else described.label


def _title(choice: str) -> str:
    return choice.replace("_", " ").title()


# ---------------------------------------------------------------- values in and out


def short(number: float) -> float:
    """A property's number as the person typed it: Blender holds seven digits."""
    return float(f"{number:.7g}")


def shown_value(group: Any, kind: Kind, name: str) -> Any:
    """A parameter as a group shows it, as stack files have it."""
    hint = field_types(kind.params)[name]
    if hint in (bool, int, str):
        return getattr(group, name)
    if hint is float:
        return short(getattr(group, name))
    if hint in (int | None, float | None):
        if not getattr(group, name + GIVEN):
            return None
        value = getattr(group, name)
        return value if hint == int | None else short(value)
    if hint == ByRegion:
        given = getattr(group, name + GIVEN)
        return {r: short(getattr(group, region_name(name, r))) for r in REGIONS if r in given}
    if hint == Pairs:
        return [[short(pair.first), short(pair.second)] for pair in getattr(group, name)]
    value = getattr(group, name)
    if isinstance(value, str):
        return [part for each in value.split(",") if (part := each.strip())]
    described = {f.name: d for f, d in param_fields(kind.params)}[name]
    return [choice for choice in described.choices if choice in value]


def show_params(group: Any, kind: Kind, params: Any) -> None:
    """Show parameters."""
    types = field_types(kind.params)
    with quiet():
        for field, described in param_fields(kind.params):
            if described.record is None:
                _show(group, field.name, types[field.name], getattr(params, field.name))


def _show(group: Any, name: str, hint: Any, value: Any) -> None:
    if hint in (int | None, float | None):
        setattr(group, name + GIVEN, value is not None)
        if value is not None:
            setattr(group, name, value)
    elif hint == ByRegion:
        setattr(group, name + GIVEN, {region for region, _ in value})
        for region, number in value:
            setattr(group, region_name(name, region), number)
    elif hint == Pairs:
        rows = getattr(group, name)
        while len(rows) > len(value):
            rows.remove(len(rows) - 1)
        while len(rows) < len(value):
            rows.add()
        for row, (first, second) in zip(rows, value, strict=True):
            row.first, row.second = first, second
    elif hint == tuple[str, ...]:
        is_text = isinstance(getattr(group, name), str)
        setattr(group, name, ", ".join(value) if is_text else set(value))
    else:
        setattr(group, name, value)
