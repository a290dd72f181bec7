# SPDX-License-Identifier: GPL-3.0-or-later
"""F-curves that a tool shall change: found, filtered, read; others are left alone and counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import bpy
import numpy as np

from ...core.arrays import FloatArray
from ...core.errors import FacemocapError
from ...core.hand_edits.keys import Keys
from ...core.region_curves.strands import Strand
from ..characters.characters import CharacterObjects
from ..data_paths import split_path
from .playing import animated_of, plays_from_strip
from .regions import Regions
from .snapshots import Snapshot, keys_and_selection, restore_snapshot, take_snapshot, write_changed

#: Which keys are changed.
KEYS = ("SELECTED", "RANGE", "ALL")
_QUATERNION = "rotation_quaternion"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What shall be changed.

    Attributes
    ----------
    keys : str
        One of `KEYS`.
    span : (float, float)
        First and last frame of RANGE.
    regions : frozenset of str
        Parts of the face; empty for all.
    side : str
        L, R or C for one side alone; empty for all.
    """

    keys: str = "SELECTED"
    span: tuple[float, float] = (0.0, 0.0)
    regions: frozenset[str] = frozenset()
    side: str = ""


@dataclass
class Held:
    """One strand and the F-curves that it is of."""

    strand: Strand
    fcurves: tuple[bpy.types.FCurve, ...]
    snapshots: tuple[Snapshot, ...]
    #: Handle of the slot, data path and indices.
    slot: int
    path: str
    indices: tuple[int, ...]

    def write(self, curves: tuple[Keys, ...]) -> int:
        """Write what a tool made; the number of curves that differ from what was read."""
        done = 0
        parts = zip(self.fcurves, self.snapshots, self.strand.curves, curves, strict=True)
        for fcurve, snapshot, before, after in parts:
            done += write_changed(fcurve, snapshot, before, after)
        return done


@dataclass
class Gathered:
    """All that a tool works on.

    Attributes
    ----------
    held : list of Held
    left_alone : int
        Curves that are locked, muted, hidden, not ours to change, or in disorder.
    """

    held: list[Held] = field(default_factory=list[Held])
    left_alone: int = 0

    @property
    def keys(self) -> int:
        """Keys that are chosen."""
        return sum(int(chosen.sum()) for each in self.held for chosen in each.strand.chosen)

    @property
    def actions(self) -> list[bpy.types.Action]:
        """Actions that hold the curves."""
        found: dict[int, Any] = {}
        for each in self.held:
            action: Any = each.fcurves[0].id_data
            found[action.as_pointer()] = action
        return list(found.values())

    def change(self, how: Callable[[Held], tuple[Keys, ...]]) -> int:
        """Write what ``how`` makes of each strand; the number of curves that changed."""
        return self.write([how(each) for each in self.held])

    def write(self, made: list[tuple[Keys, ...]]) -> int:
        """Write keys for each strand; the number of curves that changed.

        All is computed before anything is written, so that an error leaves everything as it was.
        """
        done = sum(each.write(curves) for each, curves in zip(self.held, made, strict=True))
        self.tag()
        return done

    def restore(self) -> None:
        """Put every curve back to the bit."""
        for each in self.held:
            for fcurve, snapshot in zip(each.fcurves, each.snapshots, strict=True):
                restore_snapshot(fcurve, snapshot)
        self.tag()

    def tag(self) -> None:
        """Let Blender evaluate the Actions anew."""
        for action in self.actions:
            action.update_tag()


def gather(
    fcurves: Iterable[bpy.types.FCurve], wanted: Wanted, objects: Sequence[bpy.types.Object] = ()
) -> Gathered:
    """Strands of the F-curves that may be changed, with the keys that are wanted.

    ``objects`` are those whose curves were looked for: where they have none, they may say why.

    Raises
    ------
    FacemocapError
        When nothing is left to change.
    """
    out = Gathered()
    asked: dict[int, list[bpy.types.FCurve]] = {}
    for fcurve in fcurves:
        if isinstance(fcurve.id_data, bpy.types.Action) and len(fcurve.keyframe_points):
            asked.setdefault(fcurve.id_data.as_pointer(), []).append(fcurve)
    for own in asked.values():
        _gather_action(out, own, wanted)
    if not out.held:
        if not asked and plays_from_strip(objects):
            raise FacemocapError(
                "No curves are there: the take plays from an NLA strip",
                "Enter tweak mode on the strip (Tab in the NLA editor), or pull the layers back",
            )
        raise FacemocapError(*_nothing(out, bool(asked), wanted))
    return out


def _nothing(out: Gathered, asked: bool, wanted: Wanted) -> tuple[str, str]:
    if out.left_alone:
        return (
            f"{out.left_alone} curves are locked, muted, hidden or linked and were left alone",
            "Unlock and show them, or select other curves",
        )
    if not asked:
        return "No curves with keys are there", "Select keyed objects, and show their curves"
    if wanted.regions or wanted.side:
        return (
            "No such curve of this part of the face has keys here",
            "Choose another part, or select keys of it",
        )
    return "No keys are chosen", "Select keys, or take the range or all keys"


def _gather_action(out: Gathered, fcurves: list[bpy.types.FCurve], wanted: Wanted) -> None:
    action: Any = fcurves[0].id_data
    bags = _bags(action)
    if wanted.regions or wanted.side:
        regions = Regions(action, [f.data_path for bag, _ in bags.values() for f in bag.fcurves])
        fcurves = [f for f in fcurves if _is_of(regions, f.data_path, wanted)]
    seen: set[int] = set()
    for fcurve in fcurves:
        if fcurve.as_pointer() in seen:
            continue
        bag, slot = bags.get(fcurve.as_pointer(), (None, 0))
        family = _family(bag, fcurve)
        seen |= {each.as_pointer() for each in family}
        if bag is None or not all(map(_may_change, family)):
            out.left_alone += len(family)
            continue
        held = _hold(family, slot, _users(action, slot), wanted)
        if held is None:
            out.left_alone += len(family)
        elif any(chosen.any() for chosen in held.strand.chosen):
            out.held.append(held)


