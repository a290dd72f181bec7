# SPDX-License-Identifier: GPL-3.0-or-later
"""A rig map backwards: which channels made a character's controls what they are.

Controls that share channels belong together. Of those, offsets are taken off, response curves are
followed back, and the channels are the bounded least squares solution of the gains, frame by frame;
where each control has a channel of its own that is plain division. Fitted shapes give what they
look like. A limit tells the least that a channel must have been.

A channel is *told* as far as moving it alone would be seen on the controls: two channels in one sum
are told by half each, and share evenly. What is told by less than `LEAST_TOLD` is not valid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray, frozen
from ..channels import arkit_schema
from ..controls import ControlKey
from ..formats.head_pose import head_from_matrices
from ..gaze.gaze_angles import LOOK_RAD, SIDES, to_eye_angles, to_gaze
from ..head_turns import HEAD
from ..rotations import from_vector, to_matrix
from .composite_fit import fit_composites
from .map_undoing import at_limits, from_limits, respond_inverse, sums_of
from .retargeting import LEAST_DIVISOR
from .rig_map import RigMap, RigMapEntry

#: Part of a channel that controls must tell for it to count.
LEAST_TOLD = 0.25
_ANGLES = (-float(np.pi), float(np.pi))
_RANK = 1e-9
#: How far beyond its bounds an even share may lie before the bounds are heeded.
_SLACK = 1e-9
#: A control that changes less than this stands still.
_STILL = 1e-6
#: Controls at limits take part or do not; mostly that is settled in two or three rounds.
_MOST_ROUNDS = 20

Column = tuple[str, str]


@dataclass(frozen=True)
class Inverse:
    """Channels of a character over time.

    Attributes
    ----------
    channels : tuple of str, length c
        In the map's order.
    values : (n, c) float64
        Coefficients, and radians of head and eyes. Nought where not valid.
    valid : (n, c) bool
    told : (c,) float64
        How much of each channel the controls tell, 0 to 1.
    missed : (n,) float64
        The largest difference between a control and what the map makes of the channels, in the
        control's own unit.
    """

    channels: tuple[str, ...]
    values: FloatArray
    valid: BoolArray
    told: FloatArray
    missed: FloatArray

    def __post_init__(self) -> None:
        for name in ("values", "told", "missed"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.float64))
        object.__setattr__(self, "valid", frozen(self.valid, np.bool_))


def invert_map(rig_map: RigMap, controls: Mapping[ControlKey, FloatArray]) -> Inverse:
    """The channels behind values of controls.

    Parameters
    ----------
    rig_map : RigMap
    controls : mapping of ControlKey to (n,) float
        Values over n frames, bones' rotations as rotation vectors; controls that are missing
        tell nothing.
    """
    samples = len(next(iter(controls.values()), np.zeros(0)))
    found = _Found(samples)
    fitted = _read_fits(rig_map, controls, found)
    entries = [
        entry
        for entry in rig_map.entries
        if entry.sources and entry.control in controls and entry.control not in fitted
    ]
    entries = _without_idle_copies(entries, controls)
    sums, sure = sums_of(entries, controls, samples)
    limits = at_limits(entries, controls, samples)
    columns: list[Column] = list(
        dict.fromkeys((s.channel, s.over) for entry in entries for s in entry.sources)
    )
    gains = np.zeros((len(entries), len(columns)))
    for row, entry in enumerate(entries):
        for source in entry.sources:
            gains[row, columns.index((source.channel, source.over))] += source.gain
    quotients: list[Column] = []
    for rows, places in _parts(gains):
        part = gains[np.ix_(rows, places)]
        names = [columns[place] for place in places]
        own = [entries[row] for row in rows]
        values = _solve(part, sums[:, rows], [_bounds(column) for column in names], own,
                        limits[:, rows])  # fmt: skip
        made = np.einsum("nc,kc->nk", values, part)
        apart = np.abs(made - sums[:, rows])
        found.miss(np.where(limits[:, rows] == 0, apart, 0.0))
        told = np.diag(np.linalg.pinv(part, rcond=_RANK) @ part)
        there: BoolArray = np.all(sure[:, rows], axis=1)
        for place, column in enumerate(names):
            channel = f"{column[0]}/{column[1]}" if column[1] else column[0]
            found.add(channel, values[:, place], there, float(told[place]))
            if column[1]:
                quotients.append(column)
    _multiply(quotients, found)
    _turn_head(found)
    _turn_eyes(found)
    return found.result(rig_map.channels)


def _without_idle_copies(
    entries: Sequence[RigMapEntry], controls: Mapping[ControlKey, FloatArray]
) -> list[RigMapEntry]:
    """Entries less the copies that stand still while others of the same sum move.

    An animator may have keyed the jaw of the head and left that of the teeth.
    """
    copies: dict[tuple[tuple[str, str, float], ...], list[RigMapEntry]] = {}
    for entry in entries:
        first = entry.sources[0].gain or 1.0
        alike = tuple((s.channel, s.over, round(s.gain / first, 9)) for s in entry.sources)
        copies.setdefault(alike, []).append(entry)
    idle: set[ControlKey] = set()
    for group in copies.values():
        moving = {entry.control for entry in group if _moves(controls[entry.control])}
        if moving:
            idle |= {entry.control for entry in group} - moving
    return [entry for entry in entries if entry.control not in idle]


def _moves(values: FloatArray) -> bool:
    return float(np.ptp(values)) > _STILL if len(values) else False


class _Found:
    """Channels as they are found; the first finding of a channel counts."""

    def __init__(self, samples: int) -> None:
        self.values: dict[str, FloatArray] = {}
        self.valid: dict[str, BoolArray] = {}
        self.told: dict[str, float] = {}
        self.missed = np.zeros(samples)

    def add(self, channel: str, values: FloatArray, valid: BoolArray, told: float) -> None:
        if told > self.told.get(channel, 0.0):
            self.values[channel], self.valid[channel] = values, valid
            self.told[channel] = min(told, 1.0)

    def miss(self, apart: FloatArray) -> None:
        self.missed = np.maximum(self.missed, apart.max(axis=1, initial=0.0))

    def result(self, order: Sequence[str]) -> Inverse:
        names = [name for name in dict.fromkeys([*order, *self.values]) if name in self.values]
        told = np.array([self.told[name] for name in names])
        shape = (len(self.missed), len(names))
        values, valid = np.zeros(shape), np.zeros(shape, np.bool_)
        for place, name in enumerate(names):
            valid[:, place] = self.valid[name] & (told[place] >= LEAST_TOLD - 1e-9)
            values[:, place] = np.where(valid[:, place], self.values[name], 0.0)
        return Inverse(tuple(names), values, valid, told, self.missed)


def _parts(gains: FloatArray) -> list[tuple[list[int], list[int]]]:
    """Rows and columns that hang together."""
    left = set(range(gains.shape[1]))
    parts: list[tuple[list[int], list[int]]] = []
    while left:
        columns = {min(left)}
        rows: set[int] = set()
        while True:
            rows = set(np.flatnonzero((gains[:, sorted(columns)] != 0).any(axis=1)).tolist())
            reached = set(np.flatnonzero((gains[sorted(rows)] != 0).any(axis=0)).tolist())
            if reached <= columns:
                break
            columns |= reached
        left -= columns
        if rows:
            parts.append((sorted(rows), sorted(columns)))
    return parts


def _solve(
    gains: FloatArray,
    sums: FloatArray,
    bounds: Sequence[tuple[float, float]],
    entries: Sequence[RigMapEntry],
    limits: IntArray,
) -> FloatArray:
    """Channels ``(n, c)`` whose sums come nearest to ``sums`` ``(n, k)``.

    A control at a limit counts only where the others would pull it from there.
    """
    if gains.shape == (1, 1):
        return sums / gains[0, 0]
    counts = limits == 0
    values = _with_rows(gains, sums, bounds, counts)
    for _ in range(_MOST_ROUNDS):
        missing = from_limits(entries, np.einsum("nc,kc->nk", values, gains), limits)
        now: BoolArray = (limits == 0) | (counts & (missing == 0)) | (missing > 0)
        changed: BoolArray = np.any(now != counts, axis=1)
        if not changed.any():
            break
        counts = now
        values[changed] = _with_rows(gains, sums[changed], bounds, counts[changed])
    return values


def _with_rows(
    gains: FloatArray,
    sums: FloatArray,
    bounds: Sequence[tuple[float, float]],
    counts: BoolArray,
) -> FloatArray:
    """As `_solve`, by the controls ``(n, k)`` that count."""
    values = np.zeros((len(sums), gains.shape[1]))
    masks, which = np.unique(counts, axis=0, return_inverse=True)
    for number, mask in enumerate(masks):
        rows: BoolArray = which.reshape(-1) == number
        if mask.any():
            values[rows] = _nearest(gains[mask], sums[np.ix_(rows, mask)], bounds)
    return values


def _nearest(
    gains: FloatArray, sums: FloatArray, bounds: Sequence[tuple[float, float]]
) -> FloatArray:
    """Bounded channels ``(n, c)``, even shares of what is not told one by one."""
    values = np.einsum("nk,ck->nc", sums, np.linalg.pinv(gains, rcond=_RANK))
    if gains.shape[1] == 1:
        # nothing to share, so nothing to bound
        return values
    low, high = np.array(bounds).T
    over: BoolArray = np.any((values < low - _SLACK) | (values > high + _SLACK), axis=1)
    if over.any():
        span = high - low
        moved = sums[over] - np.einsum("c,kc->k", low, gains)
        shares = fit_composites(moved, (gains * span).T, np.eye(len(gains)))
        values[over] = low + shares * span
    return np.clip(values, low, high)


def _bounds(column: Column) -> tuple[float, float]:
    if column[1]:
        return 0.0, 1.0
    channel = arkit_schema().get(column[0])
    return _ANGLES if channel is not None and channel.kind == "angle" else (0.0, 1.0)


def _read_fits(
    rig_map: RigMap, controls: Mapping[ControlKey, FloatArray], found: _Found
) -> set[ControlKey]:
    """Add what fitted shapes look like; the controls that were read this way."""
    entries = {entry.control: entry for entry in rig_map.entries if entry.how != "hand"}
    read: set[ControlKey] = set()
    for fit in rig_map.fits:
        looks = np.array(fit.looks, np.float64).reshape(len(fit.targets), -1)
        sums = np.zeros((len(found.missed), looks.shape[1]))
        seen = np.zeros(len(fit.targets), np.bool_)
        sure = np.ones(len(found.missed), np.bool_)
        for place, target in enumerate(fit.targets):
            own = [c for c in target if c in controls and c in entries]
            read.update(own)
            if own:
                shown = next((c for c in own if _moves(controls[c])), own[0])
                entry = entries[shown]
                raw = np.asarray(controls[shown], np.float64) - entry.offset
                share, known = respond_inverse(entry.response, raw)
                sums += share[:, None] * looks[place]
                sure &= known
                seen[place] = True
        for place, channel in enumerate(fit.channels):
            if looks[seen, place].any():
                found.add(channel, np.clip(sums[:, place], 0.0, 1.0), sure, 1.0)
    return read


def _multiply(quotients: Sequence[Column], found: _Found) -> None:
    """Channels out of their parts of another one."""
    for channel, over in quotients:
        key = f"{channel}/{over}"
        part, valid, told = found.values.pop(key), found.valid.pop(key), found.told.pop(key)
        whole = found.values.get(over)
        if whole is not None:
            value = np.clip(part, 0.0, 1.0) * np.maximum(whole, LEAST_DIVISOR)
            # a part of nothing tells nothing, and nothing is what it is
            found.add(channel, np.where(whole > 0, value, 0.0), valid & found.valid[over], told)


def _turn_head(found: _Found) -> None:
    """The head's rotation vector as angles."""
    names = [name for name in HEAD if name in found.values]
    if not names:
        return
    yaw, pitch, roll = (found.values.get(name, np.zeros(len(found.missed))) for name in HEAD)
    turn = to_matrix(from_vector(np.stack([-pitch, yaw, -roll], axis=1)))
    for name, angle in zip(HEAD, head_from_matrices(turn).T, strict=True):
        if name in names:
            found.values[name] = angle


