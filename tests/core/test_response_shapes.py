# SPDX-License-Identifier: GPL-3.0-or-later
"""Named response curves: fitted to what a control's sum reaches, and told again by their points."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from facemocap_addon.core.controls import BONE, ControlKey
from facemocap_addon.core.rig_maps.response import Response, check_response, respond
from facemocap_addon.core.rig_maps.response_shapes import (
    CUSTOM,
    SHAPES,
    STRAIGHT,
    moved_point,
    shape_of,
    shaped,
    span_of,
    with_point,
)
from facemocap_addon.core.rig_maps.rig_map import RigMapEntry, Source

BENT = [name for name in SHAPES if name != STRAIGHT]
ENDS = st.floats(1e-3, 20)


def entry(*sources: Source, **more: object) -> RigMapEntry:
    key = ControlKey(BONE, "rig", 'pose.bones["jaw"].rotation', 0)
    return RigMapEntry(key, sources, **({"limits": (-9.0, 9.0)} | more))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", BENT)
def test_a_shape_goes_from_rest_to_all_of_it_and_never_back(name: str):
    at = np.linspace(0, 1, 200)
    out = respond(shaped(name, (0.0, 1.0)), at)
    assert (out[0], out[-1]) == (0.0, 1.0)
    assert np.all(np.diff(out) >= -1e-12)
    assert np.abs(out - at).max() > 0.05


def test_shapes_do_what_they_are_called():
    at = np.array([0.1, 0.5, 0.9])
    values = {name: respond(shaped(name, (0.0, 1.0)), at) for name in BENT}
    assert np.all(values["SOFT_START"] < at)
    assert np.all(values["SOFT_END"] > at)
    assert values["S_CURVE"][0] < 0.1
    assert values["S_CURVE"][2] > 0.9
    assert values["S_CURVE"][1] == 0.5
    assert values["HOLD_START"][0] == 0.0
    assert values["HOLD_END"][2] == 1.0
    assert shaped(STRAIGHT, (0.0, 1.0)) == ()


@given(st.sampled_from(BENT), ENDS)
def test_below_nought_it_is_turned_about_nought(name: str, high: float):
    points = shaped(name, (-high, high))
    check_response(points)
    at = np.linspace(0.0, high, 40)
    out = respond(points, at)
    np.testing.assert_allclose(respond(points, -at), -out, rtol=1e-9, atol=1e-12)
    assert (out[0], out[-1]) == (0.0, pytest.approx(high, rel=1e-5))
    # the points above nought are those of the curve without a lower half
    assert points[len(points) // 2 :] == shaped(name, (0.0, high))
    assert shaped(name, (-high, 0.0)) == points[: len(points) // 2 + 1]


@given(st.sampled_from(list(SHAPES)), ENDS, ENDS, st.booleans())
@example("SOFT_START", 10.0, 0.001, True)
def test_a_shape_is_known_by_its_points(name: str, low: float, high: float, both: bool):
    span = (-low if both else 0.0, high)
    points = shaped(name, span)
    assert shape_of(points, span) == name
    # a property of Blender holds seven digits
    rounded = tuple((float(np.float32(x)), float(np.float32(y))) for x, y in points)
    assert shape_of(rounded, span) == name
    if points:
        moved = (*points[:-1], (points[-1][0], points[-1][1] * 0.9))
        assert shape_of(moved, span) == CUSTOM


def test_the_span_is_what_the_channels_reach():
    assert span_of(entry(Source("jawOpen", 0.4))) == (0.0, 0.4)
    assert span_of(entry(Source("jawOpen", 0.4), Source("mouthClose", -0.1))) == (-0.1, 0.4)
    assert span_of(entry(Source("jawOpen", -0.4))) == (-0.4, 0.0)
    low, high = span_of(entry(Source("headYaw", 0.5)))
    assert low == -high != 0
    assert span_of(entry(Source("headYaw", 2.0, over="jawOpen"))) == (0.0, 2.0)
    # limits cut it sooner
    cut = entry(Source("jawOpen", 1.0), Source("mouthFunnel", 1.0), limits=(0.0, 1.0))
    assert span_of(cut) == (0.0, 1.0)
    assert span_of(entry(Source("jawOpen"), offset=0.25, limits=(0.0, 1.0))) == (0.0, 0.75)
    for nothing in (entry(), entry(Source("jawOpen", 0.0)), entry(Source("x"), limits=(0.0, 0.0))):
        assert span_of(nothing) == (0.0, 1.0)


@given(st.sampled_from(list(SHAPES)), ENDS, ENDS)
def test_a_new_point_lies_on_the_curve(name: str, low: float, high: float):
    before = shaped(name, (-low, high))
    after = with_point(before, (-low, high))
    check_response(after)
    assert len(after) == max(len(before), 2) + 1
    assert set(before) <= set(after)
    (new,) = (p for p in after if p not in (before or ((-low, -low), (high, high))))
    assert respond(before, np.array([new[0]]))[0] == pytest.approx(new[1], rel=1e-4, abs=1e-6)


@st.composite
def own_points(draw: st.DrawFn) -> Response:
    ins = sorted(draw(st.lists(st.integers(-50, 50), unique=True, min_size=2, max_size=6)))
    return tuple((n / 10, draw(st.floats(-2, 2))) for n in ins)


@given(own_points(), st.integers(0, 5), st.floats(-100, 100), st.floats(-2, 2))
def test_a_point_stays_between_its_neighbours(points: Response, place: int, x: float, y: float):
    assume(place < len(points))
    moved = moved_point(points, place, (x, y))
    check_response(moved)
    assert len(moved) == len(points)
    assert [p for n, p in enumerate(moved) if n != place] == [
        p for n, p in enumerate(points) if n != place
    ]
    assert moved[place][1] == pytest.approx(y, rel=1e-5, abs=1e-12)
