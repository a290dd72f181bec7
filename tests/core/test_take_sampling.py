# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes between their samples: np.interp over what is valid, and nothing else."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.take import Take, make_take
from facemocap_addon.core.take_sampling import sample_channels, valid_at_samples

NAMES = ("jawOpen", "mouthClose", "eyeBlinkLeft")


@st.composite
def takes(draw: st.DrawFn) -> Take:
    count = draw(st.integers(1, 30))
    steps = draw(st.lists(st.floats(1e-3, 2.0), min_size=count, max_size=count))
    seed = draw(st.integers(0, 2**31))
    rng = np.random.default_rng(seed)
    values = rng.uniform(-1, 2, (count, 3))
    values[rng.random((count, 3)) < 0.3] = np.nan
    return make_take(np.cumsum(steps) - 1.0, [arkit_schema()[n] for n in NAMES], values)


@given(takes(), st.lists(st.floats(-5, 70), max_size=40))
def test_equals_numpys_interpolation(take: Take, times: list[float]) -> None:
    got = sample_channels(take, NAMES, np.array(times))
    assert got.shape == (len(times), 3)
    for column in range(3):
        valid = take.valid[:, column]
        expected = (
            np.interp(times, take.times[valid], take.values[valid, column].astype(np.float64))
            if valid.any()
            else np.zeros(len(times))
        )
        np.testing.assert_allclose(got[:, column], expected, atol=1e-9)


@given(takes())
def test_samples_themselves_come_back_bit_for_bit(take: Take) -> None:
    got = sample_channels(take, NAMES, take.times)
    for column in range(3):
        valid = take.valid[:, column]
        assert np.array_equal(got[valid, column], take.values[valid, column].astype(np.float64))


def test_unknown_channels_are_nought() -> None:
    take = make_take(np.arange(3.0), [arkit_schema()["jawOpen"]], np.ones((3, 1)))
    got = sample_channels(take, ("noseSneerLeft", "jawOpen"), np.array([0.5]))
    assert got.tolist() == [[0.0, 1.0]]
    assert valid_at_samples(take, ("noseSneerLeft", "jawOpen")).tolist() == [[False, True]] * 3
