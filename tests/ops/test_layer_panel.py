# SPDX-License-Identifier: GPL-3.0-or-later
"""The Life panel: switches, sliders, sets, seeds, held breaths and NLA tracks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bpy as blender
import pytest
from stacked_face import keys, make_waves, ready_face

from facemocap_addon.core.layers.presets import layer_presets
from facemocap_addon.core.layers.tracks import LAYER_KINDS
from facemocap_addon.core.take_file import write_take_file

# bpy's stubs do not know what an add-on registers
bpy: Any = blender


@pytest.fixture
def item(registered: None, tmp_path: Path) -> Any:
    """A character that plays a take, without a stack."""
    return ready_face(tmp_path)


def shown(item: Any) -> list[dict[str, Any]]:
    """The steps of the stack's text."""
    return json.loads(item.stack.text)["steps"] if item.stack.text else []


def test_layer_switches_add_steps_in_order(item: Any) -> None:
    bare = keys()
    for name in ("style", "asymmetry", "breathing"):
        getattr(item.life, name).layer_on = True
    assert [step["kind"] for step in shown(item)] == ["asymmetry", "breathing", "style"]
    assert shown(item)[1]["params"] == {"body": True}
    assert [row.kind for row in item.stack.rows] == ["asymmetry", "breathing", "style"]
    item.life.style.amount = 1.6
    assert shown(item)[2]["params"] == {"amount": 1.6}
    assert keys() != bare
    changed = keys()
    item.life.style.layer_influence = 0.5
    assert shown(item)[2]["influence"] == 0.5
    assert keys() not in (bare, changed)
    for name in ("style", "asymmetry", "breathing"):
        getattr(item.life, name).layer_on = False
    assert [step["enabled"] for step in shown(item)] == [False] * 3
    assert keys() == bare


def test_layer_sliders_and_the_list_show_the_same(item: Any) -> None:
    item.life.posture.layer_on = True
    item.life.posture.chin_deg = 7.0
    item.stack.active = 0
    assert item.stack.params.posture.chin_deg == 7.0
    item.stack.params.posture.turn_deg = -4.0
    assert item.life.posture.turn_deg == -4.0
    item.stack.rows[0].enabled = False
    assert not item.life.posture.layer_on
    bpy.ops.facemocap.remove_step()
    item.life.posture.layer_on = True
    assert shown(item)[0]["params"] == {}
    assert item.life.posture.chin_deg == 0.0


def test_layer_sets_keep_what_is_the_takes(item: Any) -> None:
    bpy.ops.facemocap.add_step(kind="range")
    item.life.breathing.layer_on = True
    bpy.context.scene.frame_set(30)
    bpy.ops.facemocap.hold_breath(long_s=0.5)
    bpy.ops.facemocap.new_layer_seed(layer="breathing")
    seed, holds = item.life.breathing.seed, shown(item)[1]["params"]["holds"]
    assert seed != 0
    for preset in layer_presets():
        assert bpy.ops.facemocap.use_layers(preset=preset.name) == {"FINISHED"}
        kinds = [step["kind"] for step in shown(item)]
        assert kinds == ["range", *(step.kind for step in preset.stack.steps)]
        for name in LAYER_KINDS:
            assert getattr(item.life, name).layer_on == (name in kinds)
        if "breathing" in kinds:
            own = shown(item)[kinds.index("breathing")]["params"]
            if preset.name == "calm":
                assert (own["seed"], own["holds"]) == (seed, holds)
    with pytest.raises(RuntimeError, match="no set of layers"):
        bpy.ops.facemocap.use_layers(preset="none")


def test_layer_seeds_draw_anew(item: Any) -> None:
    item.life.asymmetry.layer_on = True
    found = {keys()}
    for _ in range(3):
        bpy.ops.facemocap.new_layer_seed(layer="asymmetry")
        found.add(keys())
    assert len({step["params"]["seed"] for step in shown(item)}) == 1
    assert item.life.asymmetry.seed == shown(item)[0]["params"]["seed"]
    with pytest.raises(RuntimeError, match="Switch it on first"):
        bpy.ops.facemocap.new_layer_seed(layer="posture")


def test_layer_breath_is_held_at_playhead_and_markers(item: Any) -> None:
    scene = bpy.context.scene
    with pytest.raises(RuntimeError, match="No marker"):
        bpy.ops.facemocap.hold_breath_at_markers()
    first = scene.frame_start
    scene.frame_set(first + 15)
    bpy.ops.facemocap.hold_breath(long_s=0.4)
    assert item.life.breathing.layer_on
    assert [(p.first, p.second) for p in item.life.breathing.holds] == [
        (pytest.approx(0.5), pytest.approx(0.9))
    ]
    with pytest.raises(RuntimeError, match="held here already"):
        bpy.ops.facemocap.hold_breath()
    item.life.breathing.holds[0].second = 1.2
    assert shown(item)[0]["params"]["holds"] == [[0.5, 1.2]]
    for name, frame in (("Hold", 6), ("go", 21), ("hold it", 36)):
        scene.timeline_markers.new(name, frame=first + frame)
    bpy.ops.facemocap.hold_breath_at_markers()
    assert shown(item)[0]["params"]["holds"] == [[0.2, 0.7], [1.2, 3.2]]
    bpy.ops.facemocap.release_breath(hold=0)
    assert shown(item)[0]["params"]["holds"] == [[1.2, 3.2]]
    assert len(item.life.breathing.holds) == 1


