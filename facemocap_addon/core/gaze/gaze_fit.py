# SPDX-License-Identifier: GPL-3.0-or-later
"""A rig map's eyes, fitted to how far the character's controls turn its eyeballs.

Each eye gets one path. Where a bone turns it, or a target that it looks at, that is driven by the
captured angles; what shapes turn it besides is taken off, so that nothing turns it twice. Where
only shapes or properties turn it, they get the value at which they turn it as far as captured.
Shapes that move lids alone stay as they are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..arrays import FloatArray
from ..controls import BONE, Control, ControlKey
from ..rig_maps.response import Response, respond
from ..rig_maps.rig_map import RigMap, RigMapEntry, Source
from .eye_turns import EyeTurn
from .gaze_angles import EYE_ANGLES, SIDES, look_turn
from .gaze_limits import with_comfortable_limits

#: A shape that turns an eyeball by less (radians at 1) only moves lids.
LEAST_TURN = math.radians(2.0)
#: A bone that turns an eye by this much when it is measured (radians) takes part in its gaze.
LEAST_MOVED = 0.02
#: A bone turns an eye itself when the eye goes along by this much, and nearly stays in place.
ALONG, IN_PLACE = 0.5, 0.25
#: A bone whose eye goes along this nearly gets its own axes, without the noise of measuring.
ITSELF = 0.02
#: A target's shift that turns the eye by less than this share of its other shifts is towards it.
ASIDE = 0.1
#: A path must turn the eye both aside and up, each by this share of the other.
BOTH_WAYS = 0.2
#: A smaller gain is nought.
LEAST_GAIN = 2e-5
#: Confidence in what was measured.
SURE = 0.95
#: A shape that looks one way rests while the eye looks the other way; the short step is the bend.
ONE_WAY: Response = ((-4.0, 0.0), (0.0, 0.0), (1e-4, 1e-4), (1.0, 1.0))


@dataclass(frozen=True)
class _Path:
    """The controls of one bone that turn eyes.

    Attributes
    ----------
    controls : tuple of Control, length k
    inverse : mapping of side to (k, 2)
        Control values for one radian (on a target: for the tangent 1) to the left and up.
    distance : float
        How far ahead a target lies, in the controls' unit; nought for what turns.
    """

    controls: tuple[Control, ...]
    inverse: Mapping[str, FloatArray]
    distance: float

    @property
    def sides(self) -> tuple[str, ...]:
        return tuple(self.inverse)


def with_measured_eyes(
    rig_map: RigMap, turns: Sequence[EyeTurn], controls: Sequence[Control]
) -> RigMap:
    """The map with its eyes as measured.

    Parameters
    ----------
    rig_map : RigMap
        As names or probing made it. Entries changed by hand stay, and so does the whole eye that
        one of them turns.
    turns : sequence of EyeTurn
        `gateway.measuring.eye_turns.measure_eye_turns`; without any the map comes back as it is.
    controls : sequence of Control
        The character's, for axes and ranges.

    Returns
    -------
    RigMap
    """
    known = {control.key: control for control in controls if not control.driven_by}
    by_hand = {entry.control for entry in rig_map.entries if entry.how == "hand"}
    every = _paths(turns, known)
    closed = {
        side
        for path in every
        if any(control.key in by_hand for control in path.controls)
        for side in path.sides
    }
    paths = _choose(every, rig_map, closed)
    taken = {side for path in paths for side in path.sides}
    fitted = {key for fit in rig_map.fits for target in fit.targets for key in target}
    shapes = {
        turn.control: turn
        for turn in turns
        if turn.control.kind != BONE and turn.amount > 0 and turn.control not in fitted
    }
    moved = {turn.control: turn for turn in turns if turn.control.kind == BONE}
    entries = {
        entry.control: _scaled(entry, shapes.get(entry.control), taken | closed)
        for entry in (_without_gaze(entry, taken, moved) for entry in rig_map.entries)
        if entry is not None
    }
    for path in paths:
        for entry in _path_entries(path, list(entries.values()), shapes):
            former = entries.get(entry.control)
            others = former.sources if former is not None else ()
            entries[entry.control] = replace(entry, sources=(*entry.sources, *others))
    names = {known[key].name for key in entries if key in known}
    fresh = replace(rig_map, entries=tuple(entries.values()))
    return replace(
        fresh,
        unmatched_channels=tuple(
            name for name in rig_map.unmatched_channels if name not in fresh.covered
        ),
        unmatched_controls=tuple(name for name in rig_map.unmatched_controls if name not in names),
    )


def _paths(turns: Sequence[EyeTurn], known: Mapping[ControlKey, Control]) -> list[_Path]:
    """What bones could turn eyes, by bone, rotations and places apart."""
    groups: dict[tuple[str, str], list[EyeTurn]] = {}
    for turn in turns:
        if turn.control.kind == BONE and turn.control in known:
            groups.setdefault((turn.control.owner, turn.control.path), []).append(turn)
    found: list[_Path] = []
    for members in groups.values():
        path = _path(members, known)
        if path is not None:
            found.append(path)
    return found


def _path(members: list[EyeTurn], known: Mapping[ControlKey, Control]) -> _Path | None:
    inverse: dict[str, FloatArray] = {}
    distances: list[float] = []
    for side in SIDES:
        near = [turn for turn in members if turn.shift(side) < IN_PLACE]
        table = np.stack([_plane(turn, side) for turn in members], axis=1)
        if len(near) < len(members) or not _is_whole(table, members[0].moves):
            continue
        if members[0].moves:
            # towards and away from the eye there is nothing to gain
            size = np.linalg.norm(table, axis=0)
            table = table * (size > ASIDE * size.max())
            distances.append(1.0 / float(np.linalg.svd(table)[1].mean()))
        solved = np.linalg.pinv(table)
        own = _own_axes(members, known)
        if not members[0].moves and np.abs(own - solved).max() < ITSELF:
            solved = own
        inverse[side] = solved
    if not inverse:
        return None
    return _Path(
        tuple(known[turn.control] for turn in members),
        inverse,
        float(np.mean(distances)) if distances else 0.0,
    )


def _plane(turn: EyeTurn, side: str) -> FloatArray:
    """Left and up ``(2,)`` that a control's unit turns an eye: radians, of a target tangents."""
    vector = turn.turn(side) * turn.amount
    aside = np.array([vector[1], -vector[0]])
    angle = float(np.linalg.norm(vector))
    if turn.moves and angle > 1e-9:
        aside = aside * math.tan(min(angle, 1.4)) / angle
    return aside / turn.amount


