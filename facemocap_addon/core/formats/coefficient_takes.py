# SPDX-License-Identifier: GPL-3.0-or-later
"""From the columns that a reader found to a take: what all coefficient formats have in common.

Names become channels of the schema, percent become coefficients, angles radians; columns of zeros
that a recorder leaves for what it does not record become "not recorded"; samples without a face
and lost ones become invalid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..channels import Channel, canonical_channel
from ..errors import FacemocapError
from ..sampling import with_gaps
from ..take import Take, TakeSource
from ..timebase import Timebase
from .angle_units import find_angle_unit
from .head_pose import HEAD_ANGLES
from .sample_times import SampleTimes

#: More channels than any face has; a file with more is not a recording of coefficients.
MOST_CHANNELS = 4096
#: Ten hours at 60 Hz, and more values than that many samples of a face have.
MOST_SAMPLES = 2_200_000
MOST_VALUES = 200_000_000
#: Values that a file may name for each that it has, and what is no matter anyway.
_NAMED_PER_CELL = 8
_FEW_VALUES = 2_000_000
#: Coefficients above this are percent, where they are more than a few.
_PERCENT_FROM = 4.0
_PERCENT_SHARE = 0.02
_EYES = tuple(f"{side}Eye{axis}" for side in ("left", "right") for axis in ("Yaw", "Pitch", "Roll"))
#: Pauses of an irregular recorder longer than this, in usual steps, are gaps.
_IRREGULAR_GAP = 5.0
_SHOWN = 6


@dataclass
class Columns:
    """Columns as a reader gathers them.

    Attributes
    ----------
    channels : list of Channel, length c
    values : (n, c) float64 or float32
        Not looked at where not valid.
    valid : (n, c) bool
    assumptions, warnings : list of str
    """

    channels: list[Channel]
    values: FloatArray
    valid: BoolArray
    assumptions: list[str] = field(default_factory=list[str])
    warnings: list[str] = field(default_factory=list[str])

    @property
    def names(self) -> tuple[str, ...]:
        """Channel names in column order."""
        return tuple(channel.name for channel in self.channels)

    def by_name(self) -> dict[str, FloatArray]:
        """Values ``(n,)`` of each channel."""
        return {name: self.values[:, column] for column, name in enumerate(self.names)}

    def add(self, channels: Sequence[Channel], values: FloatArray, valid: BoolArray) -> None:
        """Append channels that are not there yet; ``valid`` is (n,) or (n, k)."""
        names = self.names
        new = [k for k, channel in enumerate(channels) if channel.name not in names]
        if not new:
            return
        there = np.broadcast_to(valid.reshape(len(values), -1), values.shape)
        if len(new) < len(channels):
            values, there = values[:, new], there[:, new]
        self.channels += [channels[k] for k in new]
        # the first columns say how exact all are: hundreds of landmarks need no float64
        own = self.values.dtype
        with np.errstate(over="ignore"):
            values = values.astype(own, copy=False)
        self.values = np.concatenate([self.values, values], axis=1)
        self.valid = np.concatenate([self.valid, there], axis=1)


def schema_columns(names: Sequence[str], values: FloatArray, valid: BoolArray) -> Columns:
    """Columns of a file's own names, as channels of the schema where it knows the name.

    A second spelling of a channel fills what the first has not (packets of two programs in one
    file); where both have a value, the first one counts.

    Parameters
    ----------
    names : sequence of str, length k
    values, valid : (n, k)
        The columns' own from here on.
    """
    found: dict[str, tuple[Channel, list[int]]] = {}
    for column, name in enumerate(names):
        channel = canonical_channel(name) or Channel(name)
        found.setdefault(channel.name, (channel, []))[1].append(column)
    firsts = [columns[0] for _channel, columns in found.values()]
    if len(firsts) < len(names):
        out = Columns([c for c, _ in found.values()], values[:, firsts], valid[:, firsts])
    else:
        out = Columns([channel for channel, _ in found.values()], values, valid)
    twice: list[str] = []
    for place, (_channel, columns) in enumerate(found.values()):
        for column in columns[1:]:
            if (out.valid[:, place] & valid[:, column]).any():
                twice.append(names[column])
            new = valid[:, column] & ~out.valid[:, place]
            out.values[new, place] = values[new, column]
            out.valid[:, place] |= new
    out.warnings += [f'"{name}" occurs twice; the first one is used.' for name in twice[:_SHOWN]]
    if len(twice) > _SHOWN:
        out.warnings.append(f"{len(twice) - _SHOWN} more channels occur twice.")
    return out


@lru_cache(maxsize=8192)
def is_coefficient(name: str) -> bool:
    """Whether a name is one of the 52 coefficients in some spelling."""
    channel = canonical_channel(name)
    return channel is not None and channel.kind == "weight"


def check_size(name: str, samples: int, channels: int) -> None:
    """Refuse what would take more memory than any recording of a face.

    Raises
    ------
    FacemocapError
    """
    many = samples > MOST_SAMPLES or channels > MOST_CHANNELS
    if many or samples * channels > MOST_VALUES:
        raise FacemocapError(
            f'"{name}" has {samples} samples of {channels} channels, more than any take of a face',
            "Check that it is the recording, or cut it into parts",
        )


def check_filled(name: str, samples: int, channels: int, cells: int) -> None:
    """Refuse samples that hold next to nothing of the channels that are named.

    An array of them would be far larger than the file. A few are no matter.

    Raises
    ------
    FacemocapError
    """
    if samples * channels > max(_NAMED_PER_CELL * cells, _FEW_VALUES):
        raise FacemocapError(
            f'"{name}" names {channels} channels and has {cells / samples:.3g} values a sample',
            "Export or copy it again",
        )


def weights_from_percent(columns: Columns) -> None:
    """Divide coefficients by 100, in place, where they are percent; say so."""
    weights = [
        k for k, c in enumerate(columns.channels) if c.kind == "weight" and c.region != "other"
    ]
    if not weights:
        return
    large = np.abs(columns.values[:, weights]) > _PERCENT_FROM
    large &= columns.valid[:, weights]
    if float(large.sum()) <= _PERCENT_SHARE * max(int(columns.valid[:, weights].sum()), 1):
        return
    alike = [k for k, channel in enumerate(columns.channels) if channel.kind == "weight"]
    columns.values[:, alike] /= 100
    largest = float(np.abs(columns.values[:, weights][columns.valid[:, weights]]).max())
    columns.assumptions.append(
        f"Coefficients are taken for percent: they reach {largest * 100:.4g}."
    )


def angles_to_radians(columns: Columns) -> None:
    """Make radians of angles whose unit the file does not name, in place; say what was taken."""
    angles = tuple(k for k, channel in enumerate(columns.channels) if channel.kind == "angle")
    values = np.where(columns.valid, columns.values, 0.0)
    if not any(values[:, k].any() for k in angles):
        return
    unit = find_angle_unit(columns.names, values, columns.valid, angles)
    columns.values[:, list(angles)] *= unit.radians
    columns.assumptions.append(unit.reason)


def drop_silent_angles(columns: Columns) -> tuple[str, ...]:
    """Head or eye angles that are zero throughout: recorders write zeros for what is off."""
    silent: list[str] = []
    names = columns.names
    for group in (HEAD_ANGLES, _EYES):
        places = [names.index(name) for name in group if name in names]
        if not any((columns.values[:, k] * columns.valid[:, k]).any() for k in places):
            silent += [names[k] for k in places]
    columns.valid[:, [names.index(name) for name in silent]] = False
    if "headYaw" in silent or "headPitch" in silent:
        columns.warnings.append("Head rotation was not recorded: its values are all zero.")
    if "leftEyeYaw" in silent or "rightEyeYaw" in silent:
        columns.warnings.append("Eye rotation was not recorded: its values are all zero.")
    return tuple(silent)


def say_unchanging(columns: Columns) -> None:
    """Warn of coefficients that never move: generators and webcams leave some of them dead."""
    if len(columns.values) < 30:
        return
    still = [
        name
        for k, name in enumerate(columns.names)
        if columns.channels[k].region != "other"
        and columns.channels[k].kind == "weight"
        and columns.valid[:, k].any()
        and float(np.ptp(columns.values[columns.valid[:, k], k])) == 0.0
    ]
    if still:
        shown = ", ".join(still[:_SHOWN]) + (
            f" and {len(still) - _SHOWN} more" * (len(still) > _SHOWN)
        )
        columns.warnings.append(f"{len(still)} channels never change: {shown}.")


def finished_take(
    columns: Columns,
    clock: SampleTimes,
    source: TakeSource,
    *,
    not_recorded: Sequence[str] = (),
    start_timecode: str | None = None,
    start_s: float = 0.0,
    still: bool = False,
    confidence: FloatArray | None = None,
) -> Take:
    """The take of columns whose samples have times.

    Parameters
    ----------
    columns : Columns
        Of all n samples of the file.
    clock : SampleTimes
        Says which samples are kept.
    source : TakeSource
    not_recorded : sequence of str
    start_timecode, start_s
        Of the first sample, where the file has them.
    still : bool
        Whether a single sample is worth having: a pose.
    confidence : (n, c) or None
        The tracker's own trust, 0 to 1.

    Raises
    ------
    FacemocapError
        When there is only one sample, or no sample with a face.
    """
    name = source.name
    valid = columns.valid[clock.kept]
    rows = len(clock.kept)
    values = columns.values if rows == len(columns.values) else columns.values[clock.kept]
    if confidence is not None and rows < len(confidence):
        confidence = confidence[clock.kept]
    with np.errstate(over="ignore", invalid="ignore"):
        numbers = values if valid.all() else np.where(valid, values, 0.0)
        numbers = numbers.astype(np.float32, copy=False)
    finite = np.isfinite(numbers)
    if not finite.all():
        valid &= finite
        numbers = np.where(valid, numbers, np.float32(0))
    tracked = valid.any(axis=1)
    if rows == 1 and not still:
        raise FacemocapError(
            f'"{name}" has only one sample', "Record a take of at least two frames"
        )
    if not tracked.any():
        raise FacemocapError(
            f'"{name}" has no face in any of its {rows} samples',
            "Record again with the face in view",
        )
    warnings = [*columns.warnings, *(clock.warnings if rows > 1 else ())]
    if rows == 1:
        warnings.append("The file holds one sample: a pose, not a movement.")
    usual = clock.step_s if clock.regular else clock.step_s * _IRREGULAR_GAP / 1.5
    times, exists, gaps = with_gaps(clock.times, usual)
    if gaps:
        put_in = len(times) - rows
        warnings.append(
            f"{gaps} {'gap' if gaps == 1 else 'gaps'} in time, "
            f"{put_in} {'sample is' if put_in == 1 else 'samples are'} missing."
        )
    faceless = int((~tracked).sum())
    if faceless:
        warnings.append(
            f"No face was tracked in {faceless} {'sample' if faceless == 1 else 'samples'}."
        )
    if not np.isfinite(times).all() or (np.diff(times) <= 0).any():
        # numbers so large that steps between them are lost
        raise FacemocapError(
            f'"{source.name}" has times that do not go on from sample to sample',
            "Give the rate with --rate, or record it again",
        )
    return Take(
        times=times,
        channels=tuple(columns.channels),
        values=spread_rows(numbers, exists),
        valid=spread_rows(valid, exists),
        confidence=None if confidence is None else spread_rows(confidence, exists),
        timebase=Timebase(clock.rate, start_timecode, start_s),
        source=source,
        not_recorded=tuple(not_recorded),
        assumptions=(*clock.assumptions, *columns.assumptions),
        warnings=tuple(warnings),
    )


def spread_rows(samples: Any, exists: BoolArray) -> Any:
    """Rows of ``samples`` at the true places of ``exists``, zeros elsewhere."""
    if exists.all():
        return samples
    out = np.zeros((len(exists), samples.shape[1]), samples.dtype)
    out[exists] = samples
    return out
