# SPDX-License-Identifier: GPL-3.0-or-later
"""facemocap track: takes from real videos, sentences, and nothing left behind."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from facemocap_addon.core.readers import read_take

Run = Callable[..., Any]
CLIP, WALL = "pyfeat_single_face.mp4", "pyfeat_no_face.mp4"


@pytest.fixture
def videos(shared: Path, tracking_python: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FACEMOCAP_TRACKING_PYTHON", str(tracking_python))
    return shared / "takes" / "video"


@pytest.fixture
def nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("FACEMOCAP_TRACKING_PYTHON", raising=False)
    monkeypatch.setenv("FACEMOCAP_TRACKING", str(tmp_path / "env"))
    return tmp_path / "env"


@pytest.mark.shared
def test_a_video_becomes_a_take(facemocap: Run, videos: Path, tmp_path: Path):
    out = tmp_path / "laugh.take.npz"
    result = facemocap("track", videos / CLIP, "--out", out, "--json")
    assert result.status == 0, result.err
    assert result.err == ""
    document = result.document
    assert document["samples"] == document["frames_with_face"] == 72
    assert document["rate_hz"] == pytest.approx(30.0)
    assert any("neutral" in each for each in document["assumptions"])
    take = read_take(out)
    assert take.source.format == "video"
    assert take.has("mp_477.z")
    assert take.has("leftEyeYaw")
    assert {path.name for path in tmp_path.iterdir()} == {"laugh.take.npz"}
    # every command takes it
    told = facemocap("inspect", out)
    assert told.status == 0
    assert "72" in told.out


@pytest.mark.shared
def test_the_take_goes_onto_a_character(
    facemocap: Run, videos: Path, tmp_path: Path, arkit_head: Path, only_action: Any
):
    out = tmp_path / "laugh.take.npz"
    assert facemocap("track", videos / CLIP, "--out", out, "--neutral", "0.2").status == 0
    result = facemocap("retarget", out, "--rig", arkit_head, "--out", tmp_path / "shots", "--json")
    assert result.status == 0, result.err
    (entry,) = result.document["rigs"]
    assert {"mouthSmileLeft", "jawOpen", "eyeBlinkRight", "headYaw"} <= {*entry["channels_matched"]}
    assert only_action(tmp_path / "shots" / "laugh_arkit_head.blend")


@pytest.mark.shared
def test_an_empty_room_and_no_video_are_sentences(facemocap: Run, videos: Path, tmp_path: Path):
    out = tmp_path / "t.take.npz"
    wall = facemocap("track", videos / WALL, "--out", out)
    assert wall.status == 2
    assert "shows no face in any of its 95 frames" in wall.complaint
    text = tmp_path / "letter.mp4"
    text.write_text("dear reader", encoding="utf-8")
    broken = facemocap("track", text, "--out", out)
    assert broken.status == 2
    assert "cannot be read as a video" in broken.complaint
    late = facemocap("track", videos / CLIP, "--out", out, "--neutral", "99")
    assert "no face at 99 s" in late.complaint
    assert {path.name for path in tmp_path.iterdir()} == {"letter.mp4"}


@pytest.mark.shared
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_track_leaves_nothing(
    facemocap_process: Run, videos: Path, tmp_path: Path, number: int, status: int
):
    import os

    scratch = tmp_path / "tmp"
    scratch.mkdir()
    process = facemocap_process(
        "track",
        videos / CLIP,
        "--out",
        tmp_path / "t.take.npz",
        env={**os.environ, "TMPDIR": str(scratch)},
    )
    deadline = time.monotonic() + 20
    while not list(scratch.glob("facemocap-track-*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.3)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == status, err
    assert err.splitlines() == ["facemocap: Stopped. What was finished before is kept whole."]
    assert list(tmp_path.iterdir()) == [scratch]
    assert not list(scratch.glob("facemocap-track-*"))


def test_what_is_not_installed_is_said(facemocap: Run, nothing_installed: Path, tmp_path: Path):
    video = tmp_path / "v.mp4"
    video.write_bytes(b"x")
    result = facemocap("track", video, "--out", tmp_path / "t.take.npz", "--json")
    assert result.status == 2
    assert "Video tracking is not installed" in result.complaint
    assert "facemocap track --install" in result.document["error"]


def test_installing_asks_first(facemocap: Run, nothing_installed: Path):
    result = facemocap("track", "--install")
    assert result.status == 2
    assert "250 MB" in result.complaint
    assert "--yes" in result.complaint
    assert not nothing_installed.exists()


def test_removing_what_is_not_there(facemocap: Run, nothing_installed: Path):
    result = facemocap("track", "--remove", "--json")
    assert result.status == 0
    assert result.document["removed"] is False


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("track",), "VIDEO must be given"),
        (("track", "v.mp4"), "--out must be given"),
        (("track", "v.mp4", "--out", "t.csv"), "no name for a take"),
        (("track", "v.mp4", "--out", "t.take.npz", "--neutral", "soon"), "no second of a video"),
        (("track", "--install", "--remove"), "exclude each other"),
    ],
)
def test_wrong_use_of_track(facemocap: Run, words: tuple[str, ...], said: str):
    result = facemocap(*words)
    assert result.status == 2
    assert said in result.complaint


def test_a_take_that_exists_is_kept(facemocap: Run, nothing_installed: Path, tmp_path: Path):
    out = tmp_path / "t.take.npz"
    out.write_bytes(b"mine")
    assert "exists already" in facemocap("track", "v.mp4", "--out", out).complaint
    assert out.read_bytes() == b"mine"
