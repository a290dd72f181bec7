# SPDX-License-Identifier: GPL-3.0-or-later
"""Drafts: lids and lips as in the last whole run, and which performances still are drafts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from edited_curves import Stage

from facemocap_addon.core.contacts.keeping import KeptContacts
from facemocap_addon.core.progress import run_job
from facemocap_addon.core.stack.stack import Stack, make_step
from facemocap_addon.gateway.applying.performance import ApplyOptions, write_take
from facemocap_addon.gateway.takes.rerunning import finish_drafts, prepare_rerun, rerun
from facemocap_addon.gateway.writing.drafts import forget_drafts, last_whole_stack, with_remembered
from facemocap_addon.gateway.writing.kept_stacks import is_draft
from facemocap_addon.gateway.writing.preparing import Prepared, prepare_take
from facemocap_addon.gateway.writing.records import find_performance

LESS = Stack((make_step("range", gain=0.5),))
LIFT = 0.0625


@pytest.fixture
def stage(blank_scene: Any) -> Stage:
    forget_drafts()
    return Stage()


def prepare(stage: Stage, stack: Stack = LESS) -> Prepared:
    options = ApplyOptions(stack=stack)
    job = prepare_take(stage.scene, stage.picked, stage.take, stage.rig_map, options)
    return run_job(job)


def lifted(prepared: Prepared) -> Prepared:
    """As though lids and lips had been brought together in the first ten frames."""
    solved = prepared.kept.solved
    values = np.array(solved.values)
    values[:10] += LIFT
    return replace(prepared, kept=KeptContacts(replace(solved, values=values), {}, {}))


def test_a_draft_has_what_the_last_whole_run_changed(stage: Stage) -> None:
    write_take(lifted(prepare(stage)))
    found = find_performance(stage.picked)
    assert found is not None
    assert last_whole_stack(found.action) == LESS
    other = prepare(stage, Stack())
    drafted = with_remembered(found.action, other)
    change = drafted.kept.solved.values - other.kept.solved.values
    np.testing.assert_allclose(change[:10], LIFT)
    assert not change[10:].any()
    # drafts are not remembered
    write_take(replace(drafted, is_draft=True))
    again = with_remembered(found.action, other).kept.solved.values
    np.testing.assert_array_equal(again, drafted.kept.solved.values)
    assert last_whole_stack(found.action) == LESS


def test_what_does_not_fit_is_left_as_it_is(stage: Stage) -> None:
    write_take(lifted(prepare(stage)))
    found = find_performance(stage.picked)
    assert found is not None
    part = run_job(
        prepare_take(
            stage.scene, stage.picked, stage.take, stage.rig_map, ApplyOptions(range_s=(0.0, 1.0))
        )
    )
    assert with_remembered(found.action, part) is part
    forget_drafts()
    whole = prepare(stage)
    assert with_remembered(found.action, whole) is whole
    assert last_whole_stack(found.action) is None


def test_drafts_are_finished_and_others_are_not_touched(stage: Stage) -> None:
    write_take(prepare(stage))
    assert finish_drafts() == []
    found = find_performance(stage.picked)
    assert found is not None
    wanted = {place: f.evaluate(20.0) for place, f in stage.curves().items()}
    job = prepare_rerun(stage.scene, found, Stack())
    write_take(replace(run_job(job), is_draft=True))
    assert is_draft(found)
    rerun(stage.scene, stage.picked, LESS, draft=True)
    # nothing of this stack takes long, and no lids are known: it is run whole
    assert not is_draft(found)
    write_take(replace(run_job(prepare_rerun(stage.scene, found)), is_draft=True))
    done = finish_drafts()
    assert [performance.action for performance in done] == [found.action]
    assert not is_draft(found)
    assert {place: f.evaluate(20.0) for place, f in stage.curves().items()} == wanted
