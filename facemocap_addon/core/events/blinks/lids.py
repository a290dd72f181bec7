# SPDX-License-Identifier: GPL-3.0-or-later
"""One eye's lid: eyeBlink without gaps, its noise and range, and how far the lid follows the gaze.

A lid sinks with the eye that looks down, and that is no blink. Trackers in turn read a blink as
looking down: what the gaze does within a blink does not count.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...arrays import BoolArray, FloatArray
from ...cleaning.noise import noise_level
from ...cleaning.windows import bell, samples_in
from ...contacts.captured import blink_range
from ...health.pulses import Pulse, find_pulses
from ...take import Take
from .feet import Feet, feet_of

SIDES = ("L", "R")
CHANNEL = {"L": "eyeBlinkLeft", "R": "eyeBlinkRight"}
LOOK_DOWN = {"L": "eyeLookDownLeft", "R": "eyeLookDownRight"}
#: A blink rises and falls by this much, by so many deviations of the noise, and by this part of
#: the eye's range.
LEAST, SURE, PART_OF_RANGE = 0.12, 7.5, 0.15
#: Noise is smoothed with a window this wide (standard deviation in seconds) ...
SMOOTH_S = 0.01
#: ... when there is more than this.
_LOUD = 0.003
#: How far a lid follows is told from samples that spread by this much in looking down, so many at
#: least; no lid follows more than this.
_LOOKS, _FEWEST, _MOST_FOLLOWING = 0.12, 30, 0.8
#: Rounds of the robust line, and samples it is laid through at most.
_ROUNDS, _ENOUGH = 8, 6000
#: Around a pulse (seconds before and after) the gaze is not believed.
BEFORE_S, AFTER_S = 0.06, 0.15
#: Pulses that are wider are closed eyes.
_BRIEF_S = 0.6
#: Eyes that never blink would do so up to this value.
_SHUT = 0.85
#: A lid that keeps one value in this part of its samples has no noise, unless that is the lowest
#: value, which recorders clamp at.
_STILL, _CLAMPED = 0.2, 1e-4
#: Of a pulse this part must be recorded.
_RECORDED = 0.5
#: A rise of which the gaze explains this part is no blink.
EXPLAINED = 0.6
#: The open lid of a blink is looked for this far (seconds) before and twice as far after its top.
_ASIDE_S = 0.1
#: So many blinks tell what the tracker misreads; no more than this part of a blink is given back.
_FEW_BLINKS, _MOST_MISREAD = 4, 0.6


@dataclass(frozen=True)
class Lid:
    """One eye.

    Attributes
    ----------
    side : str
        ``L`` or ``R``.
    column : int
        eyeBlink's place in the take.
    values : (n,) float64
        As recorded, straight lines where nothing was.
    valid : (n,) bool
    weights : (n,) float64
        How far each sample is trusted, 0 to 1.
    down : (n,) float64
        How far the eye looks down, as recorded.
    down_column : int or None
        Its place in the take; None where it was not recorded.
    following : float
        How far the lid sinks for each unit of it.
    misread : float
        How far the eye seems to look down for each unit of a blink: the tracker's fault.
    noise : float
        Standard deviation.
    least : float
        Smallest rise of a blink.
    rest, full : float
        The lid of the open eye, and in a full blink.
    shut : float
        What a blink that shall close the eye rises to: the full blink where the take has some.
    """

    side: str
    column: int
    values: FloatArray
    valid: BoolArray
    weights: FloatArray
    down: FloatArray
    down_column: int | None
    following: float
    misread: float
    noise: float
    least: float
    rest: float
    full: float
    shut: float

    @property
    def kept(self) -> float:
        """The part of a blink that is left when the lid is freed of a gaze that is read off it."""
        return 1.0 - self.following * self.misread

    @property
    def freed(self) -> FloatArray:
        """The lid without what it does with the gaze ``(n,)``, blinks as high as they are."""
        return (self.values - self.following * self.down) / self.kept

    def gaze(self, place: int, rise: float) -> float:
        """What the gaze adds to the lid at a sample in a blink that has risen so far."""
        return self.following * (float(self.down[place]) - self.misread * rise)

    def closure(self, value: float) -> float:
        """A value of eyeBlink as a part of a full blink."""
        return (value - self.rest) / (self.full - self.rest)


def lid_of(take: Take, side: str) -> Lid | None:
    """One eye of a take; None where it was not recorded."""
    name = CHANNEL[side]
    if not take.has(name) or take.samples < 3:
        return None
    column = take.column(name)
    valid: BoolArray = take.valid[:, column]
    values = _bridged(take, column)
    noise = _noise(values, valid)
    own = blink_range(take, name)
    if own is not None:
        rest, full = own.rest, own.peak
        shut = full
    else:
        rest = float(np.percentile(values[valid], 10.0))
        full = max(float(values[valid].max()), rest + LEAST)
        rest = min(rest, 0.5 * full) if full > 0.0 else rest
        shut = max(full, _SHUT)
    weights = valid.astype(np.float64)
    if take.confidence is not None:
        weights *= np.clip(take.confidence[:, column], 0.05, 1.0)
    least = max(LEAST, PART_OF_RANGE * (full - rest))
    down, down_column = np.zeros(take.samples), None
    following = misread = 0.0
    looks = LOOK_DOWN[side]
    if take.has(looks):
        down_column = take.column(looks)
        down = _bridged(take, down_column)
        seen = valid & take.valid[:, down_column]
        sure = max(least, SURE * noise)
        quick = find_pulses(values[:, None], seen[:, None], take.times, np.array([sure]))[0]
        brief = [pulse for pulse in quick if half_width_s(pulse) < _BRIEF_S]
        following = _following(values, down, seen, take.times, rest, brief)
        misread = _misread(values, down, take.times, brief, following)
        misread = float(np.clip(misread, -_MOST_MISREAD, _MOST_MISREAD / max(following, 0.5)))
    return Lid(
        side, column, values, valid, weights, down, down_column, following, misread, noise, least,
        rest, full, shut,
    )  # fmt: skip


def find_lid_pulses(lid: Lid, series: FloatArray, times: FloatArray) -> Feet | None:
    """Feet of a lid's pulses in its values ``(n,)``, as recorded or freed of the gaze."""
    least = lid.least
    if lid.noise > _LOUD and len(times) > 3:
        step = float(np.median(np.diff(times)))
        deviation = SMOOTH_S / step
        lowest = float(series.min())
        series = bell((series - lowest)[None], deviation)[0] + lowest
        least = max(least, SURE * lid.noise / float(np.sqrt(samples_in(deviation))))
    else:
        least = max(least, SURE * lid.noise)
    everywhere = np.ones((len(times), 1), np.bool_)
    pulses = [
        pulse
        for pulse in find_pulses(series[:, None], everywhere, times, np.array([least]))[0]
        if _is_seen(pulse, lid, times)
    ]
    return feet_of(pulses, series, times, least) if pulses else None


