# SPDX-License-Identifier: GPL-3.0-or-later
"""Every take with every damage: our stack, its other methods, and fixed filters behind repair."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from facemocap_addon.core.arrays import FloatArray
from facemocap_addon.core.stack.auto import chosen_stack
from facemocap_addon.core.stack.kinds.denoise import METHODS
from facemocap_addon.core.stack.presets import default_stack
from facemocap_addon.core.stack.running import run_stack
from facemocap_addon.core.stack.stack import Stack, make_step
from facemocap_addon.core.take import Take

from ._cleanup_filters import Filter, blender_defaults, families
from ._cleanup_measures import Figures, error_of, figures
from ._cleanup_takes import Damaged, Truth, damage, names, truth

#: Draws of each damage; more take longer and say the same more surely.
SEEDS = 1
RATES, SIGMAS, KINDS = (60, 120), (0.01, 0.02), ("plain", "spikes", "rough")
OURS, AUTO, REPAIRED = "ours", "auto", "repair alone"
#: The choices of denoise beside its default, as they come.
_METHODS = tuple(method for method in METHODS if method != "whittaker")


@dataclass(frozen=True, order=True)
class Cell:
    """A take at a rate with one kind of damage."""

    take: str
    rate: int
    sigma: float
    kind: str


@dataclass
class Results:
    """Figures by cell and way, a row for each seed; and which filter each family was."""

    ways: dict[Cell, dict[str, list[Figures]]] = field(
        default_factory=dict[Cell, dict[str, list[Figures]]]
    )
    chosen: dict[Cell, dict[str, str]] = field(default_factory=dict[Cell, dict[str, str]])


def cells() -> list[Cell]:
    """All of them."""
    return [
        Cell(take, rate, sigma, kind)
        for take in names()
        for rate in RATES
        for sigma in SIGMAS
        for kind in KINDS
    ]


def run_all(wanted: Iterable[Cell] | None = None, *, methods: bool = True) -> Results:
    """Clean all cells in all ways; a fixed filter's parameter is the best on the other takes."""
    wanted = list(cells() if wanted is None else wanted)
    out, bank, fixed = Results(), families(), blender_defaults()
    repair = Stack(default_stack().steps[:2])
    errors: dict[tuple[Cell, str, str], float] = {}
    repaired: dict[Cell, list[tuple[Damaged, FloatArray]]] = {}
    for cell in wanted:
        true = truth(cell.take, cell.rate)
        ways = out.ways.setdefault(cell, {})
        for seed in range(SEEDS):
            damaged = damage(true, cell.sigma, cell.kind, seed)
            mended = run_stack(damaged.take, repair).take
            values = whole(mended)
            repaired.setdefault(cell, []).append((damaged, values))
            found = {REPAIRED: values, OURS: _done(mended, Stack(default_stack().steps[2:]))}
            auto, _why = chosen_stack(damaged.take)
            found[AUTO] = found[OURS]
            if auto != default_stack():
                found[AUTO] = whole(run_stack(damaged.take, auto).take)
            if methods:
                for method in _METHODS:
                    step = make_step("denoise", method=method)
                    found[f"denoise: {method}"] = _done(mended, Stack((step,)))
            for name, work in fixed.items():
                found[name] = work(values, cell.rate)
            for name, result in found.items():
                ways.setdefault(name, []).append(figures(true, result, damaged))
            _try(bank, cell, true, damaged, values, errors)
    for cell in wanted:
        true = truth(cell.take, cell.rate)
        for family, filters in bank.items():
            name = _best_elsewhere(cell, family, filters, wanted, errors)
            out.chosen.setdefault(cell, {})[family] = name
            out.ways[cell][family] = [
                figures(true, filters[name](values, cell.rate), damaged)
                for damaged, values in repaired[cell]
            ]
    return out


def _done(take: Take, stack: Stack) -> FloatArray:
    return whole(run_stack(take, stack).take)


def whole(take: Take) -> FloatArray:
    """Values (n, c); straight lines over what is still missing."""
    out = take.values.astype(np.float64)
    for column in np.flatnonzero(~take.valid.all(axis=0)):
        there = take.valid[:, column]
        out[:, column] = np.interp(take.times, take.times[there], out[there, column])
    return out


def _try(
    bank: dict[str, dict[str, Filter]],
    cell: Cell,
    true: Truth,
    damaged: Damaged,
    values: FloatArray,
    errors: dict[tuple[Cell, str, str], float],
) -> None:
    for family, filters in bank.items():
        for name, work in filters.items():
            error = error_of(true, work(values, cell.rate), damaged)
            key = (cell, family, name)
            errors[key] = errors.get(key, 0.0) + error


def _best_elsewhere(
    cell: Cell,
    family: str,
    filters: dict[str, Filter],
    wanted: list[Cell],
    errors: dict[tuple[Cell, str, str], float],
) -> str:
    """The parameter with the least mean error on the other takes with the same damage."""
    others = [
        other
        for other in wanted
        if other.take != cell.take
        and (other.rate, other.sigma, other.kind) == (cell.rate, cell.sigma, cell.kind)
    ] or [cell]

    def mean(name: str) -> float:
        return float(np.mean([errors[other, family, name] for other in others]))

    return min(filters, key=mean)


def pooled(rows: list[Figures], get: Callable[[Figures], FloatArray]) -> FloatArray:
    """One array of all seeds."""
    return np.concatenate([get(row) for row in rows])


def mean(rows: list[Figures], get: Callable[[Figures], float]) -> float:
    """Mean over the seeds, of those that have the figure."""
    values = [get(row) for row in rows]
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")
