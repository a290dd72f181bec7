# SPDX-License-Identifier: GPL-3.0-or-later
"""Random draws of layers are the same everywhere; asymmetry keeps its word for any pair."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.layers.asymmetry import MOST_LAG_S, Sides, change_sides
from facemocap_addon.core.layers.draws import Draws, smooth_step
from facemocap_addon.core.take import make_take


def test_draws_are_the_raw_words_of_pcg64():
    """Numbers written down once: another NumPy that gives others would change every performance."""
    assert Draws(0).even("a", 3).tolist() == [
        0.518844208218716, 0.07436808519495652, 0.6137996695963479,
    ]  # fmt: skip
    bell = Draws(1, 2).bell("b", 3)
    np.testing.assert_allclose(bell, [1.791462519925541, 0.2873060209398967, -0.5746990061820528])
    wander = Draws(7, 0).wander("c", np.array([0.0, 0.5, 3.3]), 1.0)
    np.testing.assert_allclose(wander, [-0.11631582385268, -0.69676237375336, -1.31566594449082])


def test_each_name_and_seed_has_its_own_draws():
    streams = [
        Draws(0, 0).even("a", 50), Draws(0, 0).even("b", 50), Draws(0, 1).even("a", 50),
        Draws(1, 0).even("a", 50), Draws(-1, 0).even("a", 50),
    ]  # fmt: skip
    for place, one in enumerate(streams):
        for other in streams[place + 1 :]:
            assert not np.isclose(one, other).any()
    assert np.array_equal(Draws(0, 0).even("a", 50)[:20], Draws(0, 0).even("a", 20))


def test_bell_shaped_draws_have_deviation_one_and_an_end():
    draws = Draws(3).bell("x", 20_000)
    assert abs(draws.mean()) < 0.03
    assert np.std(draws) == pytest.approx(1.0, abs=0.02)
    assert np.abs(draws).max() <= 2.0 * np.sqrt(3.0)


def test_wandering_curves_are_smooth_and_depend_on_the_time_alone():
    coarse, fine = np.arange(0.0, 400.0, 0.05), np.arange(0.0, 400.0, 0.025)
    draws = Draws(1)
    slow, same = draws.wander("x", coarse, 2.0), draws.wander("x", fine, 2.0)
    np.testing.assert_allclose(same[::2], slow, atol=1e-12)
    np.testing.assert_allclose(draws.wander("x", coarse[:50], 2.0), slow[:50], atol=1e-12)
    assert np.std(slow) == pytest.approx(1.0, abs=0.15)
    bends = np.diff(same, 2) / 0.025**2
    # a cubic spline bends without jumps: from one knot to the next it goes over 80 samples
    assert np.abs(np.diff(bends)).max() < 0.1 * np.abs(bends).max()
    assert smooth_step(np.array([-1.0, 0.5, 2.0])).tolist() == [0.0, 0.5, 1.0]


values = st.floats(0.0, 1.0, width=32)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(values, min_size=2, max_size=40),
    st.lists(values, min_size=2, max_size=40),
    st.sampled_from(["browDown", "eyeBlink", "mouthUpperUp", "cheekSquint"]),
    st.floats(0.0, 3.0),
    st.floats(0.0, 0.2),
    st.floats(-MOST_LAG_S, MOST_LAG_S),
)
def test_any_pair_keeps_its_mean_and_its_range(
    left: list[float], right: list[float], stem: str, amount: float, index: float, lag: float
):
    length = min(len(left), len(right))
    columns = np.array([left[:length], right[:length]]).T
    channels = [arkit_schema()[stem + side] for side in ("Left", "Right")]
    take = make_take(np.arange(length) / 30.0, channels, columns)
    region = channels[0].region
    sides = Sides(amount=amount, indexes={region: index}, lags={region: lag})
    out, _ = change_sides(take, sides, Draws(0))
    before, after = take.values.astype(float), out.values.astype(float)
    np.testing.assert_allclose(after.mean(axis=1), before.mean(axis=1), atol=1e-6)
    assert after.min() >= 0.0
    assert after.max() <= 1.0
