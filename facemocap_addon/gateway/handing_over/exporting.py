# SPDX-License-Identifier: GPL-3.0-or-later
"""A character with its face animation as a file for other programs; the scene stays untouched.

What is exported is a copy that plays by plain keys alone, so that drivers, constraints, NLA and
hand edits come out as they look. Each file can be read back and compared with what was seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import bpy
import numpy as np

from ...core.errors import FacemocapError
from ...core.files import unfinished
from ...core.handing_over.comparison import ReadBack
from ...core.handing_over.motion import Motion, Shape
from ...core.progress import Job, Progress, run_job
from ...core.report import Report
from ..characters.characters import CharacterObjects
from ..scenes import scene_clock
from ..writing.kept_stacks import check_stack_plays
from ..writing.records import find_performance
from .face_csv import check_csv, write_face_csv
from .fbx import write_fbx
from .gltf import write_gltf
from .looking import Cast, cast_of, look
from .plain_copy import plain_copy
from .reading_back import FBX, GLTF, USD, read_back
from .usd import write_usd

CSV = "csv"
#: What a file is, by its ending.
KINDS = {".fbx": FBX, ".glb": GLTF, ".usd": USD, ".usda": USD, ".usdc": USD, ".csv": CSV}
_LABELS = {FBX: "FBX", GLTF: "glTF", USD: "USD", CSV: "Live Link Face CSV"}
_MOST_FRAMES = 200_000
_SHOWN = 3


@dataclass(frozen=True)
class ExportOptions:
    """How a character is exported, the same for all formats.

    Attributes
    ----------
    frames : (int, int) or None
        First and last frame; the scene's range without.
    only_deforming : bool
        Leave bones out that deform nothing.
    source : str
        For CSV. FACE: what the face does, a row a frame. TAKE: the take that plays, after its
        stack, at its own times.
    check : bool
        Read the file back and compare.
    """

    frames: tuple[int, int] | None = None
    only_deforming: bool = False
    source: Literal["FACE", "TAKE"] = "FACE"
    check: bool = True


def kind_of(path: Path) -> str:
    """The format that a file's ending means.

    Raises
    ------
    FacemocapError
        When it means none.
    """
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise FacemocapError(
            f'"{path.name}" has no ending of a format that is written',
            f"Let it end with {', '.join(KINDS)}",
        )
    return kind


def export_character(
    scene: bpy.types.Scene,
    picked: CharacterObjects,
    path: Path,
    options: ExportOptions = ExportOptions(),
) -> Report:
    """Write a character's face animation into a file, whole or not at all.

    Parameters
    ----------
    scene : Scene
        Its rate and, where the options name no range, its range.
    picked : CharacterObjects
    path : Path
        Its ending says what is written: .fbx, .glb, .usd, .usda, .usdc, .csv.
    options : ExportOptions

    Returns
    -------
    Report
        With ``check``, the largest differences are among its measures.

    Raises
    ------
    FacemocapError
        When the ending is unknown, the range holds nothing, the raw take is shown, or the file
        cannot be written.
    """
    return run_job(export_job(scene, picked, path, options))


def export_job(
    scene: bpy.types.Scene,
    picked: CharacterObjects,
    path: Path,
    options: ExportOptions,
) -> Job[Report]:
    """As `export_character`, telling what is being done."""
    kind = kind_of(path)
    frames, notes = _frames(scene, options)
    performance = find_performance(picked)
    if performance is not None:
        check_stack_plays(performance)
    if kind == CSV:
        yield Progress(0.1, f"Reading {picked.name}")
        return _export_csv(scene, picked, path, frames, options, notes)
    cast = cast_of(picked)
    if not cast.objects:
        raise FacemocapError(
            f'All of "{picked.name}" is disabled in viewports', "Enable it, then export"
        )
    yield Progress(0.1, f"Reading {picked.name}")
    looked = look(cast, scene, frames)
    yield Progress(0.5, f"Writing {path.name}")
    renamed: Mapping[Shape, Shape] = {}
    with (
        unfinished(path) as temporary,
        plain_copy(cast, scene, looked, _take_name(picked)) as (stage, sheared),
    ):
        try:
            renamed = _write(kind, stage, temporary, only_deforming=options.only_deforming)
        except FacemocapError as problem:
            what = problem.what.replace(temporary.name, path.name)
            raise FacemocapError(what, problem.todo) from problem
    notes += _left_out(cast, renamed, sheared)
    read = None
    if options.check:
        yield Progress(0.8, f"Reading {path.name} back")
        motion = _deforming(cast, looked.motion) if options.only_deforming else looked.motion
        read = read_back(path, kind, motion, scene, renamed)
    counts = {
        "frames": len(frames),
        "meshes": sum(obj.type == "MESH" for obj in cast.objects),
        "shape_keys": len(looked.motion.shapes),
        "bones": len(looked.motion.bones),
    }
    return _report(path, kind, picked, counts, read, notes)


def _write(
    kind: str, stage: bpy.types.Scene, path: Path, *, only_deforming: bool
) -> Mapping[Shape, Shape]:
    """Write a scene; what shapes of another name are called in the file."""
    if kind == FBX:
        write_fbx(stage, path, only_deforming=only_deforming)
    elif kind == GLTF:
        write_gltf(stage, path, only_deforming=only_deforming)
    else:
        return write_usd(stage, path, only_deforming=only_deforming)
    return {}


def _frames(scene: bpy.types.Scene, options: ExportOptions) -> tuple[np.ndarray, list[str]]:
    """The frames, and what to know about them."""
    first, last = options.frames or (scene.frame_start, scene.frame_end)
    if last < first:
        raise FacemocapError(
            f"The range {first} to {last} holds nothing", "Give the first frame first"
        )
    if last - first >= _MOST_FRAMES:
        raise FacemocapError(
            f"The range holds {last - first + 1} frames", "Export it in shorter parts"
        )
    notes: list[str] = []
    if first < 0:
        if last < 0:
            raise FacemocapError(
                "The range lies before frame 0, where no file can follow", "Move the animation"
            )
        notes.append("Frames before 0 are not exported: scenes and files begin there.")
        first = 0
    return np.arange(first, last + 1, dtype=np.float64), notes


def _export_csv(
    scene: bpy.types.Scene,
    picked: CharacterObjects,
    path: Path,
    frames: np.ndarray,
    options: ExportOptions,
    notes: list[str],
) -> Report:
    span = (int(frames[0]), int(frames[-1]))
    itself = options.source == "TAKE"
    take, more = write_face_csv(scene, picked, path, span, from_take=itself)
    notes += more
    rate_hz = scene_clock(scene).rate_hz
    read = check_csv(path, take, rate_hz, from_zero=itself) if options.check else None
    counts = {"rows": take.samples, "channels": len(take.recorded)}
    return _report(path, CSV, picked, counts, read, notes)


def _take_name(picked: CharacterObjects) -> str:
    """What the animation is called in the file: as what plays."""
    performance = find_performance(picked)
    return performance.action.name if performance is not None else picked.name


def _deforming(cast: Cast, motion: Motion) -> Motion:
    rig: Any = cast.picked.armature
    bones = {bone.name for bone in rig.data.bones if bone.use_deform} if rig else set[str]()
    kept = {name: moved for name, moved in motion.bones.items() if name in bones}
    return Motion(motion.frames, motion.rate_hz, motion.shapes, kept, motion.heads)


def _left_out(cast: Cast, renamed: Mapping[Shape, Shape], sheared: list[str]) -> list[str]:
    """What the file cannot hold."""
    notes: list[str] = []
    if cast.left_out:
        notes.append(f"Not exported, for they are disabled in viewports: {_few(cast.left_out)}.")
    modifiers = [
        f"{modifier.name} of {obj.name}"
        for obj in cast.objects
        for modifier in obj.modifiers
        if modifier.type != "ARMATURE" and modifier.show_viewport
    ]
    if modifiers:
        notes.append(f"Modifiers besides armatures are not in the file: {_few(modifiers)}.")
    if sheared:
        number = "1 bone is" if len(sheared) == 1 else f"{len(sheared)} bones are"
        notes.append(f"{number} sheared, which files cannot hold: {_few(sheared)}.")
    if renamed:
        (mesh, name), (_, new) = next(iter(renamed.items()))
        notes.append(
            f"{len(renamed)} shape keys that several meshes have got names of their own: "
            f'"{name}" of {mesh} is "{new}".'
        )
    return notes


def _few(names: list[str] | tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _report(
    path: Path,
    kind: str,
    picked: CharacterObjects,
    counts: dict[str, int],
    read: ReadBack | None,
    notes: list[str],
) -> Report:
    summary = f"{path.name}: {picked.name} as {_LABELS[kind]}"
    measures: dict[str, Any] = {}
    if read is not None:
        measures["read_back"] = read.to_json()
        if read.is_whole:
            summary += ", read back and the same"
        else:
            notes.append(_told(read))
    return Report(summary=summary, counts=counts, measures=measures, warnings=tuple(notes))


def _told(read: ReadBack) -> str:
    """What of a file is not as it should be."""
    if read.missing:
        return f"Not found when the file was read back: {_few(read.missing)}."
    if read.value > read.precision.value:
        return f"A value differs by {read.value:.3g} when read back: {read.value_at}."
    if read.time_s > read.precision.time_s:
        return f"Times differ by {read.time_s:.3g} s when read back."
    return (
        f"Bones differ by {read.turn_deg:.3g} degrees and {read.place_mm:.3g} mm when read back: "
        f"{read.bone_at}."
    )
