# SPDX-License-Identifier: GPL-3.0-or-later
"""What the shapes and bones of an FBX file move, read without an importer.

Importers of Blender before 5.2 write past the end of a mesh when a shape or a bone names a vertex
that the mesh has not, and take Blender along. So these numbers are looked at first. Of the file
no more is read than that takes: records say where they end, so that all others are stepped over.

A binary record is where it ends, how many values it has and in how many bytes, its name, its
values, and the records within it up to one of noughts. Arrays are numbers or packed numbers.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ..errors import FacemocapError

_MAGIC = b"Kaydara FBX Binary"
_FIRST_RECORD = 27
#: From this version on places have 64 bits.
_WIDE = 7500
_NUMBERS = {b"Y": "<h", b"C": "<B", b"B": "<B", b"I": "<i", b"F": "<f", b"D": "<d", b"L": "<q"}
_ARRAYS = {b"f": "<f4", b"d": "<f8", b"l": "<i8", b"i": "<i4", b"b": "<u1", b"c": "<u1"}
_PIECE_BYTES = 1 << 20
_HOLDERS = frozenset(("Geometry", "Model", "Deformer"))
_LINKS = frozenset(("C", "Connect"))
_SHAPE = "Shape"
_MOST_STEPS = 16
_EXPORT_AGAIN = "Export or copy it again"

Key = int | bytes


class Bounds(NamedTuple):
    """How many numbers there are, the smallest and the largest."""

    number: int
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Moved:
    """Vertices that a shape or a bone moves.

    Attributes
    ----------
    key : int or bytes
        Its own number, or name in old files.
    name : str
    bounds : Bounds
        Of the numbers of its vertices.
    """

    key: Key
    name: str
    bounds: Bounds


@dataclass(slots=True)
class Meshes:
    """What was found.

    Attributes
    ----------
    vertices : dict of int or bytes to int
        How many each mesh has.
    moved : list of Moved
    above : dict of int or bytes to list
        What each thing belongs to.
    """

    vertices: dict[Key, int] = field(default_factory=dict[Key, int])
    moved: list[Moved] = field(default_factory=list[Moved])
    above: dict[Key, list[Key]] = field(default_factory=dict[Key, list[Key]])

    def limit(self, key: Key) -> int:
        """The first vertex that the mesh of a shape or bone has not; the largest mesh's if none."""
        seen, now = {key}, [key]
        for _ in range(_MOST_STEPS):
            found = [self.vertices[each] for each in now if each in self.vertices]
            if found:
                return min(found)
            now = [each for one in now for each in self.above.get(one, ()) if each not in seen]
            seen.update(now)
        return max(self.vertices.values(), default=0)


def check_moved_vertices(data: bytes, name: str) -> None:
    """Refuse a scene whose shapes or bones move vertices that their meshes have not.

    Parameters
    ----------
    data : bytes
        Binary or text.
    name : str
        The file's name, for messages.

    Raises
    ------
    FacemocapError
        Also when the records do not end where they say.
    """
    try:
        meshes = read_meshes(data)
    except _DamagedError:
        raise FacemocapError(
            f'"{name}" is damaged: its records do not end where they say', _EXPORT_AGAIN
        ) from None
    for each in meshes.moved:
        limit = meshes.limit(each.key)
        # not the other way about, for the sake of numbers that are none
        if each.bounds.number and not (each.bounds.low >= 0 and each.bounds.high < limit):
            raise FacemocapError(
                f'"{name}" is damaged: {_called(each.name)} moves vertices that its mesh has not',
                f"{_EXPORT_AGAIN}, or use Blender 5.2 or newer, which leaves them out",
            )


def read_meshes(data: bytes) -> Meshes:
    """Meshes, what moves them, and what belongs to what.

    Raises
    ------
    ValueError
        When the records do not end where they say.
    """
    top = _binary_records(data) if data.startswith(_MAGIC) else _text_records(data)
    meshes = Meshes()
    for record in top:
        if record.name == "Objects":
            for own in record.inner():
                if own.name in _HOLDERS:
                    _add_holder(meshes, own)
        elif record.name in ("Connections", "Relations"):
            for own in record.inner():
                if own.name in _LINKS:
                    _add_link(meshes, own)
    return meshes


class _DamagedError(ValueError):
    """A record that is not whole."""


