# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of single darts, as records that are found again when the take has changed.

A dart that goes elsewhere takes the rest after it along; the next dart brings the gaze back to
where it was. Outside the samples in between nothing changes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...arrays import FloatArray
from ...take import Take
from ..edit_records import EditForm, checked_number
from .events import GazeEvents, Saccade
from .lids import lids_along
from .main_sequence import along, course, duration
from .tracks import gaze_tracks, turn_gaze, with_tracks

OPS = ("move", "scale", "delete", "insert", "speed", "keep")
#: An edit is of the dart that is nearest, within half of its length and this (seconds).
TOLERANCE_S = 0.15
#: Darts stay this far apart (seconds).
APART_S = 0.02
_FORM = EditForm(
    "gaze",
    OPS,
    '{"op": "move", "at_s": 1.25, "by_s": 0.1}',
    {
        "by_s": (-5.0, 5.0),
        "scale": (-3.0, 3.0),
        "yaw_deg": (-60.0, 60.0),
        "pitch_deg": (-60.0, 60.0),
    },
)


@dataclass(frozen=True, slots=True)
class GazeEdit:
    """One change of one dart.

    Attributes
    ----------
    op : str
        ``move`` by ``by_s``; ``scale`` how far it goes; ``delete``; ``insert`` one that goes by
        ``yaw_deg`` to the subject's left and ``pitch_deg`` up; ``speed`` in parts (``scale``) of
        what the step gives it; ``keep`` as it was recorded.
    at_s : float
        Middle of the dart as it was found when edited, or of the new one: seconds on the take's
        clock.
    """

    op: str
    at_s: float
    by_s: float = 0.0
    scale: float = 1.0
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0

    @staticmethod
    def from_json(data: Any) -> GazeEdit:
        """The edit of a JSON object.

        Raises
        ------
        FacemocapError
        """
        op, numbers = _FORM.read(data)
        if op == "speed":
            checked_number("The speed of a dart", numbers.get("scale", 1.0), (0.1, 3.0))
        return GazeEdit(op, **numbers)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        fields = {
            "move": ("by_s",), "scale": ("scale",), "speed": ("scale",),
            "insert": ("yaw_deg", "pitch_deg"),
        }.get(self.op, ())  # fmt: skip
        return {
            "op": self.op, "at_s": self.at_s, **{name: getattr(self, name) for name in fields}
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class EditedGaze:
    """A take with edits.

    Attributes
    ----------
    take : Take
    unmatched : tuple of GazeEdit
        Edits of which no dart was found.
    held : int
        Darts that could not go as far in time as asked.
    speeds : tuple of (float, float)
        New middle of darts that have a speed of their own; 0 for those left as recorded.
    """

    take: Take
    unmatched: tuple[GazeEdit, ...]
    held: int
    speeds: tuple[tuple[float, float], ...]


@dataclass(slots=True)
class _Dart:
    """A dart while it is edited: degrees, seconds."""

    was: Saccade | None
    at_s: float
    length_s: float
    step: FloatArray
    wanted_s: float
    offset: FloatArray
    edited: bool = False
    speed: float | None = None


def edited(take: Take, events: GazeEvents, edits: Sequence[GazeEdit]) -> EditedGaze:
    """The take with its darts edited."""
    darts = [
        _Dart(s, s.apex_s, s.duration_s, np.array([s.yaw_deg, s.pitch_deg]), s.apex_s, np.zeros(2))
        for s in events.saccades
    ]
    matched, unmatched = _matched(darts, [edit for edit in edits if edit.op != "insert"])
    for dart, own in matched:
        for edit in own:
            _apply(dart, edit)
    for edit in edits:
        if edit.op == "insert" and take.samples:
            inside = take.times[0] <= edit.at_s <= take.times[-1]
            unmatched += () if inside else (edit,)
            darts += [_inserted(edit)] if inside else []
    darts.sort(key=lambda dart: (dart.at_s, dart.was is None))
    held = _keep_order(darts)
    _carry_offsets(darts)
    turn = np.zeros((take.samples, 2))
    for dart in darts:
        turn += _change(take.times, events.gaze_deg, dart)
    turn = np.where(np.abs(turn) < 1e-7, 0.0, turn)
    speeds = tuple((dart.at_s, dart.speed) for dart in darts if dart.speed is not None)
    if not turn.any():
        return EditedGaze(take, unmatched, held, speeds)
    tracks = gaze_tracks(take)
    before = tracks.values.copy()
    turn_gaze(tracks, {"left": np.radians(turn), "right": np.radians(turn)})
    out = with_tracks(take, tracks, before, "darts edited")
    out = lids_along(out, events.gaze_deg[:, 1], events.gaze_deg[:, 1] + turn[:, 1], events.unseen)
    return EditedGaze(out, unmatched, held, speeds)


def _matched(
    darts: Sequence[_Dart], edits: Sequence[GazeEdit]
) -> tuple[list[tuple[_Dart, list[GazeEdit]]], tuple[GazeEdit, ...]]:
    """Darts with their edits, one to one for each time that edits name, and those left over."""
    by_time: dict[float, list[GazeEdit]] = {}
    for edit in edits:
        by_time.setdefault(edit.at_s, []).append(edit)
    near = sorted(
        (abs(dart.at_s - at), at, number)
        for at in by_time
        for number, dart in enumerate(darts)
        if abs(dart.at_s - at) <= 0.5 * dart.length_s + TOLERANCE_S
    )
    found: dict[float, int] = {}
    for _, at, number in near:
        if at not in found and number not in found.values():
            found[at] = number
    lost = tuple(edit for at, own in by_time.items() if at not in found for edit in own)
    return [(darts[number], by_time[at]) for at, number in found.items()], lost


def _apply(dart: _Dart, edit: GazeEdit) -> None:
    if edit.op == "move":
        dart.wanted_s += edit.by_s
    elif edit.op in ("scale", "delete"):
        dart.offset = dart.offset + dart.step * ((0.0 if edit.op == "delete" else edit.scale) - 1.0)
    else:
        dart.speed = 0.0 if edit.op == "keep" else edit.scale
    dart.edited = True


def _inserted(edit: GazeEdit) -> _Dart:
    step = np.array([edit.yaw_deg, edit.pitch_deg])
    length = float(duration(np.hypot(step[0], step[1])))
    return _Dart(None, edit.at_s, length, step, edit.at_s, np.zeros(2), True)


def _keep_order(darts: list[_Dart]) -> int:
    """Put darts where they are wanted, as far as their neighbours leave room, in place."""
    held = 0
    for number, dart in enumerate(darts):
        if dart.wanted_s == dart.at_s:
            continue
        low, high = -math.inf, math.inf
        if number:
            before = darts[number - 1]
            low = before.at_s + 0.5 * (before.length_s + dart.length_s) + APART_S
        if number + 1 < len(darts):
            after = darts[number + 1]
            # one that goes away makes room
            at = max(after.at_s, after.wanted_s)
            high = at - 0.5 * (after.length_s + dart.length_s) - APART_S
        low, high = min(low, dart.at_s), max(high, dart.at_s)
        at = min(max(dart.wanted_s, low), high)
        held += at != dart.wanted_s
        dart.at_s = at
    return held


def _carry_offsets(darts: list[_Dart]) -> None:
    """Steps that begin where the rest before was moved to, in place: ``offset`` becomes theirs."""
    before = np.zeros(2)
    for dart in darts:
        # a new dart goes on from where the gaze is, an old one to where it went
        after = before + dart.step if dart.was is None else dart.offset
        dart.offset, before = after - before, after


def _change(times: FloatArray, gaze: FloatArray, dart: _Dart) -> FloatArray:
    """What one dart's edit adds to the gaze ``(n, 2)`` in degrees."""
    if dart.was is None:
        return course(times, dart.at_s, dart.length_s)[:, None] * dart.offset
    by = dart.at_s - dart.was.apex_s
    if by == 0.0 and not dart.offset.any():
        return np.zeros((len(times), 2))
    part = _recorded_course(times, gaze, dart.was)
    there = part if by == 0.0 else _recorded_course(times, gaze, dart.was, by)
    return there[:, None] * (dart.step + dart.offset) - part[:, None] * dart.step


def _recorded_course(
    times: FloatArray, gaze: FloatArray, saccade: Saccade, by_s: float = 0.0
) -> FloatArray:
    """Part of the way ``(n,)`` that a recorded dart has gone, later by so much."""
    rows = slice(saccade.first, saccade.last + 1)
    step = np.array([saccade.yaw_deg, saccade.pitch_deg])
    way = along(gaze[rows] - gaze[saccade.first], step)
    part: FloatArray = np.clip(way / max(float(way[-1]), 1e-9), 0.0, 1.0)
    later: FloatArray = times[rows] + by_s
    return np.interp(times, later, part)
