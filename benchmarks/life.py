# SPDX-License-Identifier: GPL-3.0-or-later
"""The layers of life: what each takes for a minute of 60 fps, and the figures that are promised.

Times are those of the processor: what else the machine does is not counted. Figures without
seconds stand in the notes; those of real takes need the folder of shared files.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from facemocap_addon.core.stack.running import run_stack
from facemocap_addon.core.stack.stack import Stack, Step, make_step
from facemocap_addon.core.take import Take
from facemocap_addon.core.take_file import take_bytes

from . import Measurement
from ._life_figures import figures, minute, told

PROMISED_S, RUNS = 0.020, 15
#: Every layer so that it does something.
STEPS = (
    make_step("asymmetry"),
    make_step("breathing", holds=[[20.0, 24.0]]),
    make_step("cascade"),
    make_step("micro_movement"),
    make_step("posture", context="wary"),
    make_step("style", amount=1.5, snap=0.5, hold_frames=2),
)


def measure() -> list[Measurement]:
    """Median seconds of each layer alone, then what each of them keeps to."""
    take = minute()
    note = f"{take.samples} x {len(take.channels)}"
    jobs = {step.kind: partial(run_stack, take, Stack((step,))) for step in STEPS}
    rows = [
        Measurement(name, spent, most_seconds=PROMISED_S, note=note)
        for name, spent in _processor_seconds(jobs).items()
    ]
    rows += [told(f"{step.kind}: removed, seeds", _reversible(take, step)) for step in STEPS]
    return rows + figures()


def _processor_seconds(jobs: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Median of each job; they take turns."""
    taken: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(RUNS + 1):
        for name, job in jobs.items():
            began = time.process_time()
            job()
            taken[name].append(time.process_time() - began)
    return {name: statistics.median(times[1:]) for name, times in taken.items()}


def _reversible(take: Take, step: Step) -> str:
    off = make_step(step.kind, influence=0.0)
    same = run_stack(take, Stack((off,))).take is take
    one, two, other = (run_stack(take, Stack((step,)), seed=seed).take for seed in (1, 1, 2))
    equal = take_bytes(one) == take_bytes(two)
    differ = not np.array_equal(one.values, other.values)
    others = f"others differ: {differ}" if hasattr(step.params, "seed") else "draws nothing"
    return f"influence 0 is the take: {same}; same seed same bytes: {equal}; {others}"
