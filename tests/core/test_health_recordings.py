# SPDX-License-Identifier: GPL-3.0-or-later
"""Health of real recordings, by what is known of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facemocap_addon.core.health.examine import examine
from facemocap_addon.core.health.report_page import to_html
from facemocap_addon.core.readers import read_take

pytestmark = pytest.mark.shared

WITH_HEAD = (
    "livelinkface_udp/LLV_dao.gesichter",
    "gltf/facecap.glb",
    "openface/FACSvatar_demo.csv",
)


@pytest.fixture
def takes(shared: Path) -> Path:
    return shared / "takes"


def test_a_range_of_motion_with_three_dropped_frames(takes: Path):
    health = examine(read_take(takes / "livelinkface" / "alexdjulin_alex_rom_3.csv"))
    assert [drop.samples for drop in health.timing.drops] == [1, 1, 1]
    assert health.timing.gaps == ()
    by_name = {channel.name: channel for channel in health.channels}
    assert by_name["tongueOut"].cut_off_at == pytest.approx(1.0, abs=1e-6)
    assert by_name["tongueOut"].cut_off_share == pytest.approx(20 / 4030, abs=1e-6)
    assert len(by_name["tongueOut"].cut_off) == 2
    assert {by_name[f"head{turn}"].state for turn in ("Yaw", "Pitch", "Roll")} == {"not recorded"}
    highest = max(blink.peak for blink in health.blinks)
    assert highest == pytest.approx(0.994, abs=1e-3)
    # a phone's curves are smooth: no noise, no spikes
    assert np.median([c.noise for c in health.channels if c.kind == "weight"]) < 7e-4
    assert not [c.name for c in health.channels if c.spikes_s]
    assert not [f for f in health.findings if f.severity != "note"]


def test_a_phone_makes_both_eyes_alike_and_not_the_mouth(takes: Path):
    health = examine(read_take(takes / "livelinkface" / "JMTechArt_MySlate_3_iPhone.csv"))
    assert {r.region for r in health.region_pairs if r.is_coupled} == {"brow", "eye", "gaze"}
    pairs = {pair.left: pair for pair in health.pairs}
    assert (pairs["eyeBlinkLeft"].correlation or 0) > 0.9999
    assert (pairs["eyeBlinkLeft"].asymmetry or 0) < 0.003
    assert not any(p.coupled for p in health.pairs if p.region == "mouth")
    (blink,) = health.blinks
    assert blink.peak == pytest.approx(0.887, abs=1e-3)
    assert health.timing.rate_hz == pytest.approx(59.964, abs=2e-3)


def test_a_tape_with_a_gap(takes: Path):
    timing = examine(read_take(takes / "livelinkface_udp" / "LLV_dao.gesichter")).timing
    (gap,) = timing.gaps
    assert gap.samples == 7
    assert gap.end_s - gap.start_s == pytest.approx(7 / 60, abs=0.01)


@pytest.mark.parametrize("name", WITH_HEAD)
def test_real_eyes_turn_back_while_the_head_turns(takes: Path, name: str):
    take = read_take(takes / name)
    evidence = {e.name: e for e in examine(take).sides.evidence}["eyes_and_head"]
    assert evidence.says == "consistent"
    values = take.values.copy()
    values[:, take.column("headYaw")] *= -1
    health = examine(replace(take, values=values))
    assert health.sides.verdict == "mirrored"
    finding = next(f for f in health.findings if f.code == "mirrored")
    assert finding.severity == ("fault" if health.sides.sure >= 0.975 else "warning")
    assert health.sides.evidence[0].agreement == pytest.approx(-evidence.agreement, abs=1e-6)


def test_a_recording_of_eight_bits_is_noisy(takes: Path):
    health = examine(read_take(takes / "gltf" / "facecap.glb"))
    found = {finding.code: finding for finding in health.findings}
    assert "noise" in found
    assert found["cut_off"].channels == ("jawOpen",)


def test_markers_alone(takes: Path):
    take = read_take(takes / "c3d" / "AnimFace_JawMoCap_real_markers_60Hz.c3d")
    health = examine(take)
    assert (health.blinks, health.regions, health.pairs) == ((), (), ())
    assert {channel.unit for channel in health.channels} == {"m"}
    assert (health.timing.samples, health.timing.rate_hz) == (1590, pytest.approx(60.0))
    assert health.findings == ()
    assert "Middle of the points" in to_html(health, take)


def test_half_of_a_recording_is_missing(takes: Path):
    health = examine(read_take(takes / "blender_tracks" / "blenderFace_Subject_01.csv"))
    assert health.findings[0].code == "gaps"
    assert health.findings[0].severity == "fault"
    assert health.timing.gaps[0].samples >= 799


def test_one_picture(takes: Path):
    health = examine(read_take(takes / "mediapipe" / "portrait_expected_blendshapes.pbtxt"))
    assert health.findings == ()
    assert health.timing.samples == 1
