# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans of breaths for any phrases and held breaths: no gaps, no breath into a word."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from facemocap_addon.core.layers.breath_curve import breath_curve, zero_mean
from facemocap_addon.core.layers.breath_plan import (
    HELD,
    PATTERNS,
    Breath,
    Hold,
    plan_breaths,
)
from facemocap_addon.core.layers.draws import Draws
from facemocap_addon.core.layers.speaking import joined

LENGTH_S = 30.0
at = st.floats(-2.0, 32.0)
spans = st.lists(st.tuples(at, st.floats(0.05, 9.0)).map(lambda s: (s[0], s[0] + s[1])), max_size=6)


@st.composite
def plans(draw: st.DrawFn) -> tuple[list[tuple[float, float]], list[Hold], tuple[Breath, ...]]:
    phrases = joined(draw(spans))
    holds = [
        Hold(start, end, draw(st.floats(0.2, 3.0)), draw(st.floats(0.2, 2.0)))
        for start, end in joined(draw(st.one_of(st.just([]), spans)))
    ]
    pattern = PATTERNS[draw(st.sampled_from(sorted(PATTERNS)))]
    seed = draw(st.integers(0, 5))
    return phrases, holds, plan_breaths(LENGTH_S, pattern, phrases, holds, Draws(seed))


@settings(max_examples=150, deadline=None)
@given(plans())
def test_any_plan_covers_the_take_and_breathes_in_nowhere_in_a_phrase(
    plan: tuple[list[tuple[float, float]], list[Hold], tuple[Breath, ...]],
):
    phrases, _, breaths = plan
    assert breaths
    assert breaths[0].start_s <= 1e-9
    assert breaths[-1].end_s >= LENGTH_S - 1e-9
    for one, two in pairwise(breaths):
        assert abs(two.start_s - one.end_s) < 1e-6
        assert two.low == one.end
    for breath in breaths:
        assert min(breath.inhale_s, breath.exhale_s) > 0.0
        assert min(breath.hold_s, breath.pause_s) >= 0.0
        for start, end in phrases:
            if end > 0.0 and start < LENGTH_S:
                assert breath.full_s <= start + 1e-9 or breath.start_s >= end - 1e-9


@settings(max_examples=60, deadline=None)
@given(plans())
def test_the_curve_of_any_plan_is_finite_smooth_and_level_while_held(
    plan: tuple[list[tuple[float, float]], list[Hold], tuple[Breath, ...]],
):
    _, _, breaths = plan
    seconds = np.arange(0.0, LENGTH_S, 1 / 120)
    curve = breath_curve(seconds, breaths)
    signed = zero_mean(curve, lambda level: level)
    assert np.isfinite(signed).all()
    # 6 breaths at rest within the shortest time that there is for one
    assert np.abs(np.diff(curve.level)).max() < 6.0 * 2.0 / 0.15 / 120
    for breath in breaths:
        if breath.kind == HELD:
            held = (seconds >= breath.full_s) & (seconds < breath.out_s)
            assert np.ptp(np.append(curve.level[held], breath.peak)) < 1e-9
