# SPDX-License-Identifier: GPL-3.0-or-later
"""The committed sample characters, measured: lids, lips, mirror images, drivers, bones."""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from head_measures import (
    NAMES,
    PREFIX,
    RIM_IN,
    basis,
    depth_in_eye,
    evaluated,
    face_width,
    keys,
    lid_vertices,
    lip_gap,
    mouth_width,
    open_character,
    rim_gap,
    topology,
)

from sample_rigs.generator.arkit import ARKIT, mirror_name

BLINKS = {
    "arkit_head": ("eyeBlinkLeft", "eyeBlinkRight"),
    "toon": ("Blink",),
    "facs_controls": ("LidClose_L", "LidClose_R"),
}
CLOSES = {"arkit_head": ("jawOpen", "mouthClose"), "facs_controls": ("JawDrop", "LipsTogether")}
STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)
MARGIN = 0.02
DEPTH_MM = 0.3


def _object(name: str, part: str) -> Any:
    return bpy.data.objects[f"{PREFIX[name]}_{part}"]


def _deepest(name: str, v: Any) -> float:
    eyeballs = [_object(name, "eye_L"), _object(name, "eye_R")]
    return max(depth_in_eye(v, lid_vertices(), eye, basis(eye)) for eye in eyeballs)


@pytest.fixture(params=NAMES)
def character(request: pytest.FixtureRequest, sample_rigs: Path) -> str:
    """Open each committed character in turn."""
    open_character(sample_rigs, request.param)
    return request.param


def test_file_is_small_self_contained_and_from_the_oldest_blender(
    character: str, sample_rigs: Path
) -> None:
    assert (sample_rigs / f"{character}.blend").stat().st_size < 3_000_000
    written: Any = bpy.data.version
    assert tuple(written[:2]) == (4, 5)
    assert not bpy.data.libraries
    assert [i.filepath for i in bpy.data.images if i.filepath] == []
    assert [t.name for t in bpy.data.texts] == []
    assert bpy.data.actions[:] == []


@pytest.mark.skipif(shutil.which("zstd") is None, reason="the zstd command unpacks the file")
@pytest.mark.parametrize("name", NAMES)
def test_file_names_no_folder_of_the_machine(name: str, sample_rigs: Path) -> None:
    path = sample_rigs / f"{name}.blend"
    raw = subprocess.run(["zstd", "-dc", path], capture_output=True, check=True).stdout
    assert raw.startswith(b"BLENDER")
    for folder in (Path.home(), sample_rigs, sample_rigs.parent):
        assert str(folder).encode() not in raw
    for folder in (b"/root", b"/home/", b"/Users/", b":\\Users"):
        assert folder not in raw


def test_scene_is_ready_for_stills(character: str) -> None:
    scene = bpy.data.scenes[0]
    assert (scene.render.fps, scene.render.fps_base) == (24, 1.0)
    assert scene.camera.name == "Camera"
    assert scene.camera.data.lens == pytest.approx(85)
    assert character in bpy.data.collections
    assert {light.type for light in bpy.data.lights} == {"AREA"}
    assert len(bpy.data.lights) >= 3


def test_character_looks_along_minus_y_in_metres(character: str) -> None:
    v = basis(_object(character, "head"))
    tip = v[topology().half.corner["C0"]]
    crown = v[topology().half.corner["K0"]]
    left_eye = basis(_object(character, "eye_L")).mean(0)
    assert tip[1] == v[:, 1].min()
    assert crown[2] > tip[2]
    assert 25 < left_eye[0] < 40
    assert 230 < v[:, 2].max() - v[:, 2].min() < 330


def test_parts_are_separate_objects(character: str) -> None:
    parts = "head eye_L eye_R teeth_upper teeth_lower tongue brows lashes hair rig".split()
    assert {o.name for o in bpy.data.collections[character].objects} == {
        f"{PREFIX[character]}_{part}" for part in parts
    }


def test_lips_are_shut_and_lids_clear_of_the_eye_at_rest(character: str) -> None:
    v = basis(_object(character, "head"))
    assert lip_gap(v).max() < 0.01 * mouth_width(v)
    assert rim_gap(v).max() > 8
    assert _deepest(character, v) < 0


