# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmarks made from known poses, coefficients and gazes, and what is found in them again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from facemocap_addon.core.channels import arkit_names
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.formats.head_pose import head_from_matrices
from facemocap_addon.core.gaze.gaze_angles import to_direction, to_gaze
from facemocap_addon.core.points import points_of
from facemocap_addon.core.resources import data_file
from facemocap_addon.core.rotations import from_vector, to_matrix
from facemocap_addon.core.video.landmark_basis import (
    CORNERS_M,
    EYES,
    LANDMARKS,
    MESH,
    basis_bytes,
    landmark_basis,
    read_basis,
)
from facemocap_addon.core.video.landmark_gaze import conjugate, find_gaze, look_coefficients
from facemocap_addon.core.video.landmark_pose import FOCAL, find_poses, still_weights, to_camera
from facemocap_addon.core.video.landmark_solve import (
    eye_opening,
    find_neutral_frames,
    mouth_opening,
    person_moves,
    solve_coefficients,
)
from facemocap_addon.core.video.video_tracking import Tracked, find_face, make_video_take

SIZE = (640, 360)


def pictures(points: Any, turns: Any, places: Any, size: tuple[int, int] = SIZE) -> Any:
    """Landmarks (n, p, 3) in px of heads seen by a camera with a true perspective.

    Depth is what a tracker gives: in px at the head's own distance, from the head's middle.
    """
    seen = np.einsum("nij,npj->npi", turns, points) + places[:, None]
    focal_px = FOCAL * max(size)
    x = focal_px * seen[..., 0] / -seen[..., 2] + size[0] / 2
    y = size[1] / 2 - focal_px * seen[..., 1] / -seen[..., 2]
    depth = -(seen[..., 2] - places[:, None, 2]) * (focal_px / -places[:, None, 2])
    return np.stack([x, y, depth], axis=-1)


def turned(yaw: Any, pitch: Any, roll: Any) -> Any:
    """Rotations of headYaw, headPitch, headRoll in degrees (docs/formats.md)."""

    def about(axis: int, angle: Any) -> Any:
        vector = np.zeros((len(angle), 3))
        vector[:, axis] = np.radians(angle)
        return to_matrix(from_vector(vector))

    return about(1, yaw) @ about(0, -np.asarray(pitch)) @ about(2, -np.asarray(roll))


def faces(values: dict[str, Any], count: int) -> Any:
    """The sample head's landmarks (n, 478, 3) with coefficients, as MediaPipe would show them."""
    basis = landmark_basis()
    moves = person_moves(basis, basis.neutral) / 1000.0
    out = np.repeat(basis.neutral[None], count, axis=0)
    for name, track in values.items():
        out[:, :MESH] += np.asarray(track)[:, None, None] * moves[basis.place(name)]
    return out


def test_the_basis_is_a_face_in_our_frame():
    basis = landmark_basis()
    assert set(basis.names) == set(arkit_names())
    left, right = (basis.neutral[EYES[side]["outer"]] for side in ("left", "right"))
    assert np.linalg.norm(left - right) == pytest.approx(CORNERS_M, abs=2e-5)
    assert left[0] > 0.04 > -0.04 > right[0]
    nose, chin, forehead = basis.neutral[[1, 152, 10]]
    assert nose[2] > max(left[2], right[2], chin[2]) + 0.01
    assert chin[1] < nose[1] < forehead[1]
    # what each shape does, by what anybody sees
    moves = {name: basis.moves[basis.place(name)] for name in basis.names}
    assert moves["jawOpen"][14, 1] < -0.01 < moves["jawOpen"][13, 1]
    assert moves["mouthSmileLeft"][291, 0] > 0.003
    assert moves["mouthSmileRight"][61, 0] < -0.003
    assert abs(moves["mouthSmileLeft"][61, 0]) < 0.001
    assert moves["eyeBlinkLeft"][386, 1] < -0.004
    assert abs(moves["eyeBlinkLeft"][159, 1]) < 1e-4
    assert moves["browInnerUp"][107, 1] > 0.002
    assert moves["mouthPucker"][0, 2] > 0.002


