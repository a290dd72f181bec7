# SPDX-License-Identifier: GPL-3.0-or-later
"""Performance: apply a take to a character, and take it off again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import bpy

from ..core.contacts.face_contacts import contacts_from_json
from ..core.errors import FacemocapError
from ..core.measured import Measured
from ..core.progress import Job, Progress, run_job
from ..core.report import Report
from ..core.rig_maps.working_map import ALL_BONES
from ..core.take import Take
from ..gateway.applying.performance import find_performance, remove_take
from ..gateway.characters.characters import read_character
from ..gateway.files.take_storage import load_take
from ..gateway.measuring.measuring import measure_for, store_measurement, stored_measurement
from ..gateway.points.solved_takes import take_of_character
from ..gateway.scenes import scene_clock
from ..gateway.takes.many import Cast, Outcome, prepare_many, write_many
from ..gateway.writing.preparing import ApplyOptions, Prepared
from ..props import FACEMOCAP_PG_character, state_of, stored_stack
from .examples import used_examples
from .jobs import JobOperator
from .panel_characters import (
    found_map,
    list_objects,
    match_character,
    need_map,
    picked_objects,
    show_performance,
)
from .panel_stack import show_stack_run, with_keys
from .placing import apply_options
from .steps import StepOperator, active_take, meant_characters, need_take


class FACEMOCAP_OT_apply_take(JobOperator, bpy.types.Operator):
    """Key the take onto the checked characters, or onto the chosen one.

    From a button, characters that are not measured yet are measured first.
    """

    bl_idname = "facemocap.apply_take"
    bl_label = "Apply Take"
    bl_description = (
        "Key the take onto the checked characters, or onto the chosen one if none is checked; "
        "applying it again replaces its own keys"
    )
    needs = ("take", "character")

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """Something must be matched."""
        meant = meant_characters(state_of(context.scene))
        if all(item.driving_count == 0 for item in meant):
            names = " and ".join(item.name for item in meant[:2])
            take = active_take(state_of(context.scene))
            if take is not None and take.point_count and not take.solve.is_solved:
                return cls.refuse("The take holds points: solve them first")
            return cls.refuse(
                f"No channel of the take drives anything on {names}: "
                "choose controls in the list of channels"
            )
        return True

    def perform(self, context: bpy.types.Context) -> Report:
        """Apply, for scripts: with what is measured already."""
        return self.finish(context, run_job(self._prepare(context, measure=False)))

    def start(self, context: bpy.types.Context) -> Job[_Ready]:
        """Measure what is to be measured, and compute what the take will be."""
        state = state_of(context.scene)
        return self._prepare(context, measure=state.measure_first and not state.use_raw)

    @staticmethod
    def _prepare(context: bpy.types.Context, *, measure: bool) -> Job[_Ready]:
        scene = context.scene
        state = state_of(scene)
        take = load_take(need_take(state).text)
        options = apply_options(scene, take)
        listed = list(state.characters)
        places = [listed.index(item) for item in meant_characters(state)]
        return _prepare_all(scene, places, take, options, measure=measure)

    def finish(self, context: bpy.types.Context, result: _Ready) -> Report:
        """Write it; one character that fails does not stop the others."""
        scene = context.scene
        items = [state_of(scene).characters[place] for place in result.places]
        for place, item in zip(result.places, items, strict=True):
            if place in result.measured:
                store_measurement(picked_objects(item, scene), result.measured[place])
                played = take_of_character(result.take, item.name)
                match_character(scene, item, played, complete=True)
        outcomes = write_many(result.prepared)
        if not any(outcome.is_done for outcome in outcomes):
            raise _nobody(outcomes)
        for item, outcome in zip(items, outcomes, strict=True):
            _show(item, outcome, scene)
        return _report(result.take.label, outcomes)


class FACEMOCAP_OT_remove_take(StepOperator, bpy.types.Operator):
    """Take the performance off the characters and put older animation back as it was."""

    bl_idname = "facemocap.remove_take"
    bl_label = "Remove Take"
    bl_description = (
        "Take the performance off the checked characters, or off the chosen one if none is "
        "checked, and put older animation back as it was"
    )
    needs = ("character",)

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """Something must be applied."""
        meant = meant_characters(state_of(context.scene))
        why = ""
        for item in meant:
            try:
                if find_performance(picked_objects(item, context.scene)) is not None:
                    return True
            except FacemocapError as problem:
                why = why or problem.what
        names = " and ".join(item.name for item in meant[:2])
        return cls.refuse(why or f"No take is applied to {names}")

    def perform(self, context: bpy.types.Context) -> Report:
        """Remove it from those that have one."""
        scene = context.scene
        reports: list[Report] = []
        problems: list[FacemocapError] = []
        for item in meant_characters(state_of(scene)):
            try:
                picked = picked_objects(item, scene)
                if find_performance(picked) is None:
                    continue
                reports.append(remove_take(scene, picked))
                show_performance(item, None)
                show_stack_run(item, None)
            except FacemocapError as problem:
                problems.append(problem)
        if not reports and problems:
            raise problems[0]
        summary = reports[0].summary if len(reports) == 1 else f"Removed from {len(reports)}"
        more = " characters" if len(reports) != 1 else ""
        return Report(summary=summary + more, warnings=tuple(str(each) for each in problems))


@dataclass
class _Ready:
    """What was measured and computed, by the characters' places in the list and in their order."""

    places: list[int]
    take: Take
    measured: dict[int, Measured] = field(default_factory=dict[int, Measured])
    prepared: list[Prepared | Outcome] = field(default_factory=list[Prepared | Outcome])


