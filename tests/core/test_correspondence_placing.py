# SPDX-License-Identifier: GPL-3.0-or-later
"""Points of an actor on an egg with the sample head's places: everything about it is known."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from facemocap_addon.core.controls import SHAPE_KEY, Control
from facemocap_addon.core.correspondence.bases import bases
from facemocap_addon.core.correspondence.features import (
    FaceFeatures,
    FoundFace,
    features_from_json,
)
from facemocap_addon.core.correspondence.placement import Placement, placement_from_json
from facemocap_addon.core.correspondence.places import mirrored_place, template
from facemocap_addon.core.correspondence.placing import place_points
from facemocap_addon.core.correspondence.surface import make_skin
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.probing.scan import Motion, Scan

RADII = np.array([1.1, 1.6, 1.2])
MIDDLE = np.array([0.0, -0.3, -0.75])
#: The character: its axes are Blender's, it is 70 mm between the eyes and stands somewhere.
UNIT, ORIGIN = 0.07, np.array([0.1, -0.2, 1.5])
AXES = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
SOME = [n for n in template().places if n[:3] not in ("lm6", "mp_") and "inner" not in n]
#: A sane marker set's names, one a place.
NAMED = {
    "Forehead": "forehead", "L_Brow_Inner": "brow_inner_L", "R_Brow_Inner": "brow_inner_R",
    "L_Brow_Outer": "brow_outer_L", "R_Brow_Outer": "brow_outer_R", "NoseTip": "nose_tip",
    "L_Cheek_Up": "cheek_upper_L", "R_Cheek_Up": "cheek_upper_R", "L_MouthCorner": "mouth_corner_L",
    "R_MouthCorner": "mouth_corner_R", "UpperLip": "lip_upper", "LowerLip": "lip_lower",
    "Chin": "chin", "L_Temple": "temple_L", "R_Temple": "temple_R",
}  # fmt: skip


def egg(count: int = 48) -> tuple[np.ndarray, np.ndarray]:
    """Vertices in the face's frame and triangles of an egg, the same on both sides."""
    down, around = np.linspace(0.02, np.pi - 0.02, count), np.arange(2 * count) * np.pi / count
    a, b = np.meshgrid(down, around, indexing="ij")
    unit = np.stack([np.sin(a) * np.sin(b), np.cos(a), np.sin(a) * np.cos(b)], axis=-1)
    ring = np.arange(2 * count)
    nxt = (ring + 1) % (2 * count)
    rows = np.arange(count - 1)[:, None] * 2 * count
    quads = np.stack([rows + ring, rows + 2 * count + ring, rows + 2 * count + nxt, rows + nxt], -1)
    quads = quads.reshape(-1, 4)
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    return unit.reshape(-1, 3) * RADII + MIDDLE, triangles


def on_egg(places: np.ndarray) -> np.ndarray:
    arms = (places - MIDDLE) / RADII
    return arms / np.linalg.norm(arms, axis=-1, keepdims=True) * RADII + MIDDLE


@pytest.fixture(scope="module")
def face() -> FoundFace:
    places, triangles = egg()
    whole = np.ones(len(places), np.bool_)
    skin = make_skin(places, triangles, whole, ~whole, {}, np.zeros(len(places)))
    at = {name: on_egg(place) for name, place in template().places.items()}
    metres = {name: ORIGIN + UNIT * place @ AXES for name, place in at.items()}
    features = FaceFeatures(metres, dict.fromkeys(at, 0.9), ORIGIN, AXES, UNIT)
    return FoundFace(features, skin, {"other": (0, 0), "egg": (0, len(places))})


def points_of_egg(face: FoundFace) -> np.ndarray:
    return ORIGIN + UNIT * face.skin.places @ AXES


def actor(places: list[str], face: FoundFace, size: float = 0.9) -> np.ndarray:
    """The character's own places as an actor's neutral face."""
    own = np.array([face.features.to_frame(face.features.places[name]) for name in places])
    turn = Rotation.from_rotvec([0.1, -0.2, 0.05]).as_matrix()
    return size * UNIT * own @ turn.T + [0.3, 1.4, 0.2]


def found(placement: Placement, face: FoundFace) -> np.ndarray:
    return face.features.to_frame(placement.at(points_of_egg(face), face.meshes))


def test_named_markers_lie_where_their_names_say(face: FoundFace) -> None:
    placement = place_points(list(NAMED), actor(list(NAMED.values()), face), face)
    assert placement.places == tuple(NAMED.values())
    assert set(placement.how) == {"name"}
    assert placement.findings == ()
    true = np.array([face.features.to_frame(face.features.places[n]) for n in NAMED.values()])
    # an egg of flat triangles lies up to 0.4 mm below the round one
    assert np.linalg.norm(found(placement, face) - true, axis=1).max() * UNIT < 0.5e-3
    assert placement.moved_mm.max() < 0.5
    assert placement.confidence.min() > 0.9
    assert np.abs(placement.weights.sum(axis=1) - 1).max() < 1e-12
    assert placement.weights.min() >= 0
    assert placement.actor is not None
    assert placement.actor.scale == pytest.approx(1 / 0.9, rel=2e-3)
    neutral = actor(list(NAMED.values()), face)
    away = placement.actor.places(neutral) - placement.at(points_of_egg(face), face.meshes)
    assert np.abs(away).max() < 0.5e-3


