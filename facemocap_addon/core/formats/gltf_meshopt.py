# SPDX-License-Identifier: GPL-3.0-or-later
"""EXT_meshopt_compression: packed numbers of vertices and animations, and the filters on them.

A stream begins with 0xa0 and ends with the first element. Between them are blocks of up to 256
elements. Within a block each byte of the element has its differences by itself: groups of 16, of
which two bits say how wide they are (all nought, 2 bits, 4 bits, 8 bits); the largest number of a
width says that a whole byte follows the group. Differences are zigzag coded and wrap at 256.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..errors import FacemocapError

_EXPORT_AGAIN = "Export or copy it again"
_HEADER = 0xA0
_GROUP = 16
_LEAST_TAIL = 32
_BLOCK_BYTES, _BLOCK_ELEMENTS = 8192, 256
#: Bytes of groups by their width, without those that follow.
_PACKED = {0: 0, 1: 4, 2: 8, 3: 16}
#: Filters on animations; those on normals and colours are of no use to a take.
FILTERS = ("NONE", "QUATERNION", "EXPONENTIAL")


def decode_view(data: bytes, how: dict[str, Any], name: str) -> bytes:
    """The bytes that a packed view stands for.

    Parameters
    ----------
    data : bytes
        The packed stream.
    how : dict
        The extension's own object: count, byteStride, mode, filter.
    name : str
        The file's name, for messages.

    Raises
    ------
    FacemocapError
        When the stream is damaged, or packed in a way that no animation is.
    """
    count, stride = how.get("count"), how.get("byteStride")
    mode, after = how.get("mode"), how.get("filter", "NONE")
    if mode != "ATTRIBUTES" or after not in FILTERS:
        raise FacemocapError(
            f'"{name}" packs its animation as {mode} with the filter {after}, which is not read',
            "Export it without compression",
        )
    if not isinstance(count, int) or not isinstance(stride, int):
        raise _damaged(name, "packed elements have no number or size")
    if count < 1 or stride % 4 or not 4 <= stride <= _BLOCK_ELEMENTS:
        raise _damaged(name, f"{count!r:.20} packed elements of {stride!r:.20} bytes")
    # a group of 16 elements takes two bits for each of their bytes at least
    if count * stride > 64 * len(data) + 4096:
        raise _damaged(name, f"{count * stride} bytes cannot come of {len(data)}")
    table = decode_attributes(data, count, stride, name)
    if after == "QUATERNION":
        if stride != 8:
            raise _damaged(name, "packed rotations have 8 bytes each")
        return _rotations(table.view("<i2")).astype("<i2").tobytes()
    if after == "EXPONENTIAL":
        return _exponents(table.view("<i4")).astype("<f4").tobytes()
    return table.tobytes()


def decode_attributes(data: bytes, count: int, stride: int, name: str) -> np.ndarray:
    """Elements ``(count, stride)`` uint8 of a packed stream.

    Raises
    ------
    FacemocapError
        When it is damaged or of a later version.
    """
    tail = max(stride, _LEAST_TAIL)
    if len(data) < 1 + tail:
        raise _damaged(name, "a packed stream ends too soon")
    if data[0] != _HEADER:
        version = data[0] - _HEADER
        if version == 1:
            raise FacemocapError(
                f'"{name}" is packed by version 1 of meshopt, which is not read',
                "Export it without compression, or with EXT_meshopt_compression",
            )
        raise _damaged(name, f"a packed stream begins with {data[0]}")
    source = np.frombuffer(data, np.uint8)
    last = source[len(data) - stride :].astype(np.uint8)
    end = len(data) - tail
    out = np.empty((count, stride), np.uint8)
    block = min(_BLOCK_BYTES // stride // _GROUP * _GROUP, _BLOCK_ELEMENTS)
    at = 1
    for start in range(0, count, block):
        number = min(block, count - start)
        for byte in range(stride):
            steps, at = _block(source, at, end, -(-number // _GROUP), name)
            # sums of bytes wrap by themselves
            run = np.cumsum(steps[:number], dtype=np.uint8)
            out[start : start + number, byte] = run + last[byte]
        last = out[start + number - 1].copy()
    if at != end:
        raise _damaged(name, "a packed stream has bytes left over")
    return out


def _block(source: np.ndarray, at: int, end: int, groups: int, name: str) -> tuple[np.ndarray, int]:
    """Differences ``(groups * 16,)`` uint8 of one byte, and where the next begin."""
    head = -(-groups // 4)
    if at + head > end:
        raise _damaged(name, "a packed stream ends too soon")
    widths = (source[at : at + head, None] >> np.array([0, 2, 4, 6], np.uint8)) & 3
    at += head
    found = np.zeros((groups, _GROUP), np.uint8)
    for group, width in enumerate(widths.ravel()[:groups].tolist()):
        if not width:
            continue
        after = at + _PACKED[width]
        if after > end:
            raise _damaged(name, "a packed stream ends too soon")
        packed = source[at:after]
        if width == 3:
            found[group] = packed
        else:
            found[group] = values = _unpacked(packed, width)
            whole = values == (3 if width == 1 else 15)
            more = int(whole.sum())
            if after + more > end:
                raise _damaged(name, "a packed stream ends too soon")
            found[group, whole] = source[after : after + more]
            after += more
        at = after
    flat = found.ravel()
    return (flat >> 1) ^ (np.uint8(0) - (flat & 1)), at


def _unpacked(packed: np.ndarray, width: int) -> np.ndarray:
    """16 numbers of 2 or 4 bits, the highest bits first."""
    shifts = np.array([6, 4, 2, 0] if width == 1 else [4, 0], np.uint8)
    return ((packed[:, None] >> shifts) & (3 if width == 1 else 15)).ravel()


def _rotations(table: np.ndarray) -> np.ndarray:
    """Quaternions ``(n, 4)`` of 16 bits: the largest part was left out, its place kept."""
    values = table.reshape(-1, 4).astype(np.int64)
    place, one = values[:, 3] & 3, values[:, 3] | 3
    parts = values[:, :3] / np.where(one == 0, 1, one)[:, None] / np.sqrt(2.0)
    largest = np.sqrt(np.maximum(0.0, 1.0 - (parts**2).sum(axis=1)))
    out = np.empty(values.shape)
    rows = np.arange(len(values))
    for step, part in enumerate((largest, *parts.T)):
        out[rows, (place + step) % 4] = np.rint(np.clip(part, -1, 1) * 32767)
    return out


def _exponents(table: np.ndarray) -> FloatArray:
    """Numbers of a mantissa of 24 bits and an exponent of 8."""
    mantissa = (table << 8) >> 8
    return np.ldexp(mantissa.astype(np.float64), table >> 24)


def _damaged(name: str, problem: str) -> FacemocapError:
    return FacemocapError(f'"{name}" is damaged: {problem}', _EXPORT_AGAIN)
