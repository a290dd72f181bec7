# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties behind drivers are keyed; what a driver owns is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from file_state import differences, file_state, shape_values
from small_scenes import add_property, character_of, drive, make_armature, make_face, wave_take

from facemocap_addon.core.controls import PROPERTY, SHAPE_KEY
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.rig_maps.matching import match
from facemocap_addon.core.rig_maps.rig_map import rig_map_from_json
from facemocap_addon.gateway.applying.performance import ApplyOptions, apply_take, remove_take
from facemocap_addon.gateway.characters.characters import pick_character, read_character
from facemocap_addon.gateway.files.rig_files import open_rig

FRAMES = [1, 8, 16, 30, 45]


def _expected(take: Any, channel: str) -> np.ndarray:
    column = take.values[:, take.names.index(channel)]
    return np.interp((np.array(FRAMES) - 1) / 24, take.times, column)


def _applied(scene: Any, face: Any) -> tuple[Any, Any, Any]:
    scene.frame_set(1)
    before = file_state(scene)
    picked, rig_map = character_of(scene, face)
    take = wave_take()
    apply_take(scene, picked, take, rig_map)
    return before, picked, take


def _keyed_paths() -> set[tuple[str, str]]:
    out = set()
    for action in bpy.data.actions:
        for bag in action.layers[0].strips[0].channelbags:
            out |= {(bag.slot.target_id_type, f.data_path) for f in bag.fcurves}
    return out


@pytest.mark.parametrize("where", ["object", "armature data", "pose bone", "face object"])
def test_the_property_is_keyed_wherever_it_lives(where: str, blank_scene: Any) -> None:
    rig = make_armature()
    face = make_face("face", ["jawOpen", "Basis2"], rig)
    holder, id_, head, kind = {
        "object": (rig, rig, "", "OBJECT"),
        "armature data": (rig.data, rig.data, "", "ARMATURE"),
        "pose bone": (rig.pose.bones["head"], rig, 'pose.bones["head"]', "OBJECT"),
        "face object": (face, face, "", "OBJECT"),
    }[where]
    path = add_property(holder, "JawOpen", 0.1, min=0.0, max=1.0)
    drive(face.data.shape_keys.key_blocks["jawOpen"], "value", id_, head + path, "v * 0.5 + 0.1")
    before, picked, take = _applied(blank_scene, face)
    assert (kind, head + path) in _keyed_paths()
    assert ("KEY", 'key_blocks["jawOpen"].value') not in _keyed_paths()
    values = shape_values(blank_scene, face, FRAMES)["jawOpen"]
    np.testing.assert_allclose(values, _expected(take, "jawOpen") * 0.5 + 0.1, atol=1e-5)
    blank_scene.frame_set(1)
    remove_take(blank_scene, picked)
    bpy.context.view_layer.update()
    assert differences(before, file_state(blank_scene)) == []


def test_a_chain_of_drivers_is_keyed_at_its_beginning(blank_scene: Any) -> None:
    rig = make_armature()
    face = make_face("face", ["browInnerUp"], rig)
    first = add_property(rig, "jawOpen", 0.0, min=0.0, max=1.0)
    second = add_property(rig, "eyeBlinkLeft", 0.0, min=0.0, max=1.0)
    drive(rig, second, rig, first, "v * 0.5")
    drive(face.data.shape_keys.key_blocks["browInnerUp"], "value", rig, second)
    before, picked, take = _applied(blank_scene, face)
    paths = {path for _, path in _keyed_paths()}
    assert first in paths
    assert second not in paths
    values = shape_values(blank_scene, face, FRAMES)["browInnerUp"]
    np.testing.assert_allclose(values, _expected(take, "jawOpen") * 0.5, atol=1e-5)
    blank_scene.frame_set(1)
    remove_take(blank_scene, picked)
    bpy.context.view_layer.update()
    assert differences(before, file_state(blank_scene)) == []


