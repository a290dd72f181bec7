# SPDX-License-Identifier: GPL-3.0-or-later
"""A head that was not recorded gets a still one, for layers to move."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...channels import arkit_names
from ...formats.head_pose import HEAD_ANGLES, angle_channel
from ...take import Take
from ..kind import Kind, Outcome, StepContext


@dataclass(frozen=True, slots=True)
class StillHead:
    """Nothing to choose."""


def apply(take: Take, params: StillHead, context: StepContext) -> Outcome:
    """Angles of nought where a face was found, if none of the three was recorded."""
    del params, context
    faces = [take.column(name) for name in arkit_names() if take.has(name)]
    if not faces or any(take.has(name) for name in HEAD_ANGLES):
        return Outcome(take)
    missing = tuple(name for name in HEAD_ANGLES if name not in take.names)
    room = ((0, 0), (0, len(missing)))
    values, valid = np.pad(take.values, room), np.pad(take.valid, room)
    names = (*take.names, *missing)
    columns = [names.index(name) for name in HEAD_ANGLES]
    values[:, columns] = 0.0
    valid[:, columns] = take.valid[:, faces].any(axis=1)[:, None]
    confidence = take.confidence
    if confidence is not None:
        confidence = np.pad(confidence, room)
        confidence[:, columns] = 1.0
    out = replace(
        take,
        channels=(*take.channels, *map(angle_channel, missing)),
        values=values,
        valid=valid,
        confidence=confidence,
        not_recorded=tuple(name for name in take.not_recorded if name not in HEAD_ANGLES),
    )
    return Outcome(out, ("The head was not recorded: it is still and straight.",))


KIND = Kind(
    "still_head",
    "Still Head",
    "Give a take without a head's turn a still one, so that breath and posture can move it",
    StillHead,
    apply,
    fills=True,
)
