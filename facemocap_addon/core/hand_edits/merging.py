# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand edits onto new curves of the program: added to them, or the artist's curve as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import BoolArray, FloatArray
from ..curves import INTERPOLATION
from ..rotations import continuous, from_vector, multiply, to_vector
from .finding import ADDED, CHANGED, MOVED, Edit, Marks, Strand
from .keys import SAME_KEY, Keys, around, evaluate, near, plain_keys, within

#: New values ``(n, c)`` from the program's new ones, those found and those beneath them.
Compose = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]


def add_edits(machine: Strand, edits: Sequence[Edit], compose: Compose) -> Strand:
    """The program's new curves with the edits on top.

    Every key of an edit is a key of the result. So are the program's own keys within its span,
    moved by the edit's value there.

    Parameters
    ----------
    machine : tuple of (m,) Keys
    edits : sequence of Edit
    compose : callable
        `add_numbers`, `turn_quaternions` or `turn_axis_angles`.
    """
    if not edits:
        return machine
    artists = [_artists(edits, place) for place in range(len(machine))]
    frames = _layout(machine, edits, artists)
    before = np.stack([evaluate(keys, frames) for keys in machine], axis=1)
    values = before.copy()
    for edit in edits:
        # edits that share an end have one value there, so the order does not matter
        rows = (frames >= edit.first) & (frames <= edit.last)
        found = _values(edit.found, frames[rows])
        values[rows] = compose(before[rows], found, _values(edit.base, frames[rows]))
    return tuple(
        _dressed(frames, values[:, place], machine[place], artists[place])
        for place in range(len(machine))
    )


def keep_edits(machine: Strand, edits: Sequence[Edit]) -> tuple[Strand, tuple[Edit, ...]]:
    """The program's new curves, and within the edits' spans the curves as they were found.

    Returns
    -------
    curves : tuple of (m,) Keys
    edits : tuple of Edit
        The same, told from what now lies beneath them.
    """
    out: list[Keys] = []
    for place, keys in enumerate(machine):
        rest = np.ones(len(keys), np.bool_)
        pieces: list[Keys] = []
        for edit in edits:
            pieces += [edit.found[place], _held_ends(edit, place, keys)]
            rest &= (keys["frame"] < edit.first) | (keys["frame"] > edit.last)
        kept = _unique(np.concatenate(pieces)) if pieces else keys[:0]
        own = keys[rest]
        own = own[~near(own["frame"], kept["frame"])]
        out.append(np.sort(np.concatenate([kept, own]), order="frame"))
    told = tuple(
        replace(edit, base=tuple(around(keys, edit.first, edit.last) for keys in machine))
        for edit in edits
    )
    return tuple(out), told


def _held_ends(edit: Edit, place: int, machine: Keys) -> Keys:
    """Keys that hold a kept curve's end value to the end of the span, where it has none itself.

    Needed where the artist deleted a curve's first or last key and the new curve reaches further.
    """
    found = edit.found[place]["frame"]
    frames: list[float] = []
    if found[0] > edit.first > machine["frame"][0]:
        frames.append(edit.first)
    if found[-1] < edit.last < machine["frame"][-1]:
        frames.append(edit.last)
    values = evaluate(edit.found[place], np.array(frames))
    return plain_keys(np.array(frames), values, INTERPOLATION["LINEAR"])


def artists_keys(found: Keys, marks: Marks) -> BoolArray:
    """Which of the keys found ``(m,)`` are the artist's."""
    mine = marks["frame"][np.isin(marks["kind"], (ADDED, CHANGED, MOVED))]
    return np.isin(found["frame"], mine)


# --- values --------------------------------------------------------------------------------------


def add_numbers(machine: FloatArray, found: FloatArray, base: FloatArray) -> FloatArray:
    """Numbers that simply add up."""
    return machine + (found - base)


def turn_quaternions(machine: FloatArray, found: FloatArray, base: FloatArray) -> FloatArray:
    """Unit quaternions ``(n, 4)``: the turn from ``base`` to ``found``, after the new one.

    The turn is in the bone's own axes, as Blender's Combine has it.
    """
    if not len(machine):
        return machine
    machine = _unit(machine)
    inverse = _unit(base) * np.array([1.0, -1.0, -1.0, -1.0])
    turns = multiply(inverse, _unit(found))
    # the shorter way round at the first, and from there on without a jump
    turns = continuous(turns if turns[0, 0] >= 0 else -turns)
    return _unit(multiply(machine, turns))


def turn_axis_angles(machine: FloatArray, found: FloatArray, base: FloatArray) -> FloatArray:
    """Angle and axis ``(n, 4)`` as `turn_quaternions` has them; the axis a unit vector."""
    quaternions = turn_quaternions(*(_from_axis_angles(each) for each in (machine, found, base)))
    vectors = to_vector(quaternions)
    angle = np.linalg.norm(vectors, axis=1, keepdims=True)
    still = angle < 1e-9
    usual = _axes(machine)
    axis = np.where(still, usual, vectors / np.maximum(angle, 1e-300))
    # the way that the program's own axis points, and as many whole turns as it has
    flip = np.where((axis * usual).sum(axis=1, keepdims=True) < 0, -1.0, 1.0)
    angle = angle * flip
    angle += 2 * np.pi * np.round((machine[:, :1] - angle) / (2 * np.pi))
    return np.concatenate([angle, axis * flip], axis=1)


