# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets of Live Link Face: where each begins and what its head says.

Big-endian: version 6 (u8), device and subject (u32 length and text each), frame (i32), part of a
frame (f32), rate (i32 / i32), count (u8) and as many f32. A packet without a face ends before its
count. A tape is a version (u8), a number of packets (u32) and, for each, its size (u32) and bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import BoolArray, FloatArray, IntArray
from ..errors import FacemocapError
from .live_link_order import COEFFICIENTS

VERSION = 6
_LONGEST_TEXT = 256
_SMALLEST, _LARGEST = 25, 2048
_MOST_PACKETS = 1_000_000
_FRAME = np.dtype([("frame", ">i4"), ("part", ">f4"), ("num", ">i4"), ("den", ">i4")])
_FRAME_BYTES = _FRAME.itemsize


@dataclass(frozen=True, slots=True)
class Packets:
    """Heads of packets.

    Attributes
    ----------
    senders : tuple of (str, str)
        Device and subject of each phone.
    sender : (n,) int64
        Whose packet each is.
    frames, parts : (n,) float64
        Whole frames and the part of a frame.
    rate : (n, 2) int64
        Frames in so many seconds.
    counts : (n,) int64
        How many numbers a packet has; 0 without a face.
    values : (n,) int64
        Where its numbers begin.
    """

    senders: tuple[tuple[str, str], ...]
    sender: IntArray
    frames: FloatArray
    parts: FloatArray
    rate: IntArray
    counts: IntArray
    values: IntArray

    def __len__(self) -> int:
        return len(self.sender)

    def chosen(self, rows: IntArray) -> Packets:
        """Some of them, in this order."""
        return Packets(
            self.senders, self.sender[rows], self.frames[rows], self.parts[rows], self.rate[rows],
            self.counts[rows], self.values[rows],
        )  # fmt: skip

    def numbers(self, body: bytes, width: int) -> tuple[FloatArray, BoolArray]:
        """The first ``width`` numbers of each as float32, and which are there ``(n, width)``."""
        buffer = np.frombuffer(body, np.uint8)
        values = np.zeros((len(self), width), np.float32)
        valid = np.zeros(values.shape, np.bool_)
        for count in np.unique(self.counts).tolist():
            rows, number = np.flatnonzero(self.counts == count), min(count, width)
            if number:
                size = 4 * number
                windows: NDArray[Any] = np.ndarray(
                    (len(buffer) - size + 1,), f"V{size}", buffer, strides=(1,)
                )
                found = windows[self.values[rows]].view(">f4").reshape(-1, number)
                values[rows, :number] = found
                valid[rows, :number] = True
        return values, valid


def starts_packet(head: bytes) -> bool:
    """Whether these bytes begin with a packet."""
    return len(head) >= _SMALLEST and bool(_read(head, [0], [len(head)])[1].all())


def starts_tape(head: bytes) -> bool:
    """Whether these bytes begin with a tape's own head and a packet."""
    if len(head) < 9:
        return False
    number, size = int.from_bytes(head[1:5], "big"), int.from_bytes(head[5:9], "big")
    return bool(number) and _SMALLEST <= size <= _LARGEST and starts_packet(head[9 : 9 + size])


def read_body(data: bytes, name: str) -> tuple[Packets, int | None]:
    """All packets of a tape, or of packets in a row, and how many a tape promises.

    Raises
    ------
    FacemocapError
        When there is something between them that is no packet.
    """
    if starts_tape(data):
        return _tape(data, name)
    begins, ends, whole = _in_a_row(data)
    packets, sound = _read(data, begins, ends)
    if whole and sound.all():
        return packets, None
    number = len(sound) if sound.all() else int(np.argmin(sound))
    at = begins[number] if number < len(begins) else ends[-1] if ends else 0
    if len(data) - at < _LARGEST and data[at] == VERSION:
        return packets.chosen(np.arange(number)), number + 1
    raise _damaged(name, number)


