# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes out of characters: what plays on one is read frame by frame and told as channels.

The scene is evaluated in a scene of its own that shows the character and goes again, so that the
open one keeps its frame, and values that were changed and not keyed stay as they are. What plays is
what is seen: slotted Actions, NLA strips and drivers alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import bpy
import numpy as np

from ...core.channels import Channel, arkit_schema
from ...core.controls import BONE, SHAPE_KEY, ControlKey
from ...core.errors import FacemocapError
from ...core.rig_maps.map_inverse import Inverse, invert_map
from ...core.rig_maps.rig_map import RigMap
from ...core.rotations import continuous_head_angles, continuous_vectors, to_vector
from ...core.take import Take, TakeSource
from ...core.timebase import Timebase
from ..characters.characters import CharacterObjects, owner_object
from ..driver_links import drivers_of
from ..scenes import scene_clock

FORMAT = "character"
_BONE = re.compile(r'^pose\.bones\["((?:[^"\\]|\\.)*)"\]\.(location|rotation)$')
_COMPONENT = re.compile(r"(?<=\w)\[(\d+)\]$")
#: A channel that moves less than this (coefficients, radians) stands still.
_STILL = 1e-5
#: Controls that the map misses by more than this are worth a word.
_MISSED = 0.05
_MOST_FRAMES = 500_000
_HEAD = ("headYaw", "headPitch", "headRoll")


def take_from_character(
    picked: CharacterObjects,
    scene: bpy.types.Scene,
    rig_map: RigMap,
    frames: tuple[int, int] | None = None,
) -> Take:
    """The face animation of a character as a take, a sample a frame; nothing is changed.

    Parameters
    ----------
    picked : CharacterObjects
    scene : Scene
        Its rate is that of the take.
    rig_map : RigMap
        What drives what on the character; followed backwards (`map_inverse`).
    frames : (int, int), optional
        First and last frame; without, all that the character's Actions and strips reach, else the
        scene's own range.

    Raises
    ------
    FacemocapError
        When nothing of the face moves, or no control of the map is there.
    """
    first, last = frames or animated_range(picked) or (scene.frame_start, scene.frame_end)
    if last - first + 1 > _MOST_FRAMES or last < first:
        raise FacemocapError(
            f'The animation of "{picked.name}" reaches from frame {first} to {last}',
            "Read a part of it: give the first and the last frame",
        )
    readers = _readers(picked, rig_map)
    if not readers:
        raise FacemocapError(
            f'"{picked.name}" has none of the controls of its rig map', "Match the character again"
        )
    numbers = np.arange(first, last + 1)
    controls = _read(picked, scene, readers, numbers)
    found = invert_map(rig_map, controls)
    if not _moves(found):
        raise FacemocapError(
            f'Nothing of the face of "{picked.name}" moves from frame {first} to {last}',
            "Animate it, or choose another character",
        )
    return _take(found, scene, numbers, picked.name)


def _take(found: Inverse, scene: bpy.types.Scene, frames: np.ndarray, name: str) -> Take:
    clock = scene_clock(scene)
    schema = arkit_schema()
    values = np.array(found.values)
    heads = [found.channels.index(each) for each in _HEAD if each in found.channels]
    if len(heads) == len(_HEAD):
        values[:, heads] = continuous_head_angles(values[:, heads])
    still = [
        channel for place, channel in enumerate(found.channels) if not found.valid[:, place].any()
    ]
    assumptions = [
        "Channels are what the rig map makes of the controls backwards, every frame by itself.",
    ]
    shared = [
        channel
        for place, channel in enumerate(found.channels)
        if found.valid[:, place].any() and found.told[place] < 0.99
    ]
    if shared:
        assumptions.append(
            f"{len(shared)} channels share controls and take even parts of them: {_listed(shared)}."
        )
    warnings: list[str] = []
    if still:
        warnings.append(f"The controls do not tell {len(still)} channels: {_listed(still)}.")
    missed = float(found.missed.max(initial=0.0))
    if missed > _MISSED:
        frame = int(frames[int(np.argmax(found.missed))])
        warnings.append(
            f"No channels make quite what the controls do: they differ by up to {missed:.2f} "
            f"(frame {frame})."
        )
    return Take(
        times=clock.seconds(frames, float(frames[0])),
        channels=tuple(schema.get(channel) or Channel(channel) for channel in found.channels),
        values=values,
        valid=found.valid,
        timebase=Timebase(Fraction(clock.rate_hz).limit_denominator(1001)),
        source=TakeSource(
            name, FORMAT, {"character": name, "first_frame": int(frames[0]), "frames": len(frames)}
        ),
        not_recorded=tuple(still),
        assumptions=tuple(assumptions),
        warnings=tuple(warnings),
    )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return ", ".join(names[:6]) + more


def _moves(found: Inverse) -> bool:
    return any(
        float(np.ptp(found.values[found.valid[:, place], place])) > _STILL
        for place in range(len(found.channels))
        if found.valid[:, place].any()
    )


# --- reading -------------------------------------------------------------------------------------


class _Bone:
    """A bone's place or turn."""

    def __init__(self, owner: Any, name: str, channel: str, keys: dict[int, ControlKey]) -> None:
        self._owner, self._name, self._channel, self._keys = owner, name, channel, keys

    def read(self, graph: bpy.types.Depsgraph) -> tuple[float, ...]:
        basis = self._owner.evaluated_get(graph).pose.bones[self._name].matrix_basis
        if self._channel == "location":
            return tuple(basis.translation)
        return tuple(basis.to_quaternion())

    def finish(self, table: np.ndarray) -> Iterator[tuple[ControlKey, np.ndarray]]:
        vectors = table if self._channel == "location" else continuous_vectors(to_vector(table))
        for index, key in self._keys.items():
            yield key, vectors[:, index]


