# SPDX-License-Identifier: GPL-3.0-or-later
"""A prepared take's curves with few keys, and what that does to values and to the mesh."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import bpy
import numpy as np

from ...core.hand_edits.keys import Keys as KeyArray
from ...core.reduction.edited import Dense
from ...core.reduction.keys import Keys, ReductionReport
from ...core.reduction.moments import forced_frames
from ...core.reduction.on_mesh import reduce_on_mesh
from ...core.reduction.plan import KeyPlan
from ...core.reduction.tracks import (
    Kind,
    Track,
    reduce_tracks,
    report_of,
    tolerances,
)
from ...core.report import Report
from ...core.take_edits import mirror_take
from ..writing.kept_options import options_of_text
from ..writing.kept_stacks import OPTIONS
from ..writing.preparing import Prepared
from ..writing.records import KEY, find_performance
from ..writing.targets import Target
from ..writing.written import Place, Written, load_written
from .posing import CurvePoser, posed_copy
from .reaching import reach_of

#: Name in the record.
_REDUCED = "reduced"
#: Frames at which the mesh itself is looked at: of so many stretches of the shot the worst one.
LOOKS = 24
#: Of heavy meshes fewer: so many vertices in all, but this many frames.
MOST_VERTICES, FEWEST = 2_000_000, 4

#: Performances of which keys are remembered.
_MOST = 8

#: Keys by a datablock's number in this session, and path and index.
_Before = dict[tuple[int, Place], Keys]
_last: OrderedDict[int, _Before] = OrderedDict()

_TURNS: dict[str, Kind] = {
    "rotation_quaternion": "QUATERNION",
    "rotation_axis_angle": "AXIS_ANGLE",
    "rotation_euler": "EULER",
}


@dataclass(frozen=True)
class _Own:
    """A track's curves: number of the target, places in it, and columns of its controls."""

    target: int
    places: tuple[int, ...]
    columns: tuple[int, ...]
    track: Track


@dataclass(frozen=True)
class Reduced:
    """What is written instead of a key on every frame.

    Attributes
    ----------
    targets : list of Target
        With few keys.
    report : ReductionReport or None
        None where nothing was reduced.
    error_mm : float or None
        By how much vertices are off where that was looked at.
    dense : mapping
        What the curves of a datablock's path and index stand for.
    plan : KeyPlan or None
    """

    targets: list[Target]
    report: ReductionReport | None = None
    error_mm: float | None = None
    dense: dict[tuple[Any, Place], Dense] = field(default_factory=dict[Any, Dense])
    plan: KeyPlan | None = None

    def beneath(self, datablock: Any, places: Sequence[Place]) -> Dense | None:
        """What curves that are edited as one stand for; None where they are not reduced."""
        found = [self.dense.get((datablock, place)) for place in places]
        parts = [each for each in found if each is not None]
        if len(parts) < len(found):
            return None
        return Dense(
            parts[0].frames,
            np.concatenate([each.values for each in parts], axis=1),
            np.concatenate([each.tolerance for each in parts], axis=1),
        )


def reduce_targets(
    prepared: Prepared, targets: list[Target], action: bpy.types.Action | None
) -> Reduced:
    """Curves with few keys, as the options want it; as they are without, and in drafts.

    ``action`` is the one that holds what was written before, if any: keys of curves that did not
    change stay what they were.
    """
    plan = prepared.options.reduce
    if plan is None:
        return Reduced(targets)
    before = _before(action, plan)
    if prepared.is_draft:
        return Reduced(targets)
    owns = _tracks(prepared, targets, before)
    # one shape key of several meshes is one motion: it gets the same keys everywhere
    tracks, same = _different([own.track for own in owns])
    allowed = tolerances(tracks, replace(plan, unit="UNITS") if plan.unit == "MM" else plan)
    error = None
    with posed_copy(prepared.picked, prepared.scene, targets) as poser:

        def measure(made: Sequence[tuple[Keys, ...]]) -> float:
            return _largest_gap(poser, targets, owns, [made[place] for place in same])

        if plan.unit == "MM" and plan.mode == "ERROR":
            lengths = _lengths(prepared, owns)
            # controls that go the same way are off the same way
            lengths = np.stack(
                [lengths[np.array(same) == place].sum(axis=0) for place in range(len(tracks))]
            )
            made, error, allowed = reduce_on_mesh(tracks, lengths, plan, measure)
        else:
            made = reduce_tracks(tracks, allowed, plan)
            error = measure(made)
    out = [Target(t.datablock, list(t.curves), t.head_paths, t.columns) for t in targets]
    dense: dict[tuple[Any, Place], Dense] = {}
    for own, place in zip(owns, same, strict=True):
        keys, within = made[place], allowed[place]
        target = targets[own.target]
        tolerance = own.track.tolerance(within)
        for column, where in enumerate(own.places):
            curve = target.curves[where]
            out[own.target].curves[where] = keys[column].to_curve(
                curve.path, curve.index, curve.group
            )
            dense[target.datablock, (curve.path, curve.index)] = Dense(
                own.track.frames,
                own.track.values[:, column : column + 1],
                tolerance[:, column : column + 1],
            )
    report = report_of([made[place] for place in same])
    return Reduced(out, report, error, dense, plan)


