# SPDX-License-Identifier: GPL-3.0-or-later
"""Raw takes inside a .blend: stored once, back bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from small_scenes import SHAPES, character_of, make_armature, make_face, wave_take

from facemocap_addon.core.channels import Channel
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take import Take, make_take
from facemocap_addon.core.take_file import take_bytes
from facemocap_addon.gateway.applying.performance import apply_take, find_performance
from facemocap_addon.gateway.files.take_storage import (
    load_take,
    store_take,
    stored_takes,
    take_label,
)


def _odd_take() -> Take:
    """Values that tend to get lost: -0.0, denormals, odd times, confidence, foreign names."""
    values = np.array([[-0.0, 1e-42, 3.4e38], [np.nan, 1 / 3, -1e-9], [0.1, np.nan, 0.25]])
    channels = [Channel("jawOpen"), Channel('weird "name" あ\\'), Channel("α", kind="angle")]
    times = np.array([-1e5 + 1e-7, 1 / 3, 1e5 + 1e-7])
    take = make_take(times, channels, values, rate=60, name='"あ" take\\.csv')
    return take.changed(
        "tested",
        confidence=np.linspace(0, 1, 9).reshape(3, 3),
        warnings=("One.", "Zwei ü."),
        not_recorded=("headYaw",),
    )


def _same(one: Take, two: Take) -> None:
    assert one.times.tobytes() == two.times.tobytes()
    assert one.valid.tobytes() == two.valid.tobytes()
    kept = one.valid
    assert one.values[kept].tobytes() == two.values[kept].tobytes()
    assert one.channels == two.channels
    assert one.source == two.source
    assert one.timebase == two.timebase
    assert (one.warnings, one.history, one.not_recorded, one.assumptions) == (
        two.warnings,
        two.history,
        two.not_recorded,
        two.assumptions,
    )
    if one.confidence is None:
        assert two.confidence is None
    else:
        assert two.confidence is not None
        assert one.confidence.tobytes() == two.confidence.tobytes()
    assert take_bytes(one) == take_bytes(two)
    assert one.digest == two.digest


def _round_trip(path: Path) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(path), compress=True)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.wm.open_mainfile(filepath=str(path))


@pytest.mark.parametrize("which", ["sample", "odd", "one sample"])
def test_back_bit_for_bit(which: str, sample_rigs: Path, tmp_path: Path, blank_scene: Any) -> None:
    take = {
        "sample": lambda: read_take(sample_rigs / "sample_take.csv"),
        "odd": _odd_take,
        "one sample": lambda: make_take(np.array([3.0]), [Channel("jawOpen")], np.ones((1, 1))),
    }[which]()
    text = store_take(take)
    _same(take, load_take(text))
    _round_trip(tmp_path / "saved.blend")
    (text,) = stored_takes()
    loaded = load_take(text)
    _same(take, loaded)
    assert take_label(text) == take.label
    # the arrays do not live in the datablock's memory
    bpy.data.texts.remove(text)
    _same(take, loaded)


@pytest.mark.shared
def test_a_real_take_with_gaps(shared: Path, tmp_path: Path, blank_scene: Any) -> None:
    take = read_take(shared / "takes" / "livelinkface" / "alexdjulin_alex_rom_3.csv")
    assert not take.valid.all()
    store_take(take)
    _round_trip(tmp_path / "saved.blend")
    _same(take, load_take(stored_takes()[0]))


def test_stored_once(blank_scene: Any) -> None:
    take, same, other = wave_take(), wave_take(), wave_take(phase=0.1)
    one = store_take(take)
    assert store_take(same) == one
    two = store_take(other)
    assert two != one
    assert len(bpy.data.texts) == 2
    assert store_take(load_take(one)) == one
    assert store_take(load_take(two)) == two


def test_two_characters_share_one_stored_take(tmp_path: Path, blank_scene: Any) -> None:
    take = wave_take()
    for name in ("one", "two"):
        face = make_face(f"{name} face", SHAPES, make_armature(name))
        picked, rig_map = character_of(blank_scene, face)
        apply_take(blank_scene, picked, take, rig_map)
    assert len(stored_takes()) == 1
    _round_trip(tmp_path / "saved.blend")
    (text,) = stored_takes()
    _same(take, load_take(text))
    for name in ("one", "two"):
        picked, _ = character_of(bpy.context.scene, bpy.data.objects[name])
        performance = find_performance(picked)
        assert performance is not None
        assert performance.take_text == text


def test_the_raw_take_is_stored_whatever_was_applied_of_it(blank_scene: Any) -> None:
    from facemocap_addon.gateway.applying.performance import ApplyOptions

    take = wave_take()
    face = make_face()
    picked, rig_map = character_of(blank_scene, face)
    options = ApplyOptions(mirror=True, range_s=(0.5, 1.0))
    apply_take(blank_scene, picked, take, rig_map, options)
    _same(take, load_take(stored_takes()[0]))


def test_a_file_without_its_take_still_opens(blank_scene: Any) -> None:
    """The animator deleted the text: the performance is found and can be removed."""
    from facemocap_addon.gateway.applying.performance import remove_take

    face = make_face()
    picked, rig_map = character_of(blank_scene, face)
    apply_take(blank_scene, picked, wave_take(), rig_map)
    bpy.data.texts.remove(stored_takes()[0])
    performance = find_performance(picked)
    assert performance is not None
    assert performance.take_text is None
    apply_take(blank_scene, picked, wave_take(), rig_map)
    assert len(bpy.data.actions) == 1
    remove_take(blank_scene, picked)
    assert face.data.shape_keys.animation_data is None


@pytest.mark.parametrize("damage", ["digest", "values", "meta", "samples", "times", "valid"])
def test_damaged_texts_get_a_sentence(damage: str, blank_scene: Any) -> None:
    text = store_take(wave_take())
    if damage in {"values", "times", "valid"}:
        text["facemocap_take"][damage] = text["facemocap_take"][damage][:40]
    elif damage == "meta":
        text["facemocap_take"]["meta"] = '{"schema": 1}'
    elif damage == "samples":
        text["facemocap_take"]["samples"] = 10_000
    else:
        del text["facemocap_take"]
        text["facemocap_take"] = "nothing"
    with pytest.raises(FacemocapError, match="no readable take"):
        load_take(text)
