# SPDX-License-Identifier: GPL-3.0-or-later
"""What a solve may change on a character: its face controls, how far each goes, what it moves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..channels import Channel, arkit_schema
from ..controls import BONE, ControlKey
from ..correspondence.bases import bases
from ..correspondence.placement import Placement
from ..probing.scan import Scan
from ..rig_maps.rig_map import RigMap, RigMapEntry
from ..rig_maps.side_names import split_side

#: Controls that undo each other.
EXCLUSIVE = (("jawLeft", "jawRight"), ("mouthLeft", "mouthRight"))
#: A bone may go this much farther than the channels that it is calibrated for together.
ROOM = 1.3
#: A bone may go at least this part of its reach the other way.
BACK = 0.3
#: A bone that moves a way along one axis may go this part of it either way along the others.
AROUND = 0.5
#: Points on the skin say nothing of where eyes look and what the tongue does.
NOT_SKIN = ("eyeLook", "tongue")
#: A control whose motion is off a straight line by more than this part at its end is bent.
BENDS = 0.08
#: What moves no point by this (mm) is left at rest.
STILL_MM = 0.05


@dataclass(frozen=True)
class Unknowns:
    """Values that a solve finds, each of one control or of several that go together.

    A value of 1 is the farthest that the controls go by themselves.

    Attributes
    ----------
    channels : tuple of Channel, length k
        What each is called in the solved take: an ARKit coefficient where it is one, otherwise the
        control itself.
    parts : tuple of tuple of (ControlKey, float), length k
        Controls and their change for a value of 1.
    low, high : (k,) float64
    bent : (k,) bool
        Turning bones: they do not move points along straight lines.
    basis : (3 p, k) float64
        Movement of every placed point in mm for a value of 1.
    pairs, exclusive : tuples of (int, int)
        Left and right of one thing; what undoes each other.
    """

    channels: tuple[Channel, ...]
    parts: tuple[tuple[tuple[ControlKey, float], ...], ...]
    low: FloatArray
    high: FloatArray
    bent: BoolArray
    basis: FloatArray
    pairs: tuple[tuple[int, int], ...] = ()
    exclusive: tuple[tuple[int, int], ...] = ()
    controls: tuple[ControlKey, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.channels)

    def changes(self, values: FloatArray) -> FloatArray:
        """Changes ``(n, c)`` of the `controls` for values ``(n, k)``."""
        out = np.zeros((len(values), len(self.controls)))
        places = {key: place for place, key in enumerate(self.controls)}
        for column, part in enumerate(self.parts):
            for key, amount in part:
                out[:, places[key]] += amount * values[:, column]
        return out


def find_unknowns(rig_map: RigMap, scan: Scan, placement: Placement) -> Unknowns:
    """What of a character's face can be solved from placed points.

    Parameters
    ----------
    rig_map : RigMap
        What each control is; entries of the head and of the gaze are left alone.
    scan : Scan
    placement : Placement
    """
    fitted = {
        key: number for number, fit in enumerate(rig_map.fits) for t in fit.targets for key in t
    }
    groups: dict[tuple[str, ...], list[tuple[RigMapEntry, float]]] = defaultdict(list)
    for entry in rig_map.entries:
        if not _is_face(entry):
            continue
        groups[_group(entry, fitted, rig_map)].append((entry, _reach(entry)))
    around = _ways_around(rig_map)
    rows = [row for row in groups.items() if all(reach > 0 for _, reach in row[1])]
    rows = [
        (name, [(entry, max(reach, around.get(_place(entry), 0.0))) for entry, reach in own])
        for name, own in rows
    ]
    controls = [entry.control for _, own in rows for entry, _ in own]
    moved = bases(placement, scan, controls)
    columns = {key: moved[:, number] for number, key in enumerate(controls)}
    basis = np.zeros((len(moved), len(rows)))
    for number, (_, own) in enumerate(rows):
        for entry, reach in own:
            basis[:, number] += columns[entry.control] * reach
    far = np.sqrt((basis.reshape(-1, 3, len(rows)) ** 2).sum(axis=1)).max(axis=0, initial=0.0)
    kept = np.flatnonzero(far > STILL_MM).tolist()
    channels = _channels([rows[number] for number in kept])
    limits = np.array([_limits(rows[number][1], around) for number in kept]).reshape(-1, 2)
    return Unknowns(
        channels=channels,
        parts=tuple(tuple((e.control, reach) for e, reach in rows[n][1]) for n in kept),
        low=limits[:, 0],
        high=limits[:, 1],
        bent=np.array([_bend(rows[n][1], scan) > BENDS for n in kept], np.bool_),
        basis=basis[:, kept],
        pairs=_pairs(channels, [rows[n][1][0][0].control for n in kept]),
        exclusive=_exclusive(channels),
        controls=tuple(entry.control for n in kept for entry, _ in rows[n][1]),
    )


def _is_face(entry: RigMapEntry) -> bool:
    schema = arkit_schema()
    weights = [
        source
        for source in entry.sources
        if source.channel not in schema or schema[source.channel].kind == "weight"
    ]
    if not weights or len(weights) < len(entry.sources):
        return False
    if entry.control.kind == BONE:
        # a lid that also follows the eye is a lid all the same
        return any(not source.channel.startswith(NOT_SKIN) for source in weights)
    return not all(source.channel.startswith(NOT_SKIN) for source in weights)


def _group(entry: RigMapEntry, fitted: dict[ControlKey, int], rig_map: RigMap) -> tuple[str, ...]:
    """What goes together: shapes of several meshes that one channel drives, targets of a fit."""
    key = entry.control
    if key.kind != BONE and key in fitted:
        fit = rig_map.fits[fitted[key]]
        target = next(target for target in fit.targets if key in target)
        return ("fit", str(fitted[key]), target[0].owner, target[0].path)
    if key.kind != BONE and len(entry.sources) == 1 and not entry.sources[0].over:
        sign = "+" if entry.sources[0].gain > 0 else "-"
        return ("channel", entry.sources[0].channel, sign)
    return ("control", key.kind, key.owner, key.path, str(key.index))


def _reach(entry: RigMapEntry) -> float:
    """How far (control's unit, from rest, with its sign) a control goes at a value of 1."""
    low, high = (limit - entry.offset for limit in entry.limits)
    if entry.control.kind != BONE:
        gain = entry.sources[0].gain if entry.sources else 1.0
        if len(entry.sources) == 1 and 0 < abs(gain) <= 10:
            return min(gain, high) if gain > 0 else -max(gain, low)
        return high if high > 0 else -low
    upward = sum(max(source.gain, 0.0) for source in entry.sources)
    downward = sum(max(-source.gain, 0.0) for source in entry.sources)
    return ROOM * max(min(upward, max(high, 0.0)), min(downward, max(-low, 0.0)))


def _place(entry: RigMapEntry) -> tuple[str, str]:
    """The bone that a control moves, or nothing for what is no bone's location."""
    key = entry.control
    moves = key.kind == BONE and key.path.endswith(".location")
    return (key.owner, key.path) if moves else ("", "")


def _ways_around(rig_map: RigMap) -> dict[tuple[str, str], float]:
    """How far each bone's location may go along any axis: a calibration sees only some ways."""
    out: dict[tuple[str, str], float] = defaultdict(float)
    for entry in rig_map.entries:
        bone = _place(entry)
        if bone[1] and _is_face(entry):
            out[bone] = max(out[bone], AROUND * _reach(entry))
    return out


def _limits(
    own: Sequence[tuple[RigMapEntry, float]], around: Mapping[tuple[str, str], float]
) -> tuple[float, float]:
    """Limits of a value, in parts of the reach."""
    entry, reach = own[0]
    if entry.control.kind != BONE:
        return (0.0, 1.0)
    low, high = (limit - entry.offset for limit in entry.limits)
    upward = ROOM * sum(max(source.gain, 0.0) for source in entry.sources)
    downward = ROOM * sum(max(-source.gain, 0.0) for source in entry.sources)
    hard_low, hard_high = min(low, 0.0), max(high, 0.0)
    below = max(-downward, hard_low * ROOM)
    above = min(upward, hard_high * ROOM)
    least = max(BACK, around.get(_place(entry), 0.0) / reach)
    return min(below / reach, -least), max(above / reach, least)


def _bend(own: Sequence[tuple[RigMapEntry, float]], scan: Scan) -> float:
    """How far (part of the motion) the farthest a control goes is off a straight line."""
    entry, reach = own[0]
    if entry.control.kind != BONE:
        return 0.0
    measured = [motion for motion in scan.motions if motion.control.key == entry.control]
    # what bends grows with the square of the turn, and the motion with the turn
    return max(((1.0 - m.linearity) * abs(reach / m.amount) for m in measured), default=0.0)


def _channels(
    rows: Sequence[tuple[tuple[str, ...], Sequence[tuple[RigMapEntry, float]]]],
) -> tuple[Channel, ...]:
    schema = arkit_schema()
    taken: set[str] = set()
    out: list[Channel] = []
    for group, own in rows:
        entry = own[0][0]
        main = max(entry.sources, key=lambda s: abs(s.gain)) if entry.sources else None
        known = schema.get(main.channel) if main else None
        if group[0] == "channel" and known is not None and group[2] == "+":
            channel = known
        else:
            name = _control_name(entry.control)
            region = known.region if known else "other"
            side = split_side(_bare(entry.control))[1]
            channel = Channel(name, "weight", side, region=region, range=(-1.0, 1.0))
        if channel.name in taken:
            channel = Channel(
                f"{channel.name} ({entry.control.owner})", "weight", channel.side,
                region=channel.region, range=channel.range,
            )  # fmt: skip
        taken.add(channel.name)
        out.append(channel)
    return tuple(out)


def _bare(key: ControlKey) -> str:
    """The name of a shape key, bone or property."""
    return key.path.split('"')[1] if '"' in key.path else key.path


def _control_name(key: ControlKey) -> str:
    if key.kind != BONE:
        return f"{key.owner} {_bare(key)}"
    turn = "turn" if key.path.endswith(".rotation") else "move"
    return f"{_bare(key)} {turn} {'xyz'[key.index]}"


def _pairs(
    channels: Sequence[Channel], controls: Sequence[ControlKey]
) -> tuple[tuple[int, int], ...]:
    """Left and right of one thing, by their channels or their bones' names."""
    del controls
    names = {channel.name: number for number, channel in enumerate(channels)}
    out: list[tuple[int, int]] = []
    for number, channel in enumerate(channels):
        other = names.get(channel.partner)
        if channel.side == "L" and other is not None and other != number:
            out.append((number, other))
    return tuple(out)


def _exclusive(channels: Sequence[Channel]) -> tuple[tuple[int, int], ...]:
    names = {channel.name: number for number, channel in enumerate(channels)}
    return tuple(
        (names[one], names[other]) for one, other in EXCLUSIVE if one in names and other in names
    )
