# SPDX-License-Identifier: GPL-3.0-or-later
"""The stack in the panel: steps, sliders, masks, presets, files, comparison, other characters."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy as blender
import numpy as np
import pytest
from stacked_face import KINDS_WITH_SLIDERS, keys, ready_face

import facemocap_addon
from facemocap_addon.core.stack.kinds import kinds
from facemocap_addon.core.stack.params import param_fields, params_to_json
from facemocap_addon.gateway.files.take_storage import load_take
from facemocap_addon.gateway.writing.kept_stacks import stack_of
from facemocap_addon.gateway.writing.records import find_performance
from facemocap_addon.ops.panel_characters import picked_objects
from facemocap_addon.props import Ghosts, preset_folder

# bpy's stubs do not know what an add-on registers
bpy: Any = blender


@pytest.fixture
def item(registered: None, tmp_path: Path) -> Any:
    """A character that plays a take, without a stack."""
    return ready_face(tmp_path)


def shown(item: Any) -> list[dict[str, Any]]:
    """The steps of the stack's text."""
    return json.loads(item.stack.text)["steps"] if item.stack.text else []


def kept(item: Any) -> list[dict[str, Any]]:
    """The steps that are kept with what plays."""
    found = find_performance(picked_objects(item, bpy.context.scene))
    assert found is not None
    return stack_of(found).to_json()["steps"]


def add(*names: str) -> None:
    for name in names:
        assert bpy.ops.facemocap.add_step(kind=name) == {"FINISHED"}


def test_steps_are_added_moved_doubled_and_removed(item: Any):
    bare = keys()
    add("dead_zone", "range", "neutral")
    assert [row.name for row in item.stack.rows] == ["Dead Zone", "Range", "Neutral"]
    assert [step["kind"] for step in kept(item)] == ["dead_zone", "range", "neutral"]
    bpy.ops.facemocap.move_step(direction="UP")
    assert [row.kind for row in item.stack.rows] == ["dead_zone", "neutral", "range"]
    assert item.stack.active == 1
    item.stack.active = 0
    with pytest.raises(RuntimeError, match="end of the stack"):
        bpy.ops.facemocap.move_step(direction="UP")
    item.stack.rows[0].influence = 0.5
    bpy.ops.facemocap.duplicate_step()
    assert [step["influence"] for step in kept(item)] == [0.5, 0.5, 1.0, 1.0]
    for _ in range(4):
        bpy.ops.facemocap.remove_step()
    assert not item.stack.text
    assert keys() == bare
    with pytest.raises(RuntimeError, match="no step"):
        bpy.ops.facemocap.remove_step()


def test_sliders_reach_the_character_at_once(item: Any):
    add("range")
    assert kept(item)[0]["params"] == {}
    before = keys()
    item.stack.params.range.gain = 0.6
    assert kept(item)[0]["params"] == {"gain": 0.6}
    halved = keys()
    assert halved != before
    item.stack.rows[0].enabled = False
    assert keys() != halved
    item.stack.rows[0].enabled = True
    assert keys() == halved
    item.stack.mask_regions = {"brow"}
    assert kept(item)[0]["mask"]["regions"] == ["brow"]
    assert keys() != halved
    item.stack.mask_regions = set()
    assert keys() == halved


@pytest.mark.parametrize("name", list(KINDS_WITH_SLIDERS))
def test_every_parameter_of_every_kind_is_a_property(item: Any, name: str):
    """A kind that is added has all its parameters in the panel by its description alone."""
    add(name)
    group = getattr(item.stack.params, name)
    kind = kinds()[name]
    held = {prop.identifier for prop in group.bl_rna.properties}
    for field, described in param_fields(kind.params):
        if described.record is None:
            assert field.name in held or any(h.startswith(field.name + "_") for h in held)
    # defaults are shown as defaults: nothing of the stack changes by being looked at
    item.stack.active = 0
    assert shown(item)[0]["params"] == {}
    assert params_to_json(kind.params()) == params_to_json(stack_of_item(item).steps[0].params)


