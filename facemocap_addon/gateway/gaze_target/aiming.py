# SPDX-License-Identifier: GPL-3.0-or-later
"""The gaze of a performance made from a target object, as a step of its stack.

The raw take stays, and so do all other steps: without the step `gaze_target` the captured gaze is
there again. What the step holds is where each eye has to look in the head. It is found by looking:
the eyes are aimed, what Blender shows then is compared with what it should be, and the rest is
added, since no rig turns its eyes by quite what it is told.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import bpy
import numpy as np

from ...core.errors import FacemocapError
from ...core.events.gaze.aims import GazeAim, aims_of
from ...core.report import Report
from ...core.stack.kinds.gaze_target import GazeTarget
from ...core.stack.stack import Stack, Step
from ..characters.characters import CharacterObjects
from ..files.take_storage import load_take
from ..scenes import scene_clock
from ..takes.rerunning import need_performance, rerun
from ..writing.kept_stacks import options_of
from ..writing.preparing import ApplyOptions, HandEdits
from ..writing.records import Performance
from .keying import frames_of
from .seeing import Eyes, SeenEyes, find_eyes_of, head_bone, see_eyes

KIND = "gaze_target"
#: Near enough (degrees); times that the eyes are looked at; what is added in all goes no farther.
ENOUGH_DEG, PASSES, MOST_DEG = 0.02, 4, 12.0
#: Off by more than this (degrees) an eye cannot look there.
_MISSED_DEG = 0.5


@dataclass(frozen=True)
class _Sight:
    """What it takes to look at one character's eyes again and again."""

    scene: bpy.types.Scene
    picked: CharacterObjects
    target: bpy.types.Object
    frames: list[int]
    eyes: Eyes
    bone: str | None

    def look(self) -> SeenEyes:
        return see_eyes(self.picked, self.scene, self.eyes, self.frames, self.bone, self.target)


def aim_at_target(
    scene: bpy.types.Scene,
    picked: CharacterObjects,
    target: bpy.types.Object,
    *,
    frames: tuple[int, int] | None = None,
    meet: bool = True,
    lids: bool = True,
    hand_edits: HandEdits = "ADD",
) -> Report:
    """Let the eyes of a performance look at an object, as a step `gaze_target` of its stack.

    Parameters
    ----------
    scene, picked
        A character on which a take plays.
    target : Object
        Anything that has a place: it may move, be parented, follow a path.
    frames : (int, int), optional
        First and last frame; without, all of the performance. Outside the captured gaze stays.
    meet : bool
        Both eyes meet at the target; else they look there together, at the angle to each other
        that was captured.
    lids : bool
        Lids follow the gaze.
    hand_edits : str
        As `rerunning.rerun` has it.

    Raises
    ------
    FacemocapError
        When no take plays there, the character has no eyes that can be found, the target is a part
        of it, or as `rerun`.
    """
    performance = need_performance(picked)
    if target in picked.objects:
        raise FacemocapError(
            f'"{target.name}" is a part of the character', "Choose another object as the target"
        )
    options = options_of(performance)
    if options.raw or options.shows_raw or options.mirror:
        raise FacemocapError(
            "Eyes are aimed by a step, and this take is shown raw or mirrored",
            "Show it with its steps, not mirrored, and aim the eyes then",
        )
    without, before = _without(options.stack), _present(options.stack)
    if without != options.stack:
        rerun(scene, picked, without, hand_edits=hand_edits)
    sight = _Sight(
        scene, picked, target, frames_of(scene, picked, frames), find_eyes_of(picked, scene),
        head_bone(picked, performance.rig_map),
    )  # fmt: skip
    seen = sight.look()
    wanted = _wanted(seen, meet=meet)
    times = _take_times(scene, performance, options, seen.frames)
    aims = wanted.copy()
    off = np.zeros(wanted.shape[1])
    step = Step(KIND)
    for _ in range(PASSES):
        step = Step(KIND, GazeTarget(lids, _records(times, aims)))
        rerun(scene, picked, _with(without, step, before), hand_edits=hand_edits)
        left = wanted - sight.look().gaze()
        off = np.abs(left).max(axis=(0, 2))
        if off.max() < ENOUGH_DEG:
            break
        aims = wanted + np.clip(aims + left - wanted, -MOST_DEG, MOST_DEG)
    if before is not None and not (before[1].is_whole and before[1].enabled):
        # how much and where the person wants it, now that it is known
        kept = replace(before[1], params=step.params)
        rerun(scene, picked, _with(without, kept, before), hand_edits=hand_edits)
    return _report(picked, target, seen.frames, off)


