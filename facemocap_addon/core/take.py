# SPDX-License-Identifier: GPL-3.0-or-later
"""A take: what a tracker recorded, raw and never altered."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from pathlib import PurePath
from typing import Any

import numpy as np

from .arrays import BoolArray, FloatArray, frozen
from .channels import Channel
from .errors import FacemocapError
from .sampling import usual_step
from .timebase import Timebase


@dataclass(frozen=True, slots=True)
class TakeSource:
    """Where a take came from: its file's name (no folder), format and who recorded it."""

    name: str
    format: str
    details: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Take:
    """Samples of many channels over time.

    Attributes
    ----------
    times : (n,) float64
        Seconds, strictly increasing; steps may be irregular.
    channels : tuple of Channel, length c
    values : (n, c) float32
        As recorded, not clamped. Never NaN: ``valid`` says what is missing.
    valid : (n, c) bool
        False where nothing was recorded; the value there means nothing.
    timebase : Timebase
        Nominal rate and start timecode.
    source : TakeSource
    confidence : (n, c) float32 or None
        The tracker's own trust, 0 to 1.
    not_recorded : tuple of str
        Channels the file has columns for but the recorder did not fill.
    assumptions, warnings : tuple of str
        What the reader took for granted, and what the animator should know. Whole sentences.
    history : tuple of str
        What was done to the samples since they were recorded.
    """

    times: FloatArray
    channels: tuple[Channel, ...]
    values: FloatArray
    valid: BoolArray
    timebase: Timebase
    source: TakeSource
    confidence: FloatArray | None = None
    not_recorded: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    history: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        shape = (len(self.times), len(self.channels))
        fill = object.__setattr__
        fill(self, "times", frozen(self.times, np.float64))
        fill(self, "values", frozen(self.values, np.float32))
        fill(self, "valid", frozen(self.valid, np.bool_))
        if self.confidence is not None:
            fill(self, "confidence", frozen(self.confidence, np.float32))
            if self.confidence.shape != shape:
                raise ValueError(f"confidence must be {shape}, not {self.confidence.shape}")
        if self.times.ndim != 1 or self.values.shape != shape or self.valid.shape != shape:
            raise ValueError(
                f"values and valid must be {shape}, not {self.values.shape}, {self.valid.shape}"
            )
        if not np.isfinite(self.times).all() or (np.diff(self.times) <= 0).any():
            raise ValueError("times must be finite and strictly increasing")
        if not np.isfinite(self.values).all():
            raise ValueError("values must be finite; mark missing samples in valid")
        names = self.names
        if len(set(names)) != len(names):
            raise ValueError("channel names must be unique")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Channel names in column order."""
        return tuple(channel.name for channel in self.channels)

    @property
    def label(self) -> str:
        """The take's name for people: its file's name without the extension."""
        return PurePath(self.source.name.removesuffix(".take.npz")).stem

    @property
    def samples(self) -> int:
        """Number of samples n."""
        return len(self.times)

    @property
    def duration_s(self) -> float:
        """Seconds from the first to the last sample."""
        return float(self.times[-1] - self.times[0]) if self.samples else 0.0

    @property
    def rate_hz(self) -> float:
        """Measured rate, from the usual step; the nominal rate when there is one sample."""
        if self.samples < 2:
            return float(self.timebase.rate)
        return 1.0 / usual_step(self.times)

    @property
    def recorded(self) -> tuple[str, ...]:
        """Names of channels with at least one valid sample."""
        has_any = self.valid.any(axis=0)
        return tuple(name for name, has in zip(self.names, has_any, strict=True) if has)

    @cached_property
    def digest(self) -> str:
        """Hex SHA-256 of times, channel names, values and validity: equal samples, equal digest."""
        h = hashlib.sha256("\n".join(self.names).encode())
        # what stands in invalid samples means nothing
        for array in (self.times, np.where(self.valid, self.values, np.float32(0)), self.valid):
            h.update(array.tobytes())
        return h.hexdigest()

    def column(self, name: str) -> int:
        """Column of a channel.

        Raises
        ------
        FacemocapError
            When the take has no such channel.
        """
        try:
            return self.names.index(name)
        except ValueError:
            raise FacemocapError(
                f'The take "{self.source.name}" has no channel "{name}"',
                "Choose one of the channels that `facemocap inspect` lists",
            ) from None

    def has(self, name: str) -> bool:
        """Whether the channel exists and was recorded."""
        return name in self.names and bool(self.valid[:, self.names.index(name)].any())

    def changed(self, step: str, **parts: Any) -> Take:
        """A copy with ``parts`` replaced and ``step`` added to the history."""
        return replace(self, **parts, history=(*self.history, step))


def make_take(
    times: FloatArray,
    channels: Iterable[Channel],
    values: FloatArray,
    *,
    valid: BoolArray | None = None,
    rate: Fraction | int | None = None,
    name: str = "take",
    kind: str = "arrays",
) -> Take:
    """A take from plain arrays, for scripts and tests.

    Non-finite values become missing samples. ``rate`` defaults to the measured one.
    """
    times = np.asarray(times, np.float64)
    values = np.asarray(values, np.float64)
    finite = np.isfinite(values)
    valid = finite if valid is None else np.asarray(valid, np.bool_) & finite
    if rate is None:
        step = float(np.median(np.diff(times))) if len(times) > 1 else 1 / 60
        rate = Fraction(1 / step).limit_denominator(1001) or Fraction(1, round(step))
    return Take(
        times=times,
        channels=tuple(channels),
        values=np.where(valid, values, 0.0),
        valid=valid,
        timebase=Timebase(Fraction(rate)),
        source=TakeSource(name, kind),
    )
