# SPDX-License-Identifier: GPL-3.0-or-later
"""A take out of a JSON document of coefficients: what all JSON formats have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import BoolArray, FloatArray
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
from .json_beside import (
    Clock,
    Matrices,
    clock_of,
    matrices_of,
    rate_of,
    tracked_frames,
    unread_keys,
)
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


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a take needs of the frames of a document, which may go then.

    Attributes
    ----------
    names : list of str, length c
        As the file has them.
    table : (n, c) float32
        NaN where missing.
    is_rows : bool
        Whether the frames are rows of numbers, clocks among them.
    tracked : (n,) bool
    matrices : dict of str to Matrices
    clock : Clock or None
    rate_hz : float or None
        What the file says.
    faces : dict of int to int
        Frames in which each face is.
    several : int
        Frames with more than one face.
    unread : list of str
        Names of entries that nobody reads.
    """

    names: list[str]
    table: FloatArray
    is_rows: bool
    tracked: BoolArray
    matrices: dict[str, Matrices]
    clock: Clock | None
    rate_hz: float | None
    faces: dict[int, int]
    several: int
    unread: list[str]


def find_facts(document: Any, name: str, options: ReadOptions) -> Facts:
    """What a JSON document says of frames of coefficients.

    Raises
    ------
    FacemocapError
        When it holds none.
    """
    found = find_frames(document)
    if found is None:
        raise FacemocapError(
            f'"{name}" holds no frames of named face coefficients',
            "Export the coefficients with their names",
        )
    return gather_facts(found, name, options)


def gather_facts(found: Frames, name: str, options: ReadOptions) -> Facts:
    """What frames say.

    Raises
    ------
    FacemocapError
        When there are more frames or channels than a recording has, or not the face asked for.
    """
    check_size(name, len(found.frames), 1)
    faces = count_faces(found)
    several = frames_of_several_faces(found)
    found = one_face(found, options, name)
    names, table = coefficient_table(found, name)
    matrices = matrices_of(found)
    return Facts(
        names,
        table,
        found.place.kind == "row",
        tracked_frames(found),
        matrices,
        clock_of(found),
        rate_of(found),
        faces,
        several,
        unread_keys(found, [each.key for each in matrices.values()]),
    )


def read_facts(
    facts: Facts,
    path: Path,
    kind: JsonFormat,
    options: ReadOptions,
    *,
    beside: tuple[float, str] | None = None,
    warnings: Sequence[str] = (),
) -> Take:
    """The take of frames; ``beside`` is a rate that something beside the file tells, and what.

    Raises
    ------
    FacemocapError
        When they are no usable take.
    """
    name = path.name
    table = facts.table
    kept = [
        column
        for column in range(len(facts.names))
        if np.isfinite(table[:, column]).any()
        and not (facts.is_rows and clock_unit(facts.names[column]))
    ]
    numbers = table if len(kept) == len(facts.names) else table[:, kept]
    there = np.isfinite(numbers)
    if not there.all():
        numbers = np.where(there, numbers, np.float32(0))
    columns = schema_columns([facts.names[k] for k in kept], numbers, there)
    columns.warnings += warnings
    columns.valid &= facts.tracked[:, None]
    weights_from_percent(columns)
    if kind.has_angles:
        angles_to_radians(columns)
    _add_matrices(columns, facts.matrices, kind)
    silent = drop_silent_angles(columns)
    if facts.several:
        which = "the first" if not options.face else f"number {options.face}"
        columns.warnings.append(
            f"{facts.several} frames show several faces; {which} of each is read."
        )
    unread = facts.unread
    if unread:
        more = f" and {len(unread) - _SHOWN} more" if len(unread) > _SHOWN else ""
        columns.warnings.append(f"Not read: {', '.join(unread[:_SHOWN])}{more}.")
    say_unchanging(columns)
    details: dict[str, Any] = {"frames": len(table)}
    if len(facts.faces) > 1:
        details["faces"] = {str(face): number for face, number in facts.faces.items()}
    clock = _times(facts, name, kind, options, beside)
    return finished_take(
        columns,
        clock,
        TakeSource(name, kind.format, details),
        not_recorded=silent,
        still=kind.still,
    )


def _times(
    facts: Facts,
    name: str,
    kind: JsonFormat,
    options: ReadOptions,
    beside: tuple[float, str] | None,
) -> SampleTimes:
    number, own = len(facts.table), facts.rate_hz
    rate, named = options.rate_or(*((own, "the file") if own else beside or (kind.rate_hz, "")))
    clock = facts.clock
    if clock is None:
        return count_samples(number, rate, "The file has no times", named=named)
    places = [f"frame {row + 1}" for row in range(number)]
    return read_clock(clock.values, clock.key, places, name, rate_hz=rate, named=named)


def _add_matrices(columns: Columns, matrices: dict[str, Matrices], kind: JsonFormat) -> None:
    """Head and eye angles and the head's position out of matrices."""
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
    for place, eye in enumerate(("leftEye", "rightEye")):
        if eye in matrices:
            key, matrix, there = matrices[eye].key, matrices[eye].values, matrices[eye].there
            names = EYE_ANGLES[2 * place : 2 * place + 2]
            angles = eye_from_matrices(matrix[:, :3, :3])
            columns.add([angle_channel(angle, key) for angle in names], angles, there & faces)
