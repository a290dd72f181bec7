# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand edits found: what differs between curves as found and as they were written.

An edit spans from the untouched key before it to the one after it. It holds the curve as found in
there and the program's own curve beneath, so that it can be laid onto any other curve later. A
turn's four curves (quaternion, axis-angle) are edited as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..arrays import BoolArray, FloatArray
from ..curves import HANDLE
from .keys import Keys, around, within

#: What became of a key; LEFT is the place from which a MOVED one was taken.
ADDED, CHANGED, DELETED, MOVED, LEFT = range(5)
MARK = np.dtype([("frame", "<f4"), ("kind", "u1")])
Marks = NDArray[np.void]
#: What Blender may change about an aligned handle by rounding, frames and value.
LINED_UP = np.array([2e-3, 2e-6], np.float32)
#: Keys of the curves that belong together, one array a curve.
Strand = tuple[Keys, ...]


@dataclass(frozen=True)
class Edit:
    """One hand edit.

    Attributes
    ----------
    first, last : float
        Scene frames of the span's ends; beyond them the edit is nought.
    found : tuple of (m,) Keys
        The curves as found within the span, its ends included.
    base : tuple of (m,) Keys
        The program's own curves there.
    marks : tuple of (k,) Marks
        What was done to which key of each curve.
    """

    first: float
    last: float
    found: Strand
    base: Strand
    marks: tuple[Marks, ...]

    @property
    def edited_keys(self) -> int:
        """How many keys were edited; one that was moved in time counts once."""
        return sum(int((marks["kind"] != LEFT).sum()) for marks in self.marks)

    def component(self, place: int) -> Edit | None:
        """The edit of one curve by itself; None where that one was not touched."""
        if not len(self.marks[place]):
            return None
        return Edit(
            self.first,
            self.last,
            (self.found[place],),
            (self.base[place],),
            (self.marks[place],),
        )


#: From frame, to frame, and the edit that spans it where it is known already.
_Span = tuple[float, float, Edit | None]


def find_edits(
    found: Strand,
    written: Strand,
    machine: Strand,
    known: Sequence[Edit] = (),
    *,
    afresh: bool = False,
) -> tuple[Edit, ...]:
    """Hand edits on curves that belong together, in the order of their frames.

    Parameters
    ----------
    found, written, machine : tuple of (m,) Keys
        The curves as they stand; as the program wrote them last; and without any edits then.
    known : sequence of Edit
        Those that ``written`` carries already. One that nobody touched since stays as it is.
    afresh : bool
        Look at all of them again, as they stand now.
    """
    touched = [_touched(f["frame"], f, w) for f, w in zip(found, written, strict=True)]
    every = np.concatenate(touched)
    spans: list[_Span] = [(low, high, None) for low, high in _spans(every, found, written)]
    spans += [(edit.first, edit.last, edit) for edit in known]
    spans.sort(key=lambda span: span[:2])
    edits: list[Edit | None] = []
    group: list[_Span] = []
    for span in spans:
        if group and not _overlap(group, span):
            edits.append(_join(group, found, machine, touched, afresh=afresh))
            group = []
        group.append(span)
    if group:
        edits.append(_join(group, found, machine, touched, afresh=afresh))
    return tuple(edit for edit in edits if edit is not None)


def _overlap(group: Sequence[_Span], span: _Span) -> bool:
    """Whether a span shares more than an end with the spans before it, or is the end of one."""
    last = max(each[1] for each in group)
    point = span[0] == span[1] or any(each[0] == each[1] == span[0] for each in group)
    return span[0] < last or (point and span[0] == last)


def _touched(frames: FloatArray, found: Keys, written: Keys) -> FloatArray:
    """Frames ``(k,)`` of keys that were changed, added or deleted, sorted."""
    if len(found) == len(written) and np.array_equal(frames, written["frame"]):
        return frames[~_same(found, written)]
    shared, one, two = np.intersect1d(
        frames, written["frame"], assume_unique=True, return_indices=True
    )
    changed = shared[~_same(found[one], written[two])]
    return np.union1d(np.setxor1d(frames, written["frame"]), changed)


