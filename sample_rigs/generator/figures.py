# SPDX-License-Identifier: GPL-3.0-or-later
"""Anthropometric figures of the base face, in millimetres and degrees.

The distance between pupils (63 mm), the eyeball (about 24 to 28 mm across), the eye opening
(30 mm wide, 11 mm high) and the mouth (50 mm wide) are ordinary adult averages.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .distance import Array

MIRROR = np.array([-1.0, 1.0, 1.0])
"""Factor that turns a point of the left half into its mirror image."""

SUBDIVISIONS = 4
"""Mesh edges per cage edge."""

COLUMNS = 4 * SUBDIVISIONS
"""Steps from the inner to the outer canthus along one lid, and from the middle of a lip to the
corner of the mouth."""

RING = 2 * COLUMNS
"""Vertices round an eye; also steps round half a mouth, from top middle to bottom middle."""


@dataclass(frozen=True)
class Figures:
    """Where the eyes, the mouth and the jaw hinge are, and how large."""

    eye_x: float = 31.5
    eye_y: float = 0.0
    eye_z: float = 70.5
    eye_r: float = 13.9
    """Envelope of the eyeball: its cornea reaches this far, whatever way the eye looks."""
    sclera_r: float = 13.45
    iris_r: float = 6.1
    lid_r: float = 15.3
    """Lids slide on a spheroid of this radius about the transverse axis ..."""
    lid_rx: float = 18.2
    """... and of this half length along it."""
    rim_gap: float = 0.32
    """Gap between the inner edge of a lid and the eyeball. A linear key moves a lid along a
    chord, so half way through a blink it comes about 0.5 mm nearer to the eye."""
    rim_gap_shut: float = 0.52
    fissure: float = 15.2
    """Distance of both canthi from the pupil, along x."""
    lid_up: float = 5.5
    lid_low: float = 5.9
    """Heights of the rims above and below the pupil."""
    closure: float = 0.27
    """Where lids meet: 0 on the lower rim, 1 on the upper."""
    mouth_x: float = 25.0
    mouth_y: float = -68.0
    corner_dy: float = 0.2
    jaw_y: float = -17.0
    jaw_z: float = 4.0
    """Hinge of the jaw, an axis from ear to ear."""
    jaw_deg: float = 19.0
    """Turn of the jaw at jawOpen 1."""

    @property
    def eye(self) -> Array:
        """Centre of the left eyeball."""
        return np.array([self.eye_x, self.eye_y, self.eye_z])

    @property
    def jaw(self) -> Array:
        """Middle of the jaw's hinge."""
        return np.array([0.0, self.jaw_y, self.jaw_z])

    @property
    def corner_y(self) -> float:
        """Height of the mouth's corners."""
        return self.mouth_y + self.corner_dy

    def lid_spheroid(self, x: Array) -> Array:
        """Radius of the lids' spheroid at x mm beside the pupil."""
        return self.lid_r * np.sqrt(np.clip(1 - (x / self.lid_rx) ** 2, 0.05, 1))


FIGURES = Figures()
