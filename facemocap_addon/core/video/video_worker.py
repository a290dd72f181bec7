# SPDX-License-Identifier: GPL-3.0-or-later
"""Track a video in a process of its own, as a job: MediaPipe's pins clash with Blender's Python."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from ..errors import FacemocapError
from ..files import read_file
from ..processes import clean_environment, run_lines
from ..progress import Job, Progress
from ..take import Take
from .video_files import mirror_hint
from .video_tracking import Tracked, make_video_take, read_tracked

WORKER = Path(__file__).resolve().parents[2] / "worker" / "track_video.py"
#: Part of the work that is MediaPipe's.
_LOOKING = 0.95
_AGAIN = "Remove video tracking and install it again"


@dataclass(frozen=True, slots=True)
class VideoOptions:
    """How to track.

    Attributes
    ----------
    mirrored : bool
        The picture is mirrored, as webcam programs show it: it is turned round first.
    neutral_s : float or None
        Second of the video at which the face is neutral; found where None.
    task : Path or None
        A face_landmarker.task file, for MediaPipe's newer tracker.
    """

    mirrored: bool = False
    neutral_s: float | None = None
    task: Path | None = None


def track_video(video: Path, python: Path, options: VideoOptions | None = None) -> Job[Take]:
    """The take of a video; ``python`` is that of the tracking environment.

    Raises
    ------
    FacemocapError
        When the video or the environment is of no use, or no face is seen.
    """
    chosen = options or VideoOptions()
    read_file(video, 1, what="The video ")
    if chosen.task is not None:
        read_file(chosen.task, 1, what="The task file ")
    yield Progress(0.0, f"Starting to look at {video.name}")
    with tempfile.TemporaryDirectory(prefix="facemocap-track-") as folder:
        found = Path(folder) / "tracked.npz"
        tracked = yield from _look(video.absolute(), python, found, chosen)
    yield Progress(_LOOKING, "Solving the face")
    hint = None if chosen.mirrored else mirror_hint(video)
    take = make_video_take(tracked, video.name, neutral_s=chosen.neutral_s)
    return take if hint is None else replace(take, warnings=(*take.warnings, hint))


def _look(video: Path, python: Path, found: Path, options: VideoOptions) -> Job[Tracked]:
    """Run the worker."""
    # -I: neither the folder it is called from nor the person's own packages get in the way
    command = [str(python), "-I", str(WORKER), str(video), str(found)]
    if options.mirrored:
        command.append("--mirrored")
    if options.task is not None:
        command += ["--task", str(options.task.absolute())]
    failed: dict[str, Any] = {}
    progress = Progress(0.0, f"Starting to look at {video.name}")
    lines = run_lines(command, worker_environment())
    try:
        while True:
            line = next(lines)
            event = _event(line)
            if event.get("event") == "progress":
                progress = _progress(event, video.name)
            elif event.get("event") == "failed":
                failed = event
            yield progress
    except StopIteration as end:
        ended = end.value
    finally:
        lines.close()
    if failed:
        _explain(failed, video)
    if ended.status != 0 or not found.is_file():
        raise FacemocapError(
            f"MediaPipe ended with status {ended.status} while it looked at "
            f'"{video.name}": {_last_line(ended.errors)}',
            _AGAIN,
        )
    try:
        return read_tracked(found)
    except (OSError, ValueError, KeyError) as problem:
        raise FacemocapError(
            f'What MediaPipe found in "{video.name}" cannot be read', _AGAIN
        ) from problem


def worker_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The worker's environment variables: MediaPipe's own log stays short."""
    source = clean_environment(os.environ if environ is None else environ)
    return {**source, "GLOG_minloglevel": "2", "TF_CPP_MIN_LOG_LEVEL": "2", "MPLBACKEND": "Agg"}


def _event(line: str | None) -> dict[str, Any]:
    """A line as an event; empty for what is none."""
    try:
        event: Any = json.loads(line or "{}")
        return dict(event)
    except (ValueError, TypeError):
        return {}


def _progress(event: dict[str, Any], name: str) -> Progress:
    done, of = int(event["done"]), int(event["of"])
    # some files do not say how many frames they have
    part = done / of if of else done / (done + 300.0)
    count = f"frame {done} of {of}" if of else f"frame {done}"
    return Progress(_LOOKING * min(part, 1.0), f"Looking at {name}, {count}")


def _explain(failed: dict[str, Any], video: Path) -> NoReturn:
    """The sentence for what the worker could not do."""
    detail = str(failed.get("detail", "")).splitlines()
    last = f": {detail[-1]}" if detail and detail[-1] else ""
    reason = failed.get("reason")
    if reason == "unreadable":
        raise FacemocapError(
            f'"{video.name}" cannot be read as a video{last}',
            "Check that it plays elsewhere, or convert it to MP4",
        )
    if reason == "task":
        raise FacemocapError(
            f"The task file cannot be used{last}", "Download face_landmarker.task from MediaPipe"
        )
    if reason == "no_mediapipe":
        raise FacemocapError(f"The tracking environment lacks MediaPipe{last}", _AGAIN)
    raise FacemocapError(f'"{video.name}" could not be tracked{last}', _AGAIN)


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it said nothing"
