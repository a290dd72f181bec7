# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of blinks drawn into the take: each changed blink is taken off its lid and put back.

What the fit does not explain stays. Of that the quick part, which is the blink's own, goes with it;
the slow part, such as a squint under the blink, stays where it was. So does the gaze, but for what
the tracker read off the blink itself. Samples outside the windows of
changed blinks keep every bit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from ...arrays import FloatArray
from ...take import Take
from .blink import Blink, EyeBlink
from .finding import Found, find_with_lids
from .lids import Lid
from .placing import place_blinks
from .plan import BlinkPlan, EyePlan, Settings, plan_blinks
from .records import BlinkEdit
from .shape import ENDED, Shape, reopening

#: Least time (seconds) from apex to apex of what is moved or new.
SPACING_S = 0.5
#: A blink that is put onto a lid that is nearly as far shut already rises by this part at least.
_LEAST_RISE = 0.15
#: Parts of a blink's window in which its own detail fades in and out.
_FADES = (0.15, 0.3)
#: An eye that seems to look down by less than this part of a blink does not go along.
_MISREAD = 0.05
#: So many blinks before and after one may reach into it.
_NEIGHBOURS = 4
#: Within this time (seconds) a squint is straight.
_BENDS_S = 0.33
#: Fewer samples than this say nothing of what is slow.
_FEWEST = 6


@dataclass(frozen=True, slots=True)
class Edited:
    """A take with its blinks edited.

    Attributes
    ----------
    take : Take
        The same object where nothing changes.
    found : tuple of Blink
        The blinks before.
    windows : tuple of (float, float)
        Seconds outside which nothing changed, in order.
    unmatched : tuple of BlinkEdit
        Edits whose blinks are not there; nothing was done for them.
    counts : dict
        ``found``, ``changed``, ``held_back`` (moved less far than asked), ``dropped`` (new ones
        that had no room).
    """

    take: Take
    found: tuple[Blink, ...]
    windows: tuple[tuple[float, float], ...]
    unmatched: tuple[BlinkEdit, ...]
    counts: dict[str, int] = field(default_factory=dict[str, int])


def edit_blinks(
    take: Take,
    edits: Iterable[BlinkEdit] = (),
    settings: Settings | None = None,
    *,
    spacing_s: float = SPACING_S,
    found: Found | None = None,
) -> Edited:
    """A take with edits of single blinks, then settings of all blinks, carried out.

    Parameters
    ----------
    take : Take
    edits : iterable of BlinkEdit
        In their order.
    settings : Settings, optional
    spacing_s : float
        Least time from apex to apex of blinks that are moved or new; less where they had less.
    found : Found, optional
        What `finding.find_with_lids` gives, where it is known already.
    """
    own = found or find_with_lids(take)
    plans, unmatched = plan_blinks(own, edits, settings or Settings())
    counts = place_blinks(plans, take.times, spacing_s)
    changed = [plan for plan in plans if _is_changed(plan)]
    values, windows = _drawn(take, own, changed, eyes_along=(settings or Settings()).eyes_along)
    counts = {"found": len(own.blinks), "changed": len(changed), **counts}
    out = take if values is None else take.changed("blinks edited", values=values)
    return Edited(out, own.blinks, windows, tuple(unmatched), counts)


def _is_changed(plan: BlinkPlan) -> bool:
    if plan.source is None:
        return bool(plan.eyes)
    if plan.move_s or len(plan.eyes) < len(plan.source.eyes):
        return True
    return any(eye.source is None or eye.shape != eye.source.shape for eye in plan.eyes)


@dataclass
class _Canvas:
    """One lid while it is drawn on."""

    lid: Lid
    times: FloatArray
    opened: FloatArray
    change: FloatArray
    windows: list[tuple[float, float]]

    def rows(self, start_s: float, end_s: float) -> slice:
        """Samples strictly inside a stretch of seconds."""
        first = int(np.searchsorted(self.times, start_s, side="right"))
        return slice(first, max(int(np.searchsorted(self.times, end_s, side="left")), first))


@dataclass(frozen=True, slots=True)
class _Own:
    """A blink's own detail ``(w,)`` at times, and its shape there, 0 to 1."""

    times: FloatArray
    values: FloatArray
    closed: FloatArray

    @property
    def top(self) -> float:
        """How much of its shape a sample has at most."""
        return float(self.closed.max(initial=0.0))


def _drawn(
    take: Take, found: Found, changed: list[BlinkPlan], *, eyes_along: bool
) -> tuple[FloatArray | None, tuple[tuple[float, float], ...]]:
    """Values ``(n, c)`` with the changed blinks, None where there are none; and their windows."""
    if not changed:
        return None, ()
    canvas = {
        side: _Canvas(lid, take.times, lid.values.copy(), np.zeros(take.samples), [])
        for side, lid in found.lids.items()
    }
    shapes = {
        side: [eye for blink in found.blinks for eye in blink.eyes if eye.side == side]
        for side in found.lids
    }
    details: dict[int, _Own] = {}
    places = {id(eye): place for eyes in shapes.values() for place, eye in enumerate(eyes)}

    def own_of(eye: EyeBlink) -> _Own:
        if id(eye) not in details:
            place = places[id(eye)]
            near = shapes[eye.side][max(place - _NEIGHBOURS, 0) : place + _NEIGHBOURS + 1]
            part = canvas[eye.side].rows(eye.shape.start_s, eye.shape.end_s)
            details[id(eye)] = _own(eye, canvas[eye.side].lid, near, take.times[part], part)
        return details[id(eye)]

    for plan in changed:
        for eye in plan.source.eyes if plan.source else ():
            own, lid = own_of(eye), canvas[eye.side]
            part = lid.rows(eye.shape.start_s, eye.shape.end_s)
            taken = eye.shape.rise * own.closed + own.values
            lid.opened[part] -= taken
            lid.change[part] -= taken
            lid.windows.append((eye.shape.start_s, eye.shape.end_s))
    for plan in changed:
        for eye in plan.eyes:
            detail = None if eye.source is None else own_of(eye.source)
            _put(plan, eye, canvas[eye.side], detail)
    values = np.array(take.values)
    for own in canvas.values():
        rows = np.flatnonzero((own.change != 0.0) & own.lid.valid)
        before = own.lid.values[rows]
        after = np.clip(before + own.change[rows], np.minimum(before, 0.0), np.maximum(before, 1.0))
        values[rows, own.lid.column] = after.astype(np.float32)
        if eyes_along:
            _draw_gaze(take, own, values)
    return values, _joined([each for own in canvas.values() for each in own.windows])


