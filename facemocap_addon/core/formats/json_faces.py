# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames of JSON that hold several faces: how many there are, and one of them alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .json_frames import Frames, Path, follow
from .json_values import as_dict, as_list, is_holder
from .read_options import ReadOptions, no_such_face


def count_faces(frames: Frames) -> dict[int, int]:
    """In how many frames each face is: the first of a frame is 0."""
    path = _faces_path(frames)
    if path is None:
        return {0: len(frames.frames)}
    numbers = [len(as_list(follow(frame, path))) for frame in frames.frames]
    return {face: sum(each > face for each in numbers) for face in range(max(numbers, default=1))}


def one_face(frames: Frames, options: ReadOptions, name: str) -> Frames:
    """The frames with the face asked for alone; as they are where none was asked for.

    Raises
    ------
    FacemocapError
        When no frame has so many faces.
    """
    face = options.face
    if face is None:
        return frames
    counts = count_faces(frames)
    if face not in counts:
        raise no_such_face(face, sorted(counts), name)
    path = _faces_path(frames)
    if path is None:
        return frames
    return replace(frames, frames=[_narrowed(frame, path, face) for frame in frames.frames])


def _faces_path(frames: Frames) -> Path | None:
    """Where each frame keeps its list of faces: the first list on the way to the coefficients."""
    path = frames.place.path
    at = next((at for at, step in enumerate(path) if not isinstance(step, str)), 0)
    # a frame that is itself a list is a row of numbers
    return path[:at] if at else None


def _narrowed(frame: Any, path: Path, face: int) -> Any:
    """A frame whose list of faces at ``path`` holds one, and lists beside it what belongs to it."""
    entries = as_dict(frame)
    step = path[0]
    if not entries or not isinstance(step, str):
        return frame
    if len(path) > 1:
        return {**entries, step: _narrowed(entries.get(step), path[1:], face)}
    number = len(as_list(entries.get(step)))
    return {
        key: as_list(value)[face : face + 1] if key == step or _is_beside(value, number) else value
        for key, value in entries.items()
    }


def _is_beside(value: Any, number: int) -> bool:
    """Whether a list has an entry for each face: matrices, landmarks."""
    items = as_list(value)
    return number > 1 and len(items) == number and all(map(is_holder, items))
