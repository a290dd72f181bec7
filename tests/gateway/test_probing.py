# SPDX-License-Identifier: GPL-3.0-or-later
"""Probing on real characters: scrambled names, amounts, faults, what Blender itself evaluates."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np
import pytest

from facemocap_addon.core.channels import arkit_names, arkit_schema, match_name
from facemocap_addon.core.probing.result import ProbeResult
from facemocap_addon.core.progress import run_job
from facemocap_addon.core.rig_maps.matching import match
from facemocap_addon.gateway.characters.characters import find_characters, read_character
from facemocap_addon.gateway.files.rig_files import open_rig
from facemocap_addon.gateway.probing.probing import probe_character, scan_character

CONSONANTS, VOWELS = "bdfgkmnprstvz", "aeiou"

#: What bone_face can express, written down before measuring: the bone and the component or
#: components, with the direction of the value, that an animator would move for each channel.
#: Its bones are described in sample_rigs/generator/bone_face.py; rotations about local X pitch
#: down what lies in front of an eye, lid or jaw bone. Eye bones point forward, their Z down.
LEFT_AND_RIGHT: dict[str, list[tuple[str, str, int, int]]] = {
    "eyeBlink~": [("lid_upper~", "rotation", 0, +1)],
    "eyeWide~": [("lid_upper~", "rotation", 0, -1)],
    "eyeSquint~": [("lid_lower~", "rotation", 0, -1)],
    "eyeLookUp~": [("eye~", "rotation", 0, -1)],
    "eyeLookDown~": [("eye~", "rotation", 0, +1)],
    "browDown~": [("brow_inner~", "location", 1, -1), ("brow_outer~", "rotation", 0, +1)],
    "browOuterUp~": [("brow_outer~", "location", 1, +1)],
    "mouthSmile~": [("lip_corner~", "location", 1, +1)],
    "mouthFrown~": [("lip_corner~", "location", 1, -1)],
    "mouthUpperUp~": [("lip_upper", "location", 1, +1)],
    "mouthLowerDown~": [("lip_lower", "location", 1, -1)],
}
SINGLE: dict[str, list[tuple[str, str, int, int]]] = {
    "eyeLookOutLeft": [("eye.L", "rotation", 2, -1)],
    "eyeLookInLeft": [("eye.L", "rotation", 2, +1)],
    "eyeLookOutRight": [("eye.R", "rotation", 2, +1)],
    "eyeLookInRight": [("eye.R", "rotation", 2, -1)],
    "jawOpen": [("jaw", "rotation", 0, +1)],
    "jawLeft": [("jaw", "rotation", 2, -1)],
    "jawRight": [("jaw", "rotation", 2, +1)],
    "browInnerUp": [("brow_inner.L", "location", 1, +1), ("brow_inner.R", "location", 1, +1)],
    "mouthPucker": [("lip_corner.L", "location", 0, -1), ("lip_corner.R", "location", 0, +1)],
    "cheekPuff": [("cheek.L", "location", 0, +1), ("cheek.R", "location", 0, -1)],
    "tongueOut": [("tongue", "location", 1, +1)],
}


#: Captured angles, degrees (yaw to the right and pitch down are positive), where an eyeLook
#: coefficient is 1, by the regression from recorded takes (docs/formats.md).
EYE_DEGREES = {
    "leftEyeYaw": {"eyeLookOutLeft": -33.2, "eyeLookInLeft": 35.5},
    "rightEyeYaw": {"eyeLookOutRight": 33.2, "eyeLookInRight": -35.5},
    "leftEyePitch": {"eyeLookUpLeft": -25.8, "eyeLookDownLeft": 35.0},
    "rightEyePitch": {"eyeLookUpRight": -25.8, "eyeLookDownRight": 35.0},
}


def _expressible() -> dict[str, list[tuple[str, str, int, int]]]:
    out = dict(SINGLE)
    for channel, moves in LEFT_AND_RIGHT.items():
        for side, suffix in (("Left", ".L"), ("Right", ".R")):
            out[channel.replace("~", side)] = [
                (bone.replace("~", suffix), path, index, sign) for bone, path, index, sign in moves
            ]
    return out


def _words(seed: int) -> Callable[[str], str]:
    """One random word for each name, the same for the same name."""
    rng = random.Random(seed)
    given: dict[str, str] = {}

    def word(name: str) -> str:
        while name not in given:
            new = "".join(rng.choice(CONSONANTS) + rng.choice(VOWELS) for _ in range(4))
            if new not in given.values():
                given[name] = new
        return given[name]

    return word


def _scramble(seed: int) -> dict[str, str]:
    """Rename all shape keys, bones and objects; the old name of each new one."""
    word = _words(seed)
    old: dict[str, str] = {}
    for keys in bpy.data.shape_keys:
        for block in keys.key_blocks[1:]:
            name = block.name
            block.name = word(name)
            old[block.name] = name
    for armature in bpy.data.armatures:
        for bone in armature.bones:
            name = bone.name
            bone.name = word(name)
            old[bone.name] = name
    for obj in bpy.data.objects:
        obj.name = word(obj.name)
    return old


def _probe(scene: bpy.types.Scene) -> ProbeResult:
    return run_job(probe_character(find_characters(scene)[0], scene))


def _name(path: str) -> str:
    return path.split('"')[1]


def test_scrambled_shapes_are_recognised(sample_rigs: Path):
    scene = open_rig(sample_rigs / "arkit_head.blend")
    old = _scramble(7)
    result = _probe(scene)
    found: set[str] = set()
    wrong: list[tuple[str, str]] = []
    for entry in result.entries:
        assert entry.how == "probe"
        if entry.control.kind == "shape_key":
            truth = old[_name(entry.control.path)]
            channels = [source.channel for source in entry.sources]
            if channels == [truth]:
                found.add(truth)
            else:
                wrong += [(truth, channel) for channel in channels]
    assert len(found) >= 0.9 * len(arkit_names()), sorted(set(arkit_names()) - found)
    assert wrong == []


def test_scrambled_bones_are_recognised(sample_rigs: Path):
    scene = open_rig(sample_rigs / "bone_face.blend")
    old = _scramble(11)
    result = _probe(scene)
    found: dict[str, dict[tuple[str, str, int], float]] = {}
    for entry in result.entries:
        place = (
            old[_name(entry.control.path)],
            entry.control.path.rpartition(".")[2],
            entry.control.index,
        )
        for source in entry.sources:
            found.setdefault(source.channel, {})[place] = source.gain
    truth = _expressible()
    right = {
        channel
        for channel, moves in truth.items()
        if any(found.get(channel, {}).get(move[:3], 0.0) * move[3] > 0 for move in moves)
    }
    assert len(right) >= 0.9 * len(truth), sorted(set(truth) - right)
    for channel, parts in found.items():
        side = arkit_schema()[channel].side
        other = {"L": ".R", "R": ".L"}.get(side, "none")
        if channel not in ("jawLeft", "jawRight", "mouthLeft", "mouthRight"):
            assert not [bone for bone, _, _ in parts if bone.endswith(other)], channel


def test_measured_amounts_agree_with_those_from_names(sample_rigs: Path):
    """Neck, head and eye gains come out as the matching by names has them."""
    scene = open_rig(sample_rigs / "bone_face.blend")
    picked = find_characters(scene)[0]
    by_name = match(read_character(picked, scene).controls)
    result = run_job(probe_character(picked, scene))
    want = {(s.channel, e.control): s.gain for e in by_name.entries for s in e.sources}
    have = {(s.channel, e.control): s.gain for e in result.entries for s in e.sources}
    compared = 0
    for (channel, control), gain in want.items():
        if channel.startswith("head") and abs(gain) > 0.05:
            assert have[channel, control] == pytest.approx(gain, abs=0.02), (channel, control)
            compared += 1
        # by names eyes take the captured angle itself, by probing the coefficients
        for way, degrees in EYE_DEGREES.get(channel, {}).items():
            wanted = gain * math.radians(degrees)
            if abs(wanted) > 0.05:
                assert have[way, control] == pytest.approx(wanted, rel=0.12), (way, control)
                compared += 1
    assert compared >= 14


def test_faults_are_named(sample_rigs: Path):
    scene = open_rig(sample_rigs / "arkit_head.blend")
    head = bpy.data.objects["arkit_head"]
    head.shape_key_add(name="nothing", from_mix=False)
    blocks = head.data.shape_keys.key_blocks
    copy = head.shape_key_add(name="again", from_mix=False)
    flat = np.empty(len(copy.data) * 3, np.float32)
    blocks["mouthFunnel"].data.foreach_get("co", flat)
    copy.data.foreach_set("co", flat)
    for mesh in (m for m in bpy.data.meshes if m.shape_keys):
        own = mesh.shape_keys.key_blocks
        for one, two in (("browDownLeft", "browDownRight"), ("jawLeft", "jawRight")):
            if one in own:
                own[one].name = "spare"
                own[two].name = one
                own["spare"].name = two
    result = _probe(scene)
    assert [_name(key.path) for key in result.empty] == ["nothing"]
    assert [(_name(a.path), _name(b.path)) for a, b in result.duplicates] == [
        ("again", "mouthFunnel")
    ]
    faulty = {_name(key.path): text for key, text in result.wrong_sides}
    assert set(faulty) == {"browDownLeft", "browDownRight", "jawLeft", "jawRight"}
    assert faulty["browDownLeft"] == '"browDownLeft" is named left and moves the right side'
    assert faulty["jawLeft"] == '"jawLeft" moves the face the way of jawRight'


def test_signatures_tell_region_side_direction_and_size(sample_rigs: Path):
    scene = open_rig(sample_rigs / "arkit_head.blend")
    result = _probe(scene)
    head = {
        _name(s.control.path): s
        for s in result.signatures
        if s.control.kind == "shape_key" and s.control.owner == "arkit_head"
    }
    region = {
        "browInnerUp": "brow",
        "eyeBlinkLeft": "eye",
        "jawOpen": "jaw",
        "mouthPucker": "lips",
        "noseSneerRight": "nose",
        "cheekPuff": "cheek",
    }
    assert {name: head[name].region for name in region} == region
    assert [head[n].side for n in ("eyeBlinkLeft", "noseSneerRight", "jawOpen")] == ["L", "R", "C"]
    assert head["jawOpen"].direction[1] < -0.6
    assert head["browInnerUp"].direction[1] > 0.8
    assert head["mouthLeft"].direction[0] > 0.9
    assert head["jawForward"].direction[2] > 0.8
    assert all(s.linearity == 1.0 for s in head.values())
    # independent: the largest difference in the file's own units, on a face of 63 mm
    keys = bpy.data.objects["arkit_head"].data.shape_keys
    for name in ("jawOpen", "eyeBlinkLeft"):
        block = keys.key_blocks[name]
        pairs = zip(block.data, keys.key_blocks[0].data, strict=True)
        most = max((point.co - rest.co).length for point, rest in pairs)
        assert head[name].size_mm == pytest.approx(63 * most / result.eye_distance_m, rel=1e-4)
    assert result.front == (0.0, -1.0, 0.0)
    bones = {
        (_name(s.control.path), s.control.path.rpartition(".")[2]): s
        for s in result.signatures
        if s.control.kind == "bone"
    }
    assert bones["eye.L", "rotation"].region == "eyeball"
    assert bones["head", "rotation"].region == "head"
    assert 0.9 < bones["head", "rotation"].linearity < 1.0


def test_measured_fields_are_what_blender_evaluates(blank_scene: bpy.types.Scene):
    """Relative keys and vertex groups, against Blender's own evaluation of the mesh."""
    mesh = bpy.data.meshes.new("face")
    rng = np.random.default_rng(3)
    mesh.from_pydata(rng.normal(size=(40, 3)).tolist(), [], [])
    obj = bpy.data.objects.new("face", mesh)
    blank_scene.collection.objects.link(obj)
    obj.matrix_world = [[0, -2, 0, 1], [2, 0, 0, 2], [0, 0, 2, 3], [0, 0, 0, 1]]
    obj.shape_key_add(name="Basis")
    first, second = obj.shape_key_add(name="one"), obj.shape_key_add(name="two")
    for block in (first, second):
        block.data.foreach_set("co", rng.normal(size=120).astype(np.float32))
        block.value = 0.0
    second.relative_key = first
    group = obj.vertex_groups.new(name="some")
    for index in range(0, 40, 2):
        group.add([index], 0.25 + index / 80, "REPLACE")
    second.vertex_group = "some"
    scan = run_job(scan_character(find_characters(blank_scene)[0], blank_scene))
    assert [m.control.name for m in scan.motions] == ["one", "two"]

    def world() -> np.ndarray:
        blank_scene.view_layers[0].update()
        graph = blank_scene.view_layers[0].depsgraph
        assert graph is not None
        moved = obj.evaluated_get(graph)
        return np.array([v.co for v in moved.data.vertices])

    rest = world()
    for motion, block in zip(scan.motions, (first, second), strict=True):
        block.value = 1.0
        want = (world() - rest) * 2  # the object's scale; the frame is the object's own
        have = np.zeros((40, 3))
        have[motion.rows] = motion.moved
        assert have == pytest.approx(want, abs=1e-5)
        block.value = 0.0
    assert scan.points == pytest.approx(rest * 2, abs=1e-5)


