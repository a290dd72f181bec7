# SPDX-License-Identifier: GPL-3.0-or-later
"""calibrate, and retarget with an actor's range and example pairs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facemocap_addon.core.actor.example_pairs import (
    ExampleLibrary,
    example_from_take,
    write_example_library,
)
from facemocap_addon.core.actor.range_measuring import measure_range
from facemocap_addon.core.actor.range_of_motion import (
    ChannelRange,
    RangeOfMotion,
    read_range_of_motion,
    write_range_of_motion,
)
from facemocap_addon.core.controls import ControlKey
from facemocap_addon.core.readers import read_take

Run = Callable[..., Any]
Files = Callable[[Path], set[str]]


def shape(name: str, owner: str = "arkit_head") -> ControlKey:
    return ControlKey("shape_key", owner, f'key_blocks["{name}"].value')


def keys_of(action: Any, name: str) -> Any:
    """Frames and values of a shape key's curve on the head itself ``(n, 2)``."""
    import bpy

    head: Any = bpy.data.objects["arkit_head"].data
    slot = head.shape_keys.animation_data.action_slot
    curves = action.layers[0].strips[0].channelbag(slot).fcurves
    (curve,) = [curve for curve in curves if curve.data_path == shape(name).path]
    return np.array([point.co for point in curve.keyframe_points], np.float64)


def test_calibrate_writes_the_measured_range_and_says_it(
    facemocap: Run, sample_take: Path, tmp_path: Path
):
    out = tmp_path / "Anna.range.json"
    result = facemocap("calibrate", sample_take, "--own", "--out", out)
    assert result.status == 0
    assert result.err == ""
    rom = read_range_of_motion(out)
    assert rom == measure_range(read_take(sample_take), "Anna", own=True)
    lines = [line.split() for line in result.out.splitlines()]
    assert ["neutral", "extreme", "gain"] in lines
    own = rom.by_channel()["browInnerUp"]
    assert [
        "browInnerUp",
        *(f"{n:.3f}" for n in (own.neutral, own.extreme)),
        f"{own.gain:.2f}",
    ] in lines
    assert [line for line in result.out.splitlines() if "note" in line][-1].endswith(
        rom.warnings[-1]
    )
    again = facemocap(
        "calibrate", sample_take, "--neutral", "2.5", "--out", out, "--overwrite", "--json"
    )
    assert again.document["neutral_s"] == 2.5
    assert again.document["actor"] == "Anna"
    assert again.document["output"] == str(out)
    assert read_range_of_motion(out).neutral_s == 2.5


def test_calibrate_refuses_what_cannot_be_done(
    facemocap: Run, short_take: Path, tmp_path: Path, files_in: Files
):
    taken = tmp_path / "taken.range.json"
    taken.write_text("mine")
    before = files_in(tmp_path)
    out = tmp_path / "a.range.json"
    for options, part in (
        (["--out", tmp_path / "a.txt"], "is no name for a range"),
        (["--out", taken], "--overwrite"),
        (["--out", tmp_path / "none" / "a.range.json"], "cannot be written"),
        (["--out", out, "--neutral", "-1"], "is no time"),
        (["--out", out, "--neutral", "500"], "is not in the take"),
    ):
        result = facemocap("calibrate", short_take, *options)
        assert result.status == 2
        assert part in result.complaint
        assert files_in(tmp_path) == before
        assert taken.read_text() == "mine"


def test_retarget_brings_the_take_to_the_range_first(
    facemocap: Run, short_take: Path, arkit_head: Path, tmp_path: Path, only_action: Run
):
    """A brow of gain 2 around 0.01 on the character, and in the report whose range it was."""
    path = tmp_path / "anna.range.json"
    one = ChannelRange("browInnerUp", 0.01, 0.51, gain=2.0)
    write_range_of_motion(RangeOfMotion("Anna", (one,)), path)
    start = ("retarget", short_take, "--rig", arkit_head, "--by-names", "--json", "--out")
    plain = facemocap(*start, tmp_path / "plain")
    ranged = facemocap(*start, tmp_path / "ranged", "--actor-range", path)
    assert (plain.status, ranged.status) == (0, 0)
    assert "actor_range" not in plain.document
    assert ranged.document["actor_range"] == {"path": str(path), "actor": "Anna", "channels": 1}
    assert ranged.document["take"]["history"][-1].startswith("calibrated to the range of motion")
    before, after = (
        keys_of(only_action(tmp_path / name / "short_arkit_head.blend"), "browInnerUp")
        for name in ("plain", "ranged")
    )
    assert before[:, 1].max() > 0.02
    np.testing.assert_allclose(after[:, 1], np.clip(2 * (before[:, 1] - 0.01), 0, 1), atol=1e-6)
    np.testing.assert_array_equal(after[:, 0], before[:, 0])


