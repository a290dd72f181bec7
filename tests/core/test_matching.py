# SPDX-License-Identifier: GPL-3.0-or-later
"""Rig maps by names: every spelling there is, and nothing that is not one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facemocap_addon.core.channels import arkit_names, arkit_schema, canonical_channel, match_name
from facemocap_addon.core.controls import BONE, PROPERTY, SHAPE_KEY, Control
from facemocap_addon.core.rig_maps.matching import match
from facemocap_addon.core.rig_maps.rig_map import RigMap
from facemocap_addon.core.rig_maps.side_names import name_words, split_side
from facemocap_addon.core.take import make_take

# written out here, not read from the project's schema
SIDED = """browDown browOuterUp cheekSquint eyeBlink eyeLookDown eyeLookIn eyeLookOut eyeLookUp
eyeSquint eyeWide mouthDimple mouthFrown mouthLowerDown mouthPress mouthSmile mouthStretch
mouthUpperUp noseSneer""".split()
WHOLE = """browInnerUp cheekPuff jawForward jawLeft jawOpen jawRight mouthClose mouthFunnel
mouthLeft mouthPucker mouthRight mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper
tongueOut""".split()
ALL = [f"{name}{side}" for name in SIDED for side in ("Left", "Right")] + WHOLE


def shape(name: str, owner: str = "face", driven_by: str = "") -> Control:
    return Control(SHAPE_KEY, owner, f'key_blocks["{name}"].value', 0, name, driven_by=driven_by)


def claims(names: Sequence[str]) -> dict[str, dict[str, float]]:
    """Shape name -> {channel: gain} of the map found for shapes of these names."""
    controls = {shape(name).key: name for name in names}
    rig_map = match([shape(name) for name in names])
    return {
        controls[entry.control]: {s.channel: s.gain for s in entry.sources}
        for entry in rig_map.entries
    }


def _snake(name: str) -> str:
    return "".join(f"_{c}" if c.isupper() else c for c in name)


def _suffixed(name: str, left: str, right: str) -> str:
    if name in WHOLE:
        return name
    if name.endswith("Left"):
        return name.removesuffix("Left") + left
    return name.removesuffix("Right") + right


SPELLINGS = {
    "Apple": lambda n: n,
    "Live Link Face": lambda n: n[0].upper() + n[1:],
    "_L _R": lambda n: _suffixed(n, "_L", "_R"),
    "_l _r": lambda n: _suffixed(n, "_l", "_r"),
    ".L .R": lambda n: _suffixed(n, ".L", ".R"),
    "capitals": lambda n: _snake(n).upper(),
    "snake": lambda n: _snake(n).lower(),
    "snake words": lambda n: _snake(n[0].upper() + n[1:]).strip("_"),
    "Audio2Face": lambda n: f"blendShapes.{n[0].upper()}{n[1:]}",
    "Face Cap FBX": lambda n: f"shapes.{_suffixed(n, '_L', '_R')}",
    "Maya": lambda n: f"blendShape1.{_suffixed(n, '_L', '_R')}",
    "Unity": lambda n: f"blendShape.{n}",
    "mesh prefix": lambda n: f"head_blendShapes_{n}",
    "double underscore": lambda n: f"Genesis3Female__{n}",
    "namespace": lambda n: f"Hero:Face|{n}",
    "numbered": lambda n: f"AK_07_{n[0].upper()}{n[1:]}",
    "blanks around": lambda n: f"  {n} ",
    "full width": lambda n: "".join(chr(ord(c) + 0xFEE0) for c in n),
}


def test_the_names_are_the_52() -> None:
    assert len(ALL) == 52
    assert set(ALL) == set(arkit_names())


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_of_all_52(spelling: str) -> None:
    names = {SPELLINGS[spelling](name): name for name in ALL}
    assert len(names) == 52
    assert claims(list(names)) == {spelt: {name: 1.0} for spelt, name in names.items()}
    for spelt, name in names.items():
        channel = canonical_channel(spelt)
        assert channel is not None
        assert channel.name == name
        assert channel.original == spelt


def test_names_cut_to_fifteen_bytes() -> None:
    for name in ALL:
        if len(name) > 15:
            assert match_name(name[:15], arkit_names()) == name


@pytest.mark.parametrize(
    "name",
    [
        "mouthFun", "mouthClos", "jawOpe", "mouthSmile", "eyeBlink", "eyeLookDown", "eyeLookD",
        "Eye", "Head", "Jawline", "smile", "jaw", "mouth", "Basis", "", " ", "L", "_L", "left",
        "mouthClosed", "tongueOutside", "jawOpenness", "browInnerUpper", "jawOpen_corrective",
        "jawOpen_mouthClose", "jawOpen_mouthSmile_L", "mouthSmile_L_jawOpen", "jawOpen.mouthClose",
        "eyeBlink_L_R", "mouthLeftRight", "mouthLeftCorner", "eyeBlinkLeft_50", "jawOpen.001",
        "noJawOpen", "_neutral", "hapihapi", "trackingStatus", "FM_SAD", "FM_browUpLeft",
        "mouthRollLowerUpperThing", "Blink", "A", "Fun", "まばたき", "²jawOpen②", "፩", "jawOpen①",
    ],
)  # fmt: skip
def test_names_that_mean_nothing_we_know(name: str) -> None:
    rig_map = match([shape(name)])
    assert rig_map.entries == ()
    assert rig_map.unmatched_controls == (name,)
    assert set(rig_map.unmatched_channels) >= set(ALL)


@given(st.text(max_size=80))
def test_any_name_at_all_is_taken_or_reported(name: str) -> None:
    rig_map = match([shape(name), shape("jawOpen", "teeth")])
    claimed = shape(name).key in {entry.control for entry in rig_map.entries}
    assert claimed != (name in rig_map.unmatched_controls)


@given(st.text(max_size=80))
def test_names_come_apart_without_errors(name: str) -> None:
    words, side = split_side(name)
    assert side in ("L", "R", "C")
    assert "".join(words.split()) == words.replace(" ", "")
    assert all(word == word.lower() for word in name_words(name))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("eye.L", ("eye", "L")), ("eye_r", ("eye", "R")), ("LeftEye", ("eye", "L")),
        ("rEye", ("eye", "R")), ("CC_Base_R_Eye", ("cc base eye", "R")), ("jaw", ("jaw", "C")),
        ("lid.T.L.002", ("lid t 002", "L")), ("Left", ("left", "C")), ("mixamorig:Head",
        ("mixamorig head", "C")), ("c_lips_smile.l", ("c lips smile", "L")), ("lip", ("lip", "C")),
    ],
)  # fmt: skip
def test_sides(name: str, expected: tuple[str, str]) -> None:
    assert split_side(name) == expected


def test_shapes_on_several_meshes_all_move() -> None:
    rig_map = match([shape("jawOpen", "head"), shape("JawOpen", "teeth"), shape("hair", "hair")])
    assert {entry.control.owner for entry in rig_map.entries} == {"head", "teeth"}
    assert rig_map.unmatched_controls == ("hair",)
    assert "jawOpen" not in rig_map.unmatched_channels
    assert "mouthClose" in rig_map.unmatched_channels


def test_of_two_spellings_on_one_mesh_the_plainer_wins() -> None:
    rig_map = match([shape("old_jawOpen"), shape("jawOpen"), shape("x_jawOpen")])
    assert [entry.control.path for entry in rig_map.entries] == ['key_blocks["jawOpen"].value']
    assert set(rig_map.unmatched_controls) == {"old_jawOpen", "x_jawOpen"}


def test_driven_shapes_are_left_to_their_drivers() -> None:
    controls = [
        shape("jawOpen", driven_by="driven by jaw"),
        Control(PROPERTY, "rig", '["jawOpen"]', 0, "jawOpen", range=(0.0, 2.0)),
        Control(PROPERTY, "rig", '["mouthClose"]', 0, "mouthClose", driven_by="driven by x"),
    ]
    rig_map = match(controls)
    assert [entry.control.kind for entry in rig_map.entries] == [PROPERTY]
    assert rig_map.entries[0].limits == (0.0, 2.0)


def test_only_what_the_take_recorded_is_missed() -> None:
    schema = arkit_schema()
    take = make_take(
        np.arange(3.0), [schema["jawOpen"], schema["mouthClose"]], np.array([[0.1, np.nan]] * 3)
    )
    assert match([shape("hair")], take).unmatched_channels == ("jawOpen",)
    assert match([shape("jawOpen")], take).unmatched_channels == ()


def _bone(name: str, parent: str, at: tuple[float, float, float], channel: str = "rotation"):
    axes = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    return [
        Control(
            BONE, "rig", f'pose.bones["{name}"].{channel}', index, name, axis=axes[index], at=at,
            tail=(at[0], at[1], at[2] + 0.02), parent=parent, range=(-3.14, 3.14),
        )
        for index in range(3)
    ]  # fmt: skip


def _gain(rig_map: RigMap, bone: str, index: int, channel: str) -> float:
    for entry in rig_map.entries:
        if f'"{bone}"' in entry.control.path and entry.control.index == index:
            return {s.channel: s.gain for s in entry.sources}.get(channel, 0.0)
    return 0.0


def test_the_heads_turn_is_shared_and_adds_up() -> None:
    controls = [
        *_bone("neck01", "spine", (0, 1.4, 0)),
        *_bone("neck02", "neck01", (0, 1.45, 0)),
        *_bone("head", "neck02", (0, 1.5, 0)),
        *_bone("spine", "", (0, 1.0, 0)),
    ]
    rig_map = match(controls)
    for channel, index, sign in (("headYaw", 1, 1), ("headPitch", 0, -1), ("headRoll", 2, -1)):
        shares = [_gain(rig_map, b, index, channel) for b in ("neck01", "neck02", "head")]
        assert sum(shares) == pytest.approx(sign, abs=2e-6)
        assert all(abs(share) > 0.1 for share in shares)
    assert _gain(rig_map, "spine", 1, "headYaw") == 0.0


def test_jaw_and_eyes_follow_when_no_shape_does_it() -> None:
    bones = [*_bone("head", "", (0, 1.5, 0)), *_bone("jaw", "head", (0, 1.45, 0.02))]
    bones += [
        *_bone("eye.L", "head", (0.03, 1.6, 0.08)),
        *_bone("eye.R", "head", (-0.03, 1.6, 0.08)),
    ]
    rig_map = match(bones)
    # the jaw opens by turning about the axis across the face; x is to the character's left
    assert _gain(rig_map, "jaw", 0, "jawOpen") > 0.2
    # eyes turn by the captured angles: yaw to its right, pitch down
    assert _gain(rig_map, "eye.L", 1, "leftEyeYaw") == -1.0
    assert _gain(rig_map, "eye.R", 1, "rightEyeYaw") == -1.0
    assert _gain(rig_map, "eye.R", 0, "rightEyePitch") == 1.0
    assert _gain(rig_map, "eye.R", 1, "leftEyeYaw") == 0.0
    # with shapes for the jaw the bone stays; shapes of gaze do not still the eyes
    both = match([*bones, shape("jawOpen")])
    assert _gain(both, "jaw", 0, "jawOpen") == 0.0
    assert _gain(both, "eye.L", 1, "leftEyeYaw") == -1.0


@pytest.mark.parametrize(
    "name", ["headphones", "head_top_end", "eyebrow", "jaw_end_helper", "eye_socket.L", "forehead"]
)
def test_bones_that_only_sound_like_it(name: str) -> None:
    rig_map = match(_bone(name, "", (0.0, 1.5, 0.0)))
    assert rig_map.entries == ()
    assert rig_map.unmatched_controls == (name,)


#: Driven beside what the tables say: smiling winks, mixed with the straight ones.
ALSO = {("mmd", "ウィンク"): {"eyeBlinkLeft"}, ("mmd", "ウィンク右"): {"eyeBlinkRight"}}


@pytest.mark.shared
def test_no_false_claims_on_other_conventions(shared: Path) -> None:
    """What is claimed on rigs of other habits is what the conventions' tables say drives it."""
    tables = json.loads((shared / "reference" / "rig_conventions.json").read_text())
    checked = 0
    for convention, targets in tables.items():
        for name, channels in claims(list(targets)).items():
            # the strongest channels are the table's own
            strongest = max(channels.values(), key=abs)
            main = {c for c, gain in channels.items() if gain >= 0.99 * strongest}
            if (convention, name) in ALSO:
                assert main == ALSO[convention, name]
                continue
            assert main <= set(targets[name]), (convention, name, channels, targets[name])
            checked += 1
    assert checked > 500


