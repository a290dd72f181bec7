# SPDX-License-Identifier: GPL-3.0-or-later
"""One take onto several characters of one file, and what is measured by default."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Run = Callable[..., Any]


@pytest.fixture
def crowd(tmp_path: Path, sample_rigs: Path) -> Path:
    """A file with arkit_head and toon, side by side."""
    import bpy

    path = tmp_path / "crowd.blend"
    bpy.ops.wm.open_mainfile(filepath=str(sample_rigs / "arkit_head.blend"), load_ui=False)
    library: Any = bpy.data.libraries.load(str(sample_rigs / "toon.blend"))
    with library as (source, target):
        target.collections = source.collections
    for collection in target.collections:
        bpy.context.scene.collection.children.link(collection)
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    return path


def test_all_characters_get_actions_of_their_own(
    facemocap: Run, crowd: Path, short_take: Path, tmp_path: Path, open_blend: Callable[..., Any]
):
    out = tmp_path / "shots"
    result = facemocap(
        "retarget", short_take, "--rig", crowd, "--out", out, "--all-characters", "--json"
    )
    assert result.status == 0
    entries = result.document["rigs"]
    assert [entry["character"] for entry in entries] == ["arkit_head", "toon"]
    assert len({entry["output"] for entry in entries}) == 1
    assert len({entry["action"] for entry in entries}) == 2
    open_blend(Path(entries[0]["output"]))
    import bpy

    assert {entry["action"] for entry in entries} == {action.name for action in bpy.data.actions}


def test_named_characters_in_the_order_of_their_names(
    facemocap: Run, crowd: Path, short_take: Path, tmp_path: Path
):
    result = facemocap(
        "retarget", short_take, "--rig", crowd, "--out", tmp_path / "o",
        "--character", "toon", "--character", "arkit_head", "--json",
    )  # fmt: skip
    assert [entry["character"] for entry in result.document["rigs"]] == ["toon", "arkit_head"]


def test_several_characters_without_a_name_are_refused_still(
    facemocap: Run, crowd: Path, short_take: Path, tmp_path: Path
):
    result = facemocap("retarget", short_take, "--rig", crowd, "--out", tmp_path / "o")
    assert result.status == 2
    assert '"arkit_head", "toon"' in result.err
    assert not (tmp_path / "o").exists()


def test_one_that_fails_does_not_stop_the_others(
    facemocap: Run, crowd: Path, short_take: Path, tmp_path: Path
):
    map_file = tmp_path / "map.json"
    made = facemocap("map", crowd, "--character", "toon", "--out", map_file)
    assert made.status == 0
    result = facemocap(
        "retarget", short_take, "--rig", crowd, "--out", tmp_path / "o",
        "--all-characters", "--map", map_file, "--json",
    )  # fmt: skip
    assert result.status == 1
    by_name = {entry.get("character", ""): entry for entry in result.document["rigs"]}
    assert by_name["toon"]["status"] == "done"
    (failed,) = (entry for entry in result.document["rigs"] if entry["status"] == "failed")
    assert '"arkit_head"' in failed["error"]
    assert "arkit_head" in result.err


def test_measures_are_in_the_report_and_can_be_left_out(
    facemocap: Run, arkit_head: Path, sample_take: Path, tmp_path: Path
):
    def run(*options: str) -> dict[str, Any]:
        out = tmp_path / "".join(options or ("plain",))
        words = ("retarget", sample_take, "--rig", arkit_head, "--out", out, "--range", "0:6")
        return facemocap(*words, "--json", *options).document["rigs"][0]["measures"]

    kept = run()
    for side in ("left", "right"):
        assert kept["lid_gap_percent"][side]["after"]["largest"] < 5.0
        assert kept["lid_gap_percent"][side]["frames"] > 0
    assert kept["lip_gap_percent"]["after"]["largest"] < 2.0
    for option in ("--raw", "--no-contacts", "--by-names"):
        assert "lid_gap_percent" not in run(option)


def test_what_is_no_face_goes_by_names_with_a_warning(
    facemocap: Run, make_rig: Callable[..., Path], short_take: Path, tmp_path: Path
):
    rig = make_rig(tmp_path / "triangle.blend", "triangle")
    result = facemocap("retarget", short_take, "--rig", rig, "--out", tmp_path / "o", "--json")
    assert result.status == 0
    (entry,) = result.document["rigs"]
    assert entry["keys"] > 0
    assert any("was not measured" in warning for warning in entry["warnings"])
    assert np.isfinite(entry["keys"])
