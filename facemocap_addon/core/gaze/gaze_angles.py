# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the eyes of a take look: one direction for each eye, whatever the recorder wrote.

A gaze is its azimuth (to the subject's left) and its elevation, radians, in the head's own frame
(x to the subject's left, y up, z out of the face). Channels keep the signs of Live Link Face: yaw
to the subject's right, pitch down.

Recorded angles turn an eye by R = Rx(pitch) Ry(yaw), the yaw first: on a recorded range of motion
the eyeLook coefficients are linear in azimuth and elevation of that direction to 0.07 and 0.1
degrees (root mean square), of the other order's only to 0.33. The coefficients themselves are
azimuth and elevation, by the slopes below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray, in_pieces
from ..rotations import from_axis, multiply, to_matrix
from ..sampling import usual_step
from ..take import Take
from ..take_sampling import sample_channels, valid_at_samples

SIDES = ("left", "right")
EYE_ANGLES = tuple(f"{side}Eye{angle}" for side in SIDES for angle in ("Yaw", "Pitch"))
#: Turn of an eye (radians) at coefficient 1; regressed from recorded takes (docs/formats.md).
LOOK_RAD = {
    "Out": float(np.radians(33.2)),
    "In": float(np.radians(35.5)),
    "Up": float(np.radians(25.8)),
    "Down": float(np.radians(35.0)),
}
#: A comfortable range of gaze (radians): yaw to either side, pitch up and down.
COMFORT_YAW = (-float(np.radians(35.0)), float(np.radians(35.0)))
COMFORT_PITCH = (-float(np.radians(25.0)), float(np.radians(30.0)))
#: An eye counts as open while its blink is below this.
OPEN = 1 / 3
#: Seconds of open eyes that a neutral needs.
LEAST_SECONDS = 2.0
#: A gaze that stays within this (radians, 5th to 95th percentile) shows no neutral.
LEAST_RANGE = float(np.radians(0.5))


@dataclass(frozen=True, slots=True)
class Neutral:
    """Azimuth and elevation of each eye's own straight ahead, taken off every gaze of a take."""

    left: tuple[float, float] = (0.0, 0.0)
    right: tuple[float, float] = (0.0, 0.0)

    def of(self, side: str) -> FloatArray:
        """``(2,)`` of ``left`` or ``right``."""
        return np.array(self.left if side == "left" else self.right)


#: Nothing is taken off.
NO_NEUTRAL = Neutral()
#: Ranges (low, high) of eye angle channels, radians.
Ranges = Mapping[str, tuple[float, float]]


def read_from(take: Take, name: str) -> tuple[str, ...]:
    """The recorded channels that a channel's value comes from; none where it has no value.

    Eye angles come from the recorded angles of that eye, or where it has none from its eyeLook
    coefficients; every other channel is its own.
    """
    if name not in EYE_ANGLES:
        return (name,) if take.has(name) else ()
    side = name[: name.index("Eye")]
    both = (f"{side}EyeYaw", f"{side}EyePitch")
    own = both if _has_angles(take, side) else _looks(side)
    # angles that are nought throughout still say so where there is nothing else
    return tuple(each for each in own if take.has(each)) or tuple(n for n in both if take.has(n))


def gaze_at(take: Take, side: str, times_s: FloatArray) -> FloatArray:
    """Azimuth and elevation ``(n, 2)`` of one eye (``left`` or ``right``) as recorded.

    Straight ahead where the take has neither the angles nor the coefficients.
    """
    if _has_angles(take, side):
        yaw, pitch = sample_channels(take, [f"{side}EyeYaw", f"{side}EyePitch"], times_s).T
        turn = multiply(from_axis(0, pitch), from_axis(1, -yaw))
        return to_gaze(to_matrix(turn)[..., 2])
    out, inward, up, down = sample_channels(take, _looks(side), times_s).T
    outward = LOOK_RAD["Out"] * out - LOOK_RAD["In"] * inward
    azimuth = outward if side == "left" else -outward
    return np.stack([azimuth, LOOK_RAD["Up"] * up - LOOK_RAD["Down"] * down], axis=1)


def look_turn(channel: str) -> FloatArray:
    """Rotation vector ``(3,)`` of an eye whose eyeLook coefficient is 1; nought for others."""
    for way, angle in LOOK_RAD.items():
        for side, sign in (("Left", 1.0), ("Right", -1.0)):
            if channel == f"eyeLook{way}{side}":
                aside = {"Out": sign, "In": -sign}.get(way, 0.0)
                rise = {"Up": 1.0, "Down": -1.0}.get(way, 0.0)
                return gaze_vectors(np.array([[aside * angle, rise * angle]]))[0]
    return np.zeros(3)


def find_neutral(take: Take) -> Neutral:
    """The gaze that each eye comes back to: its median while the eye is open.

    Recorders place straight ahead a few degrees off for each eye, and who films himself looks at
    his phone. Medians of azimuth and of elevation over the valid samples of an open eye (blink
    below a third where blinks were recorded). None is taken from takes with less than two seconds
    of them, nor from a gaze that never moves, which may as well be meant.
    """
    found = [_neutral_of(take, side) for side in SIDES]
    left, right = found
    return NO_NEUTRAL if left is None or right is None else Neutral(left, right)


def _neutral_of(take: Take, side: str) -> tuple[float, float] | None:
    names = read_from(take, f"{side}EyeYaw")
    blink = f"eyeBlink{side.title()}"
    is_open: BoolArray = valid_at_samples(take, names).all(axis=1) & bool(names)
    if take.has(blink):
        is_open &= valid_at_samples(take, [blink])[:, 0]
        is_open &= take.values[:, take.column(blink)] < OPEN
    if take.samples < 2 or is_open.sum() * usual_step(take.times) < LEAST_SECONDS:
        return None
    gaze = gaze_at(take, side, take.times[is_open])
    low, high = np.percentile(gaze, [5, 95], axis=0)
    if float((high - low).max()) < LEAST_RANGE:
        return None
    azimuth, elevation = np.median(gaze, axis=0)
    return float(azimuth), float(elevation)


def gaze_channels(
    take: Take, times_s: FloatArray, neutral: Neutral, ranges: Ranges, *, hold: bool = True
) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """What the eye angle channels are worth to a rig map, and how far they passed their ranges.

    Parameters
    ----------
    take : Take
    times_s : (n,) float
        Seconds on the take's clock.
    neutral : Neutral
        Taken off every gaze: azimuth of azimuth, elevation of elevation.
    ranges : mapping of str to (float, float)
        Lowest and highest angle of channels, radians; those that are missing have none.
    hold : bool
        Keep the gaze within its ranges.

    Returns
    -------
    values : dict of str to (n,)
        Components of each gaze's rotation vector, in the channel's own sign.
    beyond : dict of str to (n,)
        Radians by which a channel's angle passed its range; nought within.
    """
    values: dict[str, FloatArray] = {}
    beyond: dict[str, FloatArray] = {}
    for side in SIDES:
        gaze = gaze_at(take, side, times_s) - neutral.of(side)
        names = f"{side}EyeYaw", f"{side}EyePitch"
        for place, name in enumerate(names):
            low, high = ranges.get(name, (-np.inf, np.inf))
            angle = -gaze[:, place]
            kept = np.clip(angle, low, high)
            beyond[name] = np.abs(angle - kept)
            if hold:
                gaze[:, place] = -kept
        vector = gaze_vectors(gaze)
        values[names[0]], values[names[1]] = -vector[:, 1], vector[:, 0]
    return values, beyond


def to_direction(gaze: FloatArray) -> FloatArray:
    """Unit vectors ``(n, 3)`` of azimuth and elevation ``(n, 2)``."""
    azimuth, elevation = np.asarray(gaze, np.float64).T
    level = np.cos(elevation)
    return np.stack([np.sin(azimuth) * level, np.sin(elevation), np.cos(azimuth) * level], axis=1)


def to_gaze(direction: FloatArray) -> FloatArray:
    """Azimuth and elevation ``(n, 2)`` of directions ``(n, 3)``."""
    x, y, z = in_pieces(direction)
    return np.stack([np.arctan2(x, z), np.arctan2(y, np.hypot(x, z))], axis=1)


def to_eye_angles(direction: FloatArray) -> FloatArray:
    """Yaw and pitch ``(n, 2)``, as eye angle channels have them, of directions ``(n, 3)``."""
    x, y, z = in_pieces(direction)
    return np.stack([np.arctan2(-x, np.hypot(y, z)), np.arctan2(-y, z)], axis=1)


def gaze_vectors(gaze: FloatArray) -> FloatArray:
    """Rotation vectors ``(n, 3)`` that turn straight ahead to azimuth and elevation ``(n, 2)``.

    The shortest turn: as Listing's law has it, an eye does not roll about its own axis.
    """
    x, y, z = in_pieces(to_direction(gaze))
    aside = np.hypot(x, y)
    angle = np.arctan2(aside, z)
    scale = np.where(aside > 1e-9, angle / np.maximum(aside, 1e-300), 1.0)
    return np.stack([-y * scale, x * scale, np.zeros_like(x)], axis=1)


def _has_angles(take: Take, side: str) -> bool:
    """Whether an eye's own angles were recorded: both, or what there is where nothing else tells.

    Columns that are nought throughout were not.
    """
    names = [f"{side}EyeYaw", f"{side}EyePitch"]
    there = [name for name in names if take.has(name)]
    moved = any(
        take.values[take.valid[:, column], column].any() for column in map(take.column, there)
    )
    return moved and (len(there) == len(names) or not any(map(take.has, _looks(side))))


def _looks(side: str) -> tuple[str, ...]:
    return tuple(f"eyeLook{way}{side.title()}" for way in LOOK_RAD)
