# SPDX-License-Identifier: GPL-3.0-or-later
"""Solve: a take of markers or landmarks onto characters, so that it can be applied to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import bpy

from ..core.errors import FacemocapError
from ..core.measured import Measured
from ..core.point_solve.settings import SolveSettings
from ..core.progress import Job, Progress, part_of_job
from ..core.report import Report
from ..core.take import Take
from ..gateway.files.take_storage import load_take, take_digest
from ..gateway.measuring.measuring import store_measurement
from ..gateway.points.point_solving import Solved, solve_on_character
from ..gateway.points.solved_takes import (
    remove_stored,
    solves_of,
    store_solve,
    take_of_character,
)
from ..gateway.scenes import scene_clock
from ..props import FACEMOCAP_PG_character, solve_settings, state_of, stored_map
from ..props.quiet import quiet
from .jobs import JobOperator
from .panel_characters import chosen, match_character, picked_objects
from .panel_points import (
    first_frame,
    is_of_points,
    measured_first,
    need_points,
    seconds_now,
    show_rows,
)
from .panel_takes import list_take
from .steps import StepOperator, active_take, meant_characters

#: As many of the worst frames are named in the report.
NAMED_FRAMES = 3


class FACEMOCAP_OT_solve_points(JobOperator, bpy.types.Operator):
    """Find what the character's own controls do when the tracked points move.

    From a button, characters that are not measured yet are measured first.
    """

    bl_idname = "facemocap.solve_points"
    bl_label = "Solve Points"
    bl_description = (
        "Find what the controls of the checked characters, or of the chosen one, do when the "
        "tracked points move, and store it as a take that Apply Take plays. Solving the same "
        "points again replaces what was found before, unless it is applied"
    )
    needs = ("take", "character")

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """The take must have points."""
        if not is_of_points(active_take(state_of(context.scene))):
            return cls.refuse("The take has no points in space: choose one of markers or landmarks")
        return True

    def start(self, context: bpy.types.Context) -> Job[_Found]:
        """Solve for all that are meant."""
        scene = context.scene
        state = state_of(scene)
        listed = list(state.characters)
        places = [listed.index(item) for item in meant_characters(state)]
        return _solve_all(scene, places, need_points(state), solve_settings(state.points))

    def finish(self, context: bpy.types.Context, result: _Found) -> Report:
        """Store what was found, choose it, and match the characters with it."""
        scene = context.scene
        items = state_of(scene).characters
        if not result.solved:
            raise next(iter(result.problems.values()))
        for place, measured in result.measured.items():
            store_measurement(picked_objects(items[place], scene), measured)
        takes = {
            place: keep_solved(scene, picked_objects(items[place], scene), solved)
            for place, solved in result.solved.items()
        }
        active = min(state_of(scene).active_character, len(items) - 1)
        first = active if active in takes else next(iter(takes))
        choose_solved(scene, takes[first])
        if first == active:
            solved = result.solved[first]
            picked = picked_objects(items[first], scene)
            show_rows(scene, picked, result.points, solved.solve.placement)
        match_solved(scene, takes[first], set(result.measured))
        return _report(scene, result, [items[place] for place in result.solved])


class FACEMOCAP_OT_mark_neutral(StepOperator, bpy.types.Operator):
    """Say that the actor's face is at rest at the current frame."""

    bl_idname = "facemocap.mark_neutral"
    bl_label = "Set From Current Frame"
    bl_description = "The actor's face is at rest at the scene's current frame"
    needs = ("take", "character")

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """The take must have points."""
        if not is_of_points(active_take(state_of(context.scene))):
            return cls.refuse("The take has no points in space")
        return True

    def perform(self, context: bpy.types.Context) -> Report:
        """Take the time over."""
        scene = context.scene
        state = state_of(scene)
        _, picked = chosen(scene)
        at_s = seconds_now(scene, picked, need_points(state))
        state.points.neutral_mode = "MARKED"
        state.points.neutral_s = at_s
        return Report(summary=f"The face is at rest {at_s:.2f} s after the take's start")


@dataclass
class _Found:
    """What was solved and measured, by the characters' places in the list."""

    points: Take
    solved: dict[int, Solved] = field(default_factory=dict[int, Solved])
    measured: dict[int, Measured] = field(default_factory=dict[int, Measured])
    problems: dict[int, FacemocapError] = field(default_factory=dict[int, FacemocapError])


def _solve_all(
    scene: bpy.types.Scene, places: list[int], points: Take, settings: SolveSettings
) -> Job[_Found]:
    """Solve for one character after the other; one that fails does not stop the others."""
    found = _Found(points)
    for number, place in enumerate(places):
        item = state_of(scene).characters[place]
        part = part_of_job(
            _solve_one(scene, place, found, settings), number / len(places), 1 / len(places)
        )
        try:
            yield from _named(part, item.name if len(places) > 1 else "")
        except FacemocapError as problem:
            found.problems[place] = problem
    yield Progress(1.0, "Storing the take")
    return found


def _solve_one(
    scene: bpy.types.Scene, place: int, found: _Found, settings: SolveSettings
) -> Job[None]:
    item = state_of(scene).characters[place]
    picked = picked_objects(item, scene)
    measured, is_new = yield from part_of_job(measured_first(item, picked, scene), 0.0, 0.4)
    if is_new:
        found.measured[place] = measured
    job = solve_on_character(picked, scene, found.points, settings, measured=measured)
    found.solved[place] = yield from part_of_job(job, 0.4, 0.6)


