# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kind of step is: its name, its parameters and the pure function that does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..take import Take


@dataclass(frozen=True, slots=True)
class StepContext:
    """What a step may know beside the take and its parameters.

    Influence and mask are not in here: the runner applies them afterwards.

    Attributes
    ----------
    seed : int
        For kinds that draw random numbers: equal seeds, equal results.
    """

    seed: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """A take and what is to be said of it.

    Attributes
    ----------
    take : Take
    remarks : tuple of str
        Whole sentences for the report.
    counts : mapping of str to int
        What was counted: ``{"spikes": 12}``.
    """

    take: Take
    remarks: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of step.

    ``apply`` is deterministic, gives a take of the same channels (more may follow them), and of
    the same times unless ``new_times``. It works on any rate, takes ``valid`` for truth and
    survives takes that are empty, have one sample, or have no valid one.

    Attributes
    ----------
    name : str
        As stack files have it: ``denoise``.
    label : str
        What panels show: ``Denoise``.
    what : str
        One sentence without its period, for tooltips.
    params : type
        Frozen slotted dataclass; each field is made by `params.param`, all have defaults.
    apply : callable (take, params, context) -> Take or Outcome
    new_times : bool
        Gives a take of other times; influence and mask must then be full.
    fills : bool
        May turn invalid samples valid.
    """

    name: str
    label: str
    what: str
    params: type
    apply: Callable[[Take, Any, StepContext], Take | Outcome]
    new_times: bool = False
    fills: bool = False
