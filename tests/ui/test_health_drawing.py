# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Health panel draws: before a check, after one, and when the report is out of date."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy as blender
import pytest

import facemocap_addon
from facemocap_addon.ui.health_panel import (
    FACEMOCAP_PT_health,
    FACEMOCAP_PT_health_events,
    FACEMOCAP_PT_health_figures,
    FACEMOCAP_PT_health_notes,
    FACEMOCAP_UL_health_events,
)

sys.path.insert(0, str(Path(__file__).resolve().parent))
from test_panel_drawing import LayoutSpy, drawn

# the stubs of bpy know nothing of an add-on's operators and properties
bpy: Any = blender

PARTS = (FACEMOCAP_PT_health_notes, FACEMOCAP_PT_health_events, FACEMOCAP_PT_health_figures)


@pytest.fixture(autouse=True)
def addon() -> Iterator[None]:
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    facemocap_addon.register()
    try:
        yield
    finally:
        facemocap_addon.unregister()


def words(panel: Any) -> str:
    return " ".join(drawn(panel) or [])


def test_without_anything_there_is_no_panel():
    assert drawn(FACEMOCAP_PT_health) is None
    assert all(drawn(part) is None for part in PARTS)


def test_a_take_alone_is_drawn_with_its_findings(sample_rigs: Path):
    bpy.ops.facemocap.import_take(filepath=str(sample_rigs / "sample_take.csv"))
    assert "Check Take" in words(FACEMOCAP_PT_health)
    assert "Check Performance" not in words(FACEMOCAP_PT_health)
    assert all(drawn(part) is None for part in PARTS)
    bpy.ops.facemocap.check_health(what="TAKE")
    seen = words(FACEMOCAP_PT_health)
    health = bpy.context.scene.facemocap.health
    for finding in health.findings:
        place = words(FACEMOCAP_PT_health_notes) if finding.severity == "note" else seen
        # long sentences are wrapped
        assert finding.text.split()[0] in place
    assert "Warnings (2)" in seen
    assert "2 moments" in seen
    assert "Faults" not in seen
    assert {"Page...", "JSON...", "Table..."} <= set(drawn(FACEMOCAP_PT_health) or [])
    assert "check again" not in seen
    events = words(FACEMOCAP_PT_health_events)
    assert "15: " in events
    assert "30, " in events
    assert "as it plays" not in events
    figures = words(FACEMOCAP_PT_health_figures)
    assert {"59.90 Hz", "Mouth", "Noise by region"} <= set(drawn(FACEMOCAP_PT_health_figures) or [])
    assert "mirrored?" in figures


def test_a_performance_is_drawn_and_marked_when_it_was_changed(sample_rigs: Path):
    bpy.ops.wm.open_mainfile(filepath=str(sample_rigs / "toon.blend"))
    bpy.ops.facemocap.import_take(filepath=str(sample_rigs / "sample_take.csv"))
    bpy.ops.facemocap.apply_take()
    bpy.ops.facemocap.check_health(what="PERFORMANCE")
    seen = words(FACEMOCAP_PT_health)
    assert "Check Performance" in seen
    assert "sample_take on toon" in seen
    assert "check again" not in seen
    assert "as captured and as it plays" in words(FACEMOCAP_PT_health_events)
    bpy.ops.facemocap.add_step(kind="dead_zone")
    assert "check again" in words(FACEMOCAP_PT_health)


def test_lines_of_the_lists_lead_to_their_moment(sample_rigs: Path):
    bpy.ops.facemocap.import_take(filepath=str(sample_rigs / "sample_take.csv"))
    bpy.ops.facemocap.check_health(what="TAKE")
    health = bpy.context.scene.facemocap.health
    line = health.blinks[0]
    line.gaps = "10→1 %"
    spy: Any = LayoutSpy()
    shown: Any = SimpleNamespace(layout=spy)
    FACEMOCAP_UL_health_events.draw_item(
        shown, bpy.context, spy, health, line, 0, health, "active_blink"
    )
    assert f"{line.at_s:.2f}" in spy.heard
    assert {line.figures, line.gaps} <= set(spy.heard)
    odd = next(each for each in health.blinks if each.is_odd)
    FACEMOCAP_UL_health_events.draw_item(
        shown, bpy.context, spy, health, odd, 0, health, "active_blink"
    )
    assert f"{odd.at_s:.2f} {odd.name}" in spy.heard
