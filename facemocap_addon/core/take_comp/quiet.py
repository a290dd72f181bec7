# SPDX-License-Identifier: GPL-3.0-or-later
"""Moments at which no seam may lie: blinks for what is about the eyes, contacts for the mouth."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..contacts.captured import lip_contacts
from ..events.blinks.finding import find_blinks
from ..take import Take

EYES = frozenset(("eye", "brow", "gaze", "cheek"))
MOUTH = frozenset(("mouth", "jaw", "tongue"))
#: Lips that stay closed for longer than this (seconds) rest: there a seam is welcome.
RESTING_S = 0.5


def busy_spans(take: Take, regions: Iterable[str]) -> list[tuple[float, float]]:
    """Seconds on the take's clock, from and to, in which something quick and visible happens."""
    wanted = frozenset(regions)
    out: list[tuple[float, float]] = []
    if wanted & EYES:
        out += [blink.span for blink in find_blinks(take)]
    if wanted & MOUTH:
        contacts = lip_contacts(take)
        out += [(c.start_s, c.end_s) for c in contacts if c.end_s - c.start_s < RESTING_S]
    return out


def busy(times: FloatArray, spans: Iterable[tuple[float, float]]) -> BoolArray:
    """Which of ``times (n,)`` lie in one of the spans."""
    out = np.zeros(len(times), np.bool_)
    for first, last in spans:
        low, high = np.searchsorted(times, [first, last], "left")
        out[max(int(low) - 1, 0) : int(high) + 1] = True
    return out
