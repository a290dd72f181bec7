# SPDX-License-Identifier: GPL-3.0-or-later
"""The rig map that a character works with: found by names, completed by what was measured on it."""

from __future__ import annotations

from collections.abc import Sequence

from ..calibration.result import Calibration
from ..controls import Control
from ..gaze.eye_turns import turns_from_json
from ..gaze.gaze_fit import with_measured_eyes
from ..measured import Measured
from ..probing.completion import complete_map
from ..take import Take
from .bone_driving import with_calibrated_bones
from .matching import match
from .rig_map import RigMap

#: Part of a measurement that is made on request: bones for what shape keys express too.
ALL_BONES = "all_bones"


def working_map(
    controls: Sequence[Control],
    take: Take | None = None,
    rig: str = "",
    measured: Measured | None = None,
    *,
    bones_first: bool = False,
) -> RigMap:
    """What drives what on a character.

    Parameters
    ----------
    controls : sequence of Control
        The character's.
    take : Take, optional
        Its recorded channels are looked for; without one, all ARKit channels are.
    rig : str
        Name of the character, for the map's heading.
    measured : Measured, optional
        What was measured on it: without it, names are all there is to go by.
    bones_first : bool
        As `with_measurement` has it.
    """
    found = match(controls, take, rig)
    if measured is None:
        return found
    return with_measurement(found, controls, measured, bones_first=bones_first)


def with_measurement(
    rig_map: RigMap,
    controls: Sequence[Control],
    measured: Measured,
    *,
    bones_first: bool = False,
) -> RigMap:
    """A map completed by what was measured; entries that a person changed stay.

    With ``bones_first`` bones take what shape keys express too, where that was measured.
    """
    completed = complete_map(rig_map, measured.probe, tuple(controls))
    everything = measured.parts.get(ALL_BONES) if bones_first else None
    if everything is not None:
        calibration = Calibration.from_json(everything)
        completed = with_calibrated_bones(completed, calibration, instead_of_shapes=True)
    elif measured.bones is not None:
        completed = with_calibrated_bones(completed, Calibration.from_json(measured.bones))
    if measured.eye_turns is not None:
        completed = with_measured_eyes(completed, turns_from_json(measured.eye_turns), controls)
    return completed