def _prepare_all(
    scene: bpy.types.Scene,
    places: list[int],
    take: Take,
    options: ApplyOptions,
    *,
    measure: bool,
) -> Job[_Ready]:
    """Everything but the writing; characters that are no face go by their names."""
    ready = _Ready(places, take)
    for number, place in enumerate(places):
        whole = _part(number, len(places), state_of(scene).characters[place].name)
        if measure:
            found = yield from whole(_measure(scene, place), 0.0, 0.5)
            if found is not None:
                ready.measured[place] = found
        try:
            # what was solved from points is each character's own
            played = take_of_character(take, state_of(scene).characters[place].name)
            cast = _cast(scene, place, played, ready.measured.get(place))
            own = _own(scene, state_of(scene).characters[place], options)
        except FacemocapError as problem:
            name = state_of(scene).characters[place].name
            ready.prepared.append(Outcome(name, problem=problem))
        else:
            job = prepare_many(scene, [cast], played, own)
            ready.prepared += yield from whole(job, 0.5, 0.5)
    yield Progress(1.0, "Writing keys")
    return ready


def _part(number: int, count: int, name: str) -> Callable[[Job[Any], float, float], Job[Any]]:
    """What wraps a job of one of several characters, so that its progress is that of them all."""

    def wrapped(job: Job[Any], start: float, width: float) -> Job[Any]:
        while True:
            try:
                progress = next(job)
            except StopIteration as end:
                return end.value
            done = (number + start + width * progress.done) / count
            what = progress.what if progress.what.startswith(name) else f"{name}: {progress.what}"
            yield Progress(done, what)

    return wrapped


def _measure(scene: bpy.types.Scene, place: int) -> Job[Measured | None]:
    """What is to be measured on a character before a take goes on it; None where nothing is."""
    item = state_of(scene).characters[place]
    bones = item.drive == "BONES"
    try:
        picked = picked_objects(item, scene)
        measured = stored_measurement(picked)
        if measured is not None and (not bones or ALL_BONES in measured.parts):
            return None
        return (yield from measure_for(picked, scene, all_bones=bones))
    except FacemocapError:
        return None


def _cast(scene: bpy.types.Scene, place: int, take: Take, measured: Measured | None) -> Cast:
    """A character, its map and its contacts.

    Raises
    ------
    FacemocapError
        When they cannot be had.
    """
    item = state_of(scene).characters[place]
    picked = picked_objects(item, scene)
    if measured is None:
        return picked, need_map(item), None
    rig_map = found_map(item, read_character(picked, scene), take, measured, complete=True)
    found = measured.contacts
    return picked, rig_map, contacts_from_json(found) if found else None


def _own(
    scene: bpy.types.Scene, item: FACEMOCAP_PG_character, options: ApplyOptions
) -> ApplyOptions:
    """The panel's settings with what is each character's own: example pairs and stack.

    Keys of an influence count from where the take begins now.
    """
    zero = options.start_frame - (options.range_s[0] or 0.0) * scene_clock(scene).rate_hz
    return replace(
        options,
        examples=used_examples(item),
        stack=with_keys(scene, item, stored_stack(item), zero=zero),
        shows_raw=item.stack.show_raw,
    )


def _show(item: FACEMOCAP_PG_character, outcome: Outcome, scene: bpy.types.Scene) -> None:
    """Note on a character what became of it."""
    if outcome.report is None:
        item.applied_warnings = str(outcome.problem)
        return
    if outcome.performance is not None:
        # an override puts other objects into the scene: list what the character is now
        list_objects(item, outcome.performance.picked(scene))
    show_performance(item, outcome.performance, outcome.report.warnings)
    show_stack_run(item, outcome.performance)


def _nobody(outcomes: list[Outcome]) -> FacemocapError:
    """Why the take plays on none of them."""
    problem = outcomes[0].problem
    assert problem is not None, "nothing was done"
    if len(outcomes) == 1:
        return problem
    return FacemocapError(
        f"None of the {len(outcomes)} characters could be done; {outcomes[0].name}: {problem.what}",
        problem.todo,
    )


def _report(take: str, outcomes: list[Outcome]) -> Report:
    """One report of all characters; of a single one its own."""
    reports = [outcome.report for outcome in outcomes if outcome.report is not None]
    if len(outcomes) == 1:
        return reports[0]
    failed = [f"{o.name}: {o.problem}" for o in outcomes if o.problem is not None]
    told = [f"{o.name}: {w}" for o in outcomes if o.report is not None for w in o.report.warnings]
    names = ", ".join(outcome.name for outcome in outcomes if outcome.is_done)
    lost = ", ".join(outcome.name for outcome in outcomes if not outcome.is_done)
    return Report(
        summary=f'"{take}" plays on {len(reports)} of {len(outcomes)} characters: {names}'
        + (f"; not on {lost}" if lost else ""),
        counts={
            "characters": len(reports),
            "failed": len(failed),
            "keys": sum(report.counts["keys"] for report in reports),
        },
        warnings=(*failed, *told),
    )


CLASSES = (FACEMOCAP_OT_apply_take, FACEMOCAP_OT_remove_take)
