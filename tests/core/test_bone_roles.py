# SPDX-License-Identifier: GPL-3.0-or-later
"""Bones by name: rigs of many makers, several bones for one part, lids that lie on the eye."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.controls import BONE, Control
from facemocap_addon.core.rig_maps.bone_roles import cast_roles, face_roles, gather_bones, rank_name
from facemocap_addon.core.rig_maps.matching import match
from facemocap_addon.core.rig_maps.rig_map import RigMap

Place = tuple[float, float, float]


def bone(
    name: str,
    at: Place = (0.0, 1.5, 0.0),
    *,
    tail: Place = (0.0, 0.0, 0.02),
    parent: str = "",
    constrained: bool = False,
) -> list[Control]:
    axes = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    return [
        Control(
            BONE, "rig", f'pose.bones["{name}"].{channel}', index, name, axis=axes[index], at=at,
            tail=(at[0] + tail[0], at[1] + tail[1], at[2] + tail[2]), parent=parent,
            range=(-10.0, 10.0), constrained=constrained,
        )
        for channel in ("rotation", "location")
        for index in range(3)
    ]  # fmt: skip


def roles_of(*names: str, constrained: tuple[str, ...] = ()) -> dict[str, set[str]]:
    """Role with its side, to the bones that play it."""
    controls = [c for name in names for c in bone(name, constrained=name in constrained)]
    cast = cast_roles(gather_bones(controls))
    return {
        role + ("" if side == "C" else f" {side}"): {b.name for b in members}
        for (role, side), members in cast.items()
    }


def gains(rig_map: RigMap, name: str, channel: str) -> dict[tuple[str, int], float]:
    """What a channel does to the components of one bone."""
    return {
        (entry.control.path.rpartition(".")[2], entry.control.index): source.gain
        for entry in rig_map.entries
        for source in entry.sources
        if f'"{name}"' in entry.control.path and source.channel == channel
    }


#: Bones as their makers call them, left ones and middle ones, and what each is.
MAKERS = {
    "Rocketbox": {
        "Bip01 MJaw": "jaw", "Bip01 LEye": "eye L", "Bip01 LEyeBlinkTop": "lid_upper L",
        "Bip01 LEyeBlinkBottom": "lid_lower L", "Bip01 LInnerEyebrow": "brow_inner L",
        "Bip01 LOuterEyebrow": "brow_outer L", "Bip01 MMiddleEyebrow": "brow_centre",
        "Bip01 LMouthCorner": "lip_corner L", "Bip01 MUpperLip": "lip_upper",
        "Bip01 LUpperlip": "lip_upper_side L", "Bip01 MBottomLip": "lip_lower",
        "Bip01 LMouthBottom": "lip_lower_side L", "Bip01 LCheek": "cheek L",
        "Bip01 LMasseter": "cheek_low L", "Bip01 MTongue": "tongue", "Bip01 Head": "head",
    },
    "Sumerian": {
        "char:def_c_jaw": "jaw", "char:def_l_eye": "eye L", "char:def_l_browA": "brow_inner L",
        "char:def_l_browB": "brow_middle L", "char:def_l_browC": "brow_outer L",
        "char:def_l_cornerLip": "lip_corner L", "char:def_c_upLip": "lip_upper",
        "char:def_c_lowLip": "lip_lower", "char:def_l_nostril": "nose_wing L",
        "char:def_l_underEyeB": "cheek L", "char:def_c_tongueA": "tongue",
        "char:def_c_neckB": "head",
    },
    "Rigify, super_face": {
        "jaw_master": "jaw", "eye.L": "eye L", "lid.T.L.002": "lid_upper L",
        "lid.B.L.002": "lid_lower L", "brow.T.L.003": "brow_inner L",
        "brow.T.L.002": "brow_middle L", "brow.T.L.001": "brow_outer L", "lips.L": "lip_corner L",
        "lip.T": "lip_upper", "lip.B": "lip_lower", "lip.T.L.001": "lip_upper_side L",
        "lip.B.L.001": "lip_lower_side L", "cheek.B.L.001": "cheek_low L",
        "cheek.T.L.001": "cheek L", "nose.L.001": "nose_wing L", "tongue_master": "tongue",
    },
    "Rigify, skin": {"lip_end.L.001": "lip_corner L", "tongue": "tongue"},
    "MakeHuman": {
        "jaw": "jaw", "orbicularis03.L": "lid_upper L", "orbicularis04.L": "lid_lower L",
        "oculi01.L": "brow_whole L", "levator05.L": "lip_corner L", "oris05": "lip_upper",
        "oris01": "lip_lower", "oris03.L": "lip_upper_side L", "oris07.L": "lip_lower_side L",
        "levator06.L": "nose_wing L", "risorius03.L": "cheek L", "tongue01": "tongue",
    },
    "Auto-Rig Pro": {
        "c_jawbone.x": "jaw", "c_eyelid_top.l": "lid_upper L", "c_eyelid_bot.l": "lid_lower L",
        "c_lips_smile.l": "lip_corner L", "c_lips_top.x": "lip_upper", "c_lips_bot.x": "lip_lower",
        "c_cheek_inflate.l": "cheek_low L", "c_cheek_smile.l": "cheek L", "c_tong_01.x": "tongue",
        "c_eyebrow_full.l": "brow_whole L",
    },
    "Advanced Skeleton": {
        "Jaw_M": "jaw", "Eye_L": "eye L", "EyeBrowInner_L": "brow_inner L",
    },
}  # fmt: skip


@pytest.mark.parametrize("maker", MAKERS)
def test_bones_of_many_makers(maker: str) -> None:
    found = roles_of(*MAKERS[maker])
    assert found == {role: {name} for name, role in MAKERS[maker].items()}


@pytest.mark.parametrize("maker", ["Rocketbox", "Sumerian", "Rigify, super_face", "MakeHuman"])
def test_the_other_side_is_the_right_one(maker: str) -> None:
    names: dict[str, str] = {}
    for name, role in MAKERS[maker].items():
        # middle lips of Rocketbox are "MUpperLip"; only the left ones begin with L
        other = re.sub(r"^Bip01 L|(?<=def_)l(?=_)|(?<=\.)L", lambda side: side[0][:-1] + "R", name)
        other = other.replace("def_R_", "def_r_")
        names[other] = role.replace(" L", " R")
    assert sum(" R" in role for role in names.values()) >= 5
    assert roles_of(*names) == {role: {name} for name, role in names.items()}


def test_controls_come_before_the_bones_of_the_rig_itself() -> None:
    """Of a generated rig the controls are found, not the copies that constraints move."""
    found = roles_of(
        "jaw", "jaw_master", "DEF-jaw", "ORG-lid.T.L.002", "lid.T.L", "lid.T.L.001", "lid.T.L.002",
        "MCH-lid.T.L.002", "ORG-tongue", "DEF-lip.T.L.001", constrained=("ORG-tongue",),
    )  # fmt: skip
    assert found["jaw"] == {"jaw_master"}
    assert found["lid_upper L"] == {"lid.T.L.002"}
    assert "tongue" not in found
    # a game's skeleton may be called so and have nothing else
    assert found["lip_upper_side L"] == {"DEF-lip.T.L.001"}


def test_two_bones_of_one_lid_play_together() -> None:
    names = [f"char:def_l_{lid}Lid{n}" for lid in ("upper", "lower") for n in (1, 2)]
    found = roles_of(*names)
    assert found == {"lid_upper L": set(names[:2]), "lid_lower L": set(names[2:])}
    rig_map = match([c for name in names for c in bone(name)])
    assert (
        gains(rig_map, names[0], "eyeBlinkLeft") == gains(rig_map, names[1], "eyeBlinkLeft") != {}
    )


@pytest.mark.parametrize(
    "name",
    ["under_eye.L", "eye_common.L", "master_eye.L", "cheekbone.L", "jaw_follow", "lid_glue.T.L.002",
     "brow_glue.B.L.002", "chin_end.001", "tweak_tongue", "upper_teeth", "ear_lid.L", "lip_zip.L"],
)  # fmt: skip
def test_words_before_a_name_make_it_another(name: str) -> None:
    assert roles_of(name) == {}


def test_names_in_the_data_are_plain_and_nobodys_twice() -> None:
    seen: dict[tuple[str, bool], str] = {}
    for role in face_roles():
        for entry in role["names"]:
            for name in [entry] if isinstance(entry, str) else entry:
                assert name == " ".join(name.lower().split())
                assert not any(word.startswith("0") for word in name.split())
                assert rank_name(name, role["names"]) is not None
                place = (name, role.get("sided", False))
                assert place not in seen, (name, role["role"], seen.get(place))
                seen[place] = role["role"]
        for motion in role["motions"]:
            channel = motion["channel"].replace("~", "Left")
            channel = channel[0].lower() + channel[1:]
            assert channel in arkit_schema() or role["role"] == "eye"
            for other in ("unless", "beside"):
                assert motion.get(other, "jaw") in {r["role"] for r in face_roles()}


def eyes_and_lids(upper: Place, lower: Place, ahead: float = 0.0) -> list[Control]:
    controls: list[Control] = []
    for side, sign in (("L", 1), ("R", -1)):
        x = 0.03 * sign
        controls += bone(f"eye.{side}", (x, 1.6, 0.1 + ahead))
        controls += bone(f"ORG-eye.{side}", (x, 1.6, 0.1)) if ahead else []
        for which, place in (("T", upper), ("B", lower)):
            at = (x + sign * place[0], 1.6 + place[1], 0.1 + place[2])
            controls += bone(f"lid.{which}.{side}.002", at)
    return controls


@pytest.mark.parametrize("ahead", [0.0, 0.2], ids=["eye bones", "targets"])
def test_lids_that_lie_on_the_eye_move_along_it(ahead: float) -> None:
    rig_map = match(eyes_and_lids((0.0, 0.006, 0.016), (0.0, -0.006, 0.016), ahead))
    upper = gains(rig_map, "lid.T.L.002", "eyeBlinkLeft")
    lower = gains(rig_map, "lid.B.L.002", "eyeBlinkLeft")
    assert {path for path, _ in upper} == {"location"}
    # together they close what lies between them; tangents of an arc, hence a little more
    closed = lower["location", 1] - upper["location", 1]
    assert closed == pytest.approx(2 * math.atan2(6, 16) * 0.016, rel=1e-3)
    assert upper["location", 1] < 0 < lower["location", 1]
    # along the eyeball: down from above its middle is forward as well
    assert upper["location", 2] > 0
    assert gains(rig_map, "lid.T.L.002", "eyeBlinkRight") == {}
    mirrored = gains(rig_map, "lid.T.R.002", "eyeBlinkRight")
    assert mirrored == pytest.approx(upper)


def test_lids_that_begin_at_the_eye_turn() -> None:
    rig_map = match(eyes_and_lids((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)))
    assert {path for path, _ in gains(rig_map, "lid.T.L.002", "eyeBlinkLeft")} == {"rotation"}


def test_lid_bones_inside_the_lids_close_them_all_the_same() -> None:
    """Bones nearer to each other than the rims are: an open eye spans 36 degrees or more."""
    rig_map = match(eyes_and_lids((0.0, 0.004, 0.02), (0.0, -0.004, 0.02)))
    upper = gains(rig_map, "lid.T.L.002", "eyeBlinkLeft")
    lower = gains(rig_map, "lid.B.L.002", "eyeBlinkLeft")
    closed = lower["location", 1] - upper["location", 1]
    assert closed == pytest.approx(math.radians(36) * 0.02, rel=1e-3)


def test_bones_that_do_it_better_have_it_alone() -> None:
    alone = match(bone("cheek.L", (0.04, 1.55, 0.08)))
    both = match([*bone("cheek.L", (0.04, 1.55, 0.08)), *bone("masseter.L", (0.05, 1.5, 0.06))])
    assert gains(alone, "cheek.L", "cheekPuff")
    assert gains(both, "cheek.L", "cheekPuff") == {}
    assert gains(both, "masseter.L", "cheekPuff")
    corner = bone("lip_corner.L", (0.03, 1.5, 0.08))
    lip = bone("lip_upper.L", (0.015, 1.5, 0.09))
    sizes = [
        np.linalg.norm([*gains(match(controls), "lip_corner.L", "mouthPucker").values()])
        for controls in (corner, [*corner, *lip])
    ]
    # what the lips' own bones carry the corner need not
    assert 0 < sizes[1] < 0.7 * sizes[0]


def test_one_bone_for_a_whole_brow_tilts_it() -> None:
    rig_map = match([c for side, x in (("L", 0.03), ("R", -0.03))
                     for c in bone(f"eyebrow.{side}", (x, 1.65, 0.09))])  # fmt: skip
    for side, sign in (("Left", 1), ("Right", -1)):
        name = f"eyebrow.{side[0]}"
        outer, inner = (
            gains(rig_map, name, f"browOuterUp{side}"),
            gains(rig_map, name, "browInnerUp"),
        )
        assert outer["location", 1] > 0 < inner["location", 1]
        # turning about the axis out of the face lifts the end that lies to the left
        assert sign * outer["rotation", 2] > 0 > sign * inner["rotation", 2]
