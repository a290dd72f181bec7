# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of stacks: pure functions from a stack to another one, for panels, scripts and undo.

Places count from 0. Two steps of one stack may be equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..errors import FacemocapError
from .kinds import kind_of
from .params import params_from_json, params_to_json
from .stack import Influence, Mask, Stack, Step


def add_step(stack: Stack, step: Step, at: int | None = None) -> Stack:
    """The stack with a step put in at a place, or at its end."""
    place = len(stack.steps) if at is None else at
    if not 0 <= place <= len(stack.steps):
        raise _no_step(place)
    return Stack((*stack.steps[:place], step, *stack.steps[place:]))


def remove_step(stack: Stack, at: int) -> Stack:
    """The stack without a step."""
    step_at(stack, at)
    return Stack((*stack.steps[:at], *stack.steps[at + 1 :]))


def move_step(stack: Stack, at: int, to: int) -> Stack:
    """The stack with a step moved to another place, where it then is."""
    step = step_at(stack, at)
    step_at(stack, to)
    return add_step(remove_step(stack, at), step, to)


def replace_step(stack: Stack, at: int, step: Step) -> Stack:
    """The stack with another step in one's place."""
    step_at(stack, at)
    return Stack((*stack.steps[:at], step, *stack.steps[at + 1 :]))


def enable_step(stack: Stack, at: int, enabled: bool) -> Stack:
    """The stack with a step switched on or off."""
    return replace_step(stack, at, replace(step_at(stack, at), enabled=enabled))


def set_influence(stack: Stack, at: int, influence: Influence) -> Stack:
    """The stack with another influence of a step: a number, or keys."""
    return replace_step(stack, at, replace(step_at(stack, at), influence=influence))


def set_mask(stack: Stack, at: int, mask: Mask) -> Stack:
    """The stack with another mask of a step."""
    return replace_step(stack, at, replace(step_at(stack, at), mask=mask))


def set_params(stack: Stack, at: int, changes: Mapping[str, Any]) -> Stack:
    """The stack with some parameters of a step changed, given as in stack files.

    Raises
    ------
    FacemocapError
        As `params.params_from_json`.
    """
    step = step_at(stack, at)
    values = {**params_to_json(step.params), **changes}
    params = params_from_json(kind_of(step.kind).params, values)
    return replace_step(stack, at, replace(step, params=params))


def join_stacks(first: Stack, then: Stack) -> Stack:
    """The steps of both, one after the other."""
    return Stack((*first.steps, *then.steps))


def step_at(stack: Stack, at: int) -> Step:
    """The step at a place; an error where there is none."""
    if not 0 <= at < len(stack.steps):
        raise _no_step(at)
    return stack.steps[at]


def _no_step(at: int) -> FacemocapError:
    return FacemocapError(f"The stack has no step {at + 1}", "Choose one of its steps")
