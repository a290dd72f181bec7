# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the face in every frame of a video: run by the Python that has MediaPipe.

``python track_video.py VIDEO OUT.npz [--mirrored] [--task FILE]`` runs under Python 3.9 to 3.12
(with ``--task`` any newer one) and needs numpy, mediapipe and its OpenCV, nothing of the add-on.

Standard output is one JSON text a line: ``start`` (frames), ``progress`` (done, of, faces), then
``done`` (frames, faces) or ``failed`` (reason, detail). A closed standard output, SIGTERM and
SIGINT end it; OUT is there whole or not at all:

===============  ====================  =========================================================
``times``        float64 ``(n,)``      seconds from the first frame on, as the video has them
``landmarks``    float32 ``(n,478,3)`` pixels: x to the picture's right, y down, z away from the
                                       camera, from the middle of the head; 0 without a face
``valid``        bool ``(n,)``         whether a face was found
``confidence``   float32 ``(n,)``      the tracker's own: how sure it is that this is a face
``size``         int64 ``(2,)``        width and height of the picture
``scores``       float32 ``(n, c)``    only with a task file: its own coefficients
``matrices``     float32 ``(n,4,4)``   only with a task file: its own pose of the head
``meta``         uint8 ``(k,)``        UTF-8 JSON: tracker, rate, announced, repaired, score_names
===============  ====================  =========================================================
"""

from __future__ import annotations

import argparse
import bisect
import importlib
import json
import os
import queue
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

LANDMARKS = 478
#: Frames that are decoded ahead of the one that is looked at.
_AHEAD = 6
#: Seconds between two lines of progress.
_EVERY_S = 0.1
#: Bytes of a landmark in MediaPipe's message: two of a header, three floats of five each.
_LANDMARK_BYTES = 17
_PRESENCE = "facelandmarkcpu__face_presence_score"


class Failed(Exception):  # noqa: N818 - it names a state of the work
    """The work cannot be done: a word for the reason, and what the library said."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


class Stopped(Exception):  # noqa: N818
    """Whoever started this does not want it any more."""


class Face(NamedTuple):
    """What was found in a frame: landmarks ``(478, 3)`` of the picture's width and height."""

    landmarks: Any
    confidence: float
    scores: Any = None
    matrix: Any = None


class Lines:
    """One JSON text a line on what was standard output; other prints go to standard error."""

    def __init__(self) -> None:
        sys.stdout.flush()
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)

    def say(self, event: str, **facts: Any) -> None:
        """Write a line; a reader that has gone stops the work."""
        try:
            self._out.write(json.dumps({"event": event, **facts}) + "\n")
            self._out.flush()
        except (BrokenPipeError, OSError):
            raise Stopped from None


class FaceMesh:
    """MediaPipe's face mesh with irises; its models are in the wheel (0.10.21 and earlier)."""

    def __init__(self) -> None:
        mediapipe = load("mediapipe")
        solution_base = load("mediapipe.python.solution_base")
        face_mesh = load("mediapipe.python.solutions.face_mesh")
        self.name = f"mediapipe {mediapipe.__version__} face mesh"
        self.score_names: list[str] = []
        try:
            # the graph of `FaceMesh`, with the score that it keeps to itself
            self._graph = solution_base.SolutionBase(
                binary_graph_path=face_mesh._BINARYPB_FILE_PATH,
                side_inputs={"num_faces": 1, "with_attention": True, "use_prev_landmarks": True},
                outputs=["multi_face_landmarks", _PRESENCE],
                stream_type_hints={_PRESENCE: solution_base.PacketDataType.FLOAT},
            )
            self._find = lambda image: self._graph.process({"image": image})
        except (AttributeError, RuntimeError, ValueError):
            self._graph = face_mesh.FaceMesh(refine_landmarks=True, max_num_faces=1)
            self._find = self._graph.process

    def look(self, image: Any, _stamp_ms: int) -> Face | None:
        """The face of an RGB image, or None."""
        found = self._find(image)
        if not found.multi_face_landmarks:
            return None
        sure = getattr(found, _PRESENCE, None)
        return Face(read_landmarks(found.multi_face_landmarks[0]), 1.0 if sure is None else sure)


