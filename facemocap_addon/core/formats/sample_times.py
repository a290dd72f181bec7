# SPDX-License-Identifier: GPL-3.0-or-later
"""When each sample was recorded, out of whatever a program wrote beside it.

==================================  ==============================================================
the file has                        times
==================================  ==============================================================
a clock that rises                  the clock, in seconds; its unit from the name, else from the
                                    usual step (0.0166, 16.6, 16,666 or 16,666,667)
a clock with equal neighbours       the first of each (a few), or counted (many)
frame numbers                       frame / rate; missing numbers are gaps
nothing, or a clock that stands     counted, at the rate the file names or the format's usual one,
                                    with a warning
a clock or number that goes back    an error that names the place
==================================  ==============================================================
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from ..errors import FacemocapError
from ..sampling import usual_step
from .live_link_time import RATE_TOLERANCE, USUAL_RATES

#: Samples with the time of the one before them, as a share of all, up to which they are dropped.
_REPEATED_SHARE = 0.1
#: Samples without a time of their own, as a share of all, up to which they are put in between.
_TIMELESS_SHARE = 0.1
_UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "ticks": 1e-7}
_SPELLINGS = {
    **dict.fromkeys(("s", "sec", "secs", "seconds"), "s"),
    **dict.fromkeys(("ms", "msec", "millis", "milliseconds"), "ms"),
    **dict.fromkeys(("us", "usec", "micros", "microseconds"), "us"),
    **dict.fromkeys(("ns", "nsec", "nanos", "nanoseconds"), "ns"),
    "ticks": "ticks",
}
_UNIT_WORDS = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
#: Rates that recorders have; the unit is the one that brings a clock's steps nearest to these.
_SLOWEST_HZ, _FASTEST_HZ = 14.0, 130.0
#: Steps of anything that could be a recording of a face.
_SHORTEST_S, _LONGEST_S = 0.0005, 20.0
#: Share of steps that are alike in a recording with a rate.
_REGULAR_SHARE = 0.7
_TIME_WORDS = "time|timestamp|timestamps|times|t|ts|elapsed|elapsedtime|mediatime|frametime|clock"
_TIME_KEY = re.compile(
    rf"(?:{_TIME_WORDS}|videotime|audiotime|recordtime|capturetime|approxtime|starttime|datetime|"
    rf"createdat|timecode|pts)?(?P<unit>{'|'.join(_SPELLINGS)})?"
)
_FRAME_KEY = re.compile(r"(?:video|source|image)?(?:frame|sample)?(?:index|idx|number|num|no|id)?")
_SECONDS_APART = re.compile(r"[\W_][sS]\W*$")
_NO_FRAME_KEYS = ("no", "num", "number", "id", "video", "source", "image")
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):(\d{1,2}(?:[.,]\d+)?)", re.ASCII)
_TIMECODE = re.compile(r"(\d{1,3}):(\d{1,2}):(\d{1,2})[:;](\d{1,3}(?:\.\d+)?)", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d[T ](.+?)(?:Z|[+-]\d\d:?\d\d)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class SampleTimes:
    """Times of a file's samples.

    Attributes
    ----------
    times : (m,) float64
        Seconds since the first sample, strictly increasing.
    kept : (m,) int
        Which of the file's n samples these are.
    step_s : float
        Usual step.
    rate : Fraction
        Nominal rate.
    regular : bool
        Whether most steps are alike, so that a longer one means lost samples.
    assumptions, warnings : tuple of str
    """

    times: FloatArray
    kept: IntArray
    step_s: float
    rate: Fraction
    regular: bool = True
    assumptions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def clock_unit(key: str) -> tuple[str, str] | None:
    """What a name says of the clock it stands for: (kind, unit), or None where it names none.

    Kind is ``time`` or ``frame``; the unit is one of s, ms, us, ns, ticks, or empty.

    >>> clock_unit("timestamp_ms"), clock_unit("time"), clock_unit("frameIndex")
    (('time', 'ms'), ('time', ''), ('frame', ''))
    """
    name = re.sub(r"[\W_]+", "", key).lower()
    if not name:
        return None
    found = _TIME_KEY.fullmatch(name)
    if found and name not in ("s", "us", "ns"):
        # the last letter of these is no unit, unless it stands apart
        plural = name in ("timestamps", "times", "ts") and not _SECONDS_APART.search(key)
        return "time", "" if plural else _SPELLINGS.get(found.group("unit") or "", "")
    if _FRAME_KEY.fullmatch(name) and name not in _NO_FRAME_KEYS:
        return "frame", ""
    return None


def nominal_rate(measured_hz: float) -> Fraction:
    """The exact rate that a recorder with this measured rate aims at."""
    for rate in USUAL_RATES:
        if abs(measured_hz - rate) <= RATE_TOLERANCE * rate:
            return Fraction(rate)
    near = Fraction(measured_hz).limit_denominator(1001)
    return near if near > 0 else Fraction(measured_hz)


def count_samples(number: int, rate_hz: float, why: str, *, named: str = "") -> SampleTimes:
    """Times by sample number; ``named`` says who names the rate, empty where nobody does."""
    rate = Fraction(rate_hz).limit_denominator(100_000) if named else nominal_rate(rate_hz)
    text = f"{float(rate):g}"
    if named:
        said = (f"{why}; {named} says {text} samples a second.",)
    else:
        said = (f"{why}, so samples are counted, {text} a second: check the length.",)
    return SampleTimes(
        np.arange(number) / float(rate),
        np.arange(number),
        1 / float(rate),
        rate,
        assumptions=said if named else (),
        warnings=() if named else said,
    )


def read_clock(
    clock: FloatArray,
    key: str,
    places: Sequence[str] | IntArray,
    name: str,
    *,
    rate_hz: float,
    named: str = "",
) -> SampleTimes:
    """Times of samples from the numbers under one name.

    Parameters
    ----------
    clock : (n,) float64
        NaN where a sample has none.
    key : str
        The name in the file; it may say what the numbers are.
    places : (n,) int or sequence of str
        Where each sample is in the file, for messages: 12 is "line 12", a text is itself.
    name : str
        The file's name, for messages.
    rate_hz : float
        Rate of frame numbers, and of samples where the clock is of no use.
    named : str
        Who names that rate ("the file"), empty where nobody does.

    Raises
    ------
    FacemocapError
        When samples are not in the order of time.
    """
    kind, unit = clock_unit(key) or ("time", "")
    number = len(clock)
    there = np.isfinite(clock)
    if number == 1:
        return count_samples(1, rate_hz, "The file holds one sample", named=named)
    warnings: list[str] = []
    if not there.all():
        lost = int((~there).sum())
        if lost > _TIMELESS_SHARE * number or there.sum() < 2:
            why = f'"{key}" is missing from {lost} of {number} samples'
            return count_samples(number, rate_hz, why, named=named)
        clock = _filled(clock, there)
        warnings.append(f'{lost} samples have no "{key}" and were put between their neighbours.')
    steps = np.diff(clock)
    back = np.flatnonzero(steps < 0)
    if len(back):
        row = int(back[0]) + 1
        raise FacemocapError(
            f'"{name}" is not in the order of time: {_place(places, row)} '
            f"({key} {clock[row]:.10g}) is earlier than the one before it",
            "Sort it by time, one take a file, or export the take again",
        )
    repeated = int((steps == 0).sum())
    kept = np.arange(number)
    if repeated:
        if repeated > _REPEATED_SHARE * number:
            why = f'Many samples have the same "{key}"'
            return count_samples(number, rate_hz, why, named=named)
        kept = np.concatenate(([0], np.flatnonzero(steps > 0) + 1))
        clock = clock[kept]
        were = "sample has" if repeated == 1 else "samples have"
        warnings.append(f'{repeated} {were} the "{key}" of the one before and were left out.')
    found = _rising(clock, key, kind, unit, rate_hz, named=named)
    return SampleTimes(
        found.times,
        kept,
        found.step_s,
        found.rate,
        found.regular,
        found.assumptions,
        (*warnings, *found.warnings),
    )


def _rising(
    clock: FloatArray, key: str, kind: str, unit: str, rate_hz: float, *, named: str
) -> SampleTimes:
    """Times of a strictly rising clock of two samples or more."""
    typical = float(np.median(np.diff(clock)))
    whole = bool((clock == np.round(clock)).all())
    every = np.arange(len(clock))
    assumptions: tuple[str, ...]
    warnings: tuple[str, ...]
    if kind == "frame" or (not unit and whole and typical == 1.0):
        times = (clock - clock[0]) / rate_hz
        step_s = typical / rate_hz
        said = f'"{key}" counts frames'
        if named:
            assumptions, warnings = (f"{said}; {named} says {rate_hz:g} a second.",), ()
        else:
            taken = f"no rate is named, so {rate_hz:g} a second is taken"
            assumptions, warnings = (), (f"{said} and {taken}: check the length.",)
        regular = True
    else:
        said = f'"{key}" is taken for '
        if unit:
            said += f"{_UNIT_WORDS.get(unit, 'ticks of 100 nanoseconds')}."
        else:
            far = [(_far_from_usual(typical * _UNITS[each]), each) for each in _UNIT_WORDS]
            # of two that are as far the coarser one: the list begins with seconds
            unit = min(far, key=lambda pair: pair[0])[1]
            said += f"{_UNIT_WORDS[unit]}: its usual step is {typical:.4g}."
        # dividing keeps 33 ms at 0.033, which multiplying does not
        times = (clock - clock[0]) / round(1 / _UNITS[unit])
        assumptions, warnings = (said,), ()
        steps = np.diff(times)
        median = float(np.median(steps))
        alike = np.abs(steps - median) <= 0.25 * median
        regular = int(np.count_nonzero(alike)) >= _REGULAR_SHARE * len(steps)
        step_s = usual_step(times)
    if not (_SHORTEST_S <= step_s <= _LONGEST_S and (np.diff(times) > 0).all()):
        why = f'"{key}" is no clock: its usual step is {typical:.4g}'
        return count_samples(len(clock), rate_hz, why, named=named)
    return SampleTimes(
        times, every, step_s, nominal_rate(1 / step_s), regular, assumptions, warnings
    )


def _far_from_usual(step_s: float) -> float:
    """How far a step is from any that recorders have, as a ratio's logarithm."""
    rate = math.log(1 / step_s) if 1e-300 < step_s < 1e300 else 1e9
    return max(math.log(_SLOWEST_HZ) - rate, rate - math.log(_FASTEST_HZ), 0.0)


