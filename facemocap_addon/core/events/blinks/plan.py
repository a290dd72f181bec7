# SPDX-License-Identifier: GPL-3.0-or-later
"""What shall become of each blink: edits carried over to shapes, nothing drawn yet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .blink import Blink, EyeBlink
from .finding import Found
from .lids import Lid
from .matching import match_apexes
from .records import BlinkEdit
from .shape import Shape

#: What a softened blink becomes slower by, wholly softened: closing, reopening (factors).
SOFT = (1.7, 2.2)
#: Blinks whose apexes are this far apart (seconds) at most can be merged.
_MERGE_S = 0.8
#: A blink that is inserted where the take has none to be like (seconds): usual figures.
_USUAL = (0.082, 0.013, 0.028)
#: Decimals of seconds in which times are the same.
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Settings:
    """What is done to all blinks.

    Attributes
    ----------
    softness : float
    closing, opening, gain : float
        Factors of the time of closing and reopening, and of how far the lid closes.
    full_closure : bool
    lag_s : float or None
        How much later right eyes close; None as recorded.
    eyes_along : bool
        What the tracker reads off blinks as looking down goes with them.
    """

    softness: float = 0.0
    closing: float = 1.0
    opening: float = 1.0
    gain: float = 1.0
    full_closure: bool = False
    lag_s: float | None = None
    eyes_along: bool = True


@dataclass
class EyePlan:
    """One eye of a blink that shall be.

    Attributes
    ----------
    side : str
    shape : Shape
        In the place where the blink was found, or shall be when it is new.
    level : float
        Value of eyeBlink that the shape reaches at the apex.
    peak : float
        The highest value, with the blink's own detail.
    source : EyeBlink or None
        Whose detail it has; None for none.
    """

    side: str
    shape: Shape
    level: float
    peak: float
    source: EyeBlink | None


@dataclass
class BlinkPlan:
    """One blink that shall be, or that was.

    Attributes
    ----------
    eyes : list of EyePlan
        None of them for a blink that is deleted.
    apex_s : float
        Where it was found, or is wanted when it is new.
    move_s : float
        How much later.
    source : Blink or None
        None for one that is new.
    side : str
    reorder : bool
        Whether it may pass others.
    origin_s : float or None
        Apex of the blink that it is a copy of.
    """

    eyes: list[EyePlan]
    apex_s: float
    source: Blink | None
    side: str
    move_s: float = 0.0
    reorder: bool = False
    origin_s: float | None = None

    @property
    def lead(self) -> EyePlan:
        """The eye that closes farther."""
        return max(self.eyes, key=lambda eye: eye.shape.rise)


def plan_blinks(
    found: Found, edits: Iterable[BlinkEdit], settings: Settings
) -> tuple[list[BlinkPlan], list[BlinkEdit]]:
    """All blinks as they shall be, in the order in which they were found and then made.

    Returns
    -------
    plans : list of BlinkPlan
    unmatched : list of BlinkEdit
        Those whose blink is not there.
    """
    records = list(edits)
    plans = [_of_blink(blink, found.lids) for blink in found.blinks]
    count = len(plans)
    creates = {_made_at(edit): edit for edit in reversed(records) if edit.op in ("insert", "copy")}
    about = [edit for edit in records if edit.op != "insert" and _rounded(edit) not in creates]
    keys = sorted({(edit.at_s, edit.side) for edit in about})
    where = dict(zip(keys, match_apexes(keys, found.blinks), strict=True))
    made: dict[tuple[float, str], BlinkPlan] = {}
    unmatched: list[BlinkEdit] = []
    for edit in records:
        if edit.op == "insert":
            new = _inserted(edit, found)
        else:
            target = made.get(_rounded(edit))
            place = where.get((edit.at_s, edit.side))
            if target is None and place is not None:
                target = plans[place]
            if target is None:
                unmatched.append(edit)
                continue
            if edit.op != "copy":
                if not _apply(target, edit, plans[:count], found.lids):
                    unmatched.append(edit)
                continue
            new = _copied(target, edit)
        if new is None:
            unmatched.append(edit)
        else:
            made[_made_at(edit)] = new
            plans.append(new)
    for plan in plans:
        _set(plan, settings, found.lids)
    return plans, unmatched


def _rounded(edit: BlinkEdit) -> tuple[float, str]:
    """Which blink an edit is about."""
    return round(edit.at_s, _DIGITS), edit.side


def _made_at(edit: BlinkEdit) -> tuple[float, str]:
    """Which blink an edit makes: others name it by the time that it was asked for at."""
    at = edit.at_s if edit.to_s is None else edit.to_s
    return round(at, _DIGITS), edit.side


def _of_blink(blink: Blink, lids: dict[str, Lid]) -> BlinkPlan:
    eyes: list[EyePlan] = []
    for eye in blink.eyes:
        lid = lids[eye.side]
        peak = lid.rest + eye.closure * (lid.full - lid.rest)
        eyes.append(EyePlan(eye.side, eye.shape, eye.before + eye.shape.rise, peak, eye))
    return BlinkPlan(eyes, blink.apex_s, blink, blink.side)


def _inserted(edit: BlinkEdit, found: Found) -> BlinkPlan | None:
    """A blink with the durations that are usual in its take."""
    closing, hold, tau = usual_durations(found.blinks)
    eyes: list[EyePlan] = []
    for side, lid in found.lids.items():
        if edit.side in ("B", side):
            rise = edit.amount * (lid.shut - lid.rest)
            start = edit.at_s - closing - 0.5 * hold
            shape = Shape(start, closing, hold, tau, rise)
            eyes.append(EyePlan(side, shape, lid.rest + rise, lid.rest + rise, None))
    return BlinkPlan(eyes, edit.at_s, None, edit.side) if eyes else None


def usual_durations(blinks: Sequence[Blink]) -> tuple[float, float, float]:
    """Median closing, hold and time constant of a take's blinks (seconds)."""
    shapes = [b.lead.shape for b in blinks if b.kind in ("full", "partial", "double")]
    if len(shapes) < 3:
        return _USUAL
    rows = np.array([(s.closing_s, s.hold_s, s.tau_s) for s in shapes])
    closing, hold, tau = np.median(rows, axis=0).tolist()
    return closing, hold, tau


