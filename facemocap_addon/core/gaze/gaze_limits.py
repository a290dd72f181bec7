# SPDX-License-Identifier: GPL-3.0-or-later
"""The range of gaze that a rig map's limits mean, and how far its targets lie.

The limits of entries that take an eye's angles hold the gaze's direction, not the entries' own
numbers: of a bone's components the one that turns the eye most aside has the limits of the yaw, and
of the others the one that turns it most up and down has those of the pitch. So a gaze to the corner
reaches both, and a bone whose axes lie askew is held as any other.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import FloatArray
from ..controls import BONE
from ..rig_maps.rig_map import RigMap, RigMapEntry
from .gaze_angles import COMFORT_PITCH, COMFORT_YAW, EYE_ANGLES

if TYPE_CHECKING:
    from ..rig_maps.retargeting import SolveResult

#: A bone's place that no constraint limits (`gateway.characters.bone_limits`): no limit at all.
ANYWHERE = (-10.0, 10.0)
#: Less (radians) is not worth a word.
LEAST_TOLD = math.radians(0.01)
#: Beyond this angle from straight ahead (radians) no target can be placed in front of the eye.
WIDEST = math.radians(80.0)


def takes_gaze(entry: RigMapEntry) -> bool:
    """Whether an entry's limits are those of a gaze: bones that take eye angles."""
    return entry.control.kind == BONE and any(s.channel in EYE_ANGLES for s in entry.sources)


def is_target(entry: RigMapEntry) -> bool:
    """Whether an entry moves what eyes look at, instead of turning them."""
    return takes_gaze(entry) and entry.control.path.endswith(".location")


def governed(entries: Sequence[RigMapEntry]) -> dict[int, dict[str, float]]:
    """Which channels' angles the limits of an entry hold.

    Returns
    -------
    dict
        For the places of such entries: channels, and the entry's value at one radian of all of them
        (on a target: at the tangent 1).
    """
    out: dict[int, dict[str, float]] = {}
    for places in _bones(entries).values():
        gains = np.array([_gains(entries[place]) for place in places])
        size = np.abs(gains)
        if len(places) > 1:
            # the pair that serves both directions best, the first of equals
            pairs = size[:, 0][:, None] + size[:, 1] - 1e9 * np.eye(len(places))
            aside, up = np.unravel_index(int(np.argmax(pairs)), pairs.shape)
            chosen = {"Yaw": int(aside), "Pitch": int(up)}
        else:
            chosen = {"Yaw" if size[0, 0] >= size[0, 1] else "Pitch": 0}
        for angle, number in chosen.items():
            entry = entries[places[number]]
            gain = float(gains[number, 0 if angle == "Yaw" else 1])
            names = [s.channel for s in entry.sources if s.channel in EYE_ANGLES and s.gain]
            own = {name: gain for name in names if name.endswith(angle)}
            if gain and own:
                out.setdefault(places[number], {}).update(own)
    return out


def gaze_ranges(entries: Sequence[RigMapEntry]) -> dict[str, tuple[float, float]]:
    """Range (radians) of each eye angle channel that the entries' limits leave."""
    ranges: dict[str, tuple[float, float]] = {}
    for place, gains in governed(entries).items():
        entry = entries[place]
        moved = is_target(entry)
        for name, gain in gains.items():
            ends = sorted((limit - entry.offset) / gain for limit in entry.limits)
            low, high = (math.atan(end) if moved else end for end in ends)
            before = ranges.get(name, (-math.inf, math.inf))
            low = min(max(low, before[0]), before[1])
            ranges[name] = (low, max(low, min(high, before[1])))
    return ranges


def with_comfortable_limits(entries: Sequence[RigMapEntry]) -> list[RigMapEntry]:
    """Entries whose limits let gaze go as far as is comfortable, and no farther than they did.

    What a person has set stays.
    """
    out = list(entries)
    for place, gains in governed(entries).items():
        entry = entries[place]
        if entry.how == "hand":
            continue
        name, gain = next(iter(gains.items()))
        moved = is_target(entry)
        comfort = COMFORT_YAW if name.endswith("Yaw") else COMFORT_PITCH
        low, high = sorted(gain * (math.tan(end) if moved else end) for end in comfort)
        if not moved or entry.limits != ANYWHERE:
            low, high = max(low, entry.limits[0]), min(high, entry.limits[1])
        if low <= high:
            out[place] = replace(entry, limits=(round(low, 6), round(high, 6)))
    return out


def reach_targets(entries: Sequence[RigMapEntry], sums: FloatArray) -> None:
    """Move targets to where they are seen under the wanted angle, in place.

    Parameters
    ----------
    entries : sequence of RigMapEntry, length k
    sums : (n, k)
        Of targets the angle times the distance, in each of their components; afterwards its tangent
        times the distance.
    """
    for places in _bones(entries).values():
        if not is_target(entries[places[0]]):
            continue
        table = np.array([_gains(entries[place]) for place in places])
        angles = sums[:, places] @ np.linalg.pinv(table).T
        size = np.linalg.norm(angles, axis=1)
        far = np.tan(np.minimum(size, WIDEST)) / np.maximum(size, 1e-12)
        sums[:, places] *= np.where(size > 1e-9, far, 1.0)[:, None]


def told_gaze(solved: SolveResult, rig_map: RigMap, *, raw: bool = False) -> str:
    """What a person should know about a gaze that passed its range; empty where none did."""
    frames = np.zeros(len(solved.times), np.bool_)
    farthest = 0.0
    places = {control: place for place, control in enumerate(solved.controls)}
    for entry in rig_map.entries:
        gain = sum(abs(s.gain) for s in entry.sources if s.channel in EYE_ANGLES)
        if not gain or entry.control not in places:
            continue
        # of bones it is an angle already, of shapes a value
        unit = 1.0 if takes_gaze(entry) else gain
        angle = solved.beyond[:, places[entry.control]] / unit
        frames |= angle > LEAST_TOLD
        farthest = max(farthest, float(angle.max(initial=0.0)))
    count = int(frames.sum())
    if not count:
        return ""
    what = "1 key" if count == 1 else f"{count} keys"
    held = "." if raw else " and are held there."
    return (
        f"The eyes pass their range by up to {math.degrees(farthest):.1f} degrees on {what}{held}"
    )


def _bones(entries: Iterable[RigMapEntry]) -> dict[tuple[str, str], list[int]]:
    """Places of the entries that take a gaze, by bone."""
    found: dict[tuple[str, str], list[int]] = {}
    for place, entry in enumerate(entries):
        if takes_gaze(entry):
            found.setdefault((entry.control.owner, entry.control.path), []).append(place)
    return found


def _gains(entry: RigMapEntry) -> tuple[float, float]:
    """Sums of the gains of yaws and of pitches, both eyes' together."""
    yaw = pitch = 0.0
    for source in entry.sources:
        if source.channel in EYE_ANGLES:
            yaw += source.gain * source.channel.endswith("Yaw")
            pitch += source.gain * source.channel.endswith("Pitch")
    return yaw, pitch
