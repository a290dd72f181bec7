# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cache gives is what a run gives, and only what follows a change is run again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stack_takes import face_take, rough_take

from facemocap_addon.core.stack import edits
from facemocap_addon.core.stack.cache import StackCache, take_key
from facemocap_addon.core.stack.kind import Kind, StepContext
from facemocap_addon.core.stack.kinds import kinds
from facemocap_addon.core.stack.running import run_stack
from facemocap_addon.core.stack.stack import Mask, Stack, Step, make_step
from facemocap_addon.core.take import Take, TakeSource
from facemocap_addon.core.take_file import take_bytes

FIVE = Stack(
    (
        make_step("dead_zone"),
        make_step("neutral"),
        make_step("time_offset", regions={"eye": 0.01}),
        make_step("range", gain=1.2, influence=0.5),
        make_step("resample", rate_hz=30),
    )
)
RUNS: list[str] = []


@pytest.fixture(autouse=True)
def _count_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    RUNS.clear()

    def counted(kind: Kind) -> Kind:
        def apply(take: Take, params: object, context: StepContext):
            RUNS.append(kind.name)
            return kind.apply(take, params, context)

        return replace(kind, apply=apply)

    together = {name: counted(kind) for name, kind in kinds().items()}
    monkeypatch.setattr("facemocap_addon.core.stack.kinds.kinds", lambda: together)


def same(one: Take, other: Take) -> bool:
    return take_bytes(one) == take_bytes(other) and one.values.tobytes() == other.values.tobytes()


def names(stack: Stack) -> list[str]:
    return [step.kind for step in stack.steps]


def test_nothing_is_run_twice():
    take, cache = rough_take(), StackCache()
    first = run_stack(take, FIVE, cache=cache)
    assert names(FIVE) == RUNS
    RUNS.clear()
    again = run_stack(take, FIVE, cache=cache)
    assert not RUNS
    assert same(first.take, again.take)
    assert first.reports == again.reports
    assert same(run_stack(take, FIVE).take, first.take)


@pytest.mark.parametrize("changed", range(5))
def test_a_change_runs_its_step_and_what_follows(changed: int):
    take, cache = rough_take(), StackCache()
    run_stack(take, FIVE, cache=cache)
    RUNS.clear()
    values = [{"width": 0.03}, {"head": True}, {"offset_s": 0.1}, {"gain": 1.4}, {"rate_hz": 24}]
    stack = edits.set_params(FIVE, changed, values[changed])
    out = run_stack(take, stack, cache=cache)
    assert names(FIVE)[changed:] == RUNS
    assert same(out.take, run_stack(take, stack).take)


def test_influence_and_mask_do_not_run_their_own_step_again():
    take, cache = rough_take(), StackCache()
    stack = Stack(FIVE.steps[:4])
    run_stack(take, stack, cache=cache)
    RUNS.clear()
    for influence in (0.2, 1.0, 0.7):
        run_stack(take, edits.set_influence(stack, 3, influence), cache=cache)
    run_stack(take, edits.set_mask(stack, 3, Mask(("jaw",))), cache=cache)
    assert not RUNS


def test_switching_a_step_off_and_on_runs_nothing_twice():
    take, cache = rough_take(), StackCache()
    run_stack(take, FIVE, cache=cache)
    off = edits.enable_step(FIVE, 1, False)
    run_stack(take, off, cache=cache)
    RUNS.clear()
    reports = run_stack(take, off, cache=cache).reports
    run_stack(take, FIVE, cache=cache)
    assert not RUNS
    assert [report.number for report in reports] == [1, 2, 3, 4, 5]


def test_another_take_seed_or_confidence_is_another_result():
    take = rough_take()
    other_source = replace(take, source=TakeSource("other", "x"))
    assert take.confidence is not None
    no_confidence = replace(take, confidence=None)
    halved = replace(take, confidence=take.confidence * np.float32(0.5))
    keys = {take_key(each) for each in (take, other_source, no_confidence, halved, rough_take(1))}
    assert len(keys) == 5
    cache = StackCache()
    assert run_stack(take, FIVE, cache=cache).take.source.name == "rough.csv"
    assert run_stack(other_source, FIVE, cache=cache).take.source.name == "other"
    RUNS.clear()
    run_stack(take, FIVE, seed=1, cache=cache)
    assert names(FIVE) == RUNS
    RUNS.clear()
    # an equal take that was read again is the same take
    run_stack(rough_take(), FIVE, cache=cache)
    assert not RUNS


def test_the_cache_is_bounded_in_bytes_and_drops_what_was_not_used_for_longest():
    take = face_take()
    one = take.values.nbytes + take.valid.nbytes + take.times.nbytes
    cache = StackCache(limit_bytes=3 * one)
    stacks = [Stack((make_step("range", gain=1 + k / 10),)) for k in range(1, 5)]
    for stack in stacks[:3]:
        run_stack(take, stack, cache=cache)
    run_stack(take, stacks[0], cache=cache)
    run_stack(take, stacks[3], cache=cache)
    assert cache.used_bytes == 3 * one
    RUNS.clear()
    run_stack(take, stacks[0], cache=cache)
    assert not RUNS
    run_stack(take, stacks[1], cache=cache)
    assert RUNS == ["range"]
    cache.clear()
    assert (cache.used_bytes, len(cache)) == (0, 0)


def test_a_result_that_is_too_large_is_given_and_not_kept():
    take, cache = face_take(), StackCache(limit_bytes=100)
    assert same(run_stack(take, FIVE, cache=cache).take, run_stack(take, FIVE).take)
    assert cache.used_bytes == 0


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(FIVE.steps[:4]), st.sampled_from([0.0, 0.3, 1.0]), st.booleans()),
        min_size=1,
        max_size=4,
    ),
    st.integers(0, 3),
)
def test_cached_results_equal_uncached_ones_bit_for_bit(
    drawn: list[tuple[Step, float, bool]], seed: int
):
    take = TAKES[seed]
    stack = Stack(
        tuple(
            replace(step, influence=influence, mask=Mask(("mouth", "eye")) if masked else Mask())
            for step, influence, masked in drawn
        )
    )
    with_cache = run_stack(take, stack, cache=SHARED)
    without = run_stack(take, stack)
    assert same(with_cache.take, without.take)
    assert with_cache.reports == without.reports


#: One cache for all examples: what an earlier one kept must fit a later one.
SHARED = StackCache(limit_bytes=2_000_000)
TAKES = [rough_take(seed) for seed in range(4)]
