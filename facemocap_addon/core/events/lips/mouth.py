# SPDX-License-Identifier: GPL-3.0-or-later
"""The channels that open and close the lips, free to be changed."""

from __future__ import annotations

import numpy as np

from ...arrays import FloatArray
from ...contacts.captured import PARTED, PARTING, lip_contacts
from ...take import Take

#: What presses closed lips, and in which parts.
PRESSING = (
    ("mouthPressLeft", 1.0), ("mouthPressRight", 1.0),
    ("mouthRollLower", 0.35), ("mouthRollUpper", 0.25),
)  # fmt: skip


class Mouth:
    """Values of a take's mouth; what was not recorded is not changed.

    Attributes
    ----------
    take : Take
    values : (n, c) float64
        A copy of the take's.
    """

    def __init__(self, take: Take) -> None:
        self.take = take
        self.values = take.values.astype(np.float64)

    def widen(self, amount: FloatArray) -> None:
        """Part the lips by ``amount`` (n,), or close them where it is below 0.

        mouthClose does it as far as it can, so that the jaw goes its way; the jaw does the rest.
        """
        rest = amount.copy()
        if self.take.has("mouthClose"):
            column = self.take.column("mouthClose")
            close = self.values[:, column]
            seen = self.take.valid[:, column]
            # it cannot go below nought, nor up beyond one
            moved = np.clip(rest, -(np.maximum(1.0 - close, 0.0)), np.maximum(close, 0.0))
            moved = np.where(seen, moved, 0.0)
            close -= moved
            rest -= moved
        column = self.take.column("jawOpen")
        jaw = self.values[:, column]
        jaw += np.where(self.take.valid[:, column], np.maximum(rest, -np.maximum(jaw, 0.0)), 0.0)

    def press(self, amount: FloatArray) -> None:
        """Press the lips by ``amount`` (n,), no farther than 1."""
        for name, part in PRESSING:
            if self.take.has(name):
                column = self.take.column(name)
                own = self.values[:, column]
                more = np.clip(part * amount, 0.0, np.maximum(1.0 - own, 0.0))
                own += np.where(self.take.valid[:, column], more, 0.0)

    def let_close(self, weight: FloatArray) -> None:
        """Lower what holds the lips apart besides the jaw, as far as ``weight`` (n,) says."""
        for name in PARTING:
            if self.take.has(name):
                own = self.values[:, self.take.column(name)]
                own -= weight * np.maximum(own - 0.6 * PARTED, 0.0)

    def taken(self, step: str) -> Take:
        """The take with these values; samples that did not change keep theirs to the bit."""
        same = (self.values == self.take.values) | ~self.take.valid
        if same.all():
            return self.take
        values = np.where(same, self.take.values, self.values.astype(np.float32))
        return self.take.changed(step, values=values)


def same_contacts(one: Take, two: Take) -> bool:
    """Whether the lips touch in the same samples of both."""
    return lip_contacts(one) == lip_contacts(two)
