# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand edits carried from the curves of an Action onto those that are about to replace them.

The edits are added into the curves themselves and remembered beside them (`written`), not played
from an NLA strip above: an Action has one layer, a strip is not edited in the Graph Editor without
leaving the Action, shape keys clamp what each layer gives, and a copy, an export or a link of the
Action alone would lose it. In the curve an added key is a key that the animator can grab again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import bpy

from ...core.curves import Curve
from ...core.hand_edits.finding import Edit, find_edits
from ...core.hand_edits.keys import Keys, curve_of, keys_of
from ...core.hand_edits.merging import (
    Compose,
    add_edits,
    add_numbers,
    keep_edits,
    turn_axis_angles,
    turn_quaternions,
)
from ...core.reduction.edited import Dense, add_on_few, keep_on_few
from .keys import find_channelbag, has_plain_keys, read_curve, read_keys
from .targets import Target
from .written import Place, Places, Written, WrittenCurve, load_written, written_curve

Mode = Literal["ADD", "KEEP", "DISCARD"]
#: What curves with few keys stand for; None where each frame has a key.
Beneath = Callable[[Any, Sequence[Place]], Dense | None]

_TURNS: dict[str, Compose] = {
    "rotation_quaternion": turn_quaternions,
    "rotation_axis_angle": turn_axis_angles,
}
_ALL_FOUR = (0, 1, 2, 3)


@dataclass
class Told:
    """What became of hand edits, for the report; curves by their names."""

    kept: dict[str, int] = field(default_factory=dict[str, int])
    discarded: dict[str, int] = field(default_factory=dict[str, int])
    waiting: dict[str, int] = field(default_factory=dict[str, int])
    gone: list[str] = field(default_factory=list[str])
    own: list[str] = field(default_factory=list[str])


@dataclass
class Carried:
    """One datablock's curves, hand edits on them.

    Attributes
    ----------
    target : Target
        With the curves to write.
    written : Written
        What to remember of them.
    leave : set of Place
        The animator's own curves in our slots, which stay.
    edited : set of Place
        Curves that are not plain, to be read back once Blender has computed their handles.
    before : Written or None
        What was written last time.
    untouched : set of Place
        Curves that stand just as they were written then, plain.
    """

    target: Target
    written: Written
    leave: set[Place] = field(default_factory=set[Place])
    edited: set[Place] = field(default_factory=set[Place])
    before: Written | None = None
    untouched: set[Place] = field(default_factory=set[Place])


def carry_edits(
    action: bpy.types.Action | None,
    targets: Sequence[Target],
    mode: Mode,
    beneath: Beneath = lambda _datablock, _places: None,
) -> tuple[list[Carried], list[Written], Told]:
    """The curves to write: the program's new ones, and on them what was edited by hand.

    Nothing is changed. ``action`` is the one that holds what was written before, if any;
    ``beneath`` gives what curves with few keys stand for.

    Returns
    -------
    carried : list of Carried
        One for each target.
    waiting : list of Written
        Edits on datablocks that are not animated now.
    told : Told
    """
    told = Told()
    before = (load_written(action) if action else None) or []
    known = {each.datablock: _Found(action, each, mode) for each in before if action}
    carried = [
        _carry(target, known.pop(target.datablock, None), mode, told, beneath) for target in targets
    ]
    waiting: list[Written] = []
    for found in known.values():
        rest = Written(found.written.datablock, [], {}, found.edits, set())
        if mode == "DISCARD":
            _count(told.discarded, rest.edits)
        elif rest.edits:
            _count(told.waiting, rest.edits)
            waiting.append(rest)
    return carried, waiting, told


class _Found:
    """The curves of one datablock as they stand, beside what was written."""

    def __init__(self, action: bpy.types.Action, written: Written, mode: Mode) -> None:
        self.written = written
        self._fcurves: dict[Place, bpy.types.FCurve] = {}
        for slot in action.slots:
            if slot.handle in written.slots and (bag := find_channelbag(action, slot)):
                self._fcurves |= {(f.data_path, f.array_index): f for f in bag.fcurves}
        self._follow_renaming()
        written = self.written
        there = {place for place, fcurve in self._fcurves.items() if len(fcurve.keyframe_points)}
        self.untouched: set[Place] = set()
        self.own = there - written.curves.keys() - written.gone
        self.gone = written.gone | (written.curves.keys() - there)
        self.edits = self._find(mode)

    def _follow_renaming(self) -> None:
        """Blender renames curves with their bones and shape keys: those are still the same."""
        places = list(self._fcurves)
        lost = [(n, p) for n, p in enumerate(self.written.curves) if p not in self._fcurves]
        names: dict[Place, Place] = {}
        for number, old in lost:
            new = places[number] if number < len(places) else old
            if new not in self.written.curves and new[1] == old[1]:
                names[old] = new
        if not names:
            return
        written = self.written
        paths = {old[0]: new[0] for old, new in names.items()}
        curves = {names.get(place, place): curve for place, curve in written.curves.items()}
        edits = {(paths.get(path, path), each): e for (path, each), e in written.edits.items()}
        self.written = Written(written.datablock, written.slots, curves, edits, written.gone)

    def _find(self, mode: Mode) -> dict[Places, tuple[Edit, ...]]:
        known = _split(self.written.edits, self.gone)
        edits: dict[Places, tuple[Edit, ...]] = {}
        for places in _together(self.written.curves.keys() - self.gone, known):
            path, indices = places
            old = known.pop(places, ())
            curves = [self.written.curves[path, index] for index in indices]
            fcurves = [self._fcurves[path, index] for index in indices]
            afresh = mode == "KEEP" and bool(old)
            if not afresh and all(map(_is_untouched, fcurves, curves)):
                self.untouched |= {(path, index) for index in indices}
                found = old
            else:
                found = find_edits(
                    tuple(read_keys(fcurve) for fcurve in fcurves),
                    tuple(curve.written for curve in curves),
                    tuple(curve.machine for curve in curves),
                    old,
                    afresh=afresh,
                )
            if found:
                edits[places] = found
        # on curves that were not written last time
        return edits | {p: old for p, old in known.items() if (p[0], p[1][0]) not in self.gone}

    def curves_of(self, places: Iterable[Place]) -> list[Curve]:
        """Curves as they stand."""
        return [read_curve(self._fcurves[place]) for place in sorted(places)]


