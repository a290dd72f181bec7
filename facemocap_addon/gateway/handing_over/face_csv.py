# SPDX-License-Identifier: GPL-3.0-or-later
"""Live Link Face CSV of what a character's face does, or of the take that plays on it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import bpy
import numpy as np

from ...core.errors import FacemocapError
from ...core.formats.live_link_csv import COLUMNS, write_live_link_csv
from ...core.handing_over.comparison import Precision, ReadBack, compare_values
from ...core.handing_over.motion import KeyedValues, Motion, Shape
from ...core.readers import read_take
from ...core.rig_maps.matching import match
from ...core.take import Take
from ...core.timebase import Timebase
from ..characters.characters import CharacterObjects, read_character
from ..layer_tracks.whole_stacks import whole_stack
from ..scenes import scene_clock
from ..takes.character_takes import take_from_character
from ..writing.cleaned_takes import cleaned_take, take_at_hand
from ..writing.kept_stacks import check_stack_plays, options_of
from ..writing.records import find_performance

#: Thousandths of a frame of 1/30 s: what a timecode of a take of less than half a second holds.
_TICK_S = 1.0 / 30_000.0
_FLOAT32 = 2.0**-23
_SHOWN = 4


def write_face_csv(
    scene: bpy.types.Scene,
    picked: CharacterObjects,
    path: Path,
    frames: tuple[int, int],
    *,
    from_take: bool = False,
) -> tuple[Take, list[str]]:
    """Write 52 coefficients, head and eyes as Live Link Face CSV.

    A frame's timecode is its time on the scene's clock, frame 0 at 00:00:00:00. The take itself
    (``from_take``) keeps its own timecodes and samples.

    Parameters
    ----------
    scene, picked
    path : Path
    frames : (int, int)
        First and last frame that is written; nothing of it counts ``from_take``.
    from_take : bool
        Write the take that plays, after its stack, instead of what the face does.

    Returns
    -------
    take : Take
        What was written.
    notes : list of str
        What the format cannot hold.

    Raises
    ------
    FacemocapError
        When nothing of the face moves, no take plays, or the raw one is shown.
    """
    take = _played(picked) if from_take else _seen(scene, picked, frames)
    left = write_live_link_csv(take, path)
    notes = list(take.warnings)
    if left:
        more = f" and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
        names = ", ".join(left[:_SHOWN]) + more
        notes.append(f"The format has no column for {names}.")
    return take, notes


def _seen(scene: bpy.types.Scene, picked: CharacterObjects, frames: tuple[int, int]) -> Take:
    """What the face does, a sample a frame."""
    performance = find_performance(picked)
    if performance is not None:
        check_stack_plays(performance)
    rig_map = (
        performance.rig_map
        if performance is not None
        else match(read_character(picked, scene).controls)
    )
    take = take_from_character(picked, scene, rig_map, frames)
    start_s = float(scene_clock(scene).seconds(np.array([float(frames[0])]))[0])
    return replace(take, timebase=Timebase(take.timebase.rate, None, start_s))


def _played(picked: CharacterObjects) -> Take:
    """The take that plays, after its stack; layers on tracks are steps of it."""
    performance = find_performance(picked)
    if performance is None or performance.take_text is None:
        raise FacemocapError(
            f'No take of Face Mocap plays on "{picked.name}"',
            "Export what the face does instead of the take",
        )
    check_stack_plays(performance)
    options = options_of(performance)
    stack = whole_stack(performance, options.stack)
    return cleaned_take(take_at_hand(performance.take_text), stack, seed=options.seed).take


def check_csv(path: Path, take: Take, rate_hz: float, *, from_zero: bool = False) -> ReadBack:
    """Compare a written file with the take that was to be in it.

    Parameters
    ----------
    path : Path
    take : Take
    rate_hz : float
        In which the first and last sample are told as frames.
    from_zero : bool
        The take's first sample counts as frame 0, wherever its timecode is.

    Raises
    ------
    FacemocapError
        When the file cannot be read.
    """
    found = read_take(path)
    zero_s = take.timebase.start_s if from_zero else 0.0
    wanted: dict[Shape, np.ndarray] = {}
    read: dict[Shape, KeyedValues] = {}
    for name in take.recorded:
        if name not in COLUMNS:
            continue
        valid = take.valid[:, take.names.index(name)]
        # what was lost is nought on both sides; readers fill gaps with samples of their own
        wanted["", name] = np.where(valid, take.values[:, take.names.index(name)], 0.0)
        if name in found.names:
            column = found.names.index(name)
            values = np.where(found.valid[:, column], found.values[:, column], 0.0)
            read["", name] = KeyedValues(found.times + (found.timebase.start_s - zero_s), values)
    frames = (take.times - take.times[0] + (take.timebase.start_s - zero_s)) * rate_hz
    motion = Motion(frames, rate_hz, wanted)
    return compare_values(motion, read, Precision(_FLOAT32, _TICK_S))
