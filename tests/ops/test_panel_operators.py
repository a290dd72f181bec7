# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators as a person and a script call them, on real characters in real Blender."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy as blender
import pytest

import facemocap_addon

# the stubs of bpy know nothing of an add-on's operators and properties
bpy: Any = blender

RIGS = ("arkit_head", "bone_face", "toon", "facs_controls")


@pytest.fixture(autouse=True)
def addon() -> Iterator[None]:
    """The add-on in an empty file."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    facemocap_addon.register()
    try:
        yield
    finally:
        facemocap_addon.unregister()


@pytest.fixture
def take(sample_rigs: Path) -> str:
    return str(sample_rigs / "sample_take.csv")


def state() -> Any:
    return bpy.context.scene.facemocap


def open_rig(sample_rigs: Path, name: str) -> None:
    bpy.ops.wm.open_mainfile(filepath=str(sample_rigs / f"{name}.blend"))


def picture() -> dict[str, Any]:
    """Everything that a removal must put back."""
    return {
        "actions": sorted(action.name for action in bpy.data.actions),
        "range": (bpy.context.scene.frame_start, bpy.context.scene.frame_end),
        "animated": sorted(
            datablock.name_full
            for datablock in [*bpy.data.objects, *bpy.data.shape_keys]
            if datablock.animation_data is not None
        ),
        "values": {
            f"{keys.name_full} {block.name}": block.value
            for keys in bpy.data.shape_keys
            for block in keys.key_blocks
        },
        "bones": {
            f"{obj.name_full} {bone.name}": [tuple(row) for row in bone.matrix_basis]
            for obj in bpy.data.objects
            if obj.pose is not None
            for bone in obj.pose.bones
        },
    }


@pytest.mark.parametrize("rig", RIGS)
def test_from_the_dropped_take_to_the_keyed_face_and_back(rig: str, sample_rigs: Path, take: str):
    open_rig(sample_rigs, rig)
    before = picture()
    folder, name = str(sample_rigs), "sample_take.csv"
    # what Blender calls when a file is dropped: a folder and names in it
    assert bpy.ops.facemocap.import_take(directory=folder, files=[{"name": name}]) == {"FINISHED"}
    character = state().characters[0]
    assert character.name == rig
    assert character.matched_count >= 30
    assert bpy.ops.facemocap.apply_take() == {"FINISHED"}
    assert state().characters[0].applied == "sample_take"
    assert len(bpy.data.actions) == len(before["actions"]) + 1
    assert bpy.context.scene.frame_end > 500
    assert bpy.ops.facemocap.remove_take() == {"FINISHED"}
    assert picture() == before
    assert state().characters[0].applied == ""


def test_applying_twice_makes_one_action(sample_rigs: Path, take: str):
    open_rig(sample_rigs, "arkit_head")
    bpy.ops.facemocap.import_take(filepath=take)
    bpy.ops.facemocap.apply_take()
    names = [action.name for action in bpy.data.actions]
    bpy.ops.facemocap.apply_take()
    assert [action.name for action in bpy.data.actions] == names


def test_undo_takes_the_whole_application_back_in_one_step(sample_rigs: Path, take: str):
    open_rig(sample_rigs, "arkit_head")
    bpy.ops.facemocap.import_take(filepath=take)
    bpy.ops.ed.undo_push(message="before")
    before = picture()
    # what a click does: run with an undo step of its own
    bpy.ops.facemocap.apply_take("EXEC_DEFAULT", True)
    assert picture() != before
    bpy.ops.ed.undo()
    assert picture() == before
    assert state().characters[0].applied == ""
    bpy.ops.ed.redo()
    assert state().characters[0].applied == "sample_take"
    assert picture() != before


def test_saving_keeps_take_map_and_settings(sample_rigs: Path, take: str, tmp_path: Path):
    open_rig(sample_rigs, "toon")
    bpy.ops.facemocap.import_take(filepath=take)
    state().start_mode = "FRAME"
    state().start_frame = 12
    state().use_trim, state().trim_start_s, state().trim_end_s = True, 1.0, 3.0
    state().head_layer = "REPLACE"
    bpy.ops.facemocap.apply_take()
    item = state().characters[0]
    kept = (item.map_json, item.matched_count, [(r.name, r.status, r.summary) for r in item.rows])
    path = str(tmp_path / "kept.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.read_homefile(use_empty=True)
    bpy.ops.wm.open_mainfile(filepath=path)
    item = state().characters[0]
    assert len(state().characters) == len(state().takes) == 1
    assert kept == (
        item.map_json,
        item.matched_count,
        [(r.name, r.status, r.summary) for r in item.rows],
    )
    assert (state().start_mode, state().start_frame) == ("FRAME", 12)
    assert (state().use_trim, state().trim_start_s, state().trim_end_s) == (True, 1.0, 3.0)
    assert state().head_layer == "REPLACE"
    assert (item.applied, item.applied_start) == ("sample_take", 12.0)
    # the stored recording is whole: it can be applied again
    assert bpy.ops.facemocap.apply_take() == {"FINISHED"}
    assert bpy.ops.facemocap.remove_take() == {"FINISHED"}


def test_start_and_trim_place_the_take(sample_rigs: Path, take: str):
    open_rig(sample_rigs, "arkit_head")
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = 24, 1.0
    scene.frame_start = 101
    bpy.ops.facemocap.import_take(filepath=take)
    state().use_trim, state().trim_start_s, state().trim_end_s = True, 2.0, 4.0

    def keyed() -> tuple[float, float]:
        bpy.ops.facemocap.apply_take()
        low, high = bpy.data.actions["arkit_head sample_take"].frame_range
        return low, high

    assert keyed() == (101, 149)
    scene.frame_set(60)
    state().start_mode = "CURRENT_FRAME"
    assert keyed() == (60, 108)
    state().start_mode, state().start_frame = "FRAME", -20
    assert keyed() == (-20, 28)


def test_timecode_places_the_take_by_its_own_clock(sample_rigs: Path, take: str):
    open_rig(sample_rigs, "arkit_head")
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = 24, 1.0
    scene.frame_start, scene.frame_end = 1, 100
    bpy.ops.facemocap.import_take(filepath=take)
    state().start_mode = "TIMECODE"
    state().set_scene_range = False
    hours, minutes, seconds, _ = (int(part) for part in state().start_timecode.split(":"))
    bpy.ops.facemocap.apply_take()
    # the scene starts within the frame in which the take does
    assert 1.0 <= state().characters[0].applied_start < 2.0
    first = state().characters[0].applied_start
    state().start_timecode = f"{hours:02}:{minutes:02}:{seconds - 10:02}:00"
    bpy.ops.facemocap.apply_take()
    frames = int(state().takes[0].timecode.split(":")[3].split(".")[0])
    assert state().characters[0].applied_start > first + 240
    assert state().characters[0].applied_start < first + 240 + frames
    state().start_timecode = "00:00:00:00"
    with pytest.raises(RuntimeError, match="would begin on frame"):
        bpy.ops.facemocap.apply_take()


def test_bad_input_is_one_sentence_and_changes_nothing(tmp_path: Path, sample_rigs: Path):
    page = tmp_path / "page.csv"
    page.write_text("<!doctype html><html></html>", encoding="utf-8")
    for path in (page, tmp_path / "none.csv"):
        with pytest.raises(RuntimeError, match=path.name):
            bpy.ops.facemocap.import_take(filepath=str(path))
    # one bad file among good ones: none is stored
    with pytest.raises(RuntimeError, match="does not exist"):
        bpy.ops.facemocap.import_take(
            directory=str(sample_rigs), files=[{"name": "sample_take.csv"}, {"name": "no.csv"}]
        )
    with pytest.raises(RuntimeError, match="No file was chosen"):
        bpy.ops.facemocap.import_take()
    with pytest.raises(RuntimeError, match="shape keys or bones"):
        bpy.ops.facemocap.find_character()
    assert not state().takes
    assert not bpy.data.texts


def test_grey_buttons_say_why(sample_rigs: Path, take: str):
    def refusal(operator: Any) -> str:
        assert not operator.poll()
        with pytest.raises(RuntimeError) as problem:
            operator()
        return str(problem.value)

    ops = bpy.ops.facemocap
    for operator in (ops.apply_take, ops.forget_take, ops.add_sound):
        assert "Import a take first" in refusal(operator)
    for operator in (ops.remove_take, ops.assign_control, ops.save_map, ops.match_channels):
        assert "Find a character first" in refusal(operator)
    assert "Select the character's face mesh" in refusal(ops.pick_character)
    open_rig(sample_rigs, "arkit_head")
    ops.find_character()
    assert "Import a take first" in refusal(ops.apply_take)
    assert "No take is applied to arkit_head" in refusal(ops.remove_take)
    ops.import_take(filepath=take)
    assert "No WAV or MOV" in refusal(ops.add_sound)
    for row in [row.name for row in state().characters[0].rows if row.status == "MATCHED"]:
        if not state().characters[0].rows[row].links:
            continue  # what the eyeLook channels say once more
        ops.clear_entry(channel=row)
    assert "drives anything on arkit_head" in refusal(ops.apply_take)


def test_selection_picks_the_character(sample_rigs: Path, take: str):
    open_rig(sample_rigs, "arkit_head")
    second = bpy.data.meshes.new("other")
    second.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    other = bpy.data.objects.new("other", second)
    bpy.context.scene.collection.objects.link(other)
    other.shape_key_add(name="Basis")
    other.shape_key_add(name="jawOpen")
    bpy.ops.facemocap.import_take(filepath=take)
    assert not state().characters, "two characters: the person chooses"
    bpy.context.view_layer.objects.active = other
    for obj in bpy.context.view_layer.objects:
        obj.select_set(obj == other)
    bpy.ops.facemocap.pick_character()
    assert [item.name for item in state().characters] == ["other"]
    bpy.ops.facemocap.find_character()
    assert {item.name for item in state().characters} == {"other", "arkit_head"}
    assert state().characters[state().active_character].name == "arkit_head"
    state().active_character = state().characters.find("other")
    bpy.data.objects.remove(other)
    with pytest.raises(RuntimeError, match="no longer in the scene"):
        bpy.ops.facemocap.apply_take()
    bpy.ops.facemocap.forget_character()
    assert [item.name for item in state().characters] == ["arkit_head"]


def test_takes_are_stored_once_and_forgotten(sample_rigs: Path, take: str, tmp_path: Path):
    bpy.ops.facemocap.import_take(filepath=take)
    bpy.ops.facemocap.import_take(filepath=take)
    assert len(state().takes) == len(bpy.data.texts) == 1
    bpy.ops.facemocap.forget_take()
    assert not state().takes
    path = str(tmp_path / "forgotten.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    assert not bpy.data.texts
    assert not state().takes


@pytest.mark.filterwarnings("ignore:.*frame_start:DeprecationWarning")
def test_sound_beside_the_take_goes_to_its_frame(sample_rigs: Path, take: str, tmp_path: Path):
    import wave

    copy = tmp_path / "speech.csv"
    copy.write_bytes(Path(take).read_bytes())
    with wave.open(str(tmp_path / "speech.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16000))
    bpy.ops.facemocap.import_take(filepath=str(copy))
    state().start_mode, state().start_frame = "FRAME", 31
    assert bpy.ops.facemocap.add_sound() == {"FINISHED"}
    editor = bpy.context.scene.sequence_editor
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    assert [(strip.type, strip.frame_start) for strip in strips] == [("SOUND", 31)]
    # a trimmed take begins later in the recording, and so in its sound
    state().use_trim, state().trim_start_s = True, 0.5
    bpy.context.scene.render.fps = 24
    bpy.ops.facemocap.add_sound()
    assert sorted(strip.frame_start for strip in strips) == [19, 31]


def test_preferences_are_the_defaults_of_new_scenes(sample_rigs: Path, take: str):
    """An add-on that Blender has enabled has preferences; classes registered by a script none."""
    scene = bpy.context.scene
    bpy.ops.facemocap.import_take(filepath=take)
    assert (state().keys_mode, state().head_layer) == ("WHOLE_FRAMES", "COMBINE")
    addon = bpy.context.preferences.addons.new()
    addon.module = "facemocap_addon"
    try:
        addon.preferences.keys_mode = "CAPTURE_TIMES"
        addon.preferences.head_layer = "REPLACE"
        bpy.ops.facemocap.import_take(filepath=take)
        assert state().head_layer == "COMBINE", "a scene that has takes keeps its settings"
        bpy.context.window.scene = bpy.data.scenes.new("new")
        bpy.ops.facemocap.import_take(filepath=take)
        assert (state().keys_mode, state().head_layer) == ("CAPTURE_TIMES", "REPLACE")
    finally:
        bpy.context.window.scene = scene
        bpy.context.preferences.addons.remove(addon)


def test_options_reach_the_keys(sample_rigs: Path, take: str):
    open_rig(sample_rigs, "arkit_head")
    bpy.ops.facemocap.import_take(filepath=take)
    bpy.ops.facemocap.apply_take()

    def frames_and_values(shape: str) -> list[tuple[float, float]]:
        action = bpy.data.actions["arkit_head sample_take"]
        curves = {
            curve.data_path: curve
            for bag in action.layers[0].strips[0].channelbags
            for curve in bag.fcurves
        }
        points = curves[f'key_blocks["{shape}"].value'].keyframe_points
        return [tuple(point.co) for point in points]

    left, right = frames_and_values("eyeBlinkLeft"), frames_and_values("eyeBlinkRight")
    assert all(frame == round(frame) for frame, _ in left)
    state().use_mirror = True
    bpy.ops.facemocap.apply_take()
    assert frames_and_values("eyeBlinkLeft") == right
    assert frames_and_values("eyeBlinkRight") == left
    state().keys_mode = "CAPTURE_TIMES"
    bpy.ops.facemocap.apply_take()
    assert any(frame != round(frame) for frame, _ in frames_and_values("eyeBlinkLeft"))
    assert json.loads(state().characters[0].map_json)["schema"] == 1
