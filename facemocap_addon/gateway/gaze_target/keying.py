# SPDX-License-Identifier: GPL-3.0-or-later
"""A target object keyed from what a character looks at."""

from __future__ import annotations

from typing import Any, Literal

import bpy
import numpy as np
from mathutils import Matrix

from ...core.curves import Curve
from ...core.errors import FacemocapError
from ...core.names import unique_name
from ...core.report import Report
from ..characters.characters import CharacterObjects
from ..limits import name_bytes
from ..takes.character_takes import animated_range
from ..writing.keys import slot_channelbag, write_curves
from ..writing.layering import check_free
from ..writing.records import find_performance
from .seeing import SeenEyes, find_eyes_of, head_bone, see_eyes

Space = Literal["WORLD", "HEAD"]
#: Eyes meet within these distances (metres); where they do not meet it is the given one.
NEAREST_M, FARTHEST_M = 0.08, 10.0
#: The Empty is this large, in parts of the distance between the eyes.
_SIZE = 0.5
_OURS = "facemocap_gaze_target"


def key_target(
    scene: bpy.types.Scene,
    picked: CharacterObjects,
    *,
    distance_m: float = 1.0,
    vergence: bool = False,
    space: Space = "WORLD",
    frames: tuple[int, int] | None = None,
    target: bpy.types.Object | None = None,
) -> tuple[bpy.types.Object, Report]:
    """Key an Empty, one key a frame, with what both eyes of a character look at.

    Parameters
    ----------
    scene, picked
        What plays on the character is looked at as it is seen.
    distance_m : float
        How far away it is.
    vergence : bool
        As far away as the eyes meet, where they do within 8 cm and 10 m.
    space : str
        ``WORLD``: the Empty stands free. ``HEAD``: it hangs on the head and goes with it.
    frames : (int, int), optional
        First and last; without, all that the character's animation reaches.
    target : Object, optional
        One that exists is keyed instead of a new Empty; an Action of its own stays in the file.

    Raises
    ------
    FacemocapError
        When the character has no eyes that can be found, or the object cannot be changed.
    """
    numbers = frames_of(scene, picked, frames)
    if target is not None:
        check_free(target)
        if target in picked.objects:
            raise FacemocapError(
                f'"{target.name}" is a part of the character', "Choose another object, or none"
            )
    found = find_performance(picked)
    bone = head_bone(picked, found.rig_map if found else None)
    eyes = find_eyes_of(picked, scene)
    seen = see_eyes(picked, scene, eyes, numbers, bone)
    unit = 1.0 / (scene.unit_settings.scale_length or 1.0)
    points = looked_at(seen, distance_m * unit, vergence=vergence, unit=unit)
    if target is None:
        target = _new_empty(scene, picked, seen)
    _hang(target, picked, bone, space)
    if space == "HEAD":
        # in the axes of what it hangs on
        back = np.linalg.inv(seen.carrier)
        points = (back @ np.concatenate([points, np.ones((len(points), 1))], axis=1)[..., None])[
            :, :3, 0
        ]
    _key_places(target, seen.frames, points)
    told = f'Keyed "{target.name}" on {len(numbers)} frames with what {picked.name} looks at'
    return target, Report(summary=told)


def frames_of(
    scene: bpy.types.Scene, picked: CharacterObjects, frames: tuple[int, int] | None
) -> list[int]:
    """The frames that are meant: those given, else all of the animation, else the scene's."""
    first, last = frames or animated_range(picked) or (scene.frame_start, scene.frame_end)
    if last < first:
        raise FacemocapError(
            f"The range from frame {first} to {last} is empty", "Give the earlier frame first"
        )
    return list(range(first, last + 1))


def looked_at(
    seen: SeenEyes, distance: float, *, vergence: bool = False, unit: float = 1.0
) -> np.ndarray:
    """Places ``(n, 3)`` that both eyes look at, ``distance`` away from between them.

    With ``vergence`` where their rays come nearest to each other; ``unit`` is a metre's length.
    """
    middle = seen.centres.mean(axis=0)
    way = seen.directions.sum(axis=0)
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    far = np.full(len(middle), distance)
    if vergence:
        between = seen.centres[1] - seen.centres[0]
        one, two = seen.directions
        along = np.sum(one * two, axis=1)
        spread = 1.0 - along * along
        a, b = np.sum(between * one, axis=1), np.sum(between * two, axis=1)
        safe = np.maximum(spread, 1e-12)
        near_one = (a - along * b) / safe
        near_two = (along * a - b) / safe
        points = 0.5 * (
            seen.centres[0] + near_one[:, None] * one + seen.centres[1] + near_two[:, None] * two
        )
        meet = np.sum((points - middle) * way, axis=1)
        low, high = NEAREST_M * unit, FARTHEST_M * unit
        ahead = (spread > 1e-10) & (near_one > 0.0) & (near_two > 0.0)
        far = np.where(ahead, np.clip(meet, low, high), distance)
    out: np.ndarray = middle + far[:, None] * way
    return out


def _new_empty(
    scene: bpy.types.Scene, picked: CharacterObjects, seen: SeenEyes
) -> bpy.types.Object:
    taken = {obj.name for obj in bpy.data.objects}
    name = unique_name(f"{picked.name} gaze target", name_bytes(), taken)
    empty: Any = bpy.data.objects.new(name, None)
    empty.empty_display_type = "SPHERE"
    apart = np.linalg.norm(seen.centres[0] - seen.centres[1], axis=1)
    empty.empty_display_size = _SIZE * float(apart.mean())
    scene.collection.objects.link(empty)
    return empty


def _hang(target: Any, picked: CharacterObjects, bone: str | None, space: Space) -> None:
    """Let the target stand free, or hang on the head, with nothing in between."""
    target.rotation_mode = "XYZ"
    target.matrix_parent_inverse = Matrix()
    target.delta_location = (0.0, 0.0, 0.0)
    if space == "WORLD":
        target.parent = None
    elif picked.armature is not None and bone is not None:
        target.parent, target.parent_type = picked.armature, "BONE"
        target.parent_bone = bone
        # children hang on a bone's tail; this one on its head
        length = picked.armature.data.bones[bone].length
        target.matrix_parent_inverse = Matrix.Translation((0.0, -length, 0.0))
    else:
        anchor = picked.armature or max(picked.meshes, key=lambda mesh: len(mesh.data.vertices))
        target.parent, target.parent_type = anchor, "OBJECT"


def _key_places(target: Any, frames: np.ndarray, points: np.ndarray) -> None:
    """Keys of the target's place, in an Action of its own."""
    data = target.animation_data_create()
    action: Any = data.action
    if action is None or not action.get(_OURS):
        if action is not None:
            # somebody's work: it stays in the file
            action.use_fake_user = True
        taken = {each.name for each in bpy.data.actions}
        action = bpy.data.actions.new(unique_name(target.name, name_bytes(), taken))
        action[_OURS] = 1
        slot = action.slots.new("OBJECT", target.name)
        data.action, data.action_slot = action, slot
    elif data.action_slot is None:
        data.action_slot = action.slots.new("OBJECT", target.name)
    bag = slot_channelbag(action, data.action_slot)
    others = {(each.data_path, each.array_index) for each in bag.fcurves}
    curves = [
        Curve("location", axis, frames.astype(np.float64), points[:, axis], group="Gaze Target")
        for axis in range(3)
    ]
    write_curves(bag, curves, leave=others)
    target.location = points[0]
