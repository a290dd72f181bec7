# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets of Live Link Face: where each begins and what its head says.

Big-endian: version 6 (u8), device and subject (u32 length and text each), frame (i32), part of a
frame (f32), rate (i32 / i32), count (u8) and as many f32. A packet without a face ends before its
count. A tape is a version (u8), a number of packets (u32) and, for each, its size (u32) and bytes.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

from ..errors import FacemocapError
from .live_link_order import COEFFICIENTS

VERSION = 6
_LONGEST_TEXT = 256
_SMALLEST, _LARGEST = 25, 2048
_MOST_PACKETS = 1_000_000
_FRAME = struct.Struct(">ifii")


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet's head; ``values`` is where its numbers begin."""

    device: str
    subject: str
    frame: int
    subframe: float
    rate_num: int
    rate_den: int
    count: int
    values: int


def starts_packet(head: bytes) -> bool:
    """Whether these bytes begin with a packet."""
    return read_packet(head, 0, len(head)) is not None


def starts_tape(head: bytes) -> bool:
    """Whether these bytes begin with a tape's own head and a packet."""
    if len(head) < 9:
        return False
    number, size = struct.unpack_from(">II", head, 1)
    return bool(number) and _SMALLEST <= size <= _LARGEST and starts_packet(head[9 : 9 + size])


def read_packet(data: bytes, at: int, end: int) -> Packet | None:
    """The packet between two places, None where there is none."""
    if end - at < _SMALLEST or data[at] != VERSION:
        return None
    at += 1
    texts: list[str] = []
    for _ in range(2):
        if end - at < 4:
            return None
        length = int.from_bytes(data[at : at + 4], "big")
        at += 4
        if length > min(_LONGEST_TEXT, end - at):
            return None
        texts.append(data[at : at + length].decode("utf-8", "replace"))
        at += length
    if end - at < _FRAME.size:
        return None
    frame, subframe, num, den = _FRAME.unpack_from(data, at)
    at += _FRAME.size
    if not (math.isfinite(subframe) and 0 <= subframe < 2 and den > 0 and 0 < num <= 1000 * den):
        return None
    if frame < 0:
        return None
    count = data[at] if at < end else 0
    if count < len(COEFFICIENTS):
        # no face: this byte begins the next packet, or there is none
        count = 0
    if count and end - at - 1 < 4 * count:
        return None
    return Packet(texts[0], texts[1], frame, subframe, num, den, count, at + 1)


def read_body(data: bytes, name: str) -> tuple[list[Packet], int | None]:
    """All packets of a tape, or of packets in a row, and how many a tape promises.

    Raises
    ------
    FacemocapError
        When there is something between them that is no packet.
    """
    if starts_tape(data):
        return _tape(data, name)
    packets: list[Packet] = []
    at = 0
    while at < len(data) and len(packets) < _MOST_PACKETS:
        packet = read_packet(data, at, min(at + _LARGEST, len(data)))
        if packet is None:
            if len(data) - at < _LARGEST and data[at] == VERSION:
                return packets, len(packets) + 1
            raise _damaged(name, len(packets))
        packets.append(packet)
        at = packet.values + 4 * packet.count
        if not packet.count and at - 1 < len(data) and data[at - 1] == VERSION:
            at -= 1
    return packets, None


def _tape(data: bytes, name: str) -> tuple[list[Packet], int]:
    number = int.from_bytes(data[1:5], "big")
    if number > _MOST_PACKETS:
        raise _damaged(name, 0)
    packets: list[Packet] = []
    at = 5
    while len(packets) < number and at + 4 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        at += 4
        if at + size > len(data):
            if size > _LARGEST:
                raise _damaged(name, len(packets))
            break
        packet = read_packet(data, at, at + size)
        if packet is None:
            raise _damaged(name, len(packets))
        packets.append(packet)
        at += size
    return packets, number


def _damaged(name: str, packets: int) -> FacemocapError:
    return FacemocapError(
        f'"{name}" is damaged after packet {packets}', "Record or copy the tape again"
    )
