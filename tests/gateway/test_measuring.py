# SPDX-License-Identifier: GPL-3.0-or-later
"""Measuring: everything in order, with progress, once; and what happens meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import pytest
from file_state import differences, file_state
from fingerprint_cases import OTHER, SAME
from fingerprint_hero import bone, make_hero, measured_hero, picked_hero, probe_hero

from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.measured import Measured
from facemocap_addon.core.progress import Job, Progress, run_job
from facemocap_addon.gateway.characters.characters import (
    CharacterObjects,
    read_character,
)
from facemocap_addon.gateway.files.rig_files import open_rig
from facemocap_addon.gateway.measuring import measuring, measuring_steps
from facemocap_addon.gateway.measuring.measuring import (
    ensure_measured,
    measure_character,
    store_measurement,
    stored_measurement,
)
from facemocap_addon.gateway.measuring.measuring_steps import Step


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own, so that nobody's is read or written; no further steps."""
    monkeypatch.delenv("FACEMOCAP_NO_CACHE", raising=False)
    monkeypatch.setenv("FACEMOCAP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(measuring, "STEPS", ())
    return tmp_path / "cache" / "measured"


@pytest.fixture
def hero(blank_scene: Any, monkeypatch: pytest.MonkeyPatch) -> Measured:
    """The measurement of the scene's character; nothing is kept yet."""
    monkeypatch.setattr(measuring, "probe_and_scan", probe_hero)
    make_hero()
    return measured_hero(picked_hero())


def _count(name: str, calls: list[str], found: dict[str, Any] | None) -> Step:
    def run(picked: CharacterObjects, scene: Any, so_far: Measured, scan: Any) -> Job[Any]:
        calls.append(name)
        assert scene == bpy.context.scene
        assert so_far.probe.eye_distance_m > 0
        yield Progress(0.0, f"{name} begins")
        yield Progress(0.5, f"{name} goes on")
        return None if found is None else found | {"after": sorted(so_far.parts)}

    return Step(name, run, 2.0)


def test_everything_is_measured_in_order(
    sample_rigs: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    monkeypatch.setattr(
        measuring,
        "STEPS",
        (_count("first", calls, {"owner": "toon"}), _count("second", calls, None)),
    )
    scene = open_rig(sample_rigs / "toon.blend")
    picked = picked_hero(scene)
    before = file_state(scene, without_texts=False)
    steps: list[Progress] = []
    measured = run_job(ensure_measured(picked, scene), steps.append)
    assert differences(before, file_state(scene, without_texts=False)) == []
    assert calls == ["first", "second"]
    assert measured.parts == {"first": {"owner": "toon", "after": []}, "second": None}
    assert "jawOpen" in measured.probe.channels
    keys = {control.key for control in read_character(picked, scene).controls}
    assert {s.control for s in measured.probe.signatures} <= keys
    done = [step.done for step in steps]
    assert done == sorted(done)
    assert 0 <= done[0] < 0.1
    assert [(p.what, round(p.done, 6)) for p in steps[-4:]] == [
        ("first begins", 0.5),
        ("first goes on", 0.625),
        ("second begins", 0.75),
        ("second goes on", 0.875),
    ]
    # once measured it comes from the cache, for renamed objects too
    again: list[Progress] = []
    for obj in picked.objects:
        obj.name = f"my {obj.name}"
    found = run_job(ensure_measured(picked_hero(scene), scene), again.append)
    assert again == []
    assert calls == ["first", "second"]
    assert found == measured.renamed(found.owners)
    assert all(s.control.owner.startswith("my ") for s in found.probe.signatures)
    # and then from the file
    store_measurement(picked, found)
    for path in cache.iterdir():
        path.unlink()
    assert run_job(ensure_measured(picked_hero(scene), scene), again.append) == found
    assert again == []
    # what lacks a part that is measured today counts as none
    monkeypatch.setattr(measuring, "STEPS", (*measuring.STEPS, _count("third", calls, {})))
    assert stored_measurement(picked_hero(scene)) is None


def test_the_cache_can_be_left_alone(
    hero: Measured, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = bpy.context.scene
    run_job(ensure_measured(picked_hero(), scene, use_cache=False))
    assert not cache.exists()
    monkeypatch.setenv("FACEMOCAP_NO_CACHE", "1")
    run_job(ensure_measured(picked_hero(), scene))
    assert not cache.exists()
    monkeypatch.delenv("FACEMOCAP_NO_CACHE")
    run_job(ensure_measured(picked_hero(), scene))
    assert [path.name for path in cache.iterdir()] == [f"{hero.fingerprint}.json.gz"]


@pytest.fixture
def slow_step(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    calls: list[str] = []
    monkeypatch.setattr(measuring, "STEPS", (_count("slow", calls, {}),))
    return calls


def _run_up_to_step(job: Job[Measured], calls: list[str]) -> None:
    while not calls:
        next(job)


def test_a_change_meanwhile_ends_it(hero: Measured, slow_step: list[str], cache: Path) -> None:
    scene = bpy.context.scene
    job = ensure_measured(picked_hero(), scene)
    _run_up_to_step(job, slow_step)
    OTHER["shape"]()
    with pytest.raises(FacemocapError, match=r"changed while it was being measured.*once more"):
        run_job(job)
    assert not cache.exists()


def test_posing_meanwhile_is_no_change(hero: Measured, slow_step: list[str]) -> None:
    job = measure_character(picked_hero(), bpy.context.scene)
    _run_up_to_step(job, slow_step)
    SAME["posed"]()
    assert run_job(job) == hero.with_part("slow", {"after": []})


def test_another_file_meanwhile_ends_it(
    hero: Measured, slow_step: list[str], sample_rigs: Path
) -> None:
    job = measure_character(picked_hero(), bpy.context.scene)
    _run_up_to_step(job, slow_step)
    open_rig(sample_rigs / "toon.blend")
    with pytest.raises(FacemocapError, match="changed while it was being measured"):
        run_job(job)


def test_an_undo_meanwhile_is_survived(hero: Measured, slow_step: list[str]) -> None:
    bpy.ops.ed.undo_push(message="measured")
    bone("jaw").location.x = 0.5
    bpy.ops.ed.undo_push(message="posed")
    job = measure_character(picked_hero(), bpy.context.scene)
    _run_up_to_step(job, slow_step)
    bpy.ops.ed.undo()
    assert run_job(job) == hero.with_part("slow", {"after": []})


def test_closing_midway_leaves_the_file_as_it_was(hero: Measured, slow_step: list[str]) -> None:
    scene = bpy.context.scene
    before = file_state(scene, without_texts=False)
    for stop in (1, 2, 4, 1000):
        job = measure_character(picked_hero(), scene)
        for _, _ in zip(range(stop), job, strict=False):
            pass
        job.close()
        assert differences(before, file_state(scene, without_texts=False)) == []
    assert slow_step, "the last one went all the way"


def test_a_character_without_face_bones_is_measured_all_the_same(
    sample_rigs: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "STEPS", measuring_steps.STEPS)
    scene = open_rig(sample_rigs / "toon.blend")
    measured = run_job(ensure_measured(picked_hero(scene), scene))
    assert set(measured.parts) == {"bones", "eye_turns", "contacts"}
    assert measured.bones is None
    assert measured.contacts is not None
    assert set(measured.contacts["openings"]) == {"left_lids", "right_lids", "mouth"}
    # from the cache, and from the file
    assert run_job(ensure_measured(picked_hero(scene), scene)) == measured
    store_measurement(picked_hero(scene), measured)
    assert stored_measurement(picked_hero(scene)) == measured
