# SPDX-License-Identifier: GPL-3.0-or-later
"""MikuMikuDance motions: what their sections hold.

Little-endian: a magic of 30 bytes, the model's name (20 bytes, 10 in the first version), then
counted records: bones (111 bytes each), face morphs (23), camera (61), lights (28), shadows (9)
and switches. Programs leave out the last sections; nothing else may be missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..arrays import FloatArray, IntArray
from ..errors import FacemocapError

MAGIC = b"Vocaloid Motion Data"
#: Frames a second that every motion counts in.
RATE_HZ = 30
_HEADER_BYTES = 30
_BONE = np.dtype({"names": ["name"], "formats": ["S15"], "offsets": [0], "itemsize": 111})
_MORPH = np.dtype(
    {
        "names": ["name", "frame", "weight"],
        "formats": ["S15", "<u4", "<f4"],
        "offsets": [0, 15, 19],
        "itemsize": 23,
    }
)
_LATER = (("camera", 61), ("light", 28), ("shadow", 9))
_SWITCH_BYTES, _SWITCHED_BYTES = 9, 21
_COPY_AGAIN = "Export or copy the motion again"


@dataclass(frozen=True)
class Morph:
    """Keys of one face morph, rising in frames.

    Attributes
    ----------
    name : str
        As far as the 15 bytes of the file go.
    frames : (k,) int64
    weights : (k,) float64
    doubled : int
        Keys that were left out because a later one stands on the same frame.
    """

    name: str
    frames: IntArray
    weights: FloatArray
    doubled: int = 0


@dataclass(frozen=True)
class Motion:
    """What a motion holds.

    Attributes
    ----------
    model : str
        The model that it was made for.
    bones : dict of str to int
        Number of keys of each bone.
    morphs : tuple of Morph
        In the order in which the file first names them.
    keys : int
        Morph keys in the file.
    unsound : int
        Of these, keys whose weight is no number; they are left out.
    later : dict of str to int
        Number of camera, light and shadow keys.
    """

    model: str
    bones: dict[str, int]
    morphs: tuple[Morph, ...]
    keys: int
    unsound: int
    later: dict[str, int]


def read_motion(data: bytes, name: str) -> Motion:
    """The motion of a file's bytes; ``name`` is for messages.

    Raises
    ------
    FacemocapError
        When a section says that it holds more than is there.
    """
    model_bytes = 10 if data[: len(MAGIC) + 5].endswith(b" file") else 20
    start = _HEADER_BYTES + model_bytes
    if len(data) < start:
        raise FacemocapError(f'"{name}" is cut off in its first line', _COPY_AGAIN)
    model = text_of(data[_HEADER_BYTES:start])
    bones, at = _records(data, start, _BONE, "bone", name)
    keys, at = _records(data, at, _MORPH, "morph", name)
    later: dict[str, int] = {}
    for what, size in _LATER:
        if at == len(data):
            break
        number, at = _section(data, at, size, what, name)
        later[what] = number
    _check_switches(data, at, name)
    names, counts = np.unique(bones["name"], return_counts=True)
    per_bone: dict[str, int] = {}
    for raw, count in zip(names.tolist(), counts.tolist(), strict=True):
        text = text_of(raw)
        per_bone[text] = per_bone.get(text, 0) + count
    morphs = tuple(_morphs(keys))
    unsound = int((~np.isfinite(keys["weight"])).sum())
    return Motion(model, per_bone, morphs, len(keys), unsound, later)


def text_of(raw: bytes) -> str:
    """A name of the file: Shift-JIS up to the first nought, a character cut in two left out."""
    raw = raw.split(b"\0", 1)[0]
    try:
        text = raw.decode("cp932")
    except UnicodeDecodeError as problem:
        cut = problem.start == len(raw) - 1
        text = raw[:-1].decode("cp932", "replace") if cut else raw.decode("cp932", "replace")
    return "".join(letter if letter.isprintable() else "�" for letter in text).strip()


def _section(data: bytes, at: int, size: int, what: str, name: str) -> tuple[int, int]:
    """Number of a section's records, and where the next section begins."""
    if at + 4 > len(data):
        raise FacemocapError(f'"{name}" is cut off before its {what} keys', _COPY_AGAIN)
    number = int.from_bytes(data[at : at + 4], "little")
    there = (len(data) - at - 4) // size
    if number > there:
        raise FacemocapError(
            f'"{name}" is cut off: {there} of {number} {what} keys are complete', _COPY_AGAIN
        )
    return number, at + 4 + number * size


def _records(data: bytes, at: int, kind: np.dtype, what: str, name: str) -> tuple[np.ndarray, int]:
    number, end = _section(data, at, kind.itemsize, what, name)
    return np.frombuffer(data, kind, number, at + 4) if number else np.zeros(0, kind), end


def _check_switches(data: bytes, at: int, name: str) -> None:
    """Refuse a file whose last section is cut."""
    if at == len(data):
        return
    number, _ = _section(data, at, _SWITCH_BYTES, "switch", name)
    at += 4
    for done in range(number):
        count = int.from_bytes(data[at + 5 : at + 9], "little")
        at += _SWITCH_BYTES + count * _SWITCHED_BYTES
        if at > len(data):
            raise FacemocapError(
                f'"{name}" is cut off: {done} of {number} switch keys are complete', _COPY_AGAIN
            )


def _morphs(keys: np.ndarray) -> Iterator[Morph]:
    keys = keys[np.isfinite(keys["weight"])]
    found: dict[str, list[np.ndarray]] = {}
    # what follows the nought is refuse: names are alike if their letters are
    _, first, place = np.unique(keys["name"], return_index=True, return_inverse=True)
    order = np.argsort(place, kind="stable")
    ends = np.cumsum(np.bincount(place, minlength=len(first)))[:-1]
    groups = np.split(order, ends) if len(keys) else []
    for rows in sorted(groups, key=lambda each: int(each[0])):
        found.setdefault(text_of(bytes(keys["name"][rows[0]])), []).append(rows)
    for text, parts in found.items():
        rows = np.sort(np.concatenate(parts))
        rows = rows[np.argsort(keys["frame"][rows], kind="stable")]
        frames = keys["frame"][rows].astype(np.int64)
        # of keys on one frame the last of the file stands
        last = np.append(np.diff(frames) > 0, True)
        yield Morph(
            text or "(no name)",
            frames[last],
            keys["weight"][rows][last].astype(np.float64),
            int((~last).sum()),
        )
