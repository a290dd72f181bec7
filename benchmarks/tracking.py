# SPDX-License-Identifier: GPL-3.0-or-later
"""Tracking a video, against MediaPipe alone on the same clip; whole processes on both sides.

The clip is looked for in $FACEMOCAP_SHARED or in shared/ beside the checkout, the Python that has
MediaPipe in $FACEMOCAP_TRACKING_PYTHON or in .venv-track (python dev.py faces makes it).
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from facemocap_addon.core.progress import run_job
from facemocap_addon.core.video.video_worker import track_video

from . import ROOT, Measurement, time_in_turn

#: At least this part of the speed of MediaPipe alone.
LEAST_SPEED = 0.45
_BARE = """
import cv2, mediapipe, sys
mesh = mediapipe.solutions.face_mesh.FaceMesh(refine_landmarks=True, max_num_faces=1)
capture = cv2.VideoCapture(sys.argv[1])
while True:
    there, picture = capture.read()
    if not there:
        break
    mesh.process(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
"""


def measure() -> list[Measurement]:
    """Seconds of each way; nothing where the clip or MediaPipe is missing."""
    shared = Path(os.environ.get("FACEMOCAP_SHARED") or ROOT.parent / "shared")
    clip = shared / "takes" / "video" / "pyfeat_single_face.mp4"
    own = ROOT / ".venv-track" / "bin" / "python"
    python = Path(os.environ.get("FACEMOCAP_TRACKING_PYTHON") or own)
    if not clip.is_file() or not python.is_file():
        return [Measurement("facemocap track", None, note="no clip, or no Python with MediaPipe")]

    def bare() -> None:
        command = [str(python), "-c", _BARE, str(clip)]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)

    jobs: dict[str, Callable[[], object]] = {
        "facemocap track": lambda: run_job(track_video(clip, python)),
        "MediaPipe alone": bare,
    }
    seconds = time_in_turn(jobs)
    return [
        Measurement("facemocap track", seconds["facemocap track"], note=clip.name),
        Measurement("MediaPipe alone", seconds["MediaPipe alone"], at_most=1.0 / LEAST_SPEED),
    ]