@pytest.mark.parametrize("name", BLINKS)
def test_blink_closes_the_lids_without_touching_the_eye(name: str, sample_rigs: Path) -> None:
    open_character(sample_rigs, name)
    head = _object(name, "head")
    v, shapes = basis(head), keys(head)
    shut = np.sum([shapes[key] for key in BLINKS[name]], 0)
    open_mm = rim_gap(v).max()
    assert rim_gap(v + shut).max() < MARGIN * open_mm
    assert rim_gap(v + shut, RIM_IN).max() < MARGIN * open_mm
    half = rim_gap(v + 0.5 * shut).max()
    assert 0.4 * open_mm < half < 0.6 * open_mm
    for t in STEPS:
        assert _deepest(name, v + t * shut) < DEPTH_MM


def test_no_other_shape_pushes_a_lid_into_the_eye(sample_rigs: Path) -> None:
    open_character(sample_rigs, "arkit_head")
    head = _object("arkit_head", "head")
    v, shapes = basis(head), keys(head)
    lids = lid_vertices()
    for name, d in shapes.items():
        if np.abs(d[lids]).max() < 0.05 or not name.endswith("Left"):
            continue
        for t in (0.5, 1.0):
            assert _deepest("arkit_head", v + t * d) < DEPTH_MM, (name, t)


def test_bones_close_the_lids_of_bone_face(sample_rigs: Path) -> None:
    open_character(sample_rigs, "bone_face")
    rig, head = _object("bone_face", "rig"), _object("bone_face", "head")
    open_mm = rim_gap(evaluated(head)).max()
    for t in STEPS:
        for lid in ("upper", "lower"):
            for suffix in (".L", ".R"):
                turn = math.radians(rig[f"lid_{lid}_close_deg"])
                rig.pose.bones[f"lid_{lid}{suffix}"].rotation_euler[0] = t * turn
        v = evaluated(head)
        assert _deepest("bone_face", v) < DEPTH_MM
        if t == 0.5:
            assert 0.4 * open_mm < rim_gap(v).max() < 0.6 * open_mm
    assert rim_gap(v).max() < MARGIN * open_mm
    assert rim_gap(v, RIM_IN).max() < MARGIN * open_mm


def test_bone_face_opens_its_jaw(sample_rigs: Path) -> None:
    open_character(sample_rigs, "bone_face")
    rig, head = _object("bone_face", "rig"), _object("bone_face", "head")
    teeth = _object("bone_face", "teeth_lower")
    before = evaluated(teeth)
    rig.pose.bones["jaw"].rotation_euler[0] = math.radians(rig["jaw_open_deg"])
    assert lip_gap(evaluated(head)).max() > 0.4 * mouth_width(basis(head))
    assert (before - evaluated(teeth))[:, 2].min() > 5  # every tooth went down


@pytest.mark.parametrize("name", CLOSES)
@pytest.mark.parametrize("t", [0.2, 0.6, 1.0])
def test_lips_seal_over_an_open_jaw(name: str, t: float, sample_rigs: Path) -> None:
    open_character(sample_rigs, name)
    head = _object(name, "head")
    v, shapes = basis(head), keys(head)
    opened, closed = (shapes[key] for key in CLOSES[name])
    assert lip_gap(v + t * opened).max() > 0.1 * mouth_width(v)
    assert lip_gap(v + t * (opened + closed)).max() < 0.01 * mouth_width(v)


def test_left_shapes_mirror_right_ones(sample_rigs: Path) -> None:
    open_character(sample_rigs, "arkit_head")
    head = _object("arkit_head", "head")
    v, shapes, partner = basis(head), keys(head), topology().partner
    mirror = np.array([-1.0, 1.0, 1.0])
    assert np.abs(v[partner] * mirror - v).max() < 1e-2  # mm, that is 1e-5 m
    for name, d in shapes.items():
        other = shapes[mirror_name(name)]
        assert np.abs(d[partner] * mirror - other).max() < 1e-2, name


