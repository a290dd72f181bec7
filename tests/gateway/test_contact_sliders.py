# SPDX-License-Identifier: GPL-3.0-or-later
"""Blinks on characters whose sliders end too early, or whose eyes rest half shut."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from captured_moments import SIDES
from contact_looks import Actor, make_actor
from kept_takes import (
    HALF_S,
    SHUT_S,
    at,
    curves,
    key_places,
    shapes,
    speech,
)

from facemocap_addon.gateway.applying.performance import ApplyOptions
from facemocap_addon.gateway.characters.characters import find_characters
from facemocap_addon.gateway.files.rig_files import open_rig


@pytest.fixture(scope="module")
def arkit_file(sample_rigs: Path) -> Path:
    return sample_rigs / "arkit_head.blend"


def reshape_blinks(actor_file: Path, change: Callable[[Any], None]) -> Actor:
    scene = open_rig(actor_file)
    for mesh in find_characters(scene)[0].meshes:
        keys: Any = mesh.data.shape_keys
        if keys is not None and "eyeBlinkLeft" in keys.key_blocks:
            change(keys.key_blocks)
    return make_actor(scene)


def test_a_shape_whose_slider_ends_too_early(arkit_file: Path) -> None:
    def weaken(blocks: Any) -> None:
        basis = key_places(blocks[0])
        for name in ("eyeBlinkLeft", "eyeBlinkRight"):
            blocks[name].data.foreach_set("co", basis + (key_places(blocks[name]) - basis) / 1.3)

    actor = reshape_blinks(arkit_file, weaken)
    sliders = [
        block
        for mesh in actor.picked.meshes
        if mesh.data.shape_keys is not None
        for block in mesh.data.shape_keys.key_blocks
        if block.name.startswith("eyeBlink")
    ]
    assert {block.slider_max for block in sliders} == {1.0}
    report = actor.play(speech())
    for side in SIDES:
        lids = report.measures["lid_gap_percent"][side]
        assert lids["frames_cut_by_limits"] > 0
        told = [text for text in report.warnings if f"The {side} lids stay open" in text]
        assert len(told) == 1
        assert f"{lids['after']['largest']:.1f} %" in told[0]
    at(actor, SHUT_S[0])
    assert min(actor.gaps.lid_gaps().values()) > 10.0
    assert {block.slider_max for block in sliders} == {1.0}
    actor.rest()
    report = actor.play(speech(), ApplyOptions(widen_sliders=True))
    at(actor, SHUT_S[0])
    assert max(actor.gaps.lid_gaps().values()) < 5.0
    assert all(1.2 < block.slider_max < 1.6 for block in sliders)
    told = [text for text in report.warnings if "Slider ranges were widened" in text]
    assert len(told) == 1
    assert "eyeBlinkLeft" in told[0]
    assert "eyeBlinkRight" in told[0]
    assert not any("stay open" in text for text in report.warnings)
    actor.rest()
    assert {block.slider_max for block in sliders} == {1.0}
    # a range that somebody has changed since is theirs
    actor.play(speech(), ApplyOptions(widen_sliders=True))
    sliders[0].slider_max = 3.0
    actor.rest()
    assert sliders[0].slider_max == 3.0
    assert {block.slider_max for block in sliders[1:]} == {1.0}


def test_a_character_that_rests_with_its_eyes_half_shut(arkit_file: Path) -> None:
    def doze(blocks: Any) -> None:
        basis = key_places(blocks[0])
        lower = sum(0.5 * (key_places(blocks[f"eyeBlink{s}"]) - basis) for s in ("Left", "Right"))
        for block in blocks:
            block.data.foreach_set("co", key_places(block) + lower)

    actor = reshape_blinks(arkit_file, doze)
    assert actor.contacts is not None
    assert {"left_lids", "right_lids"} <= set(actor.contacts.openings)
    report = actor.play(speech(), ApplyOptions(on_capture_times=True))
    for time in SHUT_S:
        at(actor, time)
        assert max(actor.gaps.lid_gaps().values()) < 5.0
    at(actor, HALF_S)
    assert all(35.0 < gap < 65.0 for gap in actor.gaps.lid_gaps().values())
    # half as far to go: lids that would overshoot are held where they touch
    assert shapes(curves(actor), "eyeBlinkLeft")[:, 1].max() < 0.7
    assert not any("stay open" in text for text in report.warnings)
