# SPDX-License-Identifier: GPL-3.0-or-later
"""Which character of a file, and by which map: map, --map, --character, --override."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")

Run = Callable[..., Any]


def shape_curves(action: Any) -> dict[str, Any]:
    """F-curves of shape keys by the key's name; of several meshes any one."""
    strip = action.layers[0].strips[0]
    found = {}
    for slot in action.slots:
        bag = strip.channelbag(slot)
        for curve in bag.fcurves if bag else ():
            if curve.data_path.startswith('key_blocks["'):
                found[curve.data_path.split('"')[1]] = curve
    return found


def test_several_characters_must_be_chosen_from(
    facemocap: Run, make_rig: Run, open_blend: Run, short_take: Path, tmp_path: Path
):
    rig = make_rig(tmp_path / "crowd.blend", "Anna", "Bert")
    words = ("retarget", short_take, "--rig", rig, "--out", tmp_path / "out")
    for extra in ((), ("--character", "Carl")):
        result = facemocap(*words, *extra)
        assert result.status == 2
        assert '"Anna"' in result.complaint
        assert '"Bert"' in result.complaint
        assert "--character" in result.complaint
    result = facemocap(*words, "--character", "bert", "--json")
    assert result.status == 0
    assert result.document["rigs"][0]["character"] == "Bert"
    open_blend(tmp_path / "out" / "short_crowd.blend")
    assert _keyed_meshes() == {"Bert"}


def _keyed_meshes() -> set[str]:
    keyed = [mesh for mesh in bpy.data.meshes if mesh.shape_keys]
    animations = {mesh: mesh.shape_keys.animation_data for mesh in keyed}
    return {mesh.name for mesh in keyed if animations[mesh] and animations[mesh].action}


def test_a_map_can_be_written_edited_and_used(
    facemocap: Run,
    make_rig: Run,
    only_action: Run,
    short_take: Path,
    tmp_path: Path,
):
    rig = make_rig(tmp_path / "a.blend", "Anna")
    path = tmp_path / "map.json"
    written = facemocap("map", rig, "--out", path)
    assert written.status == 0
    assert "jawOpen" in written.out
    shown = facemocap("map", rig, "--json")
    document = json.loads(path.read_text(encoding="utf-8"))
    assert shown.document == document
    assert {e["sources"][0]["channel"] for e in document["entries"]} == {"jawOpen", "tongueOut"}
    again = facemocap("map", rig, "--out", path)
    assert again.status == 2
    assert "--overwrite" in again.complaint

    document["entries"] = [
        {**e, "sources": [{"channel": "mouthFunnel", "gain": 0.5}]}
        for e in document["entries"]
        if "jawOpen" in e["control"]["path"]
    ]
    path.write_text(json.dumps(document), encoding="utf-8")
    words = ("retarget", short_take, "--rig", rig, "--map", path, "--raw", "--fps", 60)
    result = facemocap(*words, "--out", tmp_path / "out", "--json")
    assert result.status == 0, result.err
    (entry,) = result.document["rigs"]
    assert entry["channels_matched"] == ["mouthFunnel"]
    assert entry["controls_unmatched"] == ["tongueOut"]
    curves = shape_curves(only_action(tmp_path / "out" / "short_a.blend"))
    assert list(curves) == ["jawOpen"]
    rows = short_take.read_text(encoding="utf-8").splitlines()
    first = dict(zip(rows[0].split(","), rows[1].split(","), strict=True))
    assert curves["jawOpen"].evaluate(1) == pytest.approx(float(first["MouthFunnel"]) / 2, abs=1e-6)


def test_a_map_that_names_what_is_not_there(
    facemocap: Run, make_rig: Run, short_take: Path, tmp_path: Path
):
    rig = make_rig(tmp_path / "a.blend", "Anna")
    path = tmp_path / "map.json"
    assert facemocap("map", rig, "--out", path).status == 0
    words = ("retarget", short_take, "--rig", rig, "--map", path, "--out", tmp_path / "out")
    text = path.read_text(encoding="utf-8")

    path.write_text(text.replace('key_blocks[\\"tongueOut\\"]', 'key_blocks[\\"gone\\"]'))
    result = facemocap(*words)
    assert result.status == 2
    assert 'key_blocks["gone"].value of Anna' in result.complaint
    assert not (tmp_path / "out").exists()

    path.write_text(text.replace('"channel": "tongueOut"', '"channel": "tongOut"'))
    result = facemocap(*words, "--json")
    assert result.status == 0
    assert any("tongOut" in warning for warning in result.document["rigs"][0]["warnings"])

    for broken in ("[", "{}", "[1]", text.replace('"schema": 1', '"schema": 9')):
        path.write_text(broken)
        result = facemocap(*words, "--overwrite")
        assert result.status == 2
        assert "map.json" in result.complaint


def test_a_linked_mesh_is_overridden_only_when_agreed(
    facemocap: Run, make_rig: Run, open_blend: Run, short_take: Path, tmp_path: Path
):
    library = make_rig(tmp_path / "library.blend", "Anna")
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(str(library), link=True) as (_, linked):
        linked.collections = ["Anna"]
    scene, collection = bpy.context.scene, linked.collections[0]
    scene.collection.children.link(collection)
    # an override as Blender makes it leaves the mesh, and so its shape keys, linked
    collection.override_hierarchy_create(scene, bpy.context.view_layer, do_fully_editable=True)
    scene.collection.children.unlink(collection)
    shot = tmp_path / "shot.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(shot))

    out = tmp_path / "out"
    words = ("retarget", short_take, "--rig", shot, "--out", out, "--json")
    refused = facemocap(*words)
    assert refused.status == 2
    assert "--override" in refused.document["rigs"][0]["error"]
    assert not out.exists()

    done = facemocap(*words, "--override")
    assert done.status == 0, done.err
    (entry,) = done.document["rigs"]
    open_blend(Path(entry["output"]))
    assert _keyed_meshes() == {"Anna"}
    assert len(shape_curves(bpy.data.actions[entry["action"]])) == 2