def _is_untouched(fcurve: bpy.types.FCurve, curve: WrittenCurve) -> bool:
    return curve.is_plain and has_plain_keys(
        fcurve, curve.frames, curve.values, curve.interpolation
    )


def _split(
    edits: dict[Places, tuple[Edit, ...]], missing: set[Place]
) -> dict[Places, tuple[Edit, ...]]:
    """Edits of a turn whose four curves are not all there are those of the single curves."""
    out: dict[Places, tuple[Edit, ...]] = {}
    for (path, indices), found in edits.items():
        lost = sum((path, index) in missing for index in indices)
        if lost in (0, len(indices)):
            out[path, indices] = found
            continue
        for row, index in enumerate(indices):
            alone = tuple(e for edit in found if (e := edit.component(row)) is not None)
            if alone:
                out[path, (index,)] = alone
    return out


def _together(places: Iterable[Place], edits: dict[Places, Any]) -> list[Places]:
    """Curves that are edited as one: the four of a turn, every other one by itself."""
    by_path: dict[str, list[int]] = {}
    for path, index in places:
        by_path.setdefault(path, []).append(index)
    out: list[Places] = []
    for path, indices in by_path.items():
        whole = _compose(path) is not add_numbers and sorted(indices) == list(_ALL_FOUR)
        if whole and not any((path, (index,)) in edits for index in indices):
            out.append((path, _ALL_FOUR))
        else:
            out += [(path, (index,)) for index in sorted(indices)]
    return out


def _compose(path: str) -> Compose:
    return _TURNS.get(path.rpartition(".")[2], add_numbers)


def _carry(
    target: Target, found: _Found | None, mode: Mode, told: Told, beneath: Beneath
) -> Carried:
    """The curves of one datablock, edits on them."""
    written = Written(target.datablock)
    if found is None:
        for curve in target.curves:
            written.curves[curve.path, curve.index] = written_curve(curve)
        return Carried(target, written)
    edits, discard = found.edits, mode == "DISCARD"
    if discard:
        _count(told.discarded, edits)
        edits = {}
        # what the animator deleted comes back, what lies on our controls goes
        new = {(curve.path, curve.index) for curve in target.curves}
        for path, _ in sorted((found.gone | found.own) & new):
            told.discarded[path] = told.discarded.get(path, 0) + 1
        own: set[Place] = found.own - new
        gone: set[Place] = set()
    else:
        own, gone = found.own, found.gone
    machine = {
        (curve.path, curve.index): curve
        for curve in target.curves
        if (curve.path, curve.index) not in own | gone
    }
    told.gone += [path for path, _ in sorted(gone)]
    told.own += [c.path for c in target.curves if (c.path, c.index) in own]
    edits = _split(edits, {(p, i) for p, each in edits for i in each} - machine.keys())
    curves: dict[Place, Keys] = {}
    for places in list(edits):
        path, indices = places
        if any((path, index) not in machine for index in indices):
            continue
        strand = tuple(keys_of(machine[path, index]) for index in indices)
        dense = beneath(target.datablock, [(path, index) for index in indices])
        if mode == "KEEP":
            keep = keep_edits if dense is None else keep_on_few
            strand, edits[places] = keep(strand, edits[places])
        elif dense is None:
            strand = add_edits(strand, edits[places], _compose(path))
        else:
            strand = add_on_few(strand, dense, edits[places], _compose(path))
        curves |= {(path, index): keys for index, keys in zip(indices, strand, strict=True)}
        _count(told.kept, {places: edits[places]})
    _count(told.waiting, {p: e for p, e in edits.items() if (p[0], p[1][0]) not in curves})
    out = Target(target.datablock, [], target.head_paths, target.columns)
    for place, curve in machine.items():
        keys = curves.get(place)
        written.curves[place] = written_curve(curve, keys)
        out.curves.append(curve if keys is None else curve_of(keys, *place, curve.group))
    written.slots, written.edits, written.gone = found.written.slots, edits, gone
    return Carried(out, written, own, set(curves), found.written, found.untouched)


def _count(counts: dict[str, int], edits: dict[Places, tuple[Edit, ...]]) -> None:
    for (path, _), found in edits.items():
        counts[path] = counts.get(path, 0) + sum(edit.edited_keys for edit in found)
