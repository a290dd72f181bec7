# SPDX-License-Identifier: GPL-3.0-or-later
"""The unit of recorded angles, found from the values themselves.

ARKit's eye-look coefficients are the eyes' rotation in another form: on recordings in radians the
pitch of an eye is 0.615 eyeLookDown - 0.45 eyeLookUp (R2 above 0.99). The slope therefore tells
the unit: 0.615 radians, 35 degrees, 0.196 half turns (degrees / 180, Unreal's own recorder).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray

RADIANS_SLOPE = 0.615
#: A coefficient that moves less than this cannot tell the unit.
_LEAST_RANGE = 0.05
_LEAST_SAMPLES = 8
_LEAST_FIT = 0.5
_ENOUGH_SAMPLES = 4000


@dataclass(frozen=True, slots=True)
class AngleUnit:
    """A unit's name, its value in radians, and how it was found (a whole sentence)."""

    name: str
    radians: float
    reason: str


_UNITS = (
    ("radians", 1.0),
    ("degrees", float(np.pi / 180)),
    ("half turns (degrees / 180)", float(np.pi)),
)


def find_angle_unit(
    names: tuple[str, ...], values: FloatArray, valid: BoolArray, angles: tuple[int, ...]
) -> AngleUnit:
    """Unit of the angle columns of a recording.

    Parameters
    ----------
    names : tuple of str, length c
        Canonical channel names.
    values, valid : (n, c)
        As recorded.
    angles : tuple of int
        Columns that hold angles.
    """
    slopes: list[float] = []
    for side in ("left", "right"):
        wanted = (f"eyeLookDown{side.title()}", f"eyeLookUp{side.title()}", f"{side}EyePitch")
        if all(name in names for name in wanted):
            columns = [names.index(name) for name in wanted]
            # a few thousand samples tell as much as all of them
            some = slice(None, None, max(1, len(values) // _ENOUGH_SAMPLES))
            rows = valid[some, columns].all(axis=1)
            slope = _slope(values[some, columns][rows].astype(np.float64))
            if slope is not None:
                slopes.append(slope)
    if slopes:
        slope = float(np.median(np.abs(slopes)))
        name, radians = min(
            _UNITS, key=lambda unit: abs(float(np.log(slope * unit[1] / RADIANS_SLOPE)))
        )
        return AngleUnit(
            name,
            radians,
            f"Angles are {name}: eye pitch follows eyeLookDown with a slope of {slope:.3g}.",
        )
    found = values[:, list(angles)][valid[:, list(angles)]]
    largest = float(np.abs(found).max(initial=0.0))
    if largest > np.pi:
        return AngleUnit(
            "degrees",
            float(np.pi / 180),
            f"Angles are taken for degrees: they reach {largest:.3g}.",
        )
    return AngleUnit("radians", 1.0, "Angles are taken for radians: nothing in the take tells.")


def _slope(samples: FloatArray) -> float | None:
    """Least-squares slope of pitch (last column) on eyeLookDown (first), if there is one."""
    if len(samples) < _LEAST_SAMPLES or float(np.ptp(samples[:, 0])) < _LEAST_RANGE:
        return None
    pitch = samples[:, 2]
    spread = float(np.var(pitch))
    if spread <= 0:
        return None
    design = np.column_stack([samples[:, 0], samples[:, 1], np.ones(len(samples))])
    solution = np.linalg.lstsq(design, pitch, rcond=None)[0]
    fit = 1 - float(np.var(pitch - design @ solution)) / spread
    return float(solution[0]) if fit >= _LEAST_FIT and solution[0] != 0 else None
