# SPDX-License-Identifier: GPL-3.0-or-later
"""What the phone makes of the face: frame times, noise, glitches, lost and missing rows."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from .channels import CHANNELS, COLUMN, SHAPES, noise_sigmas
from .draws import Draws, Floats
from .gaze import encode_eyes

TICKS_PER_SECOND = 60000  # a timecode counts thousandths of a sixtieth of a second
_GRID = 2.0**22  # captured values are multiples of 2**-22: exact in float32
_OWN_SHARE = 0.02  # of the noise in eyes and brows that the sides do not share

_GLITCH_PARTS: dict[str, dict[str, float]] = {
    "mouth": {"jawOpen": 0.31, "mouthFunnel": 0.24, "mouthLowerDownLeft": 0.18},
    "brow": {"browInnerUp": 0.36, "browOuterUpLeft": 0.28, "browOuterUpRight": 0.28},
}


def frame_ticks(duration_s: float, rate_hz: float) -> NDArray[np.int64]:
    """Return the frames' times in ticks of 1/60000 s, rounded as a timecode has to."""
    rate = Fraction(str(rate_hz))
    count = -((-Fraction(str(duration_s)) * rate) // 1)
    frames = np.arange(int(count), dtype=np.int64)
    step = TICKS_PER_SECOND * rate.denominator
    return (2 * frames * step + rate.numerator) // (2 * rate.numerator)


def add_noise(clean: Floats, seed: int, amount: float) -> Floats:
    """Return the values with the camera's noise, at least 0 for shapes.

    Parameters
    ----------
    clean : (n, 61) array
    seed : int
    amount : float
        Factor on the standard deviations of `noise_sigmas`; 0 adds nothing.

    Notes
    -----
    A shape that is exactly zero stays so, as in the app's files. Eyes and brows share their noise
    left and right, because the app couples them. The eye-look shapes are encoded from the noisy
    eye angles, so both tell the same.
    """
    if amount == 0.0:
        return clean.copy()
    noise = Draws(seed, 60).normals(*clean.shape)
    for name in SHAPES:
        if name.endswith("Right") and name.startswith(("eye", "brow")):
            left = noise[:, COLUMN[name[:-5] + "Left"]]
            right = noise[:, COLUMN[name]]
            right *= _OWN_SHARE
            right += left
    noise[:, COLUMN["rightEyeYaw"]] = noise[:, COLUMN["leftEyeYaw"]]
    noise *= amount * noise_sigmas()
    count = len(SHAPES)
    values = clean + noise
    values[:, :count] = np.where(clean[:, :count] > 0.0, np.maximum(values[:, :count], 0.0), 0.0)
    eyes = encode_eyes(
        values[:, COLUMN["leftEyeYaw"]],
        values[:, COLUMN["rightEyeYaw"]],
        values[:, COLUMN["leftEyePitch"]],
    )
    for name, column in eyes.items():
        values[:, COLUMN[name]] = column
    return values


def add_glitches(values: Floats, frames: list[int], kinds: list[str]) -> None:
    """Add to single frames what a tracker's slip adds to a part of the face."""
    for frame, kind in zip(frames, kinds, strict=True):
        for name, amount in _GLITCH_PARTS[kind].items():
            values[frame, COLUMN[name]] += amount


def glitched_channels(kind: str) -> tuple[str, ...]:
    """Return the channels a kind of glitch disturbs."""
    return tuple(name for name in CHANNELS if name in _GLITCH_PARTS[kind])


def quantise(values: Floats) -> Floats:
    """Round to the grid of the file; no minus zero."""
    return np.floor(values * _GRID + 0.5) / _GRID + 0.0


def spans_to_mask(times_s: Floats, spans: list[tuple[float, float]]) -> NDArray[np.bool_]:
    """Return which samples lie in any of the spans."""
    mask = np.zeros(len(times_s), dtype=bool)
    for start_s, end_s in spans:
        first, last = np.searchsorted(times_s, (start_s, end_s))
        mask[first:last] = True
    return mask
