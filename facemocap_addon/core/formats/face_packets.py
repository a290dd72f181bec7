# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of ``name-value|`` items, as iFacialMocap and Facemotion3D send them, at numpy's speed.

The text is taken in pieces of whole lines. One comparison finds the ends of all items and the
signs between names and values; a name is known by a 64-bit sum of its bytes, so that no Python
object is made of an item.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import BoolArray, FloatArray, IntArray
from .coefficient_takes import check_filled
from .digits import PAD, parse_numbers

Codes = NDArray[np.uint64]

PIECE_BYTES = 1 << 18
#: The longest line that can be a frame; a packet has two kilobytes.
LONGEST_LINE = 1 << 16
MOST_NAMES = 1024
_NAME_BYTES = 32
_FACTORS = tuple(
    map(np.uint64, (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x27D4EB2F165667C5))
)
#: Masks of the words of a name, by its length.
_MASKS = tuple(
    np.array([(1 << 8 * min(max(n - 8 * k, 0), 8)) - 1 for n in range(_NAME_BYTES + 1)], "<u8")
    for k in range(len(_FACTORS))
)
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
    names = _Names()
    found: deque[_Items] = deque()
    stamps: list[str] = []
    lines: list[int] = []
    line = 0
    for piece, number in _pieces(text):
        rows = piece.split(b"\n")[:-1]
        used = [at for at, row in enumerate(rows) if b"|" in row]
        stamped = [_STAMP.match(rows[at]) for at in used]
        body = piece
        if any(stamped) or len(used) < len(rows):
            bodies = [
                rows[at][each.end() :] if each else rows[at]
                for at, each in zip(used, stamped, strict=True)
            ]
            body = b"\n".join([*bodies, b""])
        stamps += [each.group(1).decode("ascii") if each else "" for each in stamped]
        if used:
            found.append(_items(body, names, len(lines)))
        lines += [line + at + 1 for at in used]
        line += number
    check_filled(name, len(lines), len(names.words), sum(len(items.rows) for items in found))
    table = np.full((len(lines), len(names.words)), np.nan)
    poses = {key: np.full((len(lines), width), np.nan) for key, width in POSE_SIZES.items()}
    unreadable = sum(items.unreadable for items in found)
    while found:
        items = found.popleft()
        # the first of two items of one name counts
        table[items.rows[::-1], items.names[::-1]] = items.values[::-1]
        for key, (at, numbers) in items.poses.items():
            poses[key][at[::-1]] = numbers[::-1]
    return Packets(tuple(names.words), table, poses, stamps, np.array(lines, np.int64), unreadable)


