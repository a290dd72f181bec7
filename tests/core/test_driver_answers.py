# SPDX-License-Identifier: GPL-3.0-or-later
"""What a driver makes of its root, found from samples or read from a plain expression."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from facemocap_addon.core.drivers.driver_answers import Fault, answer_points, more_samples, trimmed
from facemocap_addon.core.drivers.driver_expressions import reads_frame, straight_terms

Points = tuple[tuple[float, float], ...]


# expressions


@pytest.mark.parametrize(
    ("expression", "terms"),
    [
        ("v", {"v": 1.0}),
        (" v * 0.5 + 0.1", {"v": 0.5, "": 0.1}),
        ("1 - v / 4", {"v": -0.25, "": 1.0}),
        ("-(v - 2) * (3 / 2)", {"v": -1.5, "": 3.0}),
        ("2 * pi * v", {"v": 2 * math.pi}),
        ("a - 2 * b + a", {"a": 2.0, "b": -2.0}),
        ("v * 0", {"v": 0.0}),
        ("7", {"": 7.0}),
    ],
)
def test_straight_expressions_are_read(expression: str, terms: dict[str, float]) -> None:
    assert straight_terms(expression, ["v", "a", "b"]) == pytest.approx(terms)


@pytest.mark.parametrize(
    "expression",
    ["v * v", "1 / v", "v ** 2", "max(v, 0)", "v if v > 0 else 0", "w", "frame", "", "v +", "v % 2",
     "v / 0", "(" * 300 + "v" + ")" * 300, "1e400 * v", "'v'", "v // 2", "[v][0]", "v & 1"],
)  # fmt: skip
def test_other_expressions_are_left_to_measurement(expression: str) -> None:
    assert straight_terms(expression, ["v"]) is None


def test_a_variable_may_be_called_like_a_constant() -> None:
    assert straight_terms("pi * 2", ["pi"]) == {"pi": 2.0}


def test_the_frame_is_seen_in_an_expression() -> None:
    assert reads_frame("v + sin(frame / 10)", ["v"])
    assert not reads_frame("frame * 2", ["frame"])
    assert not reads_frame("self.frame + keyframe + frames", ["v"])
    assert not reads_frame("value('frame') + v", ["v"])


# answers


def _sampled(
    function: Callable[[np.ndarray], np.ndarray],
    limits: tuple[float, float],
    *,
    whole: bool = False,
) -> Points | Fault:
    """Sample as Blender would be: in single precision, coarsely first, then where it is asked."""
    rest = min(max(0.0, limits[0]), limits[1])
    steps = 0.5 ** np.arange(13.0, -1.0, -1.0)
    at = np.concatenate([[rest], *(rest + (end - rest) * steps for end in limits)])
    at = np.round(at) if whole else at
    for _ in range(5):
        values = function(at).astype(np.float32).astype(np.float64)
        more = more_samples(at, values, 1e-4, whole=whole)
        if not more:
            break
        at = np.concatenate([at, more])
    return answer_points(at, function(at).astype(np.float32), 1e-4, whole=whole)


@given(
    st.floats(-0.5, 0.5),
    st.floats(0.01, 1.0),
    st.booleans(),
    st.sampled_from([(-1.0, 1.0), (0.0, 1.0), (-10.0, 10.0), (0.0, 100.0)]),
)
def test_straight_answers_are_found_wherever_they_are(
    start: float, length: float, falls: bool, limits: tuple[float, float]
) -> None:
    size = limits[1]
    first, last = start * size, (start + length) * size
    assume(min(last, limits[1]) - max(first, limits[0]) > 5e-3 * size)

    def function(at: np.ndarray) -> np.ndarray:
        share = np.clip((at - first) / (last - first), 0.0, 1.0)
        return 1.0 - share if falls else share

    points = _sampled(function, limits)
    low, high = max(first, limits[0]), min(last, limits[1])
    assert not isinstance(points, Fault)
    ends = function(np.array([low, high]))
    assert len(points) == 2
    np.testing.assert_allclose([p[0] for p in points], [low, high], atol=2e-6 * size)
    np.testing.assert_allclose([p[1] for p in points], ends, atol=2e-6)


@pytest.mark.parametrize(
    "function",
    [np.square, np.sqrt, lambda v: v * v * (3 - 2 * v), lambda v: np.expm1(3 * v) / np.expm1(3)],
)
def test_bent_answers_are_kept_as_points(function: Callable[[np.ndarray], np.ndarray]) -> None:
    points = _sampled(function, (0.0, 1.0))
    assert not isinstance(points, Fault)
    assert 2 < len(points) <= 33
    roots, values = np.array(points).T
    assert (np.diff(roots) > 0).all()
    assert (np.diff(values) > 0).all()
    np.testing.assert_allclose(values, function(roots), atol=1e-6)


@pytest.mark.parametrize(
    ("function", "fault"),
    [
        (lambda v: np.sin(6 * v), Fault.TURNS),
        (lambda v: np.maximum(0, 0.4 - np.abs(v - 0.5)), Fault.TURNS),
        (lambda v: (v > 0.3) * 1.0, Fault.JUMPS),
        (lambda v: 0 * v + 0.5, Fault.STILL),
        (lambda v: 1e-6 * v, Fault.STILL),
    ],
)
def test_what_cannot_be_turned_round(
    function: Callable[[np.ndarray], np.ndarray], fault: Fault
) -> None:
    assert _sampled(function, (0.0, 1.0)) is fault


def test_whole_numbers_are_asked_for_whole_numbers() -> None:
    assert _sampled(lambda v: v / 100, (0.0, 100.0), whole=True) == ((0.0, 0.0), (100.0, 1.0))
    assert _sampled(lambda v: v * 0.5, (0.0, 1.0), whole=True) == ((0.0, 0.0), (1.0, 0.5))
    asked = more_samples(np.array([0.0, 10.0]), np.array([0.0, 1.0]), 1e-4, whole=True)
    assert asked == [float(number) for number in range(1, 10)]


def test_answers_end_with_the_range_of_what_is_driven() -> None:
    assert trimmed(((-1.0, 2.0), (1.0, -2.0)), (0.0, 1.0)) == ((-0.5, 1.0), (0.0, 0.0))
    assert trimmed(((0.0, 3.0), (1.0, 5.0)), (0.0, 1.0)) == ()
    bent = ((0.0, 0.0), (1.0, 0.5), (2.0, 2.0))
    assert trimmed(bent, (0.0, 1.0)) == ((0.0, 0.0), (1.0, 0.5), (pytest.approx(4 / 3), 1.0))
