# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys and hand edits as bytes, bit for bit, and back."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .finding import MARK, Edit
from .keys import KEY

_KINDS = {"key": KEY, "mark": MARK}


def pack(document: Any, arrays: Sequence[NDArray[np.void]]) -> bytes:
    """A JSON document and arrays of keys or marks, which it may name by their numbers."""
    kinds = [["mark" if array.dtype == MARK else "key", len(array)] for array in arrays]
    head = json.dumps([document, kinds], ensure_ascii=False).encode()
    parts = [len(head).to_bytes(4, "little"), head, *(array.tobytes() for array in arrays)]
    return zlib.compress(b"".join(parts), 1)


def unpack(data: bytes) -> tuple[Any, list[NDArray[np.void]]]:
    """What `pack` packed.

    Raises
    ------
    ValueError
        When the bytes are not whole.
    """
    try:
        whole = zlib.decompress(data)
        start = 4 + int.from_bytes(whole[:4], "little")
        document, kinds = json.loads(whole[4:start])
        arrays: list[NDArray[np.void]] = []
        for kind, count in kinds:
            arrays.append(np.frombuffer(whole, _KINDS[kind], count, start))
            start += count * _KINDS[kind].itemsize
    except (zlib.error, KeyError, TypeError) as problem:
        raise ValueError("not what was packed") from problem
    return document, arrays


def edits_to_parts(edits: Sequence[Edit], arrays: list[NDArray[np.void]]) -> list[Any]:
    """Edits as JSON values; their arrays join ``arrays``."""

    def numbered(strand: Sequence[NDArray[np.void]]) -> list[int]:
        arrays.extend(strand)
        return list(range(len(arrays) - len(strand), len(arrays)))

    return [
        [edit.first, edit.last, numbered(edit.found), numbered(edit.base), numbered(edit.marks)]
        for edit in edits
    ]


def edits_from_parts(parts: Sequence[Any], arrays: Sequence[NDArray[np.void]]) -> tuple[Edit, ...]:
    """What `edits_to_parts` made of edits."""

    def numbered(numbers: Sequence[int]) -> tuple[NDArray[np.void], ...]:
        return tuple(arrays[number] for number in numbers)

    return tuple(
        Edit(first, last, numbered(found), numbered(base), numbered(marks))
        for first, last, found, base, marks in parts
    )
