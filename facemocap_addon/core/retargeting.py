# SPDX-License-Identifier: GPL-3.0-or-later
"""Channels onto controls: a rig map's sums, at any times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .arrays import BoolArray, FloatArray, frozen
from .controls import ControlKey
from .rig_map import RigMap
from .rotations import head_vectors
from .take import Take
from .take_sampling import sample_channels, valid_at_samples

HEAD = ("headYaw", "headPitch", "headRoll")


@dataclass(frozen=True)
class SolveResult:
    """Control values over time.

    Attributes
    ----------
    controls : tuple of ControlKey, length k
    times : (n,) float64
        Seconds on the take's clock.
    values : (n, k) float64
    known : (n, k) bool
        Whether the values come from valid samples (False inside gaps that were bridged).
    clipped : (n, k) bool
        Where a limit of the rig map was passed (and, unless raw, kept).
    residual : (n,) float64
        What the controls could not express, in the fit's own measure; nought for a plain map.
    """

    controls: tuple[ControlKey, ...]
    times: FloatArray
    values: FloatArray
    known: BoolArray
    clipped: BoolArray
    residual: FloatArray

    def __post_init__(self) -> None:
        for name, kind in (
            ("times", np.float64),
            ("values", np.float64),
            ("known", np.bool_),
            ("clipped", np.bool_),
            ("residual", np.float64),
        ):
            object.__setattr__(self, name, frozen(getattr(self, name), kind))

    def rows(self, kept: BoolArray) -> SolveResult:
        """The samples where ``kept`` ``(n,)`` is true."""
        return SolveResult(
            self.controls,
            self.times[kept],
            self.values[kept],
            self.known[kept],
            self.clipped[kept],
            self.residual[kept],
        )


def retarget(
    take: Take, rig_map: RigMap, times_s: FloatArray | None = None, *, raw: bool = False
) -> SolveResult:
    """Evaluate a rig map on a take.

    Each control is ``offset + sum(gain * channel)``, kept within the entry's limits. The three
    head angles act as one rotation: they are taken as the components of its rotation vector
    (`rotations.head_vectors`), so that shares of it over neck and head add up exactly.

    Parameters
    ----------
    take : Take
    rig_map : RigMap
    times_s : (n,) float, optional
        Seconds on the take's clock; default the take's own samples, whose validity then shows in
        ``known``.
    raw : bool
        Leave values beyond the limits as they are.

    Returns
    -------
    SolveResult
        Entries none of whose channels were recorded are left out.
    """
    entries = [e for e in rig_map.entries if any(take.has(s.channel) for s in e.sources)]
    names = list(dict.fromkeys(s.channel for e in entries for s in e.sources))
    at_samples = times_s is None
    times = take.times if times_s is None else np.asarray(times_s, np.float64)
    channels = _with_head_as_vector(take, names, times)
    gains = np.zeros((len(names), len(entries)))
    for column, entry in enumerate(entries):
        for source in entry.sources:
            gains[names.index(source.channel), column] += source.gain
    values = _weighted_sums(channels, gains) + np.array([e.offset for e in entries])
    limits = np.array([e.limits for e in entries]).reshape(-1, 2)
    clipped = (values < limits[:, 0]) | (values > limits[:, 1])
    if not raw:
        values = np.clip(values, limits[:, 0], limits[:, 1])
    known = np.ones(values.shape, np.bool_)
    if at_samples:
        recorded = valid_at_samples(take, names)
        known = ~((~recorded).astype(np.float64) @ (gains != 0)).astype(np.bool_)
    return SolveResult(
        controls=tuple(e.control for e in entries),
        times=times,
        values=values,
        known=known,
        clipped=clipped,
        residual=np.zeros(len(times)),
    )


def _weighted_sums(channels: FloatArray, gains: FloatArray) -> FloatArray:
    """``channels @ gains``, column by column in a fixed order.

    A matrix product may round differently between numpy builds; most columns have one source, and
    a plain product of that is exact everywhere.
    """
    out = np.zeros((len(channels), gains.shape[1]))
    for column in range(gains.shape[1]):
        for row in np.flatnonzero(gains[:, column]):
            gain = gains[row, column]
            out[:, column] += channels[:, row] if gain == 1.0 else channels[:, row] * gain
    return out


def _with_head_as_vector(take: Take, names: Sequence[str], times: FloatArray) -> FloatArray:
    """Channel values ``(n, k)``, the head's angles replaced by its rotation vector's components."""
    channels = sample_channels(take, names, times)
    wanted = [name for name in HEAD if name in names]
    if wanted:
        vector = head_vectors(*sample_channels(take, HEAD, times).T)
        parts = {"headYaw": vector[:, 1], "headPitch": -vector[:, 0], "headRoll": -vector[:, 2]}
        for name in wanted:
            channels[:, names.index(name)] = parts[name]
    return channels
