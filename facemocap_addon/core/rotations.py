# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotations of many frames at once: quaternions (w, x, y, z), rotation vectors, Euler angles.

A *rotation vector* is the rotation axis times the angle in radians; scaling it scales the angle
about the same axis, so ``share * vector`` is the spherical interpolation from rest.
Conventions are Blender's: right-handed, Euler order ``XYZ`` turns about X first (R = Rz Ry Rx).
"""

from __future__ import annotations

import numpy as np

from .arrays import FloatArray, in_pieces

EULER_ORDERS = ("XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX")


def multiply(a: FloatArray, b: FloatArray) -> FloatArray:
    """Hamilton product of quaternions ``(..., 4)``: first ``b``, then ``a``."""
    aw, ax, ay, az = np.moveaxis(np.asarray(a, np.float64), -1, 0)
    bw, bx, by, bz = np.moveaxis(np.asarray(b, np.float64), -1, 0)
    return np.stack(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ],
        axis=-1,
    )


def from_axis(axis: int, angle_rad: FloatArray) -> FloatArray:
    """Quaternions ``(..., 4)`` of turns about coordinate axis 0, 1 or 2."""
    half = np.asarray(angle_rad, np.float64) / 2
    out = np.zeros((*half.shape, 4))
    out[..., 0] = np.cos(half)
    out[..., 1 + axis] = np.sin(half)
    return out


def from_vector(vector: FloatArray) -> FloatArray:
    """Quaternions ``(..., 4)`` of rotation vectors ``(..., 3)``."""
    vector = np.asarray(vector, np.float64)
    angle = np.linalg.norm(vector, axis=-1, keepdims=True)
    # sin(a/2)/a without the 0/0: np.sinc(x) is sin(pi x)/(pi x)
    scale = 0.5 * np.sinc(angle / (2 * np.pi))
    return np.concatenate([np.cos(angle / 2), vector * scale], axis=-1)


def to_vector(quaternion: FloatArray) -> FloatArray:
    """Rotation vectors ``(..., 3)`` of unit quaternions, angle at most pi."""
    q = np.asarray(quaternion, np.float64)
    q = np.where(q[..., :1] < 0, -q, q)
    sine = np.linalg.norm(q[..., 1:], axis=-1, keepdims=True)
    angle = 2 * np.arctan2(sine, np.ascontiguousarray(q[..., :1]))
    scale = np.where(sine > 1e-12, angle / np.maximum(sine, 1e-300), 2.0)
    return q[..., 1:] * scale


def continuous(quaternions: FloatArray) -> FloatArray:
    """Quaternions ``(n, 4)`` with signs chosen so that neighbours are never opposite."""
    q = np.asarray(quaternions, np.float64)
    flips = np.einsum("ij,ij->i", q[1:], q[:-1]) < 0
    signs = np.concatenate([[1.0], np.cumprod(np.where(flips, -1.0, 1.0))])[: len(q)]
    return q * signs[:, None]


def nearest_vectors(vectors: FloatArray, near: FloatArray) -> FloatArray:
    """The same rotations ``(..., 3)`` by the vectors that lie nearest to ``near`` ``(..., 3)``.

    Whole turns are added about the axis that each has; a rotation of nought takes the axis of
    ``near``.
    """
    vectors, near = np.asarray(vectors, np.float64), np.asarray(near, np.float64)
    angle = np.linalg.norm(vectors, axis=-1, keepdims=True)
    still = angle < 1e-9
    wanted = np.linalg.norm(near, axis=-1, keepdims=True)
    axis = np.where(still, near, vectors) / np.maximum(np.where(still, wanted, angle), 1e-300)
    turns = np.round(((axis * near).sum(axis=-1, keepdims=True) - angle) / (2 * np.pi))
    return vectors + 2 * np.pi * turns * axis


def continuous_vectors(vectors: FloatArray) -> FloatArray:
    """Rotation vectors ``(n, 3)`` whose angle goes on past half a turn instead of jumping back."""
    out = np.array(vectors, np.float64)
    jumps = np.flatnonzero(np.linalg.norm(np.diff(out, axis=0), axis=1) > np.pi / 2)
    for row in range(int(jumps[0]) + 1, len(out)) if len(jumps) else ():
        out[row] = nearest_vectors(out[row], out[row - 1])
    return out


def continuous_head_angles(angles: FloatArray) -> FloatArray:
    """Yaw, pitch and roll ``(n, 3)`` of the same rotations without jumps between rows.

    Angles that run over half a turn go on; where a recorder changes over to the other triple of
    the same rotation (yaw + pi, pi - pitch, roll + pi) that is undone. The first row stays.
    """
    out = np.array(angles, np.float64)
    jumps = np.flatnonzero(np.abs(np.diff(out, axis=0)).max(axis=1, initial=0.0) > np.pi / 2)
    for row in range(int(jumps[0]) + 1, len(out)) if len(jumps) else ():
        before = out[row - 1]
        other = np.pi + out[row] * [1.0, -1.0, 1.0]
        pair = [_by_whole_turns(angle, before) for angle in (out[row], other)]
        out[row] = min(pair, key=lambda angle: float(np.abs(angle - before).sum()))
    return out


def to_matrix(quaternion: FloatArray) -> FloatArray:
    """Rotation matrices ``(..., 3, 3)`` of unit quaternions."""
    w, x, y, z = np.moveaxis(np.asarray(quaternion, np.float64), -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def to_euler(quaternions: FloatArray, order: str) -> FloatArray:
    """Euler angles ``(n, 3)`` (x, y, z in radians) without jumps of a turn between frames.

    Parameters
    ----------
    quaternions : (n, 4)
    order : str
        Blender's rotation mode, one of `EULER_ORDERS`: the first letter turns first.

    Notes
    -----
    Both solutions of each frame are computed and the one nearer to the frame before is taken, each
    angle moved by whole turns; a first frame takes the solution with the smaller angles.
    """
    if order not in EULER_ORDERS:
        raise ValueError(f"order must be one of {EULER_ORDERS}, not {order!r}")
    i, j, k = ("XYZ".index(letter) for letter in order)
    parity = 1.0 if (j - i) % 3 == 1 else -1.0
    # each component in one piece, see `arrays.in_pieces`
    m = in_pieces(to_matrix(quaternions).reshape(-1, 9)).reshape(3, 3, -1)
    cosine = np.hypot(m[i, i, :], m[j, i, :])
    regular = cosine > 1e-7
    first = np.where(
        regular,
        np.arctan2(m[k, j, :], m[k, k, :]),
        np.arctan2(-m[j, k, :], m[j, j, :]),
    )
    second = np.arctan2(-m[k, i, :], cosine)
    third = np.where(regular, np.arctan2(m[j, i, :], m[i, i, :]), 0.0)
    angles = np.empty((len(first), 3))
    angles[:, [i, j, k]] = parity * np.stack([first, second, third], axis=1)
    other = angles.copy()
    other[:, i] += np.pi
    other[:, j] = np.pi - other[:, j]
    other[:, k] += np.pi
    return _nearest_turns(angles, other)


def _nearest_turns(first: FloatArray, second: FloatArray) -> FloatArray:
    """Of two solutions per frame the path with the smallest steps."""
    out = np.empty_like(first)
    before: FloatArray = np.zeros(3)
    for frame in range(len(first)):
        a = _by_whole_turns(first[frame], before)
        b = _by_whole_turns(second[frame], before)
        before = a if np.abs(a - before).sum() <= np.abs(b - before).sum() else b
        out[frame] = before
    return out


def _by_whole_turns(angles: FloatArray, near: FloatArray) -> FloatArray:
    turn = 2 * np.pi
    return angles - turn * np.round((angles - near) / turn)


def to_axis_angle(quaternions: FloatArray) -> FloatArray:
    """Blender's axis-angle ``(n, 4)`` (angle, x, y, z) of quaternions without sign jumps.

    The axis is held where the angle is nought; an angle that passes half a turn, or nought, goes
    on instead of jumping back.
    """
    q = np.asarray(quaternions, np.float64)
    if len(q) and q[0, 0] < 0:
        q = -q
    sine = np.linalg.norm(q[:, 1:], axis=1)
    angle = 2 * np.arctan2(sine, np.ascontiguousarray(q[:, 0]))
    axis = np.zeros((len(q), 3))
    axis[:, 1] = 1.0
    turning = sine > 1e-9
    axis[turning] = q[turning, 1:] / sine[turning, None]
    if turning.any():
        # still frames keep the axis before them, those at the start take the first there is
        last = np.maximum.accumulate(np.where(turning, np.arange(len(axis)), -1))
        axis = axis[np.where(last >= 0, last, np.argmax(turning))]
    flips = np.einsum("ij,ij->i", axis[1:], axis[:-1]) < 0
    signs = np.concatenate([[1.0], np.cumprod(np.where(flips, -1.0, 1.0))])[: len(axis)]
    return np.concatenate([(angle * signs)[:, None], axis * signs[:, None]], axis=1)


def head_vectors(yaw: FloatArray, pitch: FloatArray, roll: FloatArray) -> FloatArray:
    """Head rotation as rotation vectors ``(n, 3)`` in the character's frame.

    Parameters
    ----------
    yaw, pitch, roll : (n,) radians
        Signs of Live Link Face: yaw to the subject's left, pitch chin up, roll to the subject's
        left shoulder. R = Ry(yaw) Rx(pitch) Rz(roll) in the recorder's frame (x to the subject's
        right, y up, z into the face); the result is in ours (x left, y up, z out of the face).
    """
    q = multiply(multiply(from_axis(1, yaw), from_axis(0, pitch)), from_axis(2, roll))
    return to_vector(q) * np.array([-1.0, 1.0, -1.0])
