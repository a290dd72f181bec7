# SPDX-License-Identifier: GPL-3.0-or-later
"""export: files for other programs, read back, and the .blend as it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def shot(tmp_path_factory: pytest.TempPathFactory, repo: Path) -> Path:
    """The bone head with half a second of the sample take on it."""
    from facemocap_addon.cli.main import main

    folder = tmp_path_factory.mktemp("shot")
    rigs = repo / "sample_rigs"
    words = ["retarget", rigs / "sample_take.csv", "--rig", rigs / "bone_face.blend"]
    words += ["--by-names", "--range", "1:1.5", "--start", "11", "--fps", "29.97", "--out", folder]
    assert main([str(word) for word in words]) == 0
    return folder / "sample_take_bone_face.blend"


@pytest.mark.parametrize("ending", [".fbx", ".csv"])
def test_a_file_is_written_and_read_back(
    facemocap: Run, shot: Path, tmp_path: Path, ending: str
) -> None:
    before = hashlib.sha256(shot.read_bytes()).hexdigest()
    out, report = tmp_path / f"shot{ending}", tmp_path / "report.json"
    done = facemocap("export", shot, "--out", out, "--check", "--report", report, "--json")
    assert done.status == 0, done.err
    assert hashlib.sha256(shot.read_bytes()).hexdigest() == before
    document = done.document
    assert document == json.loads(report.read_text())
    assert document["character"] == "bone_face"
    read = document["read_back"]
    assert read["within_precision"]
    assert read["first_key_frame"] == pytest.approx(11, abs=1e-3)
    assert read["last_key_frame"] == pytest.approx(26, abs=1e-3)
    assert read["keys"] == 16
    assert read["largest_time_error_s"] <= read["time_precision_s"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.json", out.name]


def test_people_read_what_was_found(facemocap: Run, shot: Path, tmp_path: Path) -> None:
    out = tmp_path / "shot.glb"
    done = facemocap("export", shot, "--out", out, "--frames", "12:15", "--check")
    assert done.status == 0
    assert "read back and the same" in done.out
    assert "frames 12 to 15" in done.out
    again = facemocap("export", shot, "--out", out)
    assert again.status == 2
    assert "exists already" in again.complaint


def test_the_take_at_its_own_times(facemocap: Run, shot: Path, tmp_path: Path) -> None:
    done = facemocap("export", shot, "--out", tmp_path / "take.csv", "--take", "--json")
    assert done.status == 0, done.err
    # all of the recording, at its own rate
    assert done.document["counts"]["rows"] == 1318


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--out", "shot.mov"), "no ending of a format"),
        (("--out", "shot.fbx", "--take"), "--take is for .csv"),
        (("--out", "shot.fbx", "--frames", "12"), "is no range of frames"),
        (("--out", "shot.fbx", "--frames", "9:3"), "is no range of frames"),
        (("--out", "shot.fbx", "--character", "Nobody"), "has no character"),
    ],
)
def test_wrong_words_are_refused(
    facemocap: Run,
    shot: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = facemocap("export", shot, *words)
    assert done.status == 2
    assert says in done.complaint
    assert list(tmp_path.iterdir()) == []


def test_what_differs_fails_the_check(
    facemocap: Run, shot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from facemocap_addon.gateway.handing_over import reading_back

    real = reading_back.fbx_keys

    def late(data: bytes, name: str) -> Any:
        shapes, seconds = real(data, name)
        return shapes, seconds + 0.01

    monkeypatch.setattr(reading_back, "fbx_keys", late)
    done = facemocap("export", shot, "--out", tmp_path / "shot.fbx", "--check")
    assert done.status == 1
    assert "Times differ by 0.01 s" in done.out
