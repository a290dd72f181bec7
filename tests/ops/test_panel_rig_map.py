# SPDX-License-Identifier: GPL-3.0-or-later
"""The rig map mended by hand, saved, loaded, and matched with another take."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bpy as blender
import numpy as np
import pytest

import facemocap_addon
from facemocap_addon.core.rig_maps.map_view import control_labels
from facemocap_addon.props import listed_controls

# the stubs of bpy know nothing of an add-on's operators and properties
bpy: Any = blender


@pytest.fixture(autouse=True)
def character(sample_rigs: Path) -> Iterator[None]:
    """The toon character with the sample take."""
    facemocap_addon.register()
    try:
        bpy.ops.wm.open_mainfile(filepath=str(sample_rigs / "toon.blend"))
        bpy.ops.facemocap.import_take(filepath=str(sample_rigs / "sample_take.csv"))
        yield
    finally:
        facemocap_addon.unregister()


def item() -> Any:
    return bpy.context.scene.facemocap.characters[0]


def document() -> dict[str, Any]:
    return json.loads(item().map_json)


def values_of(shape: str, owner: str) -> np.ndarray:
    """Keyed values of a shape key, read from the F-curves."""
    bpy.ops.facemocap.apply_take()
    keys = bpy.data.objects[owner].data.shape_keys
    data = keys.animation_data
    bag = data.action.layers[0].strips[0].channelbag(data.action_slot)
    curve = bag.fcurves.find(f'key_blocks["{shape}"].value')
    points = np.empty(2 * len(curve.keyframe_points), np.float32)
    curve.keyframe_points.foreach_get("co", points)
    return points[1::2]


def free_control() -> str:
    """A shape key that nothing drives, as the list names it."""
    return next(row.name for row in item().rows if row.status == "CONTROLS" and "head" in row.name)


def test_a_channel_gets_a_control_and_moves_it():
    control = free_control()
    channel = next(row.name for row in item().rows if row.status == "UNMATCHED")
    unused, unmatched = item().unused_count, item().unmatched_count
    done = bpy.ops.facemocap.assign_control(channel=channel, control=control, gain=0.5)
    assert done == {"FINISHED"}
    row = item().rows[channel]
    assert (row.status, [link.name for link in row.links]) == ("MATCHED", [control])
    assert item().unused_count == unused - 1
    assert item().unmatched_count == unmatched - 1
    entry = document()["entries"][-1]
    assert entry["sources"] == [{"channel": channel, "gain": 0.5}]
    assert entry["how"] == "hand"
    assert channel not in document()["unmatched_channels"]
    bpy.ops.facemocap.clear_entry(channel=channel, link=control)
    assert item().rows[channel].status == "UNMATCHED"
    assert item().unused_count == unused
    assert channel in document()["unmatched_channels"]


def test_a_gain_typed_into_the_list_scales_the_keys():
    link = item().rows["jawOpen"].links[0]
    shape, owner = link.name.split(" · ")
    sources = [e["sources"] for e in document()["entries"] if e["control"]["owner"] == owner]
    whole = values_of(shape, owner).copy()
    before = document()
    item().edit_alike = False
    for other in item().rows["jawOpen"].links:
        other.gain = other.gain * 0.5
    after = document()
    assert item().is_edited
    assert sources
    changed = [a != b for a, b in zip(before["entries"], after["entries"], strict=True)]
    assert sum(changed) == len(item().rows["jawOpen"].links)
    halved = values_of(shape, owner)
    assert 0 < halved.sum() < whole.sum()


def test_setting_the_same_gain_is_no_edit():
    link = item().rows["jawOpen"].links[0]
    link.gain = link.gain
    assert not item().is_edited


def test_a_map_goes_to_a_file_and_comes_back(tmp_path: Path):
    path = tmp_path / "toon.json"
    bpy.ops.facemocap.save_map(filepath=str(path))
    saved = json.loads(path.read_text(encoding="utf-8"))
    assert saved == document()
    bpy.ops.facemocap.clear_entry(channel="jawOpen")
    assert document() != saved
    bpy.ops.facemocap.load_map(filepath=str(path))
    assert document() == saved
    assert item().is_edited
    path.write_text('{"schema": 99, "entries": []}', encoding="utf-8")
    with pytest.raises(RuntimeError, match="schema 99"):
        bpy.ops.facemocap.load_map(filepath=str(path))
    assert document() == saved
    bpy.ops.facemocap.match_channels()
    assert not item().is_edited


def test_wrong_names_are_sentences():
    with pytest.raises(RuntimeError, match="no free control"):
        bpy.ops.facemocap.assign_control(channel="jawOpen", control="Nonsense")
    with pytest.raises(RuntimeError, match='no channel "nonsense"'):
        bpy.ops.facemocap.assign_control(channel="nonsense", control=free_control())
    with pytest.raises(RuntimeError, match="drives no such control"):
        bpy.ops.facemocap.clear_entry(channel="jawOpen", link="Nonsense")


def test_edits_stay_when_another_take_is_imported(tmp_path: Path):
    """A second take with fewer channels: the list follows it, the edited map stays."""
    control = free_control()
    bpy.ops.facemocap.assign_control(channel="jawForward", control=control, gain=2.0)
    kept = document()
    lines = ["Timecode,BlendshapeCount,JawOpen,JawForward,EyeBlinkLeft"]
    lines += [f"01:00:{n // 60:02}:{n % 60:02}.000,61,0.{n % 10},0.2,0.1" for n in range(120)]
    path = tmp_path / "few.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    bpy.ops.facemocap.import_take(filepath=str(path))
    rows = {row.name: row for row in item().rows if row.status != "CONTROLS"}
    assert set(rows) == {"jawOpen", "jawForward", "eyeBlinkLeft"}
    assert [link.gain for link in rows["jawForward"].links if link.name == control] == [2.0]
    assert document() == kept
    # the list can be filled for the first take again by choosing it
    bpy.context.scene.facemocap.active_take = 0
    assert len([row for row in item().rows if row.status != "CONTROLS"]) > 50


def test_a_control_gets_a_channel():
    control = free_control()
    channel = next(row.name for row in item().rows if row.status == "UNMATCHED")
    assert bpy.ops.facemocap.assign_channel(channel=channel, control=control) == {"FINISHED"}
    row = item().rows[channel]
    assert [(link.name, link.gain) for link in row.links] == [(control, 1.0)]
    # what was just made is what is shown
    assert item().rows[item().active_row].name == channel
    assert item().entry.name == control
    assert bpy.context.scene.facemocap.tab == "MATCHED"


def test_a_bone_begins_with_a_moderate_turn():
    bone = next(label for label in control_labels(listed_controls(item())) if " turn X" in label)
    bpy.ops.facemocap.assign_channel(channel="jawOpen", control=bone)
    link = next(link for link in item().rows["jawOpen"].links if link.name == bone)
    assert math.degrees(link.gain) == pytest.approx(20, abs=0.01)
    bpy.ops.facemocap.assign_control(channel="jawOpen", control=bone, gain=0.1)
    link = next(link for link in item().rows["jawOpen"].links if link.name == bone)
    assert link.gain == pytest.approx(0.1)


def _load(tmp_path: Path) -> None:
    path = tmp_path / "half.json"
    document = json.loads(item().map_json)
    document["entries"] = document["entries"][::2]
    path.write_text(json.dumps(document), encoding="utf-8")
    bpy.ops.facemocap.load_map("EXEC_DEFAULT", True, filepath=str(path))


STEPS: dict[str, Callable[[Path], object]] = {
    "assign_control": lambda _: bpy.ops.facemocap.assign_control(
        "EXEC_DEFAULT", True, channel="jawOpen", control=free_control()
    ),
    "assign_channel": lambda _: bpy.ops.facemocap.assign_channel(
        "EXEC_DEFAULT", True, channel="jawOpen", control=free_control()
    ),
    "clear_entry": lambda _: bpy.ops.facemocap.clear_entry("EXEC_DEFAULT", True, channel="jawOpen"),
    "add_point": lambda _: bpy.ops.facemocap.add_point("EXEC_DEFAULT", True),
    "match_channels": lambda _: bpy.ops.facemocap.match_channels("EXEC_DEFAULT", True),
    "load_map": _load,
}


@pytest.mark.parametrize("name", STEPS)
def test_an_edit_is_one_undo_step(name: str, tmp_path: Path):
    item().active_row = item().rows.find("jawOpen")
    item().rows["jawOpen"].links[0].gain = 0.75

    def picture() -> Any:
        view = item().entry
        return (
            item().map_json,
            [(row.name, row.status, row.summary) for row in item().rows],
            (view.name, [(s.name, s.gain) for s in view.sources], len(view.points)),
        )

    bpy.ops.ed.undo_push(message="before")
    before = picture()
    STEPS[name](tmp_path)
    after = picture()
    assert after[0] != before[0]
    bpy.ops.ed.undo()
    assert picture() == before
    bpy.ops.ed.redo()
    assert picture() == after


def test_lists_of_an_older_version_are_made_anew(tmp_path: Path):
    """A file knows its rows as another version made them; the map is what counts."""
    rows = [(row.name, row.status, len(row.links)) for row in item().rows]
    item().rows.clear()
    old = item().rows.add()
    old.name, old.status = "jawOpen", "UNMATCHED"
    path = str(tmp_path / "old.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    assert [(row.name, row.status, len(row.links)) for row in item().rows] == rows