def _same(a: Keys, b: Keys) -> BoolArray:
    """Which keys of equal frames are as they were."""
    same = a["value"] == b["value"]
    for name in ("interpolation", "left_type", "right_type", "type"):
        same &= a[name] == b[name]
    for side in ("left", "right"):
        # other handles follow from the keys around them: Blender computes them
        kind = b[f"{side}_type"]
        same &= (kind != HANDLE["FREE"]) | (a[side] == b[side]).all(axis=1)
        # whenever a curve changes anywhere Blender lines these up anew, and rounds
        same &= (kind != HANDLE["ALIGNED"]) | lined_up(a[side], b[side])
    return same


def lined_up(one: FloatArray, other: FloatArray) -> BoolArray:
    """Which handles ``(m, 2)`` differ by no more than what Blender rounds."""
    rounding = LINED_UP + 4 * np.finfo(np.float32).eps * np.abs(other)
    return np.asarray((np.abs(one - other) <= rounding).all(axis=-1))


def _spans(touched: FloatArray, found: Strand, written: Strand) -> list[tuple[float, float]]:
    """From the untouched key before to the one after; at a curve's end the end itself."""
    if not len(touched):
        return []
    frames = np.unique(np.concatenate([keys["frame"] for keys in (*found, *written)]))
    rest = np.setdiff1d(frames, touched)
    gaps = np.searchsorted(rest, touched)
    spans: list[tuple[float, float]] = []
    for gap in sorted(set(gaps.tolist())):
        inside = touched[gaps == gap]
        low = rest[gap - 1] if gap else inside.min()
        high = rest[gap] if gap < len(rest) else inside.max()
        spans.append((float(low), float(high)))
    return spans


def _join(
    group: Sequence[_Span],
    found: Strand,
    machine: Strand,
    touched: Sequence[FloatArray],
    *,
    afresh: bool,
) -> Edit | None:
    """One edit of spans that overlap; None when the curve is the program's own again."""
    known = [edit for _, _, edit in group if edit is not None]
    if len(group) == len(known) == 1 and not afresh:
        return known[0]
    first, last = min(span[0] for span in group), max(span[1] for span in group)
    pieces = tuple(within(keys, first, last) for keys in found)
    base = tuple(around(keys, first, last) for keys in machine)
    marks: list[Marks] = []
    for place, piece in enumerate(pieces):
        own = within(machine[place], first, last)
        new = touched[place][(touched[place] >= first) & (touched[place] <= last)]
        old = np.concatenate([np.zeros(0, MARK), *(edit.marks[place] for edit in known)])
        old = old[~np.isin(old["frame"], new)]
        marks.append(np.sort(np.concatenate([old, _marked(new, piece, own)]), order="frame"))
    if not any(len(each) for each in marks):
        return None
    return Edit(first, last, pieces, base, tuple(marks))


def _marked(touched: FloatArray, found: Keys, machine: Keys) -> Marks:
    """What was done to the keys of one curve that were touched."""
    now, before = np.isin(touched, found["frame"]), np.isin(touched, machine["frame"])
    kinds = np.where(now & before, CHANGED, np.where(now, ADDED, DELETED)).astype(np.uint8)
    shared = np.intersect1d(touched[now & before], found["frame"])
    if len(shared):
        mine = found[np.isin(found["frame"], shared)]
        theirs = machine[np.isin(machine["frame"], shared)]
        # put back by hand to what the program made of it
        back = np.isin(touched, shared[_same(mine, theirs)])
    else:
        back = np.zeros(len(touched), np.bool_)
    marks = np.zeros(len(touched), MARK)
    marks["frame"], marks["kind"] = touched, kinds
    marks = marks[(now | before) & ~back]
    _pair(marks, np.setdiff1d(np.union1d(found["frame"], machine["frame"]), touched))
    return marks


def _pair(marks: Marks, rest: FloatArray) -> None:
    """A key gone and one more between the same untouched keys: one key moved in time."""
    gaps = np.searchsorted(rest, marks["frame"])
    for gap in sorted(set(gaps.tolist())):
        inside = gaps == gap
        gone = np.flatnonzero(inside & (marks["kind"] == DELETED))
        more = np.flatnonzero(inside & (marks["kind"] == ADDED))
        pairs = min(len(gone), len(more))
        marks["kind"][gone[:pairs]] = LEFT
        marks["kind"][more[:pairs]] = MOVED
