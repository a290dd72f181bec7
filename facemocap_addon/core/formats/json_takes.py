# SPDX-License-Identifier: GPL-3.0-or-later
"""A take out of a JSON document of coefficients: what all JSON formats have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import FacemocapError
from ..take import Take, TakeSource
from .coefficient_takes import (
    Columns,
    angles_to_radians,
    check_size,
    drop_silent_angles,
    finished_take,
    say_unchanging,
    schema_columns,
    weights_from_percent,
)
from .head_pose import (
    EYE_ANGLES,
    HEAD_ANGLES,
    angle_channel,
    eye_from_matrices,
    head_from_matrices,
    position_channels,
)
from .json_beside import clock_of, matrices_of, rate_of, tracked_frames, unread_keys
from .json_columns import coefficient_table, frames_of_several_faces
from .json_faces import count_faces, one_face
from .json_frames import Frames, find_frames
from .read_options import ReadOptions
from .sample_times import SampleTimes, clock_unit, count_samples, read_clock

#: Heads whose matrices reach farther than this are in centimetres: no face is 5 m from its camera.
_FARTHEST_M = 5.0
_SHOWN = 6


@dataclass(frozen=True, slots=True)
class JsonFormat:
    """What is known of a format.

    Attributes
    ----------
    format : str
        Its identifier.
    rate_hz : float
        Where the file names none and has no times.
    matrix_frame : str
        What the head's matrix is relative to, for the list of assumptions.
    still : bool
        Whether one frame alone is worth reading.
    has_angles : bool
        Whether angles in the file are taken for what their names say.
    """

    format: str
    rate_hz: float
    matrix_frame: str = "the session's first camera pose"
    still: bool = False
    has_angles: bool = True


def read_document(
    document: Any, path: Path, kind: JsonFormat, options: ReadOptions | None = None
) -> Take:
    """The take in a JSON document.

    Raises
    ------
    FacemocapError
        When it holds no coefficients, or no usable take of them.
    """
    found = find_frames(document)
    if found is None:
        raise FacemocapError(
            f'"{path.name}" holds no frames of named face coefficients',
            "Export the coefficients with their names",
        )
    return read_frames(found, path, kind, options or ReadOptions())


def read_frames(
    found: Frames,
    path: Path,
    kind: JsonFormat,
    options: ReadOptions,
    *,
    beside: tuple[float, str] | None = None,
    warnings: Sequence[str] = (),
) -> Take:
    """The take of frames; ``beside`` is a rate that something beside the file tells, and what."""
    name = path.name
    check_size(name, len(found.frames), 1)
    faces = count_faces(found)
    several = frames_of_several_faces(found)
    found = one_face(found, options, name)
    names, table = coefficient_table(found, name)
    kept = [
        column
        for column in range(len(names))
        if np.isfinite(table[:, column]).any()
        and not (found.place.kind == "row" and clock_unit(names[column]))
    ]
    numbers = table[:, kept]
    columns = schema_columns(
        [names[column] for column in kept], np.nan_to_num(numbers), np.isfinite(numbers)
    )
    columns.warnings += warnings
    columns.valid &= tracked_frames(found)[:, None]
    weights_from_percent(columns)
    if kind.has_angles:
        angles_to_radians(columns)
    used = _add_matrices(columns, found, kind)
    silent = drop_silent_angles(columns)
    if several:
        which = "the first" if not options.face else f"number {options.face}"
        columns.warnings.append(f"{several} frames show several faces; {which} of each is read.")
    unread = unread_keys(found, used)
    if unread:
        more = f" and {len(unread) - _SHOWN} more" if len(unread) > _SHOWN else ""
        columns.warnings.append(f"Not read: {', '.join(unread[:_SHOWN])}{more}.")
    say_unchanging(columns)
    details: dict[str, Any] = {"frames": len(found.frames)}
    if len(faces) > 1:
        details["faces"] = {str(face): number for face, number in faces.items()}
    clock = _times(found, name, kind, options, beside)
    return finished_take(
        columns,
        clock,
        TakeSource(name, kind.format, details),
        not_recorded=silent,
        still=kind.still,
    )


def _times(
    found: Frames,
    name: str,
    kind: JsonFormat,
    options: ReadOptions,
    beside: tuple[float, str] | None,
) -> SampleTimes:
    number = len(found.frames)
    own = rate_of(found)
    rate, named = options.rate_or(*((own, "the file") if own else beside or (kind.rate_hz, "")))
    clock = clock_of(found)
    if clock is None:
        return count_samples(number, rate, "The file has no times", named=named)
    places = [f"frame {row + 1}" for row in range(number)]
    return read_clock(clock.values, clock.key, places, name, rate_hz=rate, named=named)


def _add_matrices(columns: Columns, found: Frames, kind: JsonFormat) -> list[str]:
    """Head and eye angles and the head's position out of matrices; the keys that were used."""
    used: list[str] = []
    matrices = matrices_of(found)
    faces = columns.valid.any(axis=1)
    if "head" in matrices:
        key, matrix = matrices["head"].key, matrices["head"].values
        there = matrices["head"].there & faces
        angles = head_from_matrices(matrix[:, :3, :3])
        columns.add([angle_channel(angle, key) for angle in HEAD_ANGLES], angles, there)
        position = matrix[:, :3, 3]
        far = np.abs(position[there]).max(initial=0.0) > _FARTHEST_M
        if far:
            position = position / 100
        columns.add(position_channels((f"{key}.x", f"{key}.y", f"{key}.z")), position, there)
        unit = "centimetres" if far else "metres"
        columns.assumptions.append(
            f'Head pose from "{key}": relative to {kind.matrix_frame}, taken for {unit}.'
        )
        used.append(key)
    for place, eye in enumerate(("leftEye", "rightEye")):
        if eye in matrices:
            key, matrix, there = matrices[eye].key, matrices[eye].values, matrices[eye].there
            names = EYE_ANGLES[2 * place : 2 * place + 2]
            angles = eye_from_matrices(matrix[:, :3, :3])
            columns.add([angle_channel(angle, key) for angle in names], angles, there & faces)
            used.append(key)
    return used
