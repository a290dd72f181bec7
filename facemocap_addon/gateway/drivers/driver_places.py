# SPDX-License-Identifier: GPL-3.0-or-later
"""Places that drivers read and write, and the controls that a person would move at them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import bpy

from ...core.controls import BONE, PROPERTY, SHAPE_KEY, ControlKey
from ..data_paths import split_path
from ..driver_links import user_of

AXES = "XYZ"
#: What of an object or a bone is keyed by one component.
_MOVES = {"location": "lock_location", "rotation_euler": "lock_rotation", "scale": "lock_scale"}
#: One component at the end of a path to an array.
_COMPONENT = re.compile(r"(?:\[(\d+)\]|\.([xyzw]))$")
_ARRAYS = ("location", "scale", "rotation_euler", "rotation_quaternion", "rotation_axis_angle")
_SHAPE = re.compile(r'^key_blocks\["(?:[^"\\]|\\.)*"\]\.value$')
_BONE = re.compile(r'^(pose\.bones\["((?:[^"\\]|\\.)*)"\])\.(\w+)$')

#: How far a control without limits is moved at most.
FARTHEST_PROPERTY = 1000.0
FARTHEST_MOVE = 10.0
SCALES = (0.0, 10.0)
#: Short of a quarter turn, where the middle one of three Euler angles comes to its end.
FARTHEST_TURN_RAD = 1.55


@dataclass(frozen=True, slots=True)
class Place:
    """A number that can be animated: ``path`` within ``datablock``, ``index`` in an array.

    A bone's rotation is one place, whatever mode it has; its path ends in ``.rotation``.
    """

    datablock: Any
    path: str
    index: int = 0


@dataclass(frozen=True, slots=True)
class Root:
    """A control that nothing drives.

    Attributes
    ----------
    key : ControlKey
    owner : bpy.types.Object
    label : str
        What sentences call it.
    limits : (float, float)
        How far it may go.
    start : float
        Its value at rest, unless that is beyond its limits.
    is_whole : bool
        It takes whole numbers only.
    why_not : str
        Why it must not be keyed; empty if it may.
    """

    key: ControlKey
    owner: Any
    label: str
    limits: tuple[float, float]
    is_whole: bool = False
    why_not: str = ""
    start: float = 0.0

    @property
    def rest(self) -> float:
        """Its value at rest."""
        return min(max(self.start, self.limits[0]), self.limits[1])

    @property
    def bone(self) -> Any:
        """The pose bone that it belongs to, or None."""
        found = _BONE.match(self.key.path)
        if found is None:
            return None
        return self.owner.pose.bones.get(bpy.utils.unescape_identifier(found.group(2)))


def find_place(datablock: Any, path: str) -> Place | None:
    """The place that a driver's variable names, through whatever it goes; None if it is gone."""
    found = _COMPONENT.search(path)
    array = path[: found.start()] if found else ""
    index = 0
    try:
        if found and array and split_path(array)[1] in _ARRAYS:
            index = int(found.group(1)) if found.group(1) else "xyzw".index(found.group(2))
            path = array
        head, attribute, key = split_path(path)
        holder: Any = datablock.path_resolve(head) if head else datablock
        # what a path goes through may belong to another datablock
        own = "" if isinstance(holder, bpy.types.ID) else holder.path_from_id()
        at = holder if isinstance(holder, bpy.types.ID) else holder.id_data
    except (ValueError, AttributeError, TypeError):
        return None
    if key:
        return Place(at, f'{own}["{bpy.utils.escape_identifier(key)}"]')
    return Place(at, f"{own}.{attribute}" if own else attribute, index)


def is_turn(place: Place) -> bool:
    """Whether the place is a bone's rotation as a whole."""
    return isinstance(place.datablock, bpy.types.Object) and place.path.endswith("].rotation")


def bone_parts(place: Place) -> tuple[Any, str] | None:
    """The pose bone of a place and the name of its property; None for other places."""
    found = _BONE.match(place.path)
    if found is None or not isinstance(place.datablock, bpy.types.Object):
        return None
    bone = place.datablock.pose.bones.get(bpy.utils.unescape_identifier(found.group(2)))
    return (bone, found.group(3)) if bone is not None else None


