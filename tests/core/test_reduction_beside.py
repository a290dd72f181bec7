# SPDX-License-Identifier: GPL-3.0-or-later
"""Long reductions in two Pythons give the same keys, and still do when one of them fails."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from facemocap_addon.core.reduction import Keys, beside, reduce, reduce_curves

FRAMES = np.arange(1.0, 181.0)


@pytest.fixture
def values() -> np.ndarray:
    rng = np.random.default_rng(5)
    t = FRAMES[:, None] / 60
    return 0.4 + 0.3 * np.sin(rng.uniform(4, 16, 7) * t) + 0.002 * rng.normal(size=(180, 7))


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Small work counts as long, in portions of two curves."""
    monkeypatch.setattr(beside, "LEAST", 1)
    monkeypatch.setattr(reduce, "_TOGETHER", 400)
    monkeypatch.setattr(beside.os, "cpu_count", lambda: 2)
    monkeypatch.delenv(beside.ALONE, raising=False)
    return monkeypatch


def reduced(values: np.ndarray) -> tuple[Keys, ...]:
    tolerance = np.where(np.arange(7) < 4, 0.01, 0.02)
    tolerance = np.tile(tolerance, (len(values), 1))
    tolerance[90:, 6] = 0.005
    forced = [[50.0] if column == 3 else [] for column in range(7)]
    return reduce_curves(FRAMES, values, tolerance, forced=forced, groups=[
        [0, 1], [2], [3], [4, 6], [5],
    ]).curves  # fmt: skip


def assert_same(one: tuple[Keys, ...], other: tuple[Keys, ...]) -> None:
    for a, b in zip(one, other, strict=True):
        for name in ("frames", "values", "left", "right", "handle_types", "forced"):
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
        assert a.largest_error == b.largest_error
        assert (a.samples, a.interpolation) == (b.samples, b.interpolation)


def test_a_second_python_gives_the_same_keys(two: pytest.MonkeyPatch, values: np.ndarray):
    answers: list[object] = []
    answer = beside._answer  # type: ignore[reportPrivateUsage]

    def seen(process: object) -> object:
        answers.append(answer(process))  # type: ignore[arg-type]
        return answers[-1]

    two.setattr(beside, "_answer", seen)
    together = reduced(values)
    assert len(answers) == 1
    assert answers[0] is not None
    two.setenv(beside.ALONE, "1")
    assert_same(together, reduced(values))
    assert len(answers) == 1


@pytest.mark.parametrize("failure", ["missing", "broken", "mute"])
def test_a_second_python_that_fails_costs_nothing_but_time(
    two: pytest.MonkeyPatch, values: np.ndarray, failure: str, tmp_path: Path
):
    if failure == "missing":
        two.setattr(beside.sys, "executable", str(tmp_path / "python"))
    else:
        end = {"broken": "raise SystemExit(3)", "mute": "sys.stdin.read"}[failure]
        two.setattr(beside, "_PROGRAM", f"import sys; {end}  # {{}} {{}}")
    found = reduced(values)
    two.setenv(beside.ALONE, "1")
    assert_same(found, reduced(values))
