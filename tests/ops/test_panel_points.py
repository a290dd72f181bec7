# SPDX-License-Identifier: GPL-3.0-or-later
"""Solve Points: a take of markers onto a character, stored, chosen, played, undone, replaced."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy as blender
import numpy as np
import pytest
from made_points import ACTS, FRAMES, MARKERS, RATE, act_values, open_imported, open_solved

from facemocap_addon.core.points import points_of
from facemocap_addon.core.take import Take
from facemocap_addon.gateway.files.take_storage import load_take
from facemocap_addon.gateway.points.solved_takes import solve_details
from facemocap_addon.gateway.writing.keys import find_channelbag
from facemocap_addon.ops.points import FACEMOCAP_OT_solve_points
from facemocap_addon.props import Work

# the stubs of bpy know nothing of an add-on's operators and properties
bpy: Any = blender


@pytest.fixture
def folder(registered: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp()


@pytest.fixture
def imported(folder: Path, sample_rigs: Path) -> Any:
    return open_imported(sample_rigs, folder)


@pytest.fixture
def solved(folder: Path, sample_rigs: Path) -> Any:
    return open_solved(sample_rigs, folder)


def take_names(state: Any) -> list[str]:
    return [item.name for item in state.takes]


def stored() -> list[str]:
    return sorted(text.name for text in bpy.data.texts)


def chosen_take(state: Any) -> Take:
    return load_take(state.takes[state.active_take].text)


def details_of(take: Take) -> Any:
    details = solve_details(take)
    assert details is not None
    return details


def map_ways(state: Any) -> set[str]:
    document = json.loads(state.characters[0].map_json)
    return {entry["how"] for entry in document["entries"]}


def played(name: str) -> np.ndarray:
    """Keyed values of one of the head's shape keys, frame by frame."""
    keys = bpy.data.objects["arkit_head"].data.shape_keys
    bag = find_channelbag(keys.animation_data.action, keys.animation_data.action_slot)
    assert bag is not None
    curve = bag.fcurves.find(f'key_blocks["{name}"].value')
    assert curve is not None
    return np.array([curve.evaluate(frame) for frame in range(1, FRAMES + 1)])


def test_a_solved_take_is_chosen_and_plays_what_the_actor_did(imported: Any, folder: Path):
    assert imported.takes[0].point_count == len(MARKERS)
    assert not imported.takes[0].solve.is_solved
    assert not bpy.ops.facemocap.apply_take.poll()
    before = bpy.data.texts[imported.takes[0].text.name].as_string()
    assert bpy.ops.facemocap.solve_points() == {"FINISHED"}
    assert take_names(imported) == ["made_markers", "made_markers on arkit_head"]
    assert imported.active_take == 1
    solve = imported.takes[1].solve
    assert solve.is_solved
    assert solve.character == "arkit_head"
    assert solve.points_digest == imported.takes[0].solve.points_digest
    assert solve.explained > 0.9
    assert solve.mean_mm < 0.5 * solve.nothing_mm
    assert len(json.loads(solve.curve)) == FRAMES
    assert solve.highest_mm == pytest.approx(0.01 * max(json.loads(solve.curve)), abs=0.006)
    assert all(0 <= moment.at_s <= FRAMES / RATE for moment in solve.moments)
    assert imported.takes[0].text.as_string() == before, "the points stay"
    # what it carries drives the character, and Apply Take plays it
    assert map_ways(imported) >= {"hand"}
    assert bpy.ops.facemocap.apply_take() == {"FINISHED"}
    for name, values in act_values().items():
        found = played(name)
        assert abs(int(found.argmax()) - int(values.argmax())) <= 1
        assert np.sqrt(np.mean((found - values) ** 2)) < 0.12 * ACTS[name][1]


def test_solving_is_one_undo_step(imported: Any):
    bpy.ops.ed.undo_push(message="before")
    kept = stored()
    bpy.ops.facemocap.solve_points("EXEC_DEFAULT", True)
    assert len(stored()) == len(kept) + 1
    bpy.ops.ed.undo()
    state = bpy.context.scene.facemocap
    assert stored() == kept
    assert take_names(state) == ["made_markers"]
    assert state.active_take == 0
    assert not len(state.points.rows)