class _Number:
    """A shape key's value or a custom property."""

    def __init__(self, holder: Any, path: str, key: ControlKey) -> None:
        component = _COMPONENT.search(path)
        self._holder, self._key = holder, key
        self._path = path[: component.start()] if component else path
        self._index = int(component.group(1)) if component else None

    def read(self, graph: bpy.types.Depsgraph) -> tuple[float, ...]:
        value = self._holder.evaluated_get(graph).path_resolve(self._path)
        return (float(value if self._index is None else value[self._index]),)

    def finish(self, table: np.ndarray) -> Iterator[tuple[ControlKey, np.ndarray]]:
        yield self._key, table[:, 0]


_Reader = _Bone | _Number


def _readers(picked: CharacterObjects, rig_map: RigMap) -> list[_Reader]:
    """What reads the controls of a map that the character has."""
    out: list[_Reader] = []
    bones: dict[tuple[str, str, str], dict[int, ControlKey]] = {}
    for entry in rig_map.entries:
        control = entry.control
        try:
            owner: Any = owner_object(picked, control.owner, control.kind)
            if control.kind == BONE:
                found = _BONE.match(control.path)
                if found and owner.path_resolve(f'pose.bones["{found.group(1)}"]'):
                    name = bpy.utils.unescape_identifier(found.group(1))
                    bone = bones.setdefault((control.owner, name, found.group(2)), {})
                    bone[control.index] = control
                continue
            if control.kind == SHAPE_KEY:
                holder, path = owner.data.shape_keys, control.path
            elif control.path.startswith("data["):
                holder, path = owner.data, control.path.removeprefix("data")
            else:
                holder, path = owner, control.path
            if isinstance(holder.path_resolve(path), int | float):
                out.append(_Number(holder, path, control))
        except (FacemocapError, ValueError, AttributeError, KeyError):
            # what the character does not have (any more) tells nothing
            continue
    for (owner_name, name, channel), keys in bones.items():
        out.append(_Bone(owner_object(picked, owner_name, BONE), name, channel, keys))
    return out


def _read(
    picked: CharacterObjects,
    scene: bpy.types.Scene,
    readers: Sequence[_Reader],
    frames: np.ndarray,
) -> dict[ControlKey, np.ndarray]:
    """Values ``(n,)`` of every control on the frames."""
    rows: list[list[tuple[float, ...]]] = []
    with reading_stage(picked, scene) as stage:
        layer = stage.view_layers[0]
        for frame in frames.tolist():
            stage.frame_set(frame)
            graph: Any = layer.depsgraph
            rows.append([reader.read(graph) for reader in readers])
    out: dict[ControlKey, np.ndarray] = {}
    for place, reader in enumerate(readers):
        out.update(reader.finish(np.array([row[place] for row in rows], np.float64)))
    return out


@contextmanager
def reading_stage(picked: CharacterObjects, scene: bpy.types.Scene) -> Iterator[bpy.types.Scene]:
    """A scene that shows the character itself; it is gone when the block ends."""
    stage = bpy.data.scenes.new("Face Mocap reading")
    try:
        stage.render.fps, stage.render.fps_base = scene.render.fps, scene.render.fps_base
        for obj in picked.objects:
            stage.collection.objects.link(obj)
        yield stage
    finally:
        bpy.data.scenes.remove(stage)


# --- range ---------------------------------------------------------------------------------------


def animated_range(picked: CharacterObjects) -> tuple[int, int] | None:
    """First and last frame of what plays on the character; None where only drivers do."""
    spans: list[tuple[float, float]] = []
    for datablock in _datablocks(picked):
        data = datablock.animation_data
        if data is None:
            continue
        if data.action is not None and data.action_slot is not None:
            spans += _curve_spans(data.action, data.action_slot)
        for track in data.nla_tracks:
            if not track.mute:
                spans += [(s.frame_start, s.frame_end) for s in track.strips if not s.mute]
    if not spans:
        return None
    low, high = min(span[0] for span in spans), max(span[1] for span in spans)
    return int(np.floor(low + 1e-4)), int(np.ceil(high - 1e-4))


def _curve_spans(
    action: bpy.types.Action, slot: bpy.types.ActionSlot
) -> Iterator[tuple[float, float]]:
    for layer in action.layers:
        for strip in layer.strips:
            bag: Any = strip.channelbag(slot)
            for fcurve in bag.fcurves if bag is not None else ():
                if len(fcurve.keyframe_points):
                    first, last = fcurve.range()
                    yield float(first), float(last)


def _datablocks(picked: CharacterObjects) -> list[Any]:
    """What of a character may carry animation, and what its drivers look at."""
    found: dict[Any, None] = {}
    waiting: list[Any] = list(picked.objects)
    while waiting:
        datablock = waiting.pop(0)
        if datablock is None or datablock in found or not hasattr(datablock, "animation_data"):
            continue
        found[datablock] = None
        if isinstance(datablock, bpy.types.Object):
            waiting.append(datablock.data)
            waiting.append(getattr(datablock.data, "shape_keys", None))
        for fcurve in drivers_of(datablock):
            for variable in fcurve.driver.variables:
                waiting += [target.id for target in variable.targets]
    return [each for each in found if not isinstance(each, bpy.types.Scene)]
