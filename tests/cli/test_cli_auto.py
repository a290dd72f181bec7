# SPDX-License-Identifier: GPL-3.0-or-later
"""process and retarget with steps that are chosen for the take."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import facemocap_addon as fm
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.stack.auto import chosen_stack
from facemocap_addon.core.stack.reading import read_stack
from facemocap_addon.core.take import Take
from facemocap_addon.core.take_file import read_take_file, take_bytes

Run = Callable[..., Any]
Files = Callable[[Path], set[str]]


@pytest.fixture
def noisy_file(short_take: Path, tmp_path: Path) -> Path:
    """The short take with noise on all of it."""
    take: Take = read_take(short_take)
    noise = np.random.default_rng(4).normal(0, 0.01, take.values.shape)
    path = tmp_path / "noisy.take.npz"
    path.write_bytes(take_bytes(take.changed("noise", values=take.values + noise)))
    return path


def test_auto_writes_what_the_library_chooses(
    facemocap: Run, noisy_file: Path, tmp_path: Path, files_in: Files
):
    out, saved = tmp_path / "a.take.npz", tmp_path / "chosen.json"
    before = files_in(tmp_path)
    result = facemocap(
        "process", noisy_file, "--auto", "--save-stack", saved, "--out", out, "--json"
    )
    assert result.status == 0
    assert files_in(tmp_path) == before | {out.name, saved.name}
    take = read_take(noisy_file)
    stack, why = chosen_stack(take)
    assert "denoise" in [step.kind for step in stack.steps]
    assert read_take_file(out).digest == fm.process(take, "auto").digest
    assert read_stack(saved) == stack
    document = result.document
    assert document["chosen"] == list(why)
    assert document["stack"]["path"] is None
    assert [step["kind"] for step in document["stack"]["steps"]] == [s.kind for s in stack.steps]
    # what was saved does the same again
    again = tmp_path / "b.take.npz"
    assert facemocap("process", noisy_file, "--stack", saved, "--out", again).status == 0
    assert again.read_bytes() == out.read_bytes()


def test_auto_tells_people_why(facemocap: Run, noisy_file: Path, tmp_path: Path):
    result = facemocap("process", noisy_file, "--auto", "--out", tmp_path / "a.take.npz")
    assert result.status == 0
    for sentence in chosen_stack(read_take(noisy_file))[1]:
        assert sentence in result.out


def test_a_take_that_needs_nothing_is_written_as_it_is(
    facemocap: Run, short_take: Path, tmp_path: Path
):
    take = fm.process(read_take(short_take), "auto")
    clean, out = tmp_path / "clean.take.npz", tmp_path / "a.take.npz"
    clean.write_bytes(take_bytes(take))
    stack, _why = chosen_stack(take)
    result = facemocap("process", clean, "--auto", "--out", out)
    assert result.status == 0
    assert stack.steps == ()
    assert "needs no cleanup" in result.out
    assert read_take_file(out).digest == take.digest


def test_options_that_contradict_are_refused_and_nothing_is_written(
    facemocap: Run, noisy_file: Path, tmp_path: Path, files_in: Files
):
    stack, out = tmp_path / "s.json", tmp_path / "a.take.npz"
    stack.write_text('{"schema": 1, "steps": []}', encoding="utf-8")
    before = files_in(tmp_path)
    for options, part in (
        ([], "No steps were given"),
        (["--auto", "--stack", stack], "Give only one of the two"),
        (["--stack", stack, "--save-stack", tmp_path / "t.json"], "Give --auto"),
        (["--auto", "--save-stack", stack], "exists already"),
        (["--auto", "--save-stack", noisy_file], "is the file to read"),
        (["--auto", "--save-stack", out], "is written as well"),
        (["--auto", "--save-stack", tmp_path / "none" / "t.json"], "no such folder"),
    ):
        result = facemocap("process", noisy_file, "--out", out, *options)
        assert result.status == 2, options
        assert part in result.complaint
        assert files_in(tmp_path) == before


def test_retarget_chooses_too(facemocap: Run, noisy_file: Path, arkit_head: Path, tmp_path: Path):
    folder, saved, report = tmp_path / "out", tmp_path / "chosen.json", tmp_path / "done.json"
    result = facemocap(
        "retarget", noisy_file, "--rig", arkit_head, "--out", folder, "--by-names", "--auto",
        "--save-stack", saved, "--report", report,
    )  # fmt: skip
    assert result.status == 0, result.err
    stack, why = chosen_stack(read_take(noisy_file))
    assert read_stack(saved) == stack
    assert json.loads(report.read_text(encoding="utf-8"))["chosen"] == list(why)
    refused = facemocap(
        "retarget", noisy_file, "--rig", arkit_head, "--out", folder, "--auto", "--raw"
    )
    assert refused.status == 2
    assert "--auto changes it" in refused.complaint