def with_reduction(report: Report, reduced: Reduced) -> Report:
    """The same report with what became of the keys; as it was where they are not reduced."""
    found = reduced.report
    if found is None or reduced.plan is None:
        return report
    told = told_reduction(found, reduced.error_mm)
    measures = {
        "keys_reduced_to_percent": found.percent,
        "reduction_error": found.largest_error,
        "reduction_error_mm": reduced.error_mm,
    }
    return replace(
        report,
        summary=f"{report.summary}. {told}",
        counts={**report.counts, "keys_before": found.before},
        measures={**report.measures, **measures},
    )


def told_reduction(found: ReductionReport, error_mm: float | None) -> str:
    """One line for a person."""
    on_mesh = "" if error_mm is None else f", {error_mm:.2g} mm on the mesh"
    return found.sentence() + on_mesh


def note_reduction(prepared: Prepared, reduced: Reduced) -> None:
    """Keep the figures in the record of our Action, for the panel."""
    performance = find_performance(prepared.picked)
    if performance is None:
        return
    record = performance.action[KEY]
    if reduced.report is None:
        if _REDUCED in record:
            del record[_REDUCED]
        return
    record[_REDUCED] = told_reduction(reduced.report, reduced.error_mm)


def reduction_note(action: bpy.types.Action) -> str:
    """What was kept of the figures; nothing where the keys are not reduced."""
    return str(action[KEY].get(_REDUCED, ""))


# ---------------------------------------------------------------- tracks


def _tracks(prepared: Prepared, targets: Sequence[Target], before: _Before) -> list[_Own]:
    """All curves, those of a turn together."""
    solved = prepared.kept.solved
    take = prepared.cleaned if prepared.cleaned is not None else prepared.take
    take = mirror_take(take) if prepared.options.mirror else take
    moments = forced_frames(
        take, prepared.rig_map, solved.controls, solved.times, prepared.frames
    )  # fmt: skip
    limits = {entry.control: entry.limits for entry in prepared.rig_map.entries}
    out: list[_Own] = []
    for number, target in enumerate(targets):
        by_path: dict[str, list[int]] = {}
        for place, curve in enumerate(target.curves):
            by_path.setdefault(curve.path, []).append(place)
        for path, places in by_path.items():
            columns = tuple(target.columns.get(path, ()))
            kind = _kind(path)
            values = np.stack(
                [target.curves[place].values for place in places], axis=1
            ).astype(np.float64)  # fmt: skip
            whole = float(np.ptp(values, axis=0).max(initial=0.0))
            if kind == "VALUE":
                ranges = [limits.get(solved.controls[column], (0.0, 0.0)) for column in columns]
                widths = [high - low for low, high in ranges if 0.0 < high - low < np.inf]
                whole = max(widths) if widths else whole
            forced = tuple(sorted({f for column in columns for f in moments[column]}))
            one = kind in {"QUATERNION", "AXIS_ANGLE"}
            for group in [places] if one else [[place] for place in places]:
                curves = [target.curves[place] for place in group]
                uid = target.datablock.session_uid
                known = [before.get((uid, (curve.path, curve.index))) for curve in curves]
                track = Track(
                    kind,
                    curves[0].frames.astype(np.float64),
                    np.stack([curve.values for curve in curves], axis=1).astype(np.float64),
                    whole or 1.0,
                    forced,
                    tuple(k for k in known if k is not None) if all(known) else None,
                )
                out.append(_Own(number, tuple(group), columns, track))
    return out


def _kind(path: str) -> Kind:
    if not path.startswith("pose.bones["):
        return "VALUE"
    last = path.rpartition(".")[2]
    return _TURNS.get(last, "LOCATION" if last == "location" else "VALUE")