def _copied(plan: BlinkPlan, edit: BlinkEdit) -> BlinkPlan | None:
    """The same blink at another time; None of one that was deleted."""
    if not plan.eyes or edit.to_s is None:
        return None
    by = edit.to_s - plan.lead.shape.apex_s
    eyes = [EyePlan(e.side, e.shape.moved(by), e.level, e.peak, e.source) for e in plan.eyes]
    origin = plan.origin_s if plan.source is None else plan.apex_s
    return BlinkPlan(eyes, edit.to_s, None, plan.side, origin_s=origin)


# ---------------------------------------------------------------- single edits


def about_apex(shape: Shape, **changes: float) -> Shape:
    """A shape with other durations whose apex stays where it is."""
    new = replace(shape, **changes)
    return new.moved(shape.apex_s - new.apex_s)


def _apply(plan: BlinkPlan, edit: BlinkEdit, others: list[BlinkPlan], lids: dict[str, Lid]) -> bool:
    """One edit of one blink; False where it cannot be done."""
    if edit.op == "move":
        plan.reorder = plan.reorder or edit.reorder
        if edit.to_s is not None:
            plan.move_s = edit.to_s - plan.apex_s
        else:
            plan.move_s += edit.amount
        return True
    if edit.op == "delete":
        plan.eyes = [eye for eye in plan.eyes if edit.eye not in ("B", eye.side)]
        return True
    if edit.op == "merge":
        return _merge(plan, others)
    if edit.op == "lag":
        return _lag(plan, edit.amount)
    for eye in plan.eyes:
        if edit.eye in ("B", eye.side):
            _reshape(eye, edit.op, edit.amount, lids[eye.side])
    return True