def stop_aiming(
    scene: bpy.types.Scene, picked: CharacterObjects, *, hand_edits: HandEdits = "ADD"
) -> Report:
    """The captured gaze again: the performance without its step `gaze_target`.

    Raises
    ------
    FacemocapError
        When no take plays there, or its eyes are not aimed.
    """
    stack = options_of(need_performance(picked)).stack
    without = _without(stack)
    if without == stack:
        raise FacemocapError(
            f'The eyes of "{picked.name}" are not aimed at a target', "Aim them first"
        )
    rerun(scene, picked, without, hand_edits=hand_edits)
    return Report(summary=f"{picked.name} looks where it was captured again")


def is_aimed(performance: Performance) -> bool:
    """Whether a performance's eyes are aimed."""
    return any(step.kind == KIND for step in options_of(performance).stack.steps)


def _without(stack: Stack) -> Stack:
    return Stack(tuple(step for step in stack.steps if step.kind != KIND))


def _present(stack: Stack) -> tuple[int, Step] | None:
    """The step that is there, and its place."""
    return next(((n, step) for n, step in enumerate(stack.steps) if step.kind == KIND), None)


def _with(without: Stack, step: Step, before: tuple[int, Step] | None) -> Stack:
    """The stack with the step where it was, or at the end."""
    place = len(without.steps) if before is None else before[0]
    return Stack((*without.steps[:place], step, *without.steps[place:]))


def _wanted(seen: SeenEyes, *, meet: bool) -> np.ndarray:
    """Where each eye shall look in the head ``(2, n, 2)``, in degrees."""
    assert seen.targets is not None, "a target was looked at"
    if meet:
        return seen.in_head(seen.targets - seen.centres)
    middle = seen.in_head(seen.targets - seen.centres.mean(axis=0))
    now = seen.gaze()
    way = seen.in_head(seen.directions.sum(axis=0))
    out: np.ndarray = middle + now - way
    return out


def _take_times(
    scene: bpy.types.Scene, performance: Performance, options: ApplyOptions, frames: np.ndarray
) -> np.ndarray:
    """Seconds on the take's clock that frames of the scene show."""
    if performance.take_text is None:
        raise FacemocapError(
            f'The recording that plays on "{performance.character_name}" is no longer in this file',
            "Import it again and apply it",
        )
    take = load_take(performance.take_text)
    start = float(take.times[0]) + (options.range_s[0] or 0.0)
    return start + scene_clock(scene).seconds(frames.astype(np.float64), options.start_frame)


def _records(times: np.ndarray, aims: np.ndarray) -> tuple[GazeAim, ...]:
    return aims_of(times, aims[0], aims[1])


def _report(
    picked: CharacterObjects, target: bpy.types.Object, frames: np.ndarray, off: np.ndarray
) -> Report:
    missed = np.flatnonzero(off > _MISSED_DEG)
    warnings: tuple[str, ...] = ()
    if len(missed):
        worst = int(np.argmax(off))
        told = (
            f"On {len(missed)} frames the eyes cannot look at the target: it is up to "
            f"{off[worst]:.1f} degrees beyond their reach (frame {int(frames[worst])})."
        )
        warnings = (told,)
    return Report(
        summary=f'{picked.name} looks at "{target.name}" on {len(frames)} frames',
        measures={"gaze_off_deg": round(float(off.max(initial=0.0)), 4)},
        warnings=warnings,
    )