def test_the_basis_knows_its_mirror_image():
    basis = landmark_basis()
    assert (basis.partners[basis.partners] == np.arange(LANDMARKS)).all()
    for side, other in (("left", "right"), ("right", "left")):
        for part, landmark in EYES[side].items():
            assert basis.partners[landmark] == EYES[other][part]
    for middle in (1, 10, 13, 14, 152, 168):
        assert basis.partners[middle] == middle
    mirrored = basis.neutral[basis.partners] * (-1.0, 1.0, 1.0)
    # stored in hundredths of a millimetre
    assert np.abs(mirrored - basis.neutral).max() < 2.1e-5
    for left, right in (("mouthSmileLeft", "mouthSmileRight"), ("jawLeft", "jawRight")):
        moves = basis.moves[basis.place(left)][basis.partners] * (-1.0, 1.0, 1.0)
        assert np.abs(moves - basis.moves[basis.place(right)]).max() < 2.1e-5


def test_the_stored_basis_is_what_its_writer_writes():
    data = data_file("landmark_basis.npz").read_bytes()
    assert basis_bytes(read_basis(data)) == data
    assert len(data) < 100_000


def test_poses_are_found_under_perspective():
    rng = np.random.default_rng(4)
    count = 40
    basis = landmark_basis()
    yaw, pitch, roll = rng.uniform(-25, 25, (3, count))
    turns = turned(yaw, pitch, roll)
    places = np.column_stack(
        [rng.uniform(-0.12, 0.12, (count, 2)), rng.uniform(-0.9, -0.35, count)]
    )
    points = np.repeat(basis.neutral[None], count, axis=0)
    camera = to_camera(pictures(points, turns, places), SIZE)
    found = find_poses(camera, basis.neutral, still_weights(basis), FOCAL * max(SIZE))
    angles = np.degrees(head_from_matrices(found.turns))
    assert np.abs(angles - np.column_stack([yaw, pitch, roll])).max() < 0.05
    assert np.abs(found.places - places).max() < 0.001
    assert np.abs(found.points - points).max() < 0.0005
    assert found.residual.max() < 1e-4


def test_a_near_face_is_not_taken_for_another_shape():
    """The same face from a hand's length and from afar: pictures differ, landmarks must not."""
    basis = landmark_basis()
    points = np.repeat(basis.neutral[None], 2, axis=0)
    turns = turned(np.zeros(2), np.zeros(2), np.zeros(2))
    places = np.array([[0.0, 0.0, -0.25], [0.0, 0.0, -3.0]])
    seen = pictures(points, turns, places, (6400, 3600))
    widths = seen[:, 454, 0] - seen[:, 234, 0]
    corners = seen[:, 263, 0] - seen[:, 33, 0]
    # without perspective the near face is a fifth narrower at the ears
    assert widths[0] / corners[0] < 0.85 * widths[1] / corners[1]
    camera = to_camera(seen, (6400, 3600))
    found = find_poses(camera, basis.neutral, still_weights(basis), FOCAL * 6400)
    assert np.abs(found.points[0] - found.points[1]).max() < 0.0005


def test_points_that_lie_far_off_do_not_turn_the_head():
    rng = np.random.default_rng(7)
    basis = landmark_basis()
    points = np.repeat(basis.neutral[None], 30, axis=0)
    turns = turned(np.linspace(-20, 20, 30), np.zeros(30), np.zeros(30))
    places = np.tile([0.02, 0.01, -0.5], (30, 1))
    seen = pictures(points, turns, places) + rng.normal(0, 0.2, (30, LANDMARKS, 3))
    for row in seen:
        off = rng.choice(MESH, 40, replace=False)
        row[off, :2] += rng.choice([-8.0, 8.0], (40, 2))
    found = find_poses(to_camera(seen, SIZE), basis.neutral, still_weights(basis), FOCAL * 640)
    off_deg = np.degrees(head_from_matrices(found.turns)) - [
        [y, 0, 0] for y in np.linspace(-20, 20, 30)
    ]
    assert np.sqrt((off_deg**2).mean()) < 0.4