def roots_at(
    place: Place,
    members: Iterable[bpy.types.Object],
    meshes: Iterable[bpy.types.Object],
) -> list[Root] | str:
    """The controls of an undriven place, or what it is if it is none.

    Parameters
    ----------
    place : Place
    members, meshes : iterable of bpy.types.Object
        The character's objects, and its meshes in their order.
    """
    if isinstance(place.datablock, bpy.types.Key):
        return _shape_root(place, meshes)
    part = bone_parts(place)
    if part is not None and part[1] in ("location", "rotation"):
        return _bone_roots(place, members)
    is_own = part is not None or isinstance(place.datablock, bpy.types.Object)
    if is_own and place.path.rpartition(".")[2] in _MOVES:
        return _component_root(place, members)
    if place.path.endswith('"]'):
        return _property_root(place, list(members))
    return words_for(place)


def words_for(place: Place) -> str:
    """What sentences call a place."""
    name = getattr(place.datablock, "name", "")
    part = bone_parts(place)
    axis = f" {AXES[place.index]}" if place.path.rpartition(".")[2] in _MOVES else ""
    if part is not None:
        return f'{part[1].partition("_")[0]}{axis} of bone "{part[0].name}" on {name}'
    if _SHAPE.match(place.path):
        shape = bpy.utils.unescape_identifier(place.path.split('"', 1)[1].rpartition('"')[0])
        users = [o for o in bpy.data.objects if _keys_of(o) == place.datablock]
        return f'shape key "{shape}" on {users[0].name if users else name}'
    if place.path.endswith('"]'):
        return f'property "{split_path(place.path)[2]}" on {name}'
    return f"{place.path.partition('_')[0] if axis else place.path}{axis} of {name}"


def _keys_of(obj: Any) -> Any:
    return obj.data.shape_keys if obj.type == "MESH" else None


def _shape_root(place: Place, meshes: Iterable[bpy.types.Object]) -> list[Root] | str:
    owner: Any = next((mesh for mesh in meshes if _keys_of(mesh) == place.datablock), None)
    if owner is None or not _SHAPE.match(place.path):
        return words_for(place)
    block: Any = place.datablock.path_resolve(place.path.removesuffix(".value"))
    limits = float(block.slider_min), float(block.slider_max)
    key = ControlKey(SHAPE_KEY, owner.name, place.path)
    return [Root(key, owner, words_for(place), limits)]


def _property_root(place: Place, members: list[bpy.types.Object]) -> list[Root] | str:
    owner: Any = place.datablock
    path = place.path
    if not isinstance(owner, bpy.types.Object):
        owner = user_of(owner, members) or user_of(owner, bpy.data.objects)
        path = f"data{place.path}"
    head, _, name = split_path(place.path)
    holder: Any = place.datablock.path_resolve(head) if head else place.datablock
    if owner is None or name not in holder or not isinstance(holder[name], int | float):
        return words_for(place)
    limits: dict[str, Any] = holder.id_properties_ui(name).as_dict()
    low = max(float(limits.get("min", 0.0)), -FARTHEST_PROPERTY)
    high = min(float(limits.get("max", 1.0)), FARTHEST_PROPERTY)
    linked = _why_linked(place.datablock, members)
    is_whole = not isinstance(holder[name], float)
    key = ControlKey(PROPERTY, owner.name, path)
    return [Root(key, owner, words_for(place), (low, high), is_whole, linked)]


def _component_root(place: Place, members: Iterable[bpy.types.Object]) -> list[Root]:
    """A component of where an object is, or of a bone's scale: a number by itself."""
    channel = place.path.rpartition(".")[2]
    part = bone_parts(place)
    holder: Any = part[0] if part is not None else place.datablock
    start = 1.0 if part is not None else float(getattr(holder, channel)[place.index])
    way = FARTHEST_TURN_RAD if channel == "rotation_euler" else FARTHEST_MOVE
    limits = SCALES if channel == "scale" else (start - way, start + way)
    if part is None and channel == "location":
        low, high = _limits(holder, True, place.index, 1e9)
        limits = max(limits[0], low), min(limits[1], high)
    why_not = _why_linked(place.datablock, members)
    if getattr(holder, _MOVES[channel])[place.index]:
        why_not = why_not or "is locked"
    key = ControlKey(PROPERTY, place.datablock.name, f"{place.path}[{place.index}]")
    return [Root(key, place.datablock, words_for(place), limits, why_not=why_not, start=start)]


