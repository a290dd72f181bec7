# SPDX-License-Identifier: GPL-3.0-or-later
"""Blinks made where there are none: how often and how evenly people blink at what they do.

Rates and times between blinks lie in what was published (docs/blinks.md names the sources); how
much the times of one person scatter, and all of ``nervous``, are choices of this program.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...arrays import FloatArray
from ...errors import FacemocapError
from ...take import Take
from .blink import Blink
from .records import BlinkEdit


@dataclass(frozen=True, slots=True)
class Context:
    """How people blink.

    Attributes
    ----------
    rate_per_min : float
    spread : float
        Standard deviation of the logarithm of the time between two blinks.
    partial : float
        Part of the blinks that do not close the eye.
    closing, opening : float
        Factors of the durations that are usual in the take.
    """

    rate_per_min: float
    spread: float
    partial: float
    closing: float = 1.0
    opening: float = 1.0


CONTEXTS = {
    "rest": Context(12.0, 0.45, 0.3),
    "conversation": Context(29.0, 0.55, 0.3),
    "reading": Context(6.0, 0.7, 0.4),
    "nervous": Context(42.0, 0.5, 0.45, 0.9, 0.85),
}
#: Blinks that are made are never nearer than this (seconds).
LEAST_S = 0.6
#: A gap is filled when it is longer than so many usual times between blinks.
_GAP = 2.5
#: Of a partial blink, and what each blink differs in: factors' spread, lag (seconds), and part by
#: which one eye closes less.
_PARTS, _VARIES, _LAGS_S, _UNEVEN = (0.5, 0.74), 0.15, (0.004, 0.015), (0.02, 0.06)


def generate_blinks(
    take: Take,
    found: Sequence[Blink],
    *,
    context: str,
    replace_own: bool = False,
    rate_per_min: float | None = None,
    seed: int = 0,
) -> tuple[BlinkEdit, ...]:
    """Edits that put blinks into a take.

    Parameters
    ----------
    take : Take
    found : sequence of Blink
        The take's own blinks.
    context : str
        One of `CONTEXTS`.
    replace_own : bool
        Delete the take's own blinks; else blinks are made only where it has none for long.
    rate_per_min : float, optional
        Instead of the context's own.
    seed : int
        Equal seeds, equal blinks.
    """
    if context not in CONTEXTS:
        raise FacemocapError(f'There is no context "{context}"', f"Use {', '.join(CONTEXTS)}")
    own = CONTEXTS[context]
    rate = own.rate_per_min if rate_per_min is None else rate_per_min
    if not np.isfinite(rate) or rate <= 0.0:
        raise FacemocapError(f"A rate cannot be {rate:g} blinks a minute", "Give one above 0")
    if take.samples < 2:
        return ()
    rng = np.random.default_rng(seed)
    start, end = float(take.times[0]), float(take.times[-1])
    edits: list[BlinkEdit] = []
    if replace_own:
        edits += [BlinkEdit("delete", blink.apex_s, blink.side) for blink in found]
        gaps = [(start, end)]
    else:
        edges = [start, *(edge for blink in found for edge in (blink.onset_s, blink.offset_s)), end]
        usual = 60.0 / rate
        gaps = [
            (edges[k] + 0.5 * usual, edges[k + 1] - 0.5 * usual)
            for k in range(0, len(edges), 2)
            if edges[k + 1] - edges[k] > _GAP * usual
        ]
    for first, last in gaps:
        for apex in blink_times(first, last, rate, own.spread, rng):
            edits += _made(float(apex), own, rng)
    return tuple(edits)


def blink_times(
    start_s: float, end_s: float, rate_per_min: float, spread: float, rng: np.random.Generator
) -> FloatArray:
    """Apexes of blinks in a stretch of time: log-normal times between, and as many as the rate."""
    length = end_s - start_s
    wanted = rate_per_min * length / 60.0
    # what is left over is a blink or none by chance
    number = int(wanted + rng.random())
    number = min(number, int(length / LEAST_S))
    if number < 1:
        return np.empty(0)
    parts = rng.lognormal(0.0, spread, number + 1)
    # the stretch begins and ends somewhere between two blinks
    parts[[0, -1]] *= rng.uniform(0.2, 0.8, 2)
    between = parts * (length / parts.sum())
    for _ in range(20):
        short = between < LEAST_S
        short[[0, -1]] = False
        if not short.any():
            break
        between[short] = LEAST_S
        rest = ~short
        between[rest] *= max(length - LEAST_S * int(short.sum()), 0.0) / between[rest].sum()
    return start_s + np.cumsum(between)[:-1]


def _made(apex: float, own: Context, rng: np.random.Generator) -> list[BlinkEdit]:
    """One blink with what is its own."""
    at = round(apex, 6)
    share = float(rng.uniform(*_PARTS)) if rng.random() < own.partial else 1.0
    closing, opening = np.clip(rng.lognormal(0.0, _VARIES, 2), 0.75, 1.35).tolist()
    lag = float(rng.uniform(*_LAGS_S) * rng.choice([-1.0, 1.0]))
    weaker = str(rng.choice(["L", "R"]))
    return [
        BlinkEdit("insert", at, value=round(share, 4)),
        BlinkEdit("closing", at, value=round(closing * own.closing, 4)),
        BlinkEdit("opening", at, value=round(opening * own.opening, 4)),
        BlinkEdit("lag", at, value=round(lag, 5)),
        BlinkEdit("amplitude", at, eye=weaker, value=round(1.0 - float(rng.uniform(*_UNEVEN)), 4)),
    ]
