# SPDX-License-Identifier: GPL-3.0-or-later
"""One take on several characters: their own maps and Actions, and failures that stay alone."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import bpy
import pytest
from file_state import differences, file_state
from small_scenes import character_of, make_armature, make_face, wave_take

from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.rig_maps.rig_map import RigMap
from facemocap_addon.gateway.applying.performance import ApplyOptions, apply_take, remove_take
from facemocap_addon.gateway.characters.characters import CharacterObjects
from facemocap_addon.gateway.takes import many
from facemocap_addon.gateway.takes.many import apply_to_many
from facemocap_addon.gateway.writing.records import performances

NAMES = ("anna", "bert", "cleo")


def cast_of(scene: Any) -> list[tuple[CharacterObjects, RigMap]]:
    """Three characters; every one of them has shape keys and an armature of its own."""
    pairs = []
    for name in NAMES:
        rig = make_armature(f"{name} rig")
        pairs.append(character_of(scene, make_face(f"{name} face", rig=rig), wave_take()))
    return pairs


def keyed(face: str) -> dict[str, list[float]]:
    """Key values of a face's shape keys, by data path."""
    data = bpy.data.objects[face].data.shape_keys.animation_data
    bag = data.action.layers[0].strips[0].channelbag(data.action_slot)
    return {c.data_path: [point.co[1] for point in c.keyframe_points] for c in bag.fcurves}


def doubled(rig_map: RigMap, factor: float) -> RigMap:
    """The map with other gains and no limits."""
    return replace(
        rig_map,
        entries=tuple(
            replace(
                entry,
                sources=tuple(replace(s, gain=s.gain * factor) for s in entry.sources),
                limits=(-10.0, 10.0),
            )
            for entry in rig_map.entries
        ),
    )


def test_each_gets_an_action_of_its_own_by_its_own_map(blank_scene: Any):
    pairs = cast_of(blank_scene)
    pairs[1] = (pairs[1][0], doubled(pairs[1][1], 0.5))
    take = wave_take()
    outcomes = apply_to_many(blank_scene, pairs, take, ApplyOptions(start_frame=5))
    assert [outcome.name for outcome in outcomes] == [picked.name for picked, _ in pairs]
    assert all(outcome.is_done and outcome.problem is None for outcome in outcomes)
    actions = {outcome.performance.action.name for outcome in outcomes if outcome.performance}
    assert len(actions) == 3
    assert {found.action.name for found in performances()} == actions
    anna, bert = keyed("anna face"), keyed("bert face")
    assert anna.keys() == bert.keys()
    for path, values in anna.items():
        assert bert[path] == pytest.approx([value / 2 for value in values], abs=1e-6)
    assert [outcome.report.counts["keys"] for outcome in outcomes if outcome.report] == [
        outcomes[0].report.counts["keys"] if outcomes[0].report else 0
    ] * 3


def test_it_is_what_applying_to_each_alone_makes(blank_scene: Any):
    pairs, take = cast_of(blank_scene), wave_take()
    for picked, rig_map in pairs:
        apply_take(blank_scene, picked, take, rig_map)
    alone = file_state(blank_scene)
    for picked, _ in pairs:
        remove_take(blank_scene, picked)
    apply_to_many(blank_scene, pairs, take)
    assert not differences(alone, file_state(blank_scene))


def test_taking_all_off_again_leaves_nothing(blank_scene: Any):
    pairs = cast_of(blank_scene)
    blank_scene.frame_start, blank_scene.frame_end = 10, 20
    before = file_state(blank_scene)
    apply_to_many(blank_scene, pairs, wave_take())
    assert differences(before, file_state(blank_scene))
    for picked, _ in pairs:
        remove_take(blank_scene, picked)
    assert not differences(before, file_state(blank_scene))


@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_failing_does_not_stop_the_others(blank_scene: Any, place: int):
    pairs = cast_of(blank_scene)
    picked, rig_map = pairs[place]
    broken = replace(
        rig_map,
        entries=(
            *rig_map.entries[1:],
            replace(
                rig_map.entries[0],
                control=replace(rig_map.entries[0].control, path='key_blocks["gone"].value'),
            ),
        ),
    )
    pairs[place] = (picked, broken)
    mesh = bpy.data.objects[f"{NAMES[place]} face"]
    outcomes = apply_to_many(blank_scene, pairs, wave_take())
    assert [outcome.is_done for outcome in outcomes] == [n != place for n in range(3)]
    failed = outcomes[place]
    assert isinstance(failed.problem, FacemocapError)
    assert (failed.report, failed.performance, failed.is_bug) == (None, None, False)
    assert "gone" in str(failed.problem)
    # nothing half done stays behind on the one that failed
    assert mesh.data.shape_keys.animation_data is None
    assert bpy.data.objects[f"{NAMES[place]} rig"].animation_data is None
    assert len(bpy.data.actions) == 2


@pytest.mark.parametrize("step", ["prepare_take", "write_take"])
def test_a_bug_with_one_does_not_stop_the_others(
    step: str,
    blank_scene: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    pairs = cast_of(blank_scene)
    own = getattr(many, step)

    def falter(first: Any, *rest: Any) -> Any:
        picked = rest[0] if step == "prepare_take" else first.picked
        if picked is pairs[1][0]:
            raise ZeroDivisionError("of all things")
        return own(first, *rest)

    monkeypatch.setattr(many, step, falter)
    outcomes = apply_to_many(blank_scene, pairs, wave_take())
    assert [outcome.is_done for outcome in outcomes] == [True, False, True]
    assert [outcome.is_bug for outcome in outcomes] == [False, True, False]
    assert "ZeroDivisionError" in str(outcomes[1].problem)
    assert "of all things" in capsys.readouterr().err


def test_the_same_scene_range_comes_back_after_several(blank_scene: Any):
    """Every one of them sets the range; the last to go puts back what the animator had."""
    pairs = cast_of(blank_scene)
    blank_scene.frame_start, blank_scene.frame_end = 3, 33
    take = wave_take(seconds=1.5)
    apply_to_many(blank_scene, pairs, take)
    rate = blank_scene.render.fps / blank_scene.render.fps_base
    assert (blank_scene.frame_start, blank_scene.frame_end) == (1, 1 + math.ceil(1.5 * rate))
    for picked, _ in reversed(pairs):
        remove_take(blank_scene, picked)
    assert (blank_scene.frame_start, blank_scene.frame_end) == (3, 33)


def test_nobody_is_nothing(blank_scene: Any):
    assert apply_to_many(blank_scene, [], wave_take()) == []
    assert not bpy.data.actions