def coarse_rate(frames: FloatArray, seconds: FloatArray) -> float | None:
    """Frames a second of numbered frames under a clock of whole seconds, or None.

    From the first new second to the last, so that the clock's coarseness is at neither end.
    """
    new = np.flatnonzero(np.diff(seconds) > 0) + 1
    if len(new) < 3 or (np.diff(seconds) < 0).any() or (np.diff(frames) <= 0).any():
        return None
    passed = float(seconds[new[-1]] - seconds[new[0]])
    return float(frames[new[-1]] - frames[new[0]]) / passed if passed > 0 else None


def _filled(clock: FloatArray, there: BoolArray) -> FloatArray:
    """A clock with samples that have none put between their neighbours, beyond the ends too."""
    rows = np.flatnonzero(there)
    places = np.arange(len(clock))
    out = np.interp(places, rows, clock[rows])
    step = float(clock[rows[-1]] - clock[rows[0]]) / max(int(rows[-1] - rows[0]), 1)
    out[: rows[0]] = clock[rows[0]] - step * (rows[0] - places[: rows[0]])
    out[rows[-1] + 1 :] = clock[rows[-1]] + step * (places[rows[-1] + 1 :] - rows[-1])
    return out


def _place(places: Sequence[str] | IntArray, row: int) -> str:
    place = places[row]
    return place if isinstance(place, str) else f"line {int(place)}"


