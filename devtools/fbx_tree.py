# SPDX-License-Identifier: GPL-3.0-or-later
"""Binary FBX files as trees of records that can be changed and written again.

A record is where it ends, how many values it has and in how many bytes, its name, the values and
the records within it; a list of records ends with one of noughts. Arrays may be packed.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

MAGIC = b"Kaydara FBX Binary  \x00\x1a\x00"
#: From this version on records have 64-bit places.
WIDE = 7500
_NUMBERS = {"Y": "<h", "C": "<B", "I": "<i", "F": "<f", "D": "<d", "L": "<q"}
_ARRAYS = {"f": "<f4", "d": "<f8", "l": "<i8", "i": "<i4", "b": "<u1", "c": "<u1"}
_FOOT = bytes.fromhex("fabcab09d0c8d466b1767bf83bc6d2e0")
_TAIL = bytes.fromhex("f85a8c6adef5d97eece90ce3758f290b")


@dataclass
class Value:
    """A value of a record: its kind's letter, and a number, bytes or an array.

    ``claims`` is what an array says of itself instead: length, packed or not, bytes.
    """

    kind: str
    value: Any
    claims: tuple[int, int, int] | None = None


@dataclass
class Record:
    """A record."""

    name: str
    values: list[Value] = field(default_factory=list[Value])
    inner: list[Record] = field(default_factory=list["Record"])
    has_list: bool = False

    def walk(self) -> Iterator[Record]:
        """The record itself and all within it."""
        yield self
        for each in self.inner:
            yield from each.walk()


def record(name: str, *values: Any, inner: Sequence[Record] = ()) -> Record:
    """A record of plain values: texts, floats, whole numbers (64-bit from 2**31 on) and arrays."""
    return Record(name, [_value(each) for each in values], list(inner), bool(inner))


def _value(value: Any) -> Value:
    if isinstance(value, Value):
        return value
    if isinstance(value, str):
        return Value("S", value.encode())
    if isinstance(value, bytes):
        return Value("R", value)
    if isinstance(value, np.ndarray):
        letters = {"<f4": "f", "<f8": "d", "<i8": "l", "<i4": "i"}
        return Value(letters[value.dtype.str], value)
    if isinstance(value, float):
        return Value("D", value)
    return Value("I" if abs(value) < 1 << 31 else "L", value)


def parse(data: bytes) -> tuple[int, list[Record]]:
    """Version and records of a sound file."""
    if not data.startswith(MAGIC):
        raise ValueError("no binary FBX")
    version = struct.unpack_from("<I", data, 23)[0]
    records, _at = _parse_list(data, 27, version)
    return version, records


def _head(version: int) -> struct.Struct:
    return struct.Struct("<QQQB" if version >= WIDE else "<IIIB")


def _parse_list(data: bytes, at: int, version: int) -> tuple[list[Record], int]:
    head, found = _head(version), list[Record]()
    while True:
        end, number, _size, letters = head.unpack_from(data, at)
        at += head.size
        if not end:
            return found, at
        own = Record(data[at : at + letters].decode("latin-1"))
        at += letters
        for _ in range(number):
            value, at = _parse_value(data, at)
            own.values.append(value)
        if at < end:
            own.has_list = True
            own.inner, at = _parse_list(data, at, version)
        found.append(own)


def _parse_value(data: bytes, at: int) -> tuple[Value, int]:
    kind = chr(data[at])
    at += 1
    if kind in _NUMBERS:
        form = struct.Struct(_NUMBERS[kind])
        return Value(kind, form.unpack_from(data, at)[0]), at + form.size
    if kind in _ARRAYS:
        length, packed, size = struct.unpack_from("<III", data, at)
        at += 12
        dtype = np.dtype(_ARRAYS[kind])
        raw = data[at : at + (size if packed else length * dtype.itemsize)]
        body = zlib.decompress(raw) if packed else raw
        return Value(kind, np.frombuffer(body, dtype)), at + len(raw)
    length = struct.unpack_from("<I", data, at)[0]
    return Value(kind, data[at + 4 : at + 4 + length]), at + 4 + length


def write(version: int, records: Sequence[Record], *, packed: bool = True) -> bytes:
    """The file of these records."""
    out = bytearray(MAGIC + struct.pack("<I", version))
    for each in records:
        _write_record(out, each, version, packed=packed)
    out += bytes(_head(version).size)
    out += _FOOT + bytes(4) + bytes(-len(out) % 16) + struct.pack("<I", version) + bytes(120)
    return bytes(out + _TAIL)


def _write_record(out: bytearray, own: Record, version: int, *, packed: bool) -> None:
    head, begin = _head(version), len(out)
    out += bytes(head.size) + own.name.encode("latin-1")
    first = len(out)
    for value in own.values:
        out += _value_bytes(value, packed=packed)
    size = len(out) - first
    for each in own.inner:
        _write_record(out, each, version, packed=packed)
    if own.inner or own.has_list:
        out += bytes(head.size)
    head.pack_into(out, begin, len(out), len(own.values), size, len(own.name))


def _value_bytes(own: Value, *, packed: bool) -> bytes:
    letter = own.kind.encode()
    if own.kind in _NUMBERS:
        return letter + struct.pack(_NUMBERS[own.kind], own.value)
    if own.kind in _ARRAYS:
        raw = own.value.astype(_ARRAYS[own.kind]).tobytes()
        body = zlib.compress(raw, 1) if packed else raw
        claims = own.claims or (len(own.value), int(packed), len(body))
        return letter + struct.pack("<III", *claims) + body
    return letter + struct.pack("<I", len(own.value)) + own.value
