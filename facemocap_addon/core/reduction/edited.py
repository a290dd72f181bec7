# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand edits laid onto curves with few keys.

On a curve with a key on each frame an edit is laid key by key (`hand_edits.merging`). Where keys
are few that would bend what lies between them: here the sum is sampled, and reduced within the
edit's span alone. Where the program's curve is what it was beneath the edit, the keys are put back
as found.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..arrays import FloatArray
from ..curves import HANDLE, INTERPOLATION, KEY_TYPE
from ..hand_edits.finding import Edit, Strand, lined_up
from ..hand_edits.keys import SAME_KEY, Keys, around, evaluate, keys_of, near
from ..hand_edits.merging import Compose, artists_keys
from .reduce import HOLD, reduce_curves


@dataclass(frozen=True)
class Dense:
    """What reduced curves that belong together stand for.

    Attributes
    ----------
    frames : (n,) float64
    values : (n, c) float64
    tolerance : (n, c) float64
    """

    frames: FloatArray
    values: FloatArray
    tolerance: FloatArray


def add_on_few(machine: Strand, dense: Dense, edits: Sequence[Edit], compose: Compose) -> Strand:
    """The program's reduced curves with edits on top; parameters as `merging.add_edits`.

    ``dense`` is what they were reduced from.
    """
    out = machine
    rest: list[Edit] = []
    for edit in edits:
        if _is_beneath(machine, edit):
            out = tuple(
                _spliced(keys, edit.found[place], edit.first, edit.last)
                for place, keys in enumerate(out)
            )
        else:
            rest.append(edit)
    for group in _together(machine, rest):
        out = _laid(machine, out, dense, group, compose)
    return out


def keep_on_few(machine: Strand, edits: Sequence[Edit]) -> tuple[Strand, tuple[Edit, ...]]:
    """The program's reduced curves, and within edits the curves as found.

    As `merging.keep_edits`; a frame beyond each end of an edit the curve is the new result again.
    """
    out: list[Keys] = []
    for place, keys in enumerate(machine):
        curve = keys
        for edit in edits:
            piece = edit.found[place]
            for at, way in ((edit.first, -1.0), (edit.last, 1.0)):
                end = piece[0 if way < 0 else -1]
                own = keys[near(keys["frame"], np.array([at]))]
                if len(own) and own["value"][0] == end["value"]:
                    continue
                curve = _split(curve, at + way, evaluate(keys, np.array([at + way])))
            curve = _spliced(curve, piece, edit.first, edit.last)
        out.append(curve)
    told = tuple(
        replace(edit, base=tuple(around(keys, edit.first, edit.last) for keys in machine))
        for edit in edits
    )
    return tuple(out), told


def _is_beneath(machine: Strand, edit: Edit) -> bool:
    """Whether the program's curve is to the bit what the edit was made on."""
    return all(
        np.array_equal(around(keys, edit.first, edit.last), base)
        for keys, base in zip(machine, edit.base, strict=True)
    )


def _spliced(keys: Keys, piece: Keys, first: float, last: float) -> Keys:
    """Keys with others from ``first`` to ``last``; what leaves the stretch is as it was."""
    piece = piece.copy()
    before = keys[keys["frame"] < np.float32(first) - SAME_KEY]
    after = keys[keys["frame"] > np.float32(last) + SAME_KEY]
    for row, side, outside in ((0, "left", before), (-1, "right", after)):
        own = keys[near(keys["frame"], np.array([float(piece["frame"][row])]))][:1]
        if not len(own) or not len(outside) or own["value"][0] != piece["value"][row]:
            continue
        if side == "right":
            piece["interpolation"][row] = own["interpolation"][0]
        if lined_up(own[side][0], piece[side][row]):
            continue
        piece[side][row] = own[side][0]
        # handles of two origins lie on no line
        piece["left_type"][row] = piece["right_type"][row] = HANDLE["FREE"]
    return np.concatenate([before, piece, after])


def _split(keys: Keys, at: float, value: FloatArray) -> Keys:
    """One more key on a curve that goes on as it went; none beyond its ends."""
    frames = keys["frame"]
    if not frames[0] < at < frames[-1] or near(np.array([at]), frames)[0]:
        return keys
    place = int(np.searchsorted(frames, at))
    first, last = keys[place - 1].copy(), keys[place].copy()
    made = first.copy()
    made["frame"], made["value"] = at, value[0]
    made["type"] = KEY_TYPE["GENERATED"]
    if first["interpolation"] == INTERPOLATION["BEZIER"]:
        corner = _corners(first, last)
        share = (at - corner[0, 0]) / (corner[3, 0] - corner[0, 0])
        one = corner[:-1] + share * np.diff(corner, axis=0)
        two = one[:-1] + share * np.diff(one, axis=0)
        first["right"], made["left"] = one[0], two[0]
        made["right"], last["left"] = two[1], one[2]
        made["left_type"] = made["right_type"] = HANDLE["FREE"]
        # shorter handles are to stay where they are
        for key in (first, last):
            key["left_type"] = key["right_type"] = HANDLE["FREE"]
    return np.concatenate([keys[: place - 1], [first, made, last], keys[place + 1 :]])


