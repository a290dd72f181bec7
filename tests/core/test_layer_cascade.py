# SPDX-License-Identifier: GPL-3.0-or-later
"""Cascade: nothing where the capture has it already, later and longer where it lacks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.contacts.captured import lip_contacts
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.layers.cascade import add_cascade
from facemocap_addon.core.layers.cascade_rules import EXPRESSIONS, USUAL_RULES, CascadeRule
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.stack.kinds import kind_of
from facemocap_addon.core.stack.params import params_from_json, params_to_json
from facemocap_addon.core.stack.running import run_stack
from facemocap_addon.core.stack.stack import Stack, make_step
from facemocap_addon.core.take import Take, make_take

RATE = 120.0
SMILE = CascadeRule("mouthSmile", "cheekSquint", 0.25, 0.6, 0.05, 0.0)


def take_of(seconds: float = 4.0, **columns: np.ndarray | float) -> Take:
    times = 2.0 + np.arange(round(seconds * RATE)) / RATE
    values = [np.broadcast_to(np.asarray(v, float), times.shape) for v in columns.values()]
    channels = [arkit_schema()[name] for name in columns]
    return make_take(times, channels, np.stack(values, axis=1))


def pulse(seconds: float = 4.0, rise_s: float = 0.2) -> np.ndarray:
    """Up to 0.9 from 1 s on, down again from 2 s on."""
    t = np.arange(round(seconds * RATE)) / RATE
    up = np.clip(np.minimum(t - 1.0, 2.0 + rise_s - t) / rise_s, 0.0, 1.0)
    return 0.9 * up * up * (3 - 2 * up)


def column(take: Take, name: str) -> np.ndarray:
    return take.values[:, take.column(name)].astype(float)


@pytest.mark.parametrize(
    "rule",
    [rule for rule in USUAL_RULES if rule.driver != rule.follower],
    ids=lambda rule: f"{rule.driver}-{rule.follower}",
)
def test_nothing_is_added_where_the_follower_is_as_far_already(rule: CascadeRule):
    names = [
        name
        for stem in (rule.driver, rule.follower)
        for name in ((stem,) if stem in arkit_schema() else (stem + "Left", stem + "Right"))
    ]
    both = {name: pulse() if name.startswith(rule.driver) else 1.0 for name in names}
    take = take_of(4.0, **both)
    assert add_cascade(take, (rule,)) == (take, {})
    lacking = take_of(
        4.0, **{name: v if name.startswith(rule.driver) else 0.0 for name, v in both.items()}
    )
    out, most = add_cascade(lacking, (rule,))
    assert most
    assert out is not lacking


def test_the_larger_of_captured_and_asked_is_taken():
    smile, squint = pulse(), 0.3 + 0.1 * np.sin(np.arange(480) / 20)
    take = take_of(mouthSmileLeft=smile, cheekSquintLeft=squint)
    bare = take_of(mouthSmileLeft=smile, cheekSquintLeft=0.0)
    asked = column(add_cascade(bare, (SMILE,))[0], "cheekSquintLeft")
    out = column(add_cascade(take, (SMILE,))[0], "cheekSquintLeft")
    assert asked.max() > 0.45
    np.testing.assert_allclose(out, np.maximum(squint, asked), atol=1e-6)
    reached = squint >= asked
    assert 0.2 < reached.mean() < 0.9
    assert np.array_equal(out[reached], column(take, "cheekSquintLeft")[reached])


def test_gain_threshold_and_lag():
    take = take_of(mouthSmileLeft=pulse(), cheekSquintLeft=0.0)
    asked = column(add_cascade(take, (SMILE,))[0], "cheekSquintLeft")
    # 0.9 lies 0.8667 of the way from the threshold to 1, a twentieth is for setting in smoothly
    assert asked.max() == pytest.approx(0.6 * 1.05 * 0.8667**2 / 0.9167, rel=1e-3)
    half = [np.flatnonzero(curve > 0.5 * curve.max())[0] / RATE for curve in (pulse(), asked)]
    later = column(
        add_cascade(take, (CascadeRule("mouthSmile", "cheekSquint", 0.25, 0.6, 0.15, 0.0),))[0],
        "cheekSquintLeft",
    )
    assert np.flatnonzero(later > 0.5 * later.max())[0] / RATE - half[1] == pytest.approx(0.1)
    weak = take_of(mouthSmileLeft=0.25 * pulse(), cheekSquintLeft=0.0)
    assert add_cascade(weak, (SMILE,))[0] is weak
    doubled = add_cascade(take, (CascadeRule("mouthSmile", "cheekSquint", expression="smile"),),
                          {"smile": 2.0})[0]  # fmt: skip
    once = add_cascade(take, (CascadeRule("mouthSmile", "cheekSquint"),))[0]
    np.testing.assert_allclose(
        column(doubled, "cheekSquintLeft"), 2.0 * column(once, "cheekSquintLeft"), atol=1e-6
    )


def test_brows_are_let_go_in_two_stages():
    frown = pulse(6.0, 0.05)
    take = take_of(6.0, browDownLeft=frown)
    rule = CascadeRule("browDown", "browDown", 0.0, 1.0, 0.0, 0.2, 0.4, 0.9)
    out = column(add_cascade(take, (rule,))[0], "browDownLeft")
    assert np.array_equal(out[: int(2 * RATE)], column(take, "browDownLeft")[: int(2 * RATE)])
    top = out[int(1.9 * RATE)]
    # it is let go between 2 and 2.05 s: 0.6 of it to a tenth in 0.2 s, 0.4 of it in 0.9 s
    for at in (2.25, 2.5, 2.95):
        least, most = (
            0.6 * 10 ** (-gone / 0.2) + 0.4 * 10 ** (-gone / 0.9) for gone in (at - 2.0, at - 2.05)
        )
        assert 0.97 * least <= out[int(at * RATE)] / top <= most
    assert (np.diff(out[int(2.05 * RATE) :]) <= 1e-9).all()


def test_sides_take_along_their_own():
    take = take_of(
        mouthSmileLeft=pulse(), mouthSmileRight=0.0, cheekSquintLeft=0.0, cheekSquintRight=0.0
    )
    out, most = add_cascade(take, USUAL_RULES)
    assert set(most) == {"cheekSquintLeft"}
    assert not column(out, "cheekSquintRight").any()


@pytest.mark.parametrize("follower", ["mouthUpperUp", "jawOpen"])
def test_lips_that_touch_stay_together_when_the_nose_wrinkles(follower: str):
    t = np.arange(480) / RATE
    jaw = np.where((t > 1.5) & (t < 1.8), 0.0, 0.3)
    take = take_of(jawOpen=jaw, noseSneerLeft=pulse(), mouthUpperUpLeft=0.0)
    contacts = lip_contacts(take)
    assert len(contacts) == 1
    rule = CascadeRule("noseSneer", follower, 0.1, 1.0)
    out, most = add_cascade(take, (rule,))
    assert max(most.values()) > 0.4
    assert lip_contacts(out) == contacts
    rows = slice(contacts[0].first, contacts[0].last + 1)
    assert np.array_equal(out.values[rows], take.values[rows])
    assert np.abs(np.diff(out.values - take.values, axis=0)).max() < 0.25


def test_rows_survive_stack_files_and_say_what_is_wrong():
    kind = kind_of("cascade")
    rules = tuple(rule.to_json() for rule in USUAL_RULES)
    params = params_from_json(kind.params, {"rules": rules})
    assert params.rules == USUAL_RULES
    assert params_from_json(kind.params, params_to_json(params)) == params
    assert {rule.expression for rule in USUAL_RULES} == set(EXPRESSIONS)
    good = {"driver": "mouthSmile", "follower": "cheekSquint"}
    for wrong, said in (
        ({"lag_s": 0.7}, "lag_s cannot be 0.7"),
        ({"gain": "much"}, "gain cannot be much"),
        ({"speed": 1}, 'no field "speed"'),
        ({"expression": "joy"}, 'no expression "joy"'),
        ({"driver": ""}, "lacks its driver"),
    ):
        with pytest.raises(FacemocapError, match=said.replace(".", r"\.")):
            params_from_json(kind.params, {"rules": [{**good, **wrong}]})


def test_a_table_takes_the_place_of_the_default_one():
    take = take_of(mouthSmileLeft=pulse(), cheekSquintLeft=0.0, mouthDimpleLeft=0.0)
    row = {"driver": "mouthSmile", "follower": "mouthDimple"}
    out = run_stack(take, Stack((make_step("cascade", rules=[row]),))).take
    assert not column(out, "cheekSquintLeft").any()
    assert column(out, "mouthDimpleLeft").max() > 0.2


def test_no_strength_is_no_change_and_ranges_hold(sample_rigs: Path):
    take = read_take(sample_rigs / "sample_take.csv")
    none = dict.fromkeys(EXPRESSIONS, 0.0)
    assert run_stack(take, Stack((make_step("cascade", **none),))).take is take
    most = dict.fromkeys(EXPRESSIONS, 3.0)
    out = run_stack(take, Stack((make_step("cascade", **most),))).take
    assert (out.values >= take.values).all()
    raised = out.values > take.values
    assert raised.any()
    assert out.values[raised].max() <= 1.0
    assert lip_contacts(out) == lip_contacts(take)


@pytest.mark.parametrize("holder", ["mouthPucker", "mouthPressLeft"])
def test_pressed_and_puckered_lips_are_not_parted(holder: str):
    sneer = pulse()
    free = take_of(noseSneerLeft=sneer, mouthUpperUpLeft=0.2, jawOpen=0.1, **{holder: 0.0})
    held = take_of(noseSneerLeft=sneer, mouthUpperUpLeft=0.2, jawOpen=0.1, **{holder: 0.45})
    rule = CascadeRule("noseSneer", "mouthUpperUp", 0.25, 0.6, 0.05, 0.3)
    assert add_cascade(free, (rule,))[1]["mouthUpperUpLeft"] > 0.1
    assert add_cascade(held, (rule,)) == (held, {})
