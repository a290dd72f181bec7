# SPDX-License-Identifier: GPL-3.0-or-later
"""Rig maps that a take carries: one that was solved on a character plays on it as it was solved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from ..controls import Control, ControlKey
from ..errors import FacemocapError
from ..take import Take
from .rig_map import RigMap, RigMapEntry, rig_map_from_json

#: Where it is among a take's details.
DETAIL = "rig_map"


def carried_detail(rig_map: RigMap) -> dict[str, Any]:
    """A map as a take's details hold it."""
    return RigMap(rig_map.rig, rig_map.entries).to_json()


def carried_map(take: Take) -> RigMap | None:
    """The map that a take carries; None where it carries none, or a damaged one."""
    data = take.source.details.get(DETAIL)
    if not isinstance(data, dict):
        return None
    try:
        return rig_map_from_json(cast(dict[str, Any], data), take.label)
    except FacemocapError:
        return None


def with_carried(rig_map: RigMap, take: Take | None, controls: Sequence[Control]) -> RigMap:
    """A map with what the take carries for this character in place of its own entries.

    Controls are told by their paths where the objects have other names now. A take that was made
    for a character of other controls plays by its channels, as all takes do.

    Parameters
    ----------
    rig_map : RigMap
    take : Take, optional
    controls : sequence of Control
        The character's.
    """
    carried = carried_map(take) if take is not None else None
    if carried is None:
        return rig_map
    keys = {control.key for control in controls if not control.driven_by}
    by_path: dict[tuple[str, str, int], list[ControlKey]] = {}
    for key in keys:
        by_path.setdefault((key.kind, key.path, key.index), []).append(key)
    own: dict[ControlKey, RigMapEntry] = {}
    for entry in carried.entries:
        key = entry.control
        alike = by_path.get((key.kind, key.path, key.index), [])
        if key not in keys and len(alike) != 1:
            return rig_map
        found = key if key in keys else alike[0]
        own[found] = replace(entry, control=found, how="hand")
    kept = [entry for entry in rig_map.entries if entry.control not in own]
    fits = tuple(
        fit
        for fit in rig_map.fits
        if not any(control in own for target in fit.targets for control in target)
    )
    out = replace(rig_map, entries=(*own.values(), *kept), fits=fits)
    return replace(
        out,
        unmatched_channels=tuple(n for n in rig_map.unmatched_channels if n not in out.covered),
    )
