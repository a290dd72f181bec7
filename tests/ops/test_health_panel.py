# SPDX-License-Identifier: GPL-3.0-or-later
"""Health in the panel: checked, gone through, saved, and marked when it is out of date."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import bpy as blender
import numpy as np
import pytest
from stacked_face import ready_face

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.health.examine import examine
from facemocap_addon.core.take import Take, make_take
from facemocap_addon.core.take_file import write_take_file
from facemocap_addon.gateway.files.take_storage import load_take
from facemocap_addon.props import stale_health

# bpy's stubs do not know what an add-on registers
bpy: Any = blender

#: The take begins here on its own clock, at 60 samples a second; the scene has 30 frames.
FIRST_S = 100.0
BLINKS_S = (1.0, 2.5, 4.0)
SPIKE_S = 3.3


@pytest.fixture
def scene(registered: None) -> Any:
    """A scene of 30 frames a second that begins on frame 11."""
    scene = bpy.context.scene
    scene.render.fps = 30
    scene.frame_start = 11
    return scene


def blinking() -> Take:
    """Six seconds with three blinks, one spike of a brow and lips that close once."""
    times = np.arange(361) / 60.0
    blink = sum(np.exp(-(((times - at) / 0.05) ** 2)) for at in BLINKS_S)
    columns = {
        "eyeBlinkLeft": 0.02 + 0.95 * blink,
        "eyeBlinkRight": 0.03 + 0.9 * blink,
        "jawOpen": 0.3 - 0.3 * np.exp(-(((times - 5.0) / 0.2) ** 4)),
        "browInnerUp": 0.3 + 0.2 * np.sin(times),
        "mouthSmileLeft": 0.3 + 0.2 * np.cos(1.7 * times),
    }
    columns["browInnerUp"][round(SPIKE_S * 60)] += 0.5
    channels = [arkit_schema()[name] for name in columns]
    values = np.stack(list(columns.values()), axis=1)
    return make_take(FIRST_S + times, channels, values, rate=60, name="blinking.csv")


@pytest.fixture
def health(scene: Any, tmp_path: Path) -> Any:
    """The report of a take without a character."""
    path = tmp_path / "blinking.take.npz"
    write_take_file(blinking(), path)
    bpy.ops.facemocap.import_take(filepath=str(path))
    assert bpy.ops.facemocap.check_health(what="TAKE") == {"FINISHED"}
    return scene.facemocap.health


def number_of(health: Any, code: str) -> int:
    return [finding.name for finding in health.findings].index(code)


def test_a_take_without_a_character_is_checked(health: Any):
    expected = examine(blinking())
    assert [f.text for f in health.findings] == [f.text for f in expected.findings]
    assert [f.severity for f in health.findings] == [f.severity for f in expected.findings]
    assert len(health.blinks) == len(BLINKS_S)
    assert [blink.at_s for blink in health.blinks] == pytest.approx(BLINKS_S, abs=0.01)
    assert health.blinks_told == "3: 3 full"
    assert all(blink.figures == "100 | 100" for blink in health.blinks)
    assert len(health.contacts) == len(expected.lip_contacts) == 1
    assert health.contacts[0].at_s == pytest.approx(
        expected.lip_contacts[0].start_s - FIRST_S, abs=1e-4
    )
    assert not health.is_performance
    assert not health.character
    assert {line.name for line in health.noise} == {r.region.capitalize() for r in expected.regions}


def test_jumps_go_where_the_take_would_be_placed(health: Any, scene: Any):
    number = number_of(health, "spikes")
    scene.frame_set(1)
    bpy.ops.facemocap.go_to_finding(finding=number)
    assert scene.frame_current == 11 + round(SPIKE_S * 30)
    bpy.ops.facemocap.go_to_health_event(at_s=health.blinks[1].at_s)
    assert scene.frame_current == 11 + round(BLINKS_S[1] * 30)
    scene.facemocap.start_mode = "FRAME"
    scene.facemocap.start_frame = 101
    bpy.ops.facemocap.go_to_health_event(at_s=health.blinks[2].at_s)
    assert scene.frame_current == 101 + round(BLINKS_S[2] * 30)


def test_one_finding_s_moments_are_gone_through_and_begin_again(health: Any, scene: Any):
    line = health.findings[number_of(health, "spikes")]
    line.times, line.count = "1.0 2.0 4.0", 3
    number = number_of(health, "spikes")
    scene.frame_set(20)
    seen: list[int] = []
    for _ in range(4):
        bpy.ops.facemocap.go_to_finding(finding=number)
        seen.append(scene.frame_current)
    assert seen == [41, 71, 131, 41]
    bpy.ops.facemocap.go_to_finding(finding=number, backwards=True)
    assert scene.frame_current == 131
    bpy.ops.facemocap.go_to_finding(finding=number, backwards=True)
    assert scene.frame_current == 71


def test_a_finding_without_moments_says_so(health: Any):
    number = number_of(health, "spikes")
    health.findings[number].times = ""
    with pytest.raises(RuntimeError, match="about all of the take"):
        bpy.ops.facemocap.go_to_finding(finding=number)
    with pytest.raises(RuntimeError, match="no such finding"):
        bpy.ops.facemocap.go_to_finding(finding=99)


@pytest.mark.parametrize("ending", [".html", ".json", ".csv"])
def test_reports_are_saved_as_the_command_line_writes_them(
    health: Any, tmp_path: Path, ending: str
):
    path = tmp_path / f"report{ending}"
    bpy.ops.facemocap.save_health(filepath=str(path))
    text = path.read_text(encoding="utf-8")
    if ending == ".json":
        assert json.loads(text) == examine(blinking()).to_json()
    elif ending == ".csv":
        rows = list(csv.DictReader(text.splitlines()))
        assert {"range_of_motion", "asymmetry_index", "onset_duration"} <= {
            row["measure"] for row in rows
        }
    else:
        assert text.lstrip().lower().startswith("<!doctype html")
        assert "<script" not in text
    bare = tmp_path / "bare"
    bpy.ops.facemocap.save_health(filepath=str(bare), form=ending)
    assert bare.with_suffix(ending).read_text(encoding="utf-8") == text
    with pytest.raises(RuntimeError, match="no name for a report"):
        bpy.ops.facemocap.save_health(filepath=str(tmp_path / "report.txt"))
    assert not (tmp_path / "report.txt").exists()


def test_a_report_is_measured_again_when_the_session_has_none(health: Any, tmp_path: Path):
    first, again = tmp_path / "a.json", tmp_path / "b.json"
    bpy.ops.facemocap.save_health(filepath=str(first))
    kept = tmp_path / "file.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(kept))
    bpy.ops.wm.open_mainfile(filepath=str(kept))
    state = bpy.context.scene.facemocap
    assert state.health.subject == "blinking"
    assert stale_health(state) == ""
    bpy.ops.facemocap.save_health(filepath=str(again))
    assert first.read_bytes() == again.read_bytes()


def test_what_plays_is_checked_after_its_steps(scene: Any, tmp_path: Path):
    item = ready_face(tmp_path, noise=0.02)
    bpy.ops.facemocap.check_health(what="TAKE")
    health = scene.facemocap.health
    assert "noise" in [finding.name for finding in health.findings]
    bpy.ops.facemocap.add_step(kind="denoise")
    # the take itself is as it was
    assert stale_health(scene.facemocap) == ""
    bpy.ops.facemocap.check_health(what="PERFORMANCE")
    assert health.subject == f"waves on {item.name}"
    assert "noise" not in [finding.name for finding in health.findings]
    facts = {line.name: line.value for line in health.facts}
    assert facts["Lids and lips"] == "not measured"
    assert facts["Mapped"] == "5 of 5 channels that move"
    scene.frame_set(1)
    bpy.ops.facemocap.go_to_health_event(at_s=0.5)
    assert scene.frame_current == round(item.applied_start) + 15


def test_jumps_know_of_a_part_that_was_applied(scene: Any, tmp_path: Path):
    item = ready_face(tmp_path, apply=False)
    state = scene.facemocap
    state.use_trim, state.trim_start_s, state.trim_end_s = True, 0.5, 1.5
    state.start_mode, state.start_frame = "FRAME", 41
    bpy.ops.facemocap.apply_take()
    assert item.applied_start == 41
    # before it is applied and after, a take alone and what plays
    for what in ("TAKE", "PERFORMANCE"):
        bpy.ops.facemocap.check_health(what=what)
        bpy.ops.facemocap.go_to_health_event(at_s=1.0)
        assert scene.frame_current == 41 + 15
    bpy.ops.facemocap.remove_take()
    bpy.ops.facemocap.check_health(what="TAKE")
    bpy.ops.facemocap.go_to_health_event(at_s=1.0)
    assert scene.frame_current == 41 + 15


def test_reports_that_are_out_of_date_are_marked(scene: Any, tmp_path: Path):
    item = ready_face(tmp_path)
    state = scene.facemocap
    bpy.ops.facemocap.check_health(what="PERFORMANCE")
    assert stale_health(state) == ""
    bpy.ops.facemocap.add_step(kind="range")
    assert "changed since" in stale_health(state)
    with pytest.raises(RuntimeError, match="check again"):
        bpy.ops.facemocap.save_health(filepath=str(tmp_path / "r.json"))
    bpy.ops.facemocap.check_health(what="PERFORMANCE")
    assert stale_health(state) == ""
    bpy.ops.facemocap.remove_take()
    assert "changed since" in stale_health(state)
    bpy.ops.facemocap.check_health(what="TAKE")
    assert stale_health(state) == ""
    item.map_json = item.map_json.replace('"gain": 1', '"gain": 2', 1)
    assert "map was changed" in stale_health(state)
    bpy.ops.facemocap.check_health(what="TAKE")
    bpy.data.texts.remove(state.health.take)
    assert "gone" in stale_health(state)


def test_without_anything_to_check_the_buttons_say_why(scene: Any, tmp_path: Path):
    with pytest.raises(RuntimeError, match="Import a take first"):
        bpy.ops.facemocap.check_health(what="TAKE")
    with pytest.raises(RuntimeError, match="Check a take first"):
        bpy.ops.facemocap.save_health(filepath=str(tmp_path / "r.json"))
    ready_face(tmp_path, apply=False)
    with pytest.raises(RuntimeError, match="No take plays"):
        bpy.ops.facemocap.check_health(what="PERFORMANCE")


def test_the_take_is_not_touched(health: Any):
    before = blinking().digest
    assert load_take(health.take).digest == before