def test_layer_goes_to_a_track_and_back(item: Any) -> None:
    item.life.asymmetry.layer_on = True
    item.life.asymmetry.amount = 0.2
    before = keys()
    data = bpy.data.objects["face"].data.shape_keys.animation_data
    assert bpy.ops.facemocap.push_layer(layer="asymmetry") == {"FINISHED"}
    assert item.life.asymmetry.layer_on_track
    assert not item.life.asymmetry.layer_on
    assert data.action is None
    assert [track.name for track in data.nla_tracks][-1] == "Face Mocap: Asymmetry"
    strip = data.nla_tracks[-1].strips[0]
    assert strip.blend_type == "ADD"
    # sliders go on reaching the track
    values = [
        k.co.y for k in strip.action.layers[0].strips[0].channelbags[0].fcurves[0].keyframe_points
    ]
    item.life.asymmetry.amount = 0.6
    bag = data.nla_tracks[-1].strips[0].action.layers[0].strips[0].channelbags[0]
    assert [k.co.y for k in bag.fcurves[0].keyframe_points] == pytest.approx(
        [0.5 * value for value in values], abs=1e-5
    )
    item.life.asymmetry.amount = 0.2
    assert bpy.ops.facemocap.pull_layer(layer="asymmetry") == {"FINISHED"}
    assert keys() == before
    assert item.life.asymmetry.layer_on
    assert not item.life.asymmetry.layer_on_track
    assert not data.nla_tracks


def test_layer_track_stays_through_auto_cleanup(registered: None, tmp_path: Path) -> None:
    item = ready_face(tmp_path, noise=0.03)
    item.life.asymmetry.layer_on = True
    bpy.ops.facemocap.push_layer(layer="asymmetry")
    data = bpy.data.objects["face"].data.shape_keys.animation_data
    tracks = [track.name for track in data.nla_tracks]
    assert bpy.ops.facemocap.choose_stack() == {"FINISHED"}
    assert [step["kind"] for step in shown(item)][-1] == "asymmetry"
    assert len(shown(item)) > 1
    data = bpy.data.objects["face"].data.shape_keys.animation_data
    assert [track.name for track in data.nla_tracks] == tracks
    assert item.life.asymmetry.layer_on_track


def test_layer_that_is_switched_on_leaves_its_track(item: Any) -> None:
    item.life.asymmetry.layer_on = True
    before = keys()
    bpy.ops.facemocap.push_layer(layer="asymmetry")
    item.life.asymmetry.layer_on = True
    assert not item.life.asymmetry.layer_on_track
    assert keys() == before


def test_layer_tracks_need_a_take(registered: None, tmp_path: Path) -> None:
    item = ready_face(tmp_path, apply=False)
    item.life.style.layer_on = True
    assert [step["kind"] for step in shown(item)] == ["style"]
    with pytest.raises(RuntimeError, match="apply one first"):
        bpy.ops.facemocap.push_layer(layer="style")


def test_marked_moment_falls_on_its_frame(registered: None, tmp_path: Path) -> None:
    item = ready_face(tmp_path, apply=False)
    state = bpy.context.scene.facemocap
    state.start_mode, state.mark_s, state.start_frame = "MARK", 0.5, 65
    bpy.ops.facemocap.apply_take()
    # 30 frames a second: the take begins half a second before
    assert item.applied_start == 50.0
    state.use_trim, state.trim_start_s, state.trim_end_s = True, 0.2, 1.5
    bpy.ops.facemocap.apply_take()
    assert item.applied_start == pytest.approx(56.0, abs=1e-4)


@pytest.mark.parametrize("way", ["remove", "bake", "another take"])
def test_layer_is_on_when_its_track_went_with_the_take(item: Any, way: str, tmp_path: Path) -> None:
    item.life.asymmetry.layer_on = True
    item.life.asymmetry.amount = 0.2
    item.life.posture.layer_on = True
    item.life.posture.layer_on = False
    before = keys()
    bpy.ops.facemocap.push_layer(layer="asymmetry")
    assert [step["enabled"] for step in shown(item) if "enabled" in step] == [False, False]
    if way == "remove":
        bpy.ops.facemocap.remove_take()
    elif way == "bake":
        bpy.ops.facemocap.bake_down()
    else:
        write_take_file(make_waves(0.1), tmp_path / "other.take.npz")
        bpy.ops.facemocap.import_take(filepath=str(tmp_path / "other.take.npz"))
        bpy.ops.facemocap.apply_take()
        bpy.context.scene.facemocap.active_take = 0
    item = bpy.context.scene.facemocap.characters[0]
    assert item.life.asymmetry.layer_on
    assert not item.life.asymmetry.layer_on_track
    # what was off for another reason stays so
    assert not item.life.posture.layer_on
    bpy.ops.facemocap.apply_take()
    assert not item.life.asymmetry.layer_on_track
    assert keys() == before


def test_layer_on_a_track_is_on_in_a_saved_stack(item: Any, tmp_path: Path) -> None:
    item.life.posture.layer_on = True
    path = tmp_path / "life.json"
    bpy.ops.facemocap.save_stack(filepath=str(path))
    before = path.read_bytes()
    bpy.ops.facemocap.push_layer(layer="posture")
    bpy.ops.facemocap.save_stack(filepath=str(path))
    assert path.read_bytes() == before
    assert item.life.posture.layer_on_track


def test_layer_switch_tells_of_lost_keys(item: Any) -> None:
    item.life.asymmetry.layer_on = True
    item.life.asymmetry.amount = 0.2
    bpy.ops.facemocap.push_layer(layer="asymmetry")
    data = bpy.data.objects["face"].data.shape_keys.animation_data
    influence = data.nla_tracks[-1].strips[0].fcurves.find("influence")
    influence.keyframe_points.insert(20.0, 0.0)
    item.life.asymmetry.layer_on = True
    assert "influence keys of Asymmetry" in item.applied_warnings