def _named(job: Job[None], name: str) -> Job[None]:
    """A job whose progress begins with a character's name."""
    try:
        for progress in job:
            what = f"{name}: {progress.what}" if name else progress.what
            yield Progress(progress.done, what)
    finally:
        job.close()


def keep_solved(scene: bpy.types.Scene, picked: Any, solved: Solved) -> Take:
    """Store a solved take and list it, in place of former ones that nothing else uses."""
    state = state_of(scene)
    former = solves_of(solved.source.digest, picked.name)
    listed = {text.name: sum(item.text == text for item in state.takes) for text in former}
    one = [text for text in former if listed[text.name] == 1]
    text, take, free = store_solve(solved, one)
    texts = [item.text for item in state.takes]
    for old in free:
        number = texts.index(old)
        if text in texts:
            state.takes.remove(number)
            del texts[number]
        else:
            # the new one stands where the old one stood
            state.takes[number].text = texts[number] = text
    remove_stored(free)
    sounds = [i.sound_path for i in state.takes if i.solve.points_digest == solved.source.digest]
    # who lists it matches the characters with it, once all is stored
    with quiet():
        list_take(scene, text, take, next(filter(None, sounds), ""))
    return take


def choose_solved(scene: bpy.types.Scene, take: Take) -> None:
    """Choose a listed take."""
    state = state_of(scene)
    with quiet():
        for number, item in enumerate(state.takes):
            if item.text is not None and take_digest(item.text) == take.digest:
                state.active_take = number


def match_chosen(scene: bpy.types.Scene) -> None:
    """Match characters anew where a solved take was chosen, or another one after a solved one.

    What a solved take carries plays that take and no other.
    """
    state = state_of(scene)
    item = active_take(state)
    if item is None:
        return
    if item.solve.is_solved or any(_is_carried(each) for each in state.characters):
        try:
            match_solved(scene, load_take(item.text), set())
        except FacemocapError as problem:
            state.notice = str(problem)


def _is_carried(item: FACEMOCAP_PG_character) -> bool:
    """Whether a character's map came with a solved take."""
    rig_map = None if item.is_edited else stored_map(item)
    return rig_map is not None and any(entry.how == "hand" for entry in rig_map.entries)


def match_solved(scene: bpy.types.Scene, take: Take, measured: set[int]) -> None:
    """Match every listed character with its own solve of the points, else with the chosen one."""
    for place, item in enumerate(state_of(scene).characters):
        try:
            picked = picked_objects(item, scene)
            own = take_of_character(take, picked.name)
            match_character(scene, item, own, complete=place in measured)
        except FacemocapError as problem:
            item.notes = str(problem)


def edited_warning(items: list[FACEMOCAP_PG_character]) -> tuple[str, ...]:
    """What to know of characters whose rig map was changed by hand."""
    return tuple(
        f"The rig map of {item.name} was changed by hand and stays so: press Match Again to play "
        "the take as it was solved."
        for item in items
        if item.is_edited
    )


def frames_of(scene: bpy.types.Scene, picked: Any, take: Take, times: tuple[float, ...]) -> str:
    """Frames of the scene to look at, by times on the take's clock; nothing if it has no place."""
    try:
        start = first_frame(scene, picked, take)
    except FacemocapError:
        return ""
    clock = scene_clock(scene)
    frames = [round(start + (at_s - float(take.times[0])) * clock.rate_hz) for at_s in times]
    return ", ".join(str(frame) for frame in sorted(frames))


def _report(scene: bpy.types.Scene, result: _Found, items: list[FACEMOCAP_PG_character]) -> Report:
    tell: Callable[[str, str], str] = (
        (lambda name, text: f"{name}: {text}")
        if len(items) + len(result.problems) > 1
        else (lambda _, text: text)
    )
    lines: list[str] = []
    warnings: list[str] = []
    measures: dict[str, Any] = {}
    for item, solved in zip(items, result.solved.values(), strict=True):
        solve, fit = solved.solve, solved.solve.fit()
        picked = picked_objects(item, scene)
        look = frames_of(scene, picked, result.points, solve.look_at()[:NAMED_FRAMES])
        line = (
            f"{100 * max(fit.explained, 0.0):.0f} % of the points' motion on {item.name}, "
            f"{fit.mean_mm:.2f} mm off instead of {fit.nothing_mm:.2f} mm"
        )
        lines.append(line + (f"; look at frames {look}" if look else ""))
        warnings += [tell(item.name, text) for text in solve.sentences()]
        measures[item.name] = fit.to_json()
    names = state_of(scene).characters
    warnings += [f"{names[place].name}: {why}" for place, why in result.problems.items()]
    return Report(
        summary=f'Solved "{result.points.label}": ' + "; ".join(lines),
        counts={"characters": len(result.solved), "failed": len(result.problems)},
        measures=measures,
        warnings=(*warnings, *edited_warning(items)),
    )


CLASSES = (FACEMOCAP_OT_solve_points, FACEMOCAP_OT_mark_neutral)
