# SPDX-License-Identifier: GPL-3.0-or-later
"""When a take speaks, in seconds from its first sample."""

from __future__ import annotations

from collections.abc import Sequence

from ..events.lips.phrases import find_phrases
from ..take import Take

Spans = Sequence[tuple[float, float]]
#: A shorter pause is none (seconds).
APART_S = 0.25


def speaking_spans(take: Take) -> tuple[tuple[float, float], ...]:
    """Phrases that the lips tell, as (start, end)."""
    phrases = find_phrases(take)
    start = float(take.times[0]) if take.samples else 0.0
    return tuple((float(each.start_s) - start, float(each.end_s) - start) for each in phrases)


def joined(spans: Spans, apart_s: float = APART_S) -> list[tuple[float, float]]:
    """Spans in order; those with less than ``apart_s`` between them are one."""
    out: list[tuple[float, float]] = []
    for start, end in sorted((min(span), max(span)) for span in spans):
        if out and start - out[-1][1] < apart_s:
            out[-1] = (out[-1][0], max(out[-1][1], end))
        else:
            out.append((start, end))
    return out
