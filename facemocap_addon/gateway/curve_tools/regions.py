# SPDX-License-Identifier: GPL-3.0-or-later
"""Which part of the face an F-curve moves: by our record's rig map, else by names."""

from __future__ import annotations

import json
import re
from collections import defaultdict

import bpy

from ...core.region_curves.naming import parts_of_names, places_of_channels
from ...core.rig_maps.rig_map import RigMap, rig_map_from_json
from ..writing.records import KEY, is_ours

#: Kind and name of what a path animates.
Named = tuple[str, str]
Places = frozenset[tuple[str, str]]

_QUOTED = r'\["((?:[^"\\]|\\.)*)"\]'
_KINDS = (
    ("shape", re.compile(rf"key_blocks{_QUOTED}")),
    ("bone", re.compile(rf"pose\.bones{_QUOTED}\.(?:location|rotation|scale|delta)")),
    ("property", re.compile(rf"{_QUOTED}(?:\[\d+\])?$")),
)


def named(path: str) -> Named:
    """What a data path animates: a shape key, a bone, a custom property, or something else."""
    for kind, pattern in _KINDS:
        found = pattern.search(path)
        if found:
            return kind, bpy.utils.unescape_identifier(found.group(1))
    return "other", path


class Regions:
    """Regions of the curves of one Action."""

    def __init__(self, action: bpy.types.Action, paths: list[str]) -> None:
        self._known: dict[Named, Places] = {}
        groups: dict[str, list[str]] = defaultdict(list)
        for path in dict.fromkeys(paths):
            kind, name = named(path)
            groups[kind].append(name)
        for kind, names in groups.items():
            places = parts_of_names(names, bones=kind == "bone")
            self._known |= {(kind, name): each for name, each in places.items()}
        if is_ours(action):
            record = action[KEY]
            rig_map = rig_map_from_json(json.loads(str(record["rig_map"])), action.name)
            self._known |= _of_map(rig_map)

    def of(self, path: str) -> Places:
        """Regions and sides of a data path."""
        return self._known.get(named(path), frozenset())


def _of_map(rig_map: RigMap) -> dict[Named, Places]:
    """By what a rig map drives things with: the channels with the largest gains."""
    out: dict[Named, Places] = {}
    for entry in rig_map.entries:
        if not entry.sources:
            continue
        what = named(entry.control.path)
        largest = max(abs(source.gain) for source in entry.sources)
        main = [s.channel for s in entry.sources if abs(s.gain) >= 0.5 * largest]
        out[what] = out.get(what, frozenset()) | places_of_channels(main)
    return out
