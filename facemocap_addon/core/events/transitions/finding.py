# SPDX-License-Identifier: GPL-3.0-or-later
"""Comings and goings of brows, jaw, smile and cheeks in a take."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...arrays import BoolArray, FloatArray
from ...cleaning.adaptive import adaptive
from ...cleaning.noise import noise_level
from ...health.pulses import Pulse, find_pulses
from ...take import Take
from ...take_sampling import sample_channels, valid_at_samples
from .events import GROUPS, Transition

#: An expression rises by this much, by so many deviations of the noise, and by this part of what
#: the group reaches in the take.
_LEAST, _SURE, _PART = 0.06, 6.0, 0.15
#: It belongs to one side where the other has less than this part of it.
_ONE_SIDE = 0.25
#: More noise than this is taken off before.
_LOUD = 0.002
_HALF = 0.5


def find_transitions(take: Take, groups: Sequence[str] = tuple(GROUPS)) -> tuple[Transition, ...]:
    """Transitions of some groups, in the order of their apex."""
    found = [event for group in groups for event in find_group(take, group)]
    return tuple(sorted(found, key=lambda event: (event.apex_s, event.group)))


def find_group(take: Take, group: str) -> tuple[Transition, ...]:
    """Transitions of one group, in order."""
    names = _telling(take, group)
    if not names or take.samples < 5:
        return ()
    values = sample_channels(take, names, take.times)
    valid: BoolArray = valid_at_samples(take, names).all(axis=1)
    course = values.mean(axis=1)
    if not valid.any():
        return ()
    noise = float(noise_level(course[:, None], valid[:, None])[0])
    reached = float(np.percentile(course[valid], 99) - np.percentile(course[valid], 5))
    least = max(_LEAST, _SURE * noise, _PART * reached)
    if noise > _LOUD:
        # tops are flat: noise would put the apex anywhere on them
        level = np.array([noise])
        course = adaptive(take.times, course[:, None], valid[:, None], level, None).values[:, 0]
    pulses = find_pulses(course[:, None], valid[:, None], take.times, np.array([least]))[0]
    return tuple(_transition(take.times, values, course, names, group, pulse) for pulse in pulses)


def _telling(take: Take, group: str) -> list[str]:
    """The recorded channels whose mean tells how far a group goes."""
    names = GROUPS[group][:1] if group == "jaw" else GROUPS[group]
    return [name for name in names if take.has(name)]


def _transition(
    times: FloatArray,
    values: FloatArray,
    course: FloatArray,
    names: Sequence[str],
    group: str,
    pulse: Pulse,
) -> Transition:
    start, peak = int(np.searchsorted(times, pulse.start_s)), pulse.peak_sample
    rises = values[peak] - values[min(start, peak)]
    side = "B"
    by_side = {
        each: float(sum(r for r, name in zip(rises, names, strict=True) if name.endswith(word)))
        for each, word in (("L", "Left"), ("R", "Right"))
    }
    # a channel of the middle is both sides'
    paired = all(name.endswith(("Left", "Right")) for name in names)
    if paired and max(by_side.values()) > 0.0:
        low, high = sorted(by_side, key=lambda each: by_side[each])
        side = high if by_side[low] < _ONE_SIDE * by_side[high] else "B"
    return Transition(
        group=group,
        onset_s=pulse.start_s,
        top_s=pulse.top_s,
        apex_s=pulse.peak_s,
        bottom_s=pulse.bottom_s,
        half_s=_passed_down(times, course, pulse),
        offset_s=pulse.end_s,
        amplitude=pulse.rise,
        value=pulse.peak,
        side=side,
    )


def _passed_down(times: FloatArray, course: FloatArray, pulse: Pulse) -> float:
    """When half of the fall is passed."""
    level = pulse.peak - _HALF * pulse.fall
    first = int(np.searchsorted(times, pulse.bottom_s, side="right"))
    last = int(np.searchsorted(times, pulse.end_s, side="right"))
    for place in range(max(first, 1), min(last + 1, len(times))):
        if course[place] <= level:
            before, after = float(course[place - 1]), float(course[place])
            share = (before - level) / max(before - after, 1e-12)
            at = float(
                times[place - 1] + min(max(share, 0.0), 1.0) * (times[place] - times[place - 1])
            )
            return min(max(at, pulse.bottom_s), pulse.end_s)
    return 0.5 * (pulse.bottom_s + pulse.end_s)