@pytest.mark.parametrize("value", [False, 0, 0.0], ids=["switch", "counter", "number"])
def test_properties_are_measured_and_kept(blank_scene: bpy.types.Scene, value: float):
    """A property of any kind that drives a shape moves as far as the shape at its end."""
    mesh = bpy.data.meshes.new("face")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    obj = bpy.data.objects.new("face", mesh)
    blank_scene.collection.objects.link(obj)
    for name in ("Basis", "up"):
        obj.shape_key_add(name=name).value = 0.0
    block = mesh.shape_keys.key_blocks["up"]
    block.data[2].co.z = 0.5
    obj["lift"] = value
    obj["nothing"] = value
    driver = block.driver_add("value").driver
    for name in ("lift", "nothing"):
        variable = driver.variables.new()
        variable.name = name
        variable.targets[0].id = obj
        variable.targets[0].data_path = f'["{name}"]'
    driver.expression = "lift + 0 * nothing"
    scan = run_job(scan_character(find_characters(blank_scene)[0], blank_scene))
    (motion,) = [m for m in scan.motions if m.control.kind == "property"]
    assert (motion.control.name, motion.amount, motion.rows.tolist()) == ("lift", 1.0, [2])
    assert motion.moved == pytest.approx(np.array([[0, 0, 0.5]]), abs=1e-6)
    assert [control.name for control in scan.still] == ["nothing"]
    assert type(obj["lift"]) is type(value)
    assert obj["lift"] == value


