# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of shape keys in binary FBX files, read without an importer: for checking exports.

A curve hangs on a curve node, that on the shape's channel, that on the mesh's blend shape, that on
its geometry, that on a model. Values are percent, times counts of 1/46186158000 s.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..errors import FacemocapError
from .motion import KeyedValues, Shape

#: Parts of a second in which FBX counts time.
TICKS_PER_SECOND = 46_186_158_000
_MAGIC = b"Kaydara FBX Binary"
_FIRST_RECORD, _WIDE = 27, 7500
_NUMBERS = {"Y": "<h", "C": "<?", "B": "<B", "I": "<i", "F": "<f", "D": "<d", "L": "<q"}
_ARRAYS = {"f": "<f4", "d": "<f8", "l": "<i8", "i": "<i4", "b": "<u1", "c": "<u1"}
_READ = frozenset(("AnimationCurve", "Deformer", "Geometry", "Model"))
_PERCENT = 100.0


@dataclass
class _Record:
    """A record: its name, its values and the records within it."""

    name: str
    values: list[Any]
    inner: list[_Record] = field(default_factory=list["_Record"])

    def value(self, name: str) -> Any:
        """The first value of an inner record; None where there is none."""
        return next((each.values[0] for each in self.inner if each.name == name), None)


def fbx_keys(data: bytes, name: str) -> tuple[dict[Shape, KeyedValues], FloatArray]:
    """Keys of all shapes of all meshes, 0..1 instead of per cent, and the times of all keys.

    Parameters
    ----------
    data : bytes
        A binary FBX file.
    name : str
        The file's, for messages.

    Raises
    ------
    FacemocapError
        When it is no binary FBX, or damaged.
    """
    try:
        return _keys(data)
    except (struct.error, zlib.error, IndexError, ValueError) as problem:
        raise FacemocapError(
            f'"{name}" is damaged or no binary FBX: {problem}', "Export it again"
        ) from problem


def _keys(data: bytes) -> tuple[dict[Shape, KeyedValues], FloatArray]:
    if not data.startswith(_MAGIC):
        raise ValueError("it begins otherwise")
    objects: dict[int, _Record] = {}
    links: list[tuple[int, int]] = []
    for record in _top(data):
        if record.name == "Objects":
            objects = {each.values[0]: each for each in record.inner}
        elif record.name == "Connections":
            links = [(each.values[1], each.values[2]) for each in record.inner]
    parents: dict[int, list[int]] = {}
    children: dict[int, list[int]] = {}
    for child, parent in links:
        parents.setdefault(child, []).append(parent)
        children.setdefault(parent, []).append(child)
    found: dict[Shape, KeyedValues] = {}
    for key, record in objects.items():
        if record.name != "Deformer" or record.values[-1] != "BlendShapeChannel":
            continue
        keyed = _keyed(record, _curve_of(key, children, objects))
        for mesh in _meshes_of(key, parents, objects):
            found[mesh, _label(record.values[1])] = keyed
    ticks = [r.value("KeyTime") for r in objects.values() if r.name == "AnimationCurve"]
    every = np.unique(np.concatenate(ticks)) if ticks else np.zeros(0, np.int64)
    return found, every / TICKS_PER_SECOND


def _curve_of(
    channel: int, children: dict[int, list[int]], objects: dict[int, _Record]
) -> _Record | None:
    """The curve of a shape's channel, over its curve node."""
    for node in children.get(channel, ()):
        for key in children.get(node, ()):
            record = objects.get(key)
            if record is not None and record.name == "AnimationCurve":
                return record
    return None


def _keyed(channel: _Record, curve: _Record | None) -> KeyedValues:
    if curve is None:
        still = channel.value("DeformPercent")
        return KeyedValues(np.zeros(0), np.array([float(still or 0.0) / _PERCENT]))
    ticks = np.asarray(curve.value("KeyTime"), np.int64)
    percent = np.asarray(curve.value("KeyValueFloat"), np.float64)
    return KeyedValues(ticks / TICKS_PER_SECOND, percent / _PERCENT)


def _meshes_of(
    channel: int, parents: dict[int, list[int]], objects: dict[int, _Record]
) -> Iterator[str]:
    """Names of the models that show the mesh of a shape's channel."""
    waiting = [channel]
    seen: set[int] = set()
    while waiting:
        key = waiting.pop()
        if key in seen:
            continue
        seen.add(key)
        record = objects.get(key)
        if record is not None and record.name == "Model":
            yield _label(record.values[1])
            continue
        waiting += parents.get(key, ())


def _label(name: str) -> str:
    """A name without its class."""
    return name.partition("\0\x01")[0]


def _top(data: bytes) -> Iterator[_Record]:
    """The records of the file that matter here."""
    version = int.from_bytes(data[_FIRST_RECORD - 4 : _FIRST_RECORD], "little")
    head = struct.Struct("<QQQB" if version >= _WIDE else "<IIIB")
    for name, first, number, values_end, end in _list(data, head, _FIRST_RECORD, len(data)):
        del first, number
        if name == "Connections":
            yield _Record(name, [], list(_records(data, head, values_end, end, 1)))
        elif name == "Objects":
            inner = [
                _Record(
                    own,
                    _values(data, at, count),
                    list(_records(data, head, last, stop, 2)) if own in _READ else [],
                )
                for own, at, count, last, stop in _list(data, head, values_end, end)
            ]
            yield _Record(name, [], inner)


def _records(data: bytes, head: struct.Struct, at: int, end: int, depth: int) -> Iterator[_Record]:
    """Records between two places; of those within them as many levels as ``depth`` says."""
    for name, first, number, values_end, stop in _list(data, head, at, end):
        inner = list(_records(data, head, values_end, stop, depth - 1)) if depth > 1 else []
        yield _Record(name, _values(data, first, number), inner)


def _list(
    data: bytes, head: struct.Struct, at: int, end: int
) -> Iterator[tuple[str, int, int, int, int]]:
    """Of each record its name, where its values begin, how many, where they and it end."""
    while at + head.size <= end:
        stop, number, size, letters = head.unpack_from(data, at)
        if not stop:
            return
        first = at + head.size + letters
        if not first + size <= stop <= end:
            raise ValueError("a record does not end where it says")
        yield data[at + head.size : first].decode("latin-1"), first, number, first + size, stop
        at = stop


def _values(data: bytes, at: int, number: int) -> list[Any]:
    out: list[Any] = []
    for _ in range(number):
        kind = data[at : at + 1].decode("latin-1")
        at += 1
        if kind in _NUMBERS:
            out.append(struct.unpack_from(_NUMBERS[kind], data, at)[0])
            at += struct.calcsize(_NUMBERS[kind])
        elif kind in "SR":
            size = int.from_bytes(data[at : at + 4], "little")
            out.append(data[at + 4 : at + 4 + size].decode("utf-8", "replace"))
            at += 4 + size
        else:
            length, packed, size = struct.unpack_from("<III", data, at)
            block = data[at + 12 : at + 12 + size]
            block = zlib.decompress(block) if packed else block
            out.append(np.frombuffer(block, _ARRAYS[kind], length))
            at += 12 + size
    return out