def _is_whole(table: FloatArray, moves: bool) -> bool:
    """Whether controls ``(2, k)`` turn an eye aside as well as up, and far enough."""
    strong, weak = np.linalg.svd(table)[1][:2] if table.shape[1] > 1 else (0.0, 0.0)
    return bool(strong > 0 and weak > BOTH_WAYS * strong and (moves or weak > ALONG))


def _own_axes(members: list[EyeTurn], known: Mapping[ControlKey, Control]) -> FloatArray:
    """Values ``(k, 2)`` of the bone's own axes for one radian to the left and up."""
    axes = np.array([known[turn.control].axis or (0.0, 0.0, 0.0) for turn in members])
    return np.stack([axes[:, 1], -axes[:, 0]], axis=1)


def _choose(paths: list[_Path], rig_map: RigMap, closed: set[str]) -> list[_Path]:
    """One path for each eye: first what the map drives, then targets, then what turns one eye."""
    driven = {
        entry.control
        for entry in rig_map.entries
        if any(_eye_of(source.channel) for source in entry.sources)
    }

    def rank(path: _Path) -> tuple[bool, bool, int]:
        mapped = any(control.key in driven for control in path.controls)
        return not mapped, not path.distance, len(path.sides)

    chosen: list[_Path] = []
    open_sides = [side for side in SIDES if side not in closed]
    for path in sorted(paths, key=rank):
        mine = {side: path.inverse[side] for side in path.sides if side in open_sides}
        if mine:
            chosen.append(replace(path, inverse=mine))
            open_sides = [side for side in open_sides if side not in mine]
    return chosen


def _without_gaze(
    entry: RigMapEntry, taken: set[str], moved: Mapping[ControlKey, EyeTurn]
) -> RigMapEntry | None:
    """An entry without what turns eyes that have a path of their own; None if nothing is left.

    Lids that bones move along with the eye keep what they have.
    """
    if entry.control.kind != BONE or entry.how == "hand":
        return entry
    turn = moved.get(entry.control)

    def replaced(channel: str) -> bool:
        side = _eye_of(channel)
        if side not in taken:
            return False
        return channel in EYE_ANGLES or (
            turn is not None
            and float(np.linalg.norm(turn.turn(side))) * abs(turn.amount) > LEAST_MOVED
        )

    left = tuple(source for source in entry.sources if not replaced(source.channel))
    return replace(entry, sources=left) if left else None


