# SPDX-License-Identifier: GPL-3.0-or-later
"""--face and --rate: who of several people is read, and the rate of a recording without times."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devtools.made_landmarks import openface_rows, openface_text
from devtools.made_recordings import (
    NAMES,
    mediapipe_frames,
    packet,
    packets,
    pbtxt,
    table_text,
    tape,
    values,
)
from facemocap_addon.cli import read_options
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.readers import ReadOptions, read_take

Run = Callable[..., Any]

TABLE = values(30)
OTHER = values(30, seed=1)
JAW = NAMES.index("jawOpen")


@pytest.fixture
def two_people(tmp_path: Path) -> Path:
    """Person 3 in thirty rows, person 7 in ten."""
    rows: list[list[Any]] = []
    for k in range(30):
        rows.append([k / 25, 3, *TABLE[k]])
        if 10 <= k < 20:
            rows.append([k / 25, 7, *OTHER[k]])
    path = tmp_path / "two.csv"
    path.write_bytes(table_text(["time", "face_id", *NAMES], rows))
    return path


@pytest.fixture
def timeless(tmp_path: Path) -> Path:
    path = tmp_path / "timeless.csv"
    path.write_bytes(table_text(list(NAMES), TABLE.tolist()))
    return path


def two_faces_as_json(tmp_path: Path) -> Path:
    """MediaPipe's results: two faces in frames 5 to 14, none in frame 3, matrices beside."""
    matrices = np.tile(np.eye(4), (30, 1, 1))
    first = mediapipe_frames(TABLE[:, :51], matrices)
    matrices = matrices.copy()
    matrices[:, 0, 3] = 20.0
    second = mediapipe_frames(OTHER[:, :51], matrices)
    for k in range(5, 15):
        for key in ("faceLandmarks", "faceBlendshapes", "facialTransformationMatrixes"):
            first[k][key] = [*first[k][key], *second[k][key]]
    first[3]["faceBlendshapes"] = []
    path = tmp_path / "faces.json"
    path.write_text(json.dumps(first), encoding="utf-8")
    return path


def test_inspect_lists_all_people(facemocap: Run, two_people: Path):
    document = facemocap("inspect", two_people, "--json").document
    assert document["source"]["details"]["faces"] == {"3": 30, "7": 10}
    assert document["samples"] == 30
    assert "faces 3 (30) and 7 (10)" in facemocap("inspect", two_people).out


def test_the_person_asked_for_is_read(facemocap: Run, two_people: Path):
    document = facemocap("inspect", two_people, "--face", 7, "--json").document
    assert document["samples"] == 10
    take = read_take(two_people, ReadOptions(face=7))
    assert take.values[:, take.column("jawOpen")] == pytest.approx(
        OTHER[10:20, JAW].astype(np.float32)
    )
    assert take.times == pytest.approx(np.arange(10) / 25)
    assert "The file holds 2 faces; the one asked for is read (7)." in take.warnings


@pytest.mark.parametrize("words", [("inspect",), ("events",), ("convert", "--out", "never.csv")])
def test_a_person_who_is_not_there_is_one_sentence(
    facemocap: Run, two_people: Path, words: tuple[str, ...]
):
    result = facemocap(words[0], two_people, *words[1:], "--face", 2)
    assert result.status == 2
    assert 'two.csv" has no person 2: it holds 3, 7. Choose one of these.' in result.complaint


def test_retarget_heeds_both_before_it_opens_a_rig(
    facemocap: Run, two_people: Path, tmp_path: Path
):
    words = ("--rig", tmp_path / "head.blend", "--out", tmp_path / "out")
    result = facemocap("retarget", two_people, *words, "--face", 2)
    assert result.status == 2
    assert "it holds 3, 7" in result.complaint
    document = facemocap(
        "retarget", two_people, *words, "--face", 7, "--rate", 25, "--json"
    ).document
    assert document["take"]["samples"] == 10
    assert any("the option rate was not used" in w for w in document["take"]["warnings"])


def test_convert_writes_the_person_asked_for(facemocap: Run, two_people: Path, tmp_path: Path):
    out = tmp_path / "seven.take.npz"
    assert facemocap("convert", two_people, "--face", 7, "--out", out).status == 0
    assert read_take(out).digest == read_take(two_people, ReadOptions(face=7)).digest


def test_points_that_a_csv_cannot_hold_are_one_note(facemocap: Run, tmp_path: Path):
    path = tmp_path / "tracked.csv"
    path.write_bytes(openface_text(*openface_rows()))
    document = facemocap("convert", path, "--out", tmp_path / "out.csv", "--json").document
    assert "136 points" in document["warnings"]
    assert "AU12" in document["warnings"]
    assert not any(note.endswith(".x") for note in document["warnings"])


