# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of ``name-value|`` items, as iFacialMocap and Facemotion3D send them, at numpy's speed.

The text is taken in pieces of whole lines. One comparison finds the ends of all items and the
signs between names and values; a name is known by a 64-bit sum of its bytes, so that no Python
object is made of an item.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import BoolArray, FloatArray, IntArray
from .coefficient_takes import check_filled
from .digits import PAD, parse_numbers

PIECE_BYTES = 1 << 18
#: The longest line that can be a frame; a packet has two kilobytes.
LONGEST_LINE = 1 << 16
MOST_NAMES = 1024
_NAME_BYTES = 32
POSE_SIZES = {"head": 6, "rightEye": 3, "leftEye": 3}
#: A time of arrival before a packet.
_STAMP = re.compile(rb"\s*\[?(\d[\dTZ:.eE+-]*)\]?\s*[\s,;|]\s*(?=[A-Za-z=])")


@dataclass(frozen=True, slots=True)
class Packets:
    """What the lines hold.

    Attributes
    ----------
    names : tuple of str
        In the order of their first items.
    values : (n, c) float64
        NaN where a line has no such item.
    poses : dict of str to (n, 6) or (n, 3) float64
        ``head``, ``rightEye``, ``leftEye``; NaN where missing.
    stamps : list of str
        What stands before each packet, empty where nothing does.
    lines : (n,) int
        Line numbers.
    unreadable : int
        Items whose value is no number.
    """

    names: tuple[str, ...]
    values: FloatArray
    poses: dict[str, FloatArray]
    stamps: list[str]
    lines: IntArray
    unreadable: int


def read_packets(text: bytes, name: str) -> Packets:
    """Read all lines that hold an item; ``name`` is the file's, for messages.

    Raises
    ------
    FacemocapError
        When the lines hold next to nothing of the names.
    OverflowError
        When a line is longer, or the names are more, than any face has.
    """
    names: dict[int, tuple[int, str]] = {}
    found: list[_Items] = []
    stamps: list[str] = []
    lines: list[int] = []
    line = 0
    for piece, number in _pieces(text):
        rows = piece.split(b"\n")[:-1]
        used = [at for at, row in enumerate(rows) if b"|" in row]
        stamped = [_STAMP.match(rows[at]) for at in used]
        stamps += [each.group(1).decode("ascii") if each else "" for each in stamped]
        bodies = [
            rows[at][each.end() :] if each else rows[at]
            for at, each in zip(used, stamped, strict=True)
        ]
        if bodies:
            found.append(_items(b"\n".join([*bodies, b""]), names, len(lines)))
        lines += [line + at + 1 for at in used]
        line += number
    order = sorted(names.values())
    check_filled(name, len(lines), len(order), sum(len(items.rows) for items in found))
    table = np.full((len(lines), len(order)), np.nan)
    poses = {key: np.full((len(lines), width), np.nan) for key, width in POSE_SIZES.items()}
    for items in found:
        # the first of two items of one name counts
        table[items.rows[::-1], items.names[::-1]] = items.values[::-1]
        for key, (at, numbers) in items.poses.items():
            poses[key][at[::-1]] = numbers[::-1]
    return Packets(
        tuple(item for _place, item in order),
        table,
        poses,
        stamps,
        np.array(lines, np.int64),
        sum(items.unreadable for items in found),
    )


@dataclass(frozen=True, slots=True)
class _Items:
    """Items of some lines: rows and names of the values, and rows and numbers of each pose."""

    rows: IntArray
    names: IntArray
    values: FloatArray
    poses: dict[str, tuple[IntArray, FloatArray]]
    unreadable: int


def _pieces(text: bytes) -> Iterator[tuple[bytes, int]]:
    """Whole lines, some at a time, and how many they are."""
    begin = 0
    while begin < len(text):
        end = text.rfind(b"\n", begin, begin + PIECE_BYTES) + 1
        if end <= begin:
            end = text.find(b"\n", begin) + 1 or len(text)
        if end - begin > max(PIECE_BYTES, LONGEST_LINE):
            raise OverflowError
        piece = text[begin:end]
        if not piece.endswith(b"\n"):
            piece += b"\n"
        yield piece, piece.count(b"\n")
        begin = end


