# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the rig itself takes points: asked from the background, a few poses at a time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from ..arrays import FloatArray
from ..correspondence.placement import Placement
from ..solver import Problem
from .background import Desk
from .unknowns import Unknowns

#: From changes of controls (j, c) to displacements of the placed points (j, p, 3) in mm.
Evaluate = Callable[[FloatArray], FloatArray]
#: Poses that the rig is asked for at a time.
POSES = 8
#: In longer shots the rig is asked in so many frames where it puts the points at the end.
MOST_ASKED = 500


def asked_of(
    evaluate: Callable[[Placement, Unknowns], Evaluate],
    placement: Placement,
    unknowns: Unknowns,
    desk: Desk,
) -> Evaluate:
    """Asks the rig, a few poses at a time, from the background."""
    of_rig = desk.ask(lambda: evaluate(placement, unknowns))

    def moved(changes: FloatArray) -> FloatArray:
        parts = [changes[start : start + POSES] for start in range(0, len(changes), POSES)]
        found = [desk.ask(partial(of_rig, part)) for part in parts]
        return np.concatenate(found) if found else np.zeros((0, len(placement), 3))

    return moved


class Asked:
    """What the rig itself does, beside the straight columns of the head."""

    def __init__(self, evaluate: Evaluate, unknowns: Unknowns, problem: Problem) -> None:
        self._evaluate, self._unknowns, self._problem = evaluate, unknowns, problem

    def displacements(self, values: FloatArray) -> FloatArray:
        """Displacements ``(j, 3 p)`` in mm for values ``(j, k + 6)``."""
        count = len(self._unknowns)
        moved = self._without_head(values)
        return moved + values[:, count:] @ self._problem.basis[:, count:].T

    def of_shot(self, values: FloatArray) -> FloatArray:
        """The same without the head; in long shots what is bent is asked for now and then."""
        if len(values) <= MOST_ASKED:
            return self._without_head(values)
        rows = np.unique(np.linspace(0, len(values) - 1, MOST_ASKED).round().astype(int))
        straight = values[:, : len(self._unknowns)] @ self._unknowns.basis.T
        bent = self._without_head(values[rows]) - straight[rows]
        after = np.clip(np.searchsorted(rows, np.arange(len(values))), 1, len(rows) - 1)
        width = rows[after] - rows[after - 1]
        share = ((np.arange(len(values)) - rows[after - 1]) / width)[:, None]
        return straight + bent[after - 1] * (1.0 - share) + bent[after] * share

    def _without_head(self, values: FloatArray) -> FloatArray:
        moved = self._evaluate(self._unknowns.changes(values[:, : len(self._unknowns)]))
        return moved.reshape(len(values), -1)