class TaskLandmarker:
    """MediaPipe's FaceLandmarker task, from a model file that the person has."""

    def __init__(self, task: Path) -> None:
        mediapipe = load("mediapipe")
        tasks = load("mediapipe.tasks.python")
        vision = load("mediapipe.tasks.python.vision")
        self.name = f"mediapipe {mediapipe.__version__} face landmarker"
        self.score_names: list[str] = []
        self._image = lambda pixels: mediapipe.Image(
            image_format=mediapipe.ImageFormat.SRGB, data=pixels
        )
        self._last_ms = -1
        try:
            self._task = vision.FaceLandmarker.create_from_options(
                vision.FaceLandmarkerOptions(
                    # bytes: paths with other letters than ASCII fail on Windows
                    base_options=tasks.BaseOptions(model_asset_buffer=task.read_bytes()),
                    running_mode=vision.RunningMode.VIDEO,
                    num_faces=1,
                    output_face_blendshapes=True,
                    output_facial_transformation_matrixes=True,
                )
            )
        except (RuntimeError, ValueError, OSError) as problem:
            raise Failed("task", str(problem)) from problem

    def look(self, image: Any, stamp_ms: int) -> Face | None:
        """The face of an RGB image, or None; stamps have to rise."""
        self._last_ms = max(stamp_ms, self._last_ms + 1)
        found = self._task.detect_for_video(self._image(image), self._last_ms)
        if not found.face_landmarks:
            return None
        points = np.array([(p.x, p.y, p.z) for p in found.face_landmarks[0]], np.float32)
        scores = matrix = None
        if found.face_blendshapes:
            named = found.face_blendshapes[0]
            self.score_names = self.score_names or [each.category_name for each in named]
            scores = np.array([each.score for each in named], np.float32)
        if found.facial_transformation_matrixes:
            matrix = np.asarray(found.facial_transformation_matrixes[0], np.float32)
        return Face(points, 1.0, scores, matrix)


def load(name: str) -> Any:
    """A module of the tracking environment; the add-on's own Python has none of them."""
    try:
        return importlib.import_module(name)
    except ImportError as problem:
        raise Failed("no_mediapipe", str(problem)) from problem


def read_landmarks(message: Any) -> Any:
    """Landmarks ``(478, 3)`` of a message, from its bytes where they are laid out as expected."""
    count = len(message.landmark)
    data = message.SerializeToString()
    if len(data) == count * _LANDMARK_BYTES:
        rows = np.frombuffer(data, np.uint8).reshape(count, _LANDMARK_BYTES)
        # header, then for each of x, y, z its tag and four bytes
        if (rows[:, [0, 2, 7, 12]] == (0x0A, 0x0D, 0x15, 0x1D)).all():
            floats = rows[:, [3, 4, 5, 6, 8, 9, 10, 11, 13, 14, 15, 16]]
            return np.ascontiguousarray(floats).view("<f4").reshape(count, 3)
    return np.array([(p.x, p.y, p.z) for p in message.landmark], np.float32)


class Frames:
    """The pictures of a video, decoded ahead by a thread of their own."""

    def __init__(self, path: Path, *, mirrored: bool) -> None:
        cv2 = load("cv2")
        self._cv2 = cv2
        self._capture = cv2.VideoCapture(str(path))
        if not self._capture.isOpened():
            raise Failed("unreadable")
        self.announced = max(int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)), 0)
        rate = float(self._capture.get(cv2.CAP_PROP_FPS))
        self.rate_hz = rate if 1.0 <= rate <= 1000.0 else 0.0
        self._mirrored = mirrored
        self._waiting: queue.Queue[Any] = queue.Queue(_AHEAD)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._decode, daemon=True)
        self._thread.start()

    def _decode(self) -> None:
        cv2 = self._cv2
        problem: Exception | None = None
        try:
            while not self._over.is_set():
                there, picture = self._capture.read()
                if not there:
                    break
                stamp = self._capture.get(cv2.CAP_PROP_POS_MSEC)
                picture = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
                if self._mirrored:
                    picture = cv2.flip(picture, 1)
                self._put((picture, stamp))
        except (cv2.error, MemoryError) as error:
            problem = error
        self._put(problem)

    def _put(self, item: Any) -> None:
        while not self._over.is_set():
            with suppress(queue.Full):
                self._waiting.put(item, timeout=0.2)
                return

    def __iter__(self) -> Iterator[tuple[Any, float]]:
        while (item := self._waiting.get()) is not None:
            if isinstance(item, Exception):
                raise Failed("unreadable", str(item))
            yield item

    def close(self) -> None:
        """End the thread."""
        self._over.set()
        self._thread.join(5.0)
        self._capture.release()


