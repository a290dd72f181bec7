# SPDX-License-Identifier: GPL-3.0-or-later
"""What a measurement says in words: places, directions, sizes, faults and guesses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from facemocap_addon.core.controls import BONE, SHAPE_KEY, ControlKey
from facemocap_addon.core.findings import Findings, describe, find, findings_from_json
from facemocap_addon.core.probing.result import ProbeResult
from facemocap_addon.core.probing.signatures import Signature
from facemocap_addon.core.rig_maps.rig_map import RigMapEntry, Source


def key(name: str) -> ControlKey:
    return ControlKey(SHAPE_KEY, "face", f'key_blocks["{name}"].value')


def signature(name: str = "a", **more: Any) -> Signature:
    values: dict[str, Any] = {
        "control": key(name),
        "name": name,
        "sign": 1,
        "region": "eye",
        "side": "L",
        "direction": (0.0, -1.0, 0.0),
        "size_mm": 9.31,
        "mean_mm": 3.0,
        "linearity": 1.0,
        "points": 20,
    }
    return Signature(**(values | more))


def result(**more: object) -> ProbeResult:
    values: dict[str, object] = {
        "signatures": (),
        "entries": (),
        "confidences": {},
        "empty": (),
        "dead": (),
        "duplicates": (),
        "wrong_sides": (),
        "eye_distance_m": 0.063,
        "front": (0.0, -1.0, 0.0),
        "up": (0.0, 0.0, 1.0),
        "found_eyes": True,
    }
    return ProbeResult(**(values | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "left eyelid, 9.31 mm down, straight"),
        ({"side": "C", "region": "jaw", "size_mm": 24.04}, "jaw, 24 mm down, straight"),
        ({"side": "R", "region": "lips", "direction": (-0.8, 0.6, 0.0)},
         "right lips, 9.31 mm right and up, straight"),
        ({"direction": (0.0, 0.1, 0.99), "linearity": 0.912},
         "left eyelid, 9.31 mm forward, 91% straight"),
        ({"direction": (0.0, 0.0, 0.0)}, "left eyelid, 9.31 mm, straight"),
        ({"region": "other", "side": "C", "size_mm": 0.0123},
         "outside the face, 0.0123 mm down, straight"),
    ],
)  # fmt: skip
def test_a_motion_in_a_few_words(more: dict[str, Any], words: str):
    assert describe(signature(**more)) == words


def test_both_directions_have_lines_the_upward_one_first():
    turn = ControlKey(BONE, "rig", 'pose.bones["jaw"].rotation', 0)
    down = signature("jaw", control=turn, sign=-1, region="lips", size_mm=2.0)
    up = signature("jaw", control=turn, region="jaw", size_mm=20.0)
    found = find(result(signatures=(down, up)))
    assert [line[:3] for line in found.moves[turn]] == ["+: ", "−: "]
    assert found.regions[turn] == "jaw", "where it moves most"
    assert find(result(signatures=(up,))).moves[turn] == ("left jaw, 20 mm down, straight",)


def test_faults_are_told_with_the_control():
    found = find(
        result(
            signatures=(signature("a"), signature("b")),
            empty=(key("e"),),
            dead=(key("d"),),
            duplicates=((key("b"), key("a")),),
            wrong_sides=((key("a"), '"a" is named right and moves the left side'),),
        )
    )
    assert found.moves[key("e")] == ("moves nothing: it is empty",)
    assert found.moves[key("d")] == ("moves nothing",)
    assert found.moves[key("b")][1] == "does what a does"
    assert "named right" in found.moves[key("a")][1]


def test_guesses_are_what_is_likely_enough():
    entries = (
        RigMapEntry(key("a"), (Source("jawOpen", 0.4),), limits=(0.0, 0.5), how="probe"),
        RigMapEntry(key("b"), (Source("tongueOut"),), how="probe"),
    )
    sure = {("jawOpen", key("a")): 0.62, ("tongueOut", key("b")): 0.2}
    (guess,) = find(result(entries=entries, confidences=sure)).guesses
    assert (guess.channel, guess.control, guess.gain) == ("jawOpen", key("a"), 0.4)
    assert (guess.confidence, guess.limits) == (0.62, (0.0, 0.5))


def test_json_and_back():
    found = find(
        result(
            signatures=(signature("a"), signature("b", region="eyeball")),
            empty=(key("e"),),
            entries=(RigMapEntry(key("z"), (Source("jawOpen", 0.4),), how="probe"),),
            confidences={("jawOpen", key("z")): 0.5},
        )
    )
    assert found.regions[key("b")] == "gaze"
    again = findings_from_json(json.loads(json.dumps(found.to_json())))
    assert again == found
    assert findings_from_json(json.loads(json.dumps(Findings().to_json()))) == Findings()
    assert findings_from_json(None) == Findings()
