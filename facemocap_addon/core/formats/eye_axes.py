# SPDX-License-Identifier: GPL-3.0-or-later
"""Which eye and which way: a recorder's eye angles told by its own coefficients.

ARKit's eye-look coefficients are the eyes' rotation in another form (docs/formats.md has the
figures, regressed from Live Link Face takes). Where a format's eye angles are of uncertain axes,
signs or sides, the reading that agrees best with the coefficients of the same samples is taken:
agreement is the cosine between the measured and the predicted angles, over both eyes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import TypeVar

import numpy as np

from ..arrays import BoolArray, FloatArray

T = TypeVar("T")

#: Radians per unit of a coefficient.
DOWN, UP, IN, OUT = 0.615, 0.45, 0.62, 0.58
#: How far each of ARKit's eyes looks outwards where its coefficients are zero, in radians.
ARKIT_REST = 0.067
_LEAST_COSINE = 0.8
_LEAST_LEAD = 0.03
#: Predicted angles below this (radians, root mean square) tell nothing.
_LEAST_MOTION = 0.01
_ENOUGH_SAMPLES = 4000


@dataclass(frozen=True, slots=True)
class EyeAxes:
    """How to read two eyes' angles.

    Attributes
    ----------
    pitch : int
        Component that is the pitch; the other is the yaw.
    down, left : float
        1 where the positive angle looks down, to the subject's left; else -1.
    swapped : bool
        The file's left eye is the subject's right one.
    told : bool
        Whether the take itself told the sides and the yaw.
    reason : str
        How it was found, a whole sentence.
    """

    pitch: int
    down: float
    left: float
    swapped: bool
    told: bool
    reason: str

    def apply(self, eyes_rad: FloatArray) -> FloatArray:
        """leftEyeYaw, leftEyePitch, rightEyeYaw, rightEyePitch ``(n, 4)`` in our signs.

        Parameters
        ----------
        eyes_rad : (n, 2, 2)
            The file's left and right eye, its two components of each.
        """
        eyes = eyes_rad[:, ::-1] if self.swapped else eyes_rad
        yaw = -self.left * eyes[:, :, 1 - self.pitch]
        pitch = self.down * eyes[:, :, self.pitch]
        return np.stack([yaw, pitch], axis=2).reshape(-1, 4)


def predicted_eyes(
    values: Mapping[str, FloatArray], rest: float = 0.0
) -> tuple[FloatArray, FloatArray] | None:
    """Pitch (down) and yaw (to the subject's left) ``(n, 2)`` of left and right eye, or None.

    Parameters
    ----------
    values : mapping of canonical name to (n,)
        Coefficients, 0 to 1.
    rest : float
        How far each eye looks outwards at rest, `ARKIT_REST` for ARKit's own angles.
    """
    pitch: list[FloatArray] = []
    yaw: list[FloatArray] = []
    for side, sign in (("Left", -1.0), ("Right", 1.0)):
        names = [f"eyeLook{way}{side}" for way in ("Down", "Up", "In", "Out")]
        if not all(name in values for name in names):
            return None
        down, up, inward, outward = (np.asarray(values[name], np.float64) for name in names)
        pitch.append(DOWN * down - UP * up)
        yaw.append(sign * (IN * inward - OUT * outward - rest))
    return np.stack(pitch, axis=1), np.stack(yaw, axis=1)


def find_eye_axes(
    eyes_rad: FloatArray,
    valid: BoolArray,
    values: Mapping[str, FloatArray],
    usual: EyeAxes,
    *,
    arkit: bool = False,
) -> EyeAxes:
    """The reading of the eyes that fits the coefficients; ``usual`` where they tell nothing.

    Parameters
    ----------
    eyes_rad : (n, 2, 2)
        The file's left and right eye, two components of each, radians.
    valid : (n,) bool
        Samples in which eyes and coefficients are there.
    values : mapping of canonical name to (n,)
        Coefficients, 0 to 1.
    usual : EyeAxes
        What is known of the format.
    arkit : bool
        The angles are ARKit's own, whose eyes look outwards at rest. Only that tells the sides:
        both eyes look the same way otherwise. Else the sides are taken as usual.
    """
    predicted = predicted_eyes(values, ARKIT_REST if arkit else 0.0)
    if predicted is None or not valid.any():
        return usual
    rows = np.flatnonzero(valid)
    rows = rows[:: max(1, len(rows) // _ENOUGH_SAMPLES)]
    eyes = np.asarray(eyes_rad, np.float64)[rows]
    pitch, yaw = (part[rows] for part in predicted)
    vertical = _best(
        [
            (_cosine(sign * eyes[:, :, component], pitch), (component, sign))
            for component, sign in product((0, 1), (1.0, -1.0))
        ]
    )
    component, down = vertical or (usual.pitch, usual.down)
    horizontal = _best(
        [
            (
                _cosine(sign * (eyes[:, ::-1] if swap else eyes)[:, :, 1 - component], yaw),
                (swap, sign),
            )
            for swap, sign in product((False, True) if arkit else (usual.swapped,), (1.0, -1.0))
        ]
    )
    swapped, left = horizontal or (usual.swapped, usual.left)
    found = EyeAxes(component, down, left, swapped, horizontal is not None, usual.reason)
    if horizontal is None:
        if vertical is None or (component, down) == (usual.pitch, usual.down):
            return usual
        told = "Which eye angle is the pitch was told by eyeLookUp and eyeLookDown"
        reason = f"{told}; the rest is taken as usual for this format."
    else:
        sides = "the eyes' sides are exchanged" if swapped else "each eye is on its own side"
        way = "left" if left > 0 else "right"
        reason = (
            f"Eye angles were told by the eyeLook coefficients: {sides}, "
            f"positive yaw looks to the subject's {way}."
        )
    return EyeAxes(found.pitch, found.down, found.left, found.swapped, found.told, reason)


def _cosine(measured: FloatArray, predicted: FloatArray) -> float:
    """Cosine between two sets of angles, 0 where the prediction hardly moves."""
    with np.errstate(over="ignore", invalid="ignore"):
        strength = float(np.sqrt(np.mean(np.square(predicted))))
        length = float(np.sqrt(np.mean(np.square(measured))))
        both = float(np.mean(measured * predicted))
    if not (_LEAST_MOTION <= strength < np.inf and 0 < length < np.inf and np.isfinite(both)):
        return 0.0
    return both / (strength * length)


def _best(scored: list[tuple[float, T]]) -> T | None:
    """The candidate that fits well and clearly better than the next, or None."""
    ranked = sorted(scored, key=lambda pair: -pair[0])
    first, second = ranked[0], ranked[1]
    if first[0] < _LEAST_COSINE or first[0] - second[0] < _LEAST_LEAD:
        return None
    return first[1]