def stack_of_item(item: Any) -> Any:
    found = find_performance(picked_objects(item, bpy.context.scene))
    assert found is not None
    return stack_of(found)


def test_numbers_by_region_belong_to_the_regions_that_are_pressed(item: Any):
    add("range")
    group = item.stack.params.range
    group.regions_given = {"mouth", "jaw"}
    group.regions_mouth = 1.25
    assert kept(item)[0]["params"]["regions"] == {"mouth": 1.25, "jaw": 1.0}
    group.regions_given = {"jaw"}
    assert kept(item)[0]["params"]["regions"] == {"jaw": 1.0}


def test_frames_of_the_mask_come_from_the_scene(item: Any):
    scene = bpy.context.scene
    add("range")
    item.stack.params.range.gain = 0.5
    scene.use_preview_range = True
    scene.frame_preview_start, scene.frame_preview_end = 31, 61
    bpy.ops.facemocap.add_stretch()
    # the scene has 30 frames a second and the take 60, which begins on frame 1
    assert kept(item)[0]["mask"]["frames"] == [[60, 120]]
    item.stack.mask_frames[0].last = 20
    assert kept(item)[0]["mask"]["frames"] == [[20, 60]]
    item.stack.has_soft = True
    item.stack.soft = 3.0
    assert kept(item)[0]["mask"]["soft"] == 3.0
    bpy.ops.facemocap.remove_stretch(stretch=0)
    assert kept(item)[0]["mask"]["frames"] == []


def test_moments_are_added_at_the_playhead(item: Any):
    scene = bpy.context.scene
    add("time_warp")
    for frame in (1, 31):
        scene.frame_set(frame)
        bpy.ops.facemocap.add_pair(param="pairs")
    assert kept(item)[0]["params"]["pairs"] == [[0.0, 0.0], [1.0, 1.0]]
    before = keys()
    item.stack.params.time_warp.pairs[1].second = 1.3
    assert kept(item)[0]["params"]["pairs"] == [[0.0, 0.0], [1.0, 1.3]]
    assert keys() != before
    # what cannot be is said, and what plays stays
    item.stack.params.time_warp.pairs[1].second = -5.0
    assert "follow each other" in item.stack.problem
    assert kept(item)[0]["params"]["pairs"] == [[0.0, 0.0], [1.0, 1.3]]
    bpy.ops.facemocap.remove_pair(param="pairs", pair=1)
    assert kept(item)[0]["params"]["pairs"] == [[0.0, 0.0]]


def test_a_step_that_cannot_be_run_says_why(item: Any):
    add("neutral")
    before = keys()
    item.stack.params.neutral.time_s = 1000.0
    item.stack.params.neutral.source = "time"
    assert "Step 1" in item.stack.problem
    assert keys() == before
    item.stack.params.neutral.time_s = 0.5
    assert not item.stack.problem
    assert keys() != before


def test_comparing_shows_the_raw_take_and_measures(item: Any):
    bare = keys()
    add("range")
    item.stack.params.range.gain = 0.5
    cleaned = keys()
    found = {line.name: line for line in item.stack.differences if not line.unit}
    take = load_take(bpy.context.scene.facemocap.takes[0].text)
    jaw = take.values[:, take.column("jawOpen")]
    assert found["jaw"].most > 0.2
    assert found["jaw"].most <= jaw.max() * 0.5 + 1e-6
    item.stack.show_raw = True
    assert keys() == bare
    assert len(item.stack.differences) == 0
    item.stack.show_raw = False
    assert keys() == cleaned
    bpy.ops.facemocap.go_to_difference(at_s=found["jaw"].at_s)
    assert bpy.context.scene.frame_current == round(found["jaw"].at_s * 30) + 1


