# SPDX-License-Identifier: GPL-3.0-or-later
"""Measurements kept with characters: found again in every file, dropped when they changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import bpy
import pytest
from file_state import differences, file_state
from fingerprint_cases import OTHER, SAME
from fingerprint_hero import bone, make_hero, measured_hero, picked_hero, probe_hero
from small_scenes import character_of, make_face, wave_take

from facemocap_addon.core.measured import SCHEMA, Measured
from facemocap_addon.core.progress import run_job
from facemocap_addon.gateway.applying.performance import apply_take, remove_take
from facemocap_addon.gateway.characters.characters import (
    CharacterObjects,
    find_characters,
    owner_object,
)
from facemocap_addon.gateway.files.rig_files import open_rig
from facemocap_addon.gateway.measuring import measuring
from facemocap_addon.gateway.measuring.measuring import (
    KEY,
    ensure_measured,
    forget_measurement,
    store_measurement,
    stored_measurement,
)


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


def test_kept_and_forgotten(hero: Measured) -> None:
    picked = picked_hero()
    before = file_state(bpy.context.scene, without_texts=False)
    assert stored_measurement(picked) is None
    assert not forget_measurement(picked)
    store_measurement(picked, hero)
    assert stored_measurement(picked) == hero
    assert KEY in bpy.data.objects["rig"]
    assert len(bpy.data.texts) == 0
    other = hero.with_part("bones", {"more": [1, 2.5]})
    store_measurement(picked, other)
    assert stored_measurement(picked) == other
    assert forget_measurement(picked)
    assert stored_measurement(picked) is None
    assert differences(before, file_state(bpy.context.scene, without_texts=False)) == []


@pytest.mark.parametrize("name", ["nothing", "posed", "keyed", "moved", "hidden", "pose mode"])
def test_it_stays_with_an_unchanged_character(name: str, hero: Measured) -> None:
    store_measurement(picked_hero(), hero)
    SAME[name]()
    assert stored_measurement(picked_hero()) == hero


@pytest.mark.parametrize("name", ["vertex", "weight", "shape", "bone moved", "driver muted"])
def test_a_changed_character_has_none(name: str, hero: Measured) -> None:
    store_measurement(picked_hero(), hero)
    OTHER[name]()
    assert stored_measurement(picked_hero()) is None
    # what is there is replaced, not added to
    store_measurement(picked_hero(), measured_hero(picked_hero()))
    assert stored_measurement(picked_hero()) == measured_hero(picked_hero())
    assert forget_measurement(picked_hero())
    assert not forget_measurement(picked_hero())


def test_a_change_that_is_taken_back_brings_it_back(hero: Measured) -> None:
    store_measurement(picked_hero(), hero)
    bone("eye.R").constraints[0].mute = True
    assert stored_measurement(picked_hero()) is None
    bone("eye.R").constraints[0].mute = False
    assert stored_measurement(picked_hero()) == hero


def _check_names(picked: CharacterObjects, measured: Measured | None, former: Measured) -> None:
    """Controls have the same objects as before, by the names these have now."""
    assert measured is not None
    assert len(measured.probe.signatures) == len(former.probe.signatures)
    names = dict(zip(former.owners, measured.owners, strict=True))
    for now, before in zip(measured.probe.signatures, former.probe.signatures, strict=True):
        assert now.control.owner == names[before.control.owner]
        # raises when the character has no such object
        owner_object(picked, now.control.owner, now.control.kind)


def test_renamed_objects_get_it_by_their_new_names(hero: Measured) -> None:
    former = {obj: obj.name for obj in picked_hero().objects}
    store_measurement(picked_hero(), hero)
    SAME["objects renamed"]()
    picked = picked_hero()
    measured = stored_measurement(picked)
    _check_names(picked, measured, hero)
    assert measured is not None
    owners = {s.name: s.control.owner for s in measured.probe.signatures}
    # each signature is called after the object's former name
    assert owners == {name: obj.name for obj, name in former.items()}


def test_saved_reloaded_appended(hero: Measured, tmp_path: Path) -> None:
    store_measurement(picked_hero(), hero)
    path = tmp_path / "hero.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    assert stored_measurement(picked_hero(open_rig(path))) == hero
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("face", None))
    libraries = cast(Any, bpy.data.libraries)
    with libraries.load(str(path), link=False) as (source, into):
        into.objects = source.objects
    for obj in into.objects:
        bpy.context.scene.collection.objects.link(obj)
    bpy.context.view_layer.update()
    picked = picked_hero()
    assert "face.001" in [mesh.name for mesh in picked.meshes]
    _check_names(picked, stored_measurement(picked), hero)


def test_duplicates_have_their_own(hero: Measured) -> None:
    store_measurement(picked_hero(), hero)
    for obj in bpy.context.scene.objects:
        obj.select_set(True)
    bpy.ops.object.duplicate()
    bpy.context.view_layer.update()
    both = find_characters(bpy.context.scene)
    for picked in both:
        _check_names(picked, stored_measurement(picked), hero)
    assert forget_measurement(both[0])
    assert [stored_measurement(picked) is None for picked in both] == [True, False]


def test_without_an_armature_the_mesh_with_most_shapes_keeps_it(blank_scene: Any) -> None:
    few, many = make_face("a", ["jawOpen"]), make_face("b")
    few.parent = many
    picked = picked_hero()
    store_measurement(picked, measured_hero(picked))
    assert KEY in many
    assert KEY not in few
    assert stored_measurement(picked) == measured_hero(picked)


def _library(folder: Path, *, measured: bool) -> None:
    """The character in a file of its own, measured there or not."""
    collection = bpy.data.collections.new("hero")
    for obj in bpy.context.scene.objects:
        collection.objects.link(obj)
    collection.use_fake_user = True
    if measured:
        store_measurement(picked_hero(), measured_hero(picked_hero()))
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "hero.blend"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)


def _bring(folder: Path, way: str) -> CharacterObjects:
    scene = bpy.context.scene
    libraries = cast(Any, bpy.data.libraries)
    with libraries.load(str(folder / "hero.blend"), link=True) as (_, into):
        into.collections = ["hero"]
    if way == "linked":
        scene.collection.children.link(into.collections[0])
    else:
        layer = scene.view_layers[0]
        into.collections[0].override_hierarchy_create(scene, layer, do_fully_editable=True)
    scene.view_layers[0].update()
    return picked_hero(scene)


@pytest.mark.parametrize("way", ["linked", "overridden"])
def test_of_a_linked_character_a_text_keeps_it(way: str, hero: Measured, tmp_path: Path) -> None:
    _library(tmp_path, measured=False)
    picked = _bring(tmp_path, way)
    assert stored_measurement(picked) is None
    before = file_state(bpy.context.scene, without_texts=False)
    store_measurement(picked, hero)
    store_measurement(picked, hero)
    assert [text.name for text in bpy.data.texts] == [f"{picked.name} (measured)"]
    assert not any(KEY in obj for obj in picked.objects)
    for number in range(2):
        bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / f"shot{number}.blend"))
        picked = picked_hero(open_rig(tmp_path / f"shot{number}.blend"))
        assert stored_measurement(picked) == hero
    assert forget_measurement(picked)
    assert stored_measurement(picked) is None
    after = file_state(bpy.context.scene, without_texts=False)
    assert differences(before["names"], after["names"]) == []


@pytest.mark.parametrize("way", ["linked", "overridden"])
def test_what_its_own_file_keeps_is_there_where_it_is_linked(
    way: str, hero: Measured, tmp_path: Path
) -> None:
    _library(tmp_path, measured=True)
    picked = _bring(tmp_path, way)
    assert stored_measurement(picked) == hero
    assert len(bpy.data.texts) == 0
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    picked = picked_hero(open_rig(tmp_path / "shot.blend"))
    assert stored_measurement(picked) == hero
    # it is not this file's to delete
    assert not forget_measurement(picked)
    assert stored_measurement(picked) == hero


BROKEN: dict[str, Any] = {
    "a number": 3,
    "a text": "measured",
    "nothing": {},
    "no data": {"fingerprint": "{print}"},
    "data a text": {"fingerprint": "{print}", "data": "text"},
    "no bytes": {"fingerprint": "{print}", "data": b""},
    "half": {"fingerprint": "{print}", "data": b"{half}"},
    "a list": [1, 2, 3],
    "another's": {"fingerprint": "0123456789abcdef", "data": b"{whole}"},
    "no text": {"fingerprint": 3, "data": b"{whole}"},
    "newer": {"fingerprint": "{print}", "data": b"{newer}"},
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_value_counts_as_none(name: str, hero: Measured) -> None:
    value = BROKEN[name]
    whole = hero.to_bytes()
    newer = Measured(hero.probe, hero.fingerprint, hero.owners, {}, SCHEMA + 1).to_bytes()
    filled = {
        "{print}": hero.fingerprint,
        b"{half}": whole[: len(whole) // 2],
        b"{whole}": whole,
        b"{newer}": newer,
    }
    if isinstance(value, dict):
        value = {key: filled.get(member, member) for key, member in value.items()}
    bpy.data.objects["rig"][KEY] = value
    assert stored_measurement(picked_hero()) is None
    assert run_job(ensure_measured(picked_hero(), bpy.context.scene)) == hero
    store_measurement(picked_hero(), hero)
    assert stored_measurement(picked_hero()) == hero


def test_a_take_comes_and_goes_and_it_stays(hero: Measured) -> None:
    picked, rig_map = character_of(bpy.context.scene, bpy.data.objects["rig"])
    store_measurement(picked, hero)
    apply_take(bpy.context.scene, picked, wave_take(), rig_map)
    assert stored_measurement(picked_hero()) == hero
    remove_take(bpy.context.scene, picked_hero())
    assert stored_measurement(picked_hero()) == hero
