# SPDX-License-Identifier: GPL-3.0-or-later
"""What shape keys move, read from their arrays without evaluating anything."""

from __future__ import annotations

import bpy
import numpy as np

from ...core.controls import Control
from ...core.probing.scan import Motion
from .probe_copy import Ruler

#: Displacements below this part of the mesh's extent are rounding.
NOISE = 2e-6
#: A slider that goes this far below nought is meant to be used both ways.
TWO_WAY = -0.5


class ShapeReader:
    """The shape keys of one mesh."""

    def __init__(self, mesh: bpy.types.Object, ruler: Ruler) -> None:
        self._mesh = mesh
        self._ruler = ruler
        self._keys = mesh.data.shape_keys
        self._places: dict[str, np.ndarray] = {}
        self._noise = NOISE * float(np.ptp(self._read(self._keys.reference_key), axis=0).max())

    def motions(self, control: Control) -> list[Motion]:
        """Motion at the end of the slider, and at its other end where that is meant; none if empty.

        A shape key moves on straight lines, so its value may be taken as 1 at any slider range.
        """
        block = self._keys.key_blocks[control.name]
        local = self._read(block) - self._read(block.relative_key)
        rows = np.flatnonzero(np.abs(local).max(axis=1) > self._noise)
        local = local[rows]
        group = self._mesh.vertex_groups.get(block.vertex_group) if block.vertex_group else None
        if group is not None:
            local = local * self._weights(group.index)[rows, None]
            kept = np.abs(local).max(axis=1, initial=0.0) > self._noise
            rows, local = rows[kept], local[kept]
        if not len(rows):
            return []
        moved = self._ruler.differences(self._mesh, local)
        rows = rows + self._ruler.part(self._mesh).start
        low, high = control.range
        out = [Motion(control, 1.0, rows, moved)] if high > 0 else []
        if low <= TWO_WAY:
            out.append(Motion(control, -1.0, rows, -moved))
        return out

    def _read(self, block: bpy.types.ShapeKey) -> np.ndarray:
        if block.name not in self._places:
            flat = np.empty(len(block.data) * 3, np.float32)
            block.data.foreach_get("co", flat)
            # only keys that others build on are asked for twice
            if block != self._keys.reference_key:
                return flat.reshape(-1, 3)
            self._places[block.name] = flat.reshape(-1, 3)
        return self._places[block.name]

    def _weights(self, group: int) -> np.ndarray:
        weights = np.zeros(len(self._mesh.data.vertices), np.float32)
        for vertex in self._mesh.data.vertices:
            for member in vertex.groups:
                if member.group == group:
                    weights[vertex.index] = member.weight
        return weights
