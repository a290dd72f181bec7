# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader of saved packets of iFacialMocap and Facemotion3D, and of the programs that imitate them.

A packet is a line of ``name-value|`` items (``name&value|`` in version 2 and in Facemotion3D) and
the turns of head and eyes. Values are percent, angles degrees, positions metres.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from ..errors import FacemocapError
from ..formats.coefficient_takes import (
    Columns,
    check_size,
    drop_silent_angles,
    finished_take,
    is_coefficient,
    say_unchanging,
    schema_columns,
)
from ..formats.eye_axes import EyeAxes, find_eye_axes
from ..formats.face_packets import POSE_SIZES, Packets, has_pose, read_packets
from ..formats.head_pose import (
    EYE_ANGLES,
    HEAD_ANGLES,
    angle_channel,
    head_from_euler,
    head_position,
    position_channels,
)
from ..formats.sample_times import SampleTimes, clock_of_texts, count_samples, read_clock
from ..take import Take, TakeSource
from . import Reader, ReadOptions

FORMAT = "ifacialmocap_packets"
_RATE_HZ = 60.0
_ITEM = re.compile(rb"(?:^|[|\s,;])=?([A-Za-z_]\w{2,30})[-&]-?\d+(?:\.\d+)?(?=\||$)")
#: What the TCP variants put between packets, and the end of a packet within a line.
_MARK = re.compile(rb"___(?:iFacialMocap|FACEMOTION3D)|\0+")
_PACKET_END = re.compile(rb"((?:left|right)Eye#[^|\n]*\|)(?=\s*(?:[\d\[]|[A-Za-z_]\w*[-&]))")
_HEAD = b"=head#"
_STATUS = "trackingStatus"
_USUAL = EyeAxes(
    0, 1.0, 1.0, True, False,
    "The eyes' angles are taken to be on the other side than their names say, "
    "as in the packets that the makers publish: the take's eyes do not tell.",
)  # fmt: skip


def sniff(head: bytes) -> float:
    """Items of coefficients between vertical bars."""
    found = {name.decode("ascii", "replace") for name in _ITEM.findall(head[:16_384])}
    known = sum(map(is_coefficient, sorted(found)[:200]))
    if known >= 5 or (known >= 2 and b"=head#" in head):
        return 0.95
    return 0.0


def read(data: bytes, path: Path, options: ReadOptions) -> Take:
    """Read the take from the file's bytes."""
    name = path.name
    text = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r", b"\n")
    del data
    if b"___" in text or b"\0" in text:
        text = _MARK.sub(b"\n", text)
    text = _one_a_line(text)
    try:
        packets = read_packets(text, name)
    except OverflowError:
        raise FacemocapError(
            f'"{name}" has lines or names beyond any packet of a face', "Save the packets again"
        ) from None
    rows = len(packets.lines)
    check_size(name, rows, len(packets.names))
    if not any(map(is_coefficient, packets.names)):
        raise FacemocapError(
            f'"{name}" holds no packet with coefficients', "Save the packets again"
        )
    _refuse_cut(text, packets, name)

    status = np.ones(rows, np.bool_)
    if _STATUS in packets.names:
        status = packets.values[:, packets.names.index(_STATUS)] != 0
    kept = [k for k, each in enumerate(packets.names) if each != _STATUS]
    table = packets.values[:, kept]
    there = np.isfinite(table)
    table[~there] = 0.0
    table /= 100
    columns = schema_columns([packets.names[k] for k in kept], table, there)
    del table, there
    columns.valid &= status[:, None]
    if packets.unreadable:
        columns.warnings.append(f"{packets.unreadable} values are no numbers and count as missing.")
    columns.assumptions.append("Values are percent, angles degrees, positions metres.")
    _add_pose(columns, packets, status)
    silent = drop_silent_angles(columns)
    say_unchanging(columns)
    return finished_take(
        columns,
        _times(packets, name, options),
        TakeSource(name, FORMAT, {"packets": rows}),
        not_recorded=silent,
    )