class _Record:
    """A record; values and inner records are read when they are asked for."""

    name: str = ""

    def values(self) -> Sequence[Key | None]:
        """Whole numbers and texts, None for anything else."""
        raise NotImplementedError

    def bounds(self) -> Bounds:
        """Of all numbers that are values of it."""
        raise NotImplementedError

    def inner(self) -> Iterator[_Record]:
        """Records within it."""
        raise NotImplementedError


def _add_holder(meshes: Meshes, own: _Record) -> None:
    """A mesh, a shape or a bone's share of a mesh."""
    values = own.values()
    key = values[0] if values else None
    if key is None:
        return
    name = next((each for each in values if isinstance(each, bytes)), b"")
    vertices = indices = None
    for each in own.inner():
        if each.name == "Vertices":
            vertices = each.bounds().number // 3
        elif each.name == "Indexes":
            indices = each.bounds()
        elif each.name == _SHAPE:
            # as old files have it: shapes within the mesh itself
            for inner in each.inner():
                if inner.name == "Indexes":
                    shape = each.values()
                    label = shape[0] if shape and isinstance(shape[0], bytes) else name
                    meshes.moved.append(Moved(key, _label(label), inner.bounds()))
    if indices is not None:
        meshes.moved.append(Moved(key, _label(name), indices))
    elif vertices is not None and _SHAPE.encode() not in values[1:]:
        meshes.vertices[key] = vertices


def _add_link(meshes: Meshes, own: _Record) -> None:
    values = own.values()
    if len(values) >= 3 and values[0] == b"OO":
        child, parent = values[1:3]
        if child is not None and parent is not None:
            meshes.above.setdefault(child, []).append(parent)


def _called(name: str) -> str:
    return f'"{name}"' if name else "a bone"


def _label(name: bytes) -> str:
    """A name without its class."""
    name = name.split(b"\0\x01")[0]
    return name.rpartition(b"::")[2].decode("utf-8", "replace")


# ---------------------------------------------------------------- binary


def _binary_records(data: bytes) -> Iterator[_Record]:
    if len(data) < _FIRST_RECORD:
        raise _DamagedError
    version = struct.unpack_from("<I", data, _FIRST_RECORD - 4)[0]
    head = struct.Struct("<QQQB" if version >= _WIDE else "<IIIB")
    yield from _binary_list(data, head, _FIRST_RECORD, len(data))


def _binary_list(data: bytes, head: struct.Struct, at: int, end: int) -> Iterator[_Record]:
    """Records between two places."""
    while at + head.size <= end:
        own_end, number, size, letters = head.unpack_from(data, at)
        if not own_end:
            return
        first = at + head.size + letters
        if not first + size <= own_end <= end:
            raise _DamagedError
        name = data[at + head.size : first].decode("latin-1")
        yield _BinaryRecord(data, head, name, number, first, first + size, own_end)
        at = own_end


class _BinaryRecord(_Record):
    """A record of a binary file: how many values it has, and where they begin and end."""

    def __init__(
        self, data: bytes, head: struct.Struct, name: str, number: int, *places: int
    ) -> None:
        self.name = name
        self._data, self._head, self._number = data, head, number
        self._first, self._last, self._end = places

    def inner(self) -> Iterator[_Record]:
        return _binary_list(self._data, self._head, self._last, self._end)

    def values(self) -> Sequence[Key | None]:
        found: list[Key | None] = []
        for kind, begin, end in self._places():
            if kind in (b"I", b"L", b"Y"):
                found.append(int.from_bytes(self._data[begin:end], "little", signed=True))
            else:
                found.append(self._data[begin:end] if kind in (b"S", b"R") else None)
        return found

    def bounds(self) -> Bounds:
        number, low, high = 0, np.inf, -np.inf
        for kind, begin, end in self._places():
            if kind in _NUMBERS:
                value = float(struct.unpack_from(_NUMBERS[kind], self._data, begin)[0])
                # a number that is none goes on being none
                number, low, high = number + 1, np.minimum(low, value), np.maximum(high, value)
            elif kind in _ARRAYS:
                own = _array_bounds(self._data[begin:end], np.dtype(_ARRAYS[kind]))
                number, low, high = number + own.number, *_wider((low, high), own)
        return Bounds(number, float(low), float(high))

    def _places(self) -> Iterator[tuple[bytes, int, int]]:
        """Kind of each value, and where it begins and ends; arrays with what they say of it."""
        data, at = self._data, self._first
        for _ in range(self._number):
            kind = data[at : at + 1]
            at += 1
            if kind in _NUMBERS:
                size = struct.calcsize(_NUMBERS[kind])
            elif kind in (b"S", b"R"):
                size = int.from_bytes(data[at : at + 4], "little")
                at += 4
            elif kind in _ARRAYS:
                size = 12 + int.from_bytes(data[at + 8 : at + 12], "little")
            else:
                raise _DamagedError
            if at + size > self._last:
                raise _DamagedError
            yield kind, at, at + size
            at += size


