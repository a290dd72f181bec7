# SPDX-License-Identifier: GPL-3.0-or-later
"""Several characters of a scene: check boxes, one Apply, copies of maps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bpy as blender
import pytest

# the stubs of bpy know nothing of an add-on's operators and properties
bpy: Any = blender

RIGS = ("arkit_head", "bone_face", "toon")


@pytest.fixture(autouse=True)
def crowd(registered: None, sample_rigs: Path) -> None:
    """Three characters in one scene, none checked."""
    for rig in RIGS:
        with bpy.data.libraries.load(str(sample_rigs / f"{rig}.blend")) as (there, here):
            here.collections = [name for name in there.collections if name == rig]
        bpy.context.scene.collection.children.link(here.collections[0])
    bpy.ops.facemocap.import_take(filepath=str(sample_rigs / "sample_take.csv"))
    bpy.ops.facemocap.find_character()
    assert {item.name for item in state().characters} == set(RIGS)


def state() -> Any:
    return bpy.context.scene.facemocap


def one(name: str) -> Any:
    return state().characters[name]


def check(*names: str) -> None:
    for item in state().characters:
        item.is_picked = item.name in names


def playing() -> set[str]:
    return {item.name for item in state().characters if item.applied}


def test_without_a_check_the_chosen_one_is_meant():
    state().active_character = state().characters.find("toon")
    bpy.ops.facemocap.apply_take()
    assert playing() == {"toon"}
    assert len(bpy.data.actions) == 1


def test_one_click_keys_all_that_are_checked_each_by_its_own_map():
    state().active_character = state().characters.find("toon")
    check("arkit_head", "bone_face")
    assert bpy.ops.facemocap.apply_take() == {"FINISHED"}
    assert playing() == {"arkit_head", "bone_face"}
    assert {action.name for action in bpy.data.actions} == {
        "arkit_head sample_take",
        "bone_face sample_take",
    }
    kinds = {
        name: {e["control"]["kind"] for e in json.loads(one(name).map_json)["entries"]}
        for name in ("arkit_head", "bone_face")
    }
    assert kinds["arkit_head"] != kinds["bone_face"]
    check("arkit_head", "bone_face", "toon")
    assert bpy.ops.facemocap.remove_take() == {"FINISHED"}
    assert playing() == set()
    assert not bpy.data.actions


def test_one_failing_does_not_stop_the_others_and_is_named():
    check(*RIGS)
    broken = one("bone_face")
    document = json.loads(broken.map_json)
    document["entries"][0]["control"]["path"] = 'pose.bones["gone"].rotation'
    broken.map_json = json.dumps(document)
    assert bpy.ops.facemocap.apply_take() == {"FINISHED"}
    assert playing() == {"arkit_head", "toon"}
    assert len(bpy.data.actions) == 2
    assert "gone" in broken.applied_warnings
    assert "gone" not in one("toon").applied_warnings
    # mended, it joins the others
    state().active_character = state().characters.find("bone_face")
    bpy.ops.facemocap.match_channels()
    bpy.ops.facemocap.apply_take()
    assert playing() == set(RIGS)
    assert len(bpy.data.actions) == 3
    assert "gone" not in broken.applied_warnings


def test_a_character_that_is_gone_fails_alone():
    check("arkit_head", "toon")
    for obj in list(bpy.data.collections["toon"].all_objects):
        bpy.data.objects.remove(obj)
    assert bpy.ops.facemocap.apply_take() == {"FINISHED"}
    assert playing() == {"arkit_head"}
    assert "no longer in the scene" in one("toon").applied_warnings


def test_when_all_fail_nothing_is_changed():
    check("arkit_head", "toon")
    state().use_trim, state().trim_start_s, state().trim_end_s = True, 500.0, 501.0
    with pytest.raises(RuntimeError):
        bpy.ops.facemocap.apply_take()
    assert playing() == set()
    assert not bpy.data.actions
    state().use_trim = False
    for name in ("arkit_head", "toon"):
        one(name).map_json = ""
    with pytest.raises(RuntimeError, match="None of the 2 characters"):
        bpy.ops.facemocap.apply_take()
    assert not bpy.data.actions


def test_it_is_one_undo_step():
    check(*RIGS)
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.facemocap.apply_take("EXEC_DEFAULT", True)
    assert len(bpy.data.actions) == 3
    bpy.ops.ed.undo()
    assert not bpy.data.actions
    assert playing() == set()
    bpy.ops.ed.redo()
    assert len(bpy.data.actions) == 3
    assert playing() == set(RIGS)


def test_the_button_is_grey_only_when_none_can_be_done():
    check("arkit_head", "toon")
    one("toon").driving_count = 0
    assert bpy.ops.facemocap.apply_take.poll()
    one("arkit_head").driving_count = 0
    assert not bpy.ops.facemocap.apply_take.poll()
    assert not bpy.ops.facemocap.remove_take.poll()


def test_a_map_is_copied_from_another_character():
    state().active_character = state().characters.find("arkit_head")
    one("arkit_head").rows["jawOpen"].links[0].gain = 0.5
    source = one("arkit_head").entry
    one("arkit_head").active_row = one("arkit_head").rows.find("jawOpen")
    source.shape = "SOFT_END"
    changed = {
        e["control"]["path"]: e
        for e in json.loads(one("arkit_head").map_json)["entries"]
        if e["how"] == "hand"
    }
    assert changed
    # a second head of the same kind, whose objects are called otherwise
    for obj in [slot.object for slot in one("arkit_head").meshes]:
        copy = obj.copy()
        copy.data = obj.data.copy()
        copy.name = f"twin {obj.name}"
        copy.modifiers.clear()
        copy.parent = None
        bpy.context.scene.collection.objects.link(copy)
        bpy.context.view_layer.objects.active = copy
    for obj in bpy.context.view_layer.objects:
        obj.select_set(obj.name == "twin arkit_head")
    bpy.ops.facemocap.pick_character()
    twin = state().characters[state().active_character]
    assert "twin" in twin.name
    assert bpy.ops.facemocap.copy_map(character="arkit_head") == {"FINISHED"}
    entries = json.loads(twin.map_json)["entries"]
    assert {e["control"]["owner"] for e in entries} == {"twin arkit_head"}
    got = [e for e in entries if e["control"]["path"] in changed and e["how"] == "hand"]
    assert got
    for entry in got:
        original = changed[entry["control"]["path"]]
        same = {k: v for k, v in entry.items() if k != "control"}
        assert same in [
            {k: v for k, v in e.items() if k != "control"}
            for e in json.loads(one("arkit_head").map_json)["entries"]
            if e["control"]["path"] == original["control"]["path"]
        ]
    assert twin.is_edited
    with pytest.raises(RuntimeError, match="no other character"):
        bpy.ops.facemocap.copy_map(character="nobody")


def entries(name: str) -> list[dict[str, Any]]:
    return json.loads(one(name).map_json)["entries"]


def test_of_another_kind_of_character_only_what_fits_is_taken():
    """Bones of the face here, shapes there: only neck and head have the same names."""
    state().active_character = state().characters.find("toon")
    before = entries("toon")
    assert bpy.ops.facemocap.copy_map(character="bone_face") == {"FINISHED"}
    after = entries("toon")
    bones = [e for e in after if e["control"]["kind"] == "bone"]
    assert {e["control"]["owner"] for e in bones} == {one("toon").armature.name}
    taken = [{**e, "control": None} for e in entries("bone_face")]
    assert all({**e, "control": None} in taken for e in bones)
    # its own shapes go on
    shapes = [e for e in before if e["control"]["kind"] == "shape_key"]
    assert [e for e in after if e["control"]["kind"] == "shape_key"] == shapes
    assert bpy.ops.facemocap.apply_take() == {"FINISHED"}


def test_a_map_file_of_another_character_is_carried_over(tmp_path: Path):
    state().active_character = state().characters.find("arkit_head")
    before = entries("arkit_head")
    path = tmp_path / "arkit.json"
    bpy.ops.facemocap.save_map(filepath=str(path))
    saved = json.loads(path.read_text(encoding="utf-8"))
    for entry in saved["entries"]:
        entry["control"]["owner"] = "other " + entry["control"]["owner"]
        entry["sources"][0]["gain"] = 0.25
    saved["entries"][0]["control"]["path"] = 'key_blocks["gone"].value'
    path.write_text(json.dumps(saved), encoding="utf-8")
    assert bpy.ops.facemocap.load_map(filepath=str(path)) == {"FINISHED"}
    after = entries("arkit_head")
    assert {json.dumps(e["control"]) for e in after} <= {json.dumps(e["control"]) for e in before}
    assert {e["sources"][0]["gain"] for e in after} == {0.25}
    assert bpy.ops.facemocap.apply_take() == {"FINISHED"}
    kept = one("arkit_head").map_json
    for entry in saved["entries"]:
        entry["control"] |= {"kind": "property", "path": '["of nobody"]', "index": 0}
    saved["entries"] = saved["entries"][:1]
    path.write_text(json.dumps(saved), encoding="utf-8")
    with pytest.raises(RuntimeError, match="has none of the 1 controls"):
        bpy.ops.facemocap.load_map(filepath=str(path))
    assert one("arkit_head").map_json == kept


def test_copying_needs_somebody_else():
    for name in ("toon", "bone_face"):
        state().active_character = state().characters.find(name)
        bpy.ops.facemocap.forget_character()
    assert not bpy.ops.facemocap.copy_map.poll()