def _items(body: bytes, names: dict[int, tuple[int, str]], first: int) -> _Items:
    """All items of some lines, of which the first has the number ``first``; names are learnt."""
    padded = bytes(PAD) + body + bytes(_NAME_BYTES)
    buffer = np.frombuffer(padded, np.uint8)
    is_line = buffer == ord("\n")
    ends = np.flatnonzero((buffer == ord("|")) | (buffer == ord(",")) | is_line)
    starts = np.concatenate(([PAD], ends[:-1] + 1))
    rows = np.cumsum(is_line)[ends] - is_line[ends] + first
    signs = np.flatnonzero((buffer == ord("-")) | (buffer == ord("&")) | (buffer == ord("#")))
    if not len(signs):
        none = np.zeros(0, np.int64)
        return _Items(none, none, np.zeros(0), {}, 0)
    # the first sign of an item parts its name from its value
    middles = signs[np.minimum(np.searchsorted(signs, starts), len(signs) - 1)]
    kept = (middles > starts) & (middles < ends) & (middles - starts <= _NAME_BYTES)
    is_pose = kept & (buffer[middles] == ord("#"))
    kept &= ~is_pose
    poses = _poses(padded, starts, middles, ends, rows, np.flatnonzero(is_pose))
    starts, middles, ends, rows = starts[kept], middles[kept], ends[kept], rows[kept]
    codes = _codes(padded, buffer, starts, middles)
    each, firsts, which = np.unique(codes, return_index=True, return_inverse=True)
    for at in np.argsort(firsts, kind="stable").tolist():
        code = int(each[at])
        if code not in names:
            item = int(firsts[at])
            name = padded[starts[item] : middles[item]].decode("utf-8", "replace").strip()
            names[code] = (len(names), name)
            if len(names) > MOST_NAMES:
                raise OverflowError
    order = np.array([names[int(code)][0] for code in each.tolist()], np.int64)
    values, missing, odd = parse_numbers(padded, middles + 1, ends)
    values[missing] = np.nan
    return _Items(rows, order[which], values, poses, len(odd))


def _poses(
    padded: bytes,
    starts: IntArray,
    middles: IntArray,
    ends: IntArray,
    rows: IntArray,
    items: IntArray,
) -> dict[str, tuple[IntArray, FloatArray]]:
    """Rows and numbers of each pose: of the item with its name and of those after its commas."""
    keys = [padded[starts[k] : middles[k]].strip().lstrip(b"=") for k in items.tolist()]
    out: dict[str, tuple[IntArray, FloatArray]] = {}
    for key, width in POSE_SIZES.items():
        own = items[np.array([each == key.encode() for each in keys], np.bool_)]
        numbers = np.full((len(own), width), np.nan)
        goes_on = np.ones(len(own), np.bool_)
        for place in range(width):
            at = own + place
            goes_on &= at < len(starts)
            at = at[goes_on]
            values, missing, _odd = parse_numbers(
                padded, middles[at] + 1 if place == 0 else starts[at], ends[at]
            )
            values[missing] = np.nan
            numbers[goes_on, place] = values
            # what follows a comma belongs to the same pose
            comma = np.frombuffer(padded, np.uint8)[ends[at]] == ord(",")
            goes_on[np.flatnonzero(goes_on)[~comma]] = False
        out[key] = (rows[own], numbers)
    return out


def _codes(
    padded: bytes, buffer: NDArray[np.uint8], starts: IntArray, ends: IntArray
) -> NDArray[np.uint64]:
    """A number for each name: four words of its bytes, each times an odd constant of its own."""
    windows: NDArray[Any] = np.ndarray(
        (len(padded) - _NAME_BYTES + 1,), f"V{_NAME_BYTES}", buffer, strides=(1,)
    )
    letters = np.ascontiguousarray(windows[starts]).view(np.uint8).reshape(-1, _NAME_BYTES)
    letters[np.arange(_NAME_BYTES) >= (ends - starts)[:, None]] = 0
    words = letters.view(np.dtype("<u8"))
    total = np.zeros(len(words), np.uint64)
    for column, factor in enumerate((0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9,
                                     0x27D4EB2F165667C5)):  # fmt: skip
        total += words[:, column] * np.uint64(factor)
        total ^= total >> np.uint64(29)
    return total


def has_pose(packets: Packets, key: str, width: int) -> BoolArray:
    """In which packets the first ``width`` numbers of a pose are there."""
    return np.isfinite(packets.poses[key][:, :width]).all(axis=1)
