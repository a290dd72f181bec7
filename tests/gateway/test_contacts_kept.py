# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeping contacts does to keys, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from captured_moments import SIDES
from contact_looks import Actor, open_actor
from kept_takes import (
    CLOSED_S,
    HALF_S,
    SHUT_S,
    WINK_S,
    at,
    curves,
    played,
    same,
    same_keys,
    shapes,
    speech,
    take_of,
)

from facemocap_addon.core.controls import BONE
from facemocap_addon.core.placement import solve_on_frames
from facemocap_addon.core.progress import run_job
from facemocap_addon.core.rig_maps.matching import match
from facemocap_addon.core.take import make_take
from facemocap_addon.core.take_edits import mirror_take
from facemocap_addon.gateway.applying.performance import ApplyOptions, apply_take
from facemocap_addon.gateway.characters.characters import find_characters, read_character
from facemocap_addon.gateway.files.rig_files import open_rig
from facemocap_addon.gateway.measuring.measuring import ensure_measured
from facemocap_addon.gateway.scenes import scene_clock
from facemocap_addon.gateway.writing.keys import find_channelbag
from facemocap_addon.gateway.writing.records import find_performance


@pytest.fixture(scope="module")
def arkit_file(sample_rigs: Path) -> Path:
    return sample_rigs / "arkit_head.blend"


@pytest.fixture
def head(arkit_file: Path) -> Actor:
    return open_actor(arkit_file)


@pytest.mark.parametrize("options", [ApplyOptions(raw=True), ApplyOptions(contacts=False)])
def test_values_are_as_captured_to_the_bit(head: Actor, options: ApplyOptions) -> None:
    take = speech()
    solved, frames = solve_on_frames(take, head.rig_map, scene_clock(head.scene), raw=options.raw)
    found = played(head, take, options)
    shape_keys = {
        control.path: solved.values[:, place].astype(np.float32)
        for place, control in enumerate(solved.controls)
        if control.kind != BONE
    }
    assert len(shape_keys) > 5
    for (_, path, _), keys in found.items():
        if path in shape_keys:
            assert (keys[:, 0] == frames).all()
            assert keys[:, 1].tobytes() == shape_keys[path].tobytes()
    # and without any contacts known
    known, head.contacts = head.contacts, None
    assert same(found, played(head, take, options))
    head.contacts = known
    assert not same(found, played(head, take))


def test_only_lids_and_lips_change_and_only_where_something_is_to_meet(head: Actor) -> None:
    take = speech()
    options = ApplyOptions(on_capture_times=True)
    before = played(head, take, replace(options, contacts=False))
    after = played(head, take, options)
    changed = {
        path.split('"')[1]
        for key, _ in after.items()
        if not same_keys(before, after, key)
        for path in [key[1]]
    }
    assert changed
    assert changed <= {"eyeBlinkLeft", "eyeBlinkRight", "mouthClose", "jawOpen"}
    for name, channel in (("eyeBlinkLeft", "eyeBlinkLeft"), ("eyeBlinkRight", "eyeBlinkRight")):
        keys, plain = shapes(after, name), shapes(before, name)
        idle = take.values[:, take.column(channel)] == 0.0
        assert (keys[idle] == plain[idle]).all()
    away = (take.times < CLOSED_S[0] - 0.05) | (take.times > CLOSED_S[1] + 0.05)
    for name in ("mouthClose", "jawOpen"):
        assert (shapes(after, name)[away] == shapes(before, name)[away]).all()


def test_what_is_seen_is_what_is_reported(head: Actor) -> None:
    report = head.play(speech(), ApplyOptions(on_capture_times=True))
    measures: Any = report.measures
    for side in SIDES:
        lids = measures["lid_gap_percent"][side]
        assert lids["frames"] > 0
        assert lids["frames_cut_by_limits"] == 0
        assert lids["after"]["mean"] <= lids["after"]["largest"] < 1.0
    lips = measures["lip_gap_percent"]
    assert lips["frames"] == 13
    assert lips["before"]["largest"] > 2.0
    assert lips["after"]["largest"] < 1.0
    for time in SHUT_S:
        at(head, time)
        assert max(head.gaps.lid_gaps().values()) < 2.0
    at(head, HALF_S)
    assert all(35.0 < gap < 65.0 for gap in head.gaps.lid_gaps().values())
    at(head, WINK_S)
    wink = head.gaps.lid_gaps()
    assert wink["left"] < 2.0
    assert wink["right"] > 80.0
    at(head, 0.3)
    head.gaps.find_mouth()
    at(head, 0.9)
    assert head.gaps.lip_gap() < 1.0


def test_left_and_right_change_places(head: Actor) -> None:
    take = speech()
    mirrored = played(head, take, ApplyOptions(mirror=True, on_capture_times=True))
    assert same(mirrored, played(head, mirror_take(take), ApplyOptions(on_capture_times=True)))
    head.play(take, ApplyOptions(mirror=True, on_capture_times=True))
    at(head, WINK_S)
    wink = head.gaps.lid_gaps()
    assert wink["right"] < 2.0
    assert wink["left"] > 80.0


