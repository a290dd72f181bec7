# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rig map expresses of what each rig can express: recall, precision and sides.

The tables in ``tests/rigs_expressible`` say what can be expressed and what carries it; they were
written before anything was measured. Shapes and properties are judged by what each of them holds,
bones by how the evaluated mesh moves (`face_oracle`).
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import bpy
import pytest
from expressible import TABLES, Table, judge_map, tables
from face_landmarks import Face
from face_oracle import judge

from facemocap_addon.core.channels import arkit_names, arkit_schema
from facemocap_addon.core.probing.completion import complete_map
from facemocap_addon.core.progress import run_job
from facemocap_addon.core.rig_maps.bone_driving import with_calibrated_bones
from facemocap_addon.core.rig_maps.matching import match
from facemocap_addon.core.rig_maps.rig_map import RigMap
from facemocap_addon.gateway.characters.characters import (
    CharacterObjects,
    find_characters,
    read_character,
)
from facemocap_addon.gateway.files.rig_files import open_rig
from facemocap_addon.gateway.measuring.calibration import calibrate_bones
from facemocap_addon.gateway.probing.probing import probe_character

#: What bone rigs are asked for, where they have the bones.
BONE_CHANNELS = {
    "jawOpen", "jawLeft", "jawRight", "browInnerUp", "mouthPucker", "cheekPuff", "tongueOut",
    *(
        f"{name}{side}"
        for name in (
            "eyeBlink", "eyeSquint", "eyeWide", "eyeLookIn", "eyeLookOut", "eyeLookUp",
            "eyeLookDown", "browDown", "browOuterUp", "mouthSmile", "mouthFrown", "mouthUpperUp",
            "mouthLowerDown",
        )
        for side in ("Left", "Right")
    ),
}  # fmt: skip
#: Names alone give these heads everything, and their bones are measured elsewhere.
BY_NAMES = {"conv_cc4_extended", "conv_unified_expressions", "conv_mmd", "makehuman_face_female"}
RIGS = [
    pytest.param(name, marks=pytest.mark.shared) if table.shared else name
    for name, table in tables().items()
]


def _open(table: Table, request: pytest.FixtureRequest) -> tuple[bpy.types.Scene, CharacterObjects]:
    """The rig; of bone rigs the shapes are taken away, which would answer for the bones."""
    folder: Path = request.getfixturevalue("shared" if table.shared else "repo")
    scene = open_rig(folder / table.rig)
    picked = find_characters(scene)[0]
    if table.by_motion:
        for mesh in picked.meshes:
            mesh.shape_key_clear()
    return scene, picked


def _found(picked: CharacterObjects, scene: bpy.types.Scene, probe: bool) -> tuple[RigMap, RigMap]:
    """Maps by names, and completed by probing."""
    controls = read_character(picked, scene).controls
    by_names = match(controls, rig=picked.name)
    if not probe:
        return by_names, by_names
    return by_names, complete_map(by_names, run_job(probe_character(picked, scene)), controls)


