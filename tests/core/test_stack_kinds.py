# SPDX-License-Identifier: GPL-3.0-or-later
"""What every kind of step keeps to, those of later work too; and that the manual has them all."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stack_takes import face_take, odd_takes, rough_take

from facemocap_addon.core.stack.kind import Kind, Outcome, StepContext
from facemocap_addon.core.stack.kinds import kinds
from facemocap_addon.core.stack.manual import kind_section, with_kinds
from facemocap_addon.core.stack.params import (
    default_of,
    field_types,
    may_be,
    param_fields,
    params_from_json,
    params_to_json,
)
from facemocap_addon.core.take import Take, make_take
from facemocap_addon.core.take_file import take_bytes

#: Parameters under which kinds do something whose defaults do nothing.
WORKING: dict[str, dict[str, Any]] = {
    "neutral": {"head": True},
    "range": {"gain": 1.3, "extremes": {"mouth": 1.0}},
    "time_offset": {"offset_s": 0.0123, "regions": {"eye": -0.03}},
    "time_warp": {"pairs": [[0.1, 0.2], [0.6, 0.65]]},
    "resample": {"rate_hz": 47.0},
    "blinks": {"softness": 0.5, "lag_s": 0.01},
}
ALL = pytest.mark.parametrize("kind", kinds().values(), ids=list(kinds()))


def outcome_of(kind: Kind, take: Take) -> Outcome:
    params = params_from_json(kind.params, WORKING.get(kind.name, {}))
    given = kind.apply(take, params, StepContext())
    return given if isinstance(given, Outcome) else Outcome(given)


def check(kind: Kind, take: Take) -> Take:
    outcome = outcome_of(kind, take)
    out = outcome.take
    assert out.names == take.names
    assert (out.confidence is None) == (take.confidence is None)
    if not kind.new_times:
        assert np.array_equal(out.times, take.times)
        recorded = take.valid.any(axis=0)
        if kind.name != "swap_sides":
            assert not out.valid[:, ~recorded].any(), "a channel that was never recorded has values"
    assert all(re.fullmatch(r"[A-Z0-9\"].*\.", remark) for remark in outcome.remarks)
    assert all(isinstance(count, int) for count in outcome.counts.values())
    return out


@ALL
@pytest.mark.parametrize("name", odd_takes())
def test_kinds_survive_odd_takes(kind: Kind, name: str):
    check(kind, odd_takes()[name])


@ALL
@pytest.mark.parametrize("rate", [24, 25, 29.97, 30, 60, 120])
def test_kinds_work_at_any_rate_and_give_equal_bytes(kind: Kind, rate: float):
    first = check(kind, face_take(rate, 1.0))
    assert take_bytes(first) == take_bytes(check(kind, face_take(rate, 1.0)))


@ALL
def test_kinds_survive_irregular_times_gaps_and_confidence(kind: Kind):
    for seed in range(3):
        take = rough_take(seed)
        out = check(kind, take)
        filled = out.valid.sum() > take.valid.sum()
        assert kind.fills or kind.new_times or not filled


@ALL
def test_what_stands_in_invalid_samples_means_nothing_to_a_kind(kind: Kind):
    take = rough_take(5)
    noise = np.random.default_rng(7).normal(0, 50, take.values.shape).astype(np.float32)
    other = replace(take, values=np.where(take.valid, take.values, noise))
    one, two = outcome_of(kind, take), outcome_of(kind, other)
    assert np.array_equal(one.take.valid, two.take.valid)
    assert one.take.values[one.take.valid].tobytes() == two.take.values[one.take.valid].tobytes()
    assert (one.remarks, one.counts) == (two.remarks, two.counts)


@ALL
def test_kinds_do_not_depend_on_where_the_clock_starts(kind: Kind):
    take = face_take(60.0, 1.0)
    later = replace(take, times=take.times + 64.0)
    one, two = check(kind, take), check(kind, later)
    np.testing.assert_allclose(two.times - 64.0, one.times, atol=1e-9)
    np.testing.assert_allclose(two.values, one.values, atol=1e-4)


@ALL
def test_kinds_describe_themselves(kind: Kind):
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", kind.name)
    assert kind.label
    assert not kind.what.endswith(".")
    assert dataclasses.is_dataclass(kind.params)
    assert kind.params.__dataclass_params__.frozen
    assert "__slots__" in vars(kind.params)
    assert params_from_json(kind.params, {}) == kind.params()
    # a default that a stack file could not say would not survive it
    plain = params_to_json(kind.params())
    assert params_from_json(kind.params, plain) == kind.params()
    types = field_types(kind.params)
    for each, described in param_fields(kind.params):
        assert described.label
        assert described.what
        assert not described.what.endswith(".")
        assert may_be(types[each.name], described)
        if described.choices:
            assert default_of(each) in described.choices


def test_the_kinds_of_the_stack_are_there():
    expected = {
        "dead_zone", "neutral", "range", "swap_sides", "time_offset", "time_warp", "resample",
    }  # fmt: skip
    assert expected <= set(kinds())
    assert [name for name, kind in kinds().items() if kind.new_times] == ["resample"]


@ALL
def test_the_manual_has_every_kind_with_all_its_parameters(kind: Kind, repo: Path):
    text = (repo / "docs" / "stack.md").read_text(encoding="utf-8")
    assert kind_section(kind) in text, (
        "run: python -m facemocap_addon.core.stack.manual docs/stack.md"
    )


def test_the_manual_names_no_kind_that_is_not_there(repo: Path):
    text = (repo / "docs" / "stack.md").read_text(encoding="utf-8")
    assert set(re.findall(r"(?m)^### `(\w+)`", text)) == set(kinds())
    assert with_kinds(text) == text


def test_a_take_of_points_is_left_alone_by_what_is_about_faces():
    take = odd_takes()["unknown channels"]
    only_points = make_take(take.times, take.channels[1:], take.values[:, 1:])
    for name in ("dead_zone", "neutral", "range"):
        assert np.array_equal(check(kinds()[name], only_points).values, only_points.values)