@pytest.mark.shared
def test_each_name_of_other_conventions_by_itself(shared: Path) -> None:
    tables = json.loads((shared / "reference" / "rig_conventions.json").read_text())
    for convention, targets in tables.items():
        for name, wanted in targets.items():
            for channels in claims([name]).values():
                assert set(channels) <= set(wanted), (convention, name, channels, wanted)


def test_vowels_and_blinks_of_a_vrm_avatar() -> None:
    names = "A I U E O Blink Blink_L Blink_R Joy Angry Sorrow Fun LookUp LookDown".split()
    found = claims(names)
    assert found["Blink_L"] == {"eyeBlinkLeft": 1.0}
    assert found["Blink_R"] == {"eyeBlinkRight": 1.0}
    # both at once would close the eyes twice
    assert "Blink" not in found
    assert "jawOpen" in found["A"]
    lone = claims([name for name in names if name not in {"Blink_L", "Blink_R"}])
    assert set(lone["Blink"]) == {"eyeBlinkLeft", "eyeBlinkRight"}


def test_the_same_controls_in_another_order_give_the_same_entries() -> None:
    names = [*ALL, "hair", "Fun", "A"]
    one = match([shape(name) for name in names])
    two = match([shape(name) for name in reversed(names)])
    assert {e.control: e for e in one.entries} == {e.control: e for e in two.entries}
