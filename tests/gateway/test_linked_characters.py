# SPDX-License-Identifier: GPL-3.0-or-later
"""Linked characters: refused with a sentence, or overridden so that the file keeps everything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from file_state import differences, file_state, pose_matrices, shape_values
from mathutils import Matrix
from small_scenes import (
    BODY_BONES,
    SHAPES,
    add_property,
    body_action,
    character_of,
    drive,
    link_datablock,
    make_armature,
    make_face,
    wave_take,
)

from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.gateway.applying.performance import (
    ApplyOptions,
    apply_take,
    find_performance,
    remove_take,
)
from facemocap_addon.gateway.characters.characters import find_characters

WAYS = ("objects", "collection", "instance", "override", "override, mesh linked")
PLACE = Matrix.Translation((2.0, 1.0, 0.5)) @ Matrix.Rotation(0.7, 4, "Z")


def _library(folder: Path, *, walking: bool = False, properties: bool = False) -> Path:
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    rig = make_armature()
    face = make_face("face", SHAPES, rig)
    teeth = make_face("teeth", ["jawOpen"], rig)
    collection = bpy.data.collections.new("hero")
    collection.instance_offset = (0.3, 0.0, 0.1)
    scene = bpy.context.scene
    scene.collection.children.link(collection)
    for obj in (rig, face, teeth):
        scene.collection.objects.unlink(obj)
        collection.objects.link(obj)
    if walking:
        body_action(rig)
    if properties:
        assert rig.data is not None
        path = add_property(rig.data, "browInnerUp", 0.0, min=0.0, max=1.0)
        drive(face.data.shape_keys.key_blocks["browInnerUp"], "value", rig.data, path)
    path = folder / "library.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    return path


def _link(library: Path, way: str) -> Any:
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    collection = link_datablock(str(library), "collections", "hero")
    if way == "objects":
        for obj in collection.objects:
            scene.collection.objects.link(obj)
    elif way == "instance":
        empty = bpy.data.objects.new("hero place", None)
        empty.instance_type, empty.instance_collection = "COLLECTION", collection
        empty.matrix_world = PLACE
        scene.collection.objects.link(empty)
    else:
        scene.collection.children.link(collection)
    if way.startswith("override"):
        collection.override_hierarchy_create(scene, scene.view_layers[0], do_fully_editable=True)
        scene.collection.children.unlink(collection)
    if way == "override":
        for mesh in {o.data for o in scene.objects if o.type == "MESH"}:
            mesh.override_create(remap_local_usages=True)
    bpy.context.view_layer.update()
    return scene


def _picked(scene: Any, way: str) -> tuple[Any, Any]:
    anchor = scene.objects["hero place"] if way == "instance" else next(iter(scene.objects))
    return character_of(scene, anchor)


@pytest.mark.parametrize("way", [way for way in WAYS if way != "override"])
def test_without_agreement_nothing_changes(way: str, tmp_path: Path) -> None:
    scene = _link(_library(tmp_path), way)
    picked, rig_map = _picked(scene, way)
    before = file_state(scene, without_texts=False)
    with pytest.raises(FacemocapError, match=r"linked from another file.*--override") as caught:
        apply_take(scene, picked, wave_take(), rig_map)
    assert "\n" not in str(caught.value)
    assert differences(before, file_state(scene, without_texts=False)) == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("walking", [False, True])
def test_overridden_saved_and_reloaded_it_plays(way: str, walking: bool, tmp_path: Path) -> None:
    scene = _link(_library(tmp_path, walking=walking), way)
    frames = [1, 9, 25, 40]
    picked, rig_map = _picked(scene, way)
    body = pose_matrices(scene, picked.armature, frames) if way != "instance" else None
    take = wave_take()
    options = ApplyOptions(override=way != "override")
    apply_take(scene, picked, take, rig_map, options)

    for _ in range(2):
        assert sorted(o.name for o in scene.objects if o.type != "EMPTY") == [
            "face",
            "rig",
            "teeth",
        ]
        assert all(o.library is None for o in scene.objects)
        face, rig = scene.objects["face"], scene.objects["rig"]
        for name, values in shape_values(scene, face, frames).items():
            if name in SHAPES:
                column = take.values[:, take.names.index(name)]
                expected = np.interp((np.array(frames) - 1) / 24, take.times, column)
                np.testing.assert_allclose(values, expected, atol=1e-5)
        for name in BODY_BONES:
            now = pose_matrices(scene, rig, frames)[name]
            if body is not None:
                np.testing.assert_allclose(now, body[name], atol=1e-5)
        # the armature carries the empty's place and the collection's offset
        if way == "instance" and not walking:
            expected_place = PLACE @ Matrix.Translation((-0.3, 0.0, -0.1))
            np.testing.assert_allclose(
                np.array(rig.matrix_world), np.array(expected_place), atol=1e-5
            )
        bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
        bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "shot.blend"))
        scene = bpy.context.scene

    picked, _ = character_of(scene, scene.objects["face"])
    assert find_performance(picked) is not None
    again, again_map = character_of(scene, scene.objects["rig"])
    apply_take(scene, again, take, again_map)
    assert len([a for a in bpy.data.actions if a.library is None]) == 1
    remove_take(scene, again)
    assert [a for a in bpy.data.actions if a.library is None] == []


def test_a_local_character_of_the_same_names_is_left_alone(tmp_path: Path) -> None:
    library = _library(tmp_path)
    scene = _link(library, "collection")
    linked, linked_map = _picked(scene, "collection")
    rig = make_armature("rig")
    face = make_face("face", SHAPES, rig)
    face.data.shape_keys.key_blocks["jawOpen"].value = 0.25
    apply_take(scene, linked, wave_take(), linked_map, ApplyOptions(override=True))
    assert rig.animation_data is None
    assert face.data.shape_keys.animation_data is None
    assert face.data.shape_keys.key_blocks["jawOpen"].value == 0.25
    mine = [c for c in find_characters(scene) if face not in c.objects]
    assert len(mine) == 1
    assert find_performance(mine[0]) is not None
    # and the same again goes to the same place
    apply_take(scene, mine[0], wave_take(), linked_map)
    assert face.data.shape_keys.animation_data is None


def test_a_property_of_linked_armature_data_is_kept(tmp_path: Path) -> None:
    scene = _link(_library(tmp_path, properties=True), "override")
    picked, rig_map = _picked(scene, "override")
    assert any(entry.control.path == 'data["browInnerUp"]' for entry in rig_map.entries)
    with pytest.raises(FacemocapError, match="linked"):
        apply_take(scene, picked, wave_take(), rig_map)
    apply_take(scene, picked, wave_take(), rig_map, ApplyOptions(override=True))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "shot.blend"))
    scene = bpy.context.scene
    values = shape_values(scene, scene.objects["face"], [1, 9, 25, 40])["browInnerUp"]
    take = wave_take()
    column = take.values[:, take.names.index("browInnerUp")]
    np.testing.assert_allclose(
        values, np.interp(np.array([0, 8, 24, 39]) / 24, take.times, column), atol=1e-5
    )


def test_a_missing_control_is_found_before_anything_is_overridden(tmp_path: Path) -> None:
    scene = _link(_library(tmp_path), "collection")
    picked, rig_map = _picked(scene, "collection")
    text = rig_map.to_json()
    text["entries"][0]["control"]["path"] = 'key_blocks["notThere"].value'
    from facemocap_addon.core.rig_maps.rig_map import rig_map_from_json

    before = file_state(scene, without_texts=False)
    with pytest.raises(FacemocapError, match="notThere"):
        apply_take(
            scene,
            picked,
            wave_take(),
            rig_map_from_json(text, "hand.json"),
            ApplyOptions(override=True),
        )
    assert differences(before, file_state(scene, without_texts=False)) == []


def test_a_local_collection_that_is_instanced_can_be_animated(blank_scene: Any) -> None:
    rig = make_armature()
    face = make_face("face", SHAPES, rig)
    collection = bpy.data.collections.new("hero")
    for obj in (rig, face):
        blank_scene.collection.objects.unlink(obj)
        collection.objects.link(obj)
    empty = bpy.data.objects.new("hero place", None)
    empty.instance_type, empty.instance_collection = "COLLECTION", collection
    blank_scene.collection.objects.link(empty)
    picked, rig_map = character_of(blank_scene, empty)
    assert set(picked.objects) == {rig, face}
    report = apply_take(blank_scene, picked, wave_take(), rig_map)
    assert report.counts["keys"] > 100
    assert face.data.shape_keys.animation_data.action is not None
