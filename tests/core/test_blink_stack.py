# SPDX-License-Identifier: GPL-3.0-or-later
"""Blinks in stacks: parameters and edits are kept, and edits survive what other steps do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from blink_takes import START_S, performance
from hypothesis import given, settings
from hypothesis import strategies as st
from test_blink_edits import check_untouched, plain_take

from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.events.blinks.editing import edit_blinks
from facemocap_addon.core.events.blinks.finding import find_blinks
from facemocap_addon.core.events.blinks.records import OPS, BlinkEdit
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.reduction.reduce import reduce_curve
from facemocap_addon.core.reduction.rekeying import rekey_windows
from facemocap_addon.core.stack.edits import set_params
from facemocap_addon.core.stack.kinds import kind_of
from facemocap_addon.core.stack.kinds.blinks import Blinks
from facemocap_addon.core.stack.params import params_from_json, params_to_json
from facemocap_addon.core.stack.presets import load_preset, save_preset
from facemocap_addon.core.stack.reading import stack_from_text
from facemocap_addon.core.stack.running import run_stack
from facemocap_addon.core.stack.stack import Stack, make_step
from facemocap_addon.core.take import Take

GOLDEN = Path(__file__).parent / "golden" / "blinks.json"
MOVE = {"op": "move", "at_s": 12.43, "side": "B", "value": 0.1}


def blinks_of(take: Take, **params: Any) -> Any:
    """The outcome of one step."""
    return run_stack(take, Stack((make_step("blinks", **params),)), seed=4)


def records() -> st.SearchStrategy[BlinkEdit]:
    """Any edit that can be."""

    def made(op: str, at_s: float, side: str, share: float, by_value: bool) -> BlinkEdit:
        known = OPS[op]
        value = None
        if known.value and (by_value or not known.goes):
            value = known.value[0] + share * (known.value[1] - known.value[0])
        goes = known.goes and value is None
        return BlinkEdit(op, at_s, side, value=value, to_s=at_s + share if goes else None)

    return st.builds(
        made, st.sampled_from(list(OPS)), st.floats(0, 1000), st.sampled_from(["B", "L", "R"]),
        st.floats(0, 1), st.booleans(),
    )  # fmt: skip


@settings(deadline=None)
@given(st.lists(records(), max_size=4))
def test_edits_come_back_from_stack_files(edits: list[BlinkEdit]):
    plain = [edit.to_json() for edit in edits]
    stack = Stack((make_step("blinks", edits=plain),))
    assert stack_from_text(stack.text).text == stack.text
    assert stack_from_text(stack.text).steps[0].params == stack.steps[0].params
    params = stack.steps[0].params
    assert list(params.edits) == edits
    assert json.loads(json.dumps(params_to_json(params)))["edits"] == plain


def test_presets_carry_edits(tmp_path: Path):
    stack = Stack((make_step("blinks", softness=0.3, edits=[MOVE]),))
    save_preset(tmp_path, "soft", stack)
    assert load_preset(tmp_path, "soft").text == stack.text
    changed = set_params(stack, 0, {"edits": [MOVE, {"op": "delete", "at_s": 3}]})
    assert [edit.op for edit in changed.steps[0].params.edits] == ["move", "delete"]


@pytest.mark.parametrize(
    ("edits", "said"),
    [
        ("move", "edits cannot be"),
        ([3], "edits 1: An edit is no object"),
        ([MOVE, {"op": "jump", "at_s": 1}], 'edits 2: There is no edit "jump"'),
        ([{"op": "move"}], "edits 1: An edit lacks op or at_s"),
        ([{**MOVE, "at_s": "soon"}], "at_s is no number"),
        ([{**MOVE, "at_s": float("nan")}], "at_s cannot be nan"),
        ([{**MOVE, "at_s": None}], "at_s is no number"),
        ([{**MOVE, "value": True}], "value is no number"),
        ([{**MOVE, "value": 1e9}], "from -60 to 60 s"),
        ([{**MOVE, "to_s": 3.0}], "does not say where to"),
        ([{"op": "copy", "at_s": 1}], "Give to_s"),
        ([{"op": "hold", "at_s": 1}], "hold has no value"),
        ([{"op": "delete", "at_s": 1, "value": 1}], "delete has no value"),
        ([{"op": "delete", "at_s": 1, "to_s": 1}], "delete has no to_s"),
        ([{**MOVE, "side": "C"}], 'side cannot be "C"'),
        ([{**MOVE, "eye": 1}], "eye is no text"),
        ([{**MOVE, "reorder": 1}], "reorder is neither"),
        ([{**MOVE, "when": 1}], 'unknown field "when"'),
        ([{**MOVE, "op": ["move"]}], "op is no text"),
    ],
)
def test_bad_edits_are_named(edits: Any, said: str):
    with pytest.raises(FacemocapError) as caught:
        params_from_json(Blinks, {"edits": edits})
    assert said in str(caught.value)


def test_without_parameters_the_take_is_left_as_it_is():
    take = performance(60.0, 10.0, noise=0.01).take
    result = blinks_of(take)
    assert result.take.values.tobytes() == take.values.tobytes()
    outcome = kind_of("blinks").apply(take, Blinks(), None)  # type: ignore[arg-type]
    assert getattr(outcome, "take", None) is take


def test_edits_in_a_stack_do_what_they_do_elsewhere():
    take = plain_take()
    at = find_blinks(take)[1].apex_s
    result = blinks_of(take, edits=[{"op": "move", "at_s": at, "value": 0.3}])
    alone = edit_blinks(take, [BlinkEdit("move", at, value=0.3)])
    assert result.take.values.tobytes() == alone.take.values.tobytes()
    check_untouched(take, alone)
    assert result.reports[0].counts["blinks_changed"] == 1


def test_edits_without_their_blink_are_reported_and_do_nothing():
    take = plain_take()
    lost = {"op": "delete", "at_s": START_S + 3.6}
    result = blinks_of(take, edits=[lost])
    assert result.take.values.tobytes() == take.values.tobytes()
    assert result.reports[0].counts["edits_unmatched"] == 1
    assert "found no blink" in result.reports[0].remarks[0]


def test_edits_survive_what_is_changed_before_them():
    take = performance(60.0, 8.0, noise=0.01, seed=2).take
    blink = next(b for b in find_blinks(take) if b.kind == "full")
    edit = {"op": "delete", "at_s": blink.apex_s, "side": blink.side}
    for before in ("denoise", "despike", "range"):
        first = make_step("range", gain=0.9) if before == "range" else make_step(before)
        stack = Stack((first, make_step("blinks", edits=[edit])))
        report = run_stack(take, stack).reports[1]
        assert report.counts["edits_unmatched"] == 0
        assert report.counts["blinks_changed"] == 1


@pytest.mark.parametrize(
    "params",
    [{"softness": 0.6}, {"closing": 0.8}, {"opening": 1.5}, {"gain": 1.2}, {"lag_s": 0.01}],
)
def test_settings_of_all_blinks(params: dict[str, Any]):
    take = plain_take(120.0)
    result = blinks_of(take, **params)
    assert result.reports[0].counts["blinks_changed"] == 4
    before, after = find_blinks(take), find_blinks(result.take)
    assert len(after) == 4
    for one, two in zip(before, after, strict=True):
        old, new = one.lead.shape, two.lead.shape
        assert two.apex_s == pytest.approx(one.apex_s, abs=0.01)
        factor = params.get("closing", 1.7 ** params.get("softness", 0.0))
        assert new.closing_s == pytest.approx(factor * old.closing_s, rel=0.08)
        factor = params.get("opening", 2.2 ** params.get("softness", 0.0))
        assert new.tau_s == pytest.approx(factor * old.tau_s, rel=0.1)
        assert two.lag_s == pytest.approx(params.get("lag_s", 0.0), abs=2e-3)
        most = min(params.get("gain", 1.0) * one.amplitude, 0.9)
        assert two.amplitude == pytest.approx(most, rel=0.03)


def test_full_closure_raises_what_nearly_closes_and_leaves_partial_blinks():
    made = performance(60.0, 60.0, seed=8)
    before, after = (
        find_blinks(t) for t in (made.take, blinks_of(made.take, full_closure=True).take)
    )
    full = [b.closure for b in after if b.kind == "full"]
    assert min(full) > 0.96
    assert min(b.closure for b in before if b.kind == "full") < 0.9
    part = [[round(b.closure, 2) for b in each if b.kind == "partial"] for each in (before, after)]
    assert part[0] == part[1]


def test_made_blinks_depend_on_the_seed_alone():
    take = plain_take()
    step = Stack((make_step("blinks", generate="replace", context="conversation"),))
    one, two, other = (run_stack(take, step, seed=seed).take for seed in (1, 1, 2))
    assert one.values.tobytes() == two.values.tobytes()
    assert one.values.tobytes() != other.values.tobytes()


@pytest.mark.shared
def test_keys_outside_edited_windows_are_the_same(shared: Path):
    take = read_take(shared / "takes" / "livelinkface" / "alexdjulin_alex_rom_3.csv")
    some = find_blinks(take)[::3]
    done = edit_blinks(take, [BlinkEdit("move", b.apex_s, b.side, value=0.15) for b in some])
    frames = (take.times - take.times[0]) * 30.0
    windows = [tuple((np.array(each) - take.times[0]) * 30.0) for each in done.windows]
    column = take.column("eyeBlinkLeft")
    before = reduce_curve(frames, take.values[:, column], 0.005)
    after = rekey_windows(before, frames, done.take.values[:, column], 0.005, windows)
    assert np.all(np.diff(after.frames) > 0)
    assert np.abs(after.at(frames) - done.take.values[:, column]).max() <= 0.005 + 1e-6
    # the nearest keys of a window are its own on the inner side
    edges = [(before.frames[before.frames <= a].max(), before.frames[before.frames >= b].min())
             for a, b in windows]  # fmt: skip
    kept = [
        {
            (float(f), float(v), *map(float, a), *map(float, b))
            for f, v, a, b in zip(keys.frames, keys.values, keys.left, keys.right, strict=True)
            if not any(low <= f <= high for low, high in edges)
        }
        for keys in (before, after)
    ]
    assert kept[0] == kept[1]
    assert len(kept[0]) > 400
    assert len(after) < 1.1 * len(before)


@pytest.mark.shared
def test_blinks_of_real_takes_are_those_that_were_checked_by_eye(shared: Path):
    """Counts, times and kinds; the pictures are in docs/images."""
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    errors: list[float] = []
    for name, expected in golden["takes"].items():
        take = read_take(shared / "takes" / name)
        blinks = find_blinks(take)
        start = float(take.times[0])
        found = [[b.onset_s - start, b.apex_s - start, b.kind, b.side] for b in blinks]
        assert [each[2:] for each in found] == [each[2:] for each in expected], name
        np.testing.assert_allclose(
            [each[:2] for each in found], [each[:2] for each in expected], atol=0.5 / take.rate_hz
        )
        if name.startswith("livelinkface/"):
            errors += [eye.error for blink in blinks for eye in blink.eyes]
    assert len(errors) > 60
    assert np.median(errors) <= 0.025
