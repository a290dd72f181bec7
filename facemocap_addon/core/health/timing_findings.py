# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be said of how a take was sampled."""

from __future__ import annotations

from collections.abc import Iterator

from .timing import Timing
from .wording import FAULT, NOTE, WARNING, Finding, at, counted, named, share

#: Rates that differ by more than this are two rates.
_SAME_RATE = 0.02
#: Steps that scatter by more than this part of a step are uneven.
_UNEVEN = 0.2
#: Missing in all channels: this part is a fault.
_MUCH = 0.05
#: Part of the samples that repeat from which the tracker was slower than the recorder.
_OFTEN, _SELDOM = 0.2, 0.005


def timing_findings(timing: Timing) -> Iterator[Finding]:
    """Findings about rate, drops, gaps, repeated and frozen samples."""
    long_s = max(timing.duration_s, 1e-9)
    if abs(timing.rate_hz - timing.nominal_hz) > _SAME_RATE * timing.nominal_hz:
        yield Finding(
            "rate",
            NOTE,
            0.9,
            f"The take claims {timing.nominal_hz:.2f} Hz and was recorded at "
            f"{timing.rate_hz:.2f} Hz. The times in the file are what counts.",
        )
    if timing.jitter_s * timing.rate_hz > _UNEVEN:
        yield Finding(
            "uneven",
            NOTE,
            0.75,
            f"Samples come at uneven times: steps scatter by {1e3 * timing.jitter_s:.1f} ms around "
            f"{1e3 / timing.rate_hz:.1f} ms.",
        )
    if timing.drops:
        frames = timing.frames_dropped
        times = tuple(drop.start_s for drop in timing.drops)
        part = frames / (timing.samples + frames)
        yield Finding(
            "drops",
            FAULT if part > _MUCH else WARNING if part > _SELDOM else NOTE,
            1.3 + part,
            f"{counted(frames, 'frame')} {'was' if frames == 1 else 'were'} dropped "
            f"{at(times)} ({share(part)} of the take).",
            times,
        )
    yield from _gaps(timing, long_s)
    if timing.frozen_s:
        times = tuple(start for start, _end in timing.frozen_s)
        lost = sum(end - start for start, end in timing.frozen_s)
        yield Finding(
            "frozen",
            FAULT if lost > _MUCH * long_s else WARNING,
            2.5 + lost / long_s,
            f"Nothing changes for {lost:.2f} s in all, {at(times)}: the face was lost and the "
            "recorder went on, or nothing was animated there.",
            times,
        )
    if timing.repeated_share > _SELDOM:
        often = timing.repeated_share > _OFTEN
        true_hz = timing.rate_hz * (1.0 - timing.repeated_share)
        text = f"{share(timing.repeated_share)} of the samples repeat the one before"
        yield Finding(
            "repeated",
            WARNING,
            1.4 + timing.repeated_share,
            f"{text}: the tracker ran at about {true_hz:.0f} Hz only."
            if often
            else f"{text}, first {at(timing.repeated_s[:1])}.",
            timing.repeated_s,
        )


def _gaps(timing: Timing, long_s: float) -> Iterator[Finding]:
    whole = [gap for gap in timing.gaps if not gap.channels]
    if whole:
        times = tuple(gap.start_s for gap in whole)
        lost = sum(gap.end_s - gap.start_s for gap in whole)
        longest = max(whole, key=lambda gap: gap.end_s - gap.start_s)
        yield Finding(
            "gaps",
            FAULT if lost > _MUCH * long_s else WARNING,
            2.0 + lost / long_s,
            f"Nothing was recorded {at(times)}: {counted(len(whole), 'gap')} of {lost:.2f} s in "
            f"all, the longest {longest.end_s - longest.start_s:.2f} s.",
            times,
        )
    parts = [gap for gap in timing.gaps if gap.channels]
    if parts:
        times = tuple(dict.fromkeys(gap.start_s for gap in parts))
        names = list(dict.fromkeys(name for gap in parts for name in gap.channels))
        points = list(dict.fromkeys(_point_of(name) for name in names))
        noun = "channel" if points == names else "channel or point"
        nouns = "channels" if points == names else "channels or points"
        yield Finding(
            "channel_gaps",
            WARNING,
            1.2,
            f"{counted(len(points), noun, nouns)} {'is' if len(points) == 1 else 'are'} missing "
            f"{at(times)}: {named(points)}.",
            times,
            tuple(names),
        )


def _point_of(name: str) -> str:
    point, _, axis = name.rpartition(".")
    return point if axis in ("x", "y", "z") else name
