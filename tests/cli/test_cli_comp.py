# SPDX-License-Identifier: GPL-3.0-or-later
"""comp: what it writes, what it says, what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take_comp import compose, read_recipe
from facemocap_addon.core.take_file import read_take_file, write_take_file

Run = Callable[..., Any]


@pytest.fixture
def comp_recipe(short_take: Path, tmp_path: Path) -> Path:
    take = read_take(short_take)
    write_take_file(take.changed("halved", values=0.5 * take.values), tmp_path / "half.take.npz")
    document = {
        "schema": 1,
        "name": "both",
        "base": "one",
        "takes": {"one": {"file": str(short_take)}, "two": {"file": "half.take.npz"}},
        "stretches": [{"take": "two", "regions": ["mouth", "jaw"], "start_s": 0.3}],
        "search_s": 0.1,
        "longest_s": 0.2,
    }
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_comp_writes_what_the_library_gives(
    facemocap: Run, comp_recipe: Path, short_take: Path, tmp_path: Path
):
    out, report = tmp_path / "both.take.npz", tmp_path / "seams.json"
    result = facemocap("comp", comp_recipe, "--out", out, "--report", report, "--json")
    assert result.status == 0
    takes = {"one": read_take(short_take), "two": read_take(tmp_path / "half.take.npz")}
    expected = compose(takes, read_recipe(comp_recipe))
    written = read_take_file(out)
    assert written.digest == expected.take.digest
    assert written.source.details == expected.take.source.details
    assert result.document == json.loads(report.read_text(encoding="utf-8"))
    assert len(result.document["seams"]) == len(expected.seams) == 1
    plain = facemocap("comp", comp_recipe, "--out", out, "--overwrite")
    assert "stretch 1 start" in plain.out


def test_comp_refuses_what_it_cannot_do(facemocap: Run, comp_recipe: Path, tmp_path: Path):
    out = tmp_path / "both.take.npz"
    cases = [
        ((comp_recipe, "--out", tmp_path / "both.csv"), "no name for a take"),
        ((comp_recipe, "--out", tmp_path / "half.take.npz"), "file to read"),
        ((tmp_path / "none.json", "--out", out), "none.json"),
    ]
    document = json.loads(comp_recipe.read_text(encoding="utf-8"))
    document["takes"]["two"] = {}
    nameless = tmp_path / "nameless.json"
    nameless.write_text(json.dumps(document), encoding="utf-8")
    cases.append(((nameless, "--out", out), "does not say in which file"))
    for arguments, words in cases:
        result = facemocap("comp", *arguments)
        assert result.status == 2
        assert words in result.err
        assert not out.exists()
