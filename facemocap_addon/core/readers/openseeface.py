# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader of OpenSeeFace's logs (``--log-data``).

Its header names 66 landmarks and 66 points in space; the rows hold 68 and 70: both pupils, and for
points both centres of the eyeballs too. So columns go by their place.

The tracker takes rows of the picture for x and columns for y, and finds the head's rotation in that
mirrored frame with depth the other way round; `_head` undoes it. It also swaps the picture's width
and height where it looks for its middle, which turns the head by a constant few degrees.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ..arrays import FloatArray
from ..channels import Channel
from ..errors import FacemocapError
from ..formats.coefficient_takes import Columns, drop_silent_angles, finished_take, schema_columns
from ..formats.delimited import Layout
from ..formats.head_pose import (
    EYE_ANGLES,
    HEAD_ANGLES,
    angle_channel,
    head_from_matrices,
    position_channels,
)
from ..formats.landmark_tables import (
    Landmarks,
    TrackerFormat,
    TrackerRows,
    add_landmarks,
    need_channels,
    read_rows,
    trust_of,
)
from ..formats.sample_times import SampleTimes, read_clock
from ..formats.table_takes import header_of, is_zero
from ..gaze.gaze_angles import to_eye_angles
from ..points import PICTURE, SPACE, point_channels, point_values
from ..rotations import from_vector, to_matrix
from ..take import Take, TakeSource
from ..video.video_times import frame_times
from . import Reader, ReadOptions

FORMAT = "openseeface_csv"
_AGAIN = "Record the log again"
_BASE, _FLAT, _DEEP, _FEATURES = 25, 68, 70, 14
_WIDTH = _BASE + 3 * (_FLAT + _DEEP) + _FEATURES
#: What the rows hold, by our names: f0 is the first feature.
_TAIL = (
    *(f"Landmark[{k}].{axis}" for k in range(_FLAT) for axis in ("X", "Y", "Confidence")),
    *(f"Point3D[{k}].{axis}" for k in range(_DEEP) for axis in "XYZ"),
)
#: Its 66 landmarks among the 68: the inner corners of the mouth are the outer ones.
_OUTLINE = (*range(49, 54), *range(55, 60), 48, 61, 62, 63, 54, 65, 66, 67)
_LANDMARKS = (*range(48), *_OUTLINE)
_PUPILS = {"pupilRight": 66, "pupilLeft": 67}
_CENTRES = {"eyeCentreRight": 68, "eyeCentreLeft": 69}
_TURNS = ("RVec.X", "RVec.Y", "RVec.Z")
_PLACE = ("TVec.X", "TVec.Y", "TVec.Z")
_OPEN = {"eyeBlinkLeft": "LeftOpen", "eyeBlinkRight": "RightOpen"}
#: Outer corners of the eyes of an average adult, metres (Farkas, Anthropometry of the Head and
#: Face, 1994: 88 mm in women, 91 in men), and their landmarks.
_CORNERS_M = 0.09
_CORNERS = (36, 45)
#: Distance of these in a face of the tracker's own size.
_CORNERS_UNITS = 0.6


def _mend(layout: Layout, text: bytes, name: str) -> Layout:
    """The header that the rows have."""
    header = list(layout.header)
    end = text.find(b"\n", layout.body)
    row = text[layout.body : end if end >= 0 else len(text)]
    cells = row.count(layout.delimiter.encode()) + 1
    if len(header) < _BASE or "Landmark[0].X" not in header:
        raise FacemocapError(f'"{name}" has a damaged header', _AGAIN)
    if not row.strip() or cells == len(header):
        return layout
    base = header.index("Landmark[0].X")
    if base + len(_TAIL) + _FEATURES != cells:
        raise FacemocapError(
            f'"{name}" has {cells} cells in line 2 where OpenSeeFace writes {_WIDTH}', _AGAIN
        )
    return replace(layout, header=(*header[:base], *_TAIL, *header[-_FEATURES:]))


_CLOCKS = ("Frame", "Time", "FPS", "AverageConfidence")
_NO_NUMBERS = frozenset((*_CLOCKS, "Success3D", "Face", "FaceID"))
_TABLE = TrackerFormat(
    _AGAIN,
    lambda name: name not in _NO_NUMBERS,
    faces=("FaceID", "Face"),
    words=(*_CLOCKS, "Success3D"),
    frame="Frame",
    mend=_mend,
)