@pytest.mark.parametrize("name", RIGS)
def test_recall(
    name: str, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tables()[name]
    scene, picked = _open(table, request)
    start = time.perf_counter()
    by_names, completed = _found(picked, scene, name not in BY_NAMES)
    took = time.perf_counter() - start
    before, outcome = judge_map(table, by_names), judge_map(table, completed)
    with capsys.disabled():
        print(
            f"\n{name:28} recall {len(outcome.right):2}/{len(table.channels):2} "
            f"{outcome.recall:.3f} (names {before.recall:.3f})  precision {outcome.precision:.3f} "
            f"of {outcome.claimed:2}  wrong sides {len(outcome.wrong_sides)}  {took:4.0f} s"
        )
        for channel, why in {**outcome.missed, **outcome.false}.items():
            print(f"  {channel}: {why}")
    assert outcome.wrong_sides == before.wrong_sides == ()
    assert outcome.recall >= 0.95
    assert outcome.precision >= 0.9


@pytest.mark.parametrize(
    "name", ["bone_face", pytest.param("rocketbox_male_adult_04", marks=pytest.mark.shared)]
)
def test_recall_of_calibrated_bones(
    name: str, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    """Amounts that were measured against the reference express what those from names do."""
    table = tables()[name]
    scene, picked = _open(table, request)
    by_names = match(read_character(picked, scene).controls, rig=picked.name)
    calibrated = run_job(calibrate_bones(picked, scene, by_names, reference="sample"))
    outcome = judge_map(table, with_calibrated_bones(by_names, calibrated))
    with capsys.disabled():
        print(
            f"\n{name:28} calibrated: recall {outcome.recall:.3f}, precision "
            f"{outcome.precision:.3f} of {outcome.claimed}, wrong sides {len(outcome.wrong_sides)}"
        )
        for channel, why in {**outcome.missed, **outcome.false}.items():
            print(f"  {channel}: {why}")
    assert outcome.wrong_sides == ()
    assert outcome.recall >= 0.95


@pytest.mark.parametrize("name", RIGS)
def test_what_carries_a_channel_is_there(name: str, request: pytest.FixtureRequest) -> None:
    table = tables()[name]
    assert set(table.channels) <= set(arkit_names())
    assert all(table.channels.values())
    if table.by_motion:
        assert set(table.channels) == BONE_CHANNELS
    folder: Path = request.getfixturevalue("shared" if table.shared else "repo")
    scene = open_rig(folder / table.rig)
    controls = {
        control.name for control in read_character(find_characters(scene)[0], scene).controls
    }
    assert {carrier for carriers in table.channels.values() for carrier in carriers} <= controls
    for channel, carriers in table.channels.items():
        for carrier in carriers if table.holds else ():
            assert table.holds[carrier]["channels"][channel] > 0, (channel, carrier)


@pytest.mark.shared
def test_tables_say_what_the_files_beside_the_rigs_say(shared: Path) -> None:
    truth = json.loads((shared / "rigs" / "conventions" / "ground_truth.json").read_text())
    for convention, shapes in truth.items():
        table = tables()[f"conv_{convention}"]
        assert {n: h["channels"] for n, h in table.holds.items()} == {
            name: shape["arkit"] for name, shape in shapes.items()
        }
        assert {n: h.get("half", "") for n, h in table.holds.items()} == {
            name: shape["mask"] for name, shape in shapes.items()
        }
        assert set(table.channels) == {
            channel
            for shape in shapes.values()
            for channel, weight in shape["arkit"].items()
            if weight >= 0.3
        }
    known = json.loads((shared / "reference" / "rig_conventions.json").read_text())
    for name, convention in (
        ("ict_facekit", "ict_facekit"),
        ("makehuman_vrm1_test", "vrm1"),
        ("makehuman_face_female", "arkit_camel"),
    ):
        driven = {c for parts in known[convention].values() for c, w in parts.items() if w > 0}
        assert set(tables()[name].channels) == driven, name


@pytest.mark.shared
def test_the_oracle_knows_sculpted_shapes(shared: Path) -> None:
    """Each sculpted shape is what its name says, and none is its mirror image."""
    open_rig(shared / "rigs" / "makehuman" / "makehuman_face_female.blend")
    blocks: Any = bpy.data.objects["MH_Human"].data.shape_keys.key_blocks
    face = Face(TABLES / "landmarks" / "makehuman.json")
    rest = face.measure()
    foreign = 0
    for channel in arkit_names():
        blocks["jawOpen"].value = float(channel == "mouthClose")
        before = face.measure()
        assert not judge(channel, before, before).right, channel
        blocks[channel].value = 1.0
        pose = face.measure()
        verdict = judge(channel, pose, before)
        assert verdict.right, (channel, verdict.seen)
        assert not verdict.wrong_side
        partner = arkit_schema()[channel].partner
        if partner != channel:
            mirrored = judge(partner, pose, before)
            assert mirrored.wrong_side, channel
            assert not mirrored.right
        foreign += sum(
            judge(other, pose, rest).right for other in arkit_names() if other != channel
        )
        blocks[channel].value = blocks["jawOpen"].value = 0.0
    # neighbours resemble each other: a pucker is a funnel, a stretch a dimple, to thirty points
    assert foreign < 0.04 * 52 * 51
