# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader of OpenFace 2's tables and of what other programs make of them (FACSvatar).

The camera's frame has x to the picture's right, y down, z away from it; ours is that turned half
round about x. Angles are radians, places millimetres, intensities of action units 0 to 5.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..formats.action_units import add_arkit_channels, presence_channel, unit_channel
from ..formats.coefficient_takes import Columns, drop_silent_angles, finished_take
from ..formats.head_pose import (
    EYE_ANGLES,
    HEAD_ANGLES,
    angle_channel,
    euler_matrices,
    head_from_matrices,
    position_channels,
)
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
from ..formats.table_takes import header_of
from ..gaze.gaze_angles import to_eye_angles
from ..points import PICTURE, SPACE
from ..take import Take, TakeSource
from ..video.video_times import frame_times
from . import Reader, ReadOptions

FORMAT = "openface_csv"
_UNIT = re.compile(r"(AU\d\d)_([rc])")
_POSE = ("pose_Rx", "pose_Ry", "pose_Rz")
_PLACE = ("pose_Tx", "pose_Ty", "pose_Tz")
_GAZE = ("gaze_angle_x", "gaze_angle_y")
#: The eye on the left of the picture comes first: the subject's right one.
_EYES = {
    "left": ("gaze_1_x", "gaze_1_y", "gaze_1_z"),
    "right": ("gaze_0_x", "gaze_0_y", "gaze_0_z"),
}
_SPACE = [(f"X_{k}", f"Y_{k}", f"Z_{k}") for k in range(NUMBER)]
_PICTURE = [(f"x_{k}", f"y_{k}") for k in range(NUMBER)]
_WANTED = frozenset((
    *_POSE, *_PLACE, *_GAZE, *_EYES["left"], *_EYES["right"],
    *(name for each in (*_SPACE, *_PICTURE) for name in each),
))  # fmt: skip
_SIGNS = ("x_0", "X_0", "pose_Rx", "gaze_0_x", "gaze_angle_x", "p_scale")
_FULL = 5.0
#: From the camera's frame to ours.
_TURN = np.array([1.0, -1.0, -1.0])
_MM = 0.001
_LATE_S = 0.05


_TABLE = TrackerFormat(
    "Export it from OpenFace again",
    lambda name: name in _WANTED or _UNIT.fullmatch(name) is not None,
    faces=("face_id",),
    words=("frame", "timestamp", "confidence", "success"),
)


def sniff(head: bytes) -> float:
    """Intensities of action units, or columns that OpenFace has beside its own clock and flag."""
    header = frozenset(header_of(head))
    units = sum(_UNIT.fullmatch(name) is not None for name in header)
    if units >= 3 and header & {"frame", "timestamp", "confidence", "success"}:
        return 0.95
    if {"timestamp", "success"} <= header and any(sign in header for sign in _SIGNS):
        return 0.9
    return 0.6 if units >= 3 else 0.0


def read(data: bytes, path: Path, options: ReadOptions) -> Take:
    """Read the take from the file's bytes."""
    rows = read_rows(data, path, options, _TABLE)
    del data
    said = lose_rows(rows, "success", "confidence")
    columns = empty_columns(rows)
    _add_units(columns, rows)
    turned = _add_head(columns, rows)
    _add_eyes(columns, rows, turned)
    silent = drop_silent_angles(columns)
    add_arkit_channels(columns)
    add_landmarks(
        columns, rows, Landmarks(_SPACE, SPACE, (_MM, -_MM, -_MM)), Landmarks(_PICTURE, PICTURE)
    )
    need_channels(columns, rows, "Run OpenFace with -aus, -3Dfp or -pose")
    if rows.has("X_0", "Y_0", "Z_0"):
        said.append(
            "Landmarks in space are millimetres in the camera's frame: they move with the head."
        )
    columns.assumptions += said
    columns.warnings += rows.warnings
    say_unread(columns, rows.unread)
    stamps = rows.clock("timestamp")
    details: dict[str, object] = {"rows": rows.rows}
    if rows.faces:
        details["faces"] = rows.faces
    if stamps is not None and stamps[0] > _LATE_S:
        who = "The person is first seen" if rows.faces else "The file begins"
        columns.warnings.append(f"{who} {stamps[0]:.2f} s into the video; the take begins there.")
    trust = trust_of(rows, "confidence", len(columns.channels))
    clock = frame_times(rows.clock("frame"), stamps, rows.lines, rows.name, options)
    source = TakeSource(rows.name, FORMAT, details)
    del rows
    return finished_take(columns, clock, source, not_recorded=silent, confidence=trust)


