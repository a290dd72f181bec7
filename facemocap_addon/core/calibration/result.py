# SPDX-License-Identifier: GPL-3.0-or-later
"""What a calibration hands over: entries for a rig map, and how well each channel is met."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..controls import Control, ControlKey
from ..rig_maps.rig_map import RigMap, RigMapEntry, Source, rig_map_from_json

#: Room beyond the calibrated amounts that a control is left.
ROOM = 1.1
#: A channel less of whose motion than this is met gets no entries.
LEAST_EXPLAINED = 0.25
#: What moves less than this (mm on a face whose eyes are 63 mm apart) is not counted as moving.
STILL_MM = 0.1


@dataclass(frozen=True)
class ChannelFit:
    """How well the entries meet one channel at 1.

    Attributes
    ----------
    channel : str
    explained : float
        Share of the wanted motion that is met: 1 less the square of what is missed by the square of
        what is wanted, every vertex counting alike.
    mean_mm, p95_mm, max_mm : float
        Distance of the points that move from where they should be, on a face whose eyes are 63 mm
        apart.
    controls : int
        Controls that take part.
    upon : str
        The channel in whose pose it was solved and measured, if any.
    """

    channel: str
    explained: float
    mean_mm: float
    p95_mm: float
    max_mm: float
    controls: int
    upon: str = ""


@dataclass(frozen=True)
class Calibration:
    """Controls calibrated against a reference; plain data.

    Attributes
    ----------
    reference : str
        ``own`` or ``sample``.
    entries : tuple of RigMapEntry
        One a control with the gains of all its channels, ``how`` being ``probe``.
    fits : tuple of ChannelFit
        Channels that got entries.
    left_out : tuple of (str, str)
        Channels without entries, and why, as a clause.
    eye_distance_m : float
    """

    reference: str
    entries: tuple[RigMapEntry, ...]
    fits: tuple[ChannelFit, ...]
    left_out: tuple[tuple[str, str], ...]
    eye_distance_m: float

    @property
    def channels(self) -> tuple[str, ...]:
        """Channels that got entries."""
        return tuple(fit.channel for fit in self.fits)

    def pose(self, values: Mapping[str, float]) -> dict[ControlKey, float]:
        """Values of all controls when channels have ``values``: sums of gains, within limits."""
        out: dict[ControlKey, float] = {}
        for entry in self.entries:
            amount = sum(s.gain * values.get(s.channel, 0.0) for s in entry.sources)
            low, high = entry.limits
            out[entry.control] = min(max(entry.offset + amount, low), high)
        return out

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON document; an object's name stands only under ``owner``."""
        return {
            "reference": self.reference,
            "entries": RigMap("", self.entries).to_json()["entries"],
            "fits": [asdict(fit) for fit in self.fits],
            "left_out": [{"channel": name, "why": why} for name, why in self.left_out],
            "eye_distance_m": float(self.eye_distance_m),
        }

    @classmethod
    def from_json(cls, data: Any) -> Calibration:
        """The calibration that `to_json` wrote.

        Raises
        ------
        FacemocapError, KeyError, TypeError, ValueError
            When a part is missing or does not fit.
        """
        rig_map = rig_map_from_json(
            RigMap("", ()).to_json() | {"entries": data["entries"]}, "calibration"
        )
        return cls(
            reference=str(data["reference"]),
            entries=rig_map.entries,
            fits=tuple(
                ChannelFit(
                    channel=str(fit["channel"]),
                    explained=float(fit["explained"]),
                    mean_mm=float(fit["mean_mm"]),
                    p95_mm=float(fit["p95_mm"]),
                    max_mm=float(fit["max_mm"]),
                    controls=int(fit["controls"]),
                    upon=str(fit["upon"]),
                )
                for fit in data["fits"]
            ),
            left_out=tuple((str(o["channel"]), str(o["why"])) for o in data["left_out"]),
            eye_distance_m=float(data["eye_distance_m"]),
        )


def make_entries(
    gains: Mapping[str, Mapping[Control, float]], explained: Mapping[str, float]
) -> tuple[RigMapEntry, ...]:
    """One entry a control.

    Parameters
    ----------
    gains : mapping of str to mapping of Control to float
        Values of the controls at 1, by channel.
    explained : mapping of str to float
        By channel; confidence is its root, over an entry's channels the root mean square by gain.
    """
    found: dict[Control, list[tuple[str, float]]] = {}
    for channel, parts in gains.items():
        for control, gain in parts.items():
            if round(gain, 6) != 0.0:
                found.setdefault(control, []).append((channel, round(gain, 6)))
    entries: list[RigMapEntry] = []
    for control, parts in found.items():
        low, high = control.range
        low = max(low, control.rest + ROOM * sum(min(gain, 0.0) for _, gain in parts))
        high = min(high, control.rest + ROOM * sum(max(gain, 0.0) for _, gain in parts))
        weight = np.array([gain for _, gain in parts]) ** 2
        share = np.array([min(max(explained[name], 0.0), 1.0) for name, _ in parts])
        entries.append(
            RigMapEntry(
                control=control.key,
                sources=tuple(Source(name, gain) for name, gain in parts),
                offset=control.rest,
                limits=(round(low, 6), round(high, 6)),
                confidence=round(float(np.sqrt((weight @ share) / weight.sum())), 3),
                how="probe",
            )
        )
    return tuple(entries)


def measure_fit(
    channel: str,
    wanted: FloatArray,
    missed: FloatArray,
    counted: FloatArray,
    controls: int,
    upon: str,
) -> ChannelFit:
    """Figures of one channel.

    Parameters
    ----------
    channel : str
    wanted : (n, 3)
        What the channel does by itself, millimetres on a face whose eyes are 63 mm apart.
    missed : (n, 3)
        By how much the face is elsewhere in the pose.
    counted : (n,) float
        0 for points that are left out.
    controls : int
    upon : str
    """
    own = np.flatnonzero(counted)
    away = np.linalg.norm(missed[own], axis=1)
    total = float((wanted[own] ** 2).sum())
    moving = away[(np.linalg.norm(wanted[own], axis=1) > STILL_MM) | (away > STILL_MM)]
    moving = moving if len(moving) else np.zeros(1)
    return ChannelFit(
        channel=channel,
        explained=round(1.0 - float(away @ away) / total, 4) if total else 0.0,
        mean_mm=round(float(moving.mean()), 3),
        p95_mm=round(float(np.percentile(moving, 95)), 3),
        max_mm=round(float(moving.max()), 3),
        controls=controls,
        upon=upon,
    )


def sort_channels(names: Iterable[str], order: Sequence[str]) -> list[str]:
    """Names in a given order, each once."""
    wanted = set(names)
    return [name for name in order if name in wanted]
