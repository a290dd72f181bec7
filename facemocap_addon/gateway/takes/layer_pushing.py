# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of a performance's stack pushed to NLA tracks, and pulled back into the stack."""

from __future__ import annotations

import bpy

from ...core.errors import FacemocapError
from ...core.layers.tracks import check_pushable
from ...core.progress import run_job
from ...core.report import Report
from ...core.stack.edits import enable_step, step_at
from ...core.stack.kinds import kind_of
from ...core.stack.stack import Stack
from ..applying.performance import write_take
from ..characters.characters import CharacterObjects
from ..layer_tracks.tracks import ask_for_layer, ask_no_more, layer_strips, pushed_kinds
from ..layer_tracks.whole_stacks import with_steps_on
from ..layer_tracks.writing import lost_keys
from ..writing.kept_stacks import stack_of
from ..writing.preparing import HandEdits
from .rerunning import need_performance, prepare_rerun


def push_layer(
    scene: bpy.types.Scene,
    picked: CharacterObjects,
    at: int,
    stack: Stack | None = None,
    *,
    hand_edits: HandEdits = "ADD",
) -> Report:
    """Play a step from NLA tracks of its own, over the performance; it is off in the stack then.

    Parameters
    ----------
    scene, picked
        A character on which a take plays.
    at : int
        Place of the step.
    stack : Stack, optional
        Instead of the one that is kept with the performance.
    hand_edits : str
        As `ApplyOptions.hand_edits`.

    Raises
    ------
    FacemocapError
        When the step cannot be played from a track, or as `rerun`; nothing is changed.
    """
    performance = need_performance(picked)
    stack = stack_of(performance) if stack is None else stack
    step = step_at(stack, at)
    check_pushable(stack, at, pushed_kinds(performance))
    job = prepare_rerun(scene, performance, enable_step(stack, at, False), hand_edits=hand_edits)
    prepared = run_job(job)
    ask_for_layer(performance, step.kind)
    try:
        report = write_take(prepared)
    except FacemocapError:
        ask_no_more(performance, step.kind)
        raise
    label = kind_of(step.kind).label
    if prepared.options.shows_raw:
        return Report(
            summary=f"{label} plays from NLA tracks of its own once Show Raw is switched off",
            counts={**report.counts, "tracks": 0},
            warnings=report.warnings,
        )
    tracks = len(layer_strips(need_performance(picked), step.kind))
    return Report(
        summary=f"{label} plays from {tracks} NLA {'track' if tracks == 1 else 'tracks'}",
        counts={**report.counts, "tracks": tracks},
        warnings=report.warnings if tracks else (*report.warnings, f"{label} moves nothing here."),
    )


def pull_layer(
    scene: bpy.types.Scene,
    picked: CharacterObjects,
    kind: str,
    stack: Stack | None = None,
    *,
    hand_edits: HandEdits = "ADD",
) -> Report:
    """Take a layer's tracks off, and run its step in the stack again.

    Parameters as `push_layer`; ``kind`` is the step's.

    Raises
    ------
    FacemocapError
        When no layer of that kind plays from tracks, or as `rerun`; nothing is changed.
    """
    performance = need_performance(picked)
    label = kind_of(kind).label
    if kind not in pushed_kinds(performance):
        raise FacemocapError(f"{label} plays from no track", "Push it to one first")
    stack = stack_of(performance) if stack is None else stack
    stack = with_steps_on(stack, (kind,))
    report = write_take(run_job(prepare_rerun(scene, performance, stack, hand_edits=hand_edits)))
    lost = lost_keys(kind)
    is_lost = lost in report.warnings
    return Report(
        summary=f"{label} is a step of the stack again"
        + ("; the influence keys of its NLA strip are gone" if is_lost else ""),
        counts=report.counts,
        warnings=tuple(each for each in report.warnings if each != lost),
    )
