# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures show the face: of characters that stand anywhere, turn, or have a useless camera."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from mathutils import Euler, Matrix, Vector

from facemocap_addon.gateway.characters.characters import CharacterObjects, find_characters
from facemocap_addon.gateway.files.face_view import find_face_view
from facemocap_addon.gateway.files.rig_files import open_rig
from facemocap_addon.gateway.files.stills import read_still, render_stills

GATHERED = ("objects", "cameras", "lights", "worlds", "meshes")


@pytest.fixture
def head(sample_rigs: Path) -> tuple[Any, CharacterObjects]:
    """A head whose eyeballs are objects of their own, in a scene without a camera."""
    scene = open_rig(sample_rigs / "arkit_head.blend")
    for obj in list(scene.objects):
        if obj.type in ("CAMERA", "LIGHT"):
            bpy.data.objects.remove(obj)
    return scene, find_characters(scene)[0]


def _between_the_eyes(scene: Any) -> np.ndarray:
    """The middle of the two eyeballs as Blender shows them."""
    scene.view_layers[0].update()
    graph = scene.view_layers[0].depsgraph
    places: list[Any] = []
    for side in "LR":
        eye = scene.objects[f"arkit_eye_{side}"].evaluated_get(graph)
        corners = [eye.matrix_world @ Vector(corner) for corner in eye.bound_box]
        places.append(sum(corners, Vector()) / 8)
    return np.array((places[0] + places[1]) / 2)


def _place(scene: Any, matrix: Matrix) -> None:
    """Move the whole character."""
    root = bpy.data.objects.new("root", None)
    scene.collection.objects.link(root)
    for obj in list(scene.objects):
        if obj != root and obj.parent is None:
            obj.parent = root
    root.matrix_world = matrix
    scene.view_layers[0].update()


@pytest.mark.parametrize(
    ("turn_deg", "scale"),
    [((0, 0, 0), 1.0), ((0, 0, 130), 3.0), ((-90, 0, 0), 1.0), ((20, -15, 40), 0.01)],
)
def test_the_face_is_found_wherever_it_is(
    head: tuple[Any, CharacterObjects], turn_deg: tuple[float, float, float], scale: float
):
    """Turned, lying down, as large as a house and as small as a fly."""
    scene, picked = head
    plain = find_face_view(scene, picked, [1])
    turn = Euler([math.radians(angle) for angle in turn_deg]).to_matrix()
    _place(scene, Matrix.LocRotScale((5, -2, 30), turn, (scale, scale, scale)))
    view = find_face_view(scene, picked, [1])
    assert np.array(view.front) == pytest.approx(np.array(turn @ Vector((0, -1, 0))), abs=0.03)
    assert np.array(view.up) == pytest.approx(np.array(turn @ Vector((0, 0, 1))), abs=0.03)
    assert view.height_m == pytest.approx(plain.height_m * scale, rel=0.02)
    off = view.middles[1] - _between_the_eyes(scene)
    # a little below the eyes, and on the middle line
    assert off @ view.up == pytest.approx(-0.1 * view.height_m, abs=0.01 * view.height_m)
    assert np.linalg.norm(np.cross(view.front, view.up) @ off) < 0.01 * view.height_m
    # the whole face: the eyes are 63 mm apart, brow to chin is about 0.15 m
    assert 0.2 < view.height_m / scale < 0.28


def test_the_picture_follows_the_head(head: tuple[Any, CharacterObjects]):
    scene, picked = head
    armature: Any = picked.armature
    for frame, aside in ((1, 0.0), (10, 2.0), (20, -2.0)):
        armature.location.x = aside
        armature.keyframe_insert("location", frame=frame)
    view = find_face_view(scene, picked, [1, 10, 20])
    for frame in (1, 10, 20):
        scene.frame_set(frame)
        off = view.middles[frame] - _between_the_eyes(scene)
        assert np.linalg.norm(off) < 0.12 * view.height_m


def test_the_camera_faces_how_the_head_is_held(head: tuple[Any, CharacterObjects]):
    """A head that looks left and right is seen from its mean direction."""
    scene, picked = head
    armature: Any = picked.armature
    for frame, degrees in ((1, 60.0), (10, 100.0)):
        armature.rotation_euler.z = math.radians(degrees)
        armature.keyframe_insert("rotation_euler", frame=frame)
    view = find_face_view(scene, picked, [1, 10])
    expected = Matrix.Rotation(math.radians(80), 3, "Z") @ Vector((0, -1, 0))
    assert np.array(view.front) == pytest.approx(np.array(expected), abs=0.01)


def _counts() -> dict[str, int]:
    return {name: len(getattr(bpy.data, name)) for name in GATHERED}


def _add_camera(scene: Any, at: tuple[float, float, float], target: Any, lens: float) -> Any:
    camera = bpy.data.objects.new("own", bpy.data.cameras.new("own"))
    camera.data.lens = lens
    turn = (Vector(target) - Vector(at)).to_track_quat("-Z", "Y")
    camera.matrix_world = Matrix.Translation(at) @ turn.to_matrix().to_4x4()
    scene.collection.objects.link(camera)
    scene.camera = camera
    return camera


@pytest.mark.parametrize(
    ("at", "lens", "is_used"),
    [
        ((0.0, -0.75, 0.0), 85.0, True),
        ((7.4, -6.9, 5.0), 50.0, False),  # Blender's default scene: the head is a dot
        ((0.0, -0.2, 0.0), 200.0, False),  # nothing but a nose
    ],
)
def test_a_camera_that_shows_the_face_is_used(
    head: tuple[Any, CharacterObjects],
    tmp_path: Path,
    at: tuple[float, float, float],
    lens: float,
    is_used: bool,
):
    scene, picked = head
    own = _add_camera(scene, at, (0.0, -0.05, -0.02), lens)
    before = _counts()
    seen: list[Any] = []
    bpy.app.handlers.render_pre.append(lambda scene, _=None: seen.append(scene.camera.name))
    try:
        paths = render_stills(scene, picked, [1], tmp_path, "s", size_px=48, width_px=36, samples=1)
    finally:
        bpy.app.handlers.render_pre.clear()
    assert (seen == ["own"]) == is_used
    assert scene.camera == own
    assert _counts() == before
    assert read_still(paths[0]).shape == (48, 36, 4)


def test_a_head_fills_the_picture(head: tuple[Any, CharacterObjects], tmp_path: Path):
    """Seen without a camera of its own, also when it stands turned away and lies."""
    scene, picked = head
    turn = Euler((math.radians(-90), 0, math.radians(70))).to_matrix().to_4x4()
    _place(scene, Matrix.Translation((3, 1, 2)) @ turn)
    before = _counts()
    (path,) = render_stills(scene, picked, [1], tmp_path, "s", size_px=48, width_px=36, samples=1)
    assert _counts() == before
    assert scene.camera is None
    pixels = read_still(path)[:, :, :3].astype(int)
    backdrop = pixels[-1, 0]
    head_there = np.abs(pixels - backdrop).max(axis=2) > 25
    assert head_there[10:40, 12:24].mean() > 0.95, "the face is in the middle"
    assert not head_there[12:36, 0].any(), "with room to its sides"
    assert not head_there[12:36, -1].any()
    # hair is dark and at the top, skin is light below it
    assert pixels[2:6, 15:21].mean() < 0.6 * pixels[22:30, 15:21].mean()