def _turn_eyes(found: _Found) -> None:
    """Rotation vectors of eyes as angles, and as eyeLook coefficients where there are none."""
    for side in SIDES:
        yaw, pitch = names = f"{side}EyeYaw", f"{side}EyePitch"
        if not any(name in found.values for name in names):
            continue
        nought = np.zeros(len(found.missed))
        vector = [found.values.get(pitch, nought), -found.values.get(yaw, nought), nought]
        ahead = to_matrix(from_vector(np.stack(vector, axis=1)))[..., 2]
        for name, angle in zip(names, to_eye_angles(ahead).T, strict=True):
            if name in found.values:
                found.values[name] = angle
        azimuth, elevation = to_gaze(ahead).T
        outward = azimuth if side == "left" else -azimuth
        looks = {"Out": (outward, yaw), "In": (-outward, yaw), "Up": (elevation, pitch),
                 "Down": (-elevation, pitch)}  # fmt: skip
        if any(f"eyeLook{way}{side.title()}" in found.values for way in looks):
            continue
        for way, (angle, name) in looks.items():
            if name in found.values:
                share = np.clip(angle / LOOK_RAD[way], 0.0, 1.0)
                channel = f"eyeLook{way}{side.title()}"
                found.add(channel, share, found.valid[name], found.told[name])
