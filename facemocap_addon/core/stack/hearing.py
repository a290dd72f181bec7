# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps that ask when somebody speaks are told it by the sound of a take.

What is heard becomes a parameter of the step, so that the stack gives the same result later,
without the sound.
"""

from __future__ import annotations

from dataclasses import replace

from ..events.lips.phrases import find_phrases
from ..events.lips.sound import Sound
from ..take import Take
from .kinds import kind_of
from .params import param_fields
from .stack import Stack, Step

#: Parameters by which a step asks: where phrases are known from, and those that are listed.
_FROM, _LIST = "phrases_from", "phrases"


def asks_for_phrases(stack: Stack) -> bool:
    """Whether a step of the stack wants to know when somebody speaks, and looks at the lips."""
    return any(_asks(step) for step in stack.steps)


def with_sound(stack: Stack, take: Take, sound: Sound) -> Stack:
    """The stack whose steps know the phrases of a sound instead of those that the lips tell.

    Parameters
    ----------
    stack : Stack
    take : Take
        Its clock is that of the steps: seconds from its first sample on.
    sound : Sound
    """
    if not take.samples or not asks_for_phrases(stack):
        return stack
    start = float(take.times[0])
    spans = tuple(
        (round(phrase.start_s - start, 6), round(phrase.end_s - start, 6))
        for phrase in find_phrases(take, sound)
    )
    told = {_FROM: "list", _LIST: spans}
    return Stack(
        tuple(
            replace(step, params=replace(step.params, **told)) if _asks(step) else step
            for step in stack.steps
        )
    )


def _asks(step: Step) -> bool:
    names = {each.name for each, _ in param_fields(kind_of(step.kind).params)}
    return {_FROM, _LIST} <= names and getattr(step.params, _FROM) == "take"