def test_ghosts_are_the_raw_curves_whatever_the_stack(item: Any):
    scene = bpy.context.scene
    found = find_performance(picked_objects(item, scene))
    assert found is not None
    raw = {fc.data_path: [k.co.y for k in fc.keyframe_points] for fc in curves()}
    add("range")
    item.stack.params.range.gain = 0.5
    assert not Ghosts.about(found.action.name)
    scene.facemocap.show_ghosts = True
    handle = found.action.slots[0].handle
    lines = Ghosts.of_slot(found.action.name, handle)
    assert {path for path, _ in lines} == set(raw)
    for (path, _), (_, values) in lines.items():
        np.testing.assert_array_equal(values, np.array(raw[path], np.float32))
    scene.facemocap.show_ghosts = False
    assert not Ghosts.of_slot(found.action.name, handle)


def curves() -> list[Any]:
    from facemocap_addon.gateway.writing.keys import find_channelbag

    data = bpy.data.objects["face"].data.shape_keys.animation_data
    bag = find_channelbag(data.action, data.action_slot)
    assert bag is not None
    return list(bag.fcurves)


@pytest.fixture
def own_folder(item: Any) -> Iterator[Path]:
    folder = preset_folder()
    assert folder.is_relative_to(Path(bpy.utils.resource_path("USER")))
    yield folder
    for path in folder.glob("*.stack.json"):
        path.unlink()


def test_presets_are_saved_used_and_deleted(item: Any, own_folder: Path):
    add("range", "dead_zone")
    item.stack.params.dead_zone.width = 0.07
    steps = shown(item)
    assert bpy.ops.facemocap.save_stack_preset(preset="Mine") == {"FINISHED"}
    assert (own_folder / "Mine.stack.json").is_file()
    with pytest.raises(RuntimeError, match="already"):
        bpy.ops.facemocap.save_stack_preset(preset="Mine")
    bpy.ops.facemocap.save_stack_preset(preset="Mine", overwrite=True)
    bpy.ops.facemocap.use_default_stack()
    assert [row.kind for row in item.stack.rows] == ["despike", "gap_fill", "denoise"]
    bpy.ops.facemocap.load_stack_preset(preset="Mine")
    assert kept(item) == steps
    bpy.ops.facemocap.delete_stack_preset(preset="Mine")
    assert not list(own_folder.glob("*.stack.json"))
    with pytest.raises(RuntimeError, match="cannot be deleted"):
        bpy.ops.facemocap.delete_stack_preset(preset="Mine")


def test_stacks_go_through_files(item: Any, tmp_path: Path):
    add("range")
    item.stack.params.range.gain = 0.75
    steps = shown(item)
    path = tmp_path / "mine.stack.json"
    bpy.ops.facemocap.save_stack(filepath=str(path))
    take = load_take(bpy.context.scene.facemocap.takes[0].text)
    assert facemocap_addon.process(take, path).digest != take.digest
    bpy.ops.facemocap.remove_step()
    bpy.ops.facemocap.load_stack(filepath=str(path))
    assert kept(item) == steps
    path.write_text('{"schema": 1, "steps": [{"kind": "magic"}]}', encoding="utf-8")
    with pytest.raises(RuntimeError, match="magic"):
        bpy.ops.facemocap.load_stack(filepath=str(path))
    assert kept(item) == steps


def test_auto_cleanup_is_an_ordinary_stack(registered: None, tmp_path: Path):
    item = ready_face(tmp_path, noise=0.03)
    assert bpy.ops.facemocap.choose_stack() == {"FINISHED"}
    assert "denoise" in [step["kind"] for step in shown(item)]
    assert kept(item) == shown(item)
    assert item.stack.chosen_by
    # it is edited like any other
    item.stack.active = 0
    bpy.ops.facemocap.remove_step()
    assert kept(item) == shown(item)
    assert not item.stack.chosen_by