def _one_a_line(text: bytes) -> bytes:
    """Packets that were written without a line end between them, each on a line of its own."""
    if not _has_two_in_a_line(text):
        return text
    lines: list[bytes] = []
    for line in text.split(b"\n"):
        if line.count(_HEAD) < 2:
            lines.append(line)
            continue
        # both eyes end a packet; the second of them does
        parts = _PACKET_END.split(line)
        lines += [b"".join(pair) for pair in zip(parts[::2], [*parts[1::2], b""], strict=True)]
    return b"\n".join(lines)


def _has_two_in_a_line(text: bytes) -> bool:
    """Whether two packets follow each other on one line."""
    at = text.find(_HEAD)
    while at >= 0:
        before, at = at, text.find(_HEAD, at + 1)
        if at >= 0 and text.find(b"\n", before, at) < 0:
            return True
    return False


def _refuse_cut(text: bytes, packets: Packets, name: str) -> None:
    """Refuse a last packet that lost its end: its last value may have lost digits."""
    rows = len(packets.lines)
    if text.endswith(b"\n") or rows < 2:
        return
    counts = np.isfinite(packets.values).sum(axis=1)
    without_end = not text.rstrip().endswith(b"|") and text.count(b"|\n") > 0
    shorter = counts[-1] < np.median(counts)
    for key, width in POSE_SIZES.items():
        there = has_pose(packets, key, width)
        shorter |= bool(there[:-1].all()) and not there[-1]
    if without_end or shorter:
        raise FacemocapError(
            f'"{name}" is cut off in line {int(packets.lines[-1])}: '
            f"{rows - 1} packets are complete",
            "Copy it again, or delete its last line to use the rest",
        )


def _add_pose(columns: Columns, packets: Packets, status: np.ndarray) -> None:
    """Head and eye angles and the head's place."""
    values = {n: v for n, v in columns.by_name().items() if n.startswith("eyeLook")}
    both = np.stack([packets.poses["leftEye"][:, :2], packets.poses["rightEye"][:, :2]], axis=1)
    has_eyes = np.isfinite(both).all(axis=(1, 2)) & status
    if has_eyes.any():
        eyes = np.radians(np.nan_to_num(both))
        there = has_eyes & columns.valid.any(axis=1)
        axes = find_eye_axes(eyes, there, values, _USUAL, arkit=True)
        sides = ("rightEye", "leftEye") if axes.swapped else ("leftEye", "rightEye")
        originals = [f"{side} {axis}" for side in sides for axis in ("y", "x")]
        made = [angle_channel(n, o) for n, o in zip(EYE_ANGLES, originals, strict=True)]
        columns.add(made, axes.apply(eyes), has_eyes)
        columns.assumptions.append(axes.reason)
    has_head = has_pose(packets, "head", 3) & status
    head = np.nan_to_num(packets.poses["head"])
    if has_head.any():
        angles = head_from_euler(np.radians(head[:, :3]))
        originals = ("head y", "head x", "head z")
        made = [angle_channel(n, o) for n, o in zip(HEAD_ANGLES, originals, strict=True)]
        columns.add(made, angles, has_head)
        columns.assumptions.append(
            "The head is relative to the phone's camera and turns about z first, then x, then y: "
            "positive x is chin down, positive y is to the subject's left."
        )
    has_place = has_pose(packets, "head", 6) & status
    if has_place.any():
        channels = position_channels(("head tx", "head ty", "head tz"))
        columns.add(channels, head_position(head[:, 3:]), has_place)


def _times(packets: Packets, name: str, options: ReadOptions) -> SampleTimes:
    """Times of arrival where they were saved, else counted."""
    why = "The packets carry no times"
    rate_hz, named = options.rate_or(_RATE_HZ)
    number = len(packets.lines)
    stamped = sum(map(bool, packets.stamps))
    if stamped > 0.5 * number:
        clock = clock_of_texts(packets.stamps)
        if clock is not None:
            return read_clock(
                clock, "time of arrival", packets.lines, name, rate_hz=rate_hz, named=named
            )
        why = "What stands before the packets is no time"
    return count_samples(number, rate_hz, why, named=named)


READER = Reader(
    FORMAT, "iFacialMocap and Facemotion3D packets (.txt)", (".txt", ".log"), sniff, read
)
