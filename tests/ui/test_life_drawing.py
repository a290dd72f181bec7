# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Life panel draws."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy as blender
import pytest

import facemocap_addon
from facemocap_addon.core.layers.presets import layer_presets
from facemocap_addon.core.layers.tracks import LAYER_KINDS
from facemocap_addon.core.stack.kinds import kind_of
from facemocap_addon.core.stack.params import param_fields
from facemocap_addon.ui import life_panel

sys.path.insert(0, str(Path(__file__).resolve().parent))
from test_panel_drawing import LayoutSpy, drawn

# the stubs of bpy know nothing of an add-on's operators and properties
bpy: Any = blender

PANELS = {
    panel.layer: panel for panel in life_panel.CLASSES if getattr(panel, "layer", "") in LAYER_KINDS
}


@pytest.fixture(autouse=True)
def life_addon() -> Iterator[None]:
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    facemocap_addon.register()
    try:
        yield
    finally:
        facemocap_addon.unregister()


@pytest.fixture
def item(sample_rigs: Path) -> Any:
    """A character that a take is to go on."""
    bpy.ops.wm.open_mainfile(filepath=str(sample_rigs / "arkit_head.blend"))
    bpy.ops.facemocap.import_take(filepath=str(sample_rigs / "sample_take.csv"))
    return bpy.context.scene.facemocap.characters[0]


def test_life_offers_all_sets_of_layers(item: Any) -> None:
    words = drawn(life_panel.FACEMOCAP_PT_life) or []
    assert {preset.label for preset in layer_presets()} <= set(words)
    assert set(PANELS) == set(LAYER_KINDS)
    bpy.context.scene.facemocap.characters.clear()
    assert drawn(life_panel.FACEMOCAP_PT_life) is None


@pytest.mark.parametrize("name", LAYER_KINDS)
def test_life_draws_a_layers_parameters(item: Any, name: str) -> None:
    words = " ".join(drawn(PANELS[name]) or [])
    described = {field.name: each for field, each in param_fields(kind_of(name).params)}
    for param in PANELS[name].params:
        assert described[param].label in words
    assert ("Seed" in words) == ("seed" in described)
    assert "Push to NLA Track" not in words
    getattr(item.life, name).layer_on = True
    assert "Push to NLA Track" in " ".join(drawn(PANELS[name]) or [])
    assert "run when a take is applied" in " ".join(drawn(life_panel.FACEMOCAP_PT_life) or [])


def test_life_draws_held_breaths(item: Any) -> None:
    panel = PANELS["breathing"]
    assert "Held Depth" not in " ".join(drawn(panel) or [])
    bpy.ops.facemocap.hold_breath()
    words = drawn(panel) or []
    assert {"From", "To", "Held Depth"} <= set(words)


def test_life_says_which_layers_play_from_tracks(item: Any) -> None:
    bpy.ops.facemocap.apply_take()
    item.life.posture.layer_on = True
    item.life.posture.chin_deg = 8.0
    bpy.ops.facemocap.push_layer(layer="posture")
    words = " ".join(drawn(PANELS["posture"]) or [])
    assert "Plays from an NLA track" in words
    assert "Pull Back into the Stack" in words
    assert "Chin Up" in words


def test_life_header_shows_what_plays_from_a_track(item: Any, monkeypatch: Any) -> None:
    bpy.ops.facemocap.apply_take()
    item.life.posture.layer_on = True
    icons: list[str] = []

    def label(_spy: LayoutSpy, **options: Any) -> None:
        icons.append(options["icon"])

    monkeypatch.setattr(LayoutSpy, "label", label)

    def header() -> list[str]:
        icons.clear()
        stand_in: Any = SimpleNamespace(layer="posture", layout=LayoutSpy())
        PANELS["posture"].draw_header(stand_in, bpy.context)
        return list(icons)

    assert header() == []
    bpy.ops.facemocap.push_layer(layer="posture")
    assert header() == ["NLA"]
    bpy.ops.facemocap.pull_layer(layer="posture")
    assert header() == []
