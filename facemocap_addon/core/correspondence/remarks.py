# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person should know about points that are placed on a character, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..arrays import BoolArray, FloatArray

#: Points this near to the middle (eye distances) are on no side.
MIDDLE = 0.12
#: Names that a sentence lists before it counts.
LISTED = 6


class Remarks:
    """Sentences about points, which have these names."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self.sentences: list[str] = []

    def swapped(self) -> None:
        """Left and right are exchanged."""
        self.sentences.append(
            "The names of the points have left and right exchanged: they were placed the other "
            "way about."
        )

    def nothing_known(self) -> None:
        """No name says where a point is."""
        self.sentences.append(
            "No point's name says where on the face it is: put at least four on the character "
            "by hand."
        )

    def too_few(self, count: int) -> None:
        """Fewer points than a fit needs."""
        points = "point was" if count == 1 else "points were"
        self.sentences.append(
            f"Only {count} {points} recognised: with fewer than 4 the actor's face cannot be "
            "fitted, and is taken to be upright and to look ahead."
        )

    def one_side(self, fitted: FloatArray) -> None:
        """All points are on one side of the face; places ``(k, 3)`` in its frame."""
        if not len(fitted):
            return
        left, right = fitted[:, 0] > MIDDLE, fitted[:, 0] < -MIDDLE
        if left.any() != right.any():
            side, other = ("left", "right") if left.any() else ("right", "left")
            self.sentences.append(
                f"All points are on the {side} side of the face: the {other} side has nothing "
                "that moves it."
            )

    def on_eyes(self, rows: Sequence[int]) -> None:
        """Landmarks of the irises."""
        if rows:
            self.sentences.append(
                f"{len(rows)} landmarks lie on the eyeballs and are not placed on the skin."
            )

    def wrong(self, rows: Sequence[int] | np.ndarray) -> None:
        """Points that are far from where their names say."""
        for row in rows:
            self.sentences.append(
                f'"{self._names[row]}" is far from where its name says: it was placed by its '
                "name, look at it."
            )

    def missing(self, rows: Sequence[int], there: BoolArray) -> None:
        """Points that were not placed."""
        never = [row for row in rows if not there[row]]
        away = [row for row in rows if there[row]]
        if never:
            self.sentences.append(f"{self._listed(never)} without a place in the neutral face.")
        if away:
            self.sentences.append(
                f"{self._listed(away)} not placed: nothing says where on the face."
            )

    def _listed(self, rows: Sequence[int]) -> str:
        names = [f'"{self._names[row]}"' for row in rows]
        if len(names) == 1:
            return f"{names[0]} is"
        if len(names) <= LISTED:
            return f"{', '.join(names[:-1])} and {names[-1]} are"
        return f"{', '.join(names[:LISTED])} and {len(names) - LISTED} more are"
