# SPDX-License-Identifier: GPL-3.0-or-later
"""Channels onto controls: a rig map's sums, at any times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .arrays import BoolArray, FloatArray, frozen
from .controls import ControlKey
from .map_fits import fits_on
from .rig_map import RigMap, Source
from .rotations import head_vectors
from .take import Take
from .take_sampling import sample_channels, valid_at_samples

HEAD = ("headYaw", "headPitch", "headRoll")
#: Least value that a channel is divided by: below it the quotient fades out.
LEAST_DIVISOR = 0.05


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
        What fitted controls could not express: root mean square displacement of the sample head's
        face in mm; nought for a plain map.
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

    Each control is ``offset + sum(gain * channel)``, kept within the entry's limits; controls of a
    fit take ``offset`` and the fitted share instead (`composite_fit.fit_composites`). The three
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
    fits = fits_on(take, rig_map)
    fitted = {control for fit in fits for target in fit.targets for control in target}
    held = {control for fit in fits for control in fit.held}
    entries = [
        entry
        for entry in rig_map.entries
        if entry.control in fitted | held or any(take.has(s.channel) for s in entry.sources)
    ]
    at_samples = times_s is None
    times = take.times if times_s is None else np.asarray(times_s, np.float64)
    columns = list(dict.fromkeys(_column(take, s) for e in entries for s in e.sources))
    gains = np.zeros((len(columns), len(entries)))
    for place, entry in enumerate(entries):
        for source in entry.sources if entry.control not in fitted else ():
            gains[columns.index(_column(take, source)), place] += source.gain
    offsets = np.array([entry.offset for entry in entries])
    limits = np.array([entry.limits for entry in entries]).reshape(-1, 2)
    values = _weighted_sums(_quotients(take, columns, times), gains) + offsets
    known = np.ones(values.shape, np.bool_)
    if at_samples:
        recorded = valid_at_samples(take, [name for name, _ in columns])
        known = ~((~recorded).astype(np.float64) @ (gains != 0)).astype(np.bool_)
    residual = np.zeros(len(times))
    places = {entry.control: place for place, entry in enumerate(entries)}
    given = {c: np.clip(values[:, places[c]], *limits[places[c]]) for c in held}
    for fit in fits:
        mix, missed = fit.solve(times, given)
        residual = np.hypot(residual, missed)
        for number, target in enumerate(fit.targets):
            for place in (places[control] for control in target):
                values[:, place] = mix[:, number] + offsets[place]
                known[:, place] = fit.known_at_samples() if at_samples else True
    clipped = (values < limits[:, 0]) | (values > limits[:, 1])
    if not raw:
        values = np.clip(values, limits[:, 0], limits[:, 1])
    return SolveResult(
        controls=tuple(e.control for e in entries),
        times=times,
        values=values,
        known=known,
        clipped=clipped,
        residual=residual,
    )


def _column(take: Take, source: Source) -> tuple[str, str]:
    """A source's channel and divisor; a divisor that was not recorded counts as none."""
    return source.channel, source.over if source.over and take.has(source.over) else ""


def _quotients(take: Take, columns: Sequence[tuple[str, str]], times: FloatArray) -> FloatArray:
    """Values ``(n, k)`` of channels, divided where they count as a part of another."""
    names = list(dict.fromkeys(name for column in columns for name in column if name))
    channels = _with_head_as_vector(take, names, times)
    out = np.empty((len(times), len(columns)))
    for place, (name, over) in enumerate(columns):
        value = channels[:, names.index(name)]
        if over:
            divisor = np.maximum(channels[:, names.index(over)], LEAST_DIVISOR)
            value = np.clip(value / divisor, 0.0, 1.0)
        out[:, place] = value
    return out


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
