# SPDX-License-Identifier: GPL-3.0-or-later
"""The tracking script: its arithmetic here, the whole of it in a Python that has MediaPipe."""

from __future__ import annotations

import ast
import json
import math
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facemocap_addon.core.progress import run_job
from facemocap_addon.core.video.landmark_basis import EYES
from facemocap_addon.core.video.landmark_solve import eye_opening, mouth_opening
from facemocap_addon.core.video.video_worker import WORKER, VideoOptions, track_video
from facemocap_addon.worker.track_video import LANDMARKS, Failed, repair_times, write_arrays

CLIP, WALL = "pyfeat_single_face.mp4", "pyfeat_no_face.mp4"
#: The man is calm before this second and laughs from the other on, as one sees.
CALM_S, LAUGH_S = 0.4, 0.9


@pytest.fixture(scope="session")
def videos(shared: Path) -> Path:
    return shared / "takes" / "video"


@pytest.fixture(scope="session")
def laugh(videos: Path, tracking_python: Path) -> Any:
    """The take of the clip in which a man begins to laugh."""
    return run_job(track_video(videos / CLIP, tracking_python))


def run(python: Path, *words: object) -> tuple[int, list[dict[str, Any]]]:
    done = subprocess.run(
        [str(python), "-I", str(WORKER), *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def column(take: Any, name: str) -> Any:
    return take.values[:, take.column(name)].astype(float)


@pytest.mark.parametrize(
    ("stamps", "times", "repaired"),
    [
        ([0, 40, 80, 120], [0, 40, 80, 120], 0),
        ([500, 520, 600, 610], [0, 20, 100, 110], 0),  # a variable rate stays as it is
        ([0, 40, 30, 120, 160], [0, 40, 80, 120, 160], 1),
        ([0, 40, 9e9, 120, 160], [0, 40, 80, 120, 160], 1),
        ([0, 40, math.nan, 120, 160], [0, 40, 80, 120, 160], 1),
        ([900, 40, 80, 120, 160], [0, 40, 80, 120, 160], 1),
        ([0, 40, 80, 120, 0], [0, 40, 80, 120, 160], 1),
        ([0, 40, 40, 120], [0, 40, 80, 120], 1),
        ([0, 0, 0, 0], [0, 40, 80, 120], 4),
        ([160, 120, 80, 40], [0, 40, 80, 120], 4),
        ([7], [0], 0),
    ],
)
def test_times_rise_whatever_the_file_says(stamps: list[float], times: list[float], repaired: int):
    found, count = repair_times(stamps, 25.0)
    assert found * 1000 == pytest.approx(times)
    assert count == repaired


def test_a_long_video_is_repaired():
    stamps = np.arange(100_000) * 33.3
    stamps[::7] -= 100.0
    found, count = repair_times(stamps, 30.0)
    assert (np.diff(found) > 0).all()
    assert count == pytest.approx(100_000 / 7, abs=2)


def test_the_script_runs_under_old_pythons_and_stands_alone():
    tree = ast.parse(WORKER.read_text(encoding="utf-8"), feature_version=(3, 9))
    imported = {
        (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
    }
    assert {name.split(".")[0] for name in imported} - sys.stdlib_module_names == {"numpy"}


def test_arrays_appear_whole_or_not_at_all(tmp_path: Path):
    out = tmp_path / "a.npz"
    write_arrays(out, {"times": np.arange(3)})
    with np.load(out) as file:
        assert file["times"].tolist() == [0, 1, 2]
    folder = tmp_path / "b.npz"
    folder.mkdir()
    for place in (folder, tmp_path / "none" / "c.npz"):
        with pytest.raises(Failed) as caught:
            write_arrays(place, {"times": np.arange(3)})
        assert caught.value.reason == "unwritable"
    assert {path.name for path in tmp_path.iterdir()} == {"a.npz", "b.npz"}


@pytest.mark.shared
def test_every_frame_of_the_laughing_man(videos: Path, tracking_python: Path, tmp_path: Path):
    status, lines = run(tracking_python, videos / CLIP, tmp_path / "t.npz")
    assert status == 0
    assert lines[0]["event"] == "start"
    assert lines[0]["frames"] == 72
    assert lines[-1] == {"event": "done", "frames": 72, "faces": 72}
    with np.load(tmp_path / "t.npz") as file:
        assert file["times"] == pytest.approx(np.arange(72) / 30, abs=1e-4)
        assert file["landmarks"].shape == (72, LANDMARKS, 3)
        assert file["valid"].all()
        assert (file["confidence"] > 0.9).all()
        assert file["size"].tolist() == [640, 360]
        inside = file["landmarks"][:, :, :2]
        assert (inside > 0).all()
        assert (inside < [640, 360]).all()
    assert [path.name for path in tmp_path.iterdir()] == ["t.npz"]


@pytest.mark.shared
def test_mirrored_pictures_are_turned_round(videos: Path, tracking_python: Path, tmp_path: Path):
    run(tracking_python, videos / CLIP, tmp_path / "plain.npz")
    run(tracking_python, videos / CLIP, tmp_path / "turned.npz", "--mirrored")
    with np.load(tmp_path / "plain.npz") as one, np.load(tmp_path / "turned.npz") as other:
        nose = one["landmarks"][:, 1, 0]
        assert 640 - other["landmarks"][:, 1, 0] == pytest.approx(nose, abs=4.0)
        assert abs(float(nose.mean()) - 320) > 10


@pytest.mark.shared
def test_a_variable_rate_keeps_its_times(videos: Path, tracking_python: Path, tmp_path: Path):
    """An animated picture whose frames last 40, 120 and 80 ms, made of the clip's own frames."""
    waits = [40, 120, 80, 40, 40, 200]
    code = f"""
import cv2
from PIL import Image
capture = cv2.VideoCapture({str(videos / CLIP)!r})
frames = [cv2.cvtColor(capture.read()[1], cv2.COLOR_BGR2RGB) for _ in range({len(waits)})]
first, *rest = [Image.fromarray(each) for each in frames]
first.save({str(tmp_path / "v.gif")!r}, save_all=True, append_images=rest, duration={waits})
"""
    subprocess.run([str(tracking_python), "-c", code], check=True, stderr=subprocess.DEVNULL)
    status, lines = run(tracking_python, tmp_path / "v.gif", tmp_path / "v.npz")
    assert status == 0, lines
    with np.load(tmp_path / "v.npz") as file:
        assert file["times"] * 1000 == pytest.approx(np.cumsum([0, *waits[:-1]]), abs=1.0)
        assert file["valid"].all()


@pytest.mark.shared
@pytest.mark.parametrize("kind", ["empty", "words", "cut"])
def test_what_is_no_video_is_said(kind: str, videos: Path, tracking_python: Path, tmp_path: Path):
    path = tmp_path / "broken.mp4"
    data = (videos / CLIP).read_bytes()
    path.write_bytes({"empty": b"", "words": b"no video\n" * 99, "cut": data[:60_000]}[kind])
    status, lines = run(tracking_python, path, tmp_path / "t.npz")
    assert status == 1
    assert lines[-1]["event"] == "failed"
    assert lines[-1]["reason"] == "unreadable"
    assert not (tmp_path / "t.npz").exists()


@pytest.mark.shared
@pytest.mark.parametrize("how", ["term", "pipe"])
def test_it_stops_when_nobody_wants_it(
    how: str, videos: Path, tracking_python: Path, tmp_path: Path
):
    process = subprocess.Popen(
        [str(tracking_python), "-I", str(WORKER), str(videos / CLIP), str(tmp_path / "t.npz")],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    assert b"start" in process.stdout.readline()
    if how == "term":
        process.send_signal(signal.SIGTERM)
    process.stdout.close()
    assert process.wait(20) == 143
    assert not list(tmp_path.iterdir())


@pytest.mark.shared
def test_a_task_file_that_is_none_is_said(videos: Path, tracking_python: Path, tmp_path: Path):
    task = tmp_path / "face_landmarker.task"
    task.write_bytes(b"no model")
    status, lines = run(tracking_python, videos / CLIP, tmp_path / "t.npz", "--task", task)
    assert status == 1
    assert lines[-1]["reason"] == "task"


@pytest.mark.shared
def test_the_face_landmarker_makes_the_same_kind_of_take(videos: Path, tracking_python: Path):
    import os

    task = os.environ.get("FACEMOCAP_TASK", "")
    if not Path(task).is_file():
        pytest.skip("no face_landmarker.task (FACEMOCAP_TASK names one)")
    take = run_job(track_video(videos / CLIP, tracking_python, VideoOptions(task=Path(task))))
    assert take.has("mp_000.x")
    assert take.has("landmarker.jawOpen")


@pytest.mark.shared
def test_the_man_begins_to_laugh(laugh: Any):
    assert laugh.samples == 72
    assert laugh.valid[:, laugh.column("jawOpen")].all()
    calm, late = laugh.times < CALM_S, laugh.times > LAUGH_S
    for name, low, high in (
        ("mouthSmileLeft", 0.1, 0.8),
        ("mouthSmileRight", 0.1, 0.8),
        ("jawOpen", 0.05, 0.1),
        ("mouthUpperUpLeft", 0.1, 0.25),
    ):
        values = column(laugh, name)
        assert values[calm].max() < low, name
        assert values[late & (laugh.times < 2.2)].min() > high, name
    # what he does not do
    for name in ("mouthPucker", "mouthFrownLeft", "mouthFrownRight", "browInnerUp"):
        assert column(laugh, name)[late].max() < 0.2, name


def face_of(take: Any) -> Any:
    """Landmarks (n, 478, 3) of a take."""
    from facemocap_addon.core.points import points_of

    return points_of(take).positions


@pytest.mark.shared
def test_blink_and_jaw_follow_what_is_measured_on_the_landmarks(laugh: Any):
    points = face_of(laugh)
    for side in EYES:
        shut = -eye_opening(points, side)
        blink = column(laugh, f"eyeBlink{side.title()}")
        assert np.corrcoef(shut, blink)[0, 1] > 0.9
        # he blinks once as the laugh sets in
        assert blink.max() > 0.8
        assert 0.7 < laugh.times[int(blink.argmax())] < 1.0
    assert np.corrcoef(mouth_opening(points), column(laugh, "jawOpen"))[0, 1] > 0.9


@pytest.mark.shared
def test_the_head_moves_smoothly(laugh: Any):
    for name, most_deg in (("headYaw", 1.0), ("headPitch", 1.6), ("headRoll", 0.6)):
        angle = np.degrees(column(laugh, name))
        assert np.abs(np.diff(angle, 2)).max() < 2 * most_deg, name
        assert np.sqrt(np.mean(np.diff(angle, 2) ** 2)) < 0.5 * most_deg, name
        # he sits before the camera and hardly turns
        assert np.abs(angle).max() < 12, name
    assert np.abs(np.diff(column(laugh, "headX"))).max() < 0.003
    assert np.abs(np.diff(column(laugh, "headZ"))).max() < 0.01
    assert column(laugh, "headZ") == pytest.approx(-0.52, abs=0.05)


@pytest.mark.shared
def test_left_and_right_are_the_subjects_own(laugh: Any, videos: Path, tracking_python: Path):
    """Mirrored, every sided value goes to the other side."""
    other = run_job(track_video(videos / CLIP, tracking_python, VideoOptions(mirrored=True)))
    assert column(laugh, "headRoll").mean() < -0.03
    assert column(other, "headRoll") == pytest.approx(-column(laugh, "headRoll"), abs=0.02)
    assert column(other, "headX") == pytest.approx(-column(laugh, "headX"), abs=0.004)
    for name in ("mouthSmile", "eyeBlink", "browDown"):
        left, right = column(other, f"{name}Left"), column(laugh, f"{name}Right")
        assert np.abs(left - right).mean() < 0.1, name
    assert any("mirrored" in each for each in other.assumptions)


@pytest.mark.shared
def test_an_empty_room_is_said(videos: Path, tracking_python: Path):
    from facemocap_addon.core.errors import FacemocapError

    with pytest.raises(FacemocapError, match="shows no face in any of its 95 frames"):
        run_job(track_video(videos / WALL, tracking_python))
