# SPDX-License-Identifier: GPL-3.0-or-later
"""An actor's range of motion: each coefficient's neutral and extreme, and takes brought to it.

.. code-block:: json

    {"schema": 1, "actor": "Anna", "source": "anna_rom", "neutral_s": 2.5,
     "ranges": [{"channel": "browInnerUp", "neutral": 0.05, "extreme": 0.85, "gain": 1.25,
                 "target": 1.0}],
     "warnings": []}

A calibrated value is ``gain * (value - neutral)``, never cut off. What tells blinks and closed lips
is bent instead, so that the same are told before and after (`range_contacts`). Directions of the
gaze have a neutral of their own (`gaze_angles.find_neutral`) and stay as they are.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from ..arrays import FloatArray
from ..channels import Channel
from ..errors import FacemocapError
from ..json_documents import read_document, write_document
from ..take import Take
from .range_contacts import BLINKS, LIPS, Straight, kept_lids, kept_lips

SCHEMA = 1
#: What a gain may be in a file.
GAINS = (0.1, 10.0)
#: What an extreme may become.
TARGETS = (0.5, 2.0)
#: How a take tells that it was calibrated.
_CALIBRATED = "calibrated to the range of motion of"


@dataclass(frozen=True, slots=True)
class ChannelRange:
    """What one coefficient goes from and to.

    Attributes
    ----------
    channel : str
    neutral, extreme : float
        As recorded, in the channel's own unit.
    gain : float
        ``target / (extreme - neutral)``, but bounded, and common to left and right.
    target : float
        What the extreme is to become.
    """

    channel: str
    neutral: float
    extreme: float
    gain: float = 1.0
    target: float = 1.0

    def __post_init__(self) -> None:
        numbers = (self.neutral, self.extreme, self.gain, self.target)
        if not all(math.isfinite(number) for number in numbers):
            raise ValueError("neutral, extreme, gain and target must be finite numbers")
        if not GAINS[0] <= self.gain <= GAINS[1]:
            raise ValueError(f"gain must be within {GAINS[0]} and {GAINS[1]}, not {self.gain}")
        if not TARGETS[0] <= self.target <= TARGETS[1]:
            raise ValueError(
                f"target must be within {TARGETS[0]} and {TARGETS[1]}, not {self.target}"
            )
        if self.extreme < self.neutral:
            raise ValueError("extreme must not lie below neutral")

    @property
    def straight(self) -> Straight:
        """What the contacts need of it."""
        return Straight(self.neutral, self.gain, self.target)


@dataclass(frozen=True, slots=True)
class RangeOfMotion:
    """The ranges of one actor.

    Attributes
    ----------
    actor : str
    ranges : tuple of ChannelRange
    source : str
        Label of the take they were measured on.
    neutral_s : float or None
        The marked neutral frame, in seconds from that take's start.
    warnings : tuple of str
        Whole sentences.
    """

    actor: str
    ranges: tuple[ChannelRange, ...]
    source: str = ""
    neutral_s: float | None = None
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = [entry.channel for entry in self.ranges]
        if len(set(names)) != len(names):
            raise ValueError("a channel must have one range only")

    def by_channel(self) -> dict[str, ChannelRange]:
        """The ranges by their channels' names."""
        return {entry.channel: entry for entry in self.ranges}

    def to_json(self) -> dict[str, Any]:
        """Plain values in the order a person reads them."""
        return {
            "schema": SCHEMA,
            "actor": self.actor,
            "source": self.source,
            "neutral_s": self.neutral_s,
            "ranges": [asdict(entry) for entry in self.ranges],
            "warnings": list(self.warnings),
        }


