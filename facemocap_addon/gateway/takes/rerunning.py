# SPDX-License-Identifier: GPL-3.0-or-later
"""A performance run again with another stack: raw take, steps, rig map, keys.

Everything else is as it was applied: place in the scene, layers, map, the actor's range. What was
edited by hand since is kept on top.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import bpy
import numpy as np

from ...core.errors import FacemocapError
from ...core.progress import Job, run_job
from ...core.reduction.plan import KeyPlan
from ...core.report import Report
from ...core.stack.running import StackResult
from ...core.stack.stack import Stack
from ...core.take import Take
from ..applying.performance import write_take
from ..characters.characters import CharacterObjects
from ..measuring.measuring import stored_measurement
from ..scenes import scene_clock
from ..writing.cleaned_takes import drafted_take, take_at_hand
from ..writing.drafts import last_whole_stack, lids_met, with_remembered
from ..writing.kept_stacks import contacts_of, is_draft, options_of
from ..writing.preparing import ApplyOptions, HandEdits, Prepared, prepare_take
from ..writing.records import KEY, Performance, find_performance, performances


def rerun(
    scene: bpy.types.Scene,
    picked: CharacterObjects,
    stack: Stack | None = None,
    *,
    shows_raw: bool | None = None,
    hand_edits: HandEdits = "ADD",
    draft: bool = False,
    plan: KeyPlan | Literal["KEPT"] | None = "KEPT",
) -> Report:
    """Run a character's performance again.

    Parameters
    ----------
    scene, picked
        A character on which a take plays.
    stack : Stack, optional
        Takes the place of the one that is kept with the performance.
    shows_raw : bool, optional
        Keep the stack and show the raw take; as it was when left out.
    hand_edits : str
        As `ApplyOptions.hand_edits`.
    draft : bool
        Be quick: repair and denoise around the playhead alone, and bring lids and lips together as
        the run before did. `finish_drafts` does it in earnest.
    plan : KeyPlan or None, optional
        How keys are reduced; as before when left out.

    Raises
    ------
    FacemocapError
        When no take plays there or its recording is gone, or as `apply_take`; nothing is changed.
    """
    performance = need_performance(picked)
    job = prepare_rerun(
        scene,
        performance,
        stack,
        shows_raw=shows_raw,
        hand_edits=hand_edits,
        draft=draft,
        plan=plan,
    )
    return write_take(run_job(job))


def finish_drafts(
    hand_edits: Callable[[bpy.types.Scene], HandEdits] = lambda _scene: "ADD",
) -> list[Performance]:
    """Run all performances again that are drafts; those that it was done to.

    ``hand_edits`` says for a scene what becomes of them, as it was said for the drafts.
    """
    done: list[Performance] = []
    for performance in performances():
        scene = next((s for o in performance.picked_objects() for s in o.users_scene), None)
        if scene is None or not is_draft(performance):
            continue
        try:
            job = prepare_rerun(scene, performance, hand_edits=hand_edits(scene))
            write_take(run_job(job))
        except FacemocapError:
            # what was said when the draft was made is still so
            continue
        done.append(performance)
    return done


def prepare_rerun(
    scene: bpy.types.Scene,
    performance: Performance,
    stack: Stack | None = None,
    *,
    shows_raw: bool | None = None,
    hand_edits: HandEdits = "ADD",
    draft: bool = False,
    plan: KeyPlan | Literal["KEPT"] | None = "KEPT",
) -> Job[Prepared]:
    """Compute what a performance will be with another stack; nothing is written.

    Parameters and errors as `rerun`.
    """
    text = performance.take_text
    if text is None:
        raise FacemocapError(
            f'The recording that plays on "{performance.character_name}" is no longer in this file',
            "Import it again and apply it",
        )
    options = options_of(performance)
    options = replace(
        options,
        stack=options.stack if stack is None else stack,
        shows_raw=options.shows_raw if shows_raw is None else shows_raw,
        hand_edits=hand_edits,
        reduce=options.reduce if plan == "KEPT" else plan,
        set_scene_range=options.set_scene_range and _has_its_range(scene, performance),
    )
    picked = performance.picked(scene)
    take = take_at_hand(text)
    given = contacts_of(performance)
    cleaned = _drafted(scene, performance, take, options) if draft else None
    quick = draft and _meets(scene, performance, options)
    # what was measured since counts more; while a slider is dragged nobody has measured
    known = quick or given is None or stored_measurement(picked) is not None
    prepared = yield from prepare_take(
        scene,
        picked,
        take,
        performance.rig_map,
        replace(options, contacts=False) if quick else options,
        None if known else given,
        cleaned=cleaned,
    )
    if cleaned is None and not quick:
        return prepared
    prepared = replace(prepared, options=options, contacts=given, is_draft=True)
    return with_remembered(performance.action, prepared) if quick else prepared


def _meets(scene: bpy.types.Scene, performance: Performance, options: ApplyOptions) -> bool:
    """Whether lids and lips are brought together, which takes its time."""
    if options.raw or not options.contacts:
        return False
    met = lids_met(performance.action)
    if met is not None:
        return met
    if contacts_of(performance) is not None:
        return True
    measured = stored_measurement(performance.picked(scene))
    return bool(measured and measured.contacts)


def _drafted(
    scene: bpy.types.Scene, performance: Performance, take: Take, options: ApplyOptions
) -> StackResult | None:
    """The stack around the playhead; None where it is run as a whole."""
    before = last_whole_stack(performance.action)
    if before is None or options.shows_raw:
        return None
    frame = np.array([float(scene.frame_current)])
    at_s = float(scene_clock(scene).seconds(frame, options.start_frame)[0])
    at_s += options.range_s[0] or 0.0
    return drafted_take(take, options.stack, before, at_s, seed=options.seed)


def need_performance(picked: CharacterObjects) -> Performance:
    """The performance on a character; without one, a sentence."""
    performance = find_performance(picked)
    if performance is None:
        raise FacemocapError(f'No take plays on "{picked.name}"', "Apply a take first")
    return performance


def _has_its_range(scene: bpy.types.Scene, performance: Performance) -> bool:
    """Whether the scene still has the range that the performance gave it."""
    own = performance.action[KEY].get("range_set")
    return own is not None and list(own) == [scene.frame_start, scene.frame_end]
