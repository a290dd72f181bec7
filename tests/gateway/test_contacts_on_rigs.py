# SPDX-License-Identifier: GPL-3.0-or-later
"""Blinks and closed lips of the real takes on real characters, as somebody before them sees them.

The bounds are those of docs/contacts.md: a blink that the take has shut leaves less than 5 % of the
eye open, a half blink 35 to 65 %, closed lips leave a slit under 2 % of the mouth's width. Which
moments these are is read from the files by `captured_moments`, what is open is seen by rays
(`visible_gaps`); neither shares code with the program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from captured_moments import Recording, moments_on
from contact_looks import SAMPLES, SHARED, TAKES, Actor, Seen, look, open_actor, read_both, row
from mathutils import Euler, Matrix

from facemocap_addon.core.take import Take
from facemocap_addon.gateway.applying.performance import ApplyOptions

SHUT, HALF, LIPS = 5.0, (35.0, 65.0), 2.0
#: The long take is used in part; what its blinks and lips range over is told by all of it.
PART_S = (24.0, 66.0)
#: Moments of each kind in each take; fewer where a face is one of several with the same lids.
MOST, FEWER = 8, 5
#: Faces that share their mesh with makehuman_face_female.
ALIKE = {"conv_cc4_extended", "conv_mmd", "conv_unified_expressions"}


@pytest.fixture(scope="module")
def both(shared: Path) -> Any:
    return read_both(shared)


def rig_path(name: str, request: pytest.FixtureRequest) -> Path:
    if name in SAMPLES:
        return request.getfixturevalue("repo") / SAMPLES[name]
    return request.getfixturevalue("shared") / SHARED[name]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[str], None]]:
    lines: list[str] = []
    yield lines.append
    with capsys.disabled():
        print("\n" + "\n".join(lines))


def in_bounds(seen: Seen) -> None:
    assert max(seen.gaps["shut"]) < SHUT
    assert max(seen.gaps["lips"]) < LIPS
    if seen.gaps["half"]:
        assert HALF[0] <= min(seen.gaps["half"])
        assert max(seen.gaps["half"]) <= HALF[1]


# the takes are real ones, whatever the character
@pytest.mark.shared
@pytest.mark.parametrize("name", [*SAMPLES, *SHARED])
def test_blinks_and_lips_meet(
    name: str,
    both: dict[str, tuple[Take, Recording]],
    request: pytest.FixtureRequest,
    say: Callable[[str], None],
) -> None:
    actor = open_actor(rig_path(name, request))
    assert actor.contacts is not None
    assert set(actor.contacts.openings) == {"left_lids", "right_lids", "mouth"}
    most = FEWER if name in ALIKE else MOST
    seen: dict[str, Seen] = {}
    for take_name, (take, recording) in both.items():
        # one take on its own samples, one on the whole frames of the scene
        at_samples = take_name == "slate"
        part = None if at_samples else PART_S
        options = ApplyOptions(
            on_capture_times=at_samples, range_s=part or (None, None), contacts=False
        )
        for what in ("as captured", "with contacts"):
            report = actor.play(take, options)
            found = look(actor, recording, most, at_samples=at_samples, part_s=part)
            actor.rest()
            say(row(name, f"{take_name} {what}", found))
            if what == "as captured":
                assert "lid_gap_percent" not in report.measures
                options = ApplyOptions(on_capture_times=at_samples, range_s=options.range_s)
                continue
            seen[take_name] = found
            # what cannot be reached is told, and nothing of that is needed here to be seen shut
            cut = [
                each["frames_cut_by_limits"]
                for each in (
                    *report.measures["lid_gap_percent"].values(),
                    report.measures["lip_gap_percent"],
                )
            ]
            assert any(cut) == any("stay open by up to" in text for text in report.warnings)
    for found in seen.values():
        in_bounds(found)
    assert len(seen["rom"].gaps["half"]) >= most


# few moments do not tell how far half blinks stray: on the second face squints narrow most
@pytest.mark.shared
@pytest.mark.parametrize("name", ["toon", "rocketbox"])
def test_every_moment_of_the_long_take(
    name: str,
    both: dict[str, tuple[Take, Recording]],
    request: pytest.FixtureRequest,
    say: Callable[[str], None],
) -> None:
    actor = open_actor(rig_path(name, request))
    take, recording = both["rom"]
    actor.play(take)
    seen = look(actor, recording, 1000)
    say(row(name, "rom, all of it", seen))
    assert len(seen.gaps["shut"]) == sum(len(moment.sides) for moment in recording.shut()) > 80
    assert len(seen.gaps["half"]) > 100
    assert len(seen.gaps["lips"]) == len(recording.closed_lips()) == 30
    in_bounds(seen)


@pytest.mark.shared
def test_on_few_frames_every_blink_is_still_shut(
    both: dict[str, tuple[Take, Recording]], repo: Path
) -> None:
    """At twelve frames a second most peaks and some contacts fall between two frames."""
    actor = open_actor(repo / SAMPLES["toon"])
    actor.scene.render.fps = 12
    take, recording = both["rom"]
    actor.play(take, ApplyOptions(range_s=PART_S))
    in_bounds(look(actor, recording, 40, part_s=PART_S))


# the oracle itself


def head(repo: Path) -> Actor:
    return open_actor(repo / SAMPLES["arkit_head"])


def blocks(actor: Actor, name: str) -> list[Any]:
    return [
        mesh.data.shape_keys.key_blocks[name]
        for mesh in actor.picked.meshes
        if mesh.data.shape_keys is not None and name in mesh.data.shape_keys.key_blocks
    ]


def pose(actor: Actor, **values: float) -> None:
    for name, value in values.items():
        for block in blocks(actor, name):
            block.value = value
    bpy.context.view_layer.update()


def test_the_oracle_sees_gaps_and_their_size(repo: Path) -> None:
    actor = head(repo)
    gaps = actor.gaps
    assert gaps.lid_gaps() == pytest.approx({"left": 100.0, "right": 100.0}, abs=0.1)
    pose(actor, jawOpen=1.0)
    gaps.find_mouth()
    mouth = gaps.mouth
    assert mouth is not None
    assert mouth.width == pytest.approx(0.05, abs=0.003)
    wide = gaps.lip_gap()
    pose(actor, jawOpen=0.1)
    # the lips of this head part on straight lines
    assert gaps.lip_gap() == pytest.approx(0.1 * wide, abs=2.0)
    assert gaps.lip_gap() > 2.0
    pose(actor, jawOpen=0.0)
    assert gaps.lip_gap() < 0.5
    pose(actor, eyeBlinkLeft=1.0, eyeBlinkRight=0.5)
    closed = gaps.lid_gaps()
    assert closed["left"] < 5.0
    assert 35.0 < closed["right"] < 65.0
    pose(actor, eyeBlinkLeft=0.85, eyeWideRight=1.0, eyeBlinkRight=0.0)
    barely = gaps.lid_gaps()
    assert 5.0 < barely["left"] < 25.0
    assert barely["right"] > 105.0


def test_the_oracle_turns_with_the_head(repo: Path) -> None:
    actor = head(repo)
    pose(actor, eyeBlinkLeft=0.6, jawOpen=0.8)
    actor.gaps.find_mouth()
    pose(actor, jawOpen=0.1)
    before = actor.gaps.lid_gaps(), actor.gaps.lip_gap()
    armature: Any = actor.picked.armature
    turn = Matrix.Translation((0.2, -0.1, 0.3)) @ Euler((0.4, 0.3, 0.5)).to_matrix().to_4x4()
    armature.matrix_world = turn @ armature.matrix_world
    pose(actor, browInnerUp=0.5)
    assert actor.gaps.lid_gaps() == pytest.approx(before[0], abs=1.5)
    assert actor.gaps.lip_gap() == pytest.approx(before[1], abs=0.3)


@pytest.mark.shared
def test_the_moments_are_what_the_files_say(shared: Path) -> None:
    slate, rom = (Recording(shared / path) for path in TAKES.values())
    assert len(slate.shut()) == 5
    assert len(rom.shut()) > 50
    assert len(rom.closed_lips()) == 30
    assert slate.times[-1] == pytest.approx(5.4533, abs=1e-3)
    frames = np.arange(0.0, slate.times[-1], 1 / 24)
    for moment in moments_on(slate, frames, 100):
        assert np.abs(frames - moment.time_s).min() < 1e-9
