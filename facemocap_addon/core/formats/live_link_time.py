# SPDX-License-Identifier: GPL-3.0-or-later
"""When each row of a Live Link Face file was recorded.

``HH:MM:SS:FF.sss`` counts frames and thousandths of a *frame* on the phone's clock. It is real
time: a "60 fps" take advances by 1.0016 frames a row, and a 30 Hz take under a 60-based timecode
by two. Other programs write the same column carelessly, so it is used only where it can be a
clock:

==========================================  =====================================================
timecodes                                   times
==========================================  =====================================================
strictly increasing, no step below a third  from the timecode
of the usual one
back by nearly a day                        from the timecode, past midnight
back to a frame 00 (a writer that restarts  from the row number, with a warning
its count), equal in two rows, a step below
a third of the usual one, no timecodes
back to any other frame                     an error: the rows are jumbled
a timecode that cannot be read              an error that names the line
==========================================  =====================================================
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ..arrays import BoolArray, FloatArray, IntArray
from ..errors import FacemocapError
from ..sampling import usual_step
from .read_options import GIVEN

DAY_S = 86_400
#: Rates that recorders aim at; a measured rate this close to one is taken for it.
USUAL_RATES = (24, 25, 30, 48, 50, 60, 90, 120)
RATE_TOLERANCE = 0.02
_SHORTEST_STEP = 1 / 3
_TIMECODE = re.compile(rb"(\d{1,2}):(\d{1,2}):(\d{1,2})[:;](\d{1,3})(?:[.,](\d{1,6}))?")


@dataclass(frozen=True, slots=True)
class RowTimes:
    """Times of a file's rows.

    Attributes
    ----------
    times : (n,) float64
        Seconds since the first row, strictly increasing.
    step_s : float
        Usual step between rows.
    rate : Fraction
        Nominal rate.
    start_timecode : str or None
    start_s : float
        Seconds since midnight at the first row; 0.0 where the clock is of no use.
    assumptions, warnings : tuple of str
    """

    times: FloatArray
    step_s: float
    rate: Fraction
    start_timecode: str | None = None
    start_s: float = 0.0
    assumptions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Clock:
    """Timecodes taken apart: whole seconds, frames, and ``parts`` of ``scale`` to a frame."""

    seconds: IntArray
    frames: IntArray
    parts: IntArray
    scale: int

    def ticks(self, base: int) -> IntArray:
        """Timecodes as whole numbers, ``base * scale`` to a second, midnights passed added."""
        ticks = (self.seconds * base + self.frames) * self.scale + self.parts
        day = DAY_S * base * self.scale
        # back by nearly a day: later than an hour after midnight it is a restart instead
        nearly = day - 3600 * base * self.scale
        midnights = np.cumsum(np.diff(ticks, prepend=ticks[:1]) < -nearly)
        return ticks + midnights * day


def read_row_times(
    timecodes: NDArray[np.bytes_],
    lines: IntArray,
    name: str,
    target_hz: float | None = None,
    duration_s: float | None = None,
    *,
    given_hz: float | None = None,
) -> RowTimes:
    """Times of rows from their timecodes.

    Parameters
    ----------
    timecodes : (n,) bytes, n of 2 or more
    lines : (n,) int
        Line numbers, for messages.
    name : str
        File name, for messages.
    target_hz, duration_s : float or None
        What the recorder's own notes say about the rate and the length.
    given_hz : float or None
        Rate that a person gave for rows without a clock.

    Raises
    ------
    FacemocapError
        When a timecode cannot be read, or when rows are not in the order of time.
    """
    if not (timecodes != b"").any():
        why = "The file has no timecodes"
        return _counted(len(timecodes), target_hz, None, why, first=None, given_hz=given_hz)
    clock = _read_clock(timecodes, lines, name)
    first = timecodes[0].decode("ascii", "replace").replace(",", ".")
    base, assumptions = _frames_per_second(clock, target_hz, duration_s)
    ticks = clock.ticks(base)
    steps = np.diff(ticks)
    # A writer that restarts its count, or counts its frames anew each second, lands on frame 00.
    back = steps < 0
    lost = np.flatnonzero(back & (clock.frames[1:] != 0))
    if len(lost):
        row = int(lost[0]) + 1
        raise FacemocapError(
            f'"{name}" is not in the order of time: line {int(lines[row])} '
            f"({timecodes[row].decode('ascii', 'replace')}) is earlier than the line before it",
            "Sort its rows by timecode, or export the take again",
        )
    per_second = base * clock.scale
    forward = steps[steps > 0]
    typical = float(np.median(forward)) / per_second if len(forward) else None
    problem = _why_no_clock(steps, back)
    if problem:
        if problem == _UNEVEN and ticks[-1] > ticks[0]:
            typical = float(ticks[-1] - ticks[0]) / per_second / (len(ticks) - 1)
        return _counted(len(ticks), target_hz, typical, problem, first, given_hz)
    times = (ticks - ticks[0]) / float(per_second)
    step_s = usual_step(times)
    return RowTimes(
        times,
        step_s,
        _nominal(1 / step_s, target_hz),
        first,
        float(int(ticks[0]) / per_second),
        assumptions,
    )


_UNEVEN = "The timecodes advance too unevenly to be a clock"


def _why_no_clock(steps: IntArray, back: BoolArray) -> str | None:
    """Why the timecodes cannot be used, or None."""
    if back.any():
        return "The timecodes start again within the take"
    if not steps.any():
        return "All timecodes are the same"
    if (steps == 0).any():
        return "Several rows have the same timecode"
    if (steps < _SHORTEST_STEP * np.median(steps)).any():
        return _UNEVEN
    return None


def _counted(
    rows: int,
    target_hz: float | None,
    typical_s: float | None,
    why: str,
    first: str | None,
    given_hz: float | None,
) -> RowTimes:
    """Times by row number, for a file whose timecode is no clock."""
    if given_hz is not None:
        rate = Fraction(given_hz).limit_denominator(100_000)
        said = f"{why}; {GIVEN} says {given_hz:g} rows a second."
        return RowTimes(
            np.arange(rows) / float(rate), 1 / float(rate), rate, first, assumptions=(said,)
        )
    rate = _nominal(1 / typical_s if typical_s else target_hz or 60.0, target_hz)
    return RowTimes(
        np.arange(rows) / float(rate),
        1 / float(rate),
        rate,
        first,
        warnings=(
            f"{why}, so rows are counted instead, {float(rate):g} a second: check the length.",
        ),
    )


def _frames_per_second(
    clock: Clock, target_hz: float | None, duration_s: float | None
) -> tuple[int, tuple[str, ...]]:
    """What the frame field counts to: 60 where it passes 29, else 30, as Unreal's importer has it.

    The recorder's notes decide where they are there; another writer's 24 or 25 shows in steps
    that are even only with that number.
    """
    highest = int(clock.frames.max())
    rule = 60 if highest >= 30 else 30
    if highest >= 60:
        rule = next((rate for rate in USUAL_RATES if rate > highest), highest + 1)
    if highest < 30 and duration_s:
        lengths = {
            base: float(np.ptp(clock.ticks(base))) / (base * clock.scale) for base in (30, 60)
        }
        rule = min(lengths, key=lambda base: abs(lengths[base] - duration_s))
    elif highest < 30 and target_hz and target_hz > 45:
        rule = 60
    # one gap may be a gap; a gap at every second's end means that it has fewer frames
    if _uneven_steps(clock, rule) >= 2:
        for base in USUAL_RATES:
            if highest < base < rule and _uneven_steps(clock, base) == 0:
                note = f"The timecode counts {base} frames to a second: only so are its steps even."
                return base, (note,)
    return rule, ()


def _uneven_steps(clock: Clock, base: int) -> int:
    """How many steps are a third more or less than the usual one."""
    steps = np.diff(clock.ticks(base))
    usual = float(np.median(steps))
    return int((np.abs(steps - usual) > _SHORTEST_STEP * abs(usual)).sum())


def _nominal(measured_hz: float, target_hz: float | None) -> Fraction:
    """The exact rate that a recorder with this measured rate aims at."""
    for rate in (*(() if target_hz is None else (target_hz,)), *USUAL_RATES):
        if abs(measured_hz - rate) <= RATE_TOLERANCE * rate:
            return Fraction(rate).limit_denominator(1001)
    near = Fraction(measured_hz).limit_denominator(1001)
    return near if near > 0 else Fraction(measured_hz)


def _read_clock(timecodes: NDArray[np.bytes_], lines: IntArray, name: str) -> Clock:
    regular = read_regular(timecodes)
    if regular is not None:
        return regular
    fields: list[tuple[int, int, int]] = []
    for row, text in enumerate(timecodes.tolist()):
        found = _TIMECODE.fullmatch(text)
        if not found:
            shown = text.decode("ascii", "replace")
            raise FacemocapError(
                f'"{name}" has no readable timecode in line {int(lines[row])}: "{shown}"',
                "Write it as HH:MM:SS:FF.sss, or delete the line",
            )
        hours, minutes, seconds, frame = (int(part) for part in found.group(1, 2, 3, 4))
        part = int((found.group(5) or b"0").ljust(6, b"0"))
        fields.append((hours * 3600 + minutes * 60 + seconds, frame, part))
    table = np.array(fields, np.int64).reshape(-1, 3)
    return Clock(table[:, 0], table[:, 1], table[:, 2], 10**6)


def read_regular(timecodes: NDArray[np.bytes_]) -> Clock | None:
    """Timecodes that are all exactly ``HH:MM:SS:FF.sss``, the recorder's own way; else None."""
    width = len("HH:MM:SS:FF.sss")
    if timecodes.dtype.itemsize != width:
        return None
    letters = np.ascontiguousarray(timecodes).view(np.uint8).reshape(-1, width)
    columns = np.ascontiguousarray(letters.T) - np.uint8(ord("0"))
    marks = [ord(mark) - ord("0") & 0xFF for mark in ":::."]
    if any((columns[at] != mark).any() for at, mark in zip((2, 5, 8, 11), marks, strict=True)):
        return None
    if (np.delete(columns, (2, 5, 8, 11), axis=0) > 9).any():
        return None

    def number(*places: int) -> IntArray:
        total = columns[places[0]].astype(np.int64)
        for place in places[1:]:
            total = total * 10 + columns[place]
        return total

    seconds = number(0, 1) * 3600 + number(3, 4) * 60 + number(6, 7)
    return Clock(seconds, number(9, 10), number(12, 13, 14), 1000)