class _Names:
    """Names of items that were met, by the codes of their bytes."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self._codes = np.zeros(0, np.uint64)
        self._places = np.zeros(0, np.int16)

    def places(self, codes: Codes, word_of: Callable[[int], str]) -> NDArray[np.int16]:
        """Which name each item has; ``word_of`` tells that of an item whose name is new.

        Raises
        ------
        OverflowError
            When the names are more than any face has.
        """
        at = np.searchsorted(self._codes, codes)
        if len(self._codes):
            at[at == len(self._codes)] = 0
            if np.array_equal(self._codes[at], codes):
                return self._places[at]
        each, firsts = np.unique(codes, return_index=True)
        new = np.flatnonzero(~np.isin(each, self._codes))
        if len(self.words) + len(new) > MOST_NAMES:
            raise OverflowError
        new = new[np.argsort(firsts[new], kind="stable")]
        first = len(self.words)
        self.words += [word_of(int(firsts[k])) for k in new.tolist()]
        known = np.concatenate([self._codes, each[new]])
        order = np.argsort(known)
        made = np.arange(first, first + len(new), dtype=np.int16)
        self._places = np.concatenate([self._places, made])[order]
        self._codes = known[order]
        return self._places[np.searchsorted(self._codes, codes)]


@dataclass(frozen=True, slots=True)
class _Items:
    """Items of some lines: rows and names of the values, and rows and numbers of each pose."""

    rows: NDArray[np.int32]
    names: NDArray[np.int16]
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


def _items(body: bytes, names: _Names, first: int) -> _Items:
    """All items of some lines, of which the first has the number ``first``; names are learnt."""
    padded = bytes(PAD) + body + bytes(_NAME_BYTES)
    buffer = np.frombuffer(padded, np.uint8)
    ends = np.flatnonzero((buffer == ord("|")) | (buffer == ord(",")) | (buffer == ord("\n")))
    starts = np.concatenate(([PAD], ends[:-1] + 1))
    is_line = buffer.take(ends) == ord("\n")
    rows = np.cumsum(is_line, dtype=np.int32) - is_line + np.int32(first)
    signs = np.flatnonzero((buffer == ord("-")) | (buffer == ord("&")) | (buffer == ord("#")))
    if not len(signs):
        none = np.zeros(0, np.int32)
        return _Items(none, none.astype(np.int16), np.zeros(0), {}, 0)
    # the first sign of an item parts its name from its value
    middles = signs[np.minimum(np.searchsorted(signs, starts), len(signs) - 1)]
    kept = (middles > starts) & (middles < ends) & (middles - starts <= _NAME_BYTES)
    is_pose = kept & (buffer.take(middles) == ord("#"))
    kept &= ~is_pose
    poses = _poses(padded, _Fields(starts, middles, ends, rows), np.flatnonzero(is_pose))
    starts, middles, ends, rows = starts[kept], middles[kept], ends[kept], rows[kept]

    def word_of(item: int) -> str:
        return padded[starts[item] : middles[item]].decode("utf-8", "replace").strip()

    places = names.places(_codes(padded, buffer, starts, middles), word_of)
    values, missing, odd = parse_numbers(padded, middles + 1, ends)
    values[missing] = np.nan
    return _Items(rows, places, values, poses, len(odd))


class _Fields(NamedTuple):
    """Where items begin, where their names end, where they end, and their rows."""

    starts: IntArray
    middles: IntArray
    ends: IntArray
    rows: IntArray


def _poses(
    padded: bytes, fields: _Fields, items: IntArray
) -> dict[str, tuple[IntArray, FloatArray]]:
    """Rows and numbers of each pose: of the item with its name and of those after its commas."""
    if not len(items):
        return {}
    starts, middles, ends, rows = fields
    buffer = np.frombuffer(padded, np.uint8)
    codes = _codes(padded, buffer, starts[items], middles[items])
    firsts, which = np.unique(codes, return_index=True, return_inverse=True)[1:]
    heads = items[firsts].tolist()
    keys = [padded[starts[k] : middles[k]].strip().lstrip(b"=").decode("latin-1") for k in heads]
    wanted = np.array([POSE_SIZES.get(key, 0) for key in keys])[which]
    # what follows a comma belongs to the same pose
    goes_on = wanted > 0
    owners: list[IntArray] = []
    numbers = np.full((len(items), max(POSE_SIZES.values())), np.nan)
    begins: list[IntArray] = []
    for place in range(numbers.shape[1]):
        goes_on = goes_on & (place < wanted) & (items + place < len(starts))
        own = np.flatnonzero(goes_on)
        owners.append(own)
        begins.append(items[own] + place)
        goes_on[own] = buffer.take(ends[items[own] + place]) == ord(",")
    at = np.concatenate(begins)
    firsts = np.arange(len(at)) < len(begins[0])
    values, missing, _odd = parse_numbers(
        padded, np.where(firsts, middles[at] + 1, starts[at]), ends[at]
    )
    values[missing] = np.nan
    places = np.repeat(np.arange(len(owners)), [len(own) for own in owners])
    numbers[np.concatenate(owners), places] = values
    out: dict[str, tuple[IntArray, FloatArray]] = {}
    for key, width in POSE_SIZES.items():
        mine = np.array([each == key for each in keys])[which]
        out[key] = (rows[items[mine]], numbers[mine, :width])
    return out


def _codes(padded: bytes, buffer: NDArray[np.uint8], starts: IntArray, ends: IntArray) -> Codes:
    """A number for each name: four words of its bytes, each times an odd constant of its own."""
    windows: NDArray[Any] = np.ndarray(
        (len(padded) - _NAME_BYTES + 1,), f"V{_NAME_BYTES}", buffer, strides=(1,)
    )
    words = windows[starts].view(np.dtype("<u8")).reshape(-1, len(_FACTORS))
    lengths = ends - starts
    total = np.zeros(len(words), np.uint64)
    for column, factor in enumerate(_FACTORS):
        total += (words[:, column] & _MASKS[column].take(lengths)) * factor
        total ^= total >> np.uint64(29)
    return total


def has_pose(packets: Packets, key: str, width: int) -> BoolArray:
    """In which packets the first ``width`` numbers of a pose are there."""
    return np.isfinite(packets.poses[key][:, :width]).all(axis=1)
