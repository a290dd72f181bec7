# SPDX-License-Identifier: GPL-3.0-or-later
"""Drivers followed back, through other drivers, to the controls that a person would move."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import bpy

from ...core.controls import BONE, PROPERTY, Control, ControlKey
from ...core.drivers.driver_answers import Points
from ...core.drivers.driver_expressions import reads_frame, straight_terms
from ..data_paths import split_path
from ..driver_links import driver_state, driver_words, drivers_of
from .driver_places import (
    FARTHEST_PROPERTY,
    Place,
    Root,
    bone_parts,
    bones_of_constraint,
    find_place,
    is_limit,
    is_turn,
    roots_at,
    words_for,
)

_ROTATIONS = {
    "QUATERNION": "rotation_quaternion",
    "AXIS_ANGLE": "rotation_axis_angle",
}


@dataclass
class Trail:
    """Where the drivers of a control begin.

    Attributes
    ----------
    words : str
        The control's own driver, as sentences name it.
    idle : str
        Why that driver does nothing; empty if it works.
    roots : dict of ControlKey to Root
    choices : list of tuple of ControlKey
        Roots that one variable reads in one: components of a bone, of which one is enough.
    changing : list of str
        Why the driven value changes by itself, as the second half of a sentence about its driver.
    fixed : list of str
        What the driver reads that nobody can move, likewise; it stays as it is.
    """

    words: str = ""
    idle: str = ""
    roots: dict[ControlKey, Root] = field(default_factory=dict)
    choices: list[tuple[ControlKey, ...]] = field(default_factory=list)
    changing: list[str] = field(default_factory=list)
    fixed: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Line:
    """A driven value that is ``slope * root + start`` while the root is within ``span``."""

    root: Root
    slope: float
    start: float
    span: tuple[float, float]

    @property
    def points(self) -> Points:
        """The root's value and the driven one at either end."""
        return tuple((end, self.slope * end + self.start) for end in self.span)

    def within(self, low: float, high: float) -> Line:
        """The same with a driven value that is held within limits."""
        ends = sorted((limit - self.start) / self.slope for limit in (low, high))
        return replace(self, span=(max(self.span[0], ends[0]), min(self.span[1], ends[1])))


class Trails:
    """The drivers of a file, as far as a character's controls hang on them."""

    def __init__(
        self, members: tuple[bpy.types.Object, ...], meshes: tuple[bpy.types.Object, ...]
    ) -> None:
        self._members = members
        self._meshes = meshes
        self._drivers: dict[Any, dict[str, list[Any]]] = {}

    def follow(self, place: Place) -> Trail:
        """All that a driven place depends on."""
        trail = Trail()
        own = self._drivers_at(place)
        trail.words = ", ".join(dict.fromkeys(driver_words(fcurve) for fcurve in own))
        trail.idle = next((idle for f in own if (idle := driver_state(f).idle)), "")
        seen = {place}
        waiting = [(place, fcurve) for fcurve in own]
        while waiting:
            at, fcurve = waiting.pop(0)
            if at != place and (idle := driver_state(fcurve).idle):
                words = driver_words(fcurve)
                trail.fixed.append(f'reads {words_for(at)}, but {idle} ("{words}")')
                continue
            trail.changing += _own_changes(fcurve)
            for sources in _sources(fcurve):
                if isinstance(sources, str):
                    trail.fixed.append(sources)
                    continue
                keys: list[ControlKey] = []
                for source in sources:
                    further = self._drivers_at(source)
                    waiting += [(source, each) for each in further if source not in seen]
                    keys += [] if further else self._add_roots(trail, source)
                    seen.add(source)
                trail.choices.append(tuple(keys))
        return trail

    def line(self, place: Place, index: int) -> Line | None:
        """The straight line by which a place follows one root, where drivers say so plainly.

        Of a bone's rotation it is the component ``index``, if nothing but that is driven.
        """
        if is_turn(place):
            bone, _ = bone_parts(place) or (None, "")
            drivers = self._drivers_at(place)
            if len(drivers) != 1 or bone is None or bone.rotation_mode in _ROTATIONS:
                return None
            place = Place(place.datablock, rotation_path(place, bone), index)
        return self._line(place, 0)

    def _add_roots(self, trail: Trail, place: Place) -> list[ControlKey]:
        found = roots_at(place, self._members, self._meshes)
        if isinstance(found, str):
            trail.fixed.append(f"reads {found}, which Face Mocap does not key")
            return []
        free = [root for root in found if not root.why_not]
        trail.roots.update({root.key: root for root in free})
        if not free:
            trail.fixed.append(f"moves with {found[0].label}, which {found[0].why_not}")
        return [root.key for root in free]

    def _drivers_at(self, place: Place) -> list[Any]:
        if place.datablock not in self._drivers:
            table: dict[str, list[Any]] = {}
            for fcurve in drivers_of(place.datablock):
                table.setdefault(fcurve.data_path, []).append(fcurve)
            self._drivers[place.datablock] = table
        table = self._drivers[place.datablock]
        if is_turn(place):
            bone, _ = bone_parts(place) or (None, "")
            channel = rotation_path(place, bone) if bone is not None else ""
            return table.get(channel, [])
        return [f for f in table.get(place.path, []) if f.array_index == place.index]

    def _line(self, place: Place, depth: int) -> Line | None:
        drivers = self._drivers_at(place)
        if not drivers:
            return self._root_line(place)
        if len(drivers) > 1 or depth > 20 or driver_state(drivers[0]).idle or is_turn(place):
            return None
        fcurve = drivers[0]
        terms = _straight_driver(fcurve)
        if terms is None:
            return None
        (name, factor), start = terms
        source = _plain_source(fcurve.driver.variables[name])
        inner = self._line(source, depth + 1) if source is not None else None
        if inner is None or not factor:
            return None
        line = replace(inner, slope=factor * inner.slope, start=factor * inner.start + start)
        line = _held(line, place)
        return line if line is not None and line.span[0] < line.span[1] else None

    def _root_line(self, place: Place) -> Line | None:
        turning = bone_parts(place)
        asked = place
        if turning is not None and turning[1] == "rotation_euler":
            # about one axis alone an Euler angle is that component of the rotation vector
            head = place.path.removesuffix(".rotation_euler")
            asked = Place(place.datablock, f"{head}.rotation", place.index)
            if rotation_path(asked, turning[0]) != place.path or self._drivers_at(asked):
                return None
        found = roots_at(asked, self._members, self._meshes)
        if isinstance(found, str):
            return None
        for root in found:
            if root.why_not or root.is_whole or root.key.index != place.index:
                continue
            return Line(root, 1.0, 0.0, root.limits)
        return None


