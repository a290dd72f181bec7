# SPDX-License-Identifier: GPL-3.0-or-later
"""Eyes stay on what they look at: while the head turns more or less, and however near it is.

Directions are the head's own: x to the subject's left, y up, z out of the face.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from ...arrays import BoolArray, FloatArray
from ...gaze.gaze_angles import (
    COMFORT_PITCH,
    COMFORT_YAW,
    SIDES,
    find_neutral,
    gaze_at,
    read_from,
    to_direction,
    to_gaze,
)
from ...head_turns import HEAD, head_turns
from ...rotations import from_vector, to_matrix
from ...take import Take
from ...take_sampling import valid_at_samples
from .tracks import gaze_tracks, turn_gaze, with_tracks

#: Between the middles of both pupils (metres).
PUPILS_M = 0.063
#: A change of distance takes eyes this long (seconds), slower than a dart.
_TURNING_S = 0.4


def scale_head(take: Take, scale: float) -> tuple[Take, int]:
    """The take with its head's turns scaled, eyes on what they looked at.

    Turns are scaled about the head's median. Eyes go no farther than is comfortable, or than they
    were recorded where that is more.

    Returns
    -------
    take : Take
    held : int
        Samples at which an eye could not stay on its target.
    """
    names = [name for name in HEAD if take.has(name)]
    if not names or scale == 1.0:
        return take, 0
    values = np.array(take.values)
    for name in names:
        column = take.column(name)
        there = take.valid[:, column]
        own = take.values[there, column].astype(np.float64)
        middle = float(np.median(own))
        values[there, column] = (middle + scale * (own - middle)).astype(np.float32)
    return keep_on_target(take.changed(f"head scaled by {scale:g}", values=values), take)


def keep_on_target(take: Take, was: Take) -> tuple[Take, int]:
    """The take whose eyes look where those of another one with a different head did.

    Parameters
    ----------
    take : Take
        Its eyes are turned.
    was : Take
        The same samples with the head as it was.

    Returns
    -------
    take : Take
    held : int
        Samples at which an eye could not stay on its target.
    """
    tracks = gaze_tracks(take)
    if not tracks.columns:
        return take, 0
    before = tracks.values.copy()
    seen = valid_at_samples(take, [name for name in HEAD if take.has(name)]).all(axis=1)
    old = to_matrix(from_vector(head_turns(was, was.times)))
    new = to_matrix(from_vector(head_turns(take, take.times)))
    back = np.swapaxes(new, 1, 2) @ old
    turns: dict[str, FloatArray] = {}
    held = np.zeros(take.samples, np.bool_)
    neutral = find_neutral(was)
    for side in SIDES:
        if not read_from(was, f"{side}EyeYaw"):
            continue
        gaze = gaze_at(was, side, was.times)
        wanted = to_gaze((back @ to_direction(gaze)[:, :, None])[:, :, 0])
        kept = _within_reach(wanted, gaze, neutral.of(side))
        held |= seen & (np.abs(wanted - kept) > 1e-6).any(axis=1)
        turns[side] = np.where(seen[:, None] & (np.abs(kept - gaze) > 1e-9), kept - gaze, 0.0)
    turn_gaze(tracks, turns)
    return with_tracks(take, tracks, before, "eyes on target"), int(held.sum())


def _within_reach(wanted: FloatArray, gaze: FloatArray, neutral: FloatArray) -> FloatArray:
    """Gaze ``(n, 2)`` that goes no farther than is comfortable, or than it went."""
    out = wanted.copy()
    # channels look right and down; gaze is left and up
    for axis, (low, high) in enumerate((COMFORT_YAW, COMFORT_PITCH)):
        least = np.minimum(neutral[axis] - high, gaze[:, axis])
        most = np.maximum(neutral[axis] - low, gaze[:, axis])
        out[:, axis] = np.clip(wanted[:, axis], least, most)
    return out


def vergence_angle(distance_m: FloatArray | float) -> FloatArray:
    """Radians between both eyes' directions to something straight ahead that far away."""
    return 2.0 * np.arctan(0.5 * PUPILS_M / np.maximum(distance_m, 0.05))


