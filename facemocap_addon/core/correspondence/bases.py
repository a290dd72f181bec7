# SPDX-License-Identifier: GPL-3.0-or-later
"""How the controls of a character move the points that are placed on it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..arrays import FloatArray
from ..controls import Control, ControlKey
from ..probing.scan import Motion, Scan
from .placement import Placement

_MM = 1000.0


def bases(
    placement: Placement, scan: Scan, controls: Sequence[Control | ControlKey], sign: int = 0
) -> FloatArray:
    """Movement of every placed point in mm, for a change of each control by 1.

    Parameters
    ----------
    placement : Placement
    scan : Scan
        Of this character.
    controls : sequence of Control or ControlKey, length k
    sign : int
        1 or -1 for the motion in one direction alone; 0 for the straight line that fits both.

    Returns
    -------
    (3 p, k) float64
        Rows are x, y, z of one point after the other, in the axes of the scan's points. Points
        that were not placed do not move, nor does anything by a control that was not measured.
    """
    corners = placement.rows(scan.meshes)
    weights = np.where(placement.placed[:, None], placement.weights, 0.0)
    keys = [each.key if isinstance(each, Control) else each for each in controls]
    motions: dict[ControlKey, list[Motion]] = {}
    for motion in scan.motions:
        if sign in (0, motion.sign):
            motions.setdefault(motion.control.key, []).append(motion)
    out = np.zeros((len(placement), 3, len(keys)))
    field = np.zeros((len(scan.points), 3))
    for column, key in enumerate(keys):
        own = motions.get(key, [])
        square = sum(motion.amount**2 for motion in own)
        for motion in own:
            field[motion.rows] = motion.moved
            moved = np.einsum("pk,pkd->pd", weights, field[corners])
            out[:, :, column] += moved * (motion.amount / square * _MM)
            field[motion.rows] = 0.0
    return out.reshape(3 * len(placement), len(keys))
