# SPDX-License-Identifier: GPL-3.0-or-later
"""Gaze by scipy, which shares no code with the product, and takes and maps of single eyes."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.controls import BONE, ControlKey
from facemocap_addon.core.gaze.gaze_limits import with_comfortable_limits
from facemocap_addon.core.rig_maps.retargeting import SolveResult
from facemocap_addon.core.rig_maps.rig_map import RigMap, RigMapEntry, Source
from facemocap_addon.core.take import Take, make_take

FRONT = np.array([0.0, 0.0, 1.0])
FRAMES = {
    "straight": np.eye(3),
    "other letters": np.array([[0, -1.0, 0], [0, 0, 1], [-1, 0, 0]]),
    "askew": Rotation.from_euler("zxy", [0.7, 0.3, -0.4]).as_matrix(),
}


def take_of(rate_hz: Any = 60.0, **columns: Any) -> Take:
    values = np.stack([np.asarray(v, np.float64) for v in columns.values()], axis=1)
    channels = [arkit_schema()[name] for name in columns]
    return make_take(np.arange(len(values)) / rate_hz, channels, values, rate=60)


def look(yaw: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """Directions of an eye that first turns right by ``yaw``, then the turned eye down."""
    turn = Rotation.from_rotvec(np.outer(pitch, [1.0, 0, 0])) * Rotation.from_rotvec(
        np.outer(yaw, [0, -1.0, 0])
    )
    return turn.apply(FRONT)


def apart_deg(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    cross = np.linalg.norm(np.cross(one, two), axis=-1)
    return np.degrees(np.arctan2(cross, np.sum(one * two, axis=-1)))


def both_eyes(yaw: np.ndarray, pitch: np.ndarray, rate_hz: float = 60.0) -> Take:
    return take_of(
        rate_hz, leftEyeYaw=yaw, leftEyePitch=pitch, rightEyeYaw=-yaw, rightEyePitch=pitch
    )


def bone(name: str, index: int, channel: str = "rotation") -> ControlKey:
    return ControlKey(BONE, "rig", f'pose.bones["{name}"].{channel}', index)


def eye_map(axes: np.ndarray, limits: tuple[float, float] | None = None) -> RigMap:
    """A left eye's bone whose own rest axes ``(3, 3)`` are these rows of the character's frame."""
    entries: list[RigMapEntry] = []
    for index, axis in enumerate(axes):
        sources = (Source("leftEyeYaw", -axis[1]), Source("leftEyePitch", axis[0]))
        own = (-3.1416, 3.1416) if limits is None else limits
        entries.append(RigMapEntry(bone("eye", index), sources, limits=own))
    return RigMap("rig", tuple(with_comfortable_limits(entries) if limits is None else entries))


def turned(solved: SolveResult, axes: np.ndarray) -> np.ndarray:
    """Where the front of the eye goes."""
    vectors = solved.values[:, np.argsort([c.index for c in solved.controls])] @ axes
    return Rotation.from_rotvec(vectors).apply(FRONT)
