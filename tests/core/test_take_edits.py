# SPDX-License-Identifier: GPL-3.0-or-later
"""Ranges and mirror images of takes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from facemocap_addon.core.channels import Channel, arkit_schema
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.take import Take, make_take
from facemocap_addon.core.take_edits import mirror_take, trim_take
from facemocap_addon.core.take_sampling import sample_channels


def full_take(samples: int = 40, seed: int = 3) -> Take:
    rng = np.random.default_rng(seed)
    values = rng.uniform(0, 1, (samples, len(arkit_schema())))
    values[rng.random(values.shape) < 0.1] = np.nan
    return make_take(100.0 + np.arange(samples) / 30, arkit_schema().values(), values)


@given(st.floats(-1, 2), st.floats(-1, 2))
def test_values_within_the_range_are_unchanged(start: float, end: float) -> None:
    take = full_take()
    begin, finish = max(start, 0.0), min(end, take.duration_s)
    assume(start < end and finish > 0 and begin < take.duration_s and finish - begin > 1e-6)
    part, from_s, to_s = trim_take(take, start, end)
    assert from_s == pytest.approx(100.0 + begin, abs=1e-9)
    assert to_s == pytest.approx(100.0 + finish, abs=1e-9)
    assert part.times[0] <= from_s
    assert part.times[-1] >= to_s
    # every channel that is valid around the range plays there as it did
    whole = [n for n in take.names if take.valid[:, take.names.index(n)].all()]
    at = np.linspace(from_s, to_s, 7)
    np.testing.assert_allclose(
        sample_channels(part, whole, at), sample_channels(take, whole, at), atol=1e-12
    )


def test_gaps_at_the_ends_of_a_range_are_bridged_as_in_the_whole_take() -> None:
    """Cutting inside a gap does not change what the straight line over it was."""
    values = np.array([0.0, np.nan, np.nan, np.nan, 1.0, 0.5, np.nan, np.nan, 0.0])[:, None]
    take = make_take(np.arange(9.0), [arkit_schema()["jawOpen"]], values)
    part, start, end = trim_take(take, 2.5, 6.5)
    at = np.linspace(start, end, 17)
    np.testing.assert_allclose(
        sample_channels(part, ["jawOpen"], at), sample_channels(take, ["jawOpen"], at), atol=1e-12
    )


def test_the_whole_range_is_the_take_itself() -> None:
    take = full_take()
    assert trim_take(take, None, None)[0] is take
    assert trim_take(take, 0.0, 99.0)[0] is take


@pytest.mark.parametrize(
    "bad", [(1.0, 0.5), (0.5, 0.5), (-2.0, -1.0), (50.0, 60.0), (float("nan"), 1.0), (5.0, None)]
)
def test_empty_ranges_get_a_sentence(bad: tuple[float, float | None]) -> None:
    with pytest.raises(FacemocapError, match="range"):
        trim_take(full_take(), *bad)


def test_a_mirror_changes_sides_and_turns() -> None:
    take = full_take()
    out = mirror_take(take)
    assert out.names == take.names
    for name in take.names:
        partner = (
            name.replace("Left", "\0").replace("Right", "Left").replace("\0", "Right")
            if name[0] not in "lr"
            else name.replace("left", "\0").replace("right", "left").replace("\0", "right")
        )
        sign = -1.0 if name.endswith(("Yaw", "Roll")) else 1.0
        one, two = out.names.index(name), take.names.index(partner)
        np.testing.assert_array_equal(out.valid[:, one], take.valid[:, two])
        valid = take.valid[:, two]
        np.testing.assert_array_equal(out.values[valid, one], sign * take.values[valid, two])
    again = mirror_take(out)
    np.testing.assert_array_equal(again.valid, take.valid)
    np.testing.assert_array_equal(again.values[take.valid], take.values[take.valid])
    assert out.history == ("mirrored",)


def test_a_channel_without_its_partner_becomes_unknown() -> None:
    schema = arkit_schema()
    take = make_take(np.arange(2.0), [schema["eyeBlinkLeft"], schema["jawOpen"]], np.ones((2, 2)))
    out = mirror_take(take)
    assert not out.valid[:, 0].any()
    assert out.valid[:, 1].all()
    assert out.recorded == ("jawOpen",)


def test_names_of_the_recorders_own_stay() -> None:
    take = make_take(np.arange(2.0), [Channel("somethingLeft")], np.array([[0.1], [0.2]]))
    np.testing.assert_array_equal(mirror_take(take).values, take.values)