def test_solving_again_replaces_what_nothing_else_uses(solved: Any):
    first = chosen_take(solved).digest
    assert bpy.ops.facemocap.solve_points() == {"FINISHED"}
    assert chosen_take(solved).digest == first, "the same again"
    solved.points.weights.smoothness = 4.0
    assert bpy.ops.facemocap.solve_points() == {"FINISHED"}
    assert take_names(solved) == ["made_markers", "made_markers on arkit_head"]
    second = chosen_take(solved)
    assert second.digest != first
    assert details_of(second)["settings"]["smoothness"] == 4.0
    assert len(bpy.data.texts) == 2
    # what is applied keeps its take: the new one stands beside it under a name of its own
    assert bpy.ops.facemocap.apply_take() == {"FINISHED"}
    solved.points.weights.smoothness = 1.0
    assert bpy.ops.facemocap.solve_points() == {"FINISHED"}
    names = [
        "made_markers",
        "made_markers on arkit_head",
        "made_markers on arkit_head 2",
    ]
    assert take_names(solved) == names
    assert chosen_take(solved).digest == first
    assert load_take(solved.takes[1].text).digest == second.digest
    # the free one goes, the applied one stays
    solved.points.weights.smoothness = 2.0
    assert bpy.ops.facemocap.solve_points() == {"FINISHED"}
    assert take_names(solved) == names
    assert len(bpy.data.texts) == 3


def test_escape_while_solving_leaves_nothing(
    imported: Any, stand_in: Callable[[Any], Any], event: Any
):
    before = (stored(), imported.characters[0].map_json, len(bpy.data.objects))
    operator = stand_in(FACEMOCAP_OT_solve_points)
    operator._job = operator.start(bpy.context)
    whats = [next(operator._job).what for _ in range(4)]
    assert "Reading the points" in whats
    assert operator.modal(bpy.context, event("ESC", "PRESS")) == {"CANCELLED"}
    assert (stored(), imported.characters[0].map_json, len(bpy.data.objects)) == before
    assert len(bpy.data.scenes) == 1
    assert Work.progress() is None


def test_another_take_is_matched_by_its_channels_and_a_solve_by_what_it_carries(
    solved: Any, sample_rigs: Path
):
    assert "hand" in map_ways(solved)
    bpy.ops.facemocap.import_take(filepath=str(sample_rigs / "sample_take.csv"))
    assert "hand" not in map_ways(solved)
    count = solved.characters[0].driving_count
    solved.active_take = 1
    assert "hand" in map_ways(solved)
    assert bpy.ops.facemocap.apply_take.poll()
    solved.active_take = 2
    assert "hand" not in map_ways(solved)
    assert solved.characters[0].driving_count == count
    # edits stay, and the report says what that means
    solved.characters[0].rows["jawOpen"].links[0].gain = 0.5
    assert solved.characters[0].is_edited
    kept = solved.characters[0].map_json
    solved.active_take = 1
    assert json.loads(solved.characters[0].map_json)["entries"] == json.loads(kept)["entries"]


def test_the_neutral_face_is_marked_at_the_current_frame(imported: Any):
    scene, points = bpy.context.scene, imported.points
    scene.frame_set(13)
    assert bpy.ops.facemocap.mark_neutral() == {"FINISHED"}
    assert points.neutral_mode == "MARKED"
    assert points.neutral_s == pytest.approx(12 / RATE)
    points.weights.mouth_jaw = 2.0
    points.use_repair = False
    assert bpy.ops.facemocap.solve_points() == {"FINISHED"}
    settings = details_of(chosen_take(imported))["settings"]
    assert settings["neutral_s"] == pytest.approx(12 / RATE)
    assert settings["emphasis"] == {"mouth and jaw": 2.0}
    assert settings["repair"] is False
    scene.frame_set(500)
    with pytest.raises(RuntimeError, match="does not reach frame 500"):
        bpy.ops.facemocap.mark_neutral()
    imported.start_mode = "CURRENT_FRAME"
    with pytest.raises(RuntimeError, match="begins where the playhead is"):
        bpy.ops.facemocap.mark_neutral()
    points.neutral_s = 77.0
    with pytest.raises(RuntimeError, match="has no points at 77 s"):
        bpy.ops.facemocap.solve_points()
    assert take_names(imported) == ["made_markers", "made_markers on arkit_head"]


def test_takes_without_points_say_so(imported: Any, sample_rigs: Path):
    bpy.ops.facemocap.import_take(filepath=str(sample_rigs / "sample_take.csv"))
    for name in ("solve_points", "mark_neutral", "place_points", "refine_solve", "put_on_vertex"):
        assert not getattr(bpy.ops.facemocap, name).poll()
    with pytest.raises(RuntimeError, match="no points in space"):
        bpy.ops.facemocap.solve_points()


