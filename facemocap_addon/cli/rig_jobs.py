# SPDX-License-Identifier: GPL-3.0-or-later
"""One rig file of a retarget: opened, its characters keyed, saved, pictured. Needs bpy."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..core.alignment import aligned_start
from ..core.errors import FacemocapError
from ..core.files import unwritable
from ..core.progress import Job, Progress
from ..core.take import Take
from ..core.take_edits import trim_take
from ..core.telling import telling_frames
from ..gateway.characters.characters import CharacterObjects
from ..gateway.files.rig_files import newer_blender, open_rig, save_blend
from ..gateway.files.stills import render_stills
from ..gateway.scenes import scene_clock, set_rate
from .character_jobs import Keyed, facts_of, key_character
from .character_outcome import CharacterOutcome
from .characters import choose_characters
from .outputs import OutputFolder, RigOutput
from .rig_settings import RetargetSettings

_STILLS = 6


def retarget_rig(
    take: Take,
    output: RigOutput,
    folder: OutputFolder,
    settings: RetargetSettings,
    check_stop: Callable[[], None],
) -> Job[list[CharacterOutcome]]:
    """Put ``take`` on characters of a rig file and save it as ``output.blend``.

    A job: yields what it is about to do, returns what became of each character; one that fails
    does not stop the others. ``check_stop`` raises when the animator has asked to stop; it is
    called before anything is written.

    Raises
    ------
    FacemocapError
        When the rig cannot be opened or saved, no character chosen, or the only one not keyed.
    """
    rig = output.rig
    yield Progress(0.0, f"opening {rig.name}")
    scene = open_rig(rig, settings.enable_scripts)
    newer = newer_blender()
    if settings.fps is not None:
        set_rate(scene, settings.fps)
    chosen = choose_characters(
        scene, settings.characters, rig.name, take, every=settings.all_characters
    )
    start = _start_frame(scene, take, settings)
    keyed: list[Keyed] = []
    failed: list[CharacterOutcome] = []
    for found in chosen:
        yield Progress(0.1, f"keying {rig.name}")
        try:
            keyed.append((yield from key_character(scene, found, take, settings, start, rig.name)))
        except FacemocapError as problem:
            if len(chosen) == 1:
                raise
            check_stop()  # what looks like a failure may be Ctrl-C in an operator
            failed.append(CharacterOutcome(found.objects.name, error=problem))
    if not keyed:
        return failed
    shared: dict[str, Any] = {
        "output": str(output.blend),
        "fps": scene_clock(scene).rate_hz,
        "frame_range": (scene.frame_start, scene.frame_end),
        "stills": [],
    }
    notes: list[str] = []
    if newer:
        notes.append(f"{rig.name} was saved by Blender {newer}: parts of it may be lost here.")
    if not settings.keep_range and scene.frame_start > start:
        notes.append(
            f"The take begins on frame {start:g}; a scene's range cannot begin before frame 0."
        )
    yield Progress(0.5 if settings.preview else 0.8, f"saving {output.blend.name}")
    check_stop()
    folder.make()
    save_blend(output.blend)
    done: list[CharacterOutcome] = []
    for each in keyed:
        facts = shared | facts_of(each)
        facts["warnings"] = [*facts["warnings"], *notes]
        if settings.preview:
            yield Progress(0.6, f"rendering {rig.name}")
            check_stop()
            place = output.stills
            if len(keyed) > 1:
                place.mkdir(exist_ok=True)
                place = place / _file_name(each.found.objects.name)
            moments = _moments(scene, each.take, settings, start)
            try:
                facts["stills"] = _render(scene, each.performance.picked(scene), moments, place)
            except FacemocapError as problem:  # the character itself is saved
                facts["warnings"].append(str(problem))
        done.append(CharacterOutcome(each.found.objects.name, facts, examined=each.examined))
    return [*done, *failed]


def _start_frame(scene: Any, take: Take, settings: RetargetSettings) -> float:
    """Frame on which the part of the take that is used begins."""
    first = float(scene.frame_start)
    if settings.align is not None:
        clock, range_start_s = scene_clock(scene), settings.range_s[0]
        return aligned_start(settings.align, take, clock, first, range_start_s)
    return first if settings.start_frame is None else settings.start_frame


def _render(
    scene: Any,
    picked: CharacterObjects,
    moments: list[tuple[int, str]],
    folder: Path,
) -> list[str]:
    """Stills of the take's telling frames, all of them or none, in a folder."""
    written: list[str] = []
    try:
        with tempfile.TemporaryDirectory(prefix=".stills-", dir=folder.parent) as made:
            pictures = render_stills(
                scene, picked, [frame for frame, _ in moments], Path(made), "still"
            )
            folder.mkdir(exist_ok=True)
            for (_, caption), picture in zip(moments, pictures, strict=True):
                target = folder / f"{_file_name(caption)}{picture.suffix}"
                picture.replace(target)
                written.append(str(target))
    except OSError as problem:
        raise unwritable(folder, problem) from problem
    return written


def _moments(
    scene: Any, take: Take, settings: RetargetSettings, start: float
) -> list[tuple[int, str]]:
    """Frames and captions of the part of the take that is used."""
    part, start_s, end_s = trim_take(take, *settings.range_s)
    clock = scene_clock(scene)
    # the part may begin one sample before the range
    first_sample = start - (start_s - float(part.times[0])) * clock.rate_hz
    low, high = math.ceil(start), math.floor(start + (end_s - start_s) * clock.rate_hz)
    return [
        (min(max(frame, low), max(high, low)), caption)
        for frame, caption in telling_frames(part, clock, first_sample, _STILLS)
    ]


def _file_name(caption: str) -> str:
    """A caption as a file name that every system takes."""
    return "_".join("".join(c if c.isalnum() or c in "-." else " " for c in caption).split())