def set_vergence(
    take: Take,
    scale: float = 1.0,
    distances: Sequence[tuple[float, float]] = (),
    rests: BoolArray | None = None,
) -> Take:
    """The take with another angle between its eyes; both together look where they did.

    Parameters
    ----------
    take : Take
        Both of its eyes are needed.
    scale : float
        Of how far the recorded angle goes from its median.
    distances : sequence of (float, float)
        Seconds from the first sample on, and metres to what is looked at from then on. Given any,
        the angle is that of these distances, nought being both eyes at their neutral.
    rests : (n,) bool, optional
        Samples from which the median is taken; all where it is missing.
    """
    names = [name for side in SIDES for name in read_from(take, f"{side}EyeYaw")]
    tracks = gaze_tracks(take)
    if not all(read_from(take, f"{side}EyeYaw") for side in SIDES) or take.samples < 2:
        return take
    if scale == 1.0 and not distances:
        return take
    before = tracks.values.copy()
    left, right = (gaze_at(take, side, take.times)[:, 0] for side in SIDES)
    angle = right - left
    seen = valid_at_samples(take, names).all(axis=1)
    calm = seen if rests is None or not (seen & rests).any() else seen & rests
    if not calm.any():
        return take
    if distances:
        neutral = find_neutral(take)
        base = neutral.right[0] - neutral.left[0]
        wanted = base + vergence_angle(_distance(take.times - take.times[0], distances))
    else:
        middle = float(np.median(angle[calm]))
        wanted = middle + scale * (angle - middle)
    half = np.where(seen & (np.abs(wanted - angle) > 1e-9), 0.5 * (wanted - angle), 0.0)
    level = np.zeros_like(half)
    turn_gaze(
        tracks,
        {"left": np.stack([-half, level], axis=1), "right": np.stack([half, level], axis=1)},
    )
    return with_tracks(take, tracks, before, "vergence")


def _distance(seconds: FloatArray, keys: Sequence[tuple[float, float]]) -> FloatArray:
    """Metres ``(n,)``: from key to key as quickly as eyes turn to and fro, in vergence evenly."""
    ordered = sorted(keys)
    # one over the distance is what the angle goes by
    near = np.full(len(seconds), 1.0 / ordered[0][1])
    for (_, one), (at, two) in itertools.pairwise(ordered):
        share = np.clip((seconds - at) / _TURNING_S, 0.0, 1.0)
        eased = share * share * share * (10.0 - 15.0 * share + 6.0 * share * share)
        near += (1.0 / two - 1.0 / one) * eased
    return 1.0 / np.maximum(near, 1e-3)


def target_points(take: Take, distance_m: float) -> FloatArray:
    """What both eyes look at ``(n, 3)``, in metres from between them, in the head at rest's frame.

    The recorded head turns them along; where the head was not recorded it is at rest. Key an empty
    with them to aim a character's eyes at.
    """
    gaze = np.mean([gaze_at(take, side, take.times) for side in SIDES], axis=0)
    turned = to_matrix(from_vector(head_turns(take, take.times)))
    return distance_m * (turned @ to_direction(gaze)[:, :, None])[:, :, 0]


def look_at(take: Take, points: FloatArray) -> Take:
    """The take whose eyes look at points ``(n, 3)`` as `target_points` gives them.

    Both eyes meet there: something near is looked at with more vergence.
    """
    tracks = gaze_tracks(take)
    before = tracks.values.copy()
    back = np.swapaxes(to_matrix(from_vector(head_turns(take, take.times))), 1, 2)
    seen_from = (back @ np.asarray(points, np.float64)[:, :, None])[:, :, 0]
    neutral = find_neutral(take)
    turns: dict[str, FloatArray] = {}
    for side, aside in zip(SIDES, (0.5 * PUPILS_M, -0.5 * PUPILS_M), strict=True):
        if read_from(take, f"{side}EyeYaw"):
            gaze = to_gaze(seen_from - np.array([aside, 0.0, 0.0])) + neutral.of(side)
            turns[side] = gaze - gaze_at(take, side, take.times)
    turn_gaze(tracks, turns)
    return with_tracks(take, tracks, before, "looks at target")
