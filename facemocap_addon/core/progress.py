# SPDX-License-Identifier: GPL-3.0-or-later
"""Long work as generators: a panel drives them from a timer, scripts to the end in one call."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is: ``done`` from 0 to 1 and what it is doing, in the animator's words."""

    done: float
    what: str


#: A job yields `Progress`, writes nothing until it ends, and returns its result.
Job = Generator[Progress, None, T]


def run_job(job: Job[T], on_progress: Callable[[Progress], None] | None = None) -> T:
    """Drive ``job`` to its end and return what it returns."""
    while True:
        try:
            progress = next(job)
        except StopIteration as end:
            return end.value
        if on_progress is not None:
            on_progress(progress)


def part_of_job(job: Job[T], start: float, width: float) -> Job[T]:
    """A job as a part of a larger one, whose progress goes from ``start`` by ``width``."""
    try:
        while True:
            progress = next(job)
            yield Progress(start + width * min(max(progress.done, 0.0), 1.0), progress.what)
    except StopIteration as end:
        return end.value
    finally:
        job.close()
