# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured on a character besides probing its controls."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import bpy

from ...core.errors import FacemocapError
from ...core.gaze.eye_turns import turns_to_json
from ...core.measured import Measured, Part
from ...core.probing.result import ProbeResult, understand
from ...core.probing.scan import Scan
from ...core.progress import Job, Progress
from ...core.rig_maps.bone_driving import left_to_bones
from ...core.rig_maps.working_map import working_map
from ..characters.characters import CharacterObjects, read_character
from ..probing.probing import scan_character
from .calibration import calibrate_bones
from .contacts import find_contacts, measure_meeting
from .eye_turns import measure_eye_turns


class Step(NamedTuple):
    """A further measurement: the name of its part, and what finds it.

    It gets the character, the scene, what is measured so far (the probing, and the parts of the
    steps before it) and where each control takes the face. It returns plain JSON values
    (`Measured.parts` says how objects are named) or None where the character has no such thing.
    ``weight`` is its share of the time; probing has four.
    """

    name: str
    run: Callable[[CharacterObjects, bpy.types.Scene, Measured, Scan], Job[Part]]
    weight: float = 1.0


def probe_and_scan(
    picked: CharacterObjects, scene: bpy.types.Scene
) -> Job[tuple[ProbeResult, Scan]]:
    """What probing finds, and the motions that it found it by; errors as `probe_character`."""
    scan = yield from scan_character(picked, scene)
    yield Progress(0.95, "Comparing motions")
    return understand(scan), scan


def _bones(
    picked: CharacterObjects, scene: bpy.types.Scene, measured: Measured, scan: Scan
) -> Job[Part]:
    """How far bones go for the channels that nothing else expresses."""
    controls = read_character(picked, scene).controls
    rig_map = working_map(controls, None, picked.name, measured)
    if not left_to_bones(rig_map):
        return None
    try:
        found = yield from calibrate_bones(picked, scene, rig_map, scan, reference="sample")
    except FacemocapError:
        # no bone of the face is free; a file that was closed meanwhile is noticed after each step
        return None
    return found.to_json() if found.entries else None


def calibrate_all(picked: CharacterObjects, scene: bpy.types.Scene) -> Job[Part]:
    """How far bones go for all channels; the part called `ALL_BONES`."""
    scan = yield from scan_character(picked, scene)
    try:
        found = yield from calibrate_bones(picked, scene, None, scan, reference="own")
    except FacemocapError:
        # without shapes of its own it goes by the built-in reference
        try:
            found = yield from calibrate_bones(picked, scene, None, scan, reference="sample")
        except FacemocapError:
            return None
    return found.to_json() if found.entries else None


def _eye_turns(
    picked: CharacterObjects, scene: bpy.types.Scene, measured: Measured, scan: Scan
) -> Job[Part]:
    """How far each control turns the eyeballs."""
    del measured, scan
    turns = yield from measure_eye_turns(picked, scene)
    return turns_to_json(turns) if turns else None


def _contacts(
    picked: CharacterObjects, scene: bpy.types.Scene, measured: Measured, scan: Scan
) -> Job[Part]:
    """Where lids and lips are, and what it takes to close them."""
    del scan
    controls = read_character(picked, scene).controls
    rig_map = working_map(controls, None, picked.name, measured)
    found = yield from find_contacts(picked, scene, rig_map, measured.probe)
    if found is None or not found.openings:
        return None
    yield Progress(0.8, "Closing lids and lips")
    meeting = measure_meeting(picked, scene, rig_map, found)
    return {**found.to_json(), "meeting": meeting.to_json()}


#: In this order; each may use what those before it found.
STEPS: tuple[Step, ...] = (
    Step("bones", _bones, 4.0),
    Step("eye_turns", _eye_turns),
    Step("contacts", _contacts),
)
