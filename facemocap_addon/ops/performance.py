# SPDX-License-Identifier: GPL-3.0-or-later
"""Performance: apply a take to a character, and take it off again."""

from __future__ import annotations

import bpy

from ..core.errors import FacemocapError
from ..core.measured import Measured
from ..core.progress import Job, Progress
from ..core.report import Report
from ..core.rig_map import RigMap
from ..core.working_map import ALL_BONES
from ..gateway.characters import CharacterObjects
from ..gateway.many import Outcome, apply_to_many
from ..gateway.measuring import measure_for, store_measurement, stored_measurement
from ..gateway.performance import find_performance, remove_take
from ..gateway.take_storage import load_take
from ..props import FACEMOCAP_PG_character, state_of
from .jobs import JobOperator
from .panel_characters import (
    list_objects,
    match_character,
    need_map,
    picked_objects,
    show_performance,
)
from .placing import apply_options
from .steps import StepOperator, meant_characters, need_take


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
            return cls.refuse(
                f"No channel of the take drives anything on {names}: "
                "choose controls in the list of channels"
            )
        return True

    def perform(self, context: bpy.types.Context) -> Report:
        """Apply, for scripts: with what is measured already."""
        return self.finish(context, {})

    def start(self, context: bpy.types.Context) -> Job[dict[str, Measured]]:
        """Measure what is to be measured, by the names of the characters."""
        scene = context.scene
        state = state_of(scene)
        waiting: list[tuple[str, CharacterObjects, bool]] = []
        wanted = state.measure_first and not state.use_raw
        for item in meant_characters(state) if wanted else ():
            picked = picked_objects(item, scene)
            measured, bones = stored_measurement(picked), item.drive == "BONES"
            if measured is None or (bones and ALL_BONES not in measured.parts):
                waiting.append((item.name, picked, bones))
        return _measure_all(waiting, scene)

    def finish(self, context: bpy.types.Context, result: dict[str, Measured]) -> Report:
        """Apply with the panel's settings; one that fails does not stop the others."""
        scene = context.scene
        state = state_of(scene)
        text = need_take(state).text
        take = load_take(text)
        for item in meant_characters(state):
            if item.name in result:
                store_measurement(picked_objects(item, scene), result[item.name])
                match_character(scene, item, take, complete=True)
        options = apply_options(scene, take)
        meant = meant_characters(state)
        ready = [_gather(item, scene) for item in meant]
        done = iter(
            apply_to_many(scene, [r for r in ready if not isinstance(r, Outcome)], take, options)
        )
        outcomes = [r if isinstance(r, Outcome) else next(done) for r in ready]
        if not any(outcome.is_done for outcome in outcomes):
            raise _nobody(outcomes)
        for item, outcome in zip(meant, outcomes, strict=True):
            _show(item, outcome, scene)
        return _report(take.label, outcomes)


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
            except FacemocapError as problem:
                problems.append(problem)
        if not reports and problems:
            raise problems[0]
        summary = reports[0].summary if len(reports) == 1 else f"Removed from {len(reports)}"
        more = " characters" if len(reports) != 1 else ""
        return Report(summary=summary + more, warnings=tuple(str(each) for each in problems))


def _measure_all(
    waiting: list[tuple[str, CharacterObjects, bool]], scene: bpy.types.Scene
) -> Job[dict[str, Measured]]:
    """What is measured on each character; those that are no face go by their names."""
    found: dict[str, Measured] = {}
    for number, (name, picked, bones) in enumerate(waiting):
        yield Progress(number / len(waiting), f"Measuring {name}")
        job = measure_for(picked, scene, all_bones=bones)
        while True:
            try:
                progress = next(job)
            except StopIteration as end:
                found[name] = end.value
                break
            except FacemocapError:
                break
            yield Progress((number + progress.done) / len(waiting), f"{name}: {progress.what}")
    yield Progress(1.0, "Writing keys")
    return found


def _gather(
    item: FACEMOCAP_PG_character, scene: bpy.types.Scene
) -> tuple[CharacterObjects, RigMap] | Outcome:
    """A character with its map, or why it cannot be had."""
    try:
        return picked_objects(item, scene), need_map(item)
    except FacemocapError as problem:
        return Outcome(item.name, problem=problem)


def _show(item: FACEMOCAP_PG_character, outcome: Outcome, scene: bpy.types.Scene) -> None:
    """Note on a character what became of it."""
    if outcome.report is None:
        item.applied_warnings = str(outcome.problem)
        return
    if outcome.performance is not None:
        # an override puts other objects into the scene: list what the character is now
        list_objects(item, outcome.performance.picked(scene))
    show_performance(item, outcome.performance, outcome.report.warnings)


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
