# SPDX-License-Identifier: GPL-3.0-or-later
"""Blinks are taken off the lids, changed one by one or all alike, and put back."""

from __future__ import annotations

from dataclasses import dataclass

from ...events.blinks.editing import SPACING_S, edit_blinks
from ...events.blinks.finding import find_with_lids
from ...events.blinks.generating import CONTEXTS, generate_blinks
from ...events.blinks.plan import Settings
from ...events.blinks.records import BlinkEdit
from ...take import Take
from ..kind import Kind, Outcome, StepContext
from ..params import param, record_param

GENERATE = ("none", "fill", "replace")


@dataclass(frozen=True, slots=True)
class Blinks:
    """Settings of all blinks, blinks that are made, and edits of single ones."""

    softness: float = param(
        0.0, label="Softness", what="All blinks slower and rounder", low=0.0, high=1.0
    )
    closing: float = param(
        1.0,
        label="Closing Time",
        what="Factor of the time in which lids close; 0.8 is faster",
        low=0.25,
        high=4.0,
    )
    opening: float = param(
        1.0,
        label="Opening Time",
        what="Factor of the time in which lids reopen",
        low=0.25,
        high=4.0,
    )
    gain: float = param(
        1.0,
        label="Amplitude",
        what="Factor of how far lids close from where they were open",
        low=0.0,
        high=3.0,
    )
    full_closure: bool = param(
        False,
        label="Full Closure",
        what="All blinks but partial ones close the eye as far as full blinks of the take",
    )
    lag_s: float | None = param(
        None,
        label="Lag",
        what="How much later right eyes close than left ones; null as recorded",
        unit="s",
        low=-0.25,
        high=0.25,
    )
    eyes_along: bool = param(
        True,
        label="Eyes Along",
        what="Where the tracker reads blinks as looking down, that goes with the blinks",
    )
    min_spacing_s: float = param(
        SPACING_S,
        label="Minimum Spacing",
        what="Blinks that are moved or new keep this far from others, or as far as they were",
        unit="s",
        low=0.05,
        high=10.0,
    )
    generate: str = param(
        "none",
        label="Generate",
        what="Make blinks where the take has none for long, or instead of its own",
        choices=GENERATE,
    )
    context: str = param(
        "conversation",
        label="Context",
        what="How often, and how evenly, people blink whose blinks are made",
        choices=tuple(CONTEXTS),
    )
    rate_per_min: float | None = param(
        None,
        label="Rate",
        what="Blinks a minute instead of what is usual in the context",
        low=0.5,
        high=60.0,
    )
    edits: tuple[BlinkEdit, ...] = record_param(
        BlinkEdit,
        label="Edits",
        what="Edits of single blinks, each found by its apex on the take's clock and its side",
        example={"op": "move", "at_s": 12.43, "side": "B", "value": 0.1},
    )


def apply(take: Take, params: Blinks, context: StepContext) -> Outcome:
    """Blinks made, edits carried out, then what holds for all blinks."""
    if params == Blinks():
        return Outcome(take)
    found = find_with_lids(take)
    if not found.lids:
        return Outcome(take, ("No eyelids were recorded, so there are no blinks to edit.",))
    made: tuple[BlinkEdit, ...] = ()
    if params.generate != "none":
        made = generate_blinks(
            take,
            found.blinks,
            context=params.context,
            replace_own=params.generate == "replace",
            rate_per_min=params.rate_per_min,
            seed=context.seed,
        )
    settings = Settings(
        params.softness,
        params.closing,
        params.opening,
        params.gain,
        params.full_closure,
        params.lag_s,
        params.eyes_along,
    )
    done = edit_blinks(
        take, (*made, *params.edits), settings, spacing_s=params.min_spacing_s, found=found
    )
    remarks: list[str] = []
    if done.unmatched:
        first = done.unmatched[0]
        remarks.append(
            f"{len(done.unmatched)} edits found no blink to change, the first of them "
            f"{first.op} at {first.at_s:.3f} s."
        )
    if done.counts["held_back"]:
        remarks.append(f"{done.counts['held_back']} blinks could not go as far as asked.")
    counts = {
        "blinks": done.counts["found"],
        "blinks_changed": done.counts["changed"],
        "blinks_made": sum(edit.op == "insert" for edit in made) - done.counts["dropped"],
        "edits_unmatched": len(done.unmatched),
    }
    return Outcome(done.take, tuple(remarks), counts)


KIND = Kind(
    "blinks",
    "Blinks",
    "Move, reshape, delete and add blinks, and leave everything around them as it is",
    Blinks,
    apply,
)
