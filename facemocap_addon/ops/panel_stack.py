# SPDX-License-Identifier: GPL-3.0-or-later
"""Stacks in the panel: run again after an edit, and what came of it shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import bpy

from ..core.errors import FacemocapError
from ..core.report import Report
from ..core.stack.stack import Stack, Step
from ..gateway.characters.characters import CharacterObjects
from ..gateway.scenes import scene_clock
from ..gateway.takes.influence_keys import move_influences, read_influence, write_influence
from ..gateway.takes.rerunning import rerun
from ..gateway.writing.kept_stacks import (
    differences_of,
    is_draft,
    options_of,
    shows_raw,
    stack_of,
    steps_of,
)
from ..gateway.writing.records import Performance, find_performance
from ..props import (
    FACEMOCAP_PG_character,
    quiet,
    show_layers,
    state_of,
    store_stack,
    stored_stack,
)
from .event_rows import show_events
from .ghosts import show_ghosts
from .layer_view import show_tracks
from .panel_characters import picked_objects, show_performance


def run_again(
    scene: bpy.types.Scene, item: FACEMOCAP_PG_character, *, draft: bool = False
) -> Report | None:
    """Run a character's performance again with its stack in the panel; None where none plays.

    Raises
    ------
    FacemocapError
        When it cannot be done; nothing is changed.
    """
    picked = picked_objects(item, scene)
    performance = find_performance(picked)
    if performance is None:
        return None
    stack = with_keys(scene, item, stored_stack(item), performance)
    report = rerun(
        scene,
        picked,
        stack,
        shows_raw=item.stack.show_raw,
        hand_edits=state_of(scene).hand_edits,
        draft=draft,
    )
    show_rerun(item, picked, stack, report, events=not draft)
    return report


def show_rerun(
    item: FACEMOCAP_PG_character,
    picked: CharacterObjects,
    stack: Stack,
    report: Report,
    *,
    events: bool = True,
) -> None:
    """Show what a run made; what is keyed is in the stack's text from then on."""
    item.stack.problem = ""
    item.stack.text = stack.text if stack.steps else ""
    found = find_performance(picked)
    show_performance(item, found, report.warnings)
    show_stack_run(item, found, events=events)


def follow_edit(item: FACEMOCAP_PG_character, *, draft: bool = False) -> None:
    """Run a stack again that a person changed; what is wrong is said in the panel."""
    scene: Any = item.id_data
    item.stack.problem = ""
    try:
        run_again(scene, item, draft=draft)
    except FacemocapError as problem:
        item.stack.problem = str(problem)


def change_stack(
    scene: bpy.types.Scene,
    item: FACEMOCAP_PG_character,
    stack: Stack,
    active: int | None = None,
    places: Mapping[int, int | None] | None = None,
) -> None:
    """Give a character another stack.

    ``places`` says where steps went whose place is another now, None for those that are gone: keys
    of their influence go along.
    """
    base = f"{item.path_from_id()}.stack.rows"
    if places:
        move_influences(
            scene,
            {_path(base, a): None if b is None else _path(base, b) for a, b in places.items()},
        )
    store_stack(item, stack, active)
    item.stack.problem = item.stack.chosen_by = ""
    clock, zero = scene_clock(scene), zero_frame(scene, item, None)
    for place, step in enumerate(stack.steps):
        if isinstance(step.influence, tuple):
            write_influence(scene, _path(base, place), step.influence, clock, zero)


def forget_influences(scene: bpy.types.Scene, number: int) -> None:
    """A character goes off the list: keys of its influences go, those of later ones move up."""
    paths: dict[str, str | None] = {}
    for place, item in enumerate(state_of(scene).characters):
        base = f"{item.path_from_id()}.stack.rows"
        before = base.replace(f"characters[{place}]", f"characters[{place - 1}]")
        for row in range(len(item.stack.rows) if place >= number else 0):
            paths[_path(base, row)] = _path(before, row) if place > number else None
    move_influences(scene, paths)


def replace_stack(
    scene: bpy.types.Scene, item: FACEMOCAP_PG_character, stack: Stack, active: int = 0
) -> None:
    """Give a character a stack that came from elsewhere: nothing of the old one stays."""
    change_stack(scene, item, stack, active, dict.fromkeys(range(len(item.stack.rows))))


def with_keys(
    scene: bpy.types.Scene,
    item: FACEMOCAP_PG_character,
    stack: Stack,
    performance: Performance | None = None,
    zero: float | None = None,
) -> Stack:
    """The stack with influences as they are keyed in the scene."""
    if scene.animation_data is None:
        return _unkeyed(item, stack)
    clock = scene_clock(scene)
    zero = zero_frame(scene, item, performance) if zero is None else zero
    base = f"{item.path_from_id()}.stack.rows"
    steps: list[Step] = []
    for place, step in enumerate(stack.steps):
        keys = read_influence(scene, _path(base, place), clock, zero)
        if keys is None or item.stack.rows[place].is_whole:
            steps += _unkeyed(item, Stack((step,)), place).steps
        else:
            steps.append(replace(step, influence=keys))
    return Stack(tuple(steps))


def _unkeyed(item: FACEMOCAP_PG_character, stack: Stack, first: int = 0) -> Stack:
    """Keys that a person took away leave the number that the panel shows."""
    steps = [
        replace(step, influence=float(f"{item.stack.rows[place].influence:.7g}"))
        if isinstance(step.influence, tuple)
        else step
        for place, step in enumerate(stack.steps, start=first)
    ]
    return Stack(tuple(steps))


def zero_frame(
    scene: bpy.types.Scene, item: FACEMOCAP_PG_character, performance: Performance | None
) -> float:
    """Scene frame on which the take's first sample falls, or would fall."""
    if performance is None:
        try:
            performance = find_performance(picked_objects(item, scene))
        except FacemocapError:
            performance = None
    if performance is None:
        return float(scene.frame_start)
    start_s = options_of(performance).range_s[0] or 0.0
    return performance.start_frame - start_s * scene_clock(scene).rate_hz


def show_stack(item: FACEMOCAP_PG_character, performance: Performance | None) -> None:
    """Show the stack of what plays on a character, and what it did."""
    if performance is None:
        show_stack_run(item, None)
        return
    try:
        stack = stack_of(performance)
        if stack != stored_stack(item):
            store_stack(item, stack)
        show_layers(item, stack)
    except FacemocapError as problem:
        item.stack.problem = str(problem)
        return
    show_stack_run(item, performance)


def show_stack_run(
    item: FACEMOCAP_PG_character, performance: Performance | None, *, events: bool = True
) -> None:
    """Show what the steps did when they were run last; ``events`` too, which takes its time."""
    view = item.stack
    reports = steps_of(performance) if performance else []
    for place, row in enumerate(view.rows):
        said = reports[place]["remarks"] if place < len(reports) else []
        row.said = "\n".join(said)
    found = differences_of(performance) if performance else ()
    while len(view.differences) > len(found):
        view.differences.remove(len(view.differences) - 1)
    while len(view.differences) < len(found):
        view.differences.add()
    for line, each in zip(view.differences, found, strict=True):
        line.name, line.unit, line.channel = each.region, each.unit, each.channel
        line.rms, line.most, line.at_s = each.rms, each.most, each.at_s
    view.is_draft = performance is not None and is_draft(performance)
    show_tracks(item, performance)
    with quiet():
        view.show_raw = performance is not None and shows_raw(performance)
    show_ghosts(item, performance)
    if events:
        show_events(item, performance)


def _path(base: str, place: int) -> str:
    return f"{base}[{place}].influence"
