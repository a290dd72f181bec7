# SPDX-License-Identifier: GPL-3.0-or-later
"""Drafts while a slider is dragged: right around the moment, as before elsewhere, quick."""

from __future__ import annotations

import numpy as np
import pytest

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.stack.cache import StackCache
from facemocap_addon.core.stack.drafting import AROUND_S, draft_stack
from facemocap_addon.core.stack.edits import add_step, enable_step, set_influence, set_params
from facemocap_addon.core.stack.running import run_stack
from facemocap_addon.core.stack.stack import Mask, Stack, make_step
from facemocap_addon.core.take import Take, make_take

# neither lids nor lips: what is closed in the whole take has a say in their range
NAMES = ("mouthSmileLeft", "browInnerUp", "cheekPuff", "noseSneerLeft")
STACK = Stack(
    (
        make_step("despike"),
        make_step("denoise", method="gaussian", protect=False, window_s=0.1),
        make_step("range", gain=0.9),
    )
)


@pytest.fixture
def take() -> Take:
    rng = np.random.default_rng(3)
    times = 5.0 + np.arange(1201) / 60.0
    waves = [0.5 + 0.3 * np.sin(0.7 * times + n) for n in range(len(NAMES))]
    values = np.stack(waves, axis=1) + rng.normal(0.0, 0.02, (1201, len(NAMES)))
    return make_take(times, [arkit_schema()[name] for name in NAMES], values)


@pytest.fixture
def cache(take: Take) -> StackCache:
    found = StackCache()
    run_stack(take, STACK, cache=found)
    return found


def draft(take: Take, stack: Stack, cache: StackCache, at_s: float = 10.0) -> Take:
    found = draft_stack(take, stack, STACK, at_s, seed=0, cache=cache)
    assert found is not None
    assert [report.number for report in found.reports] == [1, 2, 3]
    return found.take


def test_a_filter_with_short_arms_is_exact_around_the_moment(take: Take, cache: StackCache):
    changed = set_params(STACK, 1, {"window_s": 0.3})
    found, whole = draft(take, changed, cache), run_stack(take, changed).take
    seconds = take.times - take.times[0]
    inner = np.abs(seconds - 10.0) <= AROUND_S
    np.testing.assert_allclose(found.values[inner], whole.values[inner], atol=1e-6)
    before = run_stack(take, STACK).take
    np.testing.assert_array_equal(found.values[~inner], before.values[~inner])
    assert np.abs(whole.values[~inner] - before.values[~inner]).max() > 1e-3


def test_steps_below_are_run_on_the_whole_take(take: Take, cache: StackCache):
    changed = set_params(set_params(STACK, 1, {"window_s": 0.3}), 2, {"gain": 0.5})
    found = draft(take, changed, cache)
    halved = run_stack(take, set_params(STACK, 2, {"gain": 0.5})).take
    far = np.abs(take.times - take.times[0] - 10.0) > 2.0
    np.testing.assert_allclose(found.values[far], halved.values[far], atol=1e-6)


def test_influence_and_mask_count_in_a_draft_too(take: Take, cache: StackCache):
    changed = set_influence(set_params(STACK, 1, {"window_s": 0.5}), 1, 0.5)
    found, whole = draft(take, changed, cache), run_stack(take, changed).take
    near = np.abs(take.times - take.times[0] - 10.0) <= AROUND_S
    np.testing.assert_allclose(found.values[near], whole.values[near], atol=2e-6)
    masked = Stack((STACK.steps[0], make_step("denoise", mask=Mask(("brow",))), STACK.steps[2]))
    run_stack(take, masked, cache=cache)
    stronger = set_params(masked, 1, {"strength": 3.0})
    result = draft_stack(take, stronger, masked, 10.0, seed=0, cache=cache)
    assert result is not None
    smile = take.column("mouthSmileLeft")
    held = run_stack(take, masked).take.values[:, smile]
    np.testing.assert_allclose(result.take.values[:, smile], held, atol=1e-6)


@pytest.mark.parametrize("at_s", [-100.0, 0.0, 20.0, 1e6])
def test_moments_at_and_beyond_the_ends_are_held(take: Take, cache: StackCache, at_s: float):
    changed = set_params(STACK, 1, {"window_s": 0.3})
    found = draft(take, changed, cache, at_s)
    moved = np.flatnonzero((found.values != run_stack(take, STACK).take.values).any(axis=1))
    # the first and the last sample keep their values in every smoothing
    seconds = take.times[moved] - take.times[0]
    assert (seconds <= AROUND_S).all() if at_s < 10 else (seconds >= 20.0 - AROUND_S).all()
    assert len(moved) > 50


def test_what_is_not_worth_a_draft_is_none(take: Take, cache: StackCache):
    def none(stack: Stack, before: Stack = STACK, of: Take = take) -> bool:
        return draft_stack(of, stack, before, 10.0, seed=0, cache=cache) is None

    changed = set_params(STACK, 1, {"window_s": 0.3})
    assert not none(changed)
    # nothing changed; steps are others; only quick steps follow; the take is short
    assert none(STACK)
    assert none(add_step(STACK, make_step("neutral")))
    assert none(enable_step(STACK, 1, enabled=False))
    assert none(set_params(STACK, 2, {"gain": 0.5}))
    short = make_take(take.times[:120], take.channels, take.values[:120])
    assert none(changed, of=short)


def test_the_take_and_what_is_kept_of_it_stay(take: Take, cache: StackCache):
    before = run_stack(take, STACK, cache=cache).take
    digest, own = before.digest, take.digest
    draft(take, set_params(STACK, 0, {"sensitivity": 3.0}), cache)
    assert run_stack(take, STACK, cache=cache).take is before
    assert (before.digest, take.digest) == (digest, own)
