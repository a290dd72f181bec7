# SPDX-License-Identifier: GPL-3.0-or-later
"""Points on plain bones, in any number of poses: what an armature does, without a depsgraph.

Plain means: a bone hands all of its motion down, and nothing but its own rotation and location
moves it. What else there is (constraints, drivers, other modifiers) this does not know; whoever
uses it compares some poses with what Blender evaluates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from ..arrays import FloatArray, IntArray
from ..rotations import from_vector, to_matrix


@dataclass(frozen=True)
class Skinning:
    """Bones, parents before children, and how much of each a point follows.

    Attributes
    ----------
    parents : (b,) int
        -1 for a bone without a parent.
    rest : (b, 4, 4)
        At rest, in the axes of the armature.
    turns, shifts : (b, 3) int
        Which control is each component of the rotation vector and the location; -1: none is.
    weights : (m, b)
        Shares of each point; what is missing to 1 stays where it is.
    axes : (3, 3)
        From the armature's axes to those of the points, which have the same origin.
    """

    parents: IntArray
    rest: FloatArray
    turns: IntArray
    shifts: IntArray
    weights: FloatArray
    axes: FloatArray

    def moved(self, points: FloatArray, values: FloatArray) -> FloatArray:
        """Where points ``(r, m, 3)`` are in poses of control values ``(r, c)``."""
        controls = np.concatenate([values, np.zeros((len(values), 1))], axis=1)
        inverse = np.linalg.inv(self.axes)
        posed: list[FloatArray | None] = []
        out = points.copy()
        for bone, parent in enumerate(self.parents.tolist()):
            above = cast("FloatArray | None", posed[parent] if parent >= 0 else None)
            own = self.turns[bone].max() >= 0 or self.shifts[bone].max() >= 0
            if above is None and not own:
                posed.append(None)
                continue
            local = self.rest[bone]
            if parent >= 0:
                local = np.linalg.inv(self.rest[parent]) @ local
            start: FloatArray = np.eye(4)
            if above is not None:
                start = above
            elif parent >= 0:
                start = self.rest[parent]
            whole = (len(values), 4, 4)
            matrix: FloatArray = np.broadcast_to(cast("FloatArray", start @ local), whole)
            if own:
                basis = np.tile(np.eye(4), (len(values), 1, 1))
                basis[:, :3, :3] = to_matrix(from_vector(controls[:, self.turns[bone]]))
                basis[:, :3, 3] = controls[:, self.shifts[bone]]
                matrix = matrix @ basis
            posed.append(matrix)
            rows = np.flatnonzero(self.weights[:, bone])
            if len(rows):
                change: FloatArray = matrix @ np.linalg.inv(self.rest[bone])
                turn = self.axes @ change[:, :3, :3] @ inverse - np.eye(3)
                shift = change[:, :3, 3] @ self.axes.T
                moved = points[:, rows] @ np.swapaxes(turn, 1, 2) + shift[:, None]
                out[:, rows] += self.weights[rows, bone][:, None] * moved
        return out
