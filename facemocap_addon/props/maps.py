# SPDX-License-Identifier: GPL-3.0-or-later
"""A character's rig map as the text that is stored with it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..core.rig_map import RigMap, RigMapEntry, Source, rig_map_from_json

if TYPE_CHECKING:
    from .groups import FACEMOCAP_PG_character, FACEMOCAP_PG_scene


def state_of(scene: Any) -> FACEMOCAP_PG_scene:
    """What the panel remembers in a scene."""
    return scene.facemocap


def stored_map(character: FACEMOCAP_PG_character) -> RigMap | None:
    """The character's rig map, or None where none was made yet.

    Raises
    ------
    FacemocapError
        When the text is damaged or of a newer schema.
    """
    if not character.map_json:
        return None
    return rig_map_from_json(json.loads(character.map_json), character.name)


def store_map(character: FACEMOCAP_PG_character, rig_map: RigMap) -> None:
    """Write the rig map into the character's text."""
    character.map_json = json.dumps(rig_map.to_json(), ensure_ascii=False)


def with_source(entry: RigMapEntry, source: Source) -> RigMapEntry:
    """The entry with ``source`` in the place of its channel's old share, marked as made by hand.

    What the old share was a part of (`Source.over`) stays.
    """
    sources = [
        replace(source, over=old.over) if old.channel == source.channel else old
        for old in entry.sources
    ]
    if source.channel not in [old.channel for old in entry.sources]:
        sources.append(source)
    return replace(entry, sources=tuple(sources), how="hand", confidence=1.0)
