# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes out of the open file, as the panel's menu makes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy as blender
import numpy as np
import pytest

from facemocap_addon.core.points import points_of
from facemocap_addon.gateway.files.take_storage import load_take, stored_takes

# the stubs of bpy know nothing of an add-on's operators and properties
bpy: Any = blender


def state() -> Any:
    return bpy.context.scene.facemocap


def open_rig(sample_rigs: Path, name: str) -> None:
    bpy.ops.wm.open_mainfile(filepath=str(sample_rigs / f"{name}.blend"))


def key_jaw(value: float = 0.8) -> None:
    """An animator's own keys on the ARKit head."""
    keys = bpy.data.objects["arkit_head"].data.shape_keys
    block = keys.key_blocks["jawOpen"]
    for frame, amount in ((5, 0.0), (15, value), (25, 0.0)):
        block.value = amount
        block.keyframe_insert("value", frame=frame)


def test_a_characters_own_keys_become_a_take(sample_rigs: Path, registered: None):
    open_rig(sample_rigs, "arkit_head")
    with pytest.raises(RuntimeError, match="Find a character first"):
        bpy.ops.facemocap.take_from_character()
    bpy.ops.facemocap.find_character()
    key_jaw()
    bpy.context.scene.frame_set(11)
    assert bpy.ops.facemocap.take_from_character() == {"FINISHED"}
    assert bpy.context.scene.frame_current == 11
    listed = state().takes[0]
    assert listed.name == "arkit_head"
    assert state().active_take == 0
    take = load_take(listed.text)
    assert take.samples == 21
    jaw = take.values[:, take.column("jawOpen")]
    assert (jaw[0], jaw[20]) == (0.0, 0.0)
    assert jaw[10] == pytest.approx(0.8)
    # the same once more is the same take; a part of it is another one
    bpy.ops.facemocap.take_from_character()
    assert len(stored_takes()) == 1
    bpy.ops.facemocap.take_from_character(use_range=True, frame_start=15, frame_end=20)
    assert len(state().takes) == 2
    part = load_take(state().takes[1].text)
    assert part.values[:, part.column("jawOpen")] == pytest.approx(jaw[10:16])


def test_a_take_from_a_character_goes_onto_it_again(sample_rigs: Path, registered: None):
    """All channels are read, whatever the chosen take recorded."""
    open_rig(sample_rigs, "arkit_head")
    bpy.ops.facemocap.import_take(filepath=str(sample_rigs / "sample_take.csv"))
    bpy.ops.facemocap.apply_take()
    first = load_take(state().takes[0].text)
    bpy.ops.facemocap.take_from_character(use_range=True, frame_start=1, frame_end=60)
    assert len(state().takes) == 2
    take = load_take(state().takes[1].text)
    at = first.times[0] + take.times
    for name in ("jawOpen", "mouthSmileLeft", "browInnerUp"):
        wanted = np.interp(at, first.times, first.values[:, first.column(name)])
        found = take.values[:, take.column(name)]
        assert found == pytest.approx(np.clip(wanted, 0, 1), abs=1e-4), name
    assert bpy.ops.facemocap.apply_take() == {"FINISHED"}


def test_a_characters_skin_becomes_points(sample_rigs: Path, registered: None):
    open_rig(sample_rigs, "arkit_head")
    bpy.ops.facemocap.find_character()
    key_jaw()
    subdivision = bpy.data.objects["arkit_head"].modifiers.new("smooth", "SUBSURF")
    assert bpy.ops.facemocap.points_from_character() == {"FINISHED"}
    assert subdivision.show_viewport
    take = load_take(state().takes[state().active_take].text)
    assert take.samples == 21
    points = points_of(take)
    assert len(points) > 80
    chin = points.positions[:, points.names.index("chin")]
    assert np.argmin(chin[:, 1]) == 10
    assert 0.01 < chin[0, 1] - chin[10, 1] < 0.05
    tip = points.positions[:, points.names.index("nose_tip")]
    assert np.ptp(tip, axis=0).max() < 1e-3
    assert tip[0, 2] > chin[0, 2] - 0.01
    bpy.ops.facemocap.points_from_character()
    assert len(stored_takes()) == 1


def test_a_still_face_is_a_sentence(sample_rigs: Path, registered: None):
    open_rig(sample_rigs, "toon")
    bpy.ops.facemocap.find_character()
    with pytest.raises(RuntimeError, match='Nothing of the face of "toon" moves'):
        bpy.ops.facemocap.take_from_character()
    assert not stored_takes()


def test_tracks_of_a_clip_become_a_take(tmp_path: Path, registered: None):
    with pytest.raises(RuntimeError, match="There is no movie clip in this file"):
        bpy.ops.facemocap.take_from_clip()
    image = bpy.data.images.new("still", 64, 32)
    for name in ("one", "two"):
        image.filepath_raw = str(tmp_path / f"{name}.png")
        image.file_format = "PNG"
        image.save()
        bpy.data.movieclips.load(image.filepath_raw)
    with pytest.raises(RuntimeError, match="No clip is chosen"):
        bpy.ops.facemocap.take_from_clip()
    with pytest.raises(RuntimeError, match='There is no clip "three"'):
        bpy.ops.facemocap.take_from_clip(clip="three")
    with pytest.raises(RuntimeError, match="has no tracks with markers"):
        bpy.ops.facemocap.take_from_clip(clip="two.png")
    clip = bpy.data.movieclips["two.png"]
    track = clip.tracking.objects[0].tracks.new(name="nose", frame=1)
    for frame in range(1, 9):
        track.markers.insert_frame(frame, co=(frame / 8, 0.5))
    assert bpy.ops.facemocap.take_from_clip(clip="two.png") == {"FINISHED"}
    take = load_take(state().takes[0].text)
    assert take.names == ("nose.x", "nose.y")
    assert take.values[:, 0].tolist() == [8.0 * frame for frame in range(1, 9)]
    # the scene's own clip is meant where none is named
    bpy.context.scene.active_clip = clip
    assert bpy.ops.facemocap.take_from_clip() == {"FINISHED"}
    assert len(state().takes) == 1
