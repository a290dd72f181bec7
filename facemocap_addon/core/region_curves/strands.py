# SPDX-License-Identifier: GPL-3.0-or-later
"""What is changed as one: an F-curve, or the four of a quaternion, and which keys are chosen."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..hand_edits.keys import Keys, evaluate
from ..rotations import continuous


@dataclass(frozen=True)
class Strand:
    """Curves that are changed together.

    Attributes
    ----------
    curves : tuple of Keys, length 1 or 4
        Keys ``(m,)`` each; four are w, x, y and z of a quaternion.
    chosen : tuple of (m,) bool
        Which keys of each curve are to be changed.
    rest : tuple of float
        Values of the rest pose.
    """

    curves: tuple[Keys, ...]
    chosen: tuple[BoolArray, ...]
    rest: tuple[float, ...] = field(default=(0.0,))

    def __post_init__(self) -> None:
        if len(self.curves) not in (1, 4) or len(self.chosen) != len(self.curves):
            raise ValueError("a strand has one curve, or the four of a quaternion")
        if len(self.rest) != len(self.curves):
            raise ValueError("a strand needs a value at rest for each curve")

    @property
    def is_turn(self) -> bool:
        """Whether it is a quaternion."""
        return len(self.curves) == 4

    @cached_property
    def frames(self) -> FloatArray:
        """All frames ``(u,)`` on which one of the curves has a key."""
        found = np.concatenate([keys["frame"] for keys in self.curves]).astype(np.float64)
        return np.unique(found)

    @cached_property
    def is_chosen(self) -> BoolArray:
        """Which of ``frames`` are to be changed ``(u,)``."""
        out = np.zeros(len(self.frames), np.bool_)
        for keys, chosen in zip(self.curves, self.chosen, strict=True):
            out[np.searchsorted(self.frames, keys["frame"][chosen].astype(np.float64))] = True
        return out

    @property
    def parts(self) -> list[tuple[int, int]]:
        """First and last place in ``frames`` of each run of chosen keys."""
        edges = np.flatnonzero(np.diff(np.concatenate([[0], self.is_chosen.astype(np.int8), [0]])))
        return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]

    def at(self, frames: FloatArray) -> FloatArray:
        """Values ``(n, r)`` at frames ``(n,)``; those of a turn have unit length."""
        frames = np.asarray(frames, np.float64)
        values = np.stack([evaluate(keys, frames) for keys in self.curves], axis=1)
        return unit(values) if self.is_turn else values


def unit(quaternions: FloatArray) -> FloatArray:
    """Quaternions ``(n, 4)`` with length one; what has none becomes the rest pose."""
    length: FloatArray = np.sqrt((quaternions**2).sum(axis=1, keepdims=True))
    whole = length > 1e-9
    rest = np.array([1.0, 0.0, 0.0, 0.0])
    return np.where(whole, quaternions / np.where(whole, length, 1.0), rest)


def falloff_weights(strand: Strand, falloff: float) -> FloatArray:
    """How much each of ``strand.frames`` is changed ``(u,)``: 0 where it is not chosen.

    The weight grows over ``falloff`` frames from each end of what is chosen. Where the curve
    itself ends there is nothing to fade to, and the weight is whole.
    """
    frames = strand.frames
    out = np.zeros(len(frames))
    for first, last in strand.parts:
        part = frames[first : last + 1]
        weight = np.ones(len(part))
        if falloff > 0:
            if first > 0:
                weight = np.minimum(weight, (part - part[0] + 1.0) / (falloff + 1.0))
            if last < len(frames) - 1:
                weight = np.minimum(weight, (part[-1] - part + 1.0) / (falloff + 1.0))
        out[first : last + 1] = weight * weight * (3.0 - 2.0 * weight)
    return out


def signs_of(strand: Strand) -> FloatArray:
    """Signs ``(u,)`` that make neighbouring quaternions no opposites; ones for numbers."""
    if not strand.is_turn:
        return np.ones(len(strand.frames))
    raw = np.stack([evaluate(keys, strand.frames) for keys in strand.curves], axis=1)
    smooth = continuous(raw)
    return np.where(np.einsum("ij,ij->i", raw, smooth) < 0, -1.0, 1.0)


def flipped(strand: Strand, signs: FloatArray) -> Strand:
    """The strand with keys, and their handles, turned to the signs ``(u,)`` of their frames."""
    if (signs > 0).all():
        return strand
    curves: list[Keys] = []
    for keys in strand.curves:
        out = keys.copy()
        own = signs[np.searchsorted(strand.frames, keys["frame"].astype(np.float64))]
        out["value"] = (keys["value"] * own).astype(np.float32)
        for side in ("left", "right"):
            out[side][:, 1] = (keys[side][:, 1] * own).astype(np.float32)
        curves.append(out)
    return Strand(tuple(curves), strand.chosen, strand.rest)