def range_of_motion_from_json(data: Any, name: str) -> RangeOfMotion:
    """The range of motion of a JSON document; ``name`` is for messages.

    Raises
    ------
    FacemocapError
        Naming what is wrong, or when the schema is newer than the program's.
    """
    if not isinstance(data, dict) or "ranges" not in data or "schema" not in data:
        raise FacemocapError(f'"{name}" is no range of motion', "Measure one on a calibration take")
    document = cast(dict[str, Any], data)
    if document["schema"] != SCHEMA:
        raise FacemocapError(
            f'"{name}" has range of motion schema {document["schema"]}, this Face Mocap reads '
            f"{SCHEMA}",
            "Update Face Mocap, or measure the range again",
        )
    try:
        marked = document.get("neutral_s")
        return RangeOfMotion(
            actor=str(document.get("actor", "")),
            ranges=tuple(_range_from_json(entry) for entry in document["ranges"]),
            source=str(document.get("source", "")),
            neutral_s=None if marked is None else float(marked),
            warnings=tuple(map(str, document.get("warnings", ()))),
        )
    except KeyError as problem:
        raise _damaged(name, f"{problem.args[0]} is missing") from problem
    except (TypeError, ValueError, AttributeError, OverflowError) as problem:
        raise _damaged(name, str(problem)) from problem


def read_range_of_motion(path: Path) -> RangeOfMotion:
    """Read a range of motion file; errors as `range_of_motion_from_json`."""
    return range_of_motion_from_json(read_document(path, "measure the range again"), path.name)


def write_range_of_motion(rom: RangeOfMotion, path: Path) -> None:
    """Write a range of motion file, whole or not at all."""
    write_document(rom.to_json(), path)


def is_ranged(channel: Channel) -> bool:
    """Whether a channel has a range of motion: coefficients, but not directions of the gaze."""
    return channel.kind == "weight" and channel.region != "gaze"


def calibrated(take: Take, rom: RangeOfMotion) -> Take:
    """The take with every neutral at 0 and every extreme at its target, nothing cut off.

    Blinks and closed lips are the same before and after, as `contacts.captured` tells them. Where
    no calibration of lids or lips keeps them, those stay as recorded and a warning says so.
    Times, validity and all other channels stay as they are.

    Raises
    ------
    FacemocapError
        When the take and the range of motion have no channel in common, or it was done before.
    """
    if any(step.startswith(_CALIBRATED) for step in take.history):
        raise FacemocapError(
            f'The take "{take.label}" was brought to a range of motion before',
            "Use it as it is, or the recording",
        )
    known = rom.by_channel()
    columns = {
        channel.name: column
        for column, channel in enumerate(take.channels)
        if channel.name in known and is_ranged(channel) and take.valid[:, column].any()
    }
    if not columns:
        raise FacemocapError(
            f'The take "{take.label}" has none of the channels of the range of motion of '
            f'"{rom.actor}"',
            "Measure the range on a take of the same kind of recorder",
        )
    ranges = {name: known[name].straight for name in columns}
    values = take.values.astype(np.float64)
    for name, column in columns.items():
        if name not in LIPS and name not in BLINKS:
            values[:, column] = ranges[name].apply(values[:, column])
    warnings: list[str] = []
    for kept in (kept_lips(take, ranges), kept_lids(take, ranges)):
        warnings += kept.warnings
        for name, column in kept.columns.items():
            values[:, take.column(name)] = column
    left_out = [c.name for c in take.channels if is_ranged(c) and c.name not in known]
    unknown = [name for name in left_out if take.has(name)]
    if unknown:
        warnings.append(
            f"Not in the range of motion, and as recorded, {'are' if len(unknown) > 1 else 'is'} "
            f"{listed(unknown)}."
        )
    return take.changed(
        f'{_CALIBRATED} "{rom.actor}" ({len(columns)} channels)',
        values=_single(np.where(take.valid, values, take.values)),
        warnings=(*take.warnings, *warnings),
    )


def listed(names: list[str], most: int = 6) -> str:
    """Names for a sentence, the first few."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" * (len(names) > most))


def _single(values: FloatArray) -> FloatArray:
    """As float32, within its limits: a gain must not make infinity of a wild value."""
    far = float(np.finfo(np.float32).max)
    return np.clip(values, -far, far).astype(np.float32)


def _range_from_json(item: Any) -> ChannelRange:
    return ChannelRange(
        channel=str(item["channel"]),
        neutral=float(item["neutral"]),
        extreme=float(item["extreme"]),
        gain=float(item.get("gain", 1.0)),
        target=float(item.get("target", 1.0)),
    )


def _damaged(name: str, problem: str) -> FacemocapError:
    return FacemocapError(
        f'The range of motion "{name}" is wrong: {problem}', "Mend it or measure the range again"
    )