TRUTH = {
    "jawOpen": 0.5,
    "eyeBlinkLeft": 0.8,
    "eyeBlinkRight": 0.8,
    "mouthSmileLeft": 0.6,
    "mouthSmileRight": 0.6,
    "browInnerUp": 0.7,
    "mouthFunnel": 0.6,
    "mouthFrownLeft": 0.6,
    "browDownRight": 0.7,
}


@pytest.mark.parametrize("name", TRUTH)
def test_a_coefficient_is_found_alone(name: str):
    basis = landmark_basis()
    ramp = TRUTH[name] * np.linspace(0, 1, 21)
    points = faces({name: ramp}, 21) + np.random.default_rng(1).normal(0, 2e-4, (21, LANDMARKS, 3))
    found = solve_coefficients(points, basis.neutral, {}, basis)
    mine = found.values[:, found.names.index(name)]
    assert np.corrcoef(mine, ramp)[0, 1] > 0.99
    # what is known beforehand shrinks it, more the fewer landmarks it moves
    assert 0.5 * ramp[-1] < mine[-1] < 1.15 * ramp[-1]
    for other, values in zip(found.names, found.values.T, strict=True):
        if other != name:
            assert values.max() < 0.3, other


def test_a_performance_is_found_again():
    basis = landmark_basis()
    times = np.linspace(0, 6, 180)
    truth = {
        "jawOpen": 0.4 * np.clip(np.sin(5 * times), 0, 1),
        "mouthSmileLeft": 0.7 * np.clip(np.sin(times), 0, 1),
        "mouthSmileRight": 0.7 * np.clip(np.sin(times), 0, 1),
        "eyeBlinkLeft": np.exp(-(((times - 2) / 0.1) ** 2)),
        "eyeBlinkRight": np.exp(-(((times - 2) / 0.1) ** 2)),
        "browInnerUp": 0.6 * np.clip(np.sin(2 * times - 2), 0, 1),
    }
    points = faces(truth, 180) + np.random.default_rng(2).normal(0, 3e-4, (180, LANDMARKS, 3))
    found = solve_coefficients(points, basis.neutral, {}, basis)
    for name, track in truth.items():
        mine = found.values[:, found.names.index(name)]
        assert np.corrcoef(mine, track)[0, 1] > 0.95, name
    assert found.values.min() >= 0.0
    assert found.values.max() <= 1.0
    assert {"tongueOut", "jawForward"} <= set(found.unseen)
    assert not set(found.unseen) & set(found.names)


def test_left_and_right_stay_apart():
    basis = landmark_basis()
    ramp = np.linspace(0, 1, 11)
    for name, other in (("eyeBlinkLeft", "eyeBlinkRight"), ("mouthSmileRight", "mouthSmileLeft")):
        found = solve_coefficients(faces({name: ramp}, 11), basis.neutral, {}, basis)
        mine, others = (found.values[-1, found.names.index(each)] for each in (name, other))
        assert mine > 0.6
        assert others < 0.05


