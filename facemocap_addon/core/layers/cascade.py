# SPDX-License-Identifier: GPL-3.0-or-later
"""Muscles take each other along; only what the capture lacks is added.

A follower becomes the larger of what was captured and what its drivers ask for. What they ask for
comes later than they do and is let go in two parts, a fast and a slow one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..arrays import FloatArray
from ..contacts.captured import PARTING, lip_contacts
from ..take import Take
from .cascade_rules import CascadeRule
from .draws import smooth_step
from .samples import added, beside, course, seconds_of, with_values

_SIDES = ("Left", "Right")
#: What tells touching lips; followers among them get nothing there, nor fully this near (s).
_LIPS, _LIPS_S = ("jawOpen", "mouthClose", *PARTING), 0.08
#: What holds the lips against all that parts them, fully from this value on.
_HOLDING, _HOLDS = ("mouthPressLeft", "mouthPressRight", "mouthPucker"), 0.4
#: Above its threshold a driver sets in smoothly over about this value.
_SOFT = 0.05
#: What falls to a tenth in a time falls to 1/e in this part of it.
_TENTH = 1.0 / np.log(10.0)


def add_cascade(
    take: Take, rules: Sequence[CascadeRule], strengths: Mapping[str, float] | None = None
) -> tuple[Take, dict[str, float]]:
    """The take with what its drivers take along, and the most that each follower got.

    Parameters
    ----------
    take : Take
    rules : sequence of CascadeRule
        Rows whose channels the take lacks do nothing.
    strengths : mapping of str to float, optional
        Factors of the gains by expression, 1 for those that are not named.
    """
    seconds = seconds_of(take)
    strengths = strengths or {}
    wanted: dict[str, FloatArray] = {}
    for rule in rules:
        gain = rule.gain * strengths.get(rule.expression, 1.0)
        if gain <= 0.0:
            continue
        for driver, follower in _sided(take, rule):
            asked = np.minimum(gain * _asked(course(take, driver), seconds, rule), 1.0)
            wanted[follower] = np.maximum(wanted.get(follower, np.zeros(len(seconds))), asked)
    columns: dict[str, FloatArray] = {}
    most: dict[str, float] = {}
    lips = _lips_open(take) if any(name in _LIPS for name in wanted) else None
    for follower, asked in wanted.items():
        values = course(take, follower)
        lacking = np.maximum(asked - values, 0.0)
        if follower in _LIPS and lips is not None:
            lacking = lacking * lips
        if follower in PARTING:
            lacking = lacking * _lips_free(take)
        columns[follower], more = added(take, follower, values, lacking)
        there = take.valid[:, take.column(follower)]
        most[follower] = float(more[there].max())
    return with_values(take, "cascade", columns), {n: m for n, m in most.items() if m > 0.0}


def _sided(take: Take, rule: CascadeRule) -> list[tuple[str, str]]:
    """The channels of a row that the take has; of two sides each its own."""
    drivers, followers = _channels(take, rule.driver), _channels(take, rule.follower)
    if len(drivers) == len(followers):
        return list(zip(drivers, followers, strict=True))
    return [(driver, follower) for driver in drivers for follower in followers]


def _channels(take: Take, name: str) -> list[str]:
    if take.has(name):
        return [name]
    return [name + side for side in _SIDES if take.has(name + side)]


def _asked(driver: FloatArray, seconds: FloatArray, rule: CascadeRule) -> FloatArray:
    """What a driver ``(n,)`` asks for at gain 1."""
    over = np.maximum(driver - rule.threshold, 0.0) / (1.0 - rule.threshold)
    over = (1.0 + _SOFT) * over * over / (over + _SOFT)
    over = np.interp(seconds - rule.lag_s, seconds, over)
    fast = _let_go(over, seconds, rule.release_s)
    if rule.tail <= 0.0:
        return fast
    return (1.0 - rule.tail) * fast + rule.tail * _let_go(over, seconds, rule.tail_s)


def _let_go(values: FloatArray, seconds: FloatArray, release_s: float) -> FloatArray:
    """Values ``(n,)`` that fall no faster than to a tenth in a time.

    Each is the largest of all before it, each fallen since: a running maximum of logarithms that
    rise by the time.
    """
    constant = _TENTH * release_s
    if constant <= 1e-3:
        return values
    with np.errstate(divide="ignore"):
        raised = np.log(values) + seconds / constant
    return np.exp(np.maximum.accumulate(raised) - seconds / constant)


def _lips_free(take: Take) -> FloatArray:
    """0 where the muscle around the mouth holds the lips together, 1 where it rests ``(n,)``."""
    held = np.maximum.reduce([course(take, name) for name in _HOLDING])
    return 1.0 - smooth_step(held / _HOLDS)


def _lips_open(take: Take) -> FloatArray:
    """0 where the lips touch, 1 a little beside ``(n,)``."""
    touching = np.zeros(take.samples, np.bool_)
    for contact in lip_contacts(take):
        touching[contact.first : contact.last + 1] = True
    return beside(take.times, touching, _LIPS_S)
