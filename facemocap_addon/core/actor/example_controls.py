# SPDX-License-Identifier: GPL-3.0-or-later
"""Example pairs and a character's controls: which belong to a pose, and what a pose may set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..channels import canonical_channel
from ..controls import Control, ControlKey
from ..errors import FacemocapError
from ..rig_maps.rig_map import RigMap, RigMapEntry
from .example_pairs import ExampleLibrary

#: Regions of channels that are the take's own in every pose: where head and eyes are turned to.
TURNS = ("head", "gaze")


def face_controls(rig_map: RigMap) -> tuple[ControlKey, ...]:
    """Controls of a map that make a pose of the face: all but those that just turn head and eyes.

    What turns them hangs on the whole shot: on the body below, and on where the actor looked.
    """
    return tuple(entry.control for entry in rig_map.entries if not _only_turns(entry))


def with_posed_controls(
    rig_map: RigMap, library: ExampleLibrary, controls: Sequence[Control]
) -> RigMap:
    """A map that also knows rest and limits of controls that only the examples pose.

    Parameters
    ----------
    rig_map : RigMap
    library : ExampleLibrary
    controls : sequence of Control
        All that the character has.

    Raises
    ------
    FacemocapError
        When the character lacks a control that an example poses, or something else drives it.
    """
    present = {control.key: control for control in controls}
    posed = dict.fromkeys(
        key for each in library.examples for key in each.pose if not isinstance(key, str)
    )
    if missing := [key for key in posed if key not in present]:
        raise FacemocapError(
            f'The examples of "{library.character}" pose what "{rig_map.rig}" lacks: '
            f"{_named(missing)}",
            "Choose the examples of this character, or remove those poses",
        )
    if driven := [key for key in posed if present[key].driven_by]:
        raise FacemocapError(
            f"The examples pose what drivers move on the character: {_named(driven)}",
            "Make the examples again with what moves these",
        )
    return replace(rig_map, entries=(*rig_map.entries, *_beside(rig_map, present, posed)))


def _beside(
    rig_map: RigMap, present: Mapping[ControlKey, Control], posed: Mapping[ControlKey, None]
) -> list[RigMapEntry]:
    """Entries without sources for what the map does not drive."""
    known = {entry.control for entry in rig_map.entries}
    return [
        RigMapEntry(key, (), offset=present[key].rest, limits=present[key].range)
        for key in posed
        if key not in known
    ]


def _only_turns(entry: RigMapEntry) -> bool:
    regions = [canonical_channel(source.channel) for source in entry.sources]
    return bool(regions) and all(c is not None and c.region in TURNS for c in regions)


def _named(keys: Sequence[ControlKey]) -> str:
    names = ", ".join(f"{key.path} of {key.owner}" for key in keys[:3])
    return names + (f" and {len(keys) - 3} more" if len(keys) > 3 else "")