def test_each_of_the_52_moves_the_face_and_stands_only_where_it_moves(sample_rigs: Path) -> None:
    open_character(sample_rigs, "arkit_head")
    one_percent = 0.01 * face_width(basis(_object("arkit_head", "head")))
    moves: dict[str, list[float]] = {}
    for ob in bpy.data.collections["arkit_head"].objects:
        if ob.type == "MESH":
            for name, d in keys(ob).items():
                moves.setdefault(name, []).append(np.linalg.norm(d, axis=1).max())
    assert set(moves) == set(ARKIT)
    for name, per_mesh in moves.items():
        assert max(per_mesh) > one_percent, name
        assert min(per_mesh) > 0.03, name
    assert sum(len(per_mesh) > 1 for per_mesh in moves.values()) > 20
    for side in ("L", "R"):
        assert keys(_object("arkit_head", f"eye_{side}")) == {}


def _turn_deg(rest: Any, moved: Any) -> tuple[float, float]:
    """Angle of the rigid motion between two point sets, and what it leaves over (mm)."""
    a, b = rest - rest.mean(0), moved - moved.mean(0)
    u, _, vt = np.linalg.svd(a.T @ b)
    r = u @ np.diag([1, 1, np.sign(np.linalg.det(u @ vt))]) @ vt
    angle = math.degrees(math.acos(np.clip((np.trace(r) - 1) / 2, -1, 1)))
    return angle, float(np.abs(a @ r - b).max())


@pytest.mark.parametrize(
    ("name", "shape", "low", "high"),
    [
        ("arkit_head", "jawOpen", 18, 20),
        ("facs_controls", "JawDrop", 17, 22),
        ("toon", "A", 10, 22),
    ],
)
def test_lower_teeth_turn_as_a_solid_body(
    name: str, shape: str, low: float, high: float, sample_rigs: Path
) -> None:
    open_character(sample_rigs, name)
    teeth = _object(name, "teeth_lower")
    angle, bent_mm = _turn_deg(basis(teeth), basis(teeth) + keys(teeth)[shape])
    assert low < angle < high
    assert bent_mm < 0.5 if name == "toon" else bent_mm < 0.01


def test_toon_has_its_14_shapes(sample_rigs: Path) -> None:
    open_character(sample_rigs, "toon")
    expected = "A I U E O Blink Blink_L Blink_R Joy Angry Sorrow Fun LookUp LookDown".split()
    head = keys(_object("toon", "head"))
    assert list(head) == expected
    assert not set(expected) & set(ARKIT)
    both = head["Blink_L"] + head["Blink_R"]
    assert np.abs(both - head["Blink"]).max() < 1e-3
    for side in ("L", "R"):
        eye = _object("toon", f"eye_{side}")
        assert set(keys(eye)) == {"LookUp", "LookDown"}
        front = basis(eye)[:, 1].argmin()
        assert keys(eye)["LookUp"][front, 2] > 4
        assert keys(eye)["LookDown"][front, 2] < -4


def test_facs_drivers_are_of_every_kind(sample_rigs: Path) -> None:
    open_character(sample_rigs, "facs_controls")
    rig = _object("facs_controls", "rig")
    drivers = [c.driver for k in bpy.data.shape_keys for c in k.animation_data.drivers]
    scripted = [d for d in drivers if d.type == "SCRIPTED"]
    assert {d.type for d in drivers} == {"SUM", "AVERAGE", "SCRIPTED"}
    assert any(d.is_simple_expression for d in scripted)
    python = {
        c.data_path.split('"')[1]
        for k in bpy.data.shape_keys
        for c in k.animation_data.drivers
        if c.driver.type == "SCRIPTED" and not c.driver.is_simple_expression
    }
    assert python == {"CheekPuff", "TongueShow"}
    controls = [name for name in rig.keys() if name.startswith("AU")]  # noqa: SIM118
    assert len(controls) >= 30
    used = {v.targets[0].data_path[2:-2] for d in drivers for v in d.variables}
    assert used == set(controls)
    for name in controls:
        ui = rig.id_properties_ui(name).as_dict()
        assert (ui["min"], ui["max"]) == (0.0, 1.0)
        assert ui["description"]
    driven = {c.data_path for k in bpy.data.shape_keys for c in k.animation_data.drivers}
    every = {f'key_blocks["{b.name}"].value' for k in bpy.data.shape_keys for b in k.key_blocks[1:]}
    assert driven == every


