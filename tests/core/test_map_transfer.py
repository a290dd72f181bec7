# SPDX-License-Identifier: GPL-3.0-or-later
"""Rig maps carried over to another character: by path, by owner, by name; and what is left."""

from __future__ import annotations

from dataclasses import replace

from facemocap_addon.core.controls import BONE, PROPERTY, SHAPE_KEY, Control
from facemocap_addon.core.rig_maps.map_transfer import fits_as_it_is, transfer_map
from facemocap_addon.core.rig_maps.rig_map import Fit, RigMap, RigMapEntry, Source


def shape(name: str, owner: str, **more: object) -> Control:
    return Control(SHAPE_KEY, owner, f'key_blocks["{name}"].value', 0, name, **more)  # type: ignore[arg-type]


def bone(name: str, index: int = 0, owner: str = "rig") -> Control:
    return Control(BONE, owner, f'pose.bones["{name}"].rotation', index, name)


def entry(control: Control, channel: str, gain: float = 1.0, **more: object) -> RigMapEntry:
    return RigMapEntry(control.key, (Source(channel, gain),), **more)  # type: ignore[arg-type]


CURVE = ((0.0, 0.0), (0.5, 0.2), (1.0, 1.0))
ANNA = RigMap(
    "anna",
    (
        entry(shape("jawOpen", "anna head"), "jawOpen", 0.8, offset=0.1, response=CURVE),
        entry(shape("jawOpen", "anna teeth"), "jawOpen", 0.5, limits=(0.0, 0.6)),
        entry(bone("Jaw"), "jawOpen", 0.3, how="hand"),
    ),
    unmatched_controls=("wink",),
)


def test_everything_about_an_entry_goes_along():
    controls = [shape("jawOpen", "bert head"), bone("Jaw", owner="bert rig")]
    moved = transfer_map(ANNA, RigMap("bert", ()), controls)
    assert moved.rig_map.rig == "bert"
    assert moved.rig_map.entries == (
        replace(ANNA.entries[0], control=controls[0].key),
        replace(ANNA.entries[2], control=controls[1].key),
    )
    assert moved.carried == 2
    assert moved.missing == ('anna teeth: key_blocks["jawOpen"].value',)
    assert fits_as_it_is(moved.rig_map, controls)
    assert not fits_as_it_is(ANNA, controls)


def test_of_several_owners_the_likest_name_decides():
    controls = [shape("jawOpen", "bert teeth"), shape("jawOpen", "anna teeth.001")]
    moved = transfer_map(ANNA, RigMap("bert", ()), controls).rig_map
    gains = {e.control.owner: e.sources[0].gain for e in moved.entries}
    assert gains["anna teeth.001"] == 0.5
    assert set(gains) == {"bert teeth", "anna teeth.001"}


def test_the_same_owner_comes_before_any_other():
    moved = transfer_map(ANNA, RigMap("", ()), [shape("jawOpen", "anna teeth")]).rig_map
    assert [e.sources[0].gain for e in moved.entries] == [0.5]


def test_one_entry_goes_to_every_mesh_that_has_the_shape():
    source = RigMap("", (entry(shape("jawOpen", "head"), "jawOpen"),))
    controls = [shape("jawOpen", name) for name in ("face", "teeth", "tongue")]
    moved = transfer_map(source, RigMap("", ()), controls)
    assert {e.control for e in moved.rig_map.entries} == {c.key for c in controls}
    assert moved.missing == ()


def test_names_are_enough_where_paths_are_written_otherwise():
    spelled = [shape("Jaw_Open", "body"), bone("jaw", owner="other")]
    moved = transfer_map(ANNA, RigMap("", ()), spelled)
    assert {e.control for e in moved.rig_map.entries} == {c.key for c in spelled}
    held = Control(PROPERTY, "rig", 'pose.bones["ctrl"]["smile"]', 0, "smile")
    source = RigMap("", (entry(Control(PROPERTY, "rig", '["Smile"]', 0, "Smile"), "jawOpen"),))
    assert transfer_map(source, RigMap("", ()), [held]).carried == 1
    # another component of a bone is another control
    assert transfer_map(ANNA, RigMap("", ()), [bone("Jaw", 1)]).carried == 0
    move = Control(BONE, "rig", 'pose.bones["Jaw"].location', 0, "Jaw")
    assert transfer_map(ANNA, RigMap("", ()), [move]).carried == 0


def test_driven_controls_get_nothing():
    driven = shape("jawOpen", "anna head", driven_by="driven by a")
    moved = transfer_map(ANNA, RigMap("", ()), [driven])
    assert moved.carried == 0
    assert not fits_as_it_is(RigMap("", ANNA.entries[:1]), [driven])


def test_its_own_entries_stay_where_the_other_map_says_nothing():
    face = "bert head"
    controls = [shape(n, face) for n in ("jawOpen", "wink", "puff", "open2", "smile")]
    own = RigMap(
        "bert",
        (
            entry(controls[0], "jawOpen"),
            entry(controls[1], "eyeBlinkLeft"),  # the other one has a wink and leaves it at rest
            entry(controls[2], "cheekPuff"),
            entry(controls[3], "jawOpen", 0.2),  # the jaw has its controls from the other map
        ),
        unmatched_channels=("tongueOut",),
        unmatched_controls=("smile",),
    )
    moved = transfer_map(ANNA, own, controls).rig_map
    kept = [(e.control.path.split('"')[1], e.sources[0].gain) for e in moved.entries]
    assert kept == [("jawOpen", 0.8), ("puff", 1.0)]
    assert moved.unmatched_channels == ("tongueOut", "eyeBlinkLeft")
    assert moved.unmatched_controls == ("smile", "wink", "open2")


def test_fits_go_along_without_the_targets_that_are_missing():
    aa, oh, ee = (shape(name, "head") for name in ("aa", "oh", "ee"))
    source = RigMap(
        "",
        tuple(entry(control, "jawOpen") for control in (aa, oh, ee)),
        fits=(
            Fit(
                ((aa.key,), (oh.key,), (ee.key,)),
                ("jawOpen", "mouthFunnel"),
                ((0.9, 0.1), (0.3, 0.8), (0.2, 0.0)),
                sum_at_most_one=(0, 2),
                less=(("jawOpen", "mouthClose"),),
            ),
            Fit(((oh.key,),), ("jawOpen",), ((1.0,),)),
        ),
    )
    controls = [shape(name, owner) for name in ("aa", "ee") for owner in ("face", "teeth")]
    (fit,) = transfer_map(source, RigMap("", ()), controls).rig_map.fits
    assert fit.targets == ((controls[0].key, controls[1].key), (controls[2].key, controls[3].key))
    assert fit.looks == ((0.9, 0.1), (0.2, 0.0))
    assert fit.sum_at_most_one == (0, 1)
    assert fit.less == (("jawOpen", "mouthClose"),)


def test_to_itself_nothing_changes():
    controls = [shape("jawOpen", "anna head"), shape("jawOpen", "anna teeth"), bone("Jaw")]
    moved = transfer_map(ANNA, ANNA, controls)
    assert moved.rig_map.entries == ANNA.entries
    assert (moved.carried, moved.missing) == (3, ())
    assert fits_as_it_is(ANNA, controls)