def sniff(head: bytes) -> float:
    """The header's own names."""
    header = frozenset(header_of(head))
    return 0.97 if {"Success3D", "PnPError", "Landmark[0].X"} <= header else 0.0


def read(data: bytes, path: Path, options: ReadOptions) -> Take:
    """Read the take from the file's bytes."""
    with np.errstate(over="ignore", invalid="ignore"):
        rows = read_rows(data, path, options, _TABLE)
        del data
        return _take(rows, options)


def _take(rows: TrackerRows, options: ReadOptions) -> Take:
    columns = _blinks(rows)
    _add_features(columns, rows)
    flat = [(f"Landmark[{k}].X", f"Landmark[{k}].Y") for k in range(_FLAT)]
    deep = [tuple(f"Point3D[{k}].{axis}" for axis in "XYZ") for k in range(_DEEP)]
    own = flat[: len(_LANDMARKS)]
    add_landmarks(columns, rows, Landmarks(own, PICTURE, numbers=_LANDMARKS))
    _add_points(columns, rows, {f"image_{name}": flat[k] for name, k in _PUPILS.items()}, 1.0)
    in_picture = len(columns.channels)
    unit_m = _unit(rows, deep)
    _add_head(columns, rows, unit_m)
    _add_eyes(columns, rows, deep)
    inward = (-unit_m, -unit_m, -unit_m)
    own = deep[: len(_LANDMARKS)]
    add_landmarks(columns, rows, Landmarks(own, SPACE, inward, _LANDMARKS))
    others = {**_PUPILS, **_CENTRES}
    _add_points(columns, rows, {name: deep[k] for name, k in others.items()}, -unit_m)
    need_channels(columns, rows, _AGAIN)
    if "Success3D" in rows.words:
        columns.valid[is_zero(rows.words["Success3D"]), in_picture:] = False
    columns.warnings += rows.warnings
    silent = drop_silent_angles(columns)
    details: dict[str, object] = {"rows": rows.rows}
    if rows.faces:
        details["faces"] = rows.faces
    clock, said = _times(rows, options)
    columns.assumptions += said
    source = TakeSource(rows.name, FORMAT, details)
    trust = _trust(columns, rows)
    return finished_take(columns, clock, source, not_recorded=silent, confidence=trust)


def _blinks(rows: TrackerRows) -> Columns:
    """How far each eye is closed."""
    found = {name: own for name, own in _OPEN.items() if rows.has(own)}
    names = [*found.values()]
    columns = schema_columns([*found], 1.0 - rows.values(names), rows.valid(names))
    columns.channels = [
        replace(channel, original=own) for channel, own in zip(columns.channels, names, strict=True)
    ]
    if found:
        columns.assumptions.append("Blinks are 1 less RightOpen and LeftOpen.")
    return columns


def _add_features(columns: Columns, rows: TrackerRows) -> None:
    """The tracker's own measures of brows and mouth, -1 to 1."""
    names = [name for name in [*rows.places][-_FEATURES:] if rows.has(name)]
    if names:
        columns.add(
            [Channel(name, range=(-1.0, 1.0)) for name in names],
            rows.values(names),
            rows.valid(names),
        )
        columns.assumptions.append(
            f"The last {len(names)} columns are measures from -1 to 1 that the tracker goes on "
            "calibrating: they stay channels of their own."
        )


def _unit(rows: TrackerRows, deep: list[tuple[str, ...]]) -> float:
    """Metres in a unit of the tracker, by the distance of the eyes' outer corners."""
    corners = [deep[k] for k in _CORNERS]
    if not all(rows.has(*each) for each in corners):
        return _CORNERS_M / _CORNERS_UNITS
    right, left = (rows.values(each) for each in corners)
    there = np.all(rows.valid([*corners[0], *corners[1]]), axis=1)
    apart = np.linalg.norm(right - left, axis=1)[there]
    typical = float(np.median(apart)) if len(apart) else 0.0
    # numbers that are no face's would make a unit of anything
    return _CORNERS_M / (typical if 0.06 < typical < 6.0 else _CORNERS_UNITS)