def _from_axis_angles(numbers: FloatArray) -> FloatArray:
    return from_vector(_axes(numbers) * numbers[:, :1])


def _axes(numbers: FloatArray) -> FloatArray:
    """Unit axes ``(n, 3)``; one without a length is y, as Blender has it."""
    axes = np.asarray(numbers[:, 1:], np.float64)
    length = np.linalg.norm(axes, axis=1, keepdims=True)
    return np.where(length > 1e-12, axes / np.maximum(length, 1e-12), np.array([0.0, 1.0, 0.0]))


def _unit(quaternions: FloatArray) -> NDArray[np.float64]:
    q = np.asarray(quaternions, np.float64)
    length = np.linalg.norm(q, axis=1, keepdims=True)
    one = np.array([1.0, 0.0, 0.0, 0.0])
    return np.where(length > 1e-12, q / np.maximum(length, 1e-12), one)


def _values(strand: Strand, frames: FloatArray) -> FloatArray:
    return np.stack([evaluate(keys, frames) for keys in strand], axis=1)


# --- keys ----------------------------------------------------------------------------------------


class _Artists(NamedTuple):
    """The artist's keys ``(k,)`` of one curve, and the keys that they were found between.

    ``before`` and ``after`` are rows of frame and value ``(k, 2)``, NaN where there was none.
    """

    keys: Keys
    before: FloatArray
    after: FloatArray


def _artists(edits: Sequence[Edit], place: int) -> _Artists:
    keys: list[Keys] = []
    sides: list[FloatArray] = []
    for edit in edits:
        found = edit.found[place]
        padded = np.full((len(found) + 2, 2), np.nan)
        padded[1:-1, 0], padded[1:-1, 1] = found["frame"], found["value"]
        chosen = artists_keys(found, edit.marks[place])
        keys.append(found[chosen])
        sides.append(np.concatenate([padded[:-2], padded[2:]], axis=1)[chosen])
    together, both = np.concatenate(keys), np.concatenate(sides)
    # a key at an end that two edits share is one key
    rows = np.unique(together["frame"], return_index=True)[1]
    return _Artists(together[rows], both[rows, :2], both[rows, 2:])


def _layout(machine: Strand, edits: Sequence[Edit], artists: Sequence[_Artists]) -> FloatArray:
    """Frames ``(n,)`` of the keys that new curves have in common."""
    frames = np.zeros(0, np.float32)
    for each in artists:
        frames = _united(frames, each.keys["frame"])
    for keys in machine:
        frames = _united(frames, keys["frame"])
    # where they do not lie on the program's keys these hold each edit within its span
    for edit in edits:
        frames = _united(frames, np.array([edit.first, edit.last], np.float32))
        for found, base in zip(edit.found, edit.base, strict=True):
            frames = _united(frames, found["frame"])
            frames = _united(frames, within(base, edit.first, edit.last)["frame"])
    return frames


def _united(first: FloatArray, second: FloatArray) -> FloatArray:
    """Sorted frames of both, those of ``first`` where Blender would take two for one."""
    return np.union1d(first, second[~near(second, first)])


def _unique(keys: Keys) -> Keys:
    """Keys in order, one a frame."""
    return keys[np.unique(keys["frame"], return_index=True)[1]]


def _dressed(frames: FloatArray, values: FloatArray, machine: Keys, artists: _Artists) -> Keys:
    """Keys with these values; kinds and handles the artist's where a key is, else the program's."""
    out = plain_keys(frames, values, INTERPOLATION["LINEAR"])
    start = np.clip(np.searchsorted(machine["frame"], frames, "right") - 1, 0, len(machine) - 1)
    stepped = machine["interpolation"][start] == INTERPOLATION["CONSTANT"]
    out["interpolation"][stepped] = INTERPOLATION["CONSTANT"]
    for keys in (machine, artists.keys):
        shared, places, rows = np.intersect1d(frames, keys["frame"], return_indices=True)
        if not len(shared):
            continue
        dressed = keys[rows]
        dressed["value"] = out["value"][places]
        for side in ("left", "right"):
            dressed[side][:, 1] += dressed["value"] - keys["value"][rows]
        out[places] = dressed
    _lean(out, artists)
    return out


def _lean(keys: Keys, artists: _Artists) -> None:
    """Make the artist's segments right again where something else lies beneath them now.

    Their handles lean as the program's curve does between the two keys. Where the program has keys
    of its own in between, what the artist drew is sampled there, and lines join the samples.
    """
    straight = INTERPOLATION["LINEAR"]
    at = np.searchsorted(keys["frame"], artists.keys["frame"])
    for row, here in enumerate(at.tolist()):
        rise = float(keys["value"][here]) - float(artists.keys["value"][row])
        for side, step, beside in (("left", -1, artists.before), ("right", 1, artists.after)):
            there = here + step
            if not 0 <= there < len(keys):
                continue
            length = float(keys["frame"][there]) - float(keys["frame"][here])
            if not abs(float(beside[row, 0]) - float(keys["frame"][there])) < SAME_KEY:
                if side == "right" and keys["interpolation"][here] != straight:
                    keys["interpolation"][here] = straight
                continue
            slope = (float(keys["value"][there]) - float(beside[row, 1]) - rise) / length
            reach = float(keys[side][here, 0]) - float(keys["frame"][here])
            keys[side][here, 1] += slope * reach