def _add_units(columns: Columns, rows: TrackerRows) -> None:
    """Intensities, 0 to 1, and which units are there at all."""
    found = [(name, match) for name in rows.places if (match := _UNIT.fullmatch(name))]
    strengths = [(n, m.group(1)) for n, m in found if m.group(2) == "r" and rows.has(n)]
    present = [(n, m.group(1)) for n, m in found if m.group(2) == "c" and rows.has(n)]
    names = [name for name, _unit in strengths]
    if names:
        values, valid = rows.values(names), rows.valid(names)
        # OpenFace always writes both kinds; who cleans its files brings intensities to 0 to 1
        scaled = not present and float(values.max(initial=0.0)) <= 1.0
        columns.add(
            [unit_channel(unit, name) for name, unit in strengths],
            values if scaled else values / _FULL,
            valid,
        )
        columns.assumptions.append(
            "Intensities of action units are taken for 0 to 1, as programs that clean OpenFace's "
            "files write them."
            if scaled
            else "Intensities of action units are 0 to 5 in the file and divided by 5."
        )
    names = [name for name, _unit in present]
    if names:
        columns.add(
            [presence_channel(unit, name) for name, unit in present],
            rows.values(names),
            rows.valid(names),
        )


def _add_head(columns: Columns, rows: TrackerRows) -> tuple[FloatArray, BoolArray] | None:
    """The head's angles and place; its rotations ``(n, 3, 3)`` in our axes and where they are."""
    turned = None
    if rows.has(*_POSE):
        there = rows.whole(_POSE)
        matrices = euler_matrices(rows.values(_POSE) * _TURN)
        columns.add(
            [
                angle_channel(n, o)
                for n, o in zip(HEAD_ANGLES, _POSE[1::-1] + _POSE[2:], strict=True)
            ],
            head_from_matrices(matrices),
            there,
        )
        columns.assumptions.append(
            "The head turns by radians in the camera's frame, R = Rx Ry Rz: positive pose_Rx is "
            "chin down, positive pose_Ry to the subject's right."
        )
        turned = matrices, there
    if rows.has(*_PLACE):
        columns.add(
            position_channels(_PLACE), rows.values(_PLACE) * _TURN * _MM, rows.whole(_PLACE)
        )
        columns.assumptions.append("The head's place is millimetres from the camera.")
    return turned


def _add_eyes(
    columns: Columns, rows: TrackerRows, turned: tuple[FloatArray, BoolArray] | None
) -> None:
    """Eye angles: gaze in the camera's frame, less the head's turn."""
    if turned is None:
        return
    matrices, has_head = turned
    if rows.has(*_EYES["left"], *_EYES["right"]):
        gazes = {side: (rows.values(names), rows.whole(names)) for side, names in _EYES.items()}
        said = "gaze_0 is the subject's right eye, gaze_1 the left"
        originals = dict(zip(_EYES, ("gaze_1", "gaze_0"), strict=True))
    elif rows.has(*_GAZE):
        across, down = np.tan(np.clip(rows.values(_GAZE), -1.4, 1.4)).T
        both = np.stack([across, down, -np.ones(len(across))], axis=1), rows.whole(_GAZE)
        gazes = {"left": both, "right": both}
        said = "both eyes get gaze_angle, the mean of the two"
        originals = dict.fromkeys(_EYES, "gaze_angle")
    else:
        return
    for place, (side, (gaze, there)) in enumerate(gazes.items()):
        seen = np.any(gaze != 0, axis=1)
        local = np.einsum("nji,nj->ni", matrices, gaze * _TURN)
        names = EYE_ANGLES[2 * place : 2 * place + 2]
        columns.add(
            [angle_channel(name, originals[side]) for name in names],
            to_eye_angles(local),
            there & has_head & seen,
        )
    columns.assumptions.append(f"Gaze is taken from the camera's frame into the head's; {said}.")


READER = Reader(FORMAT, "OpenFace (.csv)", (".csv",), sniff, read, several=True)