def _is_seen(pulse: Pulse, lid: Lid, times: FloatArray) -> bool:
    """Whether enough of a pulse was recorded, its peak among it."""
    first, last = np.searchsorted(times, [pulse.start_s, pulse.end_s])
    part = lid.valid[first : max(last, first + 1)]
    return bool(lid.valid[pulse.peak_sample]) and float(part.mean()) >= _RECORDED


def half_width_s(pulse: Pulse) -> float:
    """Time above about half of the height."""
    return pulse.apex_s + 0.5 * (pulse.onset_s + pulse.offset_s)


def _bridged(take: Take, column: int) -> FloatArray:
    """A recorded channel ``(n,)`` with straight lines over what is missing."""
    valid = take.valid[:, column]
    values = take.values[:, column].astype(np.float64)
    return values if valid.all() else np.interp(take.times, take.times[valid], values[valid])


def _noise(values: FloatArray, valid: BoolArray) -> float:
    """Standard deviation of the noise; none where a lid keeps still while it is half open."""
    own = values[valid]
    still = (np.diff(own) == 0.0) & (own[1:] > own.min() + _CLAMPED)
    if not len(still) or float(still.mean()) > _STILL:
        return 0.0
    return float(noise_level(values[:, None], valid[:, None])[0])


def _misread(
    values: FloatArray,
    down: FloatArray,
    times: FloatArray,
    brief: list[Pulse],
    following: float,
) -> float:
    """How far an eye seems to look down for each unit of a blink, in most of them."""
    parts: list[float] = []
    for pulse in brief:
        seconds = (pulse.top_s - _ASIDE_S, pulse.peak_s, pulse.bottom_s + 2.0 * _ASIDE_S)
        rows = np.clip(np.searchsorted(times, seconds), 0, len(times) - 1)
        share = (times[rows[1]] - times[rows[0]]) / max(times[rows[2]] - times[rows[0]], 1e-9)
        rise, sinks = (
            series[rows[1]] - series[rows[0]] - share * (series[rows[2]] - series[rows[0]])
            for series in (values, down)
        )
        # a glance makes a pulse of a lid that follows
        glance = following * sinks > EXPLAINED * rise
        if rise > 0.5 * (pulse.peak - values[rows[[0, 2]]].max()) > 0.0 and not glance:
            parts.append(float(sinks / rise))
    return float(np.median(parts)) if len(parts) >= _FEW_BLINKS else 0.0


def _following(
    values: FloatArray,
    down: FloatArray,
    seen: BoolArray,
    times: FloatArray,
    rest: float,
    brief: list[Pulse],
) -> float:
    """How far a lid sinks for each unit that its eye looks down."""
    slow = seen.copy()
    for pulse in brief:
        first, last = np.searchsorted(times, [pulse.start_s - BEFORE_S, pulse.end_s + AFTER_S])
        slow[first:last] = False
    known = np.flatnonzero(slow)
    if len(known) >= _FEWEST:
        known = known[:: max(len(known) // _ENOUGH, 1)]
        low, high = np.percentile(down[known], [5.0, 95.0])
        if high - low > _LOOKS:
            slope = _robust_slope(down[known], values[known])
            return float(np.clip(slope, 0.0, _MOST_FOLLOWING))
    # only glances: a lid that follows rises less than the eye sinks, one that blinks far more
    looks = seen & (down > _LOOKS)
    part = (values[looks] - rest) / down[looks]
    part = part[part <= 1.0]
    if len(part) < max(_FEWEST, 0.25 * int(looks.sum())):
        return 0.0
    return float(np.clip(np.percentile(part, 25.0), 0.0, _MOST_FOLLOWING))


def _robust_slope(x: FloatArray, y: FloatArray) -> float:
    """Slope of the line that most points lie near: weights fall with the distance."""
    weights = np.ones(len(x))
    slope = 0.0
    for _ in range(_ROUNDS):
        total = float(weights.sum())
        middle_x = float((weights * x).sum()) / total
        middle_y = float((weights * y).sum()) / total
        spread = float((weights * (x - middle_x) ** 2).sum())
        if spread < 1e-9:
            return 0.0
        slope = float((weights * (x - middle_x) * (y - middle_y)).sum()) / spread
        off = y - middle_y - slope * (x - middle_x)
        scale = max(1.4826 * float(np.median(np.abs(off))), 1e-3)
        # Cauchy's weights: a far point has no say
        weights = 1.0 / (1.0 + (off / (1.5 * scale)) ** 2)
    return slope
