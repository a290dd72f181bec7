# SPDX-License-Identifier: GPL-3.0-or-later
"""process, and retarget with a stack: what they write, and what they refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import facemocap_addon as fm
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take_file import read_take_file

Run = Callable[..., Any]
Files = Callable[[Path], set[str]]

STEPS = [
    {"kind": "neutral", "params": {"source": "time", "time_s": 0.2}},
    {"kind": "range", "influence": 0.5, "params": {"gain": 1.4}},
    {"kind": "swap_sides", "enabled": False},
    {"kind": "resample", "params": {"rate_hz": 24}},
]


@pytest.fixture
def stack_file(tmp_path: Path) -> Path:
    path = tmp_path / "clean.json"
    path.write_text(json.dumps({"schema": 1, "steps": STEPS}), encoding="utf-8")
    return path


def test_process_writes_what_the_library_gives(
    facemocap: Run, short_take: Path, stack_file: Path, tmp_path: Path, files_in: Files
):
    out, report = tmp_path / "a.take.npz", tmp_path / "done.json"
    before = files_in(tmp_path)
    result = facemocap(
        "process", short_take, "--stack", stack_file, "--out", out, "--report", report, "--json"
    )
    assert result.status == 0
    assert result.err == ""
    assert files_in(tmp_path) == before | {out.name, report.name}
    expected = fm.process(read_take(short_take), stack_file)
    written = read_take_file(out)
    assert written.digest == expected.digest
    assert written.history == expected.history
    document = result.document
    assert json.loads(report.read_text(encoding="utf-8")) == document
    assert document["output"] == str(out)
    assert document["samples"] == expected.samples
    assert document["seed"] == 0
    assert document["stack"]["steps"][1]["influence"] == 0.5
    assert [(s["step"], s["kind"], s["done"]) for s in document["steps"]] == [
        (1, "neutral", True), (2, "range", True), (3, "swap_sides", False), (4, "resample", True),
    ]  # fmt: skip
    assert document["steps"][1]["rms_change"]["weight"] > 0


def test_process_tells_people_what_each_step_did(
    facemocap: Run, short_take: Path, stack_file: Path, tmp_path: Path
):
    result = facemocap(
        "process", short_take, "--stack", stack_file, "--out", tmp_path / "a.take.npz"
    )
    assert result.status == 0
    lines = result.out.splitlines()
    assert "samples" in lines[0]
    assert any("neutral" in line and "rms" in line for line in lines)
    assert any("swap_sides" in line and line.endswith("off") for line in lines)


def test_two_runs_give_the_same_bytes(
    facemocap: Run, short_take: Path, stack_file: Path, tmp_path: Path
):
    outs = [tmp_path / f"{name}.take.npz" for name in "ab"]
    reports = [tmp_path / f"{name}.json" for name in "ab"]
    for out, report in zip(outs, reports, strict=True):
        arguments = ("--out", out, "--seed", 7, "--report", report)
        assert facemocap("process", short_take, "--stack", stack_file, *arguments).status == 0
    assert outs[0].read_bytes() == outs[1].read_bytes()
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in reports]
    assert [d.pop("output") for d in documents] == [str(out) for out in outs]
    assert documents[0] == documents[1]
    assert documents[0]["seed"] == 7


@pytest.mark.parametrize(
    ("document", "part"),
    [
        ("{", "is no JSON"),
        ('{"steps": []}', "is no stack"),
        ('{"schema": 1, "steps": [{"kind": "polish"}]}', "Step 1 (polish)"),
        ('{"schema": 1, "steps": [{"kind": "range", "params": {"gain": 77}}]}', "from 0.1 to 3"),
    ],
)
def test_a_wrong_stack_is_refused_and_nothing_is_written(
    facemocap: Run, short_take: Path, tmp_path: Path, files_in: Files, document: str, part: str
):
    path = tmp_path / "bad.json"
    path.write_text(document, encoding="utf-8")
    before = files_in(tmp_path)
    result = facemocap("process", short_take, "--stack", path, "--out", tmp_path / "a.take.npz")
    assert result.status == 2
    assert part in result.complaint
    assert files_in(tmp_path) == before


def test_a_step_that_cannot_be_done_leaves_nothing(
    facemocap: Run, short_take: Path, tmp_path: Path, files_in: Files
):
    path = tmp_path / "late.json"
    step = {"kind": "neutral", "params": {"source": "time", "time_s": 500}}
    path.write_text(json.dumps({"schema": 1, "steps": [step]}), encoding="utf-8")
    before = files_in(tmp_path)
    result = facemocap(
        "process", short_take, "--stack", path, "--out", tmp_path / "a.take.npz",
        "--report", tmp_path / "done.json",
    )  # fmt: skip
    assert result.status == 2
    assert "Step 1 (neutral): The neutral frame at 500 s is not in the take" in result.complaint
    assert files_in(tmp_path) == before


def test_names_that_cannot_be_written_are_refused_before_any_work(
    facemocap: Run, short_take: Path, stack_file: Path, tmp_path: Path, files_in: Files
):
    taken = tmp_path / "taken.take.npz"
    taken.write_bytes(b"mine")
    good = tmp_path / "a.take.npz"
    before = files_in(tmp_path)
    for options, part in (
        (["--out", tmp_path / "a.npz"], "is no name for a take"),
        (["--out", taken], "--overwrite"),
        (["--out", tmp_path / "none" / "a.take.npz"], "cannot be written"),
        (["--out", good, "--report", stack_file], "is the file to read"),
        (["--out", good, "--report", good], "name the same file"),
        (["--out", good, "--report", tmp_path / "none" / "r.json"], "cannot be written"),
        (["--out", good, "--seed", "-1"], "is no seed"),
    ):
        result = facemocap("process", short_take, "--stack", stack_file, *options)
        assert result.status == 2
        assert part in result.complaint
        assert files_in(tmp_path) == before
        assert taken.read_bytes() == b"mine"
    again = facemocap("process", short_take, "--stack", stack_file, "--out", taken, "--overwrite")
    assert again.status == 0
    assert read_take_file(taken).samples > 10


def test_retarget_runs_the_stack_before_it_solves(
    facemocap: Run, short_take: Path, tmp_path: Path, arkit_head: Path, only_action: Run
):
    """Twice the smile on the character, and in the report what was done."""
    path = tmp_path / "smile.json"
    step = {"kind": "range", "params": {"regions": {"brow": 2.0}}}
    path.write_text(json.dumps({"schema": 1, "steps": [step]}), encoding="utf-8")
    curves: list[np.ndarray] = []
    for name, options in (("plain", []), ("stack", ["--stack", path])):
        folder = tmp_path / name
        result = facemocap(
            "retarget", short_take, "--rig", arkit_head, "--out", folder, "--by-names",
            "--json", *options,
        )  # fmt: skip
        assert result.status == 0
        action = only_action(folder / "short_arkit_head.blend")
        curves.append(_values(action, 'key_blocks["browInnerUp"].value'))
        assert ("steps" in result.document) == bool(options)
    kept, raw = kept_with_the_character()
    assert [each.kind for each in kept.steps] == ["range"]
    assert raw.values.tobytes() == read_take(short_take).values.tobytes()
    assert result.document["steps"][0]["kind"] == "range"
    assert result.document["take"]["history"][-1].startswith("range")
    assert curves[0].max() > 0.01
    np.testing.assert_allclose(curves[1], np.minimum(2 * curves[0], 1.0), atol=1e-5)


def kept_with_the_character() -> tuple[Any, Any]:
    """The stack and the take that the open file holds, to be changed there."""
    from facemocap_addon.gateway.files.take_storage import load_take, stored_takes
    from facemocap_addon.gateway.writing.kept_stacks import stack_of
    from facemocap_addon.gateway.writing.records import performances

    (performance,) = performances()
    (text,) = stored_takes()
    return stack_of(performance), load_take(text)


def _values(action: Any, path: str) -> np.ndarray:
    for layer in action.layers:
        for strip in layer.strips:
            for bag in strip.channelbags:
                for curve in bag.fcurves:
                    if curve.data_path == path:
                        return np.array([point.co[1] for point in curve.keyframe_points])
    raise AssertionError(path)


def test_retarget_refuses_what_does_not_go_together(
    facemocap: Run, short_take: Path, stack_file: Path, tmp_path: Path, arkit_head: Path
):
    start = ("retarget", short_take, "--rig", arkit_head, "--out", tmp_path / "out")
    for options, part in (
        (["--seed", "3"], "--seed needs a stack"),
        (["--stack", stack_file, "--raw"], "Give only one"),
        (["--stack", tmp_path / "none.json"], "does not exist"),
    ):
        result = facemocap(*start, *options)
        assert result.status == 2
        assert part in result.complaint
        assert not (tmp_path / "out").exists()
