# SPDX-License-Identifier: GPL-3.0-or-later
"""Actor in the panel: a measured range, and example pairs that stand on the character."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bpy as blender
import numpy as np
import pytest

from facemocap_addon.core.actor.example_pairs import read_example_library
from facemocap_addon.core.actor.range_measuring import measure_range
from facemocap_addon.core.actor.range_of_motion import read_range_of_motion
from facemocap_addon.core.readers import read_take

# the stubs of bpy know nothing of an add-on's operators and properties
bpy: Any = blender

FRAME = 61


@pytest.fixture(autouse=True)
def head(registered: None, sample_rigs: Path, tmp_path: Path) -> None:
    """The sample head with the first three seconds of the sample take."""
    path = tmp_path / "speech.csv"
    lines = (sample_rigs / "sample_take.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:181]), encoding="utf-8")
    bpy.ops.wm.open_mainfile(filepath=str(sample_rigs / "arkit_head.blend"))
    bpy.context.scene.frame_start = 1
    bpy.ops.facemocap.import_take(filepath=str(path))
    state().use_contacts = False


def state() -> Any:
    return bpy.context.scene.facemocap


def item() -> Any:
    return state().characters[0]


def blocks() -> Any:
    return bpy.data.objects["arkit_head"].data.shape_keys.key_blocks


def apply_at(frame: int) -> None:
    bpy.ops.facemocap.apply_take()
    bpy.context.scene.frame_set(frame)


def posed(frame: int = FRAME, **values: float) -> None:
    """Put shape keys to values on a frame, without keys."""
    bpy.context.scene.frame_set(frame)
    for name, value in values.items():
        for obj in bpy.data.objects:
            keys = getattr(obj.data, "shape_keys", None) if obj.type == "MESH" else None
            if keys and name in keys.key_blocks:
                keys.key_blocks[name].value = value


def pairs() -> list[dict[str, Any]]:
    text = item().examples.library_json
    return json.loads(text)["examples"] if text else []


def reopened(tmp_path: Path) -> None:
    path = str(tmp_path / "kept.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)


def test_the_range_is_measured_kept_used_saved_and_loaded(tmp_path: Path):
    apply_at(FRAME)
    before = blocks()["browInnerUp"].value
    state().actor.actor = "Anna"
    assert bpy.ops.facemocap.measure_range() == {"FINISHED"}
    expected = measure_range(read_take(tmp_path / "speech.csv"), "Anna", own=True)
    assert json.loads(state().actor.range_json) == json.loads(json.dumps(expected.to_json()))
    assert state().actor.count == len(expected.ranges)
    own = expected.by_channel()["browInnerUp"]
    assert abs(own.gain * (before - own.neutral) - before) > 0.005
    apply_at(FRAME)
    calm = own.gain * (before - own.neutral)
    assert blocks()["browInnerUp"].value == pytest.approx(min(max(calm, 0.0), 1.0), abs=1e-5)
    # the same performance plays on: the raw take stays the one that is applied
    assert [text.name for text in bpy.data.texts if "facemocap_take" in text] == ["speech (take)"]
    state().actor.use_range = False
    apply_at(FRAME)
    assert blocks()["browInnerUp"].value == before
    path = tmp_path / "Anna.range.json"
    bpy.ops.facemocap.save_range(filepath=str(path))
    assert read_range_of_motion(path) == expected
    bpy.ops.facemocap.clear_range()
    assert not state().actor.range_json
    assert not bpy.ops.facemocap.save_range.poll()
    bpy.ops.facemocap.load_range(filepath=str(path))
    reopened(tmp_path)
    assert json.loads(state().actor.range_json) == expected.to_json()
    assert state().actor.actor == "Anna"


def test_a_neutral_is_marked_at_the_playhead():
    apply_at(13)
    bpy.ops.facemocap.mark_range_neutral()
    assert state().actor.neutral_s == pytest.approx(12 / bpy.context.scene.render.fps, abs=1e-4)
    bpy.ops.facemocap.measure_range()
    found = json.loads(state().actor.range_json)
    assert found["neutral_s"] == pytest.approx(state().actor.neutral_s, abs=1e-5)


@pytest.mark.parametrize("use_range", [False, True])
def test_the_pose_made_on_a_frame_is_what_plays_there(use_range: bool, tmp_path: Path):
    bpy.ops.facemocap.measure_range()
    state().actor.use_range = use_range
    apply_at(FRAME)
    posed(mouthSmileLeft=0.875, jawOpen=0.0625, browInnerUp=0.5)
    wanted = {block.name: block.value for block in blocks()}
    assert bpy.ops.facemocap.add_example(title="smirk") == {"FINISHED"}
    assert [pair["name"] for pair in pairs()] == ["smirk"]
    apply_at(FRAME)
    for name, value in wanted.items():
        if not name.startswith("eyeLook"):
            assert blocks()[name].value == pytest.approx(value, abs=1e-6), name
    first = blocks()["mouthSmileLeft"].value
    item().examples.use = False
    apply_at(FRAME)
    assert abs(blocks()["mouthSmileLeft"].value - first) > 0.1
    item().examples.use = True
    reopened(tmp_path)
    assert [row.title for row in item().examples.rows] == ["smirk"]
    apply_at(FRAME)
    assert blocks()["mouthSmileLeft"].value == pytest.approx(0.875, abs=1e-6)


def test_blinks_still_shut_and_the_pose_stands_where_eyes_are_open():
    """With contacts: measured once, the pose of the mouth and brows is exact, lids meet."""
    state().use_contacts = True
    bpy.ops.facemocap.measure_character()
    apply_at(FRAME)
    before = [curve(name) for name in ("eyeBlinkLeft", "eyeBlinkRight")]
    posed(mouthSmileLeft=0.875, jawOpen=0.4, browInnerUp=0.5)
    bpy.ops.facemocap.add_example()
    apply_at(FRAME)
    for name, value in (("mouthSmileLeft", 0.875), ("jawOpen", 0.4), ("browInnerUp", 0.5)):
        assert blocks()[name].value == pytest.approx(value, abs=1e-6)
    after = [curve(name) for name in ("eyeBlinkLeft", "eyeBlinkRight")]
    for one, other in zip(before, after, strict=True):
        assert one.max() > 0.8
        assert np.argmax(one) == np.argmax(other)
        # a smile lifts the lower lid, so that less of a blink is enough
        assert np.abs(one - other).max() < 0.1


def curve(name: str) -> Any:
    data: Any = bpy.data.objects["arkit_head"].data.shape_keys
    slot = data.animation_data.action_slot
    curves = data.animation_data.action.layers[0].strips[0].channelbag(slot).fcurves
    found = curves.find(f'key_blocks["{name}"].value')
    return np.array([point.co[1] for point in found.keyframe_points])


def test_pairs_are_replaced_renamed_removed_saved_and_loaded(tmp_path: Path):
    apply_at(FRAME)
    posed(mouthSmileLeft=0.875)
    bpy.ops.facemocap.add_example()
    posed(mouthSmileLeft=0.75)
    bpy.ops.facemocap.add_example()
    assert [pair["name"] for pair in pairs()] == [f"Frame {FRAME}"]
    posed(FRAME - 24, jawOpen=0.5)
    bpy.ops.facemocap.add_example()
    rows = item().examples.rows
    assert [row.title for row in rows] == [f"Frame {FRAME}", f"Frame {FRAME - 24}"]
    rows[1].title = "wide"
    assert [pair["name"] for pair in pairs()] == [f"Frame {FRAME}", "wide"]
    rows[1].title = f"Frame {FRAME}"
    assert [row.title for row in rows] == [f"Frame {FRAME}", "wide"]
    rows[1].title = " "
    assert rows[1].title == "wide"
    path = tmp_path / "pairs.json"
    bpy.ops.facemocap.save_examples(filepath=str(path))
    assert [each.name for each in read_example_library(path).examples][1] == "wide"
    kept = item().examples.library_json
    item().examples.active_row = 0
    bpy.ops.facemocap.remove_example()
    assert [row.title for row in rows] == ["wide"]
    bpy.ops.facemocap.remove_example()
    assert not item().examples.library_json
    assert not bpy.ops.facemocap.remove_example.poll()
    bpy.ops.facemocap.load_examples(filepath=str(path))
    assert item().examples.library_json == kept


def test_adding_an_example_is_one_undo_step():
    apply_at(FRAME)
    posed(mouthSmileLeft=0.875)
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.facemocap.add_example("EXEC_DEFAULT", True)
    assert len(pairs()) == 1
    bpy.ops.ed.undo()
    assert not pairs()
    assert not item().examples.rows


def test_what_does_not_fit_is_refused_and_nothing_changes(tmp_path: Path):
    apply_at(FRAME)
    posed(mouthSmileLeft=0.875)
    bpy.ops.facemocap.add_example(title="smirk")
    kept = item().examples.library_json
    path = tmp_path / "pairs.json"
    bpy.ops.facemocap.save_examples(filepath=str(path))
    document = json.loads(path.read_text(encoding="utf-8"))
    bad = tmp_path / "bad.json"
    none = {"kind": "shape_key", "owner": "arkit_head", "path": "none", "index": 0}
    pose = [{"control": none, "value": 1}]
    for change, part in (
        ({"schema": 7}, "schema 7"),
        ({"character": "Hero"}, 'not of "'),
        ({"examples": [{"name": "x"}]}, "Example 1 of"),
        ({"examples": [{**document["examples"][0], "pose": pose}]}, "lacks"),
    ):
        bad.write_text(json.dumps(document | change), encoding="utf-8")
        with pytest.raises(RuntimeError, match=part):
            bpy.ops.facemocap.load_examples(filepath=str(bad))
    with pytest.raises(RuntimeError, match="is no range of motion"):
        bpy.ops.facemocap.load_range(filepath=str(path))
    bpy.context.scene.frame_set(5000)
    with pytest.raises(RuntimeError, match="does not reach frame 5000"):
        bpy.ops.facemocap.add_example()
    assert item().examples.library_json == kept
    assert not state().actor.range_json
    # a text that somebody damaged is told when a take is applied, and changes nothing
    item().examples.library_json = kept[:-5]
    with pytest.raises(RuntimeError, match="is no library of example pairs"):
        bpy.ops.facemocap.apply_take()