def _corners(first: Keys, last: Keys) -> FloatArray:
    """Points ``(4, 2)`` of the Bezier between two keys."""
    begin, end = ([float(key["frame"]), float(key["value"])] for key in (first, last))
    return np.array([begin, first["right"], last["left"], end], np.float64)


def _together(machine: Strand, edits: Sequence[Edit]) -> list[list[Edit]]:
    """Edits whose spans reach into the same stretch between keys."""
    out: list[list[Edit]] = []
    end = -np.inf
    for edit in edits:
        first, last = _reach(machine, edit)
        if out and first < end:
            out[-1].append(edit)
        else:
            out.append([edit])
        end = max(end, last)
    return out


def _reach(machine: Strand, edit: Edit) -> tuple[float, float]:
    """From the last key that all curves have before an edit to the first behind it."""
    shared = machine[0]["frame"]
    before, after = shared[shared <= np.float32(edit.first)], shared[shared >= edit.last]
    low = float(before[-1]) if len(before) else edit.first
    return low, float(after[0]) if len(after) else edit.last


def _laid(
    machine: Strand, out: Strand, dense: Dense, edits: Sequence[Edit], compose: Compose
) -> Strand:
    """The curves with some edits that share a stretch."""
    ends = [_reach(machine, edit) for edit in edits]
    first, last = min(low for low, _ in ends), max(high for _, high in ends)
    artists = [
        np.concatenate([e.found[c][artists_keys(e.found[c], e.marks[c])] for e in edits])
        for c in range(len(machine))
    ]
    own = np.unique(np.concatenate([keys["frame"] for keys in artists]))
    frames = _sampled(dense.frames, first, last, own, edits)
    values = _between(dense.frames, dense.values, frames)
    for edit in edits:
        rows = (frames >= edit.first) & (frames <= edit.last)
        found = np.stack([evaluate(keys, frames[rows]) for keys in edit.found], axis=1)
        base = np.stack([evaluate(keys, frames[rows]) for keys in edit.base], axis=1)
        values[rows] = compose(values[rows], found, base)
    tolerance = _between(dense.frames, dense.tolerance, frames)
    count = len(machine)
    made = reduce_curves(
        frames, values, tolerance, forced=[own.tolist()] * count, groups=[list(range(count))],
        hold=HOLD,
    ).curves  # fmt: skip
    curves: list[Keys] = []
    for place, keys in enumerate(out):
        piece = keys_of(made[place].to_curve(""))
        mine = artists[place][np.unique(artists[place]["frame"], return_index=True)[1]]
        _shared, here, there = np.intersect1d(piece["frame"], mine["frame"], return_indices=True)
        piece["type"][here] = mine["type"][there]
        curves.append(_spliced(keys, piece, first, last))
    return tuple(curves)


def _sampled(
    frames: FloatArray, first: float, last: float, own: FloatArray, edits: Sequence[Edit]
) -> FloatArray:
    """Frames ``(n,)`` of a stretch: the take's own, whole ones beyond it, and the artist's."""
    inside = frames[(frames >= first) & (frames <= last)]
    beyond: FloatArray = np.arange(math.ceil(first), math.floor(last) + 1.0)
    beyond = beyond[(beyond < frames[0]) | (beyond > frames[-1])]
    wanted = np.concatenate(
        [own, [first, last], *([edit.first, edit.last] for edit in edits)]
    ).astype(np.float32)
    wanted = np.unique(wanted.astype(np.float64))
    rest = np.union1d(inside, beyond).astype(np.float32).astype(np.float64)
    return np.union1d(wanted, rest[~near(rest, wanted)])


def _between(frames: FloatArray, table: FloatArray, at: FloatArray) -> FloatArray:
    """Rows of a table ``(n, c)`` at other frames, straight between, held beyond."""
    out = np.empty((len(at), table.shape[1]))
    for column in range(table.shape[1]):
        out[:, column] = np.interp(at, frames, table[:, column])
    return out
