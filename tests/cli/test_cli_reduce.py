# SPDX-License-Identifier: GPL-3.0-or-later
"""retarget --reduce: few keys in the file, told in the report, refused when it is no tolerance."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")

Run = Callable[..., Any]


@pytest.mark.parametrize("words", ["0.01", "0.2mm", "every6"])
def test_few_keys_are_written_and_told(
    facemocap: Run, short_take: Path, sample_rigs: Path, tmp_path: Path, words: str
):
    rig, out = sample_rigs / "arkit_head.blend", tmp_path / "out"
    call = ("retarget", short_take, "--rig", rig, "--out", out, "--by-names", "--json")
    plain = facemocap(*call).document["rigs"][0]
    assert "keys_before" not in plain
    (few,) = facemocap(*call, "--overwrite", "--reduce", words).document["rigs"]
    assert few["keys_before"] == plain["keys"]
    assert few["keys"] < 0.6 * plain["keys"]
    assert few["keys_reduced"].startswith(f"{plain['keys']} keys became {few['keys']} (")
    measures = few["measures"]
    assert measures["keys_reduced_to_percent"] == pytest.approx(
        100 * few["keys"] / plain["keys"], abs=1e-9
    )
    if words == "0.01":
        assert 0 < measures["reduction_error"] <= 0.01
    if words == "0.2mm":
        assert 0 < measures["reduction_error_mm"] <= 0.2
    bpy.ops.wm.open_mainfile(filepath=few["output"])
    action = bpy.data.actions[few["action"]]
    bags = [bag for layer in action.layers for s in layer.strips for bag in s.channelbags]
    assert sum(len(f.keyframe_points) for bag in bags for f in bag.fcurves) == few["keys"]


def test_what_is_no_tolerance_is_refused(facemocap: Run, short_take: Path, sample_rigs: Path):
    rig = sample_rigs / "arkit_head.blend"
    words = ("--rig", rig, "--out", "nowhere", "--reduce", "0.2cm")
    result = facemocap("retarget", short_take, *words)
    assert result.status != 0
    assert '"0.2cm" is no tolerance for keys' in result.complaint
