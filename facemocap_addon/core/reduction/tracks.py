# SPDX-License-Identifier: GPL-3.0-or-later
"""Curves of a character as a plan reduces them: turns together, each by its own tolerance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from ..arrays import FloatArray
from .keeping import keep_keys
from .keys import Keys, ReductionReport
from .plan import KeyPlan
from .reduce import reduce_curves
from .thinning import every_nth, on_extremes, on_samples, on_twos

Kind = Literal["VALUE", "LOCATION", "EULER", "QUATERNION", "AXIS_ANGLE"]
#: An axis of a turn counts as little as this at least.
_LEAST_TURN = 0.05


@dataclass(frozen=True)
class Track:
    """One curve, or those of one turn, which have their keys on the same frames.

    Attributes
    ----------
    kind : str
    frames : (n,) float
    values : (n, c) float
    whole : float
        The range that per cents are of; of a location how far the bone goes in the shot.
    forced : tuple of float
        Frames that are to be keys.
    before : tuple of c Keys, or None
        What it was reduced to last time.
    """

    kind: Kind
    frames: FloatArray
    values: FloatArray
    whole: float = 1.0
    forced: tuple[float, ...] = ()
    before: tuple[Keys, ...] | None = None

    def tolerance(self, error: FloatArray | float) -> FloatArray:
        """What each component may be off ``(n, c)`` for an error ``(n,)`` of the whole track.

        The error is the control's own: of a turn its angle in radians.
        """
        count, width = self.values.shape
        out = np.tile(np.broadcast_to(np.asarray(error, np.float64), (count,))[:, None], width)
        if self.kind == "QUATERNION":
            # an angle is twice the distance of two unit quaternions, which has four components
            return out * 0.25
        if self.kind == "AXIS_ANGLE":
            turn = max(float(np.abs(self.values[:, 0]).max(initial=0.0)), _LEAST_TURN)
            out[:, 0] *= 0.5
            out[:, 1:] *= min(0.5 / (turn * np.sqrt(3.0)), 1.0)
        return out

    def error(self, keys: Sequence[Keys], share: float = 0.0) -> FloatArray:
        """How far keys are off ``(n,)`` as `tolerance` counts it.

        At the samples, or by a share of the way to the next; the last has no next.
        """
        unit = np.maximum(self.tolerance(1.0), 1e-30)
        where = self.frames + share * np.append(np.diff(self.frames), 0.0)
        off = np.empty(self.values.shape)
        for column, each in enumerate(keys):
            values = self.values[:, column]
            there = values + share * np.append(np.diff(values), 0.0)
            off[:, column] = np.abs(each.at(where) - there)
        return np.asarray((off / unit).max(axis=1))


def tolerances(tracks: Sequence[Track], plan: KeyPlan) -> list[FloatArray]:
    """Tolerances ``(n,)`` of tracks by a plan in units or per cent.

    A control's unit is that of its values, of a turn a radian; a location has none that would be
    right for every character, so that it is how far the bone goes in the shot.
    """
    out: list[FloatArray] = []
    for track in tracks:
        if plan.unit == "PERCENT":
            allowed = 0.01 * plan.tolerance * track.whole
        else:
            allowed = plan.tolerance * (track.whole if track.kind == "LOCATION" else 1.0)
        out.append(np.full(len(track.frames), allowed))
    return out


def by_frames(tracks: Sequence[Track]) -> list[list[int]]:
    """Places of tracks that share their frames."""
    out: dict[bytes, list[int]] = {}
    for place, track in enumerate(tracks):
        out.setdefault(np.asarray(track.frames, np.float32).tobytes(), []).append(place)
    return list(out.values())


def reduce_tracks(
    tracks: Sequence[Track], allowed: Sequence[FloatArray], plan: KeyPlan
) -> list[tuple[Keys, ...]]:
    """Keys of each track's curves.

    Where a track is as it was in most places, its keys there stay as they were (`keeping`).
    """
    if plan.mode != "ERROR":
        return [_by_rule(track, plan) for track in tracks]
    out: dict[int, tuple[Keys, ...]] = {}
    for place, track in enumerate(tracks):
        kept = _kept(track, track.tolerance(allowed[place]))
        if kept is not None:
            out[place] = kept
    for places in by_frames(tracks):
        todo = [place for place in places if place not in out]
        if not todo:
            continue
        values = np.concatenate([tracks[place].values for place in todo], axis=1)
        within = [tracks[place].tolerance(allowed[place]) for place in todo]
        widths = [tracks[place].values.shape[1] for place in todo]
        ends = np.cumsum([0, *widths]).tolist()
        groups = [[*range(a, b)] for a, b in pairwise(ends)]
        made = reduce_curves(
            tracks[todo[0]].frames,
            values,
            np.concatenate(within, axis=1),
            forced=[tracks[p].forced for p, w in zip(todo, widths, strict=True) for _ in range(w)],
            groups=groups,
        ).curves
        out |= {p: tuple(made[c] for c in own) for p, own in zip(todo, groups, strict=True)}
    return [out[place] for place in range(len(tracks))]


def _kept(track: Track, tolerance: FloatArray) -> tuple[Keys, ...] | None:
    """A track's keys as they were, as far as they still do; None where it is reduced anew."""
    if track.before is None:
        return None
    kept = [
        keep_keys(
            before, track.frames, track.values[:, c], tolerance[:, c], forced=track.forced
        )
        for c, before in enumerate(track.before)
    ]  # fmt: skip
    whole = tuple(keys for keys in kept if keys is not None)
    if len(whole) < len(kept):
        return None
    same = [np.array_equal(keys.frames, whole[0].frames) for keys in whole]
    return whole if all(same) else None


def _by_rule(track: Track, plan: KeyPlan) -> tuple[Keys, ...]:
    """Keys of one track on extremes, on every n-th frame, or on twos."""
    columns = list(track.values.T)
    if plan.mode == "TWOS":
        return tuple(on_twos(track.frames, column) for column in columns)
    if plan.mode == "NTH":
        return tuple(every_nth(track.frames, column, plan.step) for column in columns)
    least = 2.0 * plan.tolerance * (track.whole if track.kind == "LOCATION" else 1.0)
    rise = track.tolerance(least)[0]
    made = tuple(
        on_extremes(track.frames, column, float(rise[place]))
        for place, column in enumerate(columns)
    )
    if len(made) == 1:
        return made
    frames = np.unique(np.concatenate([keys.frames for keys in made]))
    at = np.searchsorted(np.asarray(track.frames, np.float32), frames)
    return tuple(on_samples(track.frames, column, at) for column in columns)


def report_of(made: Sequence[tuple[Keys, ...]]) -> ReductionReport:
    """All curves together."""
    return ReductionReport.of(tuple(keys for curves in made for keys in curves))
