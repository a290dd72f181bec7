# SPDX-License-Identifier: GPL-3.0-or-later
"""Head and eye poses of other recorders in the product's own channels.

A recorder's axes differ from ours (x to the subject's left, y up, z out of the face) by flips. For
a diagonal flip D a rotation R becomes D R D: the angle about x keeps its sign times ``dy dz`` and
so on, whichever hand the frame has. Two facts therefore settle all signs: does a positive turn
about x look down, and does a positive turn about y look to the subject's left (`AxisSigns`).

Euler angles go by the order of `rotations.head_vectors`, R = Ry Rx Rz, in which flips only change
signs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import FloatArray, in_pieces
from ..channels import Channel, arkit_schema
from ..rotations import from_axis, multiply, to_matrix

HEAD_ANGLES = ("headYaw", "headPitch", "headRoll")
HEAD_POSITION = ("headX", "headY", "headZ")
EYE_ANGLES = tuple(f"{side}Eye{axis}" for side in ("left", "right") for axis in ("Yaw", "Pitch"))


@dataclass(frozen=True, slots=True)
class AxisSigns:
    """Which way a recorder's positive angles turn.

    Attributes
    ----------
    down : float
        1 where a positive angle about x looks down, -1 where it looks up.
    left : float
        1 where a positive angle about y looks to the subject's left, -1 where to the right.
    """

    down: float = 1.0
    left: float = 1.0


#: Apple's face anchor: x to the subject's left, y up, z out of the face. Also MediaPipe's face.
ARKIT = AxisSigns(1.0, 1.0)


def angle_channel(name: str, original: str = "") -> Channel:
    """A head or eye angle of the schema, with the recorder's own name for it."""
    channel = arkit_schema()[name]
    return Channel.from_json({**channel.to_json(), "original": original or name})


def position_channels(originals: tuple[str, ...] = HEAD_POSITION) -> tuple[Channel, ...]:
    """Where the head is, in metres: headX to the subject's left, headY up, headZ to the front."""
    return tuple(
        Channel(
            name,
            kind="translation",
            region="head",
            range=(-1.0, 1.0),
            original=original,
            sign=-1.0 if name == "headX" else 1.0,
        )
        for name, original in zip(HEAD_POSITION, originals, strict=True)
    )


def head_from_euler(euler_rad: FloatArray, signs: AxisSigns = ARKIT) -> FloatArray:
    """headYaw, headPitch, headRoll ``(n, 3)`` of angles about a recorder's x, y, z ``(n, 3)``."""
    x, y, z = np.asarray(euler_rad, np.float64).T
    return np.stack([signs.left * y, -signs.down * x, -signs.down * signs.left * z], axis=1)


def euler_matrices(euler_rad: FloatArray) -> FloatArray:
    """Rotations ``(n, 3, 3)`` of trackers of landmarks, R = Rx Ry Rz, of angles ``(n, 3)``."""
    turns = [from_axis(axis, euler_rad[:, axis]) for axis in range(3)]
    return to_matrix(multiply(turns[0], multiply(turns[1], turns[2])))


def head_position(position: FloatArray, signs: AxisSigns = ARKIT) -> FloatArray:
    """headX, headY, headZ ``(n, 3)`` of a position in the frame that ``signs`` describe."""
    flips = np.array([signs.down * signs.left, 1.0, signs.down])
    return np.asarray(position, np.float64) * flips


def head_from_matrices(matrices: FloatArray) -> FloatArray:
    """headYaw, headPitch, headRoll ``(n, 3)`` of rotations ``(n, 3, 3)`` in our own axes.

    R = Ry(yaw) Rx(-pitch) Rz(-roll): docs/formats.md has the signs. A head that looks straight up
    or down has its whole turn in the yaw.
    """
    m = np.asarray(matrices, np.float64)
    lengths = np.linalg.norm(m, axis=1, keepdims=True)
    m = m / np.where(lengths > 0, lengths, 1.0)
    m = in_pieces(m.reshape(-1, 9)).reshape(3, 3, -1)
    pitch = np.arcsin(np.clip(m[1, 2, :], -1.0, 1.0))
    regular = np.hypot(m[1, 0, :], m[1, 1, :]) > 1e-6
    yaw = np.where(regular, np.arctan2(m[0, 2, :], m[2, 2, :]), np.arctan2(-m[2, 0, :], m[0, 0, :]))
    roll = np.where(regular, np.arctan2(-m[1, 0, :], m[1, 1, :]), 0.0)
    return np.stack([yaw, pitch, roll], axis=1)


def eye_from_matrices(matrices: FloatArray) -> FloatArray:
    """Yaw and pitch ``(n, 2)`` of eyes whose z axis looks out of the pupil, in our own axes.

    The direction is Rx(pitch) Ry(-yaw) z, the order of Live Link Face's own angles.
    """
    x, y, z = in_pieces(np.asarray(matrices)[:, :, 2])
    return np.stack([-np.arctan2(x, np.hypot(y, z)), np.arctan2(-y, z)], axis=1)
