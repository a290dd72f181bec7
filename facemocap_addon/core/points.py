# SPDX-License-Identifier: GPL-3.0-or-later
"""Tracked points of a take: markers and landmarks, three channels each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .arrays import BoolArray, FloatArray, frozen
from .channels import Channel
from .take import Take

AXES = ("x", "y", "z")
#: Points in the picture are in pixels, x to the picture's right, y down.
SPACE, PICTURE = "point", "pixel"


@dataclass(frozen=True)
class Points:
    """Points of one kind over the samples of a take.

    Attributes
    ----------
    names : tuple of str, length p
    positions : (n, p, 3) or (n, p, 2) float64
        Metres in the frame of docs/formats.md, or pixels. Nought where not valid.
    valid : (n, p) bool
        False unless all coordinates were recorded.
    confidence : (n, p) float64 or None
        The tracker's own trust, 0 to 1.
    """

    names: tuple[str, ...]
    positions: FloatArray
    valid: BoolArray
    confidence: FloatArray | None = None

    def __post_init__(self) -> None:
        for name in ("positions", "confidence"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, frozen(value, np.float64))
        object.__setattr__(self, "valid", frozen(self.valid, np.bool_))

    def __len__(self) -> int:
        return len(self.names)


def point_channels(
    names: Sequence[str], *, kind: str = SPACE, region: str = "other"
) -> tuple[Channel, ...]:
    """Channels of points: ``NAME.x``, ``NAME.y`` and, in space, ``NAME.z``.

    Raises
    ------
    ValueError
        When two points have one name.
    """
    if len(set(names)) != len(names):
        raise ValueError("point names must be unique")
    axes = AXES if kind == SPACE else AXES[:2]
    span = (-1.0, 1.0) if kind == SPACE else (0.0, 1.0)
    return tuple(
        Channel(
            f"{name}.{axis}",
            kind,
            region=region,
            range=span,
            original=name,
            sign=-1.0 if axis == "x" and kind == SPACE else 1.0,
        )
        for name in names
        for axis in axes
    )


def point_values(positions: FloatArray, valid: BoolArray) -> tuple[FloatArray, BoolArray]:
    """Values and validity ``(n, p * d)`` of positions ``(n, p, d)`` and validity ``(n, p)``.

    The columns are those of `point_channels`; what is not finite is not valid.
    """
    samples, points, axes = positions.shape
    there = valid & np.isfinite(positions).all(axis=2)
    values = np.where(there[:, :, None], positions, 0.0)
    return values.reshape(samples, points * axes), np.repeat(there, axes, axis=1)


def points_of(take: Take, kind: str = SPACE) -> Points:
    """The points of a take, in the order of its channels; none when it has no point channels."""
    axes = AXES if kind == SPACE else AXES[:2]
    columns: dict[str, dict[str, int]] = {}
    for column, channel in enumerate(take.channels):
        name, dot, axis = channel.name.rpartition(".")
        if channel.kind == kind and dot and axis in axes:
            columns.setdefault(name, {})[axis] = column
    whole = {name: found for name, found in columns.items() if len(found) == len(axes)}
    places = np.array([[found[axis] for axis in axes] for found in whole.values()], np.intp)
    places = places.reshape(len(whole), len(axes))
    valid = take.valid[:, places].all(axis=2)
    positions = np.where(valid[:, :, None], take.values[:, places].astype(np.float64), 0.0)
    trust = take.confidence
    confidence = None if trust is None else trust[:, places].astype(np.float64).min(axis=2)
    return Points(tuple(whole), positions, valid, confidence)
