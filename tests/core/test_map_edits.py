# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person does to a rig map: each edit changes what it says and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facemocap_addon.core.controls import BONE, SHAPE_KEY, Control, ControlKey
from facemocap_addon.core.rig_maps.map_edits import (
    TURN_RAD,
    accept,
    alike,
    assign,
    clear,
    default_gain,
    entry_of,
    is_fitted,
    set_gain,
    tune,
)
from facemocap_addon.core.rig_maps.response_shapes import shape_of, shaped, span_of
from facemocap_addon.core.rig_maps.rig_map import Fit, RigMap, RigMapEntry, Source


def shape(name: str) -> Control:
    return Control(SHAPE_KEY, "face", f'key_blocks["{name}"].value', 0, name)


def bone(part: str, index: int = 0, **more: object) -> Control:
    path = f'pose.bones["jaw"].{part}'
    return Control(BONE, "rig", path, index, "jaw", range=(-3.0, 3.0), **more)  # type: ignore[arg-type]


OPEN, WIDE, IDLE = shape("open"), shape("wide"), shape("idle")
MAP = RigMap(
    "hero",
    (
        RigMapEntry(OPEN.key, (Source("jawOpen"), Source("mouthClose", -0.5)), confidence=0.6),
        RigMapEntry(WIDE.key, (Source("jawOpen", 0.3, over="mouthFunnel"),), how="probe"),
    ),
    ("tongueOut",),
    ("idle",),
)
NAMES = {control.key: control.name for control in (OPEN, WIDE, IDLE)}
FITTED = replace(MAP, fits=(Fit(((WIDE.key,),), ("jawOpen",), ((1.0,),)),))


def one(rig_map: RigMap, control: Control) -> RigMapEntry:
    entry = entry_of(rig_map, control.key)
    assert entry is not None
    return entry


def test_a_channel_is_given_a_free_control():
    changed = assign(MAP, IDLE, Source("tongueOut", 0.7))
    assert changed.entries[:2] == MAP.entries
    assert one(changed, IDLE) == RigMapEntry(
        IDLE.key, (Source("tongueOut", 0.7),), limits=IDLE.range, how="hand"
    )
    assert (changed.unmatched_channels, changed.unmatched_controls) == ((), ())


def test_a_second_channel_joins_and_the_order_stays():
    changed = assign(MAP, OPEN, Source("tongueOut"))
    assert [entry.control for entry in changed.entries] == [OPEN.key, WIDE.key]
    assert one(changed, OPEN).sources == (*MAP.entries[0].sources, Source("tongueOut"))
    assert (one(changed, OPEN).how, one(changed, OPEN).confidence) == ("hand", 1.0)


def test_a_gain_changes_alone():
    changed = set_gain(MAP, WIDE.key, "jawOpen", 0.9)
    assert one(changed, WIDE).sources == (Source("jawOpen", 0.9, over="mouthFunnel"),)
    assert one(changed, WIDE).how == "hand"
    assert changed.entries[0] is MAP.entries[0]
    assert set_gain(MAP, WIDE.key, "jawOpen", 0.3) is MAP
    # a property of Blender holds seven digits
    assert set_gain(MAP, WIDE.key, "jawOpen", 0.30000001192092896) is MAP
    assert set_gain(MAP, WIDE.key, "tongueOut", 2.0) is MAP
    assert set_gain(MAP, IDLE.key, "jawOpen", 2.0) is MAP


def test_offset_limits_and_response_are_tuned():
    curve = ((0.0, 0.0), (0.5, 0.1), (1.0, 1.0))
    changed = tune(MAP, OPEN.key, offset=0.1, limits=(-0.5, 0.8), response=curve)
    assert one(changed, OPEN) == replace(
        MAP.entries[0],
        offset=0.1,
        limits=(-0.5, 0.8),
        response=curve,
        how="hand",
        confidence=1.0,
    )
    assert one(tune(changed, OPEN.key, offset=0.2), OPEN).limits == (-0.5, 0.8)
    assert one(tune(changed, OPEN.key, response=()), OPEN).response == ()
    assert tune(changed, OPEN.key, offset=0.1, limits=(-0.5, 0.8), response=curve) is changed
    assert tune(MAP, IDLE.key, offset=1.0) is MAP
    with pytest.raises(ValueError, match="limits"):
        tune(MAP, OPEN.key, limits=(1.0, 0.0))


