# SPDX-License-Identifier: GPL-3.0-or-later
"""A stack run on a take: each step's kind, then its influence and mask, then its report."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import FacemocapError
from ..progress import Job, Progress, run_job
from ..take import Take
from .cache import Kept, StackCache
from .kind import Kind, Outcome, StepContext
from .kinds import kind_of
from .params import param_values, params_to_json
from .reading import read_stack, stack_from_json
from .report import StepReport, count_validity, rms_change
from .stack import Stack, Step, of_step
from .weights import FrameClock, blended, masked_columns, step_weights

#: Longest text of a step's parameters in a take's history.
_MOST_HISTORY = 120


@dataclass(frozen=True, slots=True)
class StackResult:
    """The take after all steps, and a report for each step of the stack."""

    take: Take
    reports: tuple[StepReport, ...]

    def to_json(self) -> list[dict[str, Any]]:
        """The reports as plain values."""
        return [report.to_json() for report in self.reports]


def process(take: Take, stack: Stack | Mapping[str, Any] | str | Path, *, seed: int = 0) -> Take:
    """A take after all steps of a stack, given as such, as its JSON document or as a file.

    ``"auto"`` stands for the stack that `auto.chosen_stack` chooses for the take.

    Raises
    ------
    FacemocapError
        When the stack cannot be read, or a step cannot be done; it names the step.
    """
    if stack == "auto":
        from .auto import chosen_stack  # noqa: PLC0415 (measuring takes more imports)

        stack, _why = chosen_stack(take)
    elif isinstance(stack, str | Path):
        stack = read_stack(Path(stack))
    elif not isinstance(stack, Stack):
        stack = stack_from_json(stack, "stack")
    return run_stack(take, stack, seed=seed).take


def run_stack(
    take: Take, stack: Stack, *, seed: int = 0, cache: StackCache | None = None
) -> StackResult:
    """Run a stack; see `stack_job`."""
    return run_job(stack_job(take, stack, seed=seed, cache=cache))


def stack_job(
    take: Take, stack: Stack, *, seed: int = 0, cache: StackCache | None = None
) -> Job[StackResult]:
    """Run a stack step by step.

    Parameters
    ----------
    take : Take
        Never altered.
    stack : Stack
    seed : int
        For kinds that draw random numbers: equal takes, stacks and seeds give equal bytes.
    cache : StackCache, optional
        Results are looked up there and kept there.

    Yields
    ------
    Progress
        Before each step.

    Raises
    ------
    FacemocapError
        Naming the step that cannot be done.
    """
    run = _Run(take, seed, cache)
    reports: list[StepReport] = []
    for number, step in enumerate(stack.steps, start=1):
        yield Progress((number - 1) / len(stack.steps), kind_of(step.kind).label)
        if not step.acts:
            reports.append(StepReport(number, step.kind, done=False))
            continue
        try:
            reports.append(replace(run.do(step), number=number))
        except FacemocapError as problem:
            raise of_step(problem, number, step.kind) from problem
    return StackResult(run.take, tuple(reports))


class _Run:
    """One run: the take as it is now, and the key of all that made it."""

    def __init__(self, take: Take, seed: int, cache: StackCache | None) -> None:
        self.take = take
        self._clock = FrameClock.of_take(take)
        self._context = StepContext(seed)
        self._cache = cache
        self._key = "" if cache is None else _chained(cache.take_key(take), f"seed {seed}")

    def do(self, step: Step) -> StepReport:
        """Do one step."""
        before, self._key = self._key, self._after(step.key)
        if step.is_whole:
            kept = self._stepped(step, before)
        else:
            kept = self._found(self._key) or self._weighted(step, before)
        self.take = kept.take
        return kept.report

    def _stepped(self, step: Step, before: str) -> Kept:
        """What the kind gives; kept for itself, so that influence and mask are quickly changed."""
        key = "" if self._cache is None else _chained(before, step.kind_key)
        found = self._found(key)
        if found is not None:
            return found
        kind = kind_of(step.kind)
        given = kind.apply(self.take, step.params, self._context)
        outcome = given if isinstance(given, Outcome) else Outcome(given)
        _check_outcome(kind, self.take, outcome.take)
        return self._kept(key, step, outcome, "")

    def _weighted(self, step: Step, before: str) -> Kept:
        """What is left of it under influence and mask."""
        stepped = self._stepped(step, before)
        weights = step_weights(step, self.take.times, self._clock)
        columns = masked_columns(step.mask, stepped.take)
        if stepped.take is self.take or not (weights.any() and columns.any()):
            out = self.take
        else:
            out = blended(self.take, stepped.take, weights, columns)
        report = stepped.report
        outcome = Outcome(out, report.remarks, report.counts)
        return self._kept(self._key, step, outcome, _told_weights(step))

    def _kept(self, key: str, step: Step, outcome: Outcome, weights: str) -> Kept:
        """The take with its history and report, put into the cache."""
        take, before = outcome.take, self.take
        if take is not before:
            take = replace(take, history=(*before.history, _told(step) + weights))
        filled, lost = count_validity(before, take)
        report = StepReport(
            number=0,
            kind=step.kind,
            remarks=outcome.remarks,
            counts=outcome.counts,
            filled=filled,
            lost=lost,
            rms_change=rms_change(before, take),
        )
        kept = Kept(take, report)
        if self._cache is not None:
            self._cache.put(key, kept)
        return kept

    def _found(self, key: str) -> Kept | None:
        return None if self._cache is None else self._cache.get(key)

    def _after(self, text: str) -> str:
        return "" if self._cache is None else _chained(self._key, text)


def _chained(key: str, text: str) -> str:
    return hashlib.sha256(f"{key}\n{text}".encode()).hexdigest()


def _check_outcome(kind: Kind, before: Take, after: Take) -> None:
    """A kind that breaks its word is a bug, and must look like one."""
    if after.names[: len(before.names)] != before.names:
        raise TypeError(f"the step {kind.name} changed the channels")
    if not kind.new_times and not np.array_equal(before.times, after.times):
        raise TypeError(f"the step {kind.name} changed the times")


def _told(step: Step) -> str:
    """A kind and its parameters in the history of a take."""
    changed = params_to_json(step.params, tuple(param_values(step.params, changed=True)))
    text = ", ".join(f"{name} {json.dumps(value)}" for name, value in changed.items())
    text = text if len(text) <= _MOST_HISTORY else text[:_MOST_HISTORY] + "..."
    label = kind_of(step.kind).label.lower()
    return f"{label} ({text})" if text else label


def _told_weights(step: Step) -> str:
    """Influence and mask, put behind that."""
    said: list[str] = []
    if isinstance(step.influence, tuple):
        said.append("with keyed influence")
    elif step.influence < 1.0:
        said.append(f"with influence {step.influence:g}")
    if not step.mask.is_full:
        said.append("masked")
    return f" {', '.join(said)}"
