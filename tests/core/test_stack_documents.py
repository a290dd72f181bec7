# SPDX-License-Identifier: GPL-3.0-or-later
"""Stack files: what they hold comes back, what is wrong is named, presets are kept by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import facemocap_addon as fm
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.stack.presets import (
    default_stack,
    list_presets,
    load_preset,
    preset_path,
    save_preset,
)
from facemocap_addon.core.stack.reading import (
    read_stack,
    stack_from_json,
    stack_from_text,
    write_stack,
)
from facemocap_addon.core.stack.regions import REGIONS
from facemocap_addon.core.stack.stack import Mask, Stack, Step, make_step

# as the issue has it, with a kind that needs nothing else
PLAIN = (
    '{"schema": 1, "steps": [{"kind": "swap_sides", "enabled": true, "influence": 1.0, '
    '"mask": {"regions": [], "frames": []}, "params": {}}]}'
)
FULL = (
    '{"schema": 1, "steps": [{"kind": "range", "enabled": false, '
    '"influence": [[0.0, 0.25], [2.5, 1.0]], '
    '"mask": {"regions": ["mouth", "jaw"], "frames": [[10, 20], [40, 40]], "soft": 0.0}, '
    '"params": {"gain": 1.0, "regions": {"mouth": 1.5}}}, '
    '{"kind": "time_warp", "enabled": true, "influence": 1.0, '
    '"mask": {"regions": [], "frames": []}, "params": {"pairs": [[0.0, 0.0], [1.0, 1.5]]}}]}'
)


@pytest.mark.parametrize("text", [PLAIN, FULL], ids=["plain", "full"])
def test_a_stack_document_comes_back_byte_for_byte(text: str):
    stack = stack_from_text(text)
    assert stack.text == text
    assert stack_from_json(stack.to_json(), "again") == stack


def test_what_is_left_out_has_its_default():
    (step,) = stack_from_text('{"schema": 1, "steps": [{"kind": "dead_zone"}]}').steps
    assert step == Step("dead_zone")
    assert (step.enabled, step.influence, step.mask, step.params.width) == (True, 1.0, Mask(), 0.02)


masks = st.builds(
    Mask,
    st.lists(st.sampled_from(REGIONS), unique=True).map(tuple),
    st.lists(
        st.tuples(st.integers(-5, 500), st.integers(0, 90)).map(lambda p: (p[0], p[0] + p[1])),
        max_size=3,
    ).map(tuple),
    st.none() | st.floats(0, 50),
)
influences = st.floats(0, 1) | st.lists(
    st.tuples(st.floats(-10, 10), st.floats(0, 1)), min_size=1, max_size=4, unique_by=lambda k: k[0]
).map(lambda keys: tuple(sorted(keys)))
steps = st.one_of(
    st.builds(
        lambda width, around, **rest: make_step("dead_zone", width=width, around=around, **rest),
        st.floats(0, 0.3),
        st.sampled_from(["rest", "zero"]),
        enabled=st.booleans(),
        influence=influences,
        mask=masks,
    ),
    st.builds(
        lambda regions, **rest: make_step("range", regions=regions, **rest),
        st.dictionaries(st.sampled_from(REGIONS), st.floats(0.1, 3)),
        enabled=st.booleans(),
        influence=influences,
        mask=masks,
    ),
    st.builds(lambda rate: make_step("resample", rate_hz=rate), st.floats(1, 1000)),
)


@given(st.lists(steps, max_size=5))
def test_any_stack_survives_its_text(built: list[Step]):
    stack = Stack(tuple(built))
    again = stack_from_text(stack.text)
    assert again.text == stack.text
    assert [step.key for step in again.steps] == [step.key for step in stack.steps]


def test_a_stack_file_is_written_and_read(tmp_path: Path):
    path = tmp_path / "a.stack.json"
    stack = stack_from_text(FULL)
    write_stack(stack, path)
    assert read_stack(path) == stack
    first = path.read_bytes()
    write_stack(read_stack(path), path)
    assert path.read_bytes() == first
    assert json.loads(first) == json.loads(FULL)


def _step(**fields: Any) -> dict[str, Any]:
    return {"schema": 1, "steps": [{"kind": "swap_sides"}, {"kind": "range", **fields}]}


WRONG: dict[str, tuple[Any, str]] = {
    "list": ([], "is no stack"),
    "no schema": ({"steps": []}, "is no stack"),
    "newer": ({"schema": 2, "steps": []}, "schema 2"),
    "steps": ({"schema": 1, "steps": {}}, "no list of steps"),
    "field": ({"schema": 1, "steps": [], "name": "x"}, 'unknown field "name"'),
    "step": ({"schema": 1, "steps": ["range"]}, "Step 1: The step is no object"),
    "no kind": ({"schema": 1, "steps": [{}]}, "Step 1: kind is missing"),
    "unknown kind": ({"schema": 1, "steps": [{"kind": "polish"}]}, "Step 1 (polish): There is no"),
    "step field": (_step(strength=1), 'Step 2 (range): The step has an unknown field "strength"'),
    "enabled": (_step(enabled=1), "Step 2 (range): enabled"),
    "influence": (_step(influence=1.5), "Step 2 (range): influence cannot be 1.5"),
    "influence type": (_step(influence="half"), "influence is neither"),
    "no keys": (_step(influence=[]), "influence has no keys"),
    "key": (_step(influence=[[0, 1, 2]]), "no pair of numbers"),
    "key order": (_step(influence=[[1, 0], [0, 1]]), "not in the order of time"),
    "mask": (_step(mask=[]), "Step 2 (range): mask is no object"),
    "mask field": (_step(mask={"channels": []}), 'mask has an unknown field "channels"'),
    "region": (_step(mask={"regions": ["lips"]}), 'There is no region "lips"'),
    "region type": (_step(mask={"regions": "mouth"}), "mask.regions is no list"),
    "frames": (_step(mask={"frames": [[5, 2]]}), "5 to 2 run backwards"),
    "broken frame": (_step(mask={"frames": [[5.5, 7]]}), "broken frame number"),
    "soft": (_step(mask={"soft": -1}), "soft cannot be -1"),
    "params": (_step(params=[]), "params is no object"),
    "parameter": (_step(params={"gian": 1}), 'There is no parameter "gian"'),
    "parameter type": (_step(params={"gain": "big"}), 'gain cannot be "big"'),
    "parameter true": (_step(params={"gain": True}), "gain cannot be true"),
    "parameter range": (_step(params={"gain": 9}), "gain cannot be 9. Give a number from 0.1 to 3"),
    "parameter region": (_step(params={"regions": {"lips": 1}}), 'There is no region "lips"'),
    "nan": (_step(params={"gain": float("nan")}), "gain cannot be NaN"),
    "huge": (_step(params={"gain": 10**400}), "gain cannot be 1000"),
    "masked resample": (
        {"schema": 1, "steps": [{"kind": "resample", "influence": 0.5}]},
        "Step 1 (resample): Resample changes the times",
    ),
    "warp": (
        {"schema": 1, "steps": [{"kind": "time_warp", "params": {"pairs": [[0, 0], [1, 0]]}}]},
        "do not follow each other",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_a_stack_is_said_in_one_sentence(name: str):
    document, part = WRONG[name]
    with pytest.raises(FacemocapError) as raised:
        stack_from_json(document, "x.json")
    text = str(raised.value)
    assert part in text
    assert "\n" not in text
    assert len(text) < 400
    assert raised.value.todo


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "schema",
                        "steps",
                        "kind",
                        "mask",
                        "frames",
                        "influence",
                        "params",
                        "soft",
                        "pairs",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_no_document_is_a_bug(document: Any):
    for wrapped in (document, {"schema": 1, "steps": [{"kind": "time_warp", "params": document}]}):
        try:
            stack = stack_from_json(wrapped, "any")
        except FacemocapError:
            continue
        assert stack_from_text(stack.text) == stack


def test_a_stack_file_that_is_no_json_says_so(tmp_path: Path):
    path = tmp_path / "a.json"
    path.write_text('{"schema": 1,', encoding="utf-8")
    with pytest.raises(FacemocapError, match="is no JSON"):
        read_stack(path)


def test_presets_are_kept_by_name(tmp_path: Path):
    folder = tmp_path / "presets"
    assert list_presets(folder) == ()
    stack = stack_from_text(FULL)
    save_preset(folder, "Soft lips", stack)
    save_preset(folder, "aged", Stack())
    (folder / "notes.txt").write_text("mine")
    assert list_presets(folder) == ("aged", "Soft lips")
    assert load_preset(folder, "Soft lips") == stack
    with pytest.raises(FacemocapError, match="already"):
        save_preset(folder, "SOFT lips", Stack())
    save_preset(folder, "aged", stack, overwrite=True)
    assert load_preset(folder, "aged") == stack


@pytest.mark.parametrize("name", ["", "a/b", "..", " a", "a.", "a\nb", "x" * 101, 'say "hi"'])
def test_a_preset_needs_a_name_that_any_file_can_have(tmp_path: Path, name: str):
    with pytest.raises(FacemocapError, match="no name for a preset"):
        preset_path(tmp_path, name)


def test_a_new_stack_repairs_before_it_smooths():
    names = [step.kind for step in default_stack().steps]
    assert names == [kind for kind in ("despike", "gap_fill", "denoise") if kind in names]


def test_the_package_offers_stacks():
    assert fm.Stack is Stack
    assert "process" in dir(fm)