def _wider(bounds: tuple[float, float], own: Bounds) -> tuple[float, float]:
    if not own.number:
        return bounds
    return float(np.minimum(bounds[0], own.low)), float(np.maximum(bounds[1], own.high))


def _array_bounds(block: bytes, dtype: np.dtype[np.generic]) -> Bounds:
    """Bounds of an array that begins with its length, whether it is packed, and its bytes."""
    length, packed, _size = struct.unpack_from("<III", block)
    number, low, high = 0, np.inf, -np.inf
    rest = b""
    try:
        for piece in _unpacked(block[12:]) if packed else (block[12:],):
            body = rest + piece
            whole = min(len(body) // dtype.itemsize, length - number)
            numbers = np.frombuffer(body, dtype, whole).astype(np.float64)
            rest = body[whole * dtype.itemsize :]
            if whole:
                number += whole
                low = np.minimum(low, numbers.min())
                high = np.maximum(high, numbers.max())
            if number >= length:
                break
    except zlib.error:
        raise _DamagedError from None
    if number < length:
        raise _DamagedError
    return Bounds(number, float(low), float(high))


def _unpacked(packed: bytes) -> Iterator[bytes]:
    """Bytes out of packed ones, some at a time."""
    unpack = zlib.decompressobj()
    left = packed
    while left and not unpack.eof:
        yield unpack.decompress(left, _PIECE_BYTES)
        left = unpack.unconsumed_tail


# ---------------------------------------------------------------- text

#: Longer runs of numbers are arrays and no keys.
_FEW_BYTES = 80
_TOKEN = re.compile(
    rb';[^\n]*|"(?P<text>[^"]*)"|(?P<name>[A-Za-z_][\w|]*)[ \t]*:|(?P<brace>[{}])'
    rb"|\*[ \t]*(?P<length>\d+)|(?P<numbers>[-+.\d][-+.\d,\s]*(?:[eE][-+]?\d[-+.\d,\s]*)*)"
)


class _TextRecord(_Record):
    """A record of a text file."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.records: list[_TextRecord] = []
        self.texts: list[bytes | Key] = []
        self.numbers: list[bytes] = []

    def inner(self) -> Iterator[_Record]:
        return iter(self.records)

    def values(self) -> Sequence[Key | None]:
        return self.texts

    def bounds(self) -> Bounds:
        number, low, high = 0, np.inf, -np.inf
        # the numbers of an array are in a record of its own, called a
        for run in [*self.numbers, *(run for each in self.records for run in each.numbers)]:
            words = run.replace(b",", b" ").split()
            try:
                values = np.array([float(word) for word in words])
            except ValueError:
                raise _DamagedError from None
            if len(values):
                own = Bounds(len(values), float(values.min()), float(values.max()))
                number, low, high = number + own.number, *_wider((low, high), own)
        return Bounds(number, float(low), float(high))


def _text_records(data: bytes) -> Iterator[_Record]:
    """Records of a text file, all of them: it does not say where any of them ends."""
    root = _TextRecord("")
    stack = [root]
    own = root
    for token in _TOKEN.finditer(data):
        kind = token.lastgroup
        if kind == "name":
            own = _TextRecord(token["name"].decode("ascii"))
            stack[-1].records.append(own)
        elif kind == "text":
            own.texts.append(token["text"])
        elif kind == "numbers":
            own.numbers.append(token["numbers"])
            if len(token["numbers"]) < _FEW_BYTES:
                words = token["numbers"].replace(b",", b" ").split()
                own.texts += [int(word) for word in words if word.lstrip(b"-").isdigit()]
        elif kind == "brace":
            if token["brace"] == b"{":
                stack.append(own)
            elif len(stack) > 1:
                stack.pop()
            own = stack[-1]
    if len(stack) > 1:
        raise _DamagedError
    return root.inner()
