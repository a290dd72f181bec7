# SPDX-License-Identifier: GPL-3.0-or-later
"""Tracks of movie clips as takes: places by hand, and points in space of a clip that was solved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from file_state import differences, file_state
from scipy.spatial.transform import Rotation

from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.points import PICTURE, points_of
from facemocap_addon.gateway.files.clip_tracks import take_from_clip

SIZE = (640, 360)


@pytest.fixture
def clip(tmp_path: Path, blank_scene: Any) -> Any:
    """Five numbered pictures."""
    assert blank_scene
    image = bpy.data.images.new("still", *SIZE)
    for number in range(1, 6):
        image.filepath_raw = str(tmp_path / f"face_{number:04d}.png")
        image.file_format = "PNG"
        image.save()
    bpy.data.images.remove(image)
    return bpy.data.movieclips.load(str(tmp_path / "face_0001.png"))


def track(clip: Any, name: str, places: dict[int, tuple[float, float]], holder: int = 0) -> Any:
    """A track with markers on these frames only."""
    made = clip.tracking.objects[holder].tracks.new(name=name, frame=min(places))
    for frame, place in places.items():
        made.markers.insert_frame(frame, co=place)
    return made


def test_pixels_gaps_and_names_by_hand(clip: Any, blank_scene: Any):
    blank_scene.render.fps, blank_scene.render.fps_base = 30, 1.001
    clip.frame_start, clip.frame_offset = 101, 7
    nose = track(clip, "nose", {3: (0.5, 0.25), 4: (0.25, 1.0), 5: (0.0, 0.0), 7: (0.1, 0.2)})
    next(m for m in nose.markers if m.frame == 4).mute = True
    shifted = track(clip, "Track.001", {2: (0.5, 0.5)})
    shifted.offset = (0.125, -0.25)
    silent = track(clip, "off", {4: (0.5, 0.5)})
    silent.markers[0].mute = True
    before = file_state(blank_scene, without_texts=False)
    take = take_from_clip(clip, blank_scene)
    assert differences(before, file_state(blank_scene, without_texts=False)) == []
    points = points_of(take, PICTURE)
    assert points.names == ("nose", "Track.001")
    assert take.samples == 6
    # pixels, y down
    assert points.valid[:, 0].tolist() == [False, True, False, True, False, True]
    assert points.positions[[1, 3, 5], 0] == pytest.approx(
        np.array([[320, 270], [0, 360], [64, 288]]), abs=1e-3
    )
    assert points.valid[:, 1].tolist() == [True] + [False] * 5
    assert points.positions[0, 1].tolist() == [400, 270]
    details = take.source.details
    assert (details["first_clip_frame"], details["first_scene_frame"]) == (2, 102)
    assert details["first_file_frame"] == 9
    # pictures have no rate of their own
    assert take.times == pytest.approx(np.arange(6) * 1.001 / 30)
    assert any("scene's 29.97 a second" in said for said in take.assumptions)
    assert any("2 tracks are not on all 6 frames: nose, Track.001" in w for w in take.warnings)


def test_tracks_of_several_objects_keep_apart(clip: Any, blank_scene: Any):
    clip.tracking.objects.new("face")
    for holder in (0, 1):
        track(clip, "dot", {1: (0.5, 0.5), 2: (0.25 * holder, 0.5)}, holder)
    points = points_of(take_from_clip(clip, blank_scene), PICTURE)
    assert points.names == ("dot", "face: dot")
    assert points.positions[1, :, 0].tolist() == [0.0, 160.0]


def test_clips_without_markers_are_refused(clip: Any, blank_scene: Any):
    with pytest.raises(FacemocapError, match="has no tracks with markers that are on"):
        take_from_clip(clip, blank_scene)
    track(clip, "dot", {1: (0.5, 0.5)}).markers[0].mute = True
    with pytest.raises(FacemocapError, match="has no tracks with markers that are on"):
        take_from_clip(clip, blank_scene)
    far = track(clip, "far", {1: (0.5, 0.5)})
    # Blender's own last frame
    far.markers.insert_frame(1_048_574, co=(0.5, 0.5))
    with pytest.raises(FacemocapError, match="reach from frame 1 to 1048574"):
        take_from_clip(clip, blank_scene)


@pytest.mark.shared
def test_a_film_has_a_rate_of_its_own(shared: Path, blank_scene: Any):
    blank_scene.render.fps = 24
    clip = bpy.data.movieclips.load(str(shared / "takes" / "video" / "pyfeat_single_face.mp4"))
    track(clip, "dot", dict.fromkeys(range(1, 73), (0.5, 0.5)))
    take = take_from_clip(clip, blank_scene)
    assert float(take.timebase.rate) == 30
    assert take.duration_s == pytest.approx(71 / 30)
    assert not take.warnings


def test_points_in_space_of_a_solved_clip(clip: Any, blank_scene: Any):
    """Dots filmed by a camera that goes around them: solved by Blender, seen from each frame."""
    camera = clip.tracking.camera
    camera.sensor_width, camera.focal_length = 36, 35
    focal = 35 / 36 * SIZE[0]
    rng = np.random.default_rng(0)
    dots = rng.uniform(-1, 1, (16, 3))
    seen: list[np.ndarray] = []
    for frame in range(1, 41):
        turn = Rotation.from_euler("y", frame / 40 - 0.5)
        place = turn.apply([0, 0.3 * np.sin(frame / 13), 6])
        seen.append(turn.inv().apply(dots - place))
    for number in range(16):
        places = {}
        for frame, points in enumerate(seen, 1):
            x, y, z = points[number]
            places[frame] = (0.5 + focal * x / -z / SIZE[0], 0.5 + focal * y / -z / SIZE[1])
        track(clip, f"dot {number}", places)
    holder = clip.tracking.objects[0]
    holder.keyframe_a, holder.keyframe_b = 1, 30
    window = bpy.context.window_manager.windows[0]
    area = window.screen.areas[0]
    before, area.type = area.type, "CLIP_EDITOR"
    area.spaces[0].clip = clip
    with bpy.context.temp_override(window=window, area=area, region=area.regions[-1]):
        assert bpy.ops.clip.solve_camera() == {"FINISHED"}
    area.type = before
    track(clip, "late", {5: (0.1, 0.1), 6: (0.1, 0.1)})
    blank_scene.unit_settings.scale_length = 0.01
    take = take_from_clip(clip, blank_scene)
    space = points_of(take)
    assert take.source.details["solved"] == 16
    assert any("1 of 17 tracks have no place in space" in said for said in take.warnings)
    columns = [space.names.index(f"dot {number} (3D)") for number in range(16)]
    assert space.valid[:, columns].all()
    places = space.positions[:, columns]
    # the same pixels by a camera at nought that looks along -z
    pixels = points_of(take, PICTURE).positions[:, :16]
    x, y, z = np.moveaxis(places, 2, 0)
    assert 320 + focal * x / -z == pytest.approx(pixels[:, :, 0], abs=0.05)
    assert 180 - focal * y / -z == pytest.approx(pixels[:, :, 1], abs=0.05)
    # and the true dots but for their size, which no film tells
    true = np.array(seen)
    size = np.linalg.norm(places) / np.linalg.norm(true)
    assert places / size == pytest.approx(true, abs=0.01)
    metres = np.linalg.norm(np.array(holder.tracks[0].bundle) - np.array(holder.tracks[1].bundle))
    apart = np.linalg.norm(places[0, 0] - places[0, 1])
    assert apart == pytest.approx(0.01 * metres, rel=1e-4)
