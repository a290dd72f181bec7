# SPDX-License-Identifier: GPL-3.0-or-later
"""A take laid beside animation that is there already: by timecode, or by a moment of both.

Body and face of a performance are recorded by machines of their own. They belong together where
their timecodes are equal, or where both saw the same clap.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from .errors import FacemocapError
from .take import Take
from .timebase import SceneClock, parse_timecode

#: Blender's own limit of frame numbers.
_LAST_FRAME = 1048574


@dataclass(frozen=True, slots=True)
class ByTimecode:
    """The timecode of the scene's first frame, ``HH:MM:SS:FF`` in frames of the scene."""

    scene_start: str


@dataclass(frozen=True, slots=True)
class ByMark:
    """A moment of the take, seconds after its first sample, and the scene's frame of it."""

    take_s: float
    frame: float


Alignment = ByTimecode | ByMark


def aligned_start(
    alignment: Alignment,
    take: Take,
    clock: SceneClock,
    scene_start: float,
    range_start_s: float | None = None,
) -> float:
    """Scene frame on which the part of a take that is used begins.

    Parameters
    ----------
    alignment : Alignment
    take : Take
    clock : SceneClock
        The scene's rate.
    scene_start : float
        The scene's first frame.
    range_start_s : float, optional
        Where the part that is used begins, seconds after the take's first sample.

    Raises
    ------
    FacemocapError
        When the take has no timecode and one is asked for, or it would lie beyond Blender's frames.
    """
    if isinstance(alignment, ByMark):
        first = alignment.frame - alignment.take_s * clock.rate_hz
    else:
        if take.timebase.start_timecode is None:
            raise FacemocapError(
                f'The take "{take.source.name}" has no timecode',
                "Align it by a moment that both show, or give its start frame",
            )
        scene_s = parse_timecode(alignment.scene_start, round(clock.rate_hz))
        first = (take.timebase.start_s - scene_s) * clock.rate_hz + scene_start
    first += (range_start_s or 0.0) * clock.rate_hz
    if not abs(first) <= _LAST_FRAME:
        raise FacemocapError(
            f"The take would begin on frame {first:.0f}, beyond Blender's last frame",
            "Give the timecode of the scene's first frame, or another moment",
        )
    return first


def parse_mark(text: str) -> ByMark:
    """A moment ``SECONDS=FRAME``, such as ``2.35=112``.

    Raises
    ------
    FacemocapError
        When the text is none.
    """
    seconds, equals, frame = text.partition("=")
    try:
        mark = ByMark(float(seconds), float(frame))
    except ValueError:
        mark = ByMark(math.nan, math.nan)
    numbers = (mark.take_s, mark.frame)
    if not equals or not all(map(math.isfinite, numbers)) or mark.take_s < 0:
        raise FacemocapError(
            f'"{text}" is no moment of the take and the scene',
            "Write it as SECONDS=FRAME, for example 2.35=112",
        )
    return mark
