# SPDX-License-Identifier: GPL-3.0-or-later
"""From the tracked points that a reader found to a take: what all formats of points have in common.

Places become metres in our frame, missing points invalid, lost frames invalid samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import BoolArray, FloatArray, IntArray
from ..channels import Channel
from ..errors import FacemocapError
from ..names import unique_name
from ..points import AXES, point_channels
from ..sampling import with_gaps
from ..take import Take, TakeSource
from ..timebase import Timebase
from .coefficient_takes import check_size, spread_rows
from .marker_frames import Axis, Frame, find_frame, usual_shape
from .read_options import ReadOptions
from .sample_times import SampleTimes, count_samples, nominal_rate

#: Rates that a recording of points may have, and that of one that names none.
SLOWEST_HZ, FASTEST_HZ = 1.0, 10_000.0
USUAL_HZ = 60.0
#: Bytes that a name of a point may have.
_LONGEST_NAME = 100
#: Farther from the origin, in metres, is no place of a face.
_FARTHEST_M = 10_000.0
#: Numbers that are converted at a time.
_CHUNK = 1 << 17
#: Samples that gaps in time may add, for each that is there.
_GAP_SHARE = 3
_FEW_VALUES = 2_000_000
_IRREGULAR_GAP = 5.0
_SHOWN = 6


@dataclass
class Markers:
    """Tracked points as a reader gathers them.

    Attributes
    ----------
    names : list of str, length p
        As in the file; blank and double ones are made unique by `finished_markers`.
    positions : (n, p, 3) of any numbers
        In the file's frame and unit; may be a view of the file. Not looked at where not valid.
    valid : (n, p) bool
    unit : str
        What the file says, empty where it says nothing.
    number_scale : float
        Factor that makes lengths of the file's unit of the numbers.
    up, right : Axis or None
        Where the file says what is up, and to the right as it is looked at.
    usual_up : int
        Axis that is up where nothing tells.
    assumptions, warnings : list of str
    """

    names: list[str]
    positions: NDArray[Any]
    valid: BoolArray
    unit: str = ""
    number_scale: float = 1.0
    up: Axis | None = None
    right: Axis | None = None
    usual_up: int = 1
    assumptions: list[str] = field(default_factory=list[str])
    warnings: list[str] = field(default_factory=list[str])


def times_at_rate(number: int, rate_hz: float) -> SampleTimes:
    """Times of frames at the rate that a format has in its header."""
    rate = nominal_rate(rate_hz)
    return SampleTimes(np.arange(number) / rate_hz, np.arange(number), 1 / rate_hz, rate)


def is_rate(rate_hz: float) -> bool:
    """Whether a number can be the rate of a recording of points."""
    return bool(np.isfinite(rate_hz)) and SLOWEST_HZ <= rate_hz <= FASTEST_HZ


def counted_times(number: int, options: ReadOptions, usual_hz: float = USUAL_HZ) -> SampleTimes:
    """Times of frames of a file that names no rate."""
    rate_hz, named = options.rate_or(usual_hz)
    return count_samples(number, rate_hz, "The file names no rate", named=named)


def check_points(name: str, samples: int, points: int) -> None:
    """Refuse what would take more memory than any recording.

    Raises
    ------
    FacemocapError
    """
    check_size(name, samples, 3 * points)


def finished_markers(markers: Markers, clock: SampleTimes, source: TakeSource) -> Take:
    """The take of points whose samples have times.

    Raises
    ------
    FacemocapError
        When there is one sample only, no point in any, or no places of anything.
    """
    name, rows, number = source.name, len(clock.kept), len(markers.names)
    check_points(name, rows, number)
    if rows == 1:
        raise FacemocapError(
            f'"{name}" has only one sample', "Export a take of at least two frames"
        )
    if not markers.valid.any():
        raise _no_points(name, rows)
    names = _unique_names(markers.names)
    shape = usual_shape(names, markers.positions, markers.valid)
    if not shape.names:
        raise _no_points(name, rows)
    shape = replace(
        shape,
        places=shape.places * markers.number_scale,
        extent=shape.extent * abs(markers.number_scale),
    )
    frame = find_frame(
        shape, name, unit=markers.unit, up=markers.up, right=markers.right,
        usual_up=markers.usual_up,
    )  # fmt: skip
    values, valid, at_origin = _converted(markers, clock.kept, frame)
    tracked = valid.any(axis=1)
    if not tracked.any():
        raise _no_points(name, rows)
    channels = _channels(names, markers.names)
    warnings = [*markers.warnings, *frame.warnings, *clock.warnings]
    if at_origin:
        warnings.append(
            f"{at_origin} {'place is' if at_origin == 1 else 'places are'} 0, 0, 0 exactly and "
            f"{'counts' if at_origin == 1 else 'count'} as missing."
        )
    times, exists, told = _times_with_gaps(clock, 3 * number, name)
    warnings += told
    lost = int((~tracked).sum())
    if lost:
        warnings.append(f"No point was tracked in {lost} of {rows} samples.")
    ever: BoolArray = np.any(valid, axis=0)
    silent = np.flatnonzero(~ever[::3])
    if len(silent):
        warnings.append(f"{_listed([names[k] for k in silent])} never tracked.")
    return Take(
        times=times,
        channels=channels,
        values=spread_rows(values, exists),
        valid=spread_rows(valid, exists),
        timebase=Timebase(clock.rate),
        source=source,
        not_recorded=tuple(f"{names[k]}.{axis}" for k in silent.tolist() for axis in AXES),
        assumptions=(*clock.assumptions, *markers.assumptions, *frame.assumptions),
        warnings=tuple(warnings),
    )


def _no_points(name: str, rows: int) -> FacemocapError:
    return FacemocapError(
        f'"{name}" has no tracked point in any of its {rows} samples',
        "Export it again together with its points",
    )


def _unique_names(originals: Sequence[str]) -> list[str]:
    """A name for each point; what all names have before a colon is the subject's."""
    stems = {name.rpartition(":")[0] for name in originals if name.strip()}
    shared = stems.pop() if len(stems) == 1 else ""
    names: dict[str, None] = {}
    for number, original in enumerate(originals, start=1):
        name = original.strip()
        if shared:
            name = name.removeprefix(f"{shared}:")
        names[unique_name(name.strip() or f"point {number}", _LONGEST_NAME, names)] = None
    return list(names)