def test_whole_numbers_stay_whole_numbers(blank_scene: Any) -> None:
    rig = make_armature()
    face = make_face("face", ["browInnerUp"], rig)
    path = add_property(rig, "jawOpen", 1, min=0, max=100)
    drive(face.data.shape_keys.key_blocks["browInnerUp"], "value", rig, path, "v / 100")
    blank_scene.frame_set(1)
    before = file_state(blank_scene)
    picked, rig_map = character_of(blank_scene, face)
    text = rig_map.to_json()
    entry = next(e for e in text["entries"] if e["control"]["kind"] == PROPERTY)
    assert entry["limits"] == [0.0, 100.0]
    entry["sources"][0]["gain"] = 100.0
    take = wave_take()
    apply_take(blank_scene, picked, take, rig_map_from_json(text, "hand"))
    values = shape_values(blank_scene, face, FRAMES)["browInnerUp"]
    np.testing.assert_allclose(values, _expected(take, "jawOpen"), atol=0.011)
    blank_scene.frame_set(1)
    remove_take(blank_scene, picked)
    bpy.context.view_layer.update()
    assert isinstance(rig["jawOpen"], int)
    assert differences(before, file_state(blank_scene)) == []


def test_other_kinds_of_property_are_no_controls(blank_scene: Any) -> None:
    rig = make_armature()
    face = make_face("face", ["a", "b", "c"], rig)
    blocks = face.data.shape_keys.key_blocks
    drive(blocks["a"], "value", rig, add_property(rig, "text", "1.0"))
    drive(blocks["b"], "value", rig, add_property(rig, "jawOpen", [0.1, 0.2]) + "[0]")
    drive(blocks["c"], "value", rig, "location[0]")
    picked = pick_character(blank_scene, [face])
    controls = read_character(picked, blank_scene).controls
    assert [c for c in controls if c.kind == PROPERTY] == []
    assert all(c.driven_by for c in controls if c.kind == SHAPE_KEY)


def test_a_muted_driver_is_named(blank_scene: Any) -> None:
    rig = make_armature()
    face = make_face("face", ["jawOpen"], rig)
    path = add_property(rig, "jawOpen", 0.0)
    drive(face.data.shape_keys.key_blocks["jawOpen"], "value", rig, path).mute = True
    character = read_character(pick_character(blank_scene, [face]), blank_scene)
    assert any("jawOpen" in note and "muted" in note for note in character.notes)


def test_a_broken_driver_is_named(blank_scene: Any) -> None:
    face = make_face("face", ["jawOpen"])
    drive(face.data.shape_keys.key_blocks["jawOpen"], "value", face, '["gone"]')
    blank_scene.frame_set(1)
    character = read_character(pick_character(blank_scene, [face]), blank_scene)
    assert any("jawOpen" in note and "does nothing" in note for note in character.notes)


def test_bones_that_are_driven_are_left_to_their_drivers(blank_scene: Any) -> None:
    rig = make_armature()
    path = add_property(rig, "open", 0.0)
    fcurve = rig.driver_add('pose.bones["jaw"].rotation_quaternion', 1)
    variable = fcurve.driver.variables.new()
    variable.targets[0].id = rig
    variable.targets[0].data_path = path
    picked, rig_map = character_of(blank_scene, rig)
    assert not any('"jaw"].rotation' in e.control.path for e in rig_map.entries)
    apply_take(blank_scene, picked, wave_take(), rig_map)
    assert not any('"jaw"].rotation' in path for _, path in _keyed_paths())


def test_facs_controls_moves_by_its_properties(sample_rigs: Path) -> None:
    take = read_take(sample_rigs / "sample_take.csv")
    scene = open_rig(sample_rigs / "facs_controls.blend", enable_scripts=True)
    picked, rig_map = character_of(scene, bpy.data.objects["facs_head"], take)
    apply_take(scene, picked, take, rig_map)
    kinds = {kind for kind, _ in _keyed_paths()}
    assert "KEY" not in kinds
    assert any(path.startswith('["AU') for _, path in _keyed_paths())
    values = shape_values(scene, bpy.data.objects["facs_head"], range(24, 400, 6))
    moving = [name for name, column in values.items() if np.ptp(column) > 0.1]
    assert len(moving) >= 10


