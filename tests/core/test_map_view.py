# SPDX-License-Identifier: GPL-3.0-or-later
"""The rig map's lines: matched, uncertain and unmatched, with what a person reads in them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facemocap_addon.core.controls import BONE, PROPERTY, SHAPE_KEY, Control, ControlKey
from facemocap_addon.core.findings import Findings, Guess
from facemocap_addon.core.rig_maps.map_view import (
    IDLE,
    MATCHED,
    UNCERTAIN,
    UNMATCHED,
    Line,
    control_labels,
    list_lines,
)
from facemocap_addon.core.rig_maps.rig_map import Fit, RigMap, RigMapEntry, Source


def shape(name: str, owner: str = "head") -> Control:
    return Control(SHAPE_KEY, owner, f'key_blocks["{name}"].value', 0, name)


def bone(name: str, part: str, index: int) -> Control:
    return Control(BONE, "rig", f'pose.bones["{name}"].{part}', index, name)


def entry(control: Control, *sources: Source, **more: object) -> RigMapEntry:
    return RigMapEntry(control.key, sources, **more)  # type: ignore[arg-type]


JAW = [shape("jawOpen", owner) for owner in ("head", "teeth", "tongue")]
LID = bone("lid", "rotation", 0)
ODD = shape("zamo")
SWITCH = Control(PROPERTY, "rig", '["switch"]', 0, "switch")
BROW = [bone("brow", part, index) for part in ("rotation", "location") for index in range(3)]
CONTROLS = {c.key: c for c in (*JAW, LID, ODD, SWITCH, *BROW)}
MAP = RigMap(
    "hero",
    (
        *(entry(control, Source("jawOpen")) for control in JAW),
        entry(LID, Source("eyeBlinkLeft", 0.5), Source("eyeWideLeft", -0.2), confidence=0.8),
    ),
    ("tongueOut",),
    ("zamo", "switch", "brow"),
)
CHANNELS = ["jawOpen", "eyeBlinkLeft", "eyeWideLeft", "tongueOut", "ownName"]


def lines(rig_map: RigMap = MAP, findings: Findings | None = None) -> dict[str, Line]:
    found = list_lines(rig_map, CHANNELS, CONTROLS, findings)
    assert len({line.name for line in found}) == len(found)
    return {line.name: line for line in found}


def test_every_channel_and_every_idle_control_has_one_line():
    found = lines()
    assert {name: line.status for name, line in found.items()} == {
        "jawOpen": MATCHED,
        "eyeBlinkLeft": MATCHED,
        "eyeWideLeft": MATCHED,
        "tongueOut": UNMATCHED,
        "ownName": UNMATCHED,
        "zamo · head": IDLE,
        "switch · rig": IDLE,
        "brow · rig": IDLE,
    }
    assert [found[name].region for name in CHANNELS] == ["jaw", "eye", "eye", "tongue", "other"]


def test_a_line_says_briefly_what_is_driven():
    found = lines()
    assert found["jawOpen"].summary == "3 meshes"
    assert [link.title for link in found["jawOpen"].links] == ["head", "teeth", "tongue"]
    assert found["eyeBlinkLeft"].summary == "lid"
    (link,) = found["eyeBlinkLeft"].links
    assert (link.label, link.title, link.gain) == ("lid turn X · rig", "lid turn X", 0.5)
    assert link.turns
    assert not found["jawOpen"].links[0].turns
    components = [link.title for link in found["brow · rig"].links]
    assert components == [f"{part} {axis}" for part in ("turn", "move") for axis in "XYZ"]


@pytest.mark.parametrize(
    ("confidence", "status"), [(0.7, MATCHED), (0.69, UNCERTAIN), (0.2, UNCERTAIN)]
)
def test_one_uncertain_control_makes_its_channel_uncertain(confidence: float, status: str):
    unsure = replace(MAP.entries[1], confidence=confidence, how="probe")
    line = lines(replace(MAP, entries=(MAP.entries[0], unsure, *MAP.entries[2:])))["jawOpen"]
    assert (line.status, line.confidence) == (status, confidence)
    assert [link.how for link in line.links] == ["name", "probe", "name"]


def test_a_guess_is_uncertain_until_it_is_taken():
    guesses = (
        Guess("tongueOut", ODD.key, 1.0, 0.42, (0.0, 1.0)),
        Guess("jawOpen", ODD.key, 1.0, 0.9, (0.0, 1.0)),  # has controls already
        Guess("ownName", JAW[0].key, 1.0, 0.9, (0.0, 1.0)),  # a shape that is driven already
        Guess("tongueOut", shape("gone").key, 1.0, 0.4, (0.0, 1.0)),
    )
    found = lines(findings=Findings(guesses=guesses))
    line = found["tongueOut"]
    assert (line.status, line.summary, line.confidence) == (UNCERTAIN, "zamo?", 0.42)
    assert [(link.is_guess, link.how) for link in line.links] == [(True, "")]
    assert found["jawOpen"].status == MATCHED
    assert found["ownName"].status == UNMATCHED
    assert found["zamo · head"].status == IDLE, "nothing drives it yet"
    # a bone may take another channel besides those that it has
    on_bone = Guess("tongueOut", LID.key, 0.3, 0.4, (-1.0, 1.0))
    assert lines(findings=Findings(guesses=(on_bone,)))["tongueOut"].links[0].turns


def test_what_reaches_the_character_otherwise_counts_as_matched():
    looks = [f"eyeLook{way}Left" for way in ("Up", "Down", "In", "Out")]
    rig_map = replace(MAP, entries=(*MAP.entries, entry(ODD, Source("eyeLookUpLeft"))))
    found = {
        line.name: line
        for line in list_lines(rig_map, [*looks, "leftEyeYaw", "rightEyeYaw"], CONTROLS)
    }
    assert (found["leftEyeYaw"].status, found["leftEyeYaw"].links) == (MATCHED, ())
    assert found["rightEyeYaw"].status == UNMATCHED
    mixed = replace(MAP, fits=(Fit(((ODD.key,),), ("tongueOut",), ((1.0,),)),))
    assert lines(mixed)["tongueOut"].status == MATCHED


def test_measured_controls_have_regions():
    found = lines(findings=Findings(regions={ODD.key: "cheek", BROW[4].key: "brow"}))
    assert (found["zamo · head"].region, found["brow · rig"].region) == ("cheek", "brow")
    assert found["switch · rig"].region == "other"


def test_labels_are_never_shared():
    """Two properties of one name on one object differ in their paths."""
    one = Control(PROPERTY, "rig", '["mood"]', 0, "mood")
    two = Control(PROPERTY, "rig", 'pose.bones["root"]["mood"]', 0, "mood")
    labels = control_labels({control.key: control for control in (one, two)})
    assert list(labels) == ["mood · rig", 'mood · rig · pose.bones["root"]["mood"]']
    assert list(labels.values()) == [one.key, two.key]


def test_a_control_that_the_character_lost_keeps_its_line():
    gone = ControlKey(SHAPE_KEY, "head", 'key_blocks["gone"].value')
    rig_map = replace(MAP, entries=(RigMapEntry(gone, (Source("tongueOut"),)),))
    (link,) = lines(rig_map)["tongueOut"].links
    assert "gone" in link.label