@pytest.mark.parametrize("side", ["left", "right"])
def test_gaze_is_found_whatever_the_depth_of_the_iris(side: str):
    basis = landmark_basis()
    wanted = np.radians([[0, 0], [20, 0], [-20, 0], [0, 15], [0, -15], [15, -10]])
    centre = basis.centres[0 if side == "left" else 1]
    iris = EYES[side]["iris"]
    radius = np.linalg.norm(basis.neutral[iris] - centre)
    points = np.repeat(basis.neutral[None], len(wanted), axis=0)
    points[:, iris] = centre + radius * to_direction(wanted)
    points[:, iris, 2] += [0.002, -0.003, 0.001, 0.004, 0.0, -0.002]
    views = np.tile([0.0, 0.0, 1.0], (len(wanted), 1))
    direction, told = find_gaze(points, views, side, basis.neutral, basis)
    assert told.all()
    assert np.degrees(np.abs(to_gaze(direction) - wanted)).max() < 0.5
    looks = look_coefficients(direction, side)
    outward = 1 if side == "left" else 2
    assert looks[f"eyeLookOut{side.title()}"][outward] == pytest.approx(20 / 33.2, abs=0.02)
    assert looks[f"eyeLookIn{side.title()}"][outward] == 0.0
    assert looks[f"eyeLookUp{side.title()}"][3] == pytest.approx(15 / 25.8, abs=0.02)


def test_a_shut_eye_hides_its_gaze():
    basis = landmark_basis()
    points = faces({"eyeBlinkLeft": [0.0, 1.0]}, 2)
    views = np.tile([0.0, 0.0, 1.0], (2, 1))
    assert find_gaze(points, views, "left", basis.neutral, basis)[1].tolist() == [True, False]
    assert find_gaze(points, views, "right", basis.neutral, basis)[1].tolist() == [True, True]


def test_eyes_that_always_differ_are_brought_together():
    gaze = np.radians([[5, 1], [10, 3], [-4, 0]])
    left, right = to_direction(gaze + np.radians([6, 1])), to_direction(gaze)
    one, other = conjugate(left, right, np.ones(3, np.bool_))
    assert to_gaze(one) == pytest.approx(to_gaze(other), abs=1e-9)
    assert to_gaze(one) == pytest.approx(gaze + np.radians([3, 0.5]), abs=1e-9)


def test_the_neutral_face_is_found():
    times = np.arange(100)
    values = {
        "mouthSmileLeft": np.where(times < 60, 0.7, 0.0),
        "mouthSmileRight": np.where(times < 60, 0.7, 0.0),
        "jawOpen": np.where((times > 30) & (times < 75), 0.4, 0.0),
        "eyeBlinkLeft": np.where(times > 92, 1.0, 0.0),
        "eyeBlinkRight": np.where(times > 92, 1.0, 0.0),
    }
    points = faces(values, 100) + np.random.default_rng(3).normal(0, 2e-4, (100, LANDMARKS, 3))
    valid = np.ones(100, np.bool_)
    valid[80:84] = False
    rows = np.flatnonzero(find_neutral_frames(points, valid))
    assert len(rows) == 10
    assert ((rows >= 75) & (rows <= 92)).all()
    assert not ((rows >= 80) & (rows < 84)).any()


def tracked(values: dict[str, Any], count: int = 90, **changes: Any) -> Tracked:
    """A tracker's result of the sample head that nods slowly."""
    turns = turned(np.linspace(-10, 10, count), 5 * np.sin(np.arange(count) / 9), np.zeros(count))
    places = np.tile([0.01, 0.0, -0.6], (count, 1))
    parts: dict[str, Any] = {
        "times": np.arange(count) / 30,
        "landmarks": pictures(faces(values, count), turns, places),
        "valid": np.ones(count, np.bool_),
        "confidence": np.full(count, 0.9),
        "size": SIZE,
        "meta": {"tracker": "a test", "rate": 30.0, "announced": count, "repaired": 0},
    }
    return Tracked(**{**parts, **changes})