def _tape(data: bytes, name: str) -> tuple[Packets, int]:
    number = int.from_bytes(data[1:5], "big")
    if number > _MOST_PACKETS:
        raise _damaged(name, 0)
    begins: list[int] = []
    ends: list[int] = []
    at, whole, lost = 5, len(data), 0
    while len(begins) < number and at + 4 <= whole:
        size = int.from_bytes(data[at : at + 4], "big")
        at += 4
        if at + size > whole:
            lost = size
            break
        begins.append(at)
        at += size
        ends.append(at)
    packets, sound = _read(data, begins, ends)
    if not sound.all():
        raise _damaged(name, int(np.argmin(sound)))
    if lost > _LARGEST:
        raise _damaged(name, len(packets))
    return packets, number


def _in_a_row(data: bytes) -> tuple[list[int], list[int], bool]:
    """Where packets without sizes begin and end, and whether they fill the file."""
    begins: list[int] = []
    ends: list[int] = []
    at, head = 0, b""
    while at < len(data) and len(begins) < _MOST_PACKETS:
        if not (head and data.startswith(head, at)):
            head = _head(data, at, min(at + _LARGEST, len(data)))
        end = at + len(head) + _FRAME_BYTES
        if not head or end > len(data):
            return begins, ends, False
        count = data[end] if end < len(data) else 0
        if count >= len(COEFFICIENTS):
            end += 1 + 4 * count
        elif end < len(data) and count != VERSION:
            # a packet without a face may end with its count
            end += 1
        if end > len(data):
            return begins, ends, False
        begins.append(at)
        ends.append(end)
        at = end
    return begins, ends, True


def _head(data: bytes, at: int, end: int) -> bytes:
    """Version, device and subject of a packet, empty where there are none."""
    if at >= end or data[at] != VERSION:
        return b""
    begin, at = at, at + 1
    for _ in range(2):
        length = int.from_bytes(data[at : at + 4], "big")
        if end - at < 4 or length > min(_LONGEST_TEXT, end - at - 4):
            return b""
        at += 4 + length
    return data[begin:at]


def _sender(head: bytes) -> tuple[str, str]:
    """Device and subject."""
    length = int.from_bytes(head[1:5], "big")
    device, subject = head[5 : 5 + length], head[9 + length :]
    return device.decode("utf-8", "replace"), subject.decode("utf-8", "replace")


def _read(data: bytes, begins: list[int], ends: list[int]) -> tuple[Packets, BoolArray]:
    """Packets between places, and which are sound; the rest of those that are not means nothing."""
    buffer = np.frombuffer(data, np.uint8)
    places: dict[bytes, int] = {}
    sender: list[int] = []
    sizes: list[int] = []
    head = b""
    for at, end in zip(begins, ends, strict=True):
        if not (head and data.startswith(head, at)):
            head = _head(data, at, end)
        sender.append(places.setdefault(head, len(places)))
        sizes.append(len(head))
    at = np.array(begins, np.int64) + np.array(sizes, np.int64)
    end = np.array(ends, np.int64)
    sound = (np.array(sizes, np.int64) > 0) & (end - at >= _FRAME_BYTES)
    sound &= end - np.array(begins, np.int64) >= _SMALLEST
    frames = np.zeros(len(at), _FRAME)
    windows: NDArray[Any] = np.ndarray(
        (max(len(buffer) - _FRAME_BYTES + 1, 0),), f"V{_FRAME_BYTES}", buffer, strides=(1,)
    )
    frames[sound] = windows[at[sound]].view(_FRAME)
    at += _FRAME_BYTES
    counts = np.zeros(len(at), np.int64)
    more = sound & (at < end)
    counts[more] = buffer[at[more]]
    # without a face the byte begins the next packet, or there is none
    counts[counts < len(COEFFICIENTS)] = 0
    sound &= end - at - 1 >= np.where(counts > 0, 4 * counts, -1)
    part, num, den = frames["part"], frames["num"].astype(np.int64), frames["den"].astype(np.int64)
    with np.errstate(invalid="ignore"):
        sound &= (part >= 0) & (part < 2)
    sound &= (den > 0) & (num > 0) & (num <= 1000 * den) & (frames["frame"] >= 0)
    packets = Packets(
        tuple(map(_sender, places)),
        np.array(sender, np.int64),
        frames["frame"].astype(np.float64),
        part.astype(np.float64),
        np.stack([num, den], axis=1),
        counts,
        at + 1,
    )
    return packets, sound


def _damaged(name: str, packets: int) -> FacemocapError:
    return FacemocapError(
        f'"{name}" is damaged after packet {packets}', "Record or copy the tape again"
    )