def rotation_path(place: Place, bone: Any) -> str:
    """Data path of the rotation in the mode that the place's bone has."""
    head = place.path.rpartition(".")[0]
    return f"{head}.{_ROTATIONS.get(bone.rotation_mode, 'rotation_euler')}"


def control_place(control: Control, owner: Any) -> Place:
    """Where a control of an object is."""
    if control.kind == BONE:
        turning = control.is_rotation
        return Place(owner, control.path, 0 if turning else control.index)
    if control.kind == PROPERTY:
        datablock = owner.data if control.path.startswith("data[") else owner
        return Place(datablock, control.path.removeprefix("data"))
    return Place(owner.data.shape_keys, control.path)


def _own_changes(fcurve: Any) -> list[str]:
    """Clauses that say by what a driver changes without anything being moved."""
    driver = fcurve.driver
    names = [variable.name for variable in driver.variables]
    paths = [t.data_path for v in _read_variables(driver) for t in v.targets if _is_clock(v, t)]
    if paths or (driver.type == "SCRIPTED" and reads_frame(driver.expression, names)):
        return ["depends on the scene's frame"]
    return []


def _is_clock(variable: Any, target: Any) -> bool:
    scene = variable.type == "CONTEXT_PROP" or isinstance(target.id, bpy.types.Scene)
    return scene and target.data_path.startswith("frame_")


def _read_variables(driver: Any) -> Iterator[Any]:
    """The variables of a driver that its expression names."""
    for variable in driver.variables:
        named = re.search(rf"(?<![\w.]){re.escape(variable.name)}\b", driver.expression)
        if named or driver.type != "SCRIPTED":
            yield variable


def _sources(fcurve: Any) -> Iterator[list[Place] | str]:
    """The places that each variable of a driver reads, or a clause about what nobody can move."""
    for variable in _read_variables(fcurve.driver):
        for target in variable.targets:
            if variable.type == "CONTEXT_PROP" or isinstance(target.id, bpy.types.Scene):
                yield f"reads {target.data_path} of the scene"
            elif target.id is None:
                yield "reads something that is gone"
            elif variable.type == "SINGLE_PROP":
                place = _single(target)
                yield place if isinstance(place, str) else [place]
            else:
                yield list(_transforms(variable, target))


def _single(target: Any) -> Place | str:
    place = find_place(target.id, target.data_path)
    if place is None:
        return f"reads {target.data_path} of {target.id.name}, which does not exist"
    bone, channel = bone_parts(place) or (None, "")
    if bone is None or not channel.startswith("rotation_"):
        return place
    turn = Place(place.datablock, f"{place.path.rpartition('.')[0]}.rotation")
    if rotation_path(turn, bone) == place.path:
        return turn
    mode = bone.rotation_mode.replace("_", " ").capitalize()
    return f'reads {channel} of bone "{bone.name}", whose rotation mode is {mode}'


