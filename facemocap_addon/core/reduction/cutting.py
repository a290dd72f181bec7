# SPDX-License-Identifier: GPL-3.0-or-later
"""Where to cut curves into cubics: the longest that stays in the tube, then the next.

The stretches between keys that must be are cut side by side: each step tries one length for each
of them, doubled until it fails and then halved into what is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, IntArray
from .spans import can_span
from .tube import Tube

#: Length that is tried first in a stretch.
FIRST_GUESS = 32
#: The second way of cutting need not be as exact: its spans may miss one part in so many.
ROUGH = 8


@dataclass(frozen=True, slots=True)
class Groups:
    """Curves that share their keys: columns of group g are ``columns[begin[g]:begin[g + 1]]``."""

    columns: IntArray
    begin: IntArray

    @staticmethod
    def of(groups: Sequence[Sequence[int]]) -> Groups:
        """From the columns of each group."""
        sizes = [len(group) for group in groups]
        columns = [column for group in groups for column in group]
        return Groups(
            np.array(columns, np.int64), np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        )

    def rows(self, groups: IntArray) -> tuple[IntArray, IntArray]:
        """Each group's columns one after another: place among ``groups``, and column."""
        sizes = self.begin[groups + 1] - self.begin[groups]
        which = np.repeat(np.arange(len(groups)), sizes)
        inside = np.arange(len(which)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return which, self.columns[self.begin[groups][which] + inside]

    def owners(self) -> IntArray:
        """The group ``(k,)`` of each column."""
        sizes = np.diff(self.begin)
        out = np.empty(len(self.columns), np.int64)
        out[self.columns] = np.repeat(np.arange(len(sizes)), sizes)
        return out

    def any(self, marks: BoolArray) -> BoolArray:
        """Marks ``(n, g)`` that any column of a group has, from ``(n, k)``."""
        return np.logical_or.reduceat(marks[:, self.columns], self.begin[:-1], axis=1)


@dataclass(frozen=True, slots=True)
class _Joints:
    """Keys inside stretches, stretch after stretch: which stretch, and which sample ``(j,)``."""

    stretch: IntArray
    sample: IntArray

    def taken(self, stretches: BoolArray) -> _Joints:
        """Those of some stretches."""
        chosen = stretches[self.stretch]
        return _Joints(self.stretch[chosen], self.sample[chosen])


@dataclass(frozen=True, slots=True)
class _Stretches:
    """What lies between two keys that must be: of which group, from where to where ``(l,)``."""

    tube: Tube
    groups: Groups
    group: IntArray
    first: IntArray
    last: IntArray

    def can_span(self, stretch: IntArray, start: IntArray, length: IntArray) -> BoolArray:
        """Whether all curves of a stretch have a cubic in the tube over a span ``(r,)``."""
        which, column = self.groups.rows(self.group[stretch])
        found = can_span(self.tube, column * self.tube.samples + start[which], length[which])
        out = np.ones(len(stretch), np.bool_)
        out[which[~found]] = False
        return out

    def cut(self, way: int, stretches: IntArray, rough: int = 0) -> _Joints:
        """Longest spans one after another: from the first sample on (1), or the last back (-1).

        With ``rough`` a span may be shorter than the longest, by one part in so many.
        """
        begin, end = (self.first, self.last) if way > 0 else (self.last, self.first)
        here = begin.copy()
        left = np.abs(end - here)
        longest = np.ones(len(here), np.int64)
        # the shortest length that is known to fail; one more than the rest where none is
        failed = left + 1
        guess = np.minimum(FIRST_GUESS, left)
        found: list[IntArray] = []
        todo = stretches[left[stretches] > 1]
        while len(todo):
            length = guess[todo]
            at = here[todo] if way > 0 else here[todo] - length
            ok = self.can_span(todo, at, length)
            longest[todo[ok]] = length[ok]
            failed[todo[~ok]] = length[~ok]
            known = failed[todo] <= left[todo]
            guess[todo] = np.where(known, (longest[todo] + failed[todo]) // 2, 2 * longest[todo])
            short = failed[todo] - longest[todo] - 1
            settled = todo[short * max(rough, 1) <= (longest[todo] if rough else 0)]
            here[settled] += way * longest[settled]
            left[settled] -= longest[settled]
            inside = settled[left[settled] > 0]
            found.append(np.stack([inside, here[inside]]))
            # what is next is about as long
            guess[settled] = np.maximum(longest[settled], 4)
            longest[settled], failed[settled] = 1, left[settled] + 1
            todo = todo[left[todo] > 1]
            guess[todo] = np.minimum(guess[todo], left[todo])
        joints = np.concatenate([np.empty((2, 0), np.int64), *found], axis=1)
        return _Joints(*joints[:, np.lexsort((joints[1], joints[0]))])

    def are_spanned(self, joints: _Joints) -> BoolArray:
        """Whether cubics between the joints of a stretch all stay in the tube ``(l,)``."""
        stretch, sample = joints.stretch, joints.sample
        opens, closes = np.ones((2, len(stretch)), np.bool_)
        opens[1:] = closes[:-1] = stretch[1:] != stretch[:-1]
        before = np.where(opens, self.first[stretch], np.roll(sample, 1))
        which = np.concatenate([stretch, stretch[closes]])
        start = np.concatenate([before, sample[closes]])
        length = np.concatenate([sample, self.last[stretch[closes]]]) - start
        found = length > 0
        found[found] = self.can_span(which[found], start[found], length[found])
        out = np.ones(len(self.group), np.bool_)
        out[which[~found]] = False
        return out


def cut_curves(tube: Tube, groups: Groups, forced: BoolArray) -> BoolArray:
    """Which samples are keys.

    Every stretch is cut twice, from either end. Where one way needs fewer keys it is taken; else
    each key lies midway between where the two ways put it, if that can be: so all spans have some
    room, and their slopes a chance to meet.

    Parameters
    ----------
    tube : Tube
    groups : Groups
    forced : (n, g) bool
        Keys that must be, first and last sample among them; a column for each group.

    Returns
    -------
    (n, g) bool
    """
    owner, sample = np.nonzero(forced.T)
    begins = np.flatnonzero(owner[1:] == owner[:-1])
    stretches = _Stretches(tube, groups, owner[begins], sample[begins], sample[begins + 1])
    count = len(begins)
    onward = stretches.cut(1, np.arange(count))
    backward = stretches.cut(-1, np.unique(onward.stretch), ROUGH)
    ahead = np.bincount(onward.stretch, minlength=count)
    back = np.bincount(backward.stretch, minlength=count)
    late, early = onward.taken(ahead == back), backward.taken(ahead == back)
    middle = _Joints(late.stretch, (late.sample + early.sample) // 2)
    even = (ahead == back) & stretches.are_spanned(middle)
    keys = forced.T.copy()
    for joints in (
        onward.taken((ahead <= back) & ~even), backward.taken(back < ahead), middle.taken(even)
    ):  # fmt: skip
        keys[stretches.group[joints.stretch], joints.sample] = True
    return keys.T