def pairs_file(
    path: Path, take_path: Path, pose: dict[Any, float], character: str = "arkit_head"
) -> Path:
    """One pair: the take's face after half a second."""
    take = read_take(take_path)
    example = example_from_take(take, 0.5, {**pose}, "half a second")
    write_example_library(ExampleLibrary("Anna", character, (example,)), path)
    return path


def test_retarget_with_examples_shows_the_pose_at_its_frame(
    facemocap: Run, short_take: Path, arkit_head: Path, tmp_path: Path, only_action: Run
):
    pose = {shape("mouthSmileLeft"): 0.625, shape("browInnerUp"): 0.25}
    path = pairs_file(tmp_path / "pairs.json", short_take, pose)
    start = ("retarget", short_take, "--rig", arkit_head, "--by-names", "--fps", 24, "--json")
    options = ("--start", 1, "--out")
    plain = facemocap(*start, *options, tmp_path / "plain")
    done = facemocap(*start, "--examples", path, *options, tmp_path / "posed")
    assert (plain.status, done.status) == (0, 0)
    assert done.document["examples"]["pairs"] == ["half a second"]
    for name, value in (("mouthSmileLeft", 0.625), ("browInnerUp", 0.25)):
        keys = keys_of(only_action(tmp_path / "posed" / "short_arkit_head.blend"), name)
        assert keys[keys[:, 0] == 13.0, 1] == pytest.approx(value, abs=1e-6)
    # what no example poses is as it was, to the bit
    before, after = (
        keys_of(only_action(tmp_path / name / "short_arkit_head.blend"), "jawOpen")
        for name in ("plain", "posed")
    )
    np.testing.assert_array_equal(after, before)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("{", "is no JSON"),
        ("[]", "is no range of motion"),
        ('{"schema": 9, "ranges": []}', "schema 9"),
        ('{"schema": 1, "ranges": [{"channel": "jawOpen", "neutral": 0}]}', "extreme is missing"),
        (
            '{"schema": 1, "ranges": [{"channel": "jawOpen", "neutral": NaN, "extreme": 1}]}',
            "finite",
        ),
    ],
)
def test_a_wrong_range_is_refused_before_any_work(
    facemocap: Run, short_take: Path, arkit_head: Path, tmp_path: Path, text: str, part: str
):
    path = tmp_path / "bad.range.json"
    path.write_text(text, encoding="utf-8")
    out = tmp_path / "out"
    result = facemocap(
        "retarget", short_take, "--rig", arkit_head, "--out", out, "--actor-range", path
    )
    assert result.status == 2
    assert part in result.complaint
    assert not out.exists()


def test_wrong_examples_and_what_does_not_go_together_are_refused(
    facemocap: Run, short_take: Path, arkit_head: Path, tmp_path: Path
):
    rom = tmp_path / "bob.range.json"
    write_range_of_motion(RangeOfMotion("Bob", (ChannelRange("jawOpen", 0.0, 1.0),)), rom)
    good = pairs_file(tmp_path / "good.json", short_take, {shape("jawOpen"): 0.5})
    other = pairs_file(
        tmp_path / "other.json", short_take, {shape("jawOpen"): 0.5}, character="Hero"
    )
    lacking = pairs_file(tmp_path / "lacking.json", short_take, {shape("noSuchShape"): 0.5})
    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps({"schema": 1, "examples": [{"name": "a"}]}), encoding="utf-8")
    start = ("retarget", short_take, "--rig", arkit_head, "--by-names", "--out", tmp_path / "out")
    for options, part in (
        (["--examples", tmp_path / "none.json"], "does not exist"),
        (["--examples", broken], "Example 1 of"),
        (["--examples", good, "--raw"], "Give only one"),
        (["--actor-range", rom, "--raw"], "Give only one"),
        (["--examples", good, "--actor-range", rom], 'not of "Bob"'),
        (["--examples", other], 'not of "Anna" on "arkit_head"'),
        (["--examples", lacking], "lacks"),
    ):
        result = facemocap(*start, *options)
        assert result.status == 2
        assert part in result.complaint
        assert not (tmp_path / "out").exists()