def test_a_named_response_follows_the_gains_and_the_limits():
    turn = bone("rotation")
    rig_map = assign(RigMap("", ()), turn, Source("jawOpen", 0.4))
    span = span_of(one(rig_map, turn))
    rig_map = tune(rig_map, turn.key, response=shaped("SOFT_START", span))
    louder = one(set_gain(rig_map, turn.key, "jawOpen", 0.8), turn)
    assert louder.response == shaped("SOFT_START", (0.0, 0.8))
    turned = one(set_gain(rig_map, turn.key, "jawOpen", -0.4), turn)
    assert shape_of(turned.response, (-0.4, 0.0)) == "SOFT_START"
    lower = one(tune(rig_map, turn.key, limits=(0.0, 0.2)), turn)
    assert lower.response == shaped("SOFT_START", (0.0, 0.2))
    own = ((0.0, 0.0), (0.3, 0.1), (0.4, 0.4))
    kept = tune(rig_map, turn.key, response=own)
    assert one(set_gain(kept, turn.key, "jawOpen", 0.8), turn).response == own


def test_what_is_uncertain_is_accepted():
    changed = accept(MAP, "jawOpen", {OPEN.key})
    assert one(changed, OPEN) == replace(MAP.entries[0], how="hand", confidence=1.0)
    assert one(changed, WIDE) == MAP.entries[1]
    assert one(accept(MAP, "jawOpen"), WIDE).how == "hand"
    assert accept(MAP, "tongueOut") == MAP
    assert {entry.confidence for entry in accept(MAP).entries} == {1.0}


def test_a_channel_is_taken_off():
    less = clear(MAP, "jawOpen", {OPEN.key}, NAMES)
    assert one(less, OPEN).sources == (Source("mouthClose", -0.5),)
    assert "jawOpen" not in less.unmatched_channels, "it drives the other one"
    none = clear(MAP, "jawOpen", {OPEN.key, WIDE.key}, NAMES)
    assert entry_of(none, WIDE.key) is None
    assert none.unmatched_channels == ("tongueOut", "jawOpen")
    assert none.unmatched_controls == ("idle", "wide")


def test_controls_of_a_fit_stay_in_it_until_a_gain_is_set():
    assert is_fitted(FITTED, WIDE.key)
    assert not is_fitted(FITTED, OPEN.key)
    assert is_fitted(tune(FITTED, WIDE.key, offset=0.1), WIDE.key)
    assert is_fitted(accept(FITTED, "jawOpen"), WIDE.key)
    assert not is_fitted(set_gain(FITTED, WIDE.key, "jawOpen", 0.9), WIDE.key)


def test_the_same_shape_on_other_meshes_is_alike():
    twin = replace(OPEN, owner="teeth")
    other = replace(OPEN, owner="tongue")
    turn = bone("rotation")
    rig_map = replace(
        MAP,
        entries=(
            *MAP.entries,
            replace(MAP.entries[0], control=twin.key, offset=0.2),
            RigMapEntry(other.key, (Source("jawOpen"),)),
            RigMapEntry(turn.key, (Source("jawOpen"),)),
            RigMapEntry(replace(turn, owner="rig2").key, (Source("jawOpen"),)),
        ),
    )
    assert alike(rig_map, twin.key) == (OPEN.key, twin.key)
    assert alike(rig_map, other.key) == (other.key,), "other channels drive it there"
    assert alike(rig_map, turn.key) == (turn.key,)
    assert alike(rig_map, IDLE.key) == (IDLE.key,)


def test_gains_to_begin_with_are_moderate():
    turn, move = bone("rotation"), bone("location", at=(0.0, 0.0, 0.0), tail=(0.0, 0.3, 0.4))
    assert default_gain(OPEN, "jawOpen") == 1.0
    assert default_gain(turn, "jawOpen") == TURN_RAD
    assert default_gain(turn, "headYaw") == 1.0, "an angle turns it by itself"
    assert default_gain(move, "jawOpen") == pytest.approx(0.05)
    assert 0 < default_gain(bone("location"), "jawOpen") < 0.1
    same = bone("location", at=(0.0, 0.0, 0.0), tail=(0.0, 0.0, 0.0))
    assert default_gain(same, "jawOpen") > 0


def test_keys_are_compared_whole():
    other = ControlKey(BONE, "rig", 'pose.bones["jaw"].rotation', 1)
    rig_map = assign(RigMap("", ()), bone("rotation", 0), Source("jawOpen"))
    assert entry_of(rig_map, other) is None
