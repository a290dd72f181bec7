# SPDX-License-Identifier: GPL-3.0-or-later
"""Character files in, .blend files out."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any, cast

import bpy
import numpy as np
import pytest
from small_scenes import (
    SHAPES,
    character_of,
    link_datablock,
    make_armature,
    make_face,
    wave_take,
)

from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.rig_maps.matching import match
from facemocap_addon.gateway.applying.performance import apply_take
from facemocap_addon.gateway.characters.characters import find_characters, read_character
from facemocap_addon.gateway.files.rig_files import open_rig, save_blend

#: path: least number of channels that drive something
REAL_RIGS = {
    "makehuman/makehuman_face_female.blend": 52,
    "makehuman/makehuman_vrm1_test.vrm": 10,
    "ict_facekit/ict_facekit.blend": 49,
    "conventions/conv_cc4_extended.blend": 25,
    "conventions/conv_mmd.blend": 10,
    "conventions/conv_unified_expressions.blend": 30,
    "rocketbox/Male_Adult_04.fbx": 25,
    "sumerian_cristine/cristine.gltf": 15,
}


def _open_real(path: Path) -> Any:
    try:
        return open_rig(path)
    except FacemocapError as problem:
        if "newer than this one" not in str(problem):
            raise
        pytest.skip(str(problem))


@pytest.mark.shared
@pytest.mark.parametrize("name", REAL_RIGS)
def test_real_rigs_take_a_real_take(name: str, shared: Path) -> None:
    take = read_take(shared / "takes" / "livelinkface" / "JMTechArt_MySlate_3_iPhone.csv")
    scene = _open_real(shared / "rigs" / name)
    character = find_characters(scene)[0]
    assert "Icosphere" not in [obj.name for obj in character.objects]
    rig_map = match(read_character(character, scene).controls, take)
    report = apply_take(scene, character, take, rig_map)
    assert report.counts["channels_matched"] >= REAL_RIGS[name]
    assert report.counts["keys"] > 100
    # the curves say something: the mouth opens somewhere in 5 seconds of talking
    ranges = []
    for action in bpy.data.actions:
        if "facemocap_record" not in action:
            continue
        for bag in action.layers[0].strips[0].channelbags:
            for fcurve in bag.fcurves:
                values = np.empty(2 * len(fcurve.keyframe_points), np.float32)
                fcurve.keyframe_points.foreach_get("co", values)
                ranges.append(float(np.ptp(values[1::2])))
    assert max(ranges) > 0.02


@pytest.mark.shared
@pytest.mark.parametrize("name", ["skin", "super"])
def test_rigify_faces_keep_their_armature_whole(name: str, shared: Path) -> None:
    take = read_take(shared / "takes" / "livelinkface" / "JMTechArt_MySlate_3_iPhone.csv")
    folder = shared / "rigs" / "makehuman_rigify"
    scene = _open_real(folder / f"makehuman_rigify_{name}_face.blend")
    character = find_characters(scene)[0]
    controls = read_character(character, scene).controls
    rig_map = match(controls, take)
    assert apply_take(scene, character, take, rig_map).counts["channels_matched"] >= 45


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("facecap_is_really_html_first4k.glb", "web page"),
        ("facecap_truncated_30014_of_332808.glb", "could not be opened"),
    ],
)
def test_broken_files_from_the_wild(name: str, words: str, shared: Path) -> None:
    with pytest.raises(FacemocapError, match=words) as caught:
        open_rig(shared / "takes" / "broken" / name)
    _one_clear_sentence(caught.value, name)


def _one_clear_sentence(problem: FacemocapError, name: str) -> None:
    text = str(problem)
    assert name in text
    assert "\n" not in text
    assert "Traceback" not in text
    assert len(text) < 300


def _glb(content: bytes = b'{"asset":{"version":"2.0"}}') -> bytes:
    content += b" " * (-len(content) % 4)
    chunk = len(content).to_bytes(4, "little") + b"JSON" + content
    return b"glTF" + (2).to_bytes(4, "little") + (12 + len(chunk)).to_bytes(4, "little") + chunk


BROKEN: dict[str, bytes] = {
    "empty.blend": b"",
    "empty.glb": b"",
    "blank.fbx": b"   \n",
    "page.blend": b"  <!DOCTYPE HTML><html><body>404</body></html>",
    "page.fbx": b"<html lang=en>",
    "page.vrm": b"<?xml version='1.0'?><html>",
    "noise.blend": bytes(range(256)) * 8,
    "start.blend": b"BLENDER",
    "start500.blend": b"BLENDER17-01v0500" + b"\0" * 100,
    "packed.blend": b"\x28\xb5\x2f\xfd" + bytes(range(200)),
    "zipped.blend": b"\x1f\x8b" + bytes(range(200)),
    "short.glb": b"glTF",
    "wrong length.glb": _glb()[:-8],
    "not json.glb": _glb(b"{not json at all"),
    "text.gltf": b'{"asset": ',
    "list.gltf": b'{"a": [1, 2, 3]}',
    "version.gltf": b'{"asset": {"version": "99.0"}}',
    "buffers.gltf": b'{"asset":{"version":"2.0"},"scenes":[{"nodes":[0]}],"nodes":[{"mesh":0}],'
    b'"meshes":[{"primitives":[{"attributes":{"POSITION":0}}]}],"accessors":[{"bufferView":0,'
    b'"componentType":5126,"count":3,"type":"VEC3"}],"bufferViews":[{"buffer":0,"byteLength":36}],'
    b'"buffers":[{"uri":"gone.bin","byteLength":36}]}',
    "short.fbx": b"Kaydara FBX Binary  \x00\x1a\x00",
    "cut.fbx": b"Kaydara FBX Binary  \x00\x1a\x00\xe8\x1c\x00\x00" + b"\x10\x00\x00\x00" * 9,
    "text.fbx": b"; FBX 7.4.0 project file\n; broken\nFBXHeaderExtension:  {\n",
    "take.csv": b"Timecode,BlendShapeCount\n",
}


@pytest.mark.parametrize("name", BROKEN)
def test_damaged_files_get_a_sentence(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(BROKEN[name])
    with pytest.raises(FacemocapError) as caught:
        open_rig(path)
    _one_clear_sentence(caught.value, name)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.9, 0.999])
def test_a_blend_that_was_cut_short(share: float, sample_rigs: Path, tmp_path: Path) -> None:
    data = (sample_rigs / "arkit_head.blend").read_bytes()
    path = tmp_path / "cut.blend"
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(FacemocapError) as caught:
        open_rig(path)
    _one_clear_sentence(caught.value, "cut.blend")


def test_missing_files_folders_and_forbidden_ones(tmp_path: Path) -> None:
    with pytest.raises(FacemocapError, match="does not exist"):
        open_rig(tmp_path / "none.blend")
    with pytest.raises(FacemocapError, match="folder"):
        open_rig(tmp_path)


def test_the_kind_is_told_by_content(sample_rigs: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "character.fbx"
    shutil.copy(sample_rigs / "toon.blend", wrong)
    scene = open_rig(wrong)
    assert find_characters(scene)


def test_scripts_stay_off_unless_asked(tmp_path: Path, blank_scene: Any) -> None:
    text = bpy.data.texts.new("run.py")
    text.write("import bpy\nbpy.context.scene['ran'] = 1\n")
    text.use_module = True
    path = tmp_path / "scripted.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    assert "ran" not in open_rig(path)
    assert "ran" in open_rig(path, enable_scripts=True)


def test_saved_whole_and_alone(sample_rigs: Path, tmp_path: Path) -> None:
    open_rig(sample_rigs / "toon.blend")
    path = tmp_path / "out" / "result.blend"
    path.parent.mkdir()
    for _ in range(3):
        save_blend(path)
        assert sorted(p.name for p in path.parent.iterdir()) == ["result.blend"]
    # compressed, and readable by others as any new file would be
    assert path.read_bytes()[:4] == b"\x28\xb5\x2f\xfd"
    mask = os.umask(0)
    os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~mask
    assert find_characters(open_rig(path))


def test_a_save_that_fails_leaves_what_was_there(sample_rigs: Path, tmp_path: Path) -> None:
    open_rig(sample_rigs / "toon.blend")
    with pytest.raises(FacemocapError, match="cannot be written"):
        save_blend(tmp_path / "no such folder" / "result.blend")
    path = tmp_path / "result.blend"
    path.mkdir()
    (path / "kept").write_text("kept")
    with pytest.raises(FacemocapError, match=r"result\.blend"):
        save_blend(path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["result.blend"]
    assert (path / "kept").read_text() == "kept"


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are a Unix thing")
def test_a_full_disk_leaves_no_temporary_file(sample_rigs: Path, tmp_path: Path) -> None:
    """The system refuses to let any file grow beyond 100 kB."""
    import resource

    open_rig(sample_rigs / "toon.blend")
    path = tmp_path / "result.blend"
    path.write_bytes(b"former")
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(FacemocapError, match=r"result\.blend"):
            save_blend(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert [p.name for p in tmp_path.iterdir()] == ["result.blend"]
    assert path.read_bytes() == b"former"


def test_textures_and_libraries_are_found_from_the_new_place(tmp_path: Path) -> None:
    home, away = tmp_path / "home" / "rigs", tmp_path / "elsewhere" / "deep" / "er"
    (home / "textures").mkdir(parents=True)
    away.mkdir(parents=True)
    # a library with a prop
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    make_face("prop", ["swell"])
    bpy.ops.wm.save_as_mainfile(filepath=str(home / "props.blend"))
    # a character with a texture and the linked prop, both by relative paths
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    make_face("face", SHAPES, make_armature())
    bpy.ops.wm.save_as_mainfile(filepath=str(home / "hero.blend"))
    image = bpy.data.images.new("skin", 4, 4)
    image.filepath_raw = str(home / "textures" / "skin.png")
    image.file_format = "PNG"
    image.save()
    image.source, image.filepath = "FILE", "//textures/skin.png"
    prop = link_datablock("//props.blend", "objects", "prop", relative=True)
    bpy.context.scene.collection.objects.link(prop)
    image.use_fake_user = True
    bpy.ops.wm.save_mainfile()

    scene = open_rig(home / "hero.blend")
    picked, rig_map = character_of(scene, bpy.data.objects["face"])
    apply_take(scene, picked, wave_take(), rig_map)
    save_blend(away / "hero_shot.blend")
    assert bpy.data.filepath == str(home / "hero.blend")

    bpy.ops.wm.open_mainfile(filepath=str(away / "hero_shot.blend"))
    image = bpy.data.images["skin"]
    assert image.filepath.startswith("//")
    assert Path(bpy.path.abspath(image.filepath)).resolve() == home / "textures" / "skin.png"
    assert len(cast(Any, image.pixels)) == 64
    assert bpy.data.objects["prop"].library is not None
    assert bpy.data.objects["prop"].data.shape_keys is not None
    assert bpy.data.objects["face"].data.shape_keys.animation_data.action is not None
