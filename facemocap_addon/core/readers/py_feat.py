# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader of the tables of py-feat: landmarks in the picture, action units, emotions, head angles.

Newer versions add ARKit coefficients; rows of several people follow each other within a frame.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..channels import Channel
from ..formats.action_units import action_units, add_arkit_channels, unit_channel, unit_name
from ..formats.coefficient_takes import (
    Columns,
    drop_silent_angles,
    finished_take,
    is_coefficient,
    schema_columns,
)
from ..formats.head_pose import HEAD_ANGLES, angle_channel, euler_matrices, head_from_matrices
from ..formats.landmark_tables import (
    Landmarks,
    TrackerFormat,
    TrackerRows,
    add_landmarks,
    empty_columns,
    lose_rows,
    need_channels,
    read_rows,
    say_unread,
    trust_of,
)
from ..formats.landmarks68 import NUMBER
from ..formats.sample_times import (
    SampleTimes,
    clock_of_texts,
    coarse_rate,
    nominal_rate,
    read_clock,
)
from ..formats.table_takes import header_of, known_columns
from ..points import PICTURE
from ..take import Take, TakeSource
from ..video.video_times import frame_times
from . import Reader, ReadOptions

FORMAT = "py_feat_csv"
_PICTURE = [(f"x_{k}", f"y_{k}") for k in range(NUMBER)]
_ANGLES = ("Yaw", "Pitch", "Roll")
_EMOTIONS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
_BOX = frozenset(("FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight"))
_SCORE, _FRAME, _CLOCK = "FaceScore", "frame", "approx_time"
_FACES = ("Identity", "face_id")
_WANTED = frozenset((
    *_ANGLES, *_EMOTIONS, *(name for each in _PICTURE for name in each)
))  # fmt: skip
_NO_DATA = _BOX | {"input", "sample", "FrameHeight", "FrameWidth", *_FACES, ""}
#: No face turns this far in radians and is still found: the file has degrees.
_MOST_RAD = 1.6


_TABLE = TrackerFormat(
    "Export it from py-feat again",
    lambda name: name in _WANTED or unit_name(name) is not None or is_coefficient(name),
    faces=_FACES,
    words=(_FRAME, _SCORE, _CLOCK),
    in_frames=True,
)


def sniff(head: bytes) -> float:
    """Action units without a suffix, or landmarks, beside the box of a face or py-feat's score."""
    names = header_of(head)
    header = frozenset(names)
    units = sum(unit_name(name) in action_units() for name in header)
    own = header & (_BOX | {_SCORE})
    # a table of coefficients with points beside them is a table of coefficients
    if own and (units >= 3 or ({"x_0", "y_0"} <= header and known_columns(names) < 3)):
        return 0.95
    return 0.7 if units >= 3 else 0.0


def read(data: bytes, path: Path, options: ReadOptions) -> Take:
    """Read the take from the file's bytes."""
    rows = read_rows(data, path, options, _TABLE)
    del data
    said = lose_rows(rows, "", _SCORE)
    columns = _own_coefficients(rows)
    _add_units(columns, rows)
    _add_head(columns, rows)
    silent = drop_silent_angles(columns)
    add_arkit_channels(columns)
    emotions = [name for name in _EMOTIONS if rows.has(name)]
    columns.add([Channel(each) for each in emotions], rows.values(emotions), rows.valid(emotions))
    add_landmarks(columns, rows, Landmarks(_PICTURE, PICTURE))
    need_channels(columns, rows, "Export landmarks or action units from py-feat")
    columns.assumptions += said
    columns.warnings += rows.warnings
    say_unread(columns, [name for name in rows.unread if name not in _NO_DATA])
    details: dict[str, object] = {"rows": rows.rows}
    if rows.faces:
        details["faces"] = rows.faces
    trust = trust_of(rows, _SCORE, len(columns.channels))
    clock = _times(rows, options)
    source = TakeSource(rows.name, FORMAT, details)
    return finished_take(columns, clock, source, not_recorded=silent, confidence=trust)


def _own_coefficients(rows: TrackerRows) -> Columns:
    """ARKit coefficients where the file has them."""
    names = [name for name in rows.places if is_coefficient(name) and rows.has(name)]
    if not names:
        return empty_columns(rows)
    return schema_columns(names, rows.values(names), rows.valid(names))


def _add_units(columns: Columns, rows: TrackerRows) -> None:
    found = {
        unit: name
        for name in rows.places
        if (unit := unit_name(name)) is not None and rows.has(name)
    }
    if not found:
        return
    names = [*found.values()]
    columns.add(
        [unit_channel(unit, name) for unit, name in found.items()],
        rows.values(names),
        rows.valid(names),
    )
    columns.assumptions.append(
        "Action units are how sure py-feat is of each, 0 to 1, and are taken for its strength: a "
        "face at rest is not nought."
    )


def _add_head(columns: Columns, rows: TrackerRows) -> None:
    """Angles of the head; degrees where any is beyond a turn in radians."""
    if not rows.has(*_ANGLES):
        return
    there = rows.whole(_ANGLES)
    degrees = bool((np.abs(rows.values(_ANGLES)[there]) > _MOST_RAD).any())
    yaw, pitch, roll = rows.values(_ANGLES).T
    turns = np.stack([-pitch, -yaw, -roll], axis=1)
    columns.add(
        [angle_channel(n, o) for n, o in zip(HEAD_ANGLES, _ANGLES, strict=True)],
        head_from_matrices(euler_matrices(np.radians(turns) if degrees else turns)),
        there,
    )
    columns.assumptions.append(
        f"Head angles are taken for {'degrees' if degrees else 'radians'}: positive Pitch is chin "
        "up, positive Yaw to the subject's right, positive Roll to the subject's left shoulder."
    )


def _times(rows: TrackerRows, options: ReadOptions) -> SampleTimes:
    """Frame numbers, at the rate given or that a clock of whole seconds shows, else 30."""
    frames = rows.clock(_FRAME)
    if frames is not None and options.rate_hz is None and _CLOCK in rows.words:
        texts = [cell.decode("utf-8", "replace") for cell in rows.words[_CLOCK].tolist()]
        seconds = clock_of_texts(texts)
        if seconds is not None and np.isfinite(seconds).all() and np.isfinite(frames).all():
            measured = coarse_rate(frames, seconds)
            if measured is not None and 5 <= measured <= 240:
                return read_clock(
                    frames, _FRAME, rows.lines, rows.name,
                    rate_hz=float(nominal_rate(measured)), named=f'"{_CLOCK}"',
                )  # fmt: skip
    return frame_times(frames, None, rows.lines, rows.name, options)


READER = Reader(FORMAT, "py-feat (.csv)", (".csv",), sniff, read, several=True)
