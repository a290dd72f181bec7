# SPDX-License-Identifier: GPL-3.0-or-later
"""Dragging sliders of a stack, and ten minutes through the default stack; no Blender in it.

Promised: 50 ms for the last step's slider and 200 ms for the first one's on a minute of 60 fps with
52 channels (with the curves rewritten, which the benchmark of writing times), 3 s for ten minutes.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from facemocap_addon.core.readers import read_take
from facemocap_addon.core.stack.cache import StackCache
from facemocap_addon.core.stack.edits import join_stacks, replace_step, set_influence, set_params
from facemocap_addon.core.stack.kinds import kind_of
from facemocap_addon.core.stack.params import field_types, param_fields
from facemocap_addon.core.stack.presets import default_stack
from facemocap_addon.core.stack.running import run_stack
from facemocap_addon.core.stack.stack import Stack, make_step
from facemocap_addon.core.take import Take, make_take
from sample_rigs.generator.performance import synthesise, write_live_link_csv

from . import Measurement

MINUTE_S, LONG_S = 60.0, 600.0
DRAGS = 15
RUNS = 3
#: What a person would put around repair and denoising.
USUAL = (make_step("neutral"), make_step("dead_zone"), make_step("range", gain=1.1))


def measure() -> list[Measurement]:
    """Median seconds a drag, and of a whole run."""
    minute, long = noisy_take(MINUTE_S), noisy_take(LONG_S)
    usual = join_stacks(default_stack(), Stack(USUAL))
    last = len(usual.steps) - 1
    size = f"{minute.samples} x {len(minute.channels)}"
    rows = [
        Measurement(
            f"last step's slider ({usual.steps[last].kind})",
            drag(minute, usual, lambda stack, part: dragged(stack, last, part)),
            note=f"{size}; promised 0.050",
        ),
        Measurement(
            f"first step's slider ({usual.steps[0].kind})",
            drag(minute, usual, lambda stack, part: dragged(stack, 0, part)),
            note=f"{len(usual.steps)} steps; promised 0.200",
        ),
        Measurement(
            "first step's influence",
            drag(minute, usual, lambda stack, part: set_influence(stack, 0, part)),
        ),
    ]
    for name, steps in (("default stack", default_stack().steps), ("all steps", usual.steps)):
        if steps:
            kinds = ", ".join(step.kind for step in steps)
            seconds = whole_run(long, Stack(steps))
            rows.append(Measurement(f"10 min, {name}", seconds, note=f"{kinds}; promised 3"))
    alone = (
        *usual.steps,
        make_step("resample", rate_hz=24),
        make_step("time_offset", offset_s=0.01),
    )
    for step in alone:
        drag_s = drag(minute, Stack((step,)), lambda stack, part: dragged(stack, 0, part))
        rows.append(Measurement(f"{step.kind}'s slider alone", drag_s))
    rows += [Measurement(f"10 min, {s.kind}", whole_run(long, Stack((s,)))) for s in alone]
    return rows


def noisy_take(seconds: float) -> Take:
    """The 52 coefficients of a made performance with noise, spikes and gaps."""
    with tempfile.TemporaryDirectory(prefix="facemocap-bench-") as folder:
        path = Path(folder) / "take.csv"
        write_live_link_csv(synthesise(seconds), path)
        take = read_take(path)
    kept = [column for column, channel in enumerate(take.channels) if channel.kind == "weight"]
    rng = np.random.default_rng(6)
    values = take.values[:, kept] + rng.normal(0, 0.01, (take.samples, len(kept)))
    values += 0.3 * (rng.random(values.shape) < 0.003)
    values[~take.valid[:, kept]] = np.nan
    for start in range(300, take.samples - 30, 900):
        values[start : start + 9] = np.nan
    return make_take(take.times, [take.channels[column] for column in kept], values)


def drag(take: Take, stack: Stack, change: Callable[[Stack, float], Stack]) -> float:
    """Median seconds after a change of one step, all other results being kept."""
    cache = StackCache()
    run_stack(take, stack, cache=cache)
    spent: list[float] = []
    for number in range(1, DRAGS + 1):
        changed = change(stack, number / (DRAGS + 1))
        began = time.perf_counter()
        run_stack(take, changed, cache=cache)
        spent.append(time.perf_counter() - began)
    return statistics.median(spent)


def dragged(stack: Stack, at: int, part: float) -> Stack:
    """The stack with a step's first slider at a part of its way, or its influence."""
    step = stack.steps[at]
    types = field_types(kind_of(step.kind).params)
    for each, described in param_fields(kind_of(step.kind).params):
        if types[each.name] is float and described.low is not None and described.high is not None:
            value = described.low + part * (described.high - described.low)
            return set_params(stack, at, {each.name: value})
    return replace_step(stack, at, replace(step, influence=0.5 + 0.5 * part))


def whole_run(take: Take, stack: Stack) -> float:
    """Median seconds without a cache."""
    spent: list[float] = []
    for _ in range(RUNS):
        began = time.perf_counter()
        run_stack(take, stack)
        spent.append(time.perf_counter() - began)
    return statistics.median(spent)
