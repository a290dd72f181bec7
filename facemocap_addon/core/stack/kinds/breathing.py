# SPDX-License-Identifier: GPL-3.0-or-later
"""Breath on a face: at rest, in speech, after exertion, held."""

from __future__ import annotations

from dataclasses import dataclass

from ...layers.breath_plan import HELD, PATTERNS, QUIET, SIGH, SPOKEN, Hold
from ...layers.breathing import Breathing, add_breath
from ...layers.draws import Draws
from ...layers.speaking import speaking_spans
from ...take import Take
from ..kind import Kind, Outcome, StepContext
from ..params import Pairs, param
from .posture import NO_HEAD

PHRASES = ("take", "list", "none")
_TASTE = "; without a number the pattern's own"


@dataclass(frozen=True, slots=True)
class BreathingParams:
    """Which pattern, when, and what it moves."""

    pattern: str = param(
        "rest",
        label="Pattern",
        what="How the person breathes; before phrases always as speakers do",
        choices=tuple(PATTERNS),
    )
    rate: float | None = param(
        None,
        label="Rate",
        what=f"Breaths a minute{_TASTE}",
        unit="a minute",
        low=4.0,
        high=80.0,
    )
    depth: float = param(
        1.0, label="Depth", what="How deep the breaths are, times the pattern's", low=0.0, high=3.0
    )
    inhale: float | None = param(
        None,
        label="Inhale",
        what=f"Part of a breath that is breathing in{_TASTE}",
        low=0.05,
        high=0.7,
    )
    pause: float | None = param(
        None,
        label="Pause",
        what=f"Part of a breath that is rest after breathing out{_TASTE}",
        low=0.0,
        high=0.6,
    )
    variation: float | None = param(
        None,
        label="Variation",
        what=f"How much one breath differs from the next{_TASTE}",
        low=0.0,
        high=0.5,
    )
    mouth: float | None = param(
        None,
        label="Mouth",
        what=f"How much of it goes through the mouth{_TASTE}",
        low=0.0,
        high=1.0,
    )
    phrases_from: str = param(
        "take",
        label="Phrases From",
        what="Where phrases are known from, before which breaths are taken: the lips of the take, "
        "the list below, or nowhere",
        choices=PHRASES,
    )
    phrases: Pairs = param(  # noqa: RUF009
        (),
        label="Phrases",
        what="Start and end of each, from the take's first sample on",
        unit="s",
        low=0.0,
        high=36000.0,
    )
    holds: Pairs = param(  # noqa: RUF009
        (),
        label="Held Breath",
        what="From when to when breath is held, from the take's first sample on; not in phrases",
        unit="s",
        low=0.0,
        high=36000.0,
    )
    hold_depth: float = param(
        1.6,
        label="Held Depth",
        what="How full the lungs are then, in breaths at rest; a default of taste",
        low=0.2,
        high=3.0,
    )
    release: float = param(
        1.4,
        label="Release",
        what="How much is let go afterwards, times that depth",
        low=1.0,
        high=2.0,
    )
    release_s: float = param(
        0.45,
        label="Release Time",
        what="How long letting go takes",
        unit="s",
        low=0.2,
        high=2.0,
    )
    recovery: float = param(
        1.0,
        label="Recovery",
        what="Depth of the breath after that, times the held one; none at 0; a default of taste",
        low=0.0,
        high=2.0,
    )
    tension: float = param(
        1.0,
        label="Tension",
        what="How much lips, nostrils, lids and neck tense while breath is held; a default of "
        "taste",
        low=0.0,
        high=3.0,
    )
    head: float = param(
        1.0,
        label="Head",
        what="How much the head rises: 0.5 degrees and 1.2 mm in a breath at rest are defaults of "
        "taste, no figures are published",
        low=0.0,
        high=4.0,
    )
    face: float = param(
        1.0,
        label="Face",
        what="How much nostrils, jaw and lips open; a default of taste",
        low=0.0,
        high=4.0,
    )
    body: bool = param(
        False,
        label="Body",
        what="Let chest, belly, collar bones and neck breathe where the character has them",
    )
    seed: int = param(0, label="Seed", what="Another number gives other breaths")


def apply(take: Take, params: BreathingParams, context: StepContext) -> Outcome:
    """Breathe, and say how often."""
    if take.samples < 2 or not take.valid.any():
        return Outcome(take)
    phrases = params.phrases if params.phrases_from == "list" else ()
    if params.phrases_from == "take":
        phrases = speaking_spans(take)
    held = (params.hold_depth, params.release_s, params.release, params.recovery)
    breathing = Breathing(
        pattern=params.pattern,
        rate=params.rate,
        depth=params.depth,
        inhale=params.inhale,
        pause=params.pause,
        variation=params.variation,
        mouth=params.mouth,
        phrases=phrases,
        holds=tuple(Hold(min(pair), max(pair), *held) for pair in params.holds),
        head=params.head,
        face=params.face,
        tension=params.tension,
        body=params.body,
    )
    out, report = add_breath(take, breathing, Draws(context.seed, params.seed))
    counts = {
        "breaths": len(report.curve.breaths),
        "phrases": len(phrases),
        "breaths_held": sum(breath.kind == HELD for breath in report.curve.breaths),
    }
    remarks = [f"{report.rate:.1f} breaths a minute."]
    for words, kinds in (("speech", (SPOKEN,)), ("other breaths", (QUIET, SIGH))):
        if part := report.inhale(*kinds):
            remarks.append(f"Breathing in takes {part:.2f} of the time in {words}.")
    if counts["breaths_held"] < len(params.holds):
        remarks.append("A breath cannot be held within a phrase, or where none can be taken in.")
    if params.head and not take.has("headPitch"):
        remarks.append(NO_HEAD)
    if report.means:
        parts = [f"{name} {mean:.4f}" for name, mean in sorted(report.means.items())]
        remarks.append(f"On average more: {', '.join(parts)}.")
    return Outcome(out, tuple(remarks), counts)


KIND = Kind(
    "breathing",
    "Breathing",
    "Let the face breathe: head, nostrils, mouth, and before phrases never into words",
    BreathingParams,
    apply,
)
