# SPDX-License-Identifier: GPL-3.0-or-later
"""Blinks that are being dragged: only keys that they touch get values, and get theirs back.

What plays is worked out for the stretch between the neighbours alone. Steps behind that of the
blinks are not run meanwhile, nor are lids brought together anew: what they changed goes along. When
the blink is let go all of it is run.

Blender copies an Action as a whole before it evaluates it anew, which lasts too long where it has
very many keys. There the copy alone gets the values, and so it does where keys were reduced: the
face moves, curves wait until the blink is let go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import bpy
import numpy as np

from ...core.arrays import BoolArray, FloatArray, IntArray
from ...core.controls import BONE
from ...core.curves import Curve
from ...core.events.blinks.records import BlinkEdit
from ...core.events.listing.listed import EventName, Listed
from ...core.events.listing.local import Stretch, stretch_around
from ...core.events.listing.steps import step_place
from ...core.rig_maps.retargeting import SolveResult
from ...core.stack.weights import FrameClock, step_weights
from ..writing.keys import find_channelbag
from ..writing.targets import Target, make_targets
from ..writing.written import load_written
from .reading import EventTake
from .windows import Window, columns_that_differ, of_columns, open_window, warped

#: A curve is followed where it has keys on this part of the frames.
_DENSE = 0.9
_HANDLES = ("handle_left", "handle_right", "co")
#: More keys than these are very many.
MANY_KEYS = 1_000_000


@dataclass
class _Held:
    """One F-curve: its keys before the drag, and those in the stretch."""

    datablock: bpy.types.ID
    slot: int
    fcurve: bpy.types.FCurve
    before: dict[str, FloatArray]
    keys: IntArray
    rows: IntArray
    base: FloatArray
    shown: FloatArray
    same: BoolArray
    is_sparse: bool = False


@dataclass
class BlinkDrag:
    """Blinks of a performance in a person's hand.

    Attributes
    ----------
    source : EventTake
    stretch : Stretch
    window : Window or None
        None where nothing can be shown before they are let go.
    """

    source: EventTake
    stretch: Stretch
    window: Window | None
    _before: tuple[Listed, ...]
    _base: FloatArray
    _weights: FloatArray
    _depsgraphs: tuple[bpy.types.Depsgraph, ...] = ()
    _old: SolveResult | None = None
    _change: FloatArray | None = None
    _old_curves: dict[tuple[str, str, int], FloatArray] = field(
        default_factory=dict[tuple[str, str, int], FloatArray]
    )
    _held: dict[tuple[str, str, int], _Held | None] = field(
        default_factory=dict[tuple[str, str, int], "_Held | None"]
    )
    _slots: dict[str, list[int]] = field(default_factory=dict[str, "list[int]"])

    def show(self, edits: Sequence[BlinkEdit]) -> tuple[Listed, ...]:
        """Put values into the keys as other edits would have them.

        Nothing of the stack or of what is remembered with the performance changes.

        Returns
        -------
        tuple of Listed
            The blinks of the stretch as they are then.
        """
        now = self.stretch.listed(edits)
        if self.window is None or self._old is None:
            return now
        change = self.stretch.edited(edits) - self._base
        part, played = self.stretch.take, self.window.part
        values = np.array(played.values, np.float64)
        for column in np.flatnonzero(change.any(axis=0)).tolist():
            name = part.names[column]
            if name in played.names:
                # steps behind may have given other times
                own = np.interp(played.times, part.times, change[:, column], left=0.0, right=0.0)
                values[:, played.column(name)] += own * self._weights
        solved = self.window.solved(values.astype(np.float32))
        self._write(solved, self._moves(now))
        return now

    def restore(self) -> None:
        """Give all keys what they had, to the bit."""
        for held in self._held.values():
            if held is None or np.array_equal(held.shown, held.base):
                continue
            if self._depsgraphs:
                # the copies until they are made anew
                self._show(held, held.base)
                held.datablock.update_tag(refresh={"TIME"})
                continue
            for name, values in held.before.items():
                held.fcurve.keyframe_points.foreach_set(name, values)
            held.fcurve.update()
            held.shown = held.base.copy()
        self.source.performance.action.update_tag()

    # ------------------------------------------------------------ keys

    def _moves(self, now: Sequence[Listed]) -> list[tuple[FloatArray, FloatArray]]:
        """Frames of blinks whose lids were brought together: where they were, and are."""
        there = {event.name: event for event in now if not event.is_gone}
        out: list[tuple[FloatArray, FloatArray]] = []
        for was in self._before:
            then = there.get(was.name)
            if was.is_gone or then is None or then == was:
                continue
            places = [
                self.source.frames(np.array([e.onset_s, e.apex_s, e.offset_s])) for e in (was, then)
            ]
            out.append((places[0], places[1]))
        return out

    def _write(self, solved: SolveResult, moves: list[tuple[FloatArray, FloatArray]]) -> None:
        """Values of the keys that differ from what is shown."""
        window, old = self.window, self._old
        assert window is not None
        assert old is not None
        if solved.controls != old.controls:
            return
        values = solved.values
        before = old.values
        if self._change is not None:
            before = before + self._change
            values = values + warped(self._change, window.frames, moves)
        columns = self._whole_bones(solved, columns_that_differ(values, before))
        touched: set[tuple[str, str, int]] = set()
        for target, curve in self._curves(of_columns(solved, values, columns)):
            place = _place(target, curve)
            touched.add(place)
            held = self._hold(target, curve, of_columns(old, before, columns))
            if held is not None:
                own = curve.values[held.rows]
                was = self._old_curves[place][held.rows]
                # keys that were changed by hand keep what they were changed by
                self._show(held, np.where(held.same, own, held.base + (own - was)))
        for place, held in self._held.items():
            if held is not None and place not in touched:
                self._show(held, held.base)
        if not self._depsgraphs:
            self.source.performance.action.update_tag()

    def _show(self, held: _Held, values: FloatArray) -> None:
        """Other values for keys that show others."""
        values = values.astype(np.float32)
        rows = np.flatnonzero(values != held.shown)
        if not len(rows):
            return
        fcurves = [held.fcurve]
        if self._depsgraphs:
            fcurves = self._evaluated(held)
            held.datablock.update_tag(refresh={"TIME"})
        if held.is_sparse:
            self._show_sparse(fcurves, values, rows)
            held.shown[rows] = values[rows]
            return
        keys, numbers = held.keys[rows].tolist(), values[rows].tolist()
        for points in (fcurve.keyframe_points for fcurve in fcurves):
            for key, value in zip(keys, numbers, strict=True):
                # handles go along; to have them all computed anew would last too long
                points[key].co_ui[1] = value
        held.shown[rows] = values[rows]

    def _show_sparse(
        self, fcurves: Sequence[bpy.types.FCurve], values: FloatArray, rows: IntArray
    ) -> None:
        """Values on all frames of the stretch in copies of a curve with few keys."""
        assert self.window is not None
        frames = self.window.frames.astype(np.float32)
        for fcurve in fcurves:
            places = np.empty(2 * len(fcurve.keyframe_points), np.float32)
            fcurve.keyframe_points.foreach_get("co", places)
            here = (places[0::2] >= frames[0]) & (places[0::2] <= frames[-1])
            few = int(here.sum()) < len(frames)
            # a copy that Blender has made anew lacks all of them
            mine = np.arange(len(frames)) if few else rows
            for frame, value in zip(frames[mine].tolist(), values[mine].tolist(), strict=True):
                key = fcurve.keyframe_points.insert(frame, value, options={"FAST"})
                key.interpolation = "LINEAR"
            if few:
                fcurve.update()

    def _evaluated(self, held: _Held) -> list[bpy.types.FCurve]:
        """An F-curve in Blender's copies of the Action."""
        own, out = held.fcurve, list[bpy.types.FCurve]()
        for depsgraph in self._depsgraphs:
            copied: Any = self.source.performance.action.evaluated_get(depsgraph)
            bags = [b for layer in copied.layers for s in layer.strips for b in s.channelbags]
            for bag in bags:
                if copied.is_evaluated and bag.slot_handle == held.slot:
                    found = bag.fcurves.find(own.data_path, index=own.array_index)
                    out += [] if found is None else [found]
        return out

    def _curves(self, solved: SolveResult) -> list[tuple[Target, Curve]]:
        window = self.window
        assert window is not None
        targets = make_targets(
            window.picked, solved, window.frames, drop_unknown=False, head_bones=frozenset()
        )
        return [(target, curve) for target in targets for curve in target.curves]

    def _whole_bones(self, solved: SolveResult, columns: IntArray) -> IntArray:
        """Columns with those of the same turn: its numbers belong together."""
        turns = {
            (solved.controls[c].owner, solved.controls[c].path)
            for c in columns.tolist()
            if solved.controls[c].kind == BONE
        }
        own = set(columns.tolist())
        own |= {c for c, key in enumerate(solved.controls) if (key.owner, key.path) in turns}
        return np.array(sorted(own), np.int64)

    def _hold(self, target: Target, curve: Curve, old: SolveResult) -> _Held | None:
        """The F-curve of a curve, and what it is; None where it cannot be followed."""
        place = _place(target, curve)
        if place not in self._held:
            for each, line in self._curves(old):
                self._old_curves.setdefault(_place(each, line), line.values)
            was = self._old_curves[place]
            self._held[place] = self._found(target, curve, was)
        return self._held[place]

    def _found(self, target: Target, curve: Curve, was: FloatArray) -> _Held | None:
        window = self.window
        assert window is not None
        found = self._fcurve(target, curve)
        if found is None or not len(found[1].keyframe_points):
            return None
        slot, fcurve = found
        before: dict[str, FloatArray] = {}
        for name in _HANDLES:
            before[name] = np.empty(2 * len(fcurve.keyframe_points), np.float32)
            fcurve.keyframe_points.foreach_get(name, before[name])
        frames = before["co"][0::2]
        wanted = window.frames.astype(np.float32)
        keys = np.searchsorted(frames, wanted - 1e-3)
        there = (keys < len(frames)) & (
            np.abs(frames[np.minimum(keys, len(frames) - 1)] - wanted) < 1e-3
        )
        rows = np.flatnonzero(there)
        if len(rows) < _DENSE * len(wanted):
            if not self._depsgraphs:
                return None
            # the copy gets a key on each frame
            rows = np.arange(len(wanted))
            plain = was.copy(), was.copy(), np.ones(len(wanted), np.bool_)
            return _Held(target.datablock, slot, fcurve, before, rows, rows, *plain, is_sparse=True)
        base = before["co"][1::2][keys[rows]].copy()
        return _Held(
            target.datablock,
            slot,
            fcurve,
            before,
            keys[rows],
            rows,
            base,
            base.copy(),
            base == was[rows],
        )

    def _fcurve(self, target: Target, curve: Curve) -> tuple[int, bpy.types.FCurve] | None:
        """The F-curve of a curve, and the handle of its slot."""
        action = self.source.performance.action
        if not self._slots:
            for written in load_written(action) or ():
                self._slots[_datablock(written.datablock)] = list(written.slots)
        handles = self._slots.get(_datablock(target.datablock), [])
        for slot in action.slots:
            if slot.handle in handles and (bag := find_channelbag(action, slot)) is not None:
                found = bag.fcurves.find(curve.path, index=curve.index)
                if found is not None:
                    return slot.handle, found
        return None


