# SPDX-License-Identifier: GPL-3.0-or-later
"""A character's rig map as the text that is stored with it, and what was measured beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..core.controls import Control, ControlKey
from ..core.findings import Findings, findings_from_json
from ..core.rig_maps.rig_map import RigMap, rig_map_from_json

if TYPE_CHECKING:
    from .groups import FACEMOCAP_PG_character, FACEMOCAP_PG_scene


def state_of(scene: Any) -> FACEMOCAP_PG_scene:
    """What the panel remembers in a scene."""
    return scene.facemocap


def character_of(group: Any) -> FACEMOCAP_PG_character | None:
    """The character that a group of settings is a part of."""
    own = group.path_from_id()
    for character in state_of(group.id_data).characters:
        # a part's address within the scene starts with its character's
        if own == (address := character.path_from_id()) or own.startswith(address + "."):
            return character
    return None


def stored_map(character: FACEMOCAP_PG_character) -> RigMap | None:
    """The character's rig map, or None where none was made yet.

    Raises
    ------
    FacemocapError
        When the text is damaged or of a newer schema.
    """
    text = character.map_json
    return _read_map(text, character.name) if text else None


def store_map(character: FACEMOCAP_PG_character, rig_map: RigMap) -> None:
    """Write the rig map into the character's text."""
    character.map_json = json.dumps(rig_map.to_json(), ensure_ascii=False)


def store_findings(character: FACEMOCAP_PG_character, findings: Findings | None) -> None:
    """Keep what was measured on the character for the lists; None for what is not measured."""
    character.is_measured = findings is not None
    text = json.dumps(findings.to_json(), ensure_ascii=False) if findings else ""
    character.findings_json = text


def stored_findings(character: FACEMOCAP_PG_character) -> Findings:
    """What was measured on the character; empty before."""
    return _read_findings(character.findings_json)


def control_record(control: Control) -> dict[str, object]:
    """What the panel must remember of a control, as plain values."""
    record: dict[str, object] = {
        "kind": control.kind,
        "owner": control.owner,
        "path": control.path,
        "index": control.index,
        "name": control.name,
        "rest": control.rest,
        "range": list(control.range),
    }
    if control.at is not None and control.tail is not None:
        # a bone's length says how far a move of it should go
        record |= {"at": list(control.at), "tail": list(control.tail)}
    return record


def listed_controls(character: FACEMOCAP_PG_character) -> Mapping[ControlKey, Control]:
    """The controls that were read when the character was matched."""
    return _read_controls(character.controls_json)


# While a person drags a number, the same texts are asked for again and again; those of a large
# rig take a tenth of a second to read.


@lru_cache(maxsize=4)
def _read_map(text: str, name: str) -> RigMap:
    return rig_map_from_json(json.loads(text), name)


@lru_cache(maxsize=4)
def _read_findings(text: str) -> Findings:
    return findings_from_json(json.loads(text)) if text else Findings()


@lru_cache(maxsize=4)
def _read_controls(text: str) -> Mapping[ControlKey, Control]:
    records: list[dict[str, Any]] = json.loads(text or "[]")
    controls = [Control(**{k: _as_stored(v) for k, v in record.items()}) for record in records]
    return MappingProxyType({control.key: control for control in controls})


def _as_stored(value: Any) -> Any:
    """A value of a JSON record as `Control` holds it."""
    return tuple(value) if isinstance(value, list) else value