def _before(action: bpy.types.Action | None, plan: KeyPlan) -> _Before:
    """The program's own keys of last time, where they were reduced by the same plan.

    Drafts have a key on each frame: meanwhile those of the last whole run are remembered.
    """
    if action is None or plan.mode != "ERROR":
        return {}
    text = str(action[KEY].get(OPTIONS, ""))
    if not text or options_of_text(text, 0.0).reduce != plan:
        return {}
    found = {
        (written.datablock.session_uid, place): keys
        for written in load_written(action) or ()
        for place, keys in _machine(written).items()
    }
    if not found:
        return _last.get(action.session_uid, {})
    _last[action.session_uid] = found
    _last.move_to_end(action.session_uid)
    while len(_last) > _MOST:
        _last.popitem(last=False)
    return found


def _machine(written: Written) -> dict[Place, Keys]:
    found = {place: curve.full_machine for place, curve in written.curves.items()}
    return {place: _keys(each) for place, each in found.items() if each is not None and len(each)}


def _keys(array: KeyArray) -> Keys:
    """Keys as a reduction has them; their error is measured when they are looked at again."""
    return Keys(
        array["frame"],
        array["value"],
        array["left"],
        array["right"],
        np.stack([array["left_type"], array["right_type"]], axis=1),
        int(array["interpolation"][0]),
        np.zeros(len(array), np.bool_),
        len(array),
        0.0,
    )


def _different(tracks: Sequence[Track]) -> tuple[list[Track], list[int]]:
    """Tracks without repetitions, and for each which of them it is."""
    numbers: dict[Any, int] = {}
    out: list[Track] = []
    same: list[int] = []
    for track in tracks:
        about = track.kind, track.whole, track.forced
        place = numbers.setdefault(
            (*about, track.frames.tobytes(), track.values.tobytes()), len(out)
        )  # fmt: skip
        if place == len(out):
            out.append(track)
        same.append(place)
    return out, same


# ---------------------------------------------------------------- on the mesh


def _lengths(prepared: Prepared, owns: Sequence[_Own]) -> np.ndarray:
    """Millimetres ``(k, v)`` that one unit of each track's error moves each vertex at most."""
    controls = prepared.kept.solved.controls
    reach = reach_of(prepared.picked, prepared.scene, controls)
    rows: list[np.ndarray] = []
    none = np.zeros(len(next(iter(reach.values()), ())))
    for own in owns:
        keys = [controls[column] for column in own.columns]
        if own.track.kind in {"QUATERNION", "AXIS_ANGLE", "EULER"}:
            # about whatever axis it turns: no farther than its three turns together
            three = {replace(key, index=axis) for key in keys for axis in range(3)}
            squares = [reach[key].astype(np.float64) ** 2 for key in three if key in reach]
            rows.append(np.sqrt(np.sum([none, *squares], axis=0)))
        else:
            parts = [reach[key].astype(np.float64) for key in keys if key in reach]
            rows.append(np.max([none, *parts], axis=0))
    return np.stack(rows)


def _largest_gap(
    poser: CurvePoser,
    targets: Sequence[Target],
    owns: Sequence[_Own],
    made: Sequence[tuple[Keys, ...]],
) -> float:
    """Millimetres by which vertices are off at the frames that promise most."""
    frames = max((own.track.frames for own in owns), key=len)
    off = np.zeros(len(frames))
    for own, keys in zip(owns, made, strict=True):
        if np.array_equal(own.track.frames, frames):
            error = own.track.error(keys)
            off += error / max(float(error.max()), 1e-12)
    looks = min(max(MOST_VERTICES // max(poser.count, 1), FEWEST), LOOKS, len(frames))
    parts = np.array_split(np.arange(len(frames)), looks)
    rows = np.array([int(part[np.argmax(off[part])]) for part in parts])
    at = frames[rows]
    dense: dict[int, np.ndarray] = {}
    few: dict[int, np.ndarray] = {}
    for number, target in enumerate(targets):
        dense[number] = np.stack(
            [np.interp(at, curve.frames, curve.values) for curve in target.curves], axis=1
        )
        few[number] = dense[number].copy()
    for own, keys in zip(owns, made, strict=True):
        for column, place in enumerate(own.places):
            few[own.target][:, place] = keys[column].at(at)
    gap = 0.0
    for row in range(len(at)):
        apart = poser.points(dense, row) - poser.points(few, row)
        gap = max(gap, float(np.sqrt((apart**2).sum(axis=1)).max(initial=0.0)))
    return 1000.0 * gap