def test_probing_twice_gives_the_same(sample_rigs: Path):
    scene = open_rig(sample_rigs / "bone_face.blend")
    one, two = _probe(scene), _probe(scene)
    assert one == two


@pytest.mark.shared
@pytest.mark.parametrize(
    ("rig", "least"),
    [("ict_facekit/ict_facekit.blend", 38), ("makehuman/makehuman_face_female.blend", 38)],
)
def test_real_heads_have_no_wrong_sides(shared: Path, rig: str, least: int):
    scene = open_rig(shared / "rigs" / rig)
    old = _scramble(5)
    result = _probe(scene)
    found: set[str] = set()
    wrong: list[tuple[str, str]] = []
    for entry in result.entries:
        if entry.control.kind != "shape_key":
            continue
        truth = match_name(old[_name(entry.control.path)], arkit_names())
        if truth is None:
            continue
        for source in entry.sources:
            if source.channel == truth:
                found.add(truth)
            elif source.channel == arkit_schema()[truth].partner and len(entry.sources) == 1:
                wrong.append((truth, source.channel))
    print(f"{rig}: {len(found)} channels recognised under random names")
    assert wrong == []
    assert len(found) >= least
    assert result.found_eyes
    assert (result.front, result.up) == ((0.0, -1.0, 0.0), (0.0, 0.0, 1.0))
