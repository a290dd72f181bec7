# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenFace's tables: real ones against another parser and their own landmarks, made-up ones."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from devtools.made_landmarks import (
    FRAMES,
    PRESENT,
    UNITS,
    face_points,
    head_path,
    openface_rows,
    openface_text,
    rotation,
    unit_path,
)
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.inspection import describe_take
from facemocap_addon.core.points import PICTURE, SPACE, points_of
from facemocap_addon.core.readers import ReadOptions, read_take
from facemocap_addon.core.take import Take

Load = Callable[[bytes], Take]

HEAD = ("headYaw", "headPitch", "headRoll")
#: Points of a face that speech and expression leave alone.
STILL = [0, 1, 2, 14, 15, 16, 27, 28, 29, 30, 31, 35, 36, 39, 42, 45]


def table_of(path: Path) -> tuple[list[str], dict[str, np.ndarray]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = [[cell.strip() for cell in row] for row in csv.reader(file)]
    numbers = np.array([[float(cell) for cell in row] for row in rows[1:]])
    return rows[0], dict(zip(rows[0], numbers.T, strict=True))


def column(take: Take, name: str) -> np.ndarray:
    return take.values[:, take.column(name)].astype(np.float64)


def turns(take: Take) -> np.ndarray:
    """The head's rotations, made of its three angles by hand."""
    return np.array(
        [rotation(*each) for each in zip(*(column(take, n) for n in HEAD), strict=True)]
    )


@pytest.fixture(scope="module")
def real(shared: Path) -> Path:
    return shared / "takes" / "openface" / "pyfeat_OpenFace_Test.csv"


@pytest.mark.shared
def test_the_real_file_as_the_manifest_has_it(real: Path):
    header, numbers = table_of(real)
    assert (len(header), len(numbers["frame"])) == (431, 100)
    assert np.median(np.diff(numbers["timestamp"])) == pytest.approx(0.001)
    take = read_take(real)
    assert take.samples == 100
    assert take.source.format == "openface_csv"
    assert take.rate_hz == pytest.approx(30)
    assert any("1000 frames a second: the tracker did not know" in w for w in take.warnings)
    at_24 = read_take(real, ReadOptions(rate_hz=24))
    assert at_24.times == pytest.approx(np.arange(100) / 24)
    assert '"frame" counts frames; the option rate says 24 a second.' in at_24.assumptions
    assert "68 of 68 points tracked" in describe_take(take)


@pytest.mark.shared
def test_the_real_file_s_numbers(real: Path):
    _header, numbers = table_of(real)
    take = read_take(real)
    for unit in UNITS:
        name = f"AU{unit:02d}"
        assert column(take, name) == pytest.approx(numbers[f"{name}_r"] / 5, abs=1e-6)
    for unit in PRESENT:
        assert column(take, f"AU{unit:02d}_present") == pytest.approx(numbers[f"AU{unit:02d}_c"])
    space, picture = points_of(take, SPACE), points_of(take, PICTURE)
    assert space.names == tuple(f"lm68_{k:02d}" for k in range(68))
    assert picture.names == tuple(f"image_lm68_{k:02d}" for k in range(68))
    for k in range(68):
        expected = [numbers[f"X_{k}"] / 1000, -numbers[f"Y_{k}"] / 1000, -numbers[f"Z_{k}"] / 1000]
        assert pytest.approx(np.array(expected), abs=1e-6) == space.positions[:, k].T
        expected = [numbers[f"x_{k}"], numbers[f"y_{k}"]]
        assert pytest.approx(np.array(expected), abs=1e-3) == picture.positions[:, k].T
    assert take.channels[take.column("lm68_07.y")].original == "Y_7"
    assert take.confidence is not None
    assert take.confidence[:, 3] == pytest.approx(numbers["confidence"])


@pytest.mark.shared
def test_the_head_turns_as_its_landmarks_do(real: Path):
    """Signs and order: the best rotation between landmarks in space against the angles."""
    take = read_take(real)
    positions = points_of(take, SPACE).positions[:, STILL]
    matrices = turns(take)
    errors = moved = 0.0
    for k in range(5, 100, 5):
        found = Rotation.align_vectors(
            positions[k] - positions[k].mean(axis=0), positions[0] - positions[0].mean(axis=0)
        )[0]
        said = Rotation.from_matrix(matrices[k] @ matrices[0].T)
        errors += (found * said.inv()).magnitude()
        moved += found.magnitude()
    assert np.degrees(moved / 19) > 4
    assert np.degrees(errors / 19) < 0.4
    # and where it looks: out of the plane of eyes and chin
    first = points_of(take, SPACE).positions[0]
    ahead = np.cross(first[45] - first[36], first[27] - first[8])
    ahead /= np.linalg.norm(ahead)
    assert np.degrees(np.arccos(ahead @ matrices[0][:, 2])) < 8


@pytest.mark.shared
def test_facsvatar_s_table(shared: Path):
    path = shared / "takes" / "openface" / "FACSvatar_demo.csv"
    _header, numbers = table_of(path)
    take = read_take(path)
    assert take.samples == 490
    assert take.rate_hz == pytest.approx(25)
    assert take.times == pytest.approx(numbers["timestamp"], abs=1e-9)
    for unit in UNITS:
        assert column(take, f"AU{unit:02d}") == pytest.approx(numbers[f"AU{unit:02d}_r"], abs=1e-6)
    assert any("taken for 0 to 1" in note for note in take.assumptions)
    euler = np.stack([numbers[f"pose_R{a}"] for a in "xyz"], axis=1)
    flip = np.diag([1.0, -1.0, -1.0])
    matrices = flip @ Rotation.from_euler("XYZ", euler).as_matrix() @ flip
    assert turns(take) == pytest.approx(matrices, abs=1e-6)
    # both eyes get the mean gaze, which was to the picture's side and down in the camera's frame
    gaze = np.stack([np.tan(numbers["gaze_angle_x"]), -np.tan(numbers["gaze_angle_y"])], axis=1)
    gaze = np.column_stack([gaze, np.ones(490)])
    local = np.einsum("nji,nj->ni", matrices, gaze)
    for side in ("left", "right"):
        yaw, pitch = column(take, f"{side}EyeYaw"), column(take, f"{side}EyePitch")
        assert np.tan(pitch) == pytest.approx(-local[:, 1] / local[:, 2], abs=1e-5)
        across = np.hypot(local[:, 1], local[:, 2])
        assert np.tan(yaw) == pytest.approx(-local[:, 0] / across, abs=1e-5)
    assert take.has("mouthSmileLeft")


def test_a_made_up_face_comes_back(load: Load):
    take = load(openface_text(*openface_rows()))
    matrices = turns(take)
    assert np.stack([column(take, n) for n in HEAD], axis=1) == pytest.approx(head_path(), abs=1e-6)
    expected = face_points(1) @ matrices.transpose(0, 2, 1) + [0.02, -0.04, -0.6]
    assert points_of(take, SPACE).positions == pytest.approx(expected, abs=1e-6)
    place = [column(take, n)[0] for n in ("headX", "headY", "headZ")]
    assert place == pytest.approx([0.02, -0.04, -0.6])
    assert column(take, "AU12") == pytest.approx(unit_path()[:, UNITS.index(12)], abs=1e-6)
    assert take.times == pytest.approx(np.arange(FRAMES) / 25)
    # eyes on the camera: against the head's own turn
    eye = [column(take, n)[-1] for n in ("leftEyeYaw", "leftEyePitch")]
    ahead = matrices[-1].T @ [0.0, 0.0, 1.0]
    assert np.tan(eye[1]) == pytest.approx(-ahead[1] / ahead[2], abs=1e-6)
    assert np.sin(eye[0]) == pytest.approx(-ahead[0], abs=1e-6)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r\r\n"])
@pytest.mark.parametrize("mark", [",", ", ", ";", "\t"])
def test_blanks_and_line_ends(load: Load, ending: str, mark: str):
    plain = load(openface_text(*openface_rows()))
    text = openface_text(*openface_rows(), ending="\n").decode()
    text = text.replace(", ", mark).replace("\n", ending)
    again = load(b"\xef\xbb\xbf" + text.encode())
    assert again.digest == plain.digest


@pytest.mark.parametrize("fps", [24, 25, 30, 50, 60, 24000 / 1001, 30000 / 1001, 60000 / 1001])
def test_rounded_times_give_the_exact_rate(load: Load, fps: float):
    take = load(openface_text(*openface_rows(240, fps=fps)))
    assert float(take.timebase.rate) == pytest.approx(fps, rel=1e-9)
    assert take.times == pytest.approx(np.arange(240) / fps, abs=1e-9)


def test_a_variable_rate_keeps_its_times(load: Load):
    header, rows = openface_rows(40)
    clock = np.cumsum(np.random.default_rng(8).uniform(0.02, 0.06, 40)).round(3)
    for row, time in zip(rows, clock, strict=True):
        row[1] = f"{time:.3f}"
    take = load(openface_text(header, rows))
    assert take.times == pytest.approx(clock - clock[0], abs=1e-9)


def test_lost_frames_are_gaps_and_lost_faces_invalid(load: Load):
    header, rows = openface_rows(40)
    for k in (5, 6):
        rows[k][3] = 0
    del rows[20:25]
    take = load(openface_text(header, rows))
    assert take.samples == 40
    lost = np.flatnonzero(~take.valid.any(axis=1))
    assert lost.tolist() == [5, 6, *range(20, 25)]
    assert "No face was tracked in 2 samples." in take.warnings


def test_without_a_flag_low_trust_is_lost(load: Load):
    header, rows = openface_rows(40)
    flag = header.index("success")
    for k, row in enumerate(rows):
        row[header.index("confidence")] = 0.03 if k == 9 else 0.95
    header, rows = header[:flag] + header[flag + 1 :], [r[:flag] + r[flag + 1 :] for r in rows]
    take = load(openface_text(header, rows))
    assert np.flatnonzero(~take.valid.any(axis=1)).tolist() == [9]
    assert any('"confidence" below 0.7' in note for note in take.assumptions)


def two_people(apart: bool = False) -> bytes:
    """Person 0 in frames 1 to 40, person 1 in frames 26 to 45, or only after the first has left."""
    header, first = openface_rows(40, face=0)
    _header, second = openface_rows(20, face=1, first=51 if apart else 26, seed=5)
    return openface_text(header, sorted([*first, *second], key=lambda row: row[0]))


def test_two_people(load: Load, tmp_path: Path):
    take = load(two_people())
    assert take.source.details["faces"] == {"0": 40, "1": 20}
    assert take.samples == 40
    assert any("2 faces; the one in most rows is read (0)" in w for w in take.warnings)
    path = tmp_path / "two.csv"
    path.write_bytes(two_people())
    other = read_take(path, ReadOptions(face=1))
    assert other.samples == 20
    assert column(other, "AU12") == pytest.approx(
        unit_path(20, seed=5)[:, UNITS.index(12)], abs=1e-6
    )
    assert (
        "The person is first seen 1.00 s into the video; the take begins there." in other.warnings
    )
    assert not any("ever in one frame" in w for w in other.warnings)
    with pytest.raises(FacemocapError, match=r"no person 4: it holds 0, 1\. Choose one of these"):
        read_take(path, ReadOptions(face=4))


def test_people_who_are_never_together_may_be_one(load: Load):
    assert any(
        "No two of its people are ever in one frame" in w for w in load(two_people(True)).warnings
    )


def test_only_a_part_of_the_columns(load: Load):
    header, rows = openface_rows()
    kept = [k for k, n in enumerate(header) if n[0] not in "xyXYZA" and not n.startswith("pose")]
    with pytest.raises(FacemocapError, match="neither action units nor landmarks"):
        load(openface_text([header[k] for k in kept], [[row[k] for k in kept] for row in rows]))
    kept = [k for k, name in enumerate(header) if name[0] not in "XYZAgp"]
    take = load(openface_text([header[k] for k in kept], [[row[k] for k in kept] for row in rows]))
    assert len(points_of(take, PICTURE)) == 68
    assert len(points_of(take, SPACE)) == 0
    assert not take.has("jawOpen")


def test_a_point_with_a_cell_missing_is_no_point(load: Load):
    header, rows = openface_rows()
    rows[3][header.index("Y_20")] = ""
    rows[4][header.index("x_20")] = "nan(ind)"
    take = load(openface_text(header, rows))
    valid = points_of(take, SPACE).valid
    assert np.argwhere(~valid).tolist() == [[3, 20]]
    assert np.argwhere(~points_of(take, PICTURE).valid).tolist() == [[4, 20]]
    assert not take.valid[3, take.column("lm68_20.x")]


def damaged(what: str) -> bytes:
    header, rows = openface_rows()
    text = openface_text(header, rows)
    if what == "cut":
        return text[:-300]
    if what == "header":
        return text[:120].split(b"\r")[0] + b"\r\n"
    if what == "ragged":
        return openface_text(header, [row[: 300 - k] for k, row in enumerate(rows)])
    if what == "back":
        return openface_text(header, [*rows[10:], *rows[:10]])
    if what == "lost":
        for row in rows:
            row[3] = 0
    if what == "one":
        rows = rows[:1]
    if what == "quote":
        return b'"' + text
    return openface_text(header, rows)


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("cut", r"is cut off in line 25: 23 rows are complete"),
        ("header", "has a header and no rows"),
        ("ragged", r"has 300 cells in line 2 where its header has"),
        ("back", r"is not in the order of time: line 16"),
        ("lost", "has no face in any of its 24 samples"),
        ("one", "has only one sample"),
        ("quote", "has a damaged cell"),
    ],
)
def test_damaged_tables_say_so(load: Load, what: str, says: str):
    with pytest.raises(FacemocapError, match=says):
        load(damaged(what))