def _draw_gaze(take: Take, own: _Canvas, values: FloatArray) -> None:
    """What the tracker read off a blink as looking down goes where the blink goes."""
    lid, column = own.lid, own.lid.down_column
    if column is None or abs(lid.misread) < _MISREAD:
        return
    rows = np.flatnonzero((own.change != 0.0) & take.valid[:, column])
    before = lid.down[rows]
    after = before + lid.misread * own.change[rows]
    after = np.clip(after, np.minimum(before, 0.0), np.maximum(before, 1.0))
    values[rows, column] = after.astype(np.float32)


def _own(eye: EyeBlink, lid: Lid, others: list[EyeBlink], clock: FloatArray, part: slice) -> _Own:
    """What is a blink's own beside its shape: the quick part of what the fit leaves."""
    shape = eye.shape
    closed = shape.closure(clock)
    model = eye.before + shape.rise * closed
    model += (eye.after - eye.before) * reopening((clock - shape.opens_s) / shape.tau_s)
    for other in others:
        then = other.shape
        if other is not eye and then.end_s > shape.start_s and then.start_s < shape.end_s:
            model += other.shape.at(clock)
    left = lid.values[part] - model
    seen = lid.valid[part]
    if int(seen.sum()) < _FEWEST:
        return _Own(clock, np.zeros(len(clock)), closed)
    at = (clock - clock[0]) / max(float(clock[-1] - clock[0]), 1e-9)
    # what bends within a short blink is the blink's own
    degree = 2 if clock[-1] - clock[0] > _BENDS_S else 1
    design = np.stack([at**power for power in range(degree + 1)], axis=1)
    slow = design @ np.linalg.lstsq(design[seen], left[seen], rcond=None)[0]
    rise, fall = _FADES
    fade = np.clip(np.minimum(at / rise, (1.0 - at) / fall), 0.0, 1.0)
    detail = np.where(seen, left - slow, 0.0) * fade * fade * (3.0 - 2.0 * fade)
    return _Own(clock, detail, closed)


def _put(
    plan: BlinkPlan,
    eye: EyePlan,
    own: _Canvas,
    detail: _Own | None,
) -> None:
    """One eye's blink drawn where it shall be."""
    source = eye.source
    shape = eye.shape.moved(plan.move_s)
    if plan.move_s or source is None or plan.source is None:
        # it closes as far as it did, from wherever the lid is there
        near = own.rows(shape.closed_s - 0.5 * shape.closing_s, shape.opens_s + shape.tau_s)
        course = own.opened[near]
        at = np.interp(shape.apex_s, own.times, own.opened)
        base = float(course.mean()) if len(course) else float(at)
        rise = max(eye.level - base, _LEAST_RISE * eye.shape.rise)
        shape = replace(shape, rise=rise)
    part = own.rows(shape.start_s, shape.end_s)
    clock = own.times[part]
    closed = shape.closure(clock)
    drawn = shape.rise * closed
    if source is not None and detail is not None:
        drawn += _played(source.shape, detail, shape, clock)
    if len(clock):
        # where the peak falls between two samples, the nearer one has it
        share = 1.0 if detail is None else detail.top
        if float(closed.max()) < share - 1e-6:
            place = int(np.abs(clock - shape.apex_s).argmin())
            drawn[place] = max(drawn[place], share * shape.rise)
    own.change[part] += drawn
    own.windows.append((shape.start_s, shape.end_s))


def _played(old: Shape, detail: _Own, shape: Shape, clock: FloatArray) -> FloatArray:
    """A blink's own detail at the phases of another shape ``(w,)``."""
    ends = old.opens_s + ENDED * old.tau_s
    # holds of no length leave two phases at one time
    opens = max(shape.opens_s, shape.closed_s + 1e-9)
    to = [shape.start_s, shape.closed_s, opens, opens + ENDED * shape.tau_s]
    origin = [old.start_s, old.closed_s, old.opens_s, ends]
    back = np.interp(clock, to, origin)
    same = shape.closing_s == old.closing_s and shape.hold_s == old.hold_s
    if same and shape.tau_s == old.tau_s and not shape.hesitation_s:
        back = clock - (shape.start_s - old.start_s)
    if not len(detail.times):
        return np.zeros(len(clock))
    played = np.interp(back, detail.times, detail.values, left=0.0, right=0.0)
    return played * (shape.rise / max(old.rise, 1e-6))


def _joined(windows: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Stretches that overlap made one, in order."""
    out: list[tuple[float, float]] = []
    for start, end in sorted(windows):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], end))
        else:
            out.append((start, end))
    return tuple(out)