def repair_times(stamps_ms: Any, rate_hz: float) -> tuple[Any, int]:
    """Seconds ``(n,)`` that rise, and how many of the video's own stamps had to be replaced.

    Stamps out of order, as broken files and some decoders have them, are put between their
    neighbours; where most are, frames are counted at ``rate_hz``.
    """
    stamps = np.asarray(stamps_ms, np.float64)
    count = len(stamps)
    if count < 2:
        return np.zeros(count), 0
    ways = (_longest_rise(stamps), (count - 1 - _longest_rise(-stamps[::-1]))[::-1])
    if len(ways[0]) <= max(1, count // 2):
        return np.arange(count) / (rate_hz or 30.0), count
    # of two stamps out of order either may be the wrong one: the steadier picture is believed
    out = min((_filled(stamps, good) for good in ways), key=lambda each: np.std(np.diff(each)))
    return (out - out[0]) / 1000.0, count - len(ways[0])


def _filled(stamps: Any, good: Any) -> Any:
    """Stamps with all but the ``good`` ones put between those, or beyond them."""
    every = np.arange(len(stamps))
    step = float(np.median(np.diff(stamps[good]) / np.diff(good)))
    out = np.interp(every, good, stamps[good])
    first, last = int(good[0]), int(good[-1])
    out[:first] = stamps[first] - step * (first - every[:first])
    out[last + 1 :] = stamps[last] + step * (every[last + 1 :] - last)
    return out


def _longest_rise(values: Any) -> Any:
    """Places of a longest strictly rising part of ``values``."""
    ends: list[float] = []
    places: list[int] = []
    before = np.full(len(values), -1, np.intp)
    for place, value in enumerate(values.tolist()):
        if not np.isfinite(value):
            continue
        slot = bisect.bisect_left(ends, value)
        before[place] = places[slot - 1] if slot else -1
        ends[slot : slot + 1] = [value]
        places[slot : slot + 1] = [place]
    out = places[-1:]
    while out and before[out[-1]] >= 0:
        out.append(int(before[out[-1]]))
    return np.array(out[::-1], np.intp)


def track(video: Path, out: Path, lines: Lines, *, mirrored: bool, task: Path | None) -> None:
    """Look at every frame and write what was found."""
    tracker = TaskLandmarker(task) if task else FaceMesh()
    frames = Frames(video, mirrored=mirrored)
    try:
        lines.say("start", frames=frames.announced, tracker=tracker.name)
        faces, stamps, size = _look_at_all(frames, tracker, lines)
    finally:
        frames.close()
    if not stamps:
        raise Failed("unreadable", "no frame could be decoded")
    times, repaired = repair_times(stamps, frames.rate_hz)
    count = len(stamps)
    meta = {
        "tracker": tracker.name,
        "rate": frames.rate_hz,
        "announced": frames.announced,
        "repaired": repaired,
        "mirrored": mirrored,
        "score_names": tracker.score_names,
    }
    arrays: dict[str, Any] = {
        "times": times,
        "landmarks": np.zeros((count, LANDMARKS, 3), np.float32),
        "valid": np.zeros(count, np.bool_),
        "confidence": np.zeros(count, np.float32),
        "size": np.array(size, np.int64),
        "meta": np.frombuffer(json.dumps(meta).encode(), np.uint8),
    }
    if tracker.score_names:
        arrays["scores"] = np.zeros((count, len(tracker.score_names)), np.float32)
        arrays["matrices"] = np.tile(np.eye(4, dtype=np.float32), (count, 1, 1))
    for k, face in enumerate(faces):
        if face is None:
            continue
        # depth is in the unit of the width
        arrays["landmarks"][k] = face.landmarks * (size[0], size[1], size[0])
        arrays["valid"][k] = np.isfinite(face.landmarks).all()
        arrays["confidence"][k] = min(max(face.confidence, 0.0), 1.0)
        for name, found in (("scores", face.scores), ("matrices", face.matrix)):
            if found is not None:
                arrays[name][k] = found
    np.nan_to_num(arrays["landmarks"], copy=False)
    write_arrays(out, arrays)
    lines.say("done", frames=count, faces=int(arrays["valid"].sum()))


def _look_at_all(frames: Frames, tracker: Any, lines: Lines) -> tuple[list[Any], list[float], Any]:
    faces: list[Any] = []
    stamps: list[float] = []
    size, found, said = (0, 0), 0, time.monotonic()
    for picture, stamp in frames:
        size = (picture.shape[1], picture.shape[0])
        face = tracker.look(picture, max(round(stamp), 0))
        faces.append(face)
        stamps.append(stamp)
        found += face is not None
        now = time.monotonic()
        if now - said >= _EVERY_S:
            said = now
            lines.say("progress", done=len(faces), of=frames.announced, faces=found)
    return faces, stamps, size


def write_arrays(out: Path, arrays: dict[str, Any]) -> None:
    """Write an npz whole or not at all."""
    try:
        handle, name = tempfile.mkstemp(prefix=".track-", suffix=".npz", dir=out.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez(file, **arrays)
            Path(name).replace(out)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as problem:
        raise Failed("unwritable", str(problem)) from problem


def _stop(_number: int, _frame: Any) -> None:
    raise Stopped


def main(words: list[str] | None = None) -> int:
    """Run the script; 0 when OUT was written, 1 when that cannot be, 143 when it was stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--mirrored", action="store_true")
    parser.add_argument("--task", type=Path)
    given = parser.parse_args(words)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    try:
        lines = Lines()
        try:
            track(given.video, given.out, lines, mirrored=given.mirrored, task=given.task)
        except Failed as problem:
            lines.say("failed", reason=problem.reason, detail=problem.detail)
            return 1
    except (Stopped, KeyboardInterrupt):
        return 128 + signal.SIGTERM
    return 0


if __name__ == "__main__":
    status = main()
    with suppress(OSError):
        sys.stderr.flush()
    # MediaPipe's threads may take seconds to end
    os._exit(status)