def test_facs_properties_move_the_face_without_scripts(sample_rigs: Path) -> None:
    open_character(sample_rigs, "facs_controls")
    rig, head = _object("facs_controls", "rig"), _object("facs_controls", "head")

    def value(key: str) -> float:
        rig.update_tag()
        bpy.context.view_layer.update()
        graph = bpy.context.evaluated_depsgraph_get()
        return head.evaluated_get(graph).data.shape_keys.key_blocks[key].value

    rig["AU1_L"] = 1.0
    assert value("InnerBrowRaise") == pytest.approx(0.5)
    rig["AU12_L"], rig["AU13_L"] = 0.25, 0.5
    assert value("CornerPull_L") == pytest.approx(0.75)
    rig["AU26"], rig["AU8"] = 0.6, 1.0
    assert value("LipsTogether") == pytest.approx(0.6)
    rig["AU7_L"], rig["AU45_L"] = 1.0, 1.0
    assert value("LidTighten_L") == pytest.approx(0.0)
    assert value("LidClose_L") == pytest.approx(1.0)
    assert lip_gap(evaluated(head)).max() < 0.01 * mouth_width(basis(head))
    rig["AU61"] = 1.0
    rig.update_tag()
    bpy.context.view_layer.update()
    for suffix, degrees in ((".L", 33.2), (".R", 35.5)):
        forward = rig.pose.bones["eye" + suffix].matrix.col[1].to_3d()
        assert math.degrees(math.atan2(forward.x, -forward.y)) == pytest.approx(degrees, abs=0.01)


def test_bones_share_one_convention_of_axes(character: str) -> None:
    rig = _object(character, "rig")
    for bone in rig.data.bones:
        assert bone.matrix_local.col[0].x == pytest.approx(1.0, abs=1e-5), bone.name
    names = {bone.name for bone in rig.data.bones}
    expected = {
        "arkit_head": "neck head eye.L eye.R",
        "facs_controls": "neck head eye.L eye.R",
        "toon": "Neck Head",
        "bone_face": "neck head jaw jaw_follow eye.L eye.R lid_upper.L lid_upper.R lid_lower.L "
        "lid_lower.R brow_inner.L brow_inner.R brow_outer.L brow_outer.R lip_corner.L "
        "lip_corner.R lip_upper lip_lower cheek.L cheek.R nose_wing.L nose_wing.R tongue",
    }
    assert names == set(expected[character].split())
    if character == "bone_face":
        assert {b.rotation_mode for b in rig.pose.bones} == {"QUATERNION", "XYZ"}
        assert all(keys(o) == {} for o in bpy.data.objects if o.type == "MESH")


def test_weights_sum_to_one(character: str) -> None:
    rig = _object(character, "rig")
    for ob in bpy.data.collections[character].objects:
        if ob.type != "MESH":
            continue
        sums = np.array([sum(g.weight for g in v.groups) for v in ob.data.vertices])
        assert np.abs(sums - 1).max() < 1e-4, ob.name
        assert {g.name for g in ob.vertex_groups} <= {b.name for b in rig.data.bones}


def test_head_bone_carries_the_face(character: str) -> None:
    rig, head = _object(character, "rig"), _object(character, "head")
    pose = rig.pose.bones["Head" if character == "toon" else "head"]
    pose.rotation_mode = "XYZ"
    before = evaluated(head)
    pose.rotation_euler[0] = math.radians(15)  # a nod
    moved = evaluated(head) - before
    tip, collar = (topology().half.corner[p] for p in ("C0", "S9"))
    assert moved[tip, 2] < -15
    assert np.abs(moved[collar]).max() < 1e-3


@pytest.mark.skipif(bpy.app.version[:2] != (4, 5), reason="Blender 4.5 writes the characters")
def test_generator_builds_the_committed_files(repo: Path) -> None:
    command = [sys.executable, "-m", "sample_rigs.generator.build", "--check"]
    done = subprocess.run(
        command, cwd=repo, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
