# SPDX-License-Identifier: GPL-3.0-or-later
"""Response curves: through their points, monotone, straight beyond their ends, and in a take."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import PchipInterpolator

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.controls import SHAPE_KEY, ControlKey
from facemocap_addon.core.rig_maps.response import Response, check_response, respond
from facemocap_addon.core.rig_maps.retargeting import retarget
from facemocap_addon.core.rig_maps.rig_map import Fit, RigMap, RigMapEntry, Source
from facemocap_addon.core.take import make_take


@st.composite
def curves(draw: st.DrawFn, *, rising: bool = False) -> Response:
    ins = sorted(draw(st.lists(st.integers(-40, 40), unique=True, min_size=2, max_size=7)))
    outs = [draw(st.floats(-3, 3)) for _ in ins]
    return tuple(zip([n / 10 for n in ins], sorted(outs) if rising else outs, strict=True))


def test_no_points_leave_the_values_as_they_are() -> None:
    values = np.random.default_rng(0).normal(size=50)
    assert np.array_equal(respond((), values), values)


@pytest.mark.parametrize(
    "points", [((0, 0), (1, 1)), ((0, 0), (0.25, 0.25), (1, 1)), ((-2, -2), (3, 3), (4, 4))]
)
def test_a_straight_curve_changes_nothing(points: Response) -> None:
    values = np.random.default_rng(0).uniform(-5, 5, 500)
    np.testing.assert_allclose(respond(points, values), values, rtol=0, atol=4e-15)


@given(curves())
def test_it_goes_through_its_points(points: Response) -> None:
    ins, outs = np.array(points).T
    assert np.array_equal(respond(points, ins), outs)


@given(curves())
def test_between_its_points_it_is_scipys_pchip(points: Response) -> None:
    """The same curve from an independent hand."""
    ins, outs = np.array(points).T
    at = np.linspace(ins[0], ins[-1], 101)
    np.testing.assert_allclose(
        respond(points, at), PchipInterpolator(ins, outs)(at), rtol=1e-9, atol=1e-11
    )


@given(curves(rising=True))
def test_points_that_rise_make_a_curve_that_never_falls(points: Response) -> None:
    at = np.linspace(points[0][0] - 1, points[-1][0] + 1, 400)
    out = respond(points, at)
    assert np.all(np.diff(out) >= -1e-12)
    inside = out[(at >= points[0][0]) & (at <= points[-1][0])]
    assert inside.size == 0 or (
        inside.min() >= points[0][1] - 1e-12 and inside.max() <= points[-1][1] + 1e-12
    )


@given(curves(), st.floats(0.1, 100))
def test_beyond_its_ends_it_goes_on_straight(points: Response, far: float) -> None:
    for end, sign in ((points[0], -1.0), (points[-1], 1.0)):
        step = 1e-5
        near = respond(points, np.array([end[0] - sign * step, end[0]]))
        slope = sign * (near[1] - near[0]) / step
        beyond = respond(points, np.array([end[0] + sign * far]))[0]
        # the slope just inside differs from the end's by no more than the curve bends in a step
        assert beyond == pytest.approx(end[1] + sign * far * slope, abs=0.05 * (1 + far))
        middle = respond(points, np.array([end[0] + sign * far / 2]))[0]
        assert middle == pytest.approx((end[1] + beyond) / 2, abs=1e-9 * (1 + abs(beyond)))


def test_known_values() -> None:
    """By hand: points (0, 0), (1/2, 1/4), (1, 1) have the slopes 0, 3/4 and 2."""
    points = ((0.0, 0.0), (0.5, 0.25), (1.0, 1.0))
    # slopes: 3/2 * 1/2 - 1/2 * 3/2 = 0; harmonic mean of 1/2 and 3/2; 3/2 * 3/2 - 1/2 * 1/2 = 2
    got = respond(points, np.array([-1.0, 0.25, 0.5, 0.75, 1.0, 2.0]))
    # at a piece's middle: mean of the ends plus an eighth of length times difference of slopes
    middles = [0.125 + 0.5 / 8 * (0 - 0.75), 0.625 + 0.5 / 8 * (0.75 - 2.0)]
    np.testing.assert_allclose(got, [0.0, middles[0], 0.25, middles[1], 1.0, 3.0], atol=1e-15)


@pytest.mark.parametrize(
    ("points", "word"),
    [
        (((0.0, 0.0),), "two points"),
        (((0.0, 0.0), (0.0, 1.0)), "rise"),
        (((1.0, 0.0), (0.0, 1.0)), "rise"),
        (((0.0, 0.0), (1e-5, 1e9)), "steep"),
        (((0.0, 0.0), (1.0, float("nan"))), "finite"),
    ],
)
def test_points_that_make_no_curve(points: Response, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        check_response(points)
    with pytest.raises(ValueError, match=word):
        RigMapEntry(key("a"), (Source("jawOpen"),), response=points)


def key(name: str) -> ControlKey:
    return ControlKey(SHAPE_KEY, "face", f'key_blocks["{name}"].value')


def take_of(**columns: list[float]) -> Any:
    count = len(next(iter(columns.values())))
    return make_take(
        np.arange(count) / 10,
        [arkit_schema()[name] for name in columns],
        np.array(list(columns.values())).T,
    )


def test_a_take_goes_through_it_before_offset_and_limits() -> None:
    take = take_of(jawOpen=[0.0, 0.25, 0.5, 1.0], mouthClose=[0.0, 0.0, 0.25, 0.5])
    half = ((0.0, 0.0), (1.0, 0.5), (2.0, 1.0))
    hold = ((0.5, 0.0), (1.0, 1.0))
    rig_map = RigMap(
        "rig",
        (
            RigMapEntry(key("plain"), (Source("jawOpen"),)),
            RigMapEntry(
                key("sum"),
                (Source("jawOpen", 1.0), Source("mouthClose", 2.0)),
                offset=0.125,
                response=half,
            ),
            RigMapEntry(key("held"), (Source("jawOpen"),), response=hold),
        ),
    )
    solved = retarget(take, rig_map)
    np.testing.assert_allclose(solved.values[:, 0], [0, 0.25, 0.5, 1])
    np.testing.assert_allclose(solved.values[:, 1], [0.125, 0.25, 0.625, 1.0])
    np.testing.assert_array_equal(solved.clipped[:, 1], [False, False, False, True])
    np.testing.assert_allclose(solved.values[:, 2], [0, 0, 0, 1])
    np.testing.assert_array_equal(solved.clipped[:, 2], [True, True, False, False])
    raw = retarget(take, rig_map, raw=True)
    np.testing.assert_allclose(raw.values[:, 1], [0.125, 0.25, 0.625, 1.125])
    np.testing.assert_allclose(raw.values[:, 2], [-1, -0.5, 0, 1])


def test_a_fitted_share_goes_through_it_too() -> None:
    take = take_of(jawOpen=[0.0, 0.4, 0.8])
    fit = Fit(((key("open"),),), ("jawOpen",), ((1.0,),))
    entry = RigMapEntry(key("open"), (Source("jawOpen"),))
    plain = retarget(take, RigMap("rig", (entry,), fits=(fit,))).values[:, 0]
    points = ((0.0, 0.0), (1.0, 0.5))
    bent = RigMapEntry(key("open"), (Source("jawOpen"),), response=points)
    got = retarget(take, RigMap("rig", (bent,), fits=(fit,))).values[:, 0]
    assert plain[2] > 0.5
    np.testing.assert_allclose(got, plain / 2)