def test_a_whole_take_from_pictures():
    smile = 0.8 * np.clip(np.linspace(-1, 1, 90), 0, 1)
    valid = np.ones(90, np.bool_)
    valid[40:45] = False
    take = make_video_take(
        tracked({"mouthSmileLeft": smile, "mouthSmileRight": smile}, valid=valid), "clip.mp4"
    )
    assert take.samples == 90
    assert take.source.format == "video"
    assert "No face was tracked in 5 samples." in take.warnings
    assert not take.valid[40:45].any()
    there = take.valid[:, take.column("headYaw")]
    assert there.sum() == 85
    yaw = np.degrees(take.values[there, take.column("headYaw")])
    assert yaw == pytest.approx(np.linspace(-10, 10, 90)[valid], abs=0.3)
    pitch = np.degrees(take.values[there, take.column("headPitch")])
    assert pitch == pytest.approx(5 * np.sin(np.arange(90) / 9)[valid], abs=0.5)
    assert take.values[there, take.column("headZ")] == pytest.approx(-0.6, abs=0.005)
    found = take.values[there, take.column("mouthSmileLeft")]
    assert np.corrcoef(found, smile[valid])[0, 1] > 0.99
    points = points_of(take)
    assert points.names[0] == "mp_000"
    assert len(points) == LANDMARKS
    assert points.valid.sum() == 85 * LANDMARKS
    assert points.positions[0] == pytest.approx(landmark_basis().neutral, abs=0.0005)
    assert take.channels[take.column("mp_033.x")].partner == "mp_263.x"
    assert take.confidence is not None
    assert 0.7 < take.confidence[0, 0] <= 0.9
    assert take.confidence[42].max() == 0.0


def test_variable_times_stay_as_they_are():
    times = np.cumsum(np.tile([0.04, 0.02, 0.05], 30))
    take = make_video_take(tracked({}, times=times - times[0]), "clip.mp4")
    assert take.times == pytest.approx(times - times[0])
    assert "The frame rate varies: times are those of the frames." in take.assumptions


def test_scores_of_the_landmarker_are_a_second_opinion():
    scores = np.linspace(0, 1, 180).reshape(90, 2)
    meta = {"tracker": "t", "score_names": ["jawOpen", "_neutral"], "announced": 90}
    take = make_video_take(tracked({}, scores=scores, meta=meta), "clip.mp4")
    assert take.values[:, take.column("landmarker.jawOpen")] == pytest.approx(scores[:, 0])
    # the solved one goes first: the names do not meet
    assert take.values[:, take.column("jawOpen")].max() < 0.05


def test_no_face_and_no_neutral_are_sentences():
    nobody = tracked({}, valid=np.zeros(90, np.bool_))
    with pytest.raises(FacemocapError, match=r"shows no face in any of its 90 frames\. Choose"):
        make_video_take(nobody, "wall.mp4")
    valid = np.ones(90, np.bool_)
    valid[50:] = False
    with pytest.raises(FacemocapError, match=r"no face at 2\.5 s"):
        make_video_take(tracked({}, valid=valid), "clip.mp4", neutral_s=2.5)


def test_the_named_second_is_the_neutral_face():
    smile = np.where(np.arange(90) < 45, 0.0, 0.5)
    face = tracked({"mouthSmileLeft": smile, "mouthSmileRight": smile})
    take = make_video_take(face, "clip.mp4", neutral_s=2.5)
    column = take.values[:, take.column("mouthSmileLeft")]
    assert column[60:].max() < 0.05
    assert "2.40 to 2.60 s" in take.assumptions[0]


def test_openings_are_those_of_the_face():
    shut = faces({"eyeBlinkLeft": [0.0, 1.0], "eyeBlinkRight": [0.0, 1.0]}, 2)
    assert eye_opening(shut, "left")[1] < 0.35 * eye_opening(shut, "left")[0]
    parted = faces({"jawOpen": [0.0, 1.0]}, 2)
    assert mouth_opening(parted)[1] > mouth_opening(parted)[0] + 0.1


def test_find_face_is_quick():
    """Frames of an hour of film have to go through: no loop over them."""
    import time

    landmarks = np.repeat(tracked({}).landmarks, 8, axis=0)
    find_face(landmarks[:50], SIZE)
    start = time.perf_counter()
    find_face(landmarks, SIZE)
    assert (time.perf_counter() - start) / len(landmarks) < 0.02
