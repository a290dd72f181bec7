# SPDX-License-Identifier: GPL-3.0-or-later
"""What points are by their names, in the spellings of several labs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from facemocap_addon.core.correspondence.naming import NAME, SET, identify, read_name
from facemocap_addon.core.correspondence.places import mirrored_place, template
from facemocap_addon.core.points import points_of
from facemocap_addon.core.readers import read_take

#: Every marker of the real set, and the place that its name says.
REAL = {
    "ForeHead_M": "forehead", "ForeHead_L": "forehead_side_L", "ForeHead_R": "forehead_side_R",
    "Leyebrow_M": "brow_middle_L", "Leyebrow_Inside": "brow_inner_L",
    "Leyebrow_Outside": "brow_outer_L", "Eyebrow_Center": "brow_centre",
    "Reyebrow_M": "brow_middle_R", "Reyebrow_Inside": "brow_inner_R",
    "Reyebrow_Outside": "brow_outer_R", "NoseTop": "nose_bridge", "NoseHead": "nose_tip",
    "NoseHead_L": "nose_wing_L", "NoseHead_R": "nose_wing_R", "Leye_Up": "eye_above_L",
    "Leye_Down": "eye_below_L", "Leye_Inside": "eye_inside_L", "Leye_Outside": "eye_outside_L",
    "Reye_Up": "eye_above_R", "Reye_Down": "eye_below_R", "Reye_Inside": "eye_inside_R",
    "Reye_Outside": "eye_outside_R", "Lcheek_Up": "cheek_upper_L", "Lcheek_Down": "cheek_lower_L",
    "Lcheek_Outside": "cheek_outer_L", "Rcheek_Up": "cheek_upper_R",
    "Rcheek_Down": "cheek_lower_R", "Rcheek_Outside": "cheek_outer_R", "Mouth_Up": "lip_upper",
    "Mouth_Down": "lip_lower", "Mouth_UpL1": "lip_upper_side_L", "Mouth_Lend": "mouth_corner_L",
    "Mouth_UpR1": "lip_upper_side_R", "Mouth_Rend": "mouth_corner_R",
    "Mouth_DownL": "lip_lower_side_L", "Mouth_DownR": "lip_lower_side_R", "Chin": "chin",
    "Chin_R1": "chin_side_R", "Chin_R2": "jaw_R", "Chin_L1": "chin_side_L", "Chin_L2": "jaw_L",
}  # fmt: skip
ALONE = {
    "LLID": "lid_upper_L", "Face:RightOuterBrow": "brow_outer_R", "LeftUpperEyelid": "lid_upper_L",
    "R_LowerLid": "lid_lower_R", "NoseTip": "nose_tip", "Nose_Bridge": "nose_bridge",
    "Nostril.L": "nose_wing_L", "LMouthCorner": "mouth_corner_L",
    "mouth_corner_R": "mouth_corner_R",
    "LipCorner_L": "mouth_corner_L", "UpperLip": "lip_upper", "lip_lower_r": "lip_lower_side_R",
    "left cheekbone": "cheek_upper_L", "R_Temple": "temple_R", "philtrum": "lip_above",
    "RightInnerEyebrow": "brow_inner_R", "Lbrow_Out": "brow_outer_L", "JawAngle_L": "jaw_angle_L",
}  # fmt: skip


def told(names: list[str], places: np.ndarray | None = None) -> dict[str, str]:
    at = np.zeros((len(names), 3)) if places is None else places
    return {names[row]: meant.place for row, meant in identify(names, at).items()}


@pytest.mark.shared
@pytest.mark.parametrize("take", ["JawMoCap", "EyebrowsMoCap"])
def test_names_of_a_real_marker_set(take: str, shared: Path) -> None:
    points = points_of(read_take(shared / "takes" / "maya_markers" / f"AnimFace_{take}.ma"))
    assert told(list(points.names), points.positions[0]) == REAL


@pytest.mark.parametrize("name", list(ALONE))
def test_spellings_of_one_marker(name: str) -> None:
    assert told([name]) == {name: ALONE[name]}


@pytest.mark.parametrize(
    "name", ["LFHD", "RBHD", "LKNE", "C7", "T10", "M001", "*12", "Unlabeled12", "Neck_L", "", "L"]
)
def test_names_that_are_not_of_the_face(name: str) -> None:
    assert read_name(name) is None
    assert told([name]) == {}


def test_numbered_markers_go_from_the_middle_outwards() -> None:
    names = ["RBRO3", "RBRO1", "RBRO2", "LBRO1", "LBRO2", "LBRO3"]
    at = np.zeros((6, 3))
    # the lab counts from the middle on the right, towards it on the left
    at[:, 0] = 0.001 * np.array([-50, -15, -32, 50, 33, 14])
    found = told(names, at + np.array([0.4, 0, 0]))
    assert [found[name] for name in names] == [
        "brow_outer_R", "brow_inner_R", "brow_middle_R",
        "brow_outer_L", "brow_middle_L", "brow_inner_L",
    ]  # fmt: skip


def test_no_two_points_are_one_place() -> None:
    names = ["Chin", "chin_1", "Chin M", "Lbrow_In", "L_Brow_Inner", "brow_in_l"]
    places = list(told(names).values())
    assert len(places) == len(set(places)) == 2


def test_landmarks_of_known_sets() -> None:
    names = ["lm68_30", "lm68_67", "lm68_68", "mp_001", "mp_467", "mp_468", "mp_500"]
    found = identify(names, np.zeros((len(names), 3)))
    assert {row: (meant.place, meant.how) for row, meant in found.items()} == {
        row: (names[row], SET) for row in (0, 1, 3, 4)
    }


def test_what_a_person_says_counts_before_the_name() -> None:
    found = identify(["NoseTip", "x"], np.zeros((2, 3)), {"NoseTip": "chin", "x": "nose_tip"})
    assert [(found[row].place, found[row].how) for row in (0, 1)] == [
        ("chin", "hand"),
        ("nose_tip", "hand"),
    ]
    assert identify(["NoseTip"], np.zeros((1, 3)))[0].how == NAME


def test_the_table_of_places_is_one_of_pairs() -> None:
    """Every place has a mirrored one, which lies mirrored on the sample head."""
    known = template()
    for name, place in known.places.items():
        other = mirrored_place(name)
        assert mirrored_place(other) == name
        assert np.abs(known.places[other] - place * [-1, 1, 1]).max() < 1e-9
        assert (other == name) == (abs(place[0]) < 1e-9)
        if name.endswith("_L"):
            assert place[0] > 0