def _bone_roots(place: Place, members: Iterable[bpy.types.Object]) -> list[Root] | str:
    bone, channel = bone_parts(place) or (None, "")
    if bone is None or channel not in ("location", "rotation"):
        return words_for(place)
    is_move = channel == "location"
    locks = bone.lock_location if is_move else bone.lock_rotation
    cap = max(FARTHEST_MOVE, 10.0 * bone.bone.length) if is_move else FARTHEST_TURN_RAD
    linked = _why_linked(place.datablock, members)
    roots: list[Root] = []
    for index in (place.index,) if is_move else range(3):
        limits = _limits(bone, is_move, index, cap)
        # what limits hold in place is not there to be moved
        if limits[0] < limits[1]:
            verb = "location" if is_move else "rotation"
            label = f'{verb} {AXES[index]} of bone "{bone.name}" on {place.datablock.name}'
            why_not = linked or ("is locked" if locks[index] else "")
            key = ControlKey(BONE, place.datablock.name, place.path, index)
            roots.append(Root(key, place.datablock, label, limits, why_not=why_not))
    return roots or words_for(place)


def _limits(bone: Any, is_move: bool, index: int, cap: float) -> tuple[float, float]:
    """How far a bone may go along or about one axis, by its limiting constraints."""
    low, high = -cap, cap
    axis = "xyz"[index]
    kind = "LIMIT_LOCATION" if is_move else "LIMIT_ROTATION"
    for constraint in bone.constraints:
        if constraint.type != kind or constraint.mute or not is_limit(constraint):
            continue
        if is_move:
            uses = getattr(constraint, f"use_min_{axis}"), getattr(constraint, f"use_max_{axis}")
        else:
            uses = (getattr(constraint, f"use_limit_{axis}"),) * 2
        if uses[0]:
            low = max(low, float(getattr(constraint, f"min_{axis}")))
        if uses[1]:
            high = min(high, float(getattr(constraint, f"max_{axis}")))
    return low, high


def is_limit(constraint: Any) -> bool:
    """Whether a constraint only holds a bone within limits of its own axes."""
    limiting = constraint.type in ("LIMIT_LOCATION", "LIMIT_ROTATION", "LIMIT_SCALE")
    return limiting and constraint.owner_space == "LOCAL" and constraint.influence == 1.0


def bones_of_constraint(constraint: Any) -> list[tuple[Any, str]]:
    """(armature, name) of the bones that a constraint looks at."""
    holders = constraint.targets if constraint.type == "ARMATURE" else [constraint]
    found = [(getattr(h, "target", None), getattr(h, "subtarget", "")) for h in holders]
    return [(obj, name) for obj, name in found if obj is not None and obj.pose and name]


def _why_linked(datablock: bpy.types.ID, members: Iterable[bpy.types.Object]) -> str:
    """Why a datablock cannot be keyed; the character's own may be overridden."""
    if datablock.library is None:
        return ""
    own = any(datablock in (member, member.data) for member in members)
    return "" if own else "is linked from another file"


class Handles:
    """Tells bones that are there only to drive from those that deform or carry a character."""

    def __init__(self, members: Iterable[bpy.types.Object]) -> None:
        self._members = list(members)
        self._carrying: dict[Any, set[str]] = {}

    def has(self, root: Root) -> bool:
        """Whether a root is a bone on which nothing of the character hangs but by drivers."""
        bone = root.bone
        if bone is None or root.key.kind != BONE:
            return False
        if root.owner not in self._carrying:
            self._carrying[root.owner] = self._find_carrying(root.owner)
        return bone.name not in self._carrying[root.owner]

    def _find_carrying(self, armature: Any) -> set[str]:
        """Bones that move a member of the character, and all that these follow."""
        deforming = {bone.name for bone in armature.data.bones if bone.use_deform}
        carrying: set[str] = set()
        for member in self._members:
            if member.parent == armature and member.parent_type == "BONE":
                carrying.add(member.parent_bone)
            if any(m.type == "ARMATURE" and m.object == armature for m in member.modifiers):
                carrying |= deforming & {group.name for group in member.vertex_groups}
        leaders: dict[str, set[str]] = {}
        for bone in armature.pose.bones:
            leaders[bone.name] = {bone.parent.name} if bone.parent else set()
            for constraint in bone.constraints:
                followed = bones_of_constraint(constraint)
                leaders[bone.name] |= {name for obj, name in followed if obj == armature}
        waiting = [name for name in carrying if name in leaders]
        while waiting:
            for leader in leaders.get(waiting.pop(), set()) - carrying:
                carrying.add(leader)
                waiting.append(leader)
        return carrying
