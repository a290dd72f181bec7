# SPDX-License-Identifier: GPL-3.0-or-later
"""The sheet of all characters in small: one that works, one that cannot, tiny pictures."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from devtools.rigs.alone import play_alone
from devtools.rigs.kept import keying_digest, picture_digest
from devtools.rigs.main import Rig, Sheet, find_rigs, main, make_sheet
from devtools.rigs.one_file import Wanted, show_file
from devtools.rigs.outcome import Shown
from devtools.rigs.paint import ATTRIBUTE, make_readable
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.rig_maps.matching import match
from facemocap_addon.gateway.applying.performance import apply_take
from facemocap_addon.gateway.characters.characters import find_characters, read_character
from facemocap_addon.gateway.files.rig_files import open_rig
from facemocap_addon.gateway.files.stills import read_still
from facemocap_addon.gateway.writing.records import find_performance

HEIGHT_PX = 64


@pytest.fixture(scope="module")
def made(sample_rigs: Path, tmp_path_factory: pytest.TempPathFactory) -> Sheet:
    """A sheet in its own processes."""
    out = tmp_path_factory.mktemp("sheet") / "new folder"
    broken = out.parent / "broken.glb"
    broken.write_bytes(b"glTF is more than four letters")
    rigs = [Rig(sample_rigs / "arkit_head.blend"), Rig(broken)]
    return make_sheet(sample_rigs / "sample_take.csv", rigs, out, 2, HEIGHT_PX)


def _facts(made: Sheet) -> dict[str, Any]:
    return json.loads(made.data.read_text(encoding="utf-8"))


def test_the_sheet_has_a_row_for_what_works(made: Sheet):
    width = HEIGHT_PX * 3 // 4
    sheet = read_still(made.picture)
    assert 2 * width < sheet.shape[1] < 3.5 * width
    assert HEIGHT_PX < sheet.shape[0] < 2 * HEIGHT_PX


def test_the_data_says_what_was_measured(made: Sheet):
    facts = _facts(made)
    assert [moment["caption"] for moment in facts["moments"]] == ["rest", "blink"]
    good, bad = facts["rigs"]
    assert good["status"] == "done"
    assert len(good["channels_matched"]) > 55
    lids = good["measures"]["lid_gap_percent"]["left"]
    assert lids["after"]["largest"] < lids["before"]["largest"]
    assert good["measures"]["lip_gap_percent"]["frames"] > 50
    assert bad["status"] == "failed"
    assert "broken.glb" in bad["error"]


def test_the_blink_is_on_its_picture(made: Sheet):
    """The moments are those of the take: the eyes, dark at rest, are skin in the blink."""
    folder = made.data.parent / "rigs" / "arkit_head_blend"
    rest, blink = (read_still(folder / still) for still in _facts(made)["rigs"][0]["stills"])
    change = np.abs(rest[:, :, :3].astype(int) - blink[:, :, :3]).max(axis=2)
    rows = np.flatnonzero(change.max(axis=1) > 60)
    assert len(rows)
    assert 0.35 * HEIGHT_PX < rows.min() <= rows.max() < 0.6 * HEIGHT_PX


def test_the_page_stands_alone_and_names_the_failure(made: Sheet):
    html = made.page.read_text(encoding="utf-8")
    assert not re.search(r"https?:|file:|<script|<link|@import|url\(", html)
    assert html.count("<img") == 1
    assert "broken.glb" in html
    assert re.search(r"<td[^>]*>0\.5 %</td>", html), "the lids' gap"


def test_what_is_up_to_date_is_not_made_again(
    made: Sheet, sample_rigs: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = made.data.parent / "rigs" / "arkit_head_blend"
    # somebody may have saved a source file since
    former = (folder / "keyed.digest").read_text(encoding="utf-8")
    monkeypatch.setattr("devtools.rigs.one_file.keying_digest", lambda *_: former)
    times = {path: path.stat().st_mtime_ns for path in folder.rglob("*.*")}
    frames = [moment["frame"] for moment in _facts(made)["moments"]]
    take = sample_rigs / "sample_take.csv"
    wanted = Wanted(take.resolve(), "30", frames, HEIGHT_PX, 8)
    shown = show_file(wanted, sample_rigs / "arkit_head.blend", folder)
    assert shown[0] == made.shown[0]
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.*")} == times


def test_a_digest_knows_what_it_depends_on(tmp_path: Path):
    take, rig = tmp_path / "take.csv", tmp_path / "rig.gltf"
    take.write_text("a")
    rig.write_text("b")

    def digest(option: str = "x") -> str:
        return keying_digest(take, rig, [option], "5.2")

    first = digest()
    assert digest() == first
    assert digest("y") != first
    (tmp_path / "rig.bin").write_text("what the glTF names")
    beside = digest()
    assert beside != first
    take.write_text("other")
    assert digest() != beside
    assert picture_digest(first, ["320"]) != picture_digest(first, ["640"])


def test_rigs_are_found_in_folders(tmp_path: Path):
    inside = tmp_path / "deep" / "er"
    inside.mkdir(parents=True)
    for name in ("a.blend", "deep/er/b.vrm", "deep/er/b.bin", "preview.png"):
        (tmp_path / name).write_text("")
    found = find_rigs([tmp_path, tmp_path / "a.blend"])
    assert [path.name for path in found] == ["a.blend", "b.vrm"]
    (inside / "a.blend").write_text("")
    with pytest.raises(FacemocapError, match="Two characters"):
        find_rigs([tmp_path])
    with pytest.raises(FacemocapError, match="does not exist"):
        find_rigs([tmp_path / "none"])


def test_names_say_what_was_driven():
    assert Shown("hero.blend", {}).name == "hero"
    assert Shown("hero.blend", {}, drive="bones").name == "hero (bones)"


def test_a_take_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["--take", str(tmp_path / "none.csv"), "--out", str(tmp_path / "out")]) == 2
    assert re.fullmatch(r"facemocap: [^\n]+\.\n", capsys.readouterr().err)
    assert not (tmp_path / "out").exists()


def test_eyes_without_an_iris_get_one(sample_rigs: Path):
    scene = open_rig(sample_rigs / "arkit_head.blend")
    meshes: Any = find_characters(scene)[0].meshes
    assert make_readable(meshes) == [], "nothing to mend on a sound character"
    eyes = [mesh for mesh in meshes if "_eye_" in mesh.name]
    white = bpy.data.materials.new("blank")
    for eye in eyes:
        for slot in eye.material_slots:
            slot.material = white
    assert len(make_readable(meshes)) == 1
    painted = [mesh for mesh in meshes if any(s.material != white for s in mesh.material_slots)]
    assert set(eyes) <= set(painted)
    for eye in eyes:
        data = eye.data.attributes[ATTRIBUTE].data
        flat = np.empty(len(data) * 3, np.float32)
        data.foreach_get("vector", flat)
        arms = flat.reshape(-1, 3)
        assert np.linalg.norm(arms, axis=1) == pytest.approx(1.0, abs=1e-4)
        # what lies in front of the eyeball points out of the face
        ahead = np.array([vertex.co.y for vertex in eye.data.vertices])
        assert arms[np.argmin(ahead), 2] > 0.99


def test_materials_without_their_textures_are_painted(sample_rigs: Path, tmp_path: Path):
    scene = open_rig(sample_rigs / "arkit_head.blend")
    meshes: Any = find_characters(scene)[0].meshes
    head = next(mesh for mesh in meshes if mesh.name == "arkit_head")
    skin = head.material_slots[0].material
    image: Any = bpy.data.images.new("skin", 4, 4)
    image.source, image.filepath = "FILE", str(tmp_path / "gone.png")
    skin.node_tree.nodes.new("ShaderNodeTexImage").image = image
    assert "1 materials" in make_readable(meshes)[0]
    assert head.material_slots[0].material != skin
    assert head.material_slots[1].material.name == "arkit_rim", "the others stay"


def test_the_files_own_animation_is_off(sample_rigs: Path):
    """A pose that the file plays below is gone, ours stays."""
    scene = open_rig(sample_rigs / "arkit_head.blend")
    picked = find_characters(scene)[0]
    armature: Any = picked.armature
    bone = armature.pose.bones[0]
    bone.location = (0, 0, 0.3)
    bone.keyframe_insert("location", frame=1)
    take = read_take(sample_rigs / "sample_take.csv")
    apply_take(scene, picked, take, match(read_character(picked, scene).controls, take))
    performance = find_performance(picked)
    assert performance is not None
    head: Any = bpy.data.objects["arkit_head"]
    blink = head.data.shape_keys.key_blocks["eyeBlinkLeft"]
    frame = 1
    while blink.value < 0.5:
        frame += 1
        scene.frame_set(frame)
    assert bone.location.z == pytest.approx(0.3)
    closed = blink.value
    assert len(play_alone(performance, picked)) == 1
    scene.frame_set(frame)
    assert bone.location.z == 0.0
    assert blink.value == closed
    assert play_alone(performance, picked) == []