def test_a_point_without_a_name_goes_where_its_neighbours_say(face: FoundFace) -> None:
    names = [*NAMED, "m17"]
    places = [*NAMED.values(), "cheek_lower_L"]
    placement = place_points(names, actor(places, face), face)
    assert placement.how[-1] == "nearest"
    true = face.features.to_frame(face.features.places["cheek_lower_L"])
    assert np.linalg.norm(found(placement, face)[-1] - true) * UNIT < 1e-3
    assert 0.1 < placement.confidence[-1] < placement.confidence[:-1].min()


def test_what_a_person_says_always_wins(face: FoundFace) -> None:
    names = [*NAMED, "m17", "m18"]
    neutral = actor([*NAMED.values(), "cheek_lower_L", "cheek_lower_R"], face)
    hand: dict[str, Any] = {"NoseTip": ("egg", 1234), "m17": "jaw_L", "m18": None}
    placement = place_points(names, neutral, face, hand)
    row = names.index("NoseTip")
    assert placement.vertices[row].tolist() == [1234] * 3
    assert placement.meshes[placement.mesh[row]] == "egg"
    assert placement.how[row] == placement.how[names.index("m17")] == "hand"
    assert placement.confidence[row] == 1.0
    jaw = face.features.to_frame(face.features.places["jaw_L"])
    assert np.linalg.norm(found(placement, face)[names.index("m17")] - jaw) < 0.05
    assert not placement.placed[-1]
    assert placement.findings == ()


def test_by_hand_alone_four_points_carry_the_others(face: FoundFace) -> None:
    names = [f"m{k}" for k in range(len(NAMED))]
    neutral = actor(list(NAMED.values()), face)
    hand: dict[str, Any] = {names[k]: list(NAMED.values())[k] for k in (1, 2, 5, 8, 9, 12)}
    placement = place_points(names, neutral, face, hand)
    true = np.array([face.features.to_frame(face.features.places[n]) for n in NAMED.values()])
    assert np.linalg.norm(found(placement, face) - true, axis=1).max() * UNIT < 1e-3
    assert sorted(set(placement.how)) == ["hand", "nearest"]


@pytest.mark.parametrize(
    "given",
    [{"NoseTip": ("egg", 99999)}, {"NoseTip": ("gone", 0)}, {"NoseTip": "elbow"}],
)
def test_what_a_person_says_of_things_that_are_not_there(
    given: dict[str, Any], face: FoundFace
) -> None:
    with pytest.raises(FacemocapError):
        place_points(list(NAMED), actor(list(NAMED.values()), face), face, given)


@pytest.mark.parametrize("kind", ["lm68", "mp"])
def test_known_sets_lie_on_their_places_and_mirrored(kind: str, face: FoundFace) -> None:
    names = [n for n in template().places if n.startswith(kind)]
    names += ["mp_468", "mp_477"] if kind == "mp" else []
    places = [n if n in template().places else "eye_outer_L" for n in names]
    placement = place_points(names, actor(places, face), face)
    at = found(placement, face)
    row = {name: number for number, name in enumerate(names)}
    off = [
        np.linalg.norm(at[k] * [-1, 1, 1] - at[row[mirrored_place(n)]])
        for n, k in row.items()
        if placement.placed[k]
    ]
    assert len(off) == (468 if kind == "mp" else 68)
    assert max(off) * UNIT < 1e-3
    assert set(placement.how) == ({"set", ""} if kind == "mp" else {"set"})
    assert any("2 landmarks lie on the eyeballs" in t for t in placement.findings) == (kind == "mp")


def test_another_face_is_brought_onto_the_characters_places(face: FoundFace) -> None:
    """An actor with a longer, narrower face: places are met, not proportions."""
    names = list(NAMED)
    neutral = actor(list(NAMED.values()), face) * [0.93, 1.08, 1.0]
    placement = place_points(names, neutral, face)
    true = np.array([face.features.to_frame(face.features.places[n]) for n in NAMED.values()])
    off = np.linalg.norm(found(placement, face) - true, axis=1) * UNIT
    assert placement.actor is not None
    plain = face.features.to_frame(placement.actor.places(neutral))
    before = np.linalg.norm(plain - true, axis=1) * UNIT
    sure = [row for row, name in enumerate(names) if not name.startswith(("F", "L_T", "R_T"))]
    assert off[sure].mean() < 0.5 * before[sure].mean()
    assert placement.moved_mm.max() > 2.0


def test_sides_exchanged_in_the_names(face: FoundFace) -> None:
    names = [{"L": "R", "R": "L"}.get(n[0], n[0]) + n[1:] if n[1] == "_" else n for n in NAMED]
    placement = place_points(names, actor(list(NAMED.values()), face), face)
    assert placement.places == tuple(NAMED.values())
    assert any("left and right exchanged" in text for text in placement.findings)