def _channels(names: Sequence[str], originals: Sequence[str]) -> tuple[Channel, ...]:
    channels = point_channels(names)
    return tuple(
        replace(channel, original=originals[k // 3].strip() or channel.original)
        for k, channel in enumerate(channels)
    )


def _converted(markers: Markers, kept: IntArray, frame: Frame) -> tuple[FloatArray, BoolArray, int]:
    """Values and validity ``(n, 3 p)`` in metres, and how many places are the origin itself.

    A few rows at a time: the file may be large, and its numbers twice as wide as ours.
    """
    number = len(markers.names)
    values = np.zeros((len(kept), 3 * number), np.float32)
    valid = np.zeros((len(kept), 3 * number), np.bool_)
    axes = (frame.left, frame.up, frame.front)
    order = [axis.index for axis in axes]
    factors = np.array([axis.sign for axis in axes]) * frame.scale * markers.number_scale
    at_origin = 0
    step = max(1, _CHUNK // max(3 * number, 1))
    for begin in range(0, len(kept), step):
        rows = kept[begin : begin + step]
        there = markers.valid[rows]
        with np.errstate(over="ignore", invalid="ignore"):
            places = markers.positions[rows].astype(np.float64)
            somewhere = (places != 0).any(axis=2)
            at_origin += int((there & ~somewhere).sum())
            places = places[..., order] * factors
            there = there & somewhere & (np.abs(places) <= _FARTHEST_M).all(axis=2)
        places[~there] = 0.0
        shape = (len(rows), 3 * number)
        values[begin : begin + step] = places.reshape(shape)
        valid[begin : begin + step] = np.repeat(there, 3, axis=1)
    return values, valid, at_origin


def _times_with_gaps(
    clock: SampleTimes, channels: int, name: str
) -> tuple[FloatArray, BoolArray, list[str]]:
    """Times with a sample for each that is missing, and what is said of them."""
    usual = clock.step_s if clock.regular else clock.step_s * _IRREGULAR_GAP / 1.5
    times, exists, gaps = with_gaps(clock.times, usual)
    rows = len(clock.times)
    if len(times) * channels > max((1 + _GAP_SHARE) * rows * channels, _FEW_VALUES):
        raise FacemocapError(
            f'"{name}" has {rows} samples and {len(times) - rows} missing ones between them',
            "Export it again, or cut it into parts",
        )
    put_in = len(times) - rows
    text = (
        f"{gaps} {'gap' if gaps == 1 else 'gaps'} in time, "
        f"{put_in} {'sample is' if put_in == 1 else 'samples are'} missing."
    )
    return times, exists, [text] if gaps else []


def _listed(names: Sequence[str]) -> str:
    """Names as the beginning of a sentence about them, with its verb."""
    shown = ", ".join(f'"{name}"' for name in names[:_SHOWN])
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{shown}{more} {'was' if len(names) == 1 else 'were'}"