def test_points_that_are_gone_say_so(solved: Any):
    bpy.data.texts.remove(solved.takes[0].text)
    assert solved.active_take == 1
    with pytest.raises(RuntimeError, match=r"are no longer in this file\. Import that"):
        bpy.ops.facemocap.solve_points()
    assert bpy.ops.facemocap.apply_take() == {"FINISHED"}, "what was solved plays all the same"


def test_each_character_gets_a_solve_of_its_own_and_plays_it(imported: Any):
    second = double("arkit_rig")
    bpy.ops.facemocap.find_character()
    names = [item.name for item in imported.characters]
    assert len(names) == 2
    for item in imported.characters:
        item.is_picked = True
    # on one of them a person put a point elsewhere: the solves differ
    place = [item.armature == second for item in imported.characters].index(True)
    other = imported.characters[place]
    heads = [slot.object for slot in other.meshes if "landmarks" in slot.object]
    heads[0]["facemocap_points"] = json.dumps({"schema": 1, "points": {"Chin": 26}})
    imported.active_character = 1 - place
    assert bpy.ops.facemocap.solve_points() == {"FINISHED"}
    listed = {item.solve.character: item for item in imported.takes if item.solve.is_solved}
    assert set(listed) == set(names)
    digests = {name: load_take(item.text).digest for name, item in listed.items()}
    assert len(set(digests.values())) == 2
    assert imported.takes[imported.active_take].solve.character == names[1 - place]
    assert bpy.ops.facemocap.apply_take() == {"FINISHED"}
    assert [item.applied for item in imported.characters] == [listed[name].name for name in names]


def double(name: str) -> Any:
    """A copy of a character: its armature and all that hangs on it."""
    armature = bpy.data.objects[name]
    copies = {armature: armature.copy()}
    for obj in bpy.data.objects:
        if obj.parent == armature and obj.type == "MESH":
            copies[obj] = obj.copy()
            copies[obj].data = obj.data.copy()
    for copy in copies.values():
        bpy.context.scene.collection.objects.link(copy)
        copy.parent = copies.get(copy.parent)
        for modifier in copy.modifiers:
            modifier.object = copies.get(modifier.object, modifier.object)
    return copies[armature]


@pytest.mark.shared
def test_the_real_markers_are_solved_from_the_panel(folder: Path, shared: Path, sample_rigs: Path):
    state = open_imported(sample_rigs, folder)
    path = shared / "takes" / "maya_markers" / "AnimFace_JawMoCap.ma"
    short = folder / "AnimFace_JawMoCap_short.take.npz"
    write_part(path, short, 4.5, 8.0)
    bpy.ops.facemocap.import_take(filepath=str(short))
    assert state.takes[1].point_count == 41
    assert bpy.ops.facemocap.solve_points() == {"FINISHED"}
    item = state.takes[state.active_take]
    assert item.solve.is_solved
    assert item.solve.explained > 0.75
    assert item.solve.mean_mm < item.solve.nothing_mm
    assert {row.how for row in state.points.rows} == {"NAME"}
    assert bpy.ops.facemocap.apply_take() == {"FINISHED"}
    keys = bpy.data.objects["arkit_head"].data.shape_keys
    bag = find_channelbag(keys.animation_data.action, keys.animation_data.action_slot)
    assert bag is not None
    curve = bag.fcurves.find('key_blocks["jawOpen"].value')
    assert curve is not None
    # the jaw opens as the markers of the lips part, and when they do
    points = points_of(load_take(state.takes[1].text))
    upper, lower = (points.names.index(name) for name in ("Mouth_Up", "Mouth_Down"))
    apart = points.positions[:, upper] - points.positions[:, lower]
    opened = np.sqrt((apart**2).sum(axis=1))[::2]
    values = np.array([curve.evaluate(frame) for frame in range(1, len(opened) + 1)])
    wide = opened > opened.min() + 0.9 * np.ptp(opened)
    assert 10 < wide.sum() < 60
    assert values[wide].min() > 0.8 * values.max()
    assert np.corrcoef(values, opened)[0, 1] > 0.9


def write_part(path: Path, short: Path, start_s: float, end_s: float) -> None:
    """A part of a recording as a take file."""
    from facemocap_addon.core.readers import read_take
    from facemocap_addon.core.take_edits import trim_take
    from facemocap_addon.core.take_file import write_take_file

    write_take_file(trim_take(read_take(path), start_s, end_s)[0], short)
