# SPDX-License-Identifier: GPL-3.0-or-later
"""Action units of the Facial Action Coding System, and the ARKit coefficients that show them.

The table is ``data/action_units.json``; its source stands in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..channels import Channel, arkit_names, arkit_schema
from ..gaze.gaze_angles import EYE_ANGLES, LOOK_RAD, SIDES
from ..resources import data_file
from ..take import Take
from .coefficient_takes import Columns

#: Fewer samples than this do not show that a unit never moves, or is found or not.
_ENOUGH = 30
_NAME = re.compile(r"AU_?0*(\d{1,2})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ActionUnit:
    """A unit: its number as ``AU01``, its usual name, where it is, and gains of coefficients."""

    unit: str
    name: str
    region: str
    channels: dict[str, float]


@cache
def action_units() -> dict[str, ActionUnit]:
    """The table, by ``AU01`` and so on."""
    document = json.loads(data_file("action_units.json").read_text(encoding="utf-8"))
    units = [ActionUnit(**entry) for entry in document["units"]]
    return {unit.unit: unit for unit in units}


def unit_name(text: str) -> str | None:
    """``AU01`` of any spelling (``AU1``, ``au_01``), or None.

    >>> unit_name("AU1"), unit_name("AU45"), unit_name("AU01_r")
    ('AU01', 'AU45', None)
    """
    found = _NAME.fullmatch(text.strip())
    return f"AU{int(found.group(1)):02d}" if found else None


def unit_channel(unit: str, original: str = "") -> Channel:
    """The channel of a unit, 0 to 1."""
    known = action_units().get(unit)
    return Channel(unit, region=known.region if known else "other", original=original or unit)


def presence_channel(unit: str, original: str) -> Channel:
    """The channel of whether a unit is there at all, 0 or 1: ``AU01_present``."""
    known = unit_channel(unit)
    return Channel(f"{unit}_present", region=known.region, original=original)


@dataclass(frozen=True)
class Made:
    """Coefficients made of action units.

    Attributes
    ----------
    channels : tuple of Channel, length m
    values : (n, m) float32
    valid : (n, m) bool
    units : tuple of str
        The units that were used.
    assumptions, warnings : tuple of str
    """

    channels: tuple[Channel, ...]
    values: FloatArray
    valid: BoolArray
    units: tuple[str, ...]
    assumptions: tuple[str, ...]
    warnings: tuple[str, ...]


def with_arkit_channels(take: Take) -> Take:
    """The take with ARKit coefficients made of its action units, where it has none of its own.

    Each coefficient is the strongest of its units times their gains. Units that never change, or
    are only ever 0 or 1, drive nothing: they are no strength. Where the eyes' angles were recorded
    they give ``eyeLook``. The action units stay as they are.
    """
    made = make_coefficients(take.names, take.values, take.valid)
    if made is None:
        return take
    confidence = take.confidence
    if confidence is not None:
        places = [take.column(unit) for unit in made.units]
        own = confidence[:, places].min(axis=1, keepdims=True)
        more = np.repeat(own, len(made.channels), axis=1)
        confidence = np.concatenate([confidence, more], axis=1)
    return replace(
        take,
        channels=(*take.channels, *made.channels),
        values=np.concatenate([take.values, made.values], axis=1),
        valid=np.concatenate([take.valid, made.valid], axis=1),
        confidence=confidence,
        assumptions=(*take.assumptions, *made.assumptions),
        warnings=(*take.warnings, *made.warnings),
    )


def add_arkit_channels(columns: Columns) -> None:
    """The same for columns that become a take, in place."""
    made = make_coefficients(columns.names, columns.values, columns.valid)
    if made is not None:
        columns.add(made.channels, made.values, made.valid)
        columns.assumptions += made.assumptions
        columns.warnings += made.warnings


def make_coefficients(names: Sequence[str], values: FloatArray, valid: BoolArray) -> Made | None:
    """Coefficients of samples that have action units and no coefficients, else None.

    Parameters
    ----------
    names : sequence of str, length c
    values, valid : (n, c)
    """
    place_of = {name: place for place, name in enumerate(names)}
    own = [place_of[name] for name in arkit_names() if name in place_of]
    if valid[:, own].any():
        return None
    columns = {
        name: (values[:, place].astype(np.float64), valid[:, place])
        for name, place in place_of.items()
        if (name in action_units() or name in EYE_ANGLES) and valid[:, place].any()
    }
    units, warnings = _usable_units(columns)
    made = _from_units(columns, units)
    if not made:
        return None
    looks = _from_eyes(columns)
    made |= looks
    kept = [name for name in arkit_names() if name in made and name not in place_of]
    if not kept:
        return None
    channels: list[Channel] = []
    for name in kept:
        original = "eye angles" if name in looks else _source(name, units)
        channels.append(Channel.from_json({**arkit_schema()[name].to_json(), "original": original}))
    told = ["Coefficients are made of action units by our own table; both sides get the same."]
    if looks:
        told.append("The eyeLook coefficients are made of the eyes' angles.")
    return Made(
        tuple(channels),
        np.stack([made[name][0] for name in kept], axis=1).astype(np.float32),
        np.stack([made[name][1] for name in kept], axis=1),
        tuple(units),
        tuple(told),
        tuple(warnings),
    )


#: Values ``(n,)`` and validity ``(n,)`` by channel.
_Columns = Mapping[str, tuple[FloatArray, BoolArray]]


def _usable_units(columns: _Columns) -> tuple[list[str], list[str]]:
    """Units that say how strong they are, and what is said of the others."""
    units: list[str] = []
    still: list[str] = []
    two: list[str] = []
    for name, (values, there) in columns.items():
        if name not in action_units():
            continue
        known = values[there]
        enough = len(known) >= _ENOUGH
        if enough and float(np.ptp(known)) == 0.0 and known[0] != 0:
            still.append(name)
        elif enough and known.any() and bool(np.isin(known, (0.0, 1.0)).all()):
            two.append(name)
        else:
            units.append(name)
    said: list[str] = []
    if still:
        verb = "never changes and drives" if len(still) == 1 else "never change and drive"
        said.append(f"{', '.join(still)} {verb} nothing.")
    if two:
        verb = "is only ever 0 or 1 and drives" if len(two) == 1 else "are only 0 or 1 and drive"
        said.append(f"{', '.join(two)} {verb} nothing: found or not is no strength.")
    return units, said


def _from_units(columns: _Columns, units: list[str]) -> dict[str, tuple[FloatArray, BoolArray]]:
    """Coefficients: the strongest unit of each."""
    made: dict[str, tuple[FloatArray, BoolArray]] = {}
    for unit in units:
        values, there = columns[unit]
        for name, gain in action_units()[unit].channels.items():
            value = np.where(there, values * gain, -np.inf)
            if name in made:
                before, known = made[name]
                made[name] = np.maximum(before, value), known | there
            else:
                made[name] = value, there
    return {name: (np.where(there, value, 0.0), there) for name, (value, there) in made.items()}


def _from_eyes(columns: _Columns) -> dict[str, tuple[FloatArray, BoolArray]]:
    """The eyeLook coefficients of eyes whose angles were recorded."""
    made: dict[str, tuple[FloatArray, BoolArray]] = {}
    for side in SIDES:
        names = (f"{side}EyeYaw", f"{side}EyePitch")
        if not all(name in columns for name in names):
            continue
        there = columns[names[0]][1] & columns[names[1]][1]
        yaw, pitch = (np.where(there, columns[name][0], 0.0) for name in names)
        azimuth = np.arctan2(-np.sin(yaw), np.cos(pitch) * np.cos(yaw))
        elevation = np.arcsin(np.clip(-np.sin(pitch) * np.cos(yaw), -1.0, 1.0))
        outward = azimuth if side == "left" else -azimuth
        ways = {"Out": outward, "In": -outward, "Up": elevation, "Down": -elevation}
        for way, angle in ways.items():
            value = np.maximum(angle, 0.0) / LOOK_RAD[way]
            made[f"eyeLook{way}{side.title()}"] = value, there
    return made


def _source(name: str, units: list[str]) -> str:
    """The units that a coefficient is made of: ``AU25 AU26``."""
    return " ".join(unit for unit in units if name in action_units()[unit].channels)