def clock_of_texts(texts: Sequence[str]) -> FloatArray | None:
    """Numbers of clocks written as text, NaN for blanks; None where most are no clock.

    Numbers, ``MM:SS``, ``HH:MM:SS.mmm``, ``HH:MM:SS:FF`` and ISO dates, all but the first in
    seconds. Midnight between two samples adds a day. Frames count to 60 where one passes 29, else
    to 30.
    """
    out = np.full(len(texts), np.nan)
    frames = np.zeros(len(texts))
    with contextlib.suppress(ValueError):
        # the usual case, numbers and nothing else
        out[:] = [float(text) for text in texts]
        texts = ()
    seconds = False
    for row, text in enumerate(texts):
        value = text.strip()
        if not value:
            continue
        try:
            out[row] = float(value)
            continue
        except ValueError:
            pass
        dated = _DATE.fullmatch(value)
        found = _CLOCK.fullmatch(dated.group(1) if dated else value)
        coded = None if found else _TIMECODE.fullmatch(value)
        if found:
            hours, minutes, rest = found.group(1, 2, 3)
            out[row] = int(hours or 0) * 3600 + int(minutes) * 60 + float(rest.replace(",", "."))
        elif coded:
            hours, minutes, rest, frame = coded.groups()
            out[row] = int(hours) * 3600 + int(minutes) * 60 + int(rest)
            frames[row] = float(frame)
        seconds = seconds or found is not None or coded is not None
    if np.isfinite(out).mean() < 1 - _TIMELESS_SHARE:
        return None
    out += frames / (60 if frames.max(initial=0.0) >= 30 else 30)
    if seconds:
        there = np.isfinite(out)
        steps = np.diff(out[there], prepend=out[there][:1])
        out[there] += 86_400.0 * np.cumsum(steps < -82_800.0)
    return out
