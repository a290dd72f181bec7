# SPDX-License-Identifier: GPL-3.0-or-later
"""What the program wrote into an Action, kept in its record: by that hand edits are found.

The record travels with copies of the Action, and through saving bit for bit. A plain curve, as all
are that nobody edited, is kept as its values alone; curves share their frames.
"""

from __future__ import annotations

import array
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import bpy
import numpy as np

from ...core.arrays import FloatArray
from ...core.curves import KEY_TYPE, Curve
from ...core.hand_edits.finding import Edit
from ...core.hand_edits.keys import Keys, keys_of, plain_keys
from ...core.hand_edits.packing import edits_from_parts, edits_to_parts, pack, unpack
from .records import KEY

_WRITTEN = "written"

#: Path and index of a curve; and of curves that are edited as one.
Place = tuple[str, int]
Places = tuple[str, tuple[int, ...]]


@dataclass(frozen=True)
class WrittenCurve:
    """One curve: the program's own, and as it was written with hand edits where there are any."""

    frames: FloatArray
    values: FloatArray
    interpolation: int
    full_machine: Keys | None = None
    full_written: Keys | None = None

    @property
    def is_plain(self) -> bool:
        """Whether frames and values tell all of it."""
        return self.full_machine is None and self.full_written is None

    @property
    def machine(self) -> Keys:
        """The program's own keys."""
        if self.full_machine is not None:
            return self.full_machine
        return plain_keys(self.frames, self.values, self.interpolation)

    @property
    def written(self) -> Keys:
        """The keys that were written."""
        return self.machine if self.full_written is None else self.full_written


@dataclass
class Written:
    """What was written for one datablock, in the order of its curves.

    ``edits`` are the hand edits that are known, also those on curves that are not written now;
    ``gone`` are curves that were deleted by hand.
    """

    datablock: Any
    slots: list[int] = field(default_factory=list[int])
    curves: dict[Place, WrittenCurve] = field(default_factory=dict[Place, WrittenCurve])
    edits: dict[Places, tuple[Edit, ...]] = field(default_factory=dict[Places, "tuple[Edit, ...]"])
    gone: set[Place] = field(default_factory=set[Place])


def written_curve(curve: Curve, keys: Keys | None = None) -> WrittenCurve:
    """What to remember of a curve of the program, and of the keys written where they differ."""
    interpolation, key_type = curve.interpolation, curve.key_type
    if (
        isinstance(interpolation, int)
        and isinstance(key_type, int)
        and key_type == KEY_TYPE["GENERATED"]
        and curve.handles is None
    ):
        return WrittenCurve(curve.frames, curve.values, interpolation, None, keys)
    return WrittenCurve(curve.frames, curve.values, 0, keys_of(curve), keys)


def to_record(all_written: Iterable[Written]) -> list[dict[str, Any]]:
    """Plain values, fit for an ID property."""
    return [_to_record(written) for written in all_written]


def _to_record(written: Written) -> dict[str, Any]:
    shared: dict[bytes, int] = {}
    frames: list[FloatArray] = []
    values: list[FloatArray] = []
    curves: list[Any] = []
    arrays: list[Any] = []
    start = 0
    for (path, index), curve in written.curves.items():
        row: list[Any] = [path, index, len(curve.frames), curve.interpolation]
        digest = curve.frames.tobytes()
        if digest not in shared:
            shared[digest] = start
            frames.append(curve.frames)
            start += len(curve.frames)
        values.append(curve.values)
        row.append(shared[digest])
        for keys in (curve.full_machine, curve.full_written):
            row.append(None if keys is None else len(arrays))
            arrays += [] if keys is None else [keys]
        curves.append(row)
    edits = [
        [path, list(indices), edits_to_parts(found, arrays)]
        for (path, indices), found in written.edits.items()
    ]
    out: dict[str, Any] = {
        "datablock": written.datablock,
        "slots": list(written.slots),
        "curves": json.dumps(curves, ensure_ascii=False),
        "gone": json.dumps(sorted(written.gone), ensure_ascii=False),
    }
    if frames:
        out["frames"] = array.array("f", np.concatenate(frames).tobytes())
        out["values"] = array.array("f", np.concatenate(values).tobytes())
    if arrays:
        out["more"] = pack(edits, arrays)
    return out


def store_written(record: dict[str, Any], all_written: Iterable[Written]) -> None:
    """Put what was written into a record that is about to be kept."""
    record[_WRITTEN] = to_record(all_written)


def load_written(action: bpy.types.Action) -> list[Written] | None:
    """What was written into an Action, by datablock; None where nobody noted it."""
    items = action[KEY].get(_WRITTEN)
    if items is None:
        return None
    return [_load(item) for item in items if item.get("datablock") is not None]


def _load(item: Any) -> Written:
    edits, arrays = unpack(bytes(item["more"])) if "more" in item else ([], [])
    frames = _floats(item, "frames")
    values = _floats(item, "values")
    curves: dict[Place, WrittenCurve] = {}
    start = 0
    for path, index, count, interpolation, first, machine, written in json.loads(item["curves"]):
        curves[path, index] = WrittenCurve(
            frames[first : first + count],
            values[start : start + count],
            interpolation,
            None if machine is None else arrays[machine],
            None if written is None else arrays[written],
        )
        start += count
    return Written(
        item["datablock"],
        [int(handle) for handle in item["slots"]],
        curves,
        {(path, tuple(places)): edits_from_parts(parts, arrays) for path, places, parts in edits},
        {(path, index) for path, index in json.loads(item["gone"])},
    )


def _floats(item: Any, name: str) -> FloatArray:
    if name not in item:
        return np.zeros(0, np.float32)
    # a copy: the property's memory goes when the record is written anew
    return np.frombuffer(memoryview(item[name]), np.float32).copy()