def _bags(action: Any) -> dict[int, tuple[Any, int]]:
    """Channelbag and slot of each F-curve of an Action, by the F-curve's address."""
    return {
        fcurve.as_pointer(): (bag, int(bag.slot_handle))
        for layer in action.layers
        for strip in layer.strips
        if strip.type == "KEYFRAME"
        for bag in strip.channelbags
        for fcurve in bag.fcurves
    }


def _is_of(regions: Regions, path: str, wanted: Wanted) -> bool:
    return any(
        (not wanted.regions or region in wanted.regions)
        and (not wanted.side or side == wanted.side)
        for region, side in regions.of(path)
    )


def _family(bag: Any, fcurve: bpy.types.FCurve) -> list[bpy.types.FCurve]:
    """The four curves of a quaternion; every other curve by itself."""
    path = fcurve.data_path
    if bag is None or path.rpartition(".")[2] != _QUATERNION:
        return [fcurve]
    four = [bag.fcurves.find(path, index=index) for index in range(4)]
    return [fcurve] if any(each is None for each in four) else four


def _may_change(fcurve: bpy.types.FCurve) -> bool:
    """Whether nothing says that a curve is to be left alone."""
    group = fcurve.group
    action: Any = fcurve.id_data
    return not (
        fcurve.lock
        or fcurve.mute
        or fcurve.hide
        or (group is not None and (group.lock or group.mute))
        or action.library is not None
        or not action.is_editable
        or not len(fcurve.keyframe_points)
    )


def _hold(
    family: list[bpy.types.FCurve], slot: int, users: list[Any], wanted: Wanted
) -> Held | None:
    snapshots = tuple(take_snapshot(each) for each in family)
    read = [keys_and_selection(f, s) for f, s in zip(family, snapshots, strict=True)]
    curves: list[Keys] = []
    chosen: list[Any] = []
    for each in read:
        if each is None:
            return None
        keys, selected = each
        curves.append(keys)
        if wanted.keys == "SELECTED":
            chosen.append(selected)
        else:
            frames = keys["frame"]
            low, high = wanted.span
            inside = (frames >= np.float32(low)) & (frames <= np.float32(high))
            chosen.append(inside if wanted.keys == "RANGE" else np.ones(len(keys), np.bool_))
    strand = Strand(tuple(curves), tuple(chosen), _rest(family, users))
    path = family[0].data_path
    return Held(
        strand, tuple(family), snapshots, slot, path, tuple(each.array_index for each in family)
    )


def _rest(family: list[bpy.types.FCurve], users: list[Any]) -> tuple[float, ...]:
    """Values of the rest pose."""
    if len(family) == 4:
        return (1.0, 0.0, 0.0, 0.0)
    path, index = family[0].data_path, family[0].array_index
    last = path.rpartition(".")[2]
    if last == _QUATERNION:
        return (float(index == 0),)
    return (1.0,) if last == "scale" else (_default(users, path, index),)


def _default(users: list[Any], path: str, index: int) -> float:
    """What a property is when nobody has set it."""
    for owner in users:
        try:
            head, attribute, key = split_path(path)
            holder: Any = owner.path_resolve(head) if head else owner
            if not attribute:
                default = holder.id_properties_ui(key).as_dict().get("default", 0.0)
            elif isinstance(holder, bpy.types.ShapeKey):
                # Blender 5.0 calls 1 the default of new ones
                return 0.0
            else:
                known = holder.bl_rna.properties[attribute]
                default = known.default_array if known.is_array else known.default
            value = default if isinstance(default, int | float) else default[index]
            return float(value)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError):
            continue
    return 0.0


def _users(action: Any, handle: int) -> list[Any]:
    """What a slot animates."""
    slot = next((slot for slot in action.slots if slot.handle == handle), None)
    return [] if slot is None else list(slot.users())


def curves_of_character(picked: CharacterObjects) -> list[bpy.types.FCurve]:
    """F-curves of all that plays on a character: objects, meshes, shape keys, armature."""
    out: dict[int, bpy.types.FCurve] = {}
    for each in animated_of(picked.objects):
        animation = each.animation_data
        if animation is None or animation.action is None:
            continue
        for layer in animation.action.layers:
            for strip in layer.strips:
                bag = strip.channelbag(animation.action_slot) if animation.action_slot else None
                for fcurve in bag.fcurves if bag else ():
                    out[fcurve.as_pointer()] = fcurve
    return list(out.values())


def curves_of_actions(fcurves: Iterable[bpy.types.FCurve]) -> list[bpy.types.FCurve]:
    """All F-curves of the slots that hold some."""
    out: dict[int, bpy.types.FCurve] = {}
    for fcurve in fcurves:
        action = fcurve.id_data
        if fcurve.as_pointer() in out or not isinstance(action, bpy.types.Action):
            continue
        for bag, _ in _bags(action).values():
            out |= {each.as_pointer(): each for each in bag.fcurves}
    return list(out.values())


def lines_to_other(lines: Sequence[tuple[FloatArray, FloatArray]]) -> Callable[[FloatArray], Any]:
    """A curve of another take by frames and values, straight between them."""

    def other(at: FloatArray) -> Any:
        columns: list[FloatArray] = [np.interp(at, frames, values) for frames, values in lines]
        return np.stack(columns, axis=1)

    return other
