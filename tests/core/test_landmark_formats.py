# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of landmark trackers are told by content, kept whole, inspected, damaged without harm."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from devtools.fuzz import Seed, fuzz
from devtools.made_landmarks import samples
from facemocap_addon.core.formats.landmarks68 import MIRRORED, landmark_channels
from facemocap_addon.core.inspection import describe_take, inspect_take
from facemocap_addon.core.points import PICTURE, SPACE, points_of
from facemocap_addon.core.readers import HEAD_BYTES, read_take, readers, sniff_reader
from facemocap_addon.core.take_edits import mirror_take
from facemocap_addon.core.take_file import read_take_file, write_take_file

SAMPLES = samples()
FOLDERS = {"openface": "openface_csv", "openseeface": "openseeface_csv", "pyfeat": "py_feat_csv"}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_tracker_is_told_whatever_its_file_is_called(name: str, tmp_path: Path):
    data = SAMPLES[name]
    scores = sorted((reader.sniff(data[:HEAD_BYTES]), reader.format) for reader in readers())
    assert scores[-1][1] == name
    assert scores[-1][0] > scores[-2][0]
    path = tmp_path / "odd.glb"
    path.write_bytes(data)
    assert read_take(path).source.format == name


@pytest.mark.shared
def test_real_trackers_files_are_told(shared: Path):
    found = {
        path: sniff_reader(path.read_bytes()[:HEAD_BYTES])
        for path in (shared / "takes").rglob("*.*")
        if path.suffix != ".mp4"
    }
    told = {p: r.format for p, r in found.items() if r is not None and r.format in SAMPLES}
    assert len(told) == 4
    for path, name in told.items():
        assert FOLDERS[path.parent.name] == name


@pytest.mark.parametrize("name", SAMPLES)
def test_trackers_takes_are_described_and_kept(name: str, tmp_path: Path):
    path = tmp_path / "take"
    path.write_bytes(SAMPLES[name])
    take = read_take(path)
    label = next(reader.label for reader in readers() if reader.format == name)
    assert label in describe_take(take)
    facts = inspect_take(take)
    for text in (*facts["assumptions"], *facts["warnings"]):
        assert text.endswith(".")
        assert text[0].isupper() or text[0] == '"' or text[0].isdigit()
    kept = tmp_path / "kept.take.npz"
    write_take_file(take, kept)
    again = read_take_file(kept)
    assert again.digest == take.digest
    assert again.channels == take.channels


@pytest.mark.parametrize("name", SAMPLES)
def test_damaged_trackers_files_are_read_or_refused(name: str):
    tallies, findings = fuzz([Seed("take", SAMPLES[name], name)], 60, seed=8)
    assert [f"{f.mutations}: {f.reason}" for f in findings] == []
    assert tallies[name].refused > 3


def test_mirrored_landmarks_change_places(tmp_path: Path):
    path = tmp_path / "take"
    path.write_bytes(SAMPLES["openface_csv"])
    take = read_take(path)
    before, after = points_of(take, SPACE), points_of(mirror_take(take), SPACE)
    for landmark, other in enumerate(MIRRORED):
        assert MIRRORED[other] == landmark
        expected = before.positions[:, other] * [-1, 1, 1]
        assert after.positions[:, landmark] == pytest.approx(expected)
    # on a face of the annotation's shape: corners of eyes and lips, ends of the jaw
    for left, right in ((0, 16), (17, 26), (31, 35), (36, 45), (39, 42), (48, 54), (60, 64)):
        assert MIRRORED[left] == right
    assert [k for k in range(68) if MIRRORED[k] == k] == [8, 27, 28, 29, 30, 33, 51, 57, 62, 66]


@pytest.mark.shared
def test_sides_are_the_subject_s_own(shared: Path):
    """On a real face: whoever is R lies to the picture's left of the nose's bridge."""
    take = read_take(shared / "takes" / "openface" / "pyfeat_OpenFace_Test.csv")
    picture = points_of(take, PICTURE).positions[0]
    sides = [c.side for c in landmark_channels(range(68), SPACE, [""] * 204)[::3]]
    across = picture[:, 0] - np.median(picture[27:31, 0])
    assert all(across[k] < 0 for k in range(68) if sides[k] == "R")
    assert all(across[k] > 0 for k in range(68) if sides[k] == "L")
    assert sides.count("R") == sides.count("L") == 29


def test_confidence_follows_the_samples_that_are_kept(tmp_path: Path):
    """A sample with the time of the one before becomes a gap, and nothing is trusted there."""
    header, *rows = SAMPLES["openface_csv"].decode().splitlines()
    cells = [row.split(", ") for row in rows]
    for k, row in enumerate(cells):
        row[2] = f"0.{90 + k % 10}"
        # no frame numbers to go by, and a clock that stands once
        row[0] = "1"
    cells[7][1] = cells[6][1]
    path = tmp_path / "take"
    path.write_text("\n".join([header, *(", ".join(row) for row in cells)]) + "\n")
    take = read_take(path)
    assert take.confidence is not None
    assert np.flatnonzero(~take.valid.any(axis=1)).tolist() == [7]
    expected = [0.0 if k == 7 else float(row[2]) for k, row in enumerate(cells)]
    assert take.confidence[:, 0] == pytest.approx(expected)
