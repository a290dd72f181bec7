# SPDX-License-Identifier: GPL-3.0-or-later
"""retarget --align and --align-timecode: the take lies beside what the scene has."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")

Run = Callable[..., Any]


def test_cli_align_puts_a_moment_on_its_frame(
    facemocap: Run, short_take: Path, sample_rigs: Path, tmp_path: Path
) -> None:
    rig = sample_rigs / "arkit_head.blend"
    words = ("--rig", rig, "--fps", "30", "--by-names", "--no-cache", "--json")
    ranges: list[tuple[int, int]] = []
    for number, more in enumerate(
        (("--start", "50"), ("--align", "0=50"), ("--align", "0.5=65"),
         ("--align", "0.5=65", "--range", "0.2:"))
    ):  # fmt: skip
        out = tmp_path / str(number)
        result = facemocap("retarget", short_take, *words, "--out", out, *more)
        assert result.status == 0, result.err
        ranges.append(tuple(result.document["rigs"][0]["frame_range"]))
    assert ranges[0] == ranges[1] == ranges[2]
    assert ranges[3] == (ranges[0][0] + 6, ranges[0][1])


def test_cli_align_by_timecode(
    facemocap: Run, short_take: Path, sample_rigs: Path, tmp_path: Path
) -> None:
    rig = sample_rigs / "arkit_head.blend"
    words = ("--rig", rig, "--fps", "60", "--by-names", "--no-cache", "--json")
    facts = facemocap("inspect", short_take, "--json").document["timecode"]
    start_s = facts["start_s"]
    hours, rest = divmod(int(start_s), 3600)
    before = f"{hours:02}:{rest // 60:02}:{rest % 60:02}:00"
    result = facemocap(
        "retarget", short_take, *words, "--out", tmp_path / "out", "--align-timecode", before
    )
    assert result.status == 0, result.err
    first = result.document["rigs"][0]["frame_range"][0]
    # keys lie on the first whole frame in the take
    assert first == math.ceil(1 + (start_s - int(start_s)) * 60)


def test_cli_align_is_refused_in_a_sentence(
    facemocap: Run, short_take: Path, sample_rigs: Path, tmp_path: Path
) -> None:
    rig = sample_rigs / "arkit_head.blend"
    for more, says in (
        (("--align", "clap"), "no moment of the take"),
        (("--align-timecode", "noon"), "not a timecode"),
        (("--align", "1=2", "--start", "3"), "cannot be given together"),
    ):
        result = facemocap("retarget", short_take, "--rig", rig, "--out", tmp_path / "out", *more)
        assert result.status != 0
        assert says in result.err
    assert not (tmp_path / "out").exists()