def test_auto_cleanup_keeps_what_is_not_cleanup(registered: None, tmp_path: Path):
    item = ready_face(tmp_path, noise=0.03)
    add("range", "neutral", "blinks", "style")
    item.stack.params.style.amount = 1.4
    item.stack.rows[2].influence = 0.25
    item.stack.rows[2].keyframe_insert("influence", frame=1)
    item.stack.rows[2].influence = 0.75
    item.stack.rows[2].keyframe_insert("influence", frame=31)
    bpy.ops.facemocap.rerun_stack()
    mine = [step for step in kept(item) if step["kind"] != "neutral"]
    assert bpy.ops.facemocap.choose_stack() == {"FINISHED"}
    chosen = len(kept(item)) - len(mine)
    assert kept(item)[chosen:] == mine
    assert len(mine[1]["influence"]) > 1
    assert {step["kind"] for step in kept(item)[:chosen] if step["enabled"]} == {"denoise"}
    assert kept(item) == shown(item)
    assert "Kept as before: Range, Blinks and " in item.stack.chosen_by
    # keys went along: run again they are the same, and chosen again nothing is there twice
    before = kept(item)
    bpy.ops.facemocap.rerun_stack()
    assert kept(item) == before
    bpy.ops.facemocap.choose_stack()
    assert kept(item) == before


def test_hand_edits_stay_on_top_while_sliders_move(item: Any):
    add("range")
    item.stack.params.range.gain = 0.8
    fcurve = next(fc for fc in curves() if "jawOpen" in fc.data_path)
    machine = fcurve.evaluate(20.0)
    fcurve.keyframe_points[19].co.y += 0.3
    fcurve.update()
    for gain in (0.5, 0.4, 0.8):
        item.stack.params.range.gain = gain
    found = next(fc for fc in curves() if "jawOpen" in fc.data_path)
    assert found.evaluate(20.0) == pytest.approx(machine + 0.3, abs=1e-5)
    assert "hand edit" in item.applied_warnings
    bpy.context.scene.facemocap.hand_edits = "DISCARD"
    bpy.ops.facemocap.rerun_stack()
    found = next(fc for fc in curves() if "jawOpen" in fc.data_path)
    assert found.evaluate(20.0) == pytest.approx(machine, abs=1e-5)


def test_curves_that_are_kept_as_they_are_stay_while_sliders_move(item: Any):
    bpy.context.scene.facemocap.hand_edits = "KEEP"
    add("range")
    fcurve = next(fc for fc in curves() if "jawOpen" in fc.data_path)
    fcurve.keyframe_points[19].co.y = 0.875
    fcurve.update()
    for gain in (0.5, 0.4):
        item.stack.params.range.gain = gain
        found = next(fc for fc in curves() if "jawOpen" in fc.data_path)
        assert found.evaluate(20.0) == pytest.approx(0.875, abs=1e-6)


def test_a_stack_waits_for_a_take(registered: None, tmp_path: Path):
    item = ready_face(tmp_path, apply=False)
    add("range")
    item.stack.params.range.gain = 0.5
    assert not len(bpy.data.actions)
    bpy.ops.facemocap.apply_take()
    assert kept(item) == shown(item)
    cleaned = keys()
    # applied again it is cleaned again
    bpy.ops.facemocap.apply_take()
    assert keys() == cleaned
    bpy.ops.facemocap.remove_take()
    assert len(item.stack.rows) == 1
    assert len(item.stack.differences) == 0


def test_a_file_without_panel_state_shows_its_stack(item: Any, tmp_path: Path):
    add("range")
    item.stack.params.range.gain = 0.5
    steps = kept(item)
    bpy.context.scene.facemocap.characters.clear()
    path = str(tmp_path / "no_panel.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    again = bpy.context.scene.facemocap.characters[0]
    assert shown(again) == steps
    assert again.stack.params.range.gain == 0.5
    assert len(again.stack.differences)
