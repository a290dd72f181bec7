# SPDX-License-Identifier: GPL-3.0-or-later
"""One rig of a retarget: opened, keyed, saved, pictured. Needs bpy."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..core.character import Character
from ..core.errors import FacemocapError
from ..core.files import unwritable
from ..core.progress import Job, Progress
from ..core.rig_map import RigMap
from ..core.take import Take
from ..core.take_edits import trim_take
from ..core.telling import telling_frames
from ..gateway.characters import CharacterObjects
from ..gateway.performance import ApplyOptions, apply_take
from ..gateway.records import Performance, performances
from ..gateway.rig_files import newer_blender, open_rig, save_blend
from ..gateway.scenes import scene_clock, set_rate
from ..gateway.stills import render_stills
from .characters import Found, choose_character
from .outputs import OutputFolder, RigOutput
from .wording import list_names

_STILLS = 6


@dataclass(frozen=True, slots=True)
class RetargetSettings:
    """What the animator asked for, the same for every rig."""

    character: str | None = None
    rig_map: RigMap | None = None
    fps: float | None = None
    start_frame: float | None = None
    range_s: tuple[float | None, float | None] = (None, None)
    on_capture_times: bool = False
    raw: bool = False
    mirror: bool = False
    keep_range: bool = False
    override: bool = False
    enable_scripts: bool = False
    preview: bool = False


@dataclass(frozen=True)
class RigResult:
    """What became of a rig, as the report tells it."""

    output: str
    character: str
    action: str
    keys: int
    fps: float
    frame_range: tuple[int, int]
    controls: int
    channels_matched: list[str]
    channels_unmatched: list[str]
    controls_unmatched: list[str]
    measures: dict[str, Any]
    stills: list[str] = field(default_factory=list[str])
    warnings: list[str] = field(default_factory=list[str])


def retarget_rig(
    take: Take,
    output: RigOutput,
    folder: OutputFolder,
    settings: RetargetSettings,
    check_stop: Callable[[], None],
) -> Job[RigResult]:
    """Put ``take`` on the character of a rig file and save it as ``output.blend``.

    A job: yields what it is about to do, returns the `RigResult`. ``check_stop`` raises when the
    animator has asked to stop; it is called before anything is written.

    Raises
    ------
    FacemocapError
        When the rig cannot be opened, chosen, keyed or saved.
    """
    rig = output.rig
    yield Progress(0.0, f"opening {rig.name}")
    scene = open_rig(rig, settings.enable_scripts)
    if settings.fps is not None:
        set_rate(scene, settings.fps)
    found = choose_character(scene, settings.character, rig.name, take)
    rig_map = settings.rig_map or found.rig_map
    warnings = list(found.character.notes)
    if newer := newer_blender():
        warnings.append(f"{rig.name} was saved by Blender {newer}: parts of it may be lost here.")
    if settings.rig_map is not None:
        check_map(rig_map, found.character, rig.name)
        unknown = [name for name in rig_map.channels if name not in take.names]
        if unknown:
            warnings.append(f"The take has no channel {list_names(unknown)}, which the map names.")
    matched = [name for name in take.recorded if name in rig_map.covered]
    if not matched:
        raise FacemocapError(
            f'Nothing on "{found.objects.name}" in "{rig.name}" can be driven by the take',
            "Make a map with `facemocap map`, edit it and give it to --map",
        )
    start = float(scene.frame_start) if settings.start_frame is None else settings.start_frame
    yield Progress(0.3, f"keying {rig.name}")
    report = apply_take(scene, found.objects, take, rig_map, _options(settings, start))
    performance = _performance_of(take, found.objects.name)
    result = RigResult(
        output=str(output.blend),
        character=found.objects.name,
        action=performance.action.name,
        keys=report.counts["keys"],
        fps=scene_clock(scene).rate_hz,
        frame_range=(scene.frame_start, scene.frame_end),
        controls=sum(any(take.has(s.channel) for s in entry.sources) for entry in rig_map.entries),
        channels_matched=matched,
        channels_unmatched=[name for name in take.recorded if name not in rig_map.covered],
        controls_unmatched=_idle_controls(found, rig_map),
        measures=dict(report.measures),
        warnings=[*warnings, *(each for each in report.warnings if each not in warnings)],
    )
    if not settings.keep_range and scene.frame_start > start:
        result.warnings.append(
            f"The take begins on frame {start:g}; a scene's range cannot begin before frame 0."
        )
    yield Progress(0.5 if settings.preview else 0.8, f"saving {output.blend.name}")
    check_stop()
    folder.make()
    save_blend(output.blend)
    if settings.preview:
        yield Progress(0.6, f"rendering {rig.name}")
        check_stop()
        moments = _moments(scene, take, settings, start)
        try:
            result.stills.extend(_render(scene, performance.picked(scene), moments, output))
        except FacemocapError as problem:  # the character itself is saved
            result.warnings.append(str(problem))
    return result


def check_map(rig_map: RigMap, character: Character, rig: str) -> None:
    """Fail when a map from the animator names controls that the character lacks."""
    present = {control.key for control in character.controls}
    missing = [entry.control for entry in rig_map.entries if entry.control not in present]
    if missing:
        names = [f"{control.path} of {control.owner}" for control in missing]
        raise FacemocapError(
            f'The map names what "{character.name}" in "{rig}" lacks: {list_names(names, 3)}',
            f"Correct the map; `facemocap map {rig}` lists what there is",
        )


def _options(settings: RetargetSettings, start: float) -> ApplyOptions:
    return ApplyOptions(
        start_frame=start,
        on_capture_times=settings.on_capture_times,
        raw=settings.raw,
        range_s=settings.range_s,
        mirror=settings.mirror,
        set_scene_range=not settings.keep_range,
        override=settings.override,
    )


def _performance_of(take: Take, character: str) -> Performance:
    """What was just applied; found anew, because overriding replaces a character's objects."""
    return next(
        each
        for each in performances()
        if each.take_digest == take.digest and each.character_name == character
    )


def _idle_controls(found: Found, rig_map: RigMap) -> list[str]:
    """Names of controls that look like a face's and stay at rest."""
    if rig_map is found.rig_map:
        return list(rig_map.unmatched_controls)
    used = {entry.control for entry in rig_map.entries}
    driven = {control.name for control in found.character.controls if control.key in used}
    automatic = {entry.control for entry in found.rig_map.entries}
    by_name = [control.name for control in found.character.controls if control.key in automatic]
    candidates = dict.fromkeys([*found.rig_map.unmatched_controls, *by_name])
    return [name for name in candidates if name not in driven]


def _render(
    scene: Any,
    picked: CharacterObjects,
    moments: list[tuple[int, str]],
    output: RigOutput,
) -> list[str]:
    """Stills of the take's telling frames, all of them or none, in ``output.stills``."""
    written: list[str] = []
    try:
        with tempfile.TemporaryDirectory(prefix=".stills-", dir=output.stills.parent) as made:
            pictures = render_stills(
                scene, picked, [frame for frame, _ in moments], Path(made), "still"
            )
            output.stills.mkdir(exist_ok=True)
            for (_, caption), picture in zip(moments, pictures, strict=True):
                target = output.stills / f"{_file_name(caption)}{picture.suffix}"
                picture.replace(target)
                written.append(str(target))
    except OSError as problem:
        raise unwritable(output.stills, problem) from problem
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