def test_a_marker_far_from_its_name_is_told(face: FoundFace) -> None:
    neutral = actor(list(NAMED.values()), face)
    row = list(NAMED).index("L_Cheek_Up")
    neutral[row] += [0.0, 0.11, 0.0]
    placement = place_points(list(NAMED), neutral, face)
    assert placement.confidence[row] < 0.35
    assert any('"L_Cheek_Up" is far' in text for text in placement.findings)
    true = np.array([face.features.to_frame(face.features.places[n]) for n in NAMED.values()])
    others = np.arange(len(NAMED)) != row
    off = np.linalg.norm(found(placement, face) - true, axis=1)[others] * UNIT
    assert off.max() < 1e-3


def test_one_side_too_few_and_none_are_told(face: FoundFace) -> None:
    left = {name: place for name, place in NAMED.items() if name.startswith("L_")}
    one = place_points(list(left), actor(list(left.values()), face), face)
    assert any("on the left side" in text for text in one.findings)
    few = place_points(["NoseTip", "Chin"], actor(["nose_tip", "chin"], face), face)
    assert few.placed.all()
    assert any("Only 2 points were recognised" in text for text in few.findings)
    none = place_points(["a1", "b2"], actor(["nose_tip", "chin"], face), face)
    assert not none.placed.any()
    assert none.actor is None
    assert any("No point's name says" in text for text in none.findings)
    assert placement_from_json(json.loads(json.dumps(none.to_json()))).findings == none.findings


def test_points_that_are_missing_or_elsewhere(face: FoundFace) -> None:
    names = [*NAMED, "spare", "m99"]
    neutral = actor([*NAMED.values(), "chin", "chin"], face)
    neutral[-2], neutral[-1] = np.nan, neutral[-1] + [0.0, -0.4, 0.0]
    placement = place_points(names, neutral, face)
    assert placement.placed.tolist() == [True] * len(NAMED) + [False, False]
    assert np.isnan(found(placement, face)[-2:]).all()
    assert any('"spare" is without a place' in text for text in placement.findings)
    assert any('"m99" is not placed' in text for text in placement.findings)


def test_placement_and_features_survive_json(face: FoundFace) -> None:
    placement = place_points(list(NAMED), actor(list(NAMED.values()), face), face)
    back = placement_from_json(json.loads(json.dumps(placement.to_json())))
    assert back.names == placement.names
    assert back.findings == placement.findings
    assert (
        back.at(points_of_egg(face), face.meshes) == placement.at(points_of_egg(face), face.meshes)
    ).all()
    assert back.renamed({"egg": "head"}).meshes[placement.mesh[0]] == "head"
    features = features_from_json(json.loads(json.dumps(face.features.to_json())))
    for name, place in face.features.places.items():
        assert np.abs(features.places[name] - place).max() <= 0.5001e-6
    for damaged in (
        {},
        {**placement.to_json(), "schema": 9},
        {**placement.to_json(), "owners": []},
    ):
        with pytest.raises(FacemocapError):
            placement_from_json(damaged)
    with pytest.raises(FacemocapError):
        placement.at(points_of_egg(face), {"egg": (0, 10)})


def test_bases_are_what_controls_do_at_the_points(face: FoundFace) -> None:
    placement = place_points(
        [*NAMED, "m99"], np.vstack([actor(list(NAMED.values()), face), [[9, 9, 9]]]), face
    )
    points = points_of_egg(face)
    rng = np.random.default_rng(0)
    gradient = rng.normal(0, 0.1, (3, 3))
    linear = Control(SHAPE_KEY, "egg", "linear", 0, "linear")
    both = Control(SHAPE_KEY, "egg", "both", 0, "both")
    rows = np.arange(len(points))
    motions = (
        Motion(linear, 0.5, rows, points @ gradient.T),
        Motion(both, 1.0, rows, np.full(points.shape, 0.002)),
        Motion(both, -2.0, rows, np.full(points.shape, -0.002)),
    )
    scan = Scan(points, np.zeros(len(points), int), motions, meshes=face.meshes)
    matrix = bases(placement, scan, [linear, both, both.key])
    assert matrix.shape == (3 * len(placement), 3)
    at = placement.at(points, face.meshes)[:-1]
    expected = np.vstack([at @ gradient.T * 2000, np.zeros((1, 3))])
    assert np.abs(matrix[:, 0].reshape(-1, 3) - expected).max() < 1e-3
    # least squares through both directions: (1 * 2 + 2 * 2) / (1 + 4)
    assert matrix[:-3, 1] == pytest.approx(1.2, rel=1e-4)
    assert bases(placement, scan, [both], 1)[:-3, 0] == pytest.approx(2.0, rel=1e-4)
    assert bases(placement, scan, [both], -1)[:-3, 0] == pytest.approx(1.0, rel=1e-4)
    assert (matrix[:, 1] == matrix[:, 2]).all()
