# SPDX-License-Identifier: GPL-3.0-or-later
"""Blinks listed as they are after their step's edits, known from the plans and not found anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...take import Take
from ..blinks.blink import Blink, EyeBlink
from ..blinks.finding import Found
from ..blinks.generating import generate_blinks
from ..blinks.lids import Lid
from ..blinks.matching import match_apexes
from ..blinks.placing import place_blinks
from ..blinks.plan import BlinkPlan, Settings, plan_blinks
from ..blinks.records import BlinkEdit
from ..blinks.shape import Shape
from .listed import BLINKS, EventName, Listed
from .records import DIGITS, about, makes, name_of

if TYPE_CHECKING:
    from ...stack.kinds.blinks import Blinks

#: From this closure on a new blink is a full one.
_PART = 0.75


@dataclass(frozen=True)
class BlinkStep:
    """A step of blinks, all that its edits depend on.

    Attributes
    ----------
    take : Take
        What the step is given.
    found : Found
        Its blinks.
    params : Blinks
        The step's parameters.
    made : tuple of BlinkEdit
        Edits that the step's generator writes; they come first.
    """

    take: Take
    found: Found
    params: Blinks
    made: tuple[BlinkEdit, ...]

    @property
    def settings(self) -> Settings:
        """What is done to all blinks."""
        p = self.params
        return Settings(
            p.softness, p.closing, p.opening, p.gain, p.full_closure, p.lag_s, p.eyes_along
        )

    def edits(self, own: Sequence[BlinkEdit] | None = None) -> tuple[BlinkEdit, ...]:
        """All edits, with others in the place of the step's own."""
        return (*self.made, *(self.params.edits if own is None else own))


def blink_step(take: Take, found: Found, params: Blinks, seed: int = 0) -> BlinkStep:
    """The step with what its generator makes."""
    made: tuple[BlinkEdit, ...] = ()
    if params.generate != "none" and found.lids:
        made = generate_blinks(
            take,
            found.blinks,
            context=params.context,
            replace_own=params.generate == "replace",
            rate_per_min=params.rate_per_min,
            seed=seed,
        )
    return BlinkStep(take, found, params, made)


def list_blinks(step: BlinkStep, edits: Sequence[BlinkEdit] | None = None) -> tuple[Listed, ...]:
    """Blinks after the step, in order; ``edits`` in the place of the step's own."""
    own = step.params.edits if edits is None else tuple(edits)
    plans = _placed(step, own)
    names = _names(step, own, plans)
    out = [
        _listed(plan, name, step, own)
        for plan, name in zip(plans, names, strict=True)
        if _is_shown(plan, name, own)
    ]
    return tuple(sorted(out, key=lambda each: each.apex_s))


def blinks_now(step: BlinkStep) -> tuple[tuple[EventName, Blink], ...]:
    """Blinks that are there after the step's edits, where they are then, with their names."""
    plans = _placed(step, step.params.edits)
    out: list[tuple[EventName, Blink]] = []
    for plan, name in zip(plans, _names(step, step.params.edits, plans), strict=True):
        eyes = {eye.side: _eye_now(plan, eye.side, step.found.lids) for eye in plan.eyes}
        if eyes:
            kind = plan.source.kind if plan.source else "full"
            out.append((name, Blink(eyes.get("L"), eyes.get("R"), plan.side, kind)))
    return tuple(sorted(out, key=lambda each: each[1].apex_s))


def _eye_now(plan: BlinkPlan, side: str, lids: dict[str, Lid]) -> EyeBlink:
    eye = next(each for each in plan.eyes if each.side == side)
    closure = lids[side].closure(eye.peak)
    before = eye.level - eye.shape.rise
    return EyeBlink(side, eye.shape.moved(plan.move_s), before, before, closure, 0.0)


def _placed(step: BlinkStep, own: Sequence[BlinkEdit]) -> list[BlinkPlan]:
    plans, _ = plan_blinks(step.found, step.edits(own), step.settings)
    place_blinks(plans, step.take.times, step.params.min_spacing_s)
    return plans


def _names(
    step: BlinkStep, own: Sequence[BlinkEdit], plans: Sequence[BlinkPlan]
) -> list[EventName]:
    """Names of planned blinks: those of their records, where they have some."""
    made = {(round(n.at_s, DIGITS), n.part) for n in _made_names(step.edits(own))}
    keys = {
        (edit.at_s, edit.side)
        for edit in step.edits(own)
        if edit.op != "insert" and (round(edit.at_s, DIGITS), edit.side) not in made
    }
    wanted = sorted(keys)
    named: dict[int, EventName] = {}
    matches = match_apexes(wanted, step.found.blinks)
    for (at_s, side), place in zip(wanted, matches, strict=True):
        if place is not None:
            named[place] = EventName(BLINKS, at_s, side)
    out: list[EventName] = []
    for place, plan in enumerate(plans):
        # found ones come first, in their order; new ones are named by where they were wanted
        out.append(named.get(place) or EventName(BLINKS, plan.apex_s, plan.side))
    return out


def _made_names(edits: Sequence[BlinkEdit]) -> list[EventName]:
    return [name_of(BLINKS, edit) for edit in edits if makes(BLINKS, edit)]


def _is_shown(plan: BlinkPlan, name: EventName, own: Sequence[BlinkEdit]) -> bool:
    """Blinks that are no more are shown where a person deleted them."""
    if plan.eyes:
        return True
    return plan.source is not None and any(edit.op == "delete" for edit in about(own, name))


def _listed(plan: BlinkPlan, name: EventName, step: BlinkStep, own: Sequence[BlinkEdit]) -> Listed:
    edits = [edit for edit in about(own, name) if not (plan.source and makes(BLINKS, edit))]
    if plan.eyes:
        lead = plan.lead
        shape, rise = lead.shape.moved(plan.move_s), lead.shape.rise
        closure = step.found.lids[lead.side].closure(lead.peak)
    else:
        assert plan.source is not None, "only those that were found are shown without eyes"
        shape, rise, closure = plan.source.lead.shape, 0.0, 0.0
    what = plan.source.kind if plan.source else ("full" if closure >= _PART else "partial")
    return Listed(
        name,
        what,
        plan.side,
        plan.apex_s,
        shape.start_s,
        shape.apex_s,
        shape.reopened_s,
        rise,
        closure,
        is_edited=bool(edits),
        is_gone=not plan.eyes,
        is_new=plan.source is None,
        values=_unedited(plan),
        closed_s=shape.closed_s,
        opens_s=shape.opens_s,
        went_s=plan.move_s,
    )


def _unedited(plan: BlinkPlan) -> dict[str, float]:
    """Hold and lag without edits of them; of a new blink as it is."""
    source = plan.source
    if source is not None:
        return {"hold": source.lead.shape.hold_s, "lag": source.lag_s or 0.0}
    shapes: dict[str, Shape] = {eye.side: eye.shape for eye in plan.eyes}
    lag = shapes["R"].half_s - shapes["L"].half_s if len(shapes) > 1 else 0.0
    return {"hold": plan.lead.shape.hold_s, "lag": lag}


def with_edits(step: BlinkStep, edits: Sequence[BlinkEdit]) -> BlinkStep:
    """The step with other edits of its own."""
    return replace(step, params=replace(step.params, edits=tuple(edits)))