def test_keys_stay_on_the_samples(head: Actor) -> None:
    take = speech()
    for keys in played(head, take, ApplyOptions(on_capture_times=True, start_frame=11)).values():
        frames = 11 + take.times * head.scene.render.fps
        assert keys[:, 0] == pytest.approx(frames, abs=1e-3)


def test_a_part_of_a_take_is_as_it_is_in_the_whole(head: Actor) -> None:
    take = speech()
    options = ApplyOptions(on_capture_times=True, set_scene_range=False)
    whole = played(head, take, options)
    part = played(head, take, replace(options, range_s=(1.0, 1.5)))
    rows = (take.times >= 1.0) & (take.times <= 1.5)
    for name in ("eyeBlinkLeft", "jawOpen"):
        assert shapes(part, name)[:, 1] == pytest.approx(shapes(whole, name)[rows, 1], abs=5e-3)


def test_twice_the_same_bytes(arkit_file: Path) -> None:
    take = speech(mouthPucker=0.2, cheekSquintLeft=0.3)
    first = played(open_actor(arkit_file), take)
    again = open_actor(arkit_file)
    assert same(first, played(again, take))
    assert same(first, played(again, take))


def test_lost_samples_leave_nothing_that_is_no_number(head: Actor) -> None:
    take = speech()
    valid = np.array(take.valid)
    valid[20:45] = False
    valid[100:, take.column("jawOpen")] = False
    lost = make_take(take.times, take.channels, take.values, valid=valid, name="lost.csv")
    for on_capture_times in (False, True):
        for keys in played(head, lost, ApplyOptions(on_capture_times=on_capture_times)).values():
            assert len(keys)
            assert np.isfinite(keys).all()


@pytest.mark.parametrize("way", ["still", "missing"])
def test_a_take_that_does_not_blink(head: Actor, way: str) -> None:
    take = speech()
    columns = {name: take.values[:, take.column(name)].astype(np.float64) for name in take.names}
    for name in ("eyeBlinkLeft", "eyeBlinkRight"):
        if way == "missing":
            del columns[name]
        else:
            columns[name] = np.full(181, 0.15)
    take = take_of(columns)
    report = head.play(take, ApplyOptions(on_capture_times=True))
    assert "lid_gap_percent" not in report.measures
    assert "lip_gap_percent" in report.measures
    if way == "still":
        assert shapes(curves(head), "eyeBlinkLeft")[:, 1] == pytest.approx(0.15)


def test_a_take_without_a_jaw(head: Actor) -> None:
    take = take_of({"eyeBlinkLeft": speech().values[:, 0].astype(np.float64)})
    report = head.play(take)
    assert "lip_gap_percent" not in report.measures
    assert set(report.measures["lid_gap_percent"]) == {"left"}


@pytest.mark.parametrize("gone", ["eyes", "jaw"])
def test_a_face_without_eyeballs_or_without_a_mouth(arkit_file: Path, gone: str) -> None:
    scene = open_rig(arkit_file)
    for mesh in find_characters(scene)[0].meshes:
        keys: Any = mesh.data.shape_keys
        if gone == "eyes" and "_eye_" in mesh.name:
            bpy.data.objects.remove(mesh)
        elif gone == "jaw" and keys is not None:
            for name in [b.name for b in keys.key_blocks if b.name.startswith(("jaw", "mouth"))]:
                mesh.shape_key_remove(keys.key_blocks[name])
    picked = find_characters(scene)[0]
    controls = read_character(picked, scene).controls
    measured = run_job(ensure_measured(picked, scene))
    openings = set(measured.contacts["openings"]) if measured.contacts else set()
    assert openings == (set() if gone == "eyes" else {"left_lids", "right_lids"})
    report = apply_take(scene, picked, speech(), match(controls, rig="head"))
    assert report.counts["keys"] > 0
    assert not {"lid_gap_percent", "lip_gap_percent"} & set(report.measures)


def test_a_cube_that_is_called_a_face(blank_scene: Any) -> None:
    bpy.ops.mesh.primitive_cube_add()
    cube: Any = bpy.context.object
    cube.shape_key_add(name="Basis")
    for number, name in enumerate(("eyeBlinkLeft", "eyeBlinkRight", "jawOpen", "mouthClose")):
        cube.shape_key_add(name=name, from_mix=False).data[number].co.z += 0.5
    picked = find_characters(blank_scene)[0]
    controls = read_character(picked, blank_scene).controls
    take = speech()
    solved, _ = solve_on_frames(take, match(controls), scene_clock(blank_scene))
    report = apply_take(blank_scene, picked, take, match(controls))
    assert report.counts["curves"] == 4
    assert not {"lid_gap_percent", "lip_gap_percent"} & set(report.measures)
    performance = find_performance(picked)
    assert performance is not None
    bag = find_channelbag(performance.action, cube.data.shape_keys.animation_data.action_slot)
    assert bag is not None
    for place, control in enumerate(solved.controls):
        keys = bag.fcurves.find(control.path).keyframe_points
        assert [key.co.y for key in keys] == solved.values[:, place].astype(np.float32).tolist()
