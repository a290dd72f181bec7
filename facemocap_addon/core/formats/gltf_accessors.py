# SPDX-License-Identifier: GPL-3.0-or-later
"""glTF accessors: rows of numbers out of the file's bytes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import FloatArray, IntArray
from .gltf_file import Gltf
from .json_values import as_dict

_TYPES = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
_INDEX_TYPES = (5121, 5123, 5125)
#: More numbers than any take of a face has.
_MOST_NUMBERS = 60_000_000
#: Numbers that an accessor without bytes of its own may have: they are all nought.
_MOST_NOUGHTS = 2_000_000


def read_accessor(gltf: Gltf, number: Any) -> FloatArray:
    """Rows ``(count, width)`` float64 of an accessor, normalised and sparse ones included.

    Raises
    ------
    FacemocapError
        When it reaches beyond its bytes, or is of no known kind.
    """
    entry = gltf.entry("accessors", number)
    code, shape = entry.get("componentType"), entry.get("type")
    code, shape = entry.get("componentType"), entry.get("type")
    if type(code) is not int or code not in _TYPES or str(shape) not in _WIDTHS:
        raise gltf.damaged(f"accessor {number} has type {code!r:.20} {shape!r:.20}")
    width = _WIDTHS[str(shape)]
    count = gltf.whole(entry, "count", None)
    if count * width > (_MOST_NUMBERS if "bufferView" in entry else _MOST_NOUGHTS):
        raise gltf.damaged(f"accessor {number} has {count} rows")
    if "bufferView" in entry:
        rows = _rows(gltf, entry, _TYPES[code], count, width)
    else:
        rows = np.zeros((count, width), _TYPES[code])
    if "sparse" in entry:
        rows = _with_sparse(gltf, as_dict(entry["sparse"]), rows)
    with np.errstate(invalid="ignore"):
        values = rows.astype(np.float64)
    if entry.get("normalized") is True and code != 5126:
        # the lowest signed number has no positive one: it means -1 as the next one does
        values = np.maximum(values / float(np.iinfo(rows.dtype).max), -1.0)
    return values


def _rows(gltf: Gltf, entry: dict[str, Any], kind: str, count: int, width: int) -> np.ndarray:
    """Rows ``(count, width)`` of a view's bytes in their own type."""
    number = entry["bufferView"]
    data = gltf.view(number)
    start = gltf.whole(entry, "byteOffset")
    size = np.dtype(kind).itemsize * width
    stride = _stride(gltf, number) or size
    if stride < size or (count and start + (count - 1) * stride + size > len(data)):
        raise gltf.damaged(f"{count} rows do not fit into view {number}")
    if not count:
        return np.zeros((0, width), kind)
    return np.ndarray((count, width), kind, data, start, (stride, np.dtype(kind).itemsize)).copy()


def _stride(gltf: Gltf, number: Any) -> int:
    """Bytes from row to row where a view says so, else nought."""
    view = gltf.entry("bufferViews", number)
    return gltf.whole(view, "byteStride")


def _with_sparse(gltf: Gltf, sparse: dict[str, Any], rows: np.ndarray) -> np.ndarray:
    """Rows of which some are replaced."""
    count = gltf.whole(sparse, "count", None)
    where, what = as_dict(sparse.get("indices")), as_dict(sparse.get("values"))
    code = where.get("componentType")
    if (
        count > len(rows)
        or type(code) is not int
        or code not in _INDEX_TYPES
        or "bufferView" not in where
    ):
        raise gltf.damaged("a sparse accessor has no places")
    if "bufferView" not in what:
        raise gltf.damaged("a sparse accessor has no values")
    places: IntArray = _rows(gltf, where, _TYPES[code], count, 1)[:, 0].astype(np.int64)
    if count and int(places.max()) >= len(rows):
        raise gltf.damaged("a sparse accessor reaches beyond its rows")
    rows[places] = _rows(gltf, what, rows.dtype.str, count, rows.shape[1])
    return rows