def _place(target: Target, curve: Curve) -> tuple[str, str, int]:
    return _datablock(target.datablock), curve.path, curve.index


def _datablock(datablock: bpy.types.ID) -> str:
    return f"{datablock.bl_rna.identifier} {datablock.name_full}"


def _count_keys(action: bpy.types.Action) -> int:
    bags = [b for layer in action.layers for s in layer.strips for b in s.channelbags]
    return sum(len(fcurve.keyframe_points) for bag in bags for fcurve in bag.fcurves)


def begin_drag(scene: bpy.types.Scene, source: EventTake, names: Sequence[EventName]) -> BlinkDrag:
    """Take blinks in hand; nothing is changed yet."""
    step = source.blink_step()
    stretch = stretch_around(step, names)
    base = stretch.edited(step.params.edits)
    times = stretch.take.times
    place = step_place(source.stack, "blinks")
    shows = not source.options.shows_raw
    window = open_window(scene, source, float(times[0]), float(times[-1])) if shows else None
    weights = np.ones(1)
    if window is not None:
        weights = np.ones(window.part.samples)
        if place is not None and source.stack.steps[place].acts:
            clock = FrameClock.of_take(source.take)
            weights = step_weights(source.stack.steps[place], window.part.times, clock)
    before = stretch.listed(step.params.edits)
    copies = tuple(v.depsgraph for v in scene.view_layers if v.depsgraph is not None)
    many = _count_keys(source.performance.action) > MANY_KEYS or source.options.reduce is not None
    drag = BlinkDrag(
        source, stretch, window, before, base, weights, _depsgraphs=copies if many else ()
    )
    if window is not None:
        drag._old = window.solved(window.part.values)
        drag._change = window.contact_change(drag._old)
    return drag