def _reshape(eye: EyePlan, op: str, amount: float, lid: Lid) -> None:
    """Another shape of one eye's blink."""
    shape = eye.shape
    if op == "closing":
        eye.shape = about_apex(shape, closing_s=shape.closing_s * amount)
    elif op == "opening":
        eye.shape = about_apex(shape, tau_s=shape.tau_s * amount)
    elif op == "duration":
        eye.shape = about_apex(
            shape,
            closing_s=shape.closing_s * amount,
            hold_s=shape.hold_s * amount,
            tau_s=shape.tau_s * amount,
        )
    elif op == "hold":
        # the lid closes when it did, and opens later
        eye.shape = replace(shape, hold_s=amount)
    elif op == "soften":
        eye.shape = about_apex(
            shape,
            closing_s=shape.closing_s * SOFT[0] ** amount,
            tau_s=shape.tau_s * SOFT[1] ** amount,
        )
    elif op == "hesitate":
        eye.shape = about_apex(shape, hesitation_s=amount)
    elif op == "tension":
        eye.shape = replace(shape, tension=amount)
    elif op == "amplitude":
        _raise(eye, shape.rise * (amount - 1.0))
    elif op in ("close", "partial"):
        share = 1.0 if op == "close" else amount
        _raise(eye, lid.rest + share * (lid.shut - lid.rest) - eye.peak)


def _raise(eye: EyePlan, by: float) -> None:
    """The apex higher; never below the open lid."""
    by = max(by, -eye.shape.rise)
    eye.level, eye.peak = eye.level + by, eye.peak + by
    eye.shape = replace(eye.shape, rise=eye.shape.rise + by)


def _lag(plan: BlinkPlan, amount: float) -> bool:
    """The right eye later than the left by so much; each goes half of the way."""
    sides = {eye.side: eye for eye in plan.eyes}
    if len(sides) < 2:
        return False
    left, right = sides["L"], sides["R"]
    by = 0.5 * (amount - (right.shape.half_s - left.shape.half_s))
    left.shape, right.shape = left.shape.moved(-by), right.shape.moved(by)
    return True


def _merge(plan: BlinkPlan, others: list[BlinkPlan]) -> bool:
    """The blink goes on until the end of the next one, which is no more."""
    if not plan.eyes:
        return False
    later = [
        other
        for other in others
        if other.eyes and other.side == plan.side and 0.0 < other.apex_s - plan.apex_s <= _MERGE_S
    ]
    if not later:
        return False
    then = min(later, key=lambda other: other.apex_s)
    ends = {eye.side: eye for eye in then.eyes}
    for eye in plan.eyes:
        end = ends.get(eye.side)
        if end is None:
            continue
        hold = max(end.shape.opens_s - eye.shape.closed_s, eye.shape.hold_s)
        by = max(end.level - eye.level, 0.0)
        eye.shape = replace(eye.shape, hold_s=hold, tau_s=end.shape.tau_s)
        eye.source = None
        _raise(eye, by)
    then.eyes = []
    return True


def _set(plan: BlinkPlan, settings: Settings, lids: dict[str, Lid]) -> None:
    """What is done to all blinks, done to one; closed eyes keep their times."""
    long = plan.source is not None and plan.source.kind == "long"
    both = plan.side == "B"
    for eye in plan.eyes:
        if settings.softness and not long:
            _reshape(eye, "soften", settings.softness, lids[eye.side])
        if settings.closing != 1.0:
            _reshape(eye, "closing", settings.closing, lids[eye.side])
        if settings.opening != 1.0:
            _reshape(eye, "opening", settings.opening, lids[eye.side])
        if settings.gain != 1.0:
            _reshape(eye, "amplitude", settings.gain, lids[eye.side])
        shut = both or eye is plan.lead
        if settings.full_closure and shut and not _is_partial(plan):
            # what is shut farther already stays so
            _raise(eye, max(lids[eye.side].shut - eye.peak, 0.0))
    if settings.lag_s is not None:
        _lag(plan, settings.lag_s)


def _is_partial(plan: BlinkPlan) -> bool:
    return plan.source is not None and plan.source.kind == "partial"