def test_one_person_is_number_0(facemocap: Run, timeless: Path, sample_take: Path):
    for path in (timeless, sample_take):
        assert facemocap("inspect", path, "--face", 0).status == 0
        complaint = facemocap("inspect", path, "--face", 1).complaint
        assert f'"{path.name}" has no person 1: it holds one, number 0.' in complaint


def test_faces_of_a_frame_count_from_0(tmp_path: Path):
    path = two_faces_as_json(tmp_path)
    usual, first, second = (read_take(path, ReadOptions(face)) for face in (None, 0, 1))
    assert usual.digest == first.digest
    assert usual.source.details["faces"] == {"0": 29, "1": 10}
    column = second.column("jawOpen")
    there = second.valid[:, column]
    assert np.flatnonzero(there).tolist() == list(range(5, 15))
    assert second.values[there, column] == pytest.approx(OTHER[5:15, JAW].astype(np.float32))
    assert second.values[there, second.column("headX")] == pytest.approx(0.2)
    assert usual.values[5, usual.column("headX")] == 0
    assert "10 frames show several faces; number 1 of each is read." in second.warnings
    with pytest.raises(FacemocapError, match=r"no person 2: it holds 0, 1\. Choose one"):
        read_take(path, ReadOptions(face=2))


def test_phones_on_a_tape_count_from_0(tmp_path: Path):
    path = tmp_path / "tape.gesichter"
    each = [packet([k / 100] * 61, 600 + k, 0.0, "Anna") for k in range(20)]
    each += [packet([0.9] * 61, 600 + k, 0.0, "Ben") for k in range(12)]
    path.write_bytes(tape(each))
    assert read_take(path).samples == 20
    take = read_take(path, ReadOptions(face=1))
    assert take.samples == 12
    assert take.values[:, take.column("jawOpen")] == pytest.approx(0.9)
    assert take.source.details["faces"] == {'0 "Anna"': 20, '1 "Ben"': 12}


def test_the_rate_of_a_recording_without_times(facemocap: Run, timeless: Path):
    assert facemocap("inspect", timeless, "--json").document["rate_hz"] == pytest.approx(60)
    document = facemocap("inspect", timeless, "--rate", "30000/1001", "--json").document
    assert document["rate_hz"] == pytest.approx(30000 / 1001)
    assert document["timecode"]["rate"] == "30000/1001"
    said = "The file has no times; the option rate says 29.97 samples a second."
    assert said in document["assumptions"]
    assert not any("check the length" in w for w in document["warnings"])


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("packets.txt", packets(TABLE, np.zeros((30, 12)))),
        ("scores.pbtxt", pbtxt(NAMES[:51], TABLE[:, :51])),
        ("frames.json", json.dumps([dict(zip(NAMES, row, strict=True)) for row in TABLE.tolist()])),
        ("numbers.csv", table_text(["frame", *NAMES], [[k, *r] for k, r in enumerate(TABLE)])),
        (
            "restarting.csv",
            table_text(
                ["Timecode", "BlendshapeCount", *(n[0].upper() + n[1:] for n in NAMES)],
                [["00:00:00:00.000", 52, *row] for row in TABLE],
            ),
        ),
    ],
)
def test_readers_without_times_take_the_rate(name: str, data: bytes | str, tmp_path: Path):
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    take = read_take(path, ReadOptions(rate_hz=48))
    assert take.times == pytest.approx(np.arange(take.samples) / 48)
    assert float(take.timebase.rate) == 48
    assert any("the option rate says 48" in said for said in take.assumptions)


def test_a_rate_that_is_of_no_use_is_named(facemocap: Run, sample_take: Path):
    plain = facemocap("inspect", sample_take, "--json").document
    document = facemocap("inspect", sample_take, "--rate", "24", "--json").document
    assert document["rate_hz"] == plain["rate_hz"]
    assert set(document["warnings"]) - set(plain["warnings"]) == {
        "The file has times of its own: the option rate was not used."
    }


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--face", "-1"), '"-1" is no number of a person'),
        (("--face", "anna"), '"anna" is no number of a person'),
        (("--rate", "fast"), '"fast" is no rate of a recording'),
        (("--rate", "0"), '"0" is no rate of a recording'),
        (("--rate", "nan"), '"nan" is no rate of a recording'),
        (("--rate", "1/0"), '"1/0" is no rate of a recording'),
        (("--rate", "1e9"), '"1e9" is no rate of a recording'),
    ],
)
def test_wrong_options_are_one_sentence(
    facemocap: Run, sample_take: Path, words: tuple[str, ...], says: str
):
    result = facemocap("inspect", sample_take, f"{words[0]}={words[1]}")
    assert result.status == 2
    assert says in result.complaint


def test_options_from_a_script():
    assert read_options.parse_rate("24000/1001") == pytest.approx(23.976, abs=1e-3)
    for rate in (0.0, -5.0, float("nan"), float("inf"), 1e6):
        with pytest.raises(FacemocapError, match="no rate of a recording"):
            ReadOptions(rate_hz=rate)
