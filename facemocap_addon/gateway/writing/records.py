# SPDX-License-Identifier: GPL-3.0-or-later
"""What was applied to whom: kept in an ID property of our Action, with pointers, not names.

A record survives renaming, saving, copying the Action and appending the character elsewhere.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import bpy

from ...core.rig_maps.rig_map import RigMap, rig_map_from_json
from ..characters.characters import CharacterObjects

KEY = "facemocap_record"
SCHEMA = 1


@dataclass(frozen=True)
class Performance:
    """A take applied to a character: the Action and what its record says."""

    action: bpy.types.Action
    take_text: bpy.types.Text | None
    rig_map: RigMap
    character_name: str
    start_frame: float

    @property
    def take_digest(self) -> str:
        """Digest of the take that was applied."""
        return str(self.action[KEY]["take_digest"])

    @property
    def targets(self) -> list[Any]:
        """Per animated datablock: pointer, former animation, former values."""
        return list(self.action[KEY]["targets"])

    @property
    def datablocks(self) -> list[bpy.types.ID]:
        """Animated datablocks that still exist."""
        found = [item.get("datablock") for item in self.targets]
        return [datablock for datablock in found if datablock is not None]

    def picked(self, scene: bpy.types.Scene) -> CharacterObjects:
        """The character's objects that are still in the scene."""
        record = self.action[KEY]
        present = set(scene.objects)
        meshes = [m for item in record["meshes"] if (m := item.get("object")) in present]
        return CharacterObjects(
            name=self.character_name,
            meshes=tuple(meshes),
            armature=armature if (armature := record.get("armature")) in present else None,
        )

    def is_on(self, picked: CharacterObjects) -> bool:
        """Whether it was applied to (objects of) this character."""
        own = self.picked_objects()
        return any(obj in own for obj in picked.objects)

    def picked_objects(self) -> list[bpy.types.Object]:
        """Objects of the character that still exist."""
        record = self.action[KEY]
        objects = [item.get("object") for item in record["meshes"]]
        return [obj for obj in [*objects, record.get("armature")] if obj is not None]


def performances() -> list[Performance]:
    """All performances of the open file that play, in the order of their Actions' names."""
    return [found for found in _recorded() if found.action[KEY].get("active", 1)]


def idle_action(picked: CharacterObjects, take_digest: str) -> bpy.types.Action | None:
    """Our Action of this character and take that was kept when another take took its place.

    One that the animator has used since (in a track, on another object) is theirs now.
    """
    for found in _recorded():
        action = found.action
        if found.take_digest != take_digest or not found.is_on(picked):
            continue
        if not action[KEY].get("active", 1) and action.users <= int(action.use_fake_user):
            return action
    return None


def _recorded() -> list[Performance]:
    found: list[Performance] = []
    for action in bpy.data.actions:
        if KEY not in action or action.library is not None:
            continue
        record = action[KEY]
        if int(record["schema"]) > SCHEMA:
            continue
        found.append(
            Performance(
                action=action,
                take_text=record.get("take"),
                rig_map=_read_map(str(record["rig_map"]), action.name),
                character_name=str(record["character"]),
                start_frame=float(record["start_frame"]),
            )
        )
    return found


# while a slider is dragged the same texts are read again and again
@lru_cache(maxsize=32)
def _read_map(text: str, name: str) -> RigMap:
    return rig_map_from_json(json.loads(text), name)


def find_performance(picked: CharacterObjects) -> Performance | None:
    """The performance that plays on a character now, or None.

    A copy of our Action has the record too: the one that is assigned counts.
    """
    all_found = [found for found in performances() if found.is_on(picked)]
    return next((found for found in all_found if _is_assigned(found)), next(iter(all_found), None))


def _is_assigned(found: Performance) -> bool:
    return any(
        (data := datablock.animation_data) is not None
        and (data.action == found.action or _in_strips(data, found.action))
        for datablock in found.datablocks
    )


def _in_strips(data: bpy.types.AnimData, action: bpy.types.Action) -> bool:
    """Whether an Action plays from a strip: it does while layers lie over it."""
    return any(strip.action == action for track in data.nla_tracks for strip in track.strips)


def is_ours(action: bpy.types.Action | None) -> bool:
    """Whether the program made this Action."""
    return action is not None and KEY in action