def test_facs_controls_without_scripts_names_what_does_nothing(sample_rigs: Path) -> None:
    scene = open_rig(sample_rigs / "facs_controls.blend")
    picked = pick_character(scene, [bpy.data.objects["facs_head"]])
    notes = read_character(picked, scene).notes
    assert notes
    assert all("scripts are off" in note for note in notes)
    scene = open_rig(sample_rigs / "facs_controls.blend", enable_scripts=True)
    picked = pick_character(scene, [bpy.data.objects["facs_head"]])
    assert read_character(picked, scene).notes == ()


@pytest.mark.parametrize(
    "control",
    [
        {"kind": "shape_key", "owner": "face", "path": 'key_blocks["gone"].value'},
        {"kind": "shape_key", "owner": "face", "path": 'key_blocks["jawOpen"]'},
        {"kind": "shape_key", "owner": "face", "path": 'key_blocks["jawOpen"].name'},
        {"kind": "shape_key", "owner": "face", "path": "not a path ["},
        {"kind": "shape_key", "owner": "face", "path": ""},
        {"kind": "shape_key", "owner": "rig", "path": 'key_blocks["jawOpen"].value'},
        {"kind": "shape_key", "owner": "nobody", "path": 'key_blocks["jawOpen"].value'},
        {"kind": "shape_key", "owner": "another", "path": 'key_blocks["jawOpen"].value'},
        {"kind": "bone", "owner": "rig", "path": 'pose.bones["gone"].rotation'},
        {"kind": "bone", "owner": "rig", "path": 'pose.bones["jaw"].rotation_euler'},
        {"kind": "bone", "owner": "rig", "path": 'pose.bones["jaw"].scale'},
        {"kind": "bone", "owner": "face", "path": 'pose.bones["jaw"].rotation'},
        {"kind": "property", "owner": "rig", "path": '["gone"]'},
        {"kind": "property", "owner": "rig", "path": '["text"]'},
        {"kind": "property", "owner": "rig", "path": '["many"]'},
        {"kind": "property", "owner": "rig", "path": "location"},
        {"kind": "property", "owner": "rig", "path": "location[3]"},
        {"kind": "property", "owner": "rig", "path": "name"},
        {"kind": "property", "owner": "rig", "path": 'data["gone"]'},
    ],
)
def test_controls_that_do_not_exist_get_a_sentence(
    control: dict[str, str], blank_scene: Any
) -> None:
    rig = make_armature()
    face = make_face("face", ["jawOpen"], rig)
    other = make_face("another", ["jawOpen"], make_armature("other rig"))
    rig["text"], rig["many"] = "0.5", [0.1, 0.2, 0.3]
    blank_scene.frame_set(1)
    before = file_state(blank_scene, without_texts=False)
    picked, rig_map = character_of(blank_scene, face)
    data = rig_map.to_json()
    data["entries"].append(
        {"control": control, "sources": [{"channel": "mouthClose"}], "limits": [0, 1]}
    )
    with pytest.raises(FacemocapError) as caught:
        apply_take(blank_scene, picked, wave_take(), rig_map_from_json(data, "hand.json"))
    assert control["owner"] in str(caught.value)
    assert "\n" not in str(caught.value)
    assert differences(before, file_state(blank_scene, without_texts=False)) == []
    assert other.data.shape_keys.animation_data is None


def test_a_map_that_asks_for_too_much_gets_a_sentence(blank_scene: Any) -> None:
    """A gain that leaves the numbers Blender can hold."""
    face = make_face("face", ["jawOpen"])
    picked, rig_map = character_of(blank_scene, face)
    data = rig_map.to_json()
    data["entries"][0]["sources"][0]["gain"] = 1e300
    before = file_state(blank_scene, without_texts=False)
    with pytest.raises(FacemocapError, match="jawOpen"):
        apply_take(
            blank_scene,
            picked,
            wave_take(),
            rig_map_from_json(data, "hand.json"),
            ApplyOptions(raw=True),
        )
    assert differences(before, file_state(blank_scene, without_texts=False)) == []


def test_a_take_that_fits_nothing_gets_a_sentence(blank_scene: Any) -> None:
    face = make_face("face", ["hair", "coat"])
    picked, _ = character_of(blank_scene, face)
    with pytest.raises(FacemocapError, match="fits"):
        apply_take(blank_scene, picked, wave_take(), match([]))
    assert len(bpy.data.actions) == len(bpy.data.texts) == 0
