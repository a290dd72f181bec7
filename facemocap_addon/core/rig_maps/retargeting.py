# SPDX-License-Identifier: GPL-3.0-or-later
"""Channels onto controls: a rig map's sums, at any times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..arrays import BoolArray, FloatArray, frozen
from ..controls import BONE, ControlKey
from ..gaze.gaze_angles import EYE_ANGLES, NO_NEUTRAL, Neutral, gaze_channels, read_from
from ..gaze.gaze_limits import gaze_ranges, governed, reach_targets, takes_gaze
from ..head_turns import HEAD, head_turns
from ..take import Take
from ..take_sampling import sample_channels, valid_at_samples
from .map_fits import fits_on
from .response import respond
from .rig_map import RigMap, RigMapEntry, Source

#: Least value that a channel is divided by: below it the quotient fades out.
LEAST_DIVISOR = 0.05
#: A rotation whose limit is half a turn has none.
HALF_TURN = 3.1415


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
    beyond : (n, k) float64
        By how much a limit was passed; for eyes radians of the gaze.
    neutral : Neutral
        What was taken off the eyes' gaze.
    """

    controls: tuple[ControlKey, ...]
    times: FloatArray
    values: FloatArray
    known: BoolArray
    clipped: BoolArray
    residual: FloatArray
    beyond: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))
    neutral: Neutral = NO_NEUTRAL

    def __post_init__(self) -> None:
        if self.beyond.shape != self.values.shape:
            object.__setattr__(self, "beyond", np.zeros(self.values.shape))
        for name, kind in (
            ("times", np.float64),
            ("values", np.float64),
            ("known", np.bool_),
            ("clipped", np.bool_),
            ("residual", np.float64),
            ("beyond", np.float64),
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
            self.beyond[kept],
            self.neutral,
        )


def retarget(
    take: Take,
    rig_map: RigMap,
    times_s: FloatArray | None = None,
    *,
    raw: bool = False,
    neutral: Neutral = NO_NEUTRAL,
) -> SolveResult:
    """Evaluate a rig map on a take.

    Each control is ``offset + response(sum(gain * channel))``, kept within the entry's limits;
    controls of a fit take the fitted share for the sum (`composite_fit.fit_composites`). The three
    head angles act as one rotation: they are taken as the components of its rotation vector
    (`head_turns`), so that shares of it over neck and head add up exactly. So do the angles of each
    eye (`gaze_angles.gaze_channels`), whose limits are those of the gaze (`gaze_limits`).

    Parameters
    ----------
    take : Take
    rig_map : RigMap
    times_s : (n,) float, optional
        Seconds on the take's clock; default the take's own samples, whose validity then shows in
        ``known``.
    raw : bool
        Leave values beyond the limits as they are.
    neutral : Neutral, optional
        The eyes' own straight ahead in the whole recording (`gaze_angles.find_neutral`).

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
        if entry.control in fitted | held or any(read_from(take, s.channel) for s in entry.sources)
    ]
    at_samples = times_s is None
    times = take.times if times_s is None else np.asarray(times_s, np.float64)
    columns = list(dict.fromkeys(_column(take, s) for e in entries for s in e.sources))
    gains = np.zeros((len(columns), len(entries)))
    for place, entry in enumerate(entries):
        for source in entry.sources if entry.control not in fitted else ():
            gains[columns.index(_column(take, source)), place] += source.gain
    offsets = np.array([entry.offset for entry in entries])
    limits = np.array([_limits(entry) for entry in entries]).reshape(-1, 2)
    gaze: dict[str, FloatArray] = {}
    far: dict[str, FloatArray] = {}
    if any(source.channel in EYE_ANGLES for entry in entries for source in entry.sources):
        gaze, far = gaze_channels(take, times, neutral, gaze_ranges(entries), hold=not raw)
    sums = _bent(_weighted_sums(_quotients(take, columns, times, gaze), gains), entries)
    reach_targets(entries, sums)
    values = sums + offsets
    known = np.ones(values.shape, np.bool_)
    if at_samples:
        recorded = _valid(take, [name for name, _ in columns])
        known = ~((~recorded).astype(np.float64) @ (gains != 0)).astype(np.bool_)
    residual = np.zeros(len(times))
    places = {entry.control: place for place, entry in enumerate(entries)}
    given = {c: np.clip(values[:, places[c]], *limits[places[c]]) for c in held}
    for fit in fits:
        mix, missed = fit.solve(times, given)
        residual = np.hypot(residual, missed)
        for number, target in enumerate(fit.targets):
            for place in (places[control] for control in target):
                values[:, place] = respond(entries[place].response, mix[:, number]) + offsets[place]
                known[:, place] = fit.known_at_samples() if at_samples else True
    beyond = np.maximum(limits[:, 0] - values, values - limits[:, 1]).clip(0.0)
    for place, names in governed(entries).items():
        for name in names:
            beyond[:, place] = np.maximum(beyond[:, place], far[name])
    if not raw:
        values = np.clip(values, limits[:, 0], limits[:, 1])
    return SolveResult(
        controls=tuple(e.control for e in entries),
        times=times,
        values=values,
        known=known,
        clipped=beyond > 0.0,
        residual=residual,
        beyond=beyond,
        neutral=neutral,
    )


def _limits(entry: RigMapEntry) -> tuple[float, float]:
    """What an entry's number is kept within; that of a gaze is held as a direction."""
    low, high = entry.limits
    turns = entry.control.kind == BONE and entry.control.path.endswith(".rotation")
    if takes_gaze(entry) or (turns and low <= -HALF_TURN and high >= HALF_TURN):
        return -np.inf, np.inf
    return low, high


def _column(take: Take, source: Source) -> tuple[str, str]:
    """A source's channel and divisor; a divisor that was not recorded counts as none."""
    return source.channel, source.over if source.over and take.has(source.over) else ""


def _valid(take: Take, names: Sequence[str]) -> BoolArray:
    """Whether each of the take's samples ``(n, k)`` has all that a value is read from.

    What was never recorded is nought throughout: nothing is missing.
    """
    out = np.ones((take.samples, len(names)), np.bool_)
    for place, name in enumerate(names):
        out[:, place] = valid_at_samples(take, read_from(take, name)).all(1)
    return out


def _quotients(
    take: Take,
    columns: Sequence[tuple[str, str]],
    times: FloatArray,
    gaze: Mapping[str, FloatArray],
) -> FloatArray:
    """Values ``(n, k)`` of channels, divided where they count as a part of another."""
    names = list(dict.fromkeys(name for column in columns for name in column if name))
    channels = _with_head_as_vector(take, names, times)
    for name, value in gaze.items():
        if name in names:
            channels[:, names.index(name)] = value
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


def _bent(sums: FloatArray, entries: Sequence[RigMapEntry]) -> FloatArray:
    """Sums ``(n, k)`` after their entries' response curves."""
    for place, entry in enumerate(entries):
        sums[:, place] = respond(entry.response, sums[:, place])
    return sums


def _with_head_as_vector(take: Take, names: Sequence[str], times: FloatArray) -> FloatArray:
    """Channel values ``(n, k)``, the head's angles replaced by its rotation vector's components."""
    channels = sample_channels(take, names, times)
    wanted = [name for name in HEAD if name in names]
    if wanted:
        vector = head_turns(take, times)
        parts = {"headYaw": vector[:, 1], "headPitch": -vector[:, 0], "headRoll": -vector[:, 2]}
        for name in wanted:
            channels[:, names.index(name)] = parts[name]
    return channels
