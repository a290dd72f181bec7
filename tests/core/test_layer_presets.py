# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of layers, layers switched on and off in a stack, held breaths from marks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facemocap_addon.core.contacts.captured import lip_contacts
from facemocap_addon.core.curves import Curve
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.layers.holds import USUAL_S, holds_from_marks
from facemocap_addon.core.layers.presets import (
    layer_preset,
    layer_presets,
    next_seed,
    place_for_layer,
    place_of_layer,
    set_layer_seed,
    switch_layer,
    with_layers,
)
from facemocap_addon.core.layers.tracks import (
    LAYER_KINDS,
    check_pushable,
    layer_curves,
    pushed_steps,
    track_stacks,
)
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.stack.edits import enable_step
from facemocap_addon.core.stack.running import run_stack
from facemocap_addon.core.stack.stack import Stack, make_step
from facemocap_addon.core.take_edits import trim_take

CLEAN = Stack((make_step("despike"), make_step("range"), make_step("denoise")))


def kinds(stack: Stack) -> list[str]:
    return [step.kind for step in stack.steps]


def test_layer_sets_hold_layers_alone_and_run(sample_rigs: Path) -> None:
    take, _, _ = trim_take(read_take(sample_rigs / "sample_take.csv"), 6.0, 12.0)
    assert len(layer_presets()) >= 7
    for preset in layer_presets():
        assert set(kinds(preset.stack)) <= set(LAYER_KINDS)
        assert preset.what.endswith(".")
        assert preset.stack == with_layers(Stack(), preset.stack)
        out = run_stack(take, preset.stack).take
        assert not np.array_equal(out.values[:, : len(take.channels)], take.values)
        # breath through the mouth opens it
        if preset.name in ("calm", "asleep"):
            assert lip_contacts(out) == lip_contacts(take)
    with pytest.raises(FacemocapError, match='no set of layers "none"'):
        layer_preset("none")


@given(order=st.permutations(LAYER_KINDS))
def test_layer_switches_keep_their_order(order: Sequence[str]) -> None:
    stack = CLEAN
    for kind in order:
        stack, place = switch_layer(stack, kind, True)
        assert stack.steps[place].kind == kind
        assert place == place_of_layer(stack, kind)
    assert kinds(stack) == [*kinds(CLEAN), *LAYER_KINDS]
    for kind in order:
        stack, _ = switch_layer(stack, kind, False)
    assert not any(step.enabled for step in stack.steps[len(CLEAN.steps) :])


def test_layer_sets_replace_layers_and_nothing_else() -> None:
    own = make_step("breathing", holds=[[1.0, 2.0]], seed=4, depth=2.0)
    stack = Stack((*CLEAN.steps, own, make_step("style", amount=2.0)))
    found = with_layers(stack, layer_preset("calm").stack)
    assert kinds(found)[:3] == kinds(CLEAN)
    assert "style" not in kinds(found)
    breath = found.steps[place_of_layer(found, "breathing") or 0]
    given_params = breath.to_json()["params"]
    assert given_params["holds"] == [[1.0, 2.0]]
    assert given_params["seed"] == 4
    assert getattr(breath.params, "depth", None) == 1.0
    assert place_for_layer(Stack(), "style") == 0


def test_layer_seeds_are_others_each_time() -> None:
    stack, _ = switch_layer(CLEAN, "posture", True)
    seeds = [0]
    for _ in range(20):
        seeds.append(next_seed(seeds[-1]))
        stack = set_layer_seed(stack, "posture", seeds[-1])
        assert getattr(stack.steps[-1].params, "seed", None) == seeds[-1]
    assert len(set(seeds)) == len(seeds)
    with pytest.raises(FacemocapError, match="draws nothing"):
        set_layer_seed(switch_layer(CLEAN, "cascade", True)[0], "cascade", 1)


def test_layer_holds_from_marks() -> None:
    assert holds_from_marks([]) == ()
    assert holds_from_marks([(1.0, "go")]) == ()
    assert holds_from_marks([(1.0, "hold")]) == ((1.0, 1.0 + USUAL_S),)
    marks = [(3.0, "hold"), (1.0, " HOLD 1"), (2.0, "x"), (3.0, "same moment")]
    assert holds_from_marks(marks) == ((1.0, 2.0), (3.0, 3.0 + USUAL_S))
    assert holds_from_marks(marks, "x") == ((2.0, 3.0),)


def test_layer_stacks_of_tracks_add_up_in_order() -> None:
    layers = Stack((*CLEAN.steps, *(make_step(kind) for kind in LAYER_KINDS)))
    off = enable_step(enable_step(layers, 8, False), 3, False)
    pushed = ("style", "asymmetry")
    assert pushed_steps(off, pushed) == [3, 8]
    found = track_stacks(off, pushed)
    assert [kind for kind, _ in found] == ["asymmetry", "style"]
    assert found[0][1] == enable_step(off, 3, True)
    assert found[1][1] == layers
    # what is on again is no track
    assert pushed_steps(layers, pushed) == []
    with pytest.raises(FacemocapError, match="is off"):
        check_pushable(off, 3, ())
    check_pushable(layers, 3, ())


def test_layer_curves_where_nothing_plays_below() -> None:
    frames = np.arange(4.0)
    path = 'pose.bones["b"].rotation_euler'
    key = 'key_blocks["a"].value'
    after = [
        Curve(path, 0, frames, np.array([0.1, 0.2, 0.3, 6.4])),
        Curve(key, 0, frames, np.array([0.5, 0.5, 0.6, 0.5])),
        Curve(key, 0, frames, np.full(4, 0.25)),
    ]
    found = layer_curves([], after[:2], {(key, 0): 0.5})
    assert found.combined[0].values == pytest.approx([0.1, 0.2, 0.3, 6.4 - 2 * np.pi], abs=1e-6)
    assert found.added[0].values == pytest.approx([0.0, 0.0, 0.1, 0.0], abs=1e-6)
    # on frames of their own
    below = Curve(key, 0, np.array([0.0, 3.0]), np.array([0.0, 0.3]))
    own = layer_curves([below], [after[2]], {}).added[0]
    assert own.values == pytest.approx([0.25, 0.15, 0.05, -0.05], abs=1e-6)
    assert layer_curves([after[2]], [after[2]], {}).parts == ()


VALUES = st.lists(st.floats(-2.0, 2.0, width=32), min_size=6, max_size=6)


@given(before=VALUES, after=VALUES, way=st.sampled_from(["key_blocks", "pose.bones"]))
def test_layer_curves_added_to_what_lies_below_are_the_stack(
    before: list[float], after: list[float], way: str
) -> None:
    path = 'key_blocks["a"].value' if way == "key_blocks" else 'pose.bones["b"].location'
    frames = np.arange(6.0)
    low, high = (Curve(path, 0, frames, np.array(each)) for each in (before, after))
    found = layer_curves([low], [high], {})
    parts = found.added if way == "key_blocks" else found.combined
    more = parts[0].values if parts else np.zeros(6, np.float32)
    assert np.abs(low.values + more - high.values).max() <= 5e-7
    assert bool(parts) == (before != after)
