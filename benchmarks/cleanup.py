# SPDX-License-Identifier: GPL-3.0-or-later
"""Cleaning against the truth: noise, spikes, bursts and gaps put on takes whose course is known.

Each take of shared/takes and the sample take, at 60 and 120 fps (samples in between on cubic
splines), gets white noise of 0.01 and 0.02, then 0.3 % spikes, then bursts, glitches of 2 and 3
frames and gaps besides ("rough"). Our default stack is compared with fixed filters behind the same
despike and gap filling; Blender's are its own operators, run on F-curves. Their parameters are the
best of the other takes with the same damage. Errors are those of channels that move by 0.1, at
recorded samples; errors in gaps stand by themselves. Below that: blinks of undamaged takes through
every filter at any strength, at 24 to 120 fps.

The table of measurements counts what misses a promise, in the column of seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from . import Measurement
from ._cleanup_blinks import blink_losses
from ._cleanup_cells import AUTO, OURS, REPAIRED, Cell, Results, mean, pooled, run_all
from ._cleanup_filters import families
from ._cleanup_measures import Figures

#: What is promised.
LOWER_EACH, LOWER_MEAN = 0.20, 0.30
PEAK_MEDIAN, PEAK_LOW = 0.98, 0.85
JERK = (0.4, 1.2)
SHIFT_MEAN, SHIFT_HIGH = 0.5, 1.0
BLINK = 0.98
#: Events that rise by so many times the noise stand clear of it; fewer give no percentile.
CLEAR, FEWEST_CLEAR = 10.0, 10


def measure() -> list[Measurement]:
    """Run all cells, print the tables, and count what misses a promise."""
    began = time.perf_counter()
    results = run_all()
    print("\n".join(table(results)), flush=True)
    rows = verdicts(results)
    losses = blink_losses()
    low = [line for line in losses if line.kept < BLINK]
    worst = min(losses, key=lambda line: line.kept, default=None)
    note = f"{len(losses)} runs; lowest {worst.kept:.3f} ({worst.what})" if worst else "no takes"
    rows.append(_counted(f"undamaged blinks keep {BLINK}", len(low), note))
    whole = Measurement("all of it", time.perf_counter() - began)
    return [whole, *rows]


def _counted(name: str, missed: int, note: str) -> Measurement:
    return Measurement(name, float(missed), note=note, most_seconds=0.0)


# ---------------------------------------------------------------- verdicts


def best_fixed(results: Results, cell: Cell) -> tuple[str, float]:
    """The family with the least error in a cell, and that error."""
    ways = results.ways[cell]
    name = min(families(), key=lambda family: mean(ways[family], rmse))
    return name, mean(ways[name], rmse)


def rmse(row: Figures) -> float:
    """The error at recorded samples."""
    return row.rmse


def verdicts(results: Results) -> list[Measurement]:
    """A row for each promise: how many cells miss it, and the worst."""
    lower = {
        cell: 1.0 - mean(ways[OURS], rmse) / best_fixed(results, cell)[1]
        for cell, ways in results.ways.items()
    }
    rows = [
        _least(f"error {LOWER_EACH:.0%} lower than any fixed filter", lower, LOWER_EACH),
        _counted(
            f"error {LOWER_MEAN:.0%} lower in the mean",
            int(np.mean(list(lower.values())) < LOWER_MEAN),
            f"{np.mean(list(lower.values())):.1%} lower",
        ),
        _least(
            f"peaks, median {PEAK_MEDIAN}",
            _of_all(results, lambda rows: float(np.median(pooled(rows, lambda r: r.peaks)))),
            PEAK_MEDIAN,
        ),
        _least(
            f"peaks, 5th percentile {PEAK_LOW}",
            _of_all(results, lambda rows: float(np.percentile(pooled(rows, lambda r: r.peaks), 5))),
            PEAK_LOW,
        ),
        _least(f"jerk {JERK[0]} at least", _of_all(results, lambda r: mean(r, _jerk)), JERK[0]),
        _most(f"jerk {JERK[1]} at most", _of_all(results, lambda r: mean(r, _jerk)), JERK[1]),
        _most(
            f"shift {SHIFT_MEAN} frames at most, mean",
            _of_all(results, lambda rows: float(np.mean(pooled(rows, lambda r: r.shifts)))),
            SHIFT_MEAN,
        ),
        _most(
            f"shift {SHIFT_HIGH} frames at most, 95th percentile",
            _of_all(
                results, lambda rows: float(np.percentile(pooled(rows, lambda r: r.shifts), 95))
            ),
            SHIFT_HIGH,
        ),
    ]
    rows += _of_clear_events(results)
    for way in (OURS, AUTO):
        lost = {c: sum(r.contacts - r.kept for r in w[way]) for c, w in results.ways.items()}
        whole = sum(r.contacts for w in results.ways.values() for r in w[way])
        note = f"{sum(lost.values())} of {whole} lost"
        rows.append(_counted(f"lip contacts kept, {way}", sum(map(bool, lost.values())), note))
    worse = {
        cell: mean(ways[AUTO], rmse) / mean(ways[OURS], rmse) for cell, ways in results.ways.items()
    }
    rows.append(_most("auto's error not above the default's", worse, 1.0 + 1e-9))
    return rows


def _of_clear_events(results: Results) -> list[Measurement]:
    """The same of events that stand clear of the noise, which moves smaller ones by itself."""
    shifts: dict[Cell, float] = {}
    peaks: dict[Cell, float] = {}
    for cell, ways in results.ways.items():
        clear = pooled(ways[OURS], lambda row: row.heights) >= CLEAR * cell.sigma
        if clear.sum() >= FEWEST_CLEAR:
            shifts[cell] = float(np.percentile(pooled(ways[OURS], lambda r: r.shifts)[clear], 95))
            peaks[cell] = float(np.percentile(pooled(ways[OURS], lambda r: r.peaks)[clear], 5))
    what = f"rises of {CLEAR:g} times the noise"
    return [
        _most(f"{what}: shift {SHIFT_HIGH}, 95th percentile", shifts, SHIFT_HIGH),
        _least(f"{what}: peaks {PEAK_LOW}, 5th percentile", peaks, PEAK_LOW),
    ]


def _jerk(row: Figures) -> float:
    return row.jerk


def _of_all(results: Results, get: Callable[[list[Figures]], float]) -> dict[Cell, float]:
    return {cell: get(ways[OURS]) for cell, ways in results.ways.items()}


def _least(name: str, found: dict[Cell, float], wanted: float) -> Measurement:
    return _judged(name, found, [c for c, value in found.items() if value < wanted], min)


def _most(name: str, found: dict[Cell, float], wanted: float) -> Measurement:
    return _judged(name, found, [c for c, value in found.items() if value > wanted], max)


def _judged(
    name: str, found: dict[Cell, float], missed: list[Cell], end: Callable[..., Cell]
) -> Measurement:
    worst = end(found, key=lambda cell: found[cell])
    where = f"{worst.take} {worst.rate} fps {worst.sigma} {worst.kind}"
    return _counted(name, len(missed), f"of {len(found)}; worst {found[worst]:.3f} ({where})")


# ---------------------------------------------------------------- tables

_HEAD = (
    "way                               rmse  events    gaps  peak   5th  shift  95th  jerk contacts"
)


def table(results: Results) -> list[str]:
    """Our figures cell by cell, then each way over all cells."""
    lines = ["", "our default  " + " " * 17 + "lower  " + _HEAD[34:] + "  found  best fixed"]
    for cell, ways in results.ways.items():
        family, error = best_fixed(results, cell)
        rows = ways[OURS]
        lower = 1.0 - mean(rows, rmse) / error
        name = f"{cell.take:<8} {cell.rate:>3} {cell.sigma:.2f} {cell.kind:<6}"
        found = sum(row.found for row in rows)
        mark = " " if lower >= LOWER_EACH else "!"
        lines.append(
            f"{name:<26} {lower:>6.1%}{mark} {_line(rows)}  {found:>4}  "
            f"{family} {results.chosen[cell][family]}"
        )
    lines += ["", _HEAD]
    ways = list(next(iter(results.ways.values())))
    order = [OURS, AUTO, *(way for way in ways if way not in (OURS, AUTO, REPAIRED)), REPAIRED]
    for way in order:
        rows = [row for each in results.ways.values() for row in each[way]]
        lines.append(f"{way:<32}{_line(rows)}")
    return lines


def _line(rows: list[Figures]) -> str:
    peaks, shifts = pooled(rows, lambda r: r.peaks), pooled(rows, lambda r: r.shifts)
    return (
        f"{mean(rows, rmse):>7.5f} {mean(rows, lambda r: r.in_events):.5f} "
        f"{mean(rows, lambda r: r.in_gaps):>7.4f} {np.median(peaks):>5.3f} "
        f"{np.percentile(peaks, 5):>5.3f} "
        f"{np.mean(shifts):>6.2f} {np.percentile(shifts, 95):>5.2f} "
        f"{mean(rows, _jerk):>5.2f} {sum(r.kept for r in rows):>4}/{sum(r.contacts for r in rows)}"
    )
