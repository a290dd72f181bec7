# SPDX-License-Identifier: GPL-3.0-or-later
"""The health of what plays on a character: gaps as they are seen, drivers, times, mirror."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from contact_looks import Actor, open_actor
from control_rigs import make_rigged_face
from file_state import differences, file_state
from small_scenes import add_property, character_of, drive, wave_take

from facemocap_addon.core.health.examine import Health, examine
from facemocap_addon.core.health.on_character import BLINK, CONTACT, OnCharacter
from facemocap_addon.core.progress import run_job
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.stack.stack import Stack, make_step
from facemocap_addon.core.take import Take
from facemocap_addon.gateway.applying.performance import ApplyOptions, apply_take
from facemocap_addon.gateway.health.performance_health import Examined, examine_performance
from facemocap_addon.gateway.writing.records import find_performance

#: What rays from the front see differs from what edges measure by up to so much (per cent).
LIDS_NEAR, LIPS_NEAR = 3.0, 1.5


@pytest.fixture(scope="module")
def take(sample_rigs: Path) -> Take:
    return read_take(sample_rigs / "sample_take.csv")


@pytest.fixture
def head(sample_rigs: Path) -> Actor:
    return open_actor(sample_rigs / "arkit_head.blend")


def checked(scene: Any, picked: Any) -> Examined:
    """What was found; nothing of the file is changed by looking."""
    performance = find_performance(picked)
    assert performance is not None
    scene.frame_set(scene.frame_current)
    before = file_state(scene)
    examined = run_job(examine_performance(scene, performance))
    assert differences(before, file_state(scene)) == []
    return examined


def on_character(health: Health) -> OnCharacter:
    assert health.on_character is not None
    return health.on_character


def codes(health: Health) -> dict[str, str]:
    return {finding.code: finding.severity for finding in health.findings}


@pytest.mark.parametrize("contacts", [True, False])
def test_gaps_are_those_that_are_seen(head: Actor, take: Take, contacts: bool) -> None:
    scene: Any = head.scene
    rate = scene.render.fps / scene.render.fps_base
    head.play(take, ApplyOptions(contacts=contacts))
    health = checked(scene, head.picked).health
    own = on_character(health)
    assert own.is_kept == contacts
    widest = float(take.times[np.argmax(take.values[:, take.column("jawOpen")])])
    scene.frame_set(1 + round(widest * rate))
    head.gaps.find_mouth()
    times = np.arange(scene.frame_end) / rate
    lids: list[tuple[float, float]] = []
    lips: list[tuple[float, float]] = []
    for each in own.closings[::4]:
        if each.what == BLINK:
            side = each.opening.partition("_")[0]
            rows = np.flatnonzero(np.abs(times - each.at_s) <= 0.05)
            seen = [_at(scene, row, head.gaps.lid_gaps)[side] for row in rows.tolist()]
            lids.append((each.after, min(seen)))
        else:
            end_s = next(c.end_s for c in health.lip_contacts if c.start_s == each.at_s)
            rows = np.flatnonzero((times >= each.at_s - 1e-6) & (times <= end_s + 1e-6))
            if len(rows):
                seen = [_at(scene, row, head.gaps.lip_gap) for row in rows.tolist()]
                lips.append((each.after, max(seen)))
    assert len(lids) >= 5
    assert len(lips) >= 6
    for pairs, near in ((lids, LIDS_NEAR), (lips, LIPS_NEAR)):
        told, seen = np.array(pairs).T
        assert np.abs(told - seen).max() < near


def _at(scene: Any, row: int, look: Any) -> Any:
    scene.frame_set(1 + row)
    return look()


def test_keeping_contacts_is_told_before_and_after(head: Actor, take: Take) -> None:
    head.play(take)
    kept = checked(head.scene, head.picked).health
    head.play(take, ApplyOptions(contacts=False))
    captured = checked(head.scene, head.picked).health
    own, plain = on_character(kept), on_character(captured)
    assert [c.at_s for c in own.closings] == [c.at_s for c in plain.closings]
    assert [c.before for c in own.closings] == pytest.approx(
        [c.after for c in plain.closings], abs=1e-4
    )
    assert all(c.before == c.after for c in plain.closings)
    assert max(c.after for c in own.gaps(BLINK)) < 1.0 < max(c.before for c in own.gaps(BLINK))
    assert max(c.after for c in own.gaps(CONTACT)) < 0.5
    assert codes(captured)["eyes_open"] == codes(captured)["lips_open"] == "warning"
    assert codes(kept)["eyes_closed"] == codes(kept)["lips_closed"] == "note"
    assert not {"eyes_open", "lips_open"} & set(codes(kept))
    # each full blink of two eyes is measured on both, a wink on one
    winks = [b for b in kept.blinks if b.kind == "one eye"]
    assert len(own.gaps(BLINK)) == 2 * sum(b.kind in ("full", "long") for b in kept.blinks) + len(
        winks
    )
    assert [c.opening for c in own.closings if c.at_s == winks[0].peak_s] == ["left_lids"]


def test_a_mirrored_part_is_checked_as_it_plays(head: Actor, take: Take) -> None:
    head.play(take, ApplyOptions(mirror=True, range_s=(10.0, 21.2)))
    examined = checked(head.scene, head.picked)
    own = on_character(examined.health)
    assert examined.zero_s == take.times[0]
    assert all(10.0 <= c.at_s <= 21.2 for c in own.closings)
    wink = next(b for b in examined.health.blinks if b.kind == "one eye")
    assert [c.opening for c in own.closings if c.at_s == wink.peak_s] == ["right_lids"]
    assert max(c.after for c in own.gaps(BLINK)) < 1.0


def test_the_take_is_examined_after_its_stack(head: Actor, take: Take) -> None:
    noisy = take.changed(
        "noise",
        values=np.where(
            take.valid, take.values + np.random.default_rng(1).normal(0, 0.02, take.values.shape), 0
        ),
    )
    assert "noise" in codes(examine(noisy))
    steps = ("despike", "gap_fill", "denoise")
    head.play(noisy, ApplyOptions(stack=Stack(tuple(make_step(kind) for kind in steps))))
    health = checked(head.scene, head.picked).health
    assert not {"noise", "spikes", "gaps"} & set(codes(health))
    assert len(health.lip_contacts) == 30


def test_a_character_that_was_not_measured_says_so(blank_scene: Any) -> None:
    rig, face = make_rigged_face(("jawOpen", "eyeBlinkLeft", "eyeBlinkRight"))
    picked, rig_map = character_of(blank_scene, face)
    apply_take(blank_scene, picked, wave_take(), rig_map)
    del rig
    health = checked(blank_scene, picked).health
    own = on_character(health)
    assert (own.openings, own.closings, own.is_kept) == ((), (), False)
    assert codes(health)["contacts_unknown"] == "note"
    assert health.coverage is not None
    assert codes(health)["mapping"] == "fault"


def test_drivers_that_are_followed_are_named(blank_scene: Any) -> None:
    rig, face = make_rigged_face(("jawOpen", "mouthFunnel"))
    path = add_property(rig, "prop_17", 0.0, min=0.0, max=1.0)
    drive(face.data.shape_keys.key_blocks["jawOpen"], "value", rig, path)
    picked, rig_map = character_of(blank_scene, face)
    apply_take(blank_scene, picked, wave_take(), rig_map)
    health = checked(blank_scene, picked).health
    (driver,) = on_character(health).drivers
    assert (driver.name, driver.owner, driver.moved_by) == ("jawOpen", face.name, "prop_17")
    assert not driver.is_keyed
    assert codes(health)["moved_by"] == "note"
    assert "driven" not in codes(health)


def test_a_driver_on_a_keyed_control_is_a_fault(blank_scene: Any) -> None:
    rig, face = make_rigged_face(("jawOpen", "mouthFunnel"))
    picked, rig_map = character_of(blank_scene, face)
    apply_take(blank_scene, picked, wave_take(), rig_map)
    assert on_character(checked(blank_scene, picked).health).drivers == ()
    path = add_property(rig, "prop_17", 0.5)
    # what was just made is not evaluated yet
    rig.update_tag()
    fcurve = drive(face.data.shape_keys.key_blocks["jawOpen"], "value", rig, path)
    health = checked(blank_scene, picked).health
    (driver,) = on_character(health).drivers
    assert driver.is_keyed
    assert codes(health)["driven"] == "fault"
    text = next(f.text for f in health.findings if f.code == "driven")
    assert "jawOpen" in text
    assert "does not move it" in text
    # what the sentence says is so
    values = []
    for frame in (1, 20, 40):
        blank_scene.frame_set(frame)
        keys: Any = face.evaluated_get(bpy.context.evaluated_depsgraph_get()).data.shape_keys
        values.append(keys.key_blocks["jawOpen"].value)
    assert values == pytest.approx([0.5, 0.5, 0.5])
    # a driver that is muted lets the take move it
    fcurve.mute = True
    assert "driven" not in codes(checked(blank_scene, picked).health)


def test_drivers_that_do_nothing_are_warned_of(blank_scene: Any) -> None:
    rig, face = make_rigged_face(("jawOpen", "mouthFunnel"))
    path = add_property(rig, "prop_17", 0.0)
    drive(face.data.shape_keys.key_blocks["jawOpen"], "value", rig, path).mute = True
    picked, rig_map = character_of(blank_scene, face)
    apply_take(blank_scene, picked, wave_take(), rig_map)
    health = checked(blank_scene, picked).health
    notes = [f.text for f in health.findings if f.code == "driver"]
    assert any("jawOpen" in note and "muted" in note for note in notes)
