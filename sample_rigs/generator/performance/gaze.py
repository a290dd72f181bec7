# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the eyes look: fixations, saccades on the main sequence, one smooth pursuit.

Directions are radians in the world: yaw positive to the subject's right, pitch positive down, as
Live Link Face has the eyes. The camera's own filter is part of the model: a captured saccade takes
longer than the real one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .draws import Floats
from .profiles import min_jerk

RADIANS = 0.017453292519943295
CAPTURE_BLUR_S = 0.045  # what the phone's filter adds to the duration of a saccade
_SACCADE_BASE_S = 0.030
_SACCADE_PER_DEGREE_S = 0.0027

# Eye angle columns against eye-look shapes, as measured on uncalibrated captures.
_IN_RAD, _OUT_RAD, _DOWN_RAD, _UP_RAD = 0.62, 0.58, 0.615, 0.45
_OFFSET_RAD = 0.067


@dataclass(frozen=True)
class Move:
    """One movement of the gaze from one direction to another."""

    kind: str
    onset_s: float
    duration_s: float
    start_rad: tuple[float, float]
    end_rad: tuple[float, float]

    @property
    def amplitude_deg(self) -> float:
        """The angle moved through."""
        yaw = self.end_rad[0] - self.start_rad[0]
        pitch = self.end_rad[1] - self.start_rad[1]
        return float(np.sqrt(yaw * yaw + pitch * pitch)) / RADIANS


def saccade_duration_s(amplitude_deg: float) -> float:
    """Return the duration of a saccade: 30 ms and 2.7 ms for each degree."""
    return _SACCADE_BASE_S + _SACCADE_PER_DEGREE_S * amplitude_deg


def plan_moves(
    aims: list[tuple[float, float, float]], pursuits: list[tuple[float, float, float, float]]
) -> list[Move]:
    """Turn aims into movements.

    Parameters
    ----------
    aims : list of (onset_s, yaw_deg, pitch_deg)
        Saccades.
    pursuits : list of (onset_s, duration_s, yaw_deg, pitch_deg)
        Smooth pursuits to a direction.
    """
    steps = [("saccade", onset, 0.0, yaw, pitch) for onset, yaw, pitch in aims]
    steps += [("pursuit", onset, span, yaw, pitch) for onset, span, yaw, pitch in pursuits]
    moves: list[Move] = []
    here = (0.0, 0.0)
    for kind, onset_s, span_s, yaw_deg, pitch_deg in sorted(steps, key=lambda step: step[1]):
        there = (yaw_deg * RADIANS, pitch_deg * RADIANS)
        move = Move(kind, onset_s, span_s, here, there)
        if kind == "saccade":
            move = replace(move, duration_s=saccade_duration_s(move.amplitude_deg))
        moves.append(move)
        here = there
    return moves


def gaze_motion(times_s: Floats, moves: list[Move], blur_s: float) -> Floats:
    """Return the gaze in radians, shape (n, 2): yaw, pitch.

    Each movement is widened by ``blur_s`` about its middle: 0 for the real eye, `CAPTURE_BLUR_S`
    for what the phone reports.
    """
    if not moves:
        return np.zeros((len(times_s), 2))
    saccade = np.array([move.kind == "saccade" for move in moves])
    widened_s = np.where(saccade, blur_s, 0.0)
    onsets_s = np.array([move.onset_s for move in moves]) - 0.5 * widened_s
    spans_s = np.array([move.duration_s for move in moves]) + widened_s
    starts = np.array([move.start_rad for move in moves])
    ends = np.array([move.end_rad for move in moves])
    at = np.clip(np.searchsorted(onsets_s, times_s, side="right") - 1, 0, None)
    progress = (times_s - onsets_s[at]) / spans_s[at]
    done = np.where(saccade[at], min_jerk(progress), _ramp(progress))[:, None]
    return starts[at] + (ends[at] - starts[at]) * done


def _ramp(progress: Floats) -> Floats:
    """Return constant speed with short parabolic starts and stops, from 0 to 1."""
    u = np.clip(progress, 0.0, 1.0)
    ease = 0.12
    speed = 1.0 / (1.0 - ease)
    rising = 0.5 * speed / ease * u * u
    falling = 1.0 - 0.5 * speed / ease * (1.0 - u) * (1.0 - u)
    middle = speed * (u - 0.5 * ease)
    return np.where(u < ease, rising, np.where(u > 1.0 - ease, falling, middle))


def encode_eyes(left_yaw: Floats, right_yaw: Floats, pitch: Floats) -> dict[str, Floats]:
    """Return eye-look shapes and angle columns for eye angles in radians.

    The inverse of the linear relation measured on uncalibrated Live Link Face captures; the roll
    column is there the product of yaw and pitch.
    """
    left = left_yaw + _OFFSET_RAD
    right = -(right_yaw - _OFFSET_RAD)
    down = np.maximum(pitch, 0.0) / _DOWN_RAD
    up = np.maximum(-pitch, 0.0) / _UP_RAD
    return {
        "eyeLookInLeft": np.maximum(left, 0.0) / _IN_RAD,
        "eyeLookOutLeft": np.maximum(-left, 0.0) / _OUT_RAD,
        "eyeLookInRight": np.maximum(right, 0.0) / _IN_RAD,
        "eyeLookOutRight": np.maximum(-right, 0.0) / _OUT_RAD,
        "eyeLookDownLeft": down,
        "eyeLookDownRight": down,
        "eyeLookUpLeft": up,
        "eyeLookUpRight": up,
        "leftEyeYaw": left_yaw,
        "leftEyePitch": pitch,
        "leftEyeRoll": left_yaw * pitch,
        "rightEyeYaw": right_yaw,
        "rightEyePitch": pitch,
        "rightEyeRoll": right_yaw * pitch,
    }


def eye_yaws(version: Floats, vergence_rad: float) -> tuple[Floats, Floats]:
    """Return the yaw columns of the left and right eye for a common direction.

    Each eye turns in by ``vergence_rad``; the app's columns are offset outwards by 0.067 rad.
    """
    inward = vergence_rad - _OFFSET_RAD
    return version + inward, version - inward


def fixations(moves: list[Move], end_s: float) -> list[tuple[float, float, float, float]]:
    """Return (start_s, end_s, yaw_rad, pitch_rad) of the stretches between movements."""
    found: list[tuple[float, float, float, float]] = []
    start_s, aim = 0.0, (0.0, 0.0)
    for move in moves:
        if move.onset_s > start_s:
            found.append((start_s, move.onset_s, *aim))
        start_s, aim = move.onset_s + move.duration_s, move.end_rad
    if end_s > start_s:
        found.append((start_s, end_s, *aim))
    return found