def _add_head(columns: Columns, rows: TrackerRows, unit_m: float) -> None:
    """The head's angles and place."""
    if rows.has(*_TURNS):
        turns = to_matrix(from_vector(rows.values(_TURNS)))
        # the picture's rows run down, its columns to the subject's left; the model is x to the
        # subject's left, y down, z into the face
        x, y, z = turns[:, 1], -turns[:, 0], turns[:, 2]
        matrices = np.stack([x, y, z], axis=1) * np.array([1.0, -1.0, -1.0])
        columns.add(
            [angle_channel(n, f"RVec {n[4:].lower()}") for n in HEAD_ANGLES],
            head_from_matrices(matrices),
            rows.whole(_TURNS),
        )
        columns.assumptions.append(
            "The head's rotation is RVec with its picture's axes exchanged and its depth reversed, "
            "as the landmarks show; it may be off by a constant few degrees: calibrate it."
        )
    if rows.has(*_PLACE, "Width", "Height"):
        down, left, deep = rows.values(_PLACE).T
        width, height = rows.values(("Width", "Height")).T
        off = (width - height) / (2 * np.maximum(width, 1.0)) * np.abs(deep)
        place = np.stack([-left - off, down - off, -np.abs(deep)], axis=1)
        columns.add(
            position_channels(_PLACE), place * unit_m, rows.whole((*_PLACE, "Width", "Height"))
        )
        columns.assumptions.append(
            f"A unit of the tracker is taken for {unit_m:.4g} m: the outer corners of the eyes are "
            "then 90 mm apart, as in an average adult."
        )


def _add_eyes(columns: Columns, rows: TrackerRows, deep: list[tuple[str, ...]]) -> None:
    """Eye angles: from the middle of each eyeball to its pupil, in the head's own frame."""
    pairs = {"left": (67, 69), "right": (66, 68)}
    if not all(rows.has(*deep[k]) for pair in pairs.values() for k in pair):
        return
    for place, (pupil, centre) in enumerate(pairs.values()):
        ahead = rows.values(deep[centre]) - rows.values(deep[pupil])
        there = rows.whole((*deep[pupil], *deep[centre])) & np.any(ahead != 0, axis=1)
        columns.add(
            [angle_channel(n, f"Point3D[{pupil}]") for n in EYE_ANGLES[2 * place : 2 * place + 2]],
            to_eye_angles(ahead),
            there,
        )
    columns.assumptions.append("Eyes look from the middles of the eyeballs through the pupils.")


def _add_points(
    columns: Columns, rows: TrackerRows, names: dict[str, tuple[str, ...]], scale: float
) -> None:
    """Points that are none of the 68; those of one name but its side mirror each other."""
    for name, own in names.items():
        if not rows.has(*own):
            continue
        kind = SPACE if len(own) == 3 else PICTURE
        values, valid = point_values(rows.values(own)[:, None] * scale, rows.whole(own)[:, None])
        other = name.replace("Right", "Left") if "Right" in name else name.replace("Left", "Right")
        made = [
            replace(
                channel,
                original=original,
                side="R" if "Right" in name else "L",
                partner=channel.name.replace(name, other) if kind == SPACE else channel.name,
            )
            for channel, original in zip(
                point_channels([name], kind=kind, region="eye"), own, strict=True
            )
        ]
        columns.add(made, values, valid)


def _trust(columns: Columns, rows: TrackerRows) -> FloatArray | None:
    """The tracker's confidence ``(n, c)``: of each landmark in the picture its own."""
    trust = trust_of(rows, "AverageConfidence", len(columns.channels))
    if trust is None:
        return None
    for column, channel in enumerate(columns.channels):
        own = channel.original.rpartition(".")[0] + ".Confidence"
        if channel.kind == PICTURE and rows.has(own):
            trust[:, column] = np.clip(rows.values((own,))[:, 0], 0.0, 1.0)
    return trust


def _times(rows: TrackerRows, options: ReadOptions) -> tuple[SampleTimes, list[str]]:
    """Frames of a video at its rate; of a camera the clock of the computer."""
    rate = rows.clock("FPS")
    clock = rows.clock("Time")
    if rate is not None and clock is not None and float(np.nanmax(rate)) > 0:
        rate_hz, named = options.rate_or(float(np.nanmax(rate)), "the file")
        times = read_clock(
            clock, "Time (s)", rows.lines, rows.name, rate_hz=max(rate_hz, 1.0), named=named
        )
        return times, []
    said = '"Time" is when the tracker worked on a frame and no time of the video.'
    found = frame_times(rows.clock("Frame"), None, rows.lines, rows.name, options)
    return found, [said]


READER = Reader(FORMAT, "OpenSeeFace log (.csv)", (".csv",), sniff, read, several=True)
