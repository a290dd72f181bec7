# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that the panel has not made: from the command line, with links, from another version."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy as blender
import pytest

import facemocap_addon
from facemocap_addon import migrations

# the stubs of bpy know nothing of an add-on's operators and properties
bpy: Any = blender


@pytest.fixture
def addon() -> Iterator[None]:
    """The add-on in an empty file."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    facemocap_addon.register()
    try:
        yield
    finally:
        facemocap_addon.unregister()


def state() -> Any:
    return bpy.context.scene.facemocap


@pytest.fixture(scope="module")
def applied_without_panel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with an applied take, made in a Blender where nothing is registered."""
    root = Path(__file__).resolve().parents[2]
    path = tmp_path_factory.mktemp("applied") / "applied.blend"
    code = f"""
import sys, os, bpy
sys.path.insert(0, {str(root)!r})
from facemocap_addon.core.rig_maps.matching import match
from facemocap_addon.core.readers import read_take
from facemocap_addon.gateway.characters.characters import find_characters, read_character
from facemocap_addon.gateway.applying.performance import ApplyOptions, apply_take
bpy.ops.wm.open_mainfile(filepath={str(root / "sample_rigs" / "bone_face.blend")!r})
scene = bpy.context.scene
take = read_take({str(root / "sample_rigs" / "sample_take.csv")!r})
picked = find_characters(scene)[0]
rig_map = match(read_character(picked, scene).controls, take, rig=picked.name)
apply_take(scene, picked, take, rig_map, ApplyOptions(start_frame=11))
bpy.ops.wm.save_as_mainfile(filepath={str(path)!r})
sys.stdout.flush()
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", code], check=True, env=dict(os.environ))
    return path


def check_adopted() -> None:
    assert [take.name for take in state().takes] == ["sample_take"]
    (item,) = state().characters
    assert (item.name, item.armature.type) == ("bone_face", "ARMATURE")
    assert item.matched_count > 40
    assert item.meshes
    assert (item.applied, item.applied_start) == ("sample_take", 11.0)
    assert bpy.ops.facemocap.remove_take() == {"FINISHED"}
    assert not bpy.data.actions


def test_a_file_of_the_command_line_shows_its_take_and_character(
    addon: None, applied_without_panel: Path
):
    bpy.ops.wm.open_mainfile(filepath=str(applied_without_panel))
    check_adopted()


def test_enabling_the_addon_shows_what_the_open_file_holds(applied_without_panel: Path):
    bpy.ops.wm.open_mainfile(filepath=str(applied_without_panel))
    facemocap_addon.register()
    try:
        check_adopted()
    finally:
        facemocap_addon.unregister()


def test_opening_again_lists_nothing_twice_and_keeps_the_choice(
    addon: None, applied_without_panel: Path, sample_rigs: Path, tmp_path: Path
):
    bpy.ops.wm.open_mainfile(filepath=str(applied_without_panel))
    second = tmp_path / "second.csv"
    lines = ["Timecode,BlendshapeCount,JawOpen,EyeBlinkLeft"]
    lines += [f"01:00:{n // 60:02}:{n % 60:02}.000,61,0.{n % 10},0.1" for n in range(120)]
    second.write_text("\n".join(lines) + "\n", encoding="utf-8")
    bpy.ops.facemocap.import_take(filepath=str(second))
    bpy.ops.facemocap.clear_entry(channel="jawOpen")
    kept = state().characters[0].map_json
    path = str(tmp_path / "again.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    assert [take.name for take in state().takes] == ["sample_take", "second"]
    assert state().active_take == 1
    assert len(state().characters) == 1
    assert state().characters[0].map_json == kept
    assert state().characters[0].applied == "sample_take"


def test_state_of_a_newer_version_is_left_alone(
    addon: None, applied_without_panel: Path, tmp_path: Path
):
    bpy.ops.wm.open_mainfile(filepath=str(applied_without_panel))
    assert state().schema == migrations.PANEL_SCHEMA
    state().takes.clear()
    state().schema = migrations.PANEL_SCHEMA + 1
    path = str(tmp_path / "newer.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    assert "newer Face Mocap" in state().notice
    assert not state().takes
    assert state().schema == migrations.PANEL_SCHEMA + 1


def test_migrations_run_one_after_the_other():
    class Old:
        schema = 0
        done: list[int] = []

    steps = {1: lambda state: state.done.append(1), 2: lambda state: state.done.append(2)}
    old = Old()
    assert migrations.upgrade(old, 3, steps)
    assert (old.schema, old.done) == (3, [1, 2])
    assert migrations.upgrade(old, 3, steps)
    assert old.done == [1, 2]
    assert not migrations.upgrade(old, 2, steps)
    assert old.schema == 3


@pytest.mark.parametrize("how", ["linked", "instance", "override"])
def test_linked_characters_ask_first_and_keep_their_keys(
    how: str, addon: None, sample_rigs: Path, tmp_path: Path
):
    scene = bpy.context.scene
    library = str(sample_rigs / "arkit_head.blend")
    with bpy.data.libraries.load(library, link=True) as (there, here):
        here.collections = [name for name in there.collections if name == "arkit_head"]
    collection: Any = here.collections[0]
    if how == "linked":
        scene.collection.children.link(collection)
    else:
        empty = bpy.data.objects.new("arkit_head", None)
        empty.instance_type = "COLLECTION"
        empty.instance_collection = collection
        scene.collection.objects.link(empty)
    if how == "override":
        collection.override_hierarchy_create(
            scene, bpy.context.view_layer, reference=empty, do_fully_editable=True
        )
        bpy.data.objects.remove(empty)
    bpy.ops.facemocap.import_take(filepath=str(sample_rigs / "sample_take.csv"))
    (item,) = state().characters
    assert item.is_linked
    with pytest.raises(RuntimeError, match="Override Linked Data"):
        bpy.ops.facemocap.apply_take()
    assert not item.applied
    state().use_override = True
    bpy.ops.facemocap.apply_take()
    assert not state().characters[0].is_linked
    path = str(tmp_path / "linked.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    (item,) = state().characters
    assert item.applied == "sample_take"
    assert bpy.context.scene in item.armature.users_scene
    keyed = [
        slot.object.data.shape_keys.animation_data.action.name
        for slot in item.meshes
        if slot.object.data.shape_keys and slot.object.data.shape_keys.animation_data
    ]
    assert keyed
    assert set(keyed) == {bpy.data.actions[0].name}
    assert bpy.ops.facemocap.remove_take() == {"FINISHED"}


def test_several_scenes_each_show_their_own_character(
    addon: None, applied_without_panel: Path, tmp_path: Path
):
    bpy.ops.wm.open_mainfile(filepath=str(applied_without_panel))
    state().characters.clear()
    other = bpy.data.scenes.new("empty")
    path = str(tmp_path / "scenes.blend")
    first = bpy.context.scene.name
    bpy.context.window.scene = other
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    assert bpy.context.scene.name == "empty"
    assert not state().characters
    assert [t.name for t in state().takes] == ["sample_take"]
    assert [c.name for c in bpy.data.scenes[first].facemocap.characters] == ["bone_face"]