def _path_entries(
    path: _Path, entries: Sequence[RigMapEntry], shapes: Mapping[ControlKey, EyeTurn]
) -> list[RigMapEntry]:
    """Entries of a path: the captured angles, less what shapes do at their values."""
    out: list[RigMapEntry] = []
    share = 1.0 / len(path.sides)
    for place, control in enumerate(path.controls):
        gains: dict[str, float] = {}
        for side in path.sides:
            aside, rise = share * path.inverse[side][place]
            # yaw is to the right, pitch down
            gains[f"{side}EyeYaw"] = -float(aside)
            gains[f"{side}EyePitch"] = -float(rise)
        least = 1e-3 * path.distance or LEAST_GAIN
        gains = {name: round(gain, 6) for name, gain in gains.items() if abs(gain) > least}
        if not gains:
            continue
        captured = tuple(Source(name, gain) for name, gain in gains.items())
        less = _less(path, place, entries, shapes)
        out.append(
            RigMapEntry(
                control=control.key,
                sources=(*captured, *less),
                limits=control.range,
                confidence=SURE,
                how="probe",
            )
        )
    return with_comfortable_limits(out)


def _less(
    path: _Path,
    place: int,
    entries: Sequence[RigMapEntry],
    shapes: Mapping[ControlKey, EyeTurn],
) -> tuple[Source, ...]:
    """What is taken off one control for the shapes that turn the eyes besides."""
    gains: dict[tuple[str, str], float] = {}
    share = 1.0 / len(path.sides)
    for entry in entries:
        turn = shapes.get(entry.control)
        if turn is None:
            continue
        for side in path.sides:
            vector = turn.turn(side)
            if np.linalg.norm(vector) < LEAST_TURN:
                continue
            own = share * float(path.inverse[side][place] @ np.array([vector[1], -vector[0]]))
            bent = float(respond(entry.response, np.ones(1))[0])
            for source in entry.sources:
                key = (source.channel, source.over)
                gains[key] = gains.get(key, 0.0) - own * source.gain * bent
    least = 1e-3 * (path.distance or 1.0)
    return tuple(
        Source(channel, round(gain, 6), over)
        for (channel, over), gain in gains.items()
        if abs(gain) > least
    )


def _scaled(entry: RigMapEntry, turn: EyeTurn | None, taken: set[str]) -> RigMapEntry:
    """A shape's or property's entry with the value at which it turns the eyes as captured.

    Only where no bone turns one of its eyes, and where it takes eyeLook channels alone, of one
    direction and its opposite.
    """
    if turn is None or entry.how == "hand" or entry.response or entry.offset:
        return entry
    angles = {_angle_of(source.channel) for source in entry.sources}
    sides = {_eye_of(source.channel) for source in entry.sources}
    ways = {_down_or_right(source.channel) * source.gain > 0 for source in entry.sources}
    if len(angles) != 1 or len(ways) != 1 or "" in angles | sides or sides & taken:
        return entry
    angle = angles.pop()
    # radians to the right, or down, that the control turns each eye it turns at all
    turned: dict[str, float] = {}
    for side in sorted(sides):
        vector = turn.turn(side)
        own = float(-vector[1] if angle == "Yaw" else vector[0])
        if abs(own) >= LEAST_TURN:
            turned[side] = own
    if not turned or any((own > 0) not in ways for own in turned.values()):
        return entry
    mean = sum(turned.values()) / len(turned)
    gain = round(1.0 / (mean * len(turned)), 6)
    both_ways = len({source.gain > 0 for source in entry.sources}) > 1
    return replace(
        entry,
        sources=tuple(Source(f"{side}Eye{angle}", gain) for side in turned),
        response=() if both_ways else ONE_WAY,
        confidence=SURE,
    )


def _eye_of(channel: str) -> str:
    """The eye that a channel turns: ``left``, ``right`` or none."""
    if channel in EYE_ANGLES:
        return channel[: channel.index("Eye")]
    if not look_turn(channel).any():
        return ""
    return "left" if channel.endswith("Left") else "right"


def _angle_of(channel: str) -> str:
    """``Yaw`` or ``Pitch`` for an eyeLook channel; empty for others."""
    turn = look_turn(channel)
    return "" if not turn.any() else "Yaw" if turn[1] else "Pitch"


def _down_or_right(channel: str) -> float:
    """1 where an eyeLook channel looks down or to the right, -1 where up or to the left."""
    turn = look_turn(channel)
    return 1.0 if turn[0] > 0 or turn[1] < 0 else -1.0
