# SPDX-License-Identifier: GPL-3.0-or-later
"""The step of a stack that keeps edits of a kind of events; put in where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ...stack.edits import add_step, replace_step
from ...stack.stack import Stack, Step, make_step

#: Steps that lay life over a performance: edits of events come before them.
LIFE = frozenset(
    {"asymmetry", "breathing", "cascade", "micro_movement", "posture", "still_head", "style"}
)
#: Parameters with which a step that is put in for its edits does nothing else.
_QUIET: dict[str, dict[str, Any]] = {
    "blinks": {},
    "gaze": {"hold": 0.0, "sharpen": False},
    "lips": {"arrive": 0.0, "press": 0.0, "seal": 0.0},
    "transitions": {"onset": 1.0, "release": 1.0, "tail": 0.0, "groups": []},
}


def step_place(stack: Stack, kind: str) -> int | None:
    """Where the step of a kind is: the first one that acts, else the first; None without any."""
    places = [place for place, step in enumerate(stack.steps) if step.kind == kind]
    acting = [place for place in places if stack.steps[place].acts]
    return next(iter(acting or places), None)


def quiet_step(kind: str) -> Step:
    """A step that does nothing until it gets edits."""
    return make_step(kind, **_QUIET[kind])


def new_place(stack: Stack, kind: str) -> int:
    """Where a step of events is put: behind repair, before layers of life, in their own order."""
    order = tuple(_QUIET)
    later = {*order[order.index(kind) + 1 :], *LIFE}
    places = [place for place, step in enumerate(stack.steps) if step.kind in later]
    return places[0] if places else len(stack.steps)


def edits_of(stack: Stack, kind: str) -> tuple[Any, ...]:
    """Edits that the stack keeps of a kind of events."""
    place = step_place(stack, kind)
    return () if place is None else tuple(stack.steps[place].params.edits)


def with_edits(stack: Stack, kind: str, edits: Sequence[Any]) -> tuple[Stack, int, bool]:
    """The stack with other edits, the place of their step, and whether that was put in."""
    place = step_place(stack, kind)
    if place is not None:
        return _with(stack, place, edits), place, False
    place = new_place(stack, kind)
    return _with(add_step(stack, quiet_step(kind), place), place, edits), place, True


def _with(stack: Stack, place: int, edits: Sequence[Any]) -> Stack:
    step = stack.steps[place]
    return replace_step(
        stack, place, replace(step, params=replace(step.params, edits=tuple(edits)))
    )
