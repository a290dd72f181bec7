# SPDX-License-Identifier: GPL-3.0-or-later
"""Micro-saccades: the small darts of a resting gaze, drawn by chance; equal seeds, equal darts."""

from __future__ import annotations

import numpy as np

from ...arrays import FloatArray
from ...take import Take
from .events import Fixation, GazeEvents
from .main_sequence import course, duration
from .tracks import gaze_tracks, turn_gaze, with_tracks

#: No two are nearer than this (seconds), nor nearer to the ends of a rest.
_APART_S, _FROM_ENDS_S = 0.3, 0.12
#: How far they go: median (degrees) and spread of the logarithm, within these bounds.
_USUAL_DEG, _SPREAD, _BOUNDS_DEG = 0.3, 0.35, (0.12, 0.6)
#: They go aside rather than up and down by this.
_UP = 0.4
#: The mean gaze of a rest changes by no more than this (degrees).
_MEAN_DEG = 0.08


def add_micro_saccades(
    take: Take, events: GazeEvents, rate_hz: float, seed: int
) -> tuple[Take, int]:
    """The take with micro-saccades in its rests, and how many.

    Each rest begins and ends where it did; one is drawn from the seed and the rest's own start, so
    that it stays the same when other rests change.

    Parameters
    ----------
    take : Take
    events : GazeEvents
    rate_hz : float
        How many a second; 1 to 2 are usual.
    seed : int
    """
    tracks = gaze_tracks(take)
    before = tracks.values.copy()
    turn = np.zeros((take.samples, 2))
    count = 0
    for fixation in events.fixations:
        if not fixation.follows and rate_hz > 0.0:
            rows = slice(fixation.first, fixation.last + 1)
            began = round((fixation.start_s - float(take.times[0])) * 1000.0)
            own, number = _of_rest(take.times[rows], fixation, rate_hz, [seed, began])
            turn[rows] = own
            count += number
    turn_gaze(tracks, {"left": np.radians(turn), "right": np.radians(turn)})
    return with_tracks(take, tracks, before, "micro-saccades"), count


def _of_rest(
    times: FloatArray, fixation: Fixation, rate_hz: float, seeds: list[int]
) -> tuple[FloatArray, int]:
    """Azimuth and elevation ``(m, 2)`` in degrees to be added to one rest."""
    rng = np.random.default_rng(seeds)
    when: list[float] = []
    at = fixation.start_s + _FROM_ENDS_S + rng.exponential(1.0 / rate_hz)
    while at < fixation.end_s - _FROM_ENDS_S:
        when.append(at)
        at += _APART_S + rng.exponential(max(1.0 / rate_hz - _APART_S, 0.05))
    if len(when) < 2:
        return np.zeros((len(times), 2)), 0
    places = np.zeros((len(when), 2))
    here = np.zeros(2)
    for number in range(len(when) - 1):
        far = float(np.clip(_USUAL_DEG * np.exp(_SPREAD * rng.normal()), *_BOUNDS_DEG))
        way = rng.normal(size=2) * (1.0, _UP)
        # back towards the middle, so that they do not wander off
        way = way / max(float(np.hypot(*way)), 1e-9) - here / _USUAL_DEG
        here = here + far * way / max(float(np.hypot(*way)), 1e-9)
        places[number] = here
    # the mean stays, and the last dart ends where the first began
    stays = np.diff(when)[:, None]
    if len(when) > 2:
        places[:-1] -= (places[:-1] * stays).sum(axis=0) / stays.sum()
    mean = (places[:-1] * stays).sum(axis=0) / (fixation.end_s - fixation.start_s)
    most = float(np.abs(mean).max())
    places *= min(1.0, _MEAN_DEG / max(most, 1e-9))
    steps = np.diff(np.vstack([np.zeros(2), places]), axis=0)
    out = np.zeros((len(times), 2))
    for at, step in zip(when, steps, strict=True):
        out += course(times, at, float(duration(np.hypot(*step))))[:, None] * step
    return np.where(np.abs(out) < 1e-9, 0.0, out), len(when)