def _transforms(variable: Any, target: Any) -> Iterator[Place]:
    """Places behind a variable that reads where a bone or an object is."""
    bone = _target_bone(target)
    kind = target.transform_type if variable.type == "TRANSFORMS" else variable.type
    if bone is None:
        yield from _object_places(target, kind)
        return
    in_own_axes = variable.type == "TRANSFORMS" and target.transform_space != "WORLD_SPACE"
    bones = {(target.id, bone.name): bone}
    if not (in_own_axes and target.transform_space == "TRANSFORM_SPACE"):
        _add_leaders(bones, bone)
    follows = len(bones) > 1 or _is_constrained(bone)
    for (owner, _), each in bones.items():
        head = each.path_from_id()
        if kind.startswith("SCALE") and each == bone:
            # the average of three is moved by any of them
            indices = ("XYZ".index(kind[-1]),) if kind[-1] in "XYZ" else range(3)
            yield from (Place(owner, f"{head}.scale", index) for index in indices)
        if kind.startswith("SCALE") and not follows:
            continue
        loose = follows or not in_own_axes
        if loose or kind.startswith("LOC"):
            indices = range(3) if loose else ("XYZ".index(kind[-1]),)
            yield from (Place(owner, f"{head}.location", index) for index in indices)
        if loose or kind.startswith("ROT"):
            yield Place(owner, f"{head}.rotation")


def _object_places(target: Any, kind: str) -> Iterator[Place]:
    """Places behind a variable that reads where an object is."""
    channel = {"ROT": "rotation_euler", "SCA": "scale"}.get(kind[:3], "location")
    plain = target.transform_space != "WORLD_SPACE" and kind[-1] in "XYZ" and "_" in kind
    indices = ("XYZ".index(kind[-1]),) if plain and kind != "LOC_DIFF" else range(3)
    yield from (Place(target.id, channel, index) for index in indices)


def _target_bone(target: Any) -> Any:
    obj = target.id
    if not isinstance(obj, bpy.types.Object) or obj.pose is None:
        return None
    return obj.pose.bones.get(target.bone_target)


def _is_constrained(bone: Any) -> bool:
    """Whether more than plain limits acts on a bone."""
    return any(not c.mute and c.influence > 0 and not is_limit(c) for c in bone.constraints)


def _add_leaders(bones: dict[tuple[Any, str], Any], bone: Any) -> None:
    """Bones that a bone follows by its constraints, and those that these follow."""
    for constraint in (c for c in bone.constraints if not c.mute):
        for armature, name in bones_of_constraint(constraint):
            leader = armature.pose.bones.get(name)
            if leader is not None and (armature, name) not in bones:
                bones[armature, name] = leader
                _add_leaders(bones, leader)


def _straight_driver(fcurve: Any) -> tuple[tuple[str, float], float] | None:
    """((variable, factor), constant) of a driver that reads one variable straight."""
    driver = fcurve.driver
    names = [variable.name for variable in driver.variables]
    if driver.type == "SCRIPTED":
        terms = straight_terms(driver.expression, names)
    elif len(names) == 1:
        terms = {names[0]: 1.0}
    else:
        return None
    if terms is None:
        return None
    start = terms.pop("", 0.0)
    if len(terms) != 1:
        return None
    # what a driver makes goes through its F-curve, which is a straight line unless someone bent it
    if fcurve.keyframe_points or fcurve.modifiers:
        ends = [fcurve.evaluate(at) for at in (0.0, 1.0, -30.0, 0.37, 50.0)]
        if any(
            abs(end - at) > 1e-5 * max(1.0, abs(at))
            for end, at in zip(ends, (0.0, 1.0, -30.0, 0.37, 50.0), strict=True)
        ):
            return None
    return next(iter(terms.items())), start


def _plain_source(variable: Any) -> Place | None:
    """The one place whose value a variable has, as it is."""
    target = variable.targets[0]
    if target.id is None:
        return None
    if variable.type == "SINGLE_PROP":
        return find_place(target.id, target.data_path)
    bone = _target_bone(target)
    if variable.type != "TRANSFORMS" or bone is None or target.transform_space == "WORLD_SPACE":
        return None
    if target.transform_space == "LOCAL_SPACE" and _is_constrained(bone):
        return None
    kind, _, axis = target.transform_type.partition("_")
    if kind == "LOC":
        return Place(target.id, f"{bone.path_from_id()}.location", "XYZ".index(axis))
    plain = target.rotation_mode in ("AUTO", bone.rotation_mode)
    if kind == "ROT" and axis in "XYZ" and plain and bone.rotation_mode not in _ROTATIONS:
        return Place(target.id, f"{bone.path_from_id()}.rotation_euler", "XYZ".index(axis))
    return None


def _held(line: Line, place: Place) -> Line | None:
    """A line within what the driven place takes; None where it takes whole numbers."""
    if isinstance(place.datablock, bpy.types.Key):
        block: Any = place.datablock.path_resolve(place.path.removesuffix(".value"))
        return line.within(float(block.slider_min), float(block.slider_max))
    if not place.path.endswith('"]'):
        return line
    head, _, name = split_path(place.path)
    holder: Any = place.datablock.path_resolve(head) if head else place.datablock
    if not isinstance(holder[name], float):
        return None
    limits: dict[str, Any] = holder.id_properties_ui(name).as_dict()
    low, high = float(limits.get("min", 0.0)), float(limits.get("max", 1.0))
    low, high = max(low, -FARTHEST_PROPERTY), min(high, FARTHEST_PROPERTY)
    return line.within(low, high)
