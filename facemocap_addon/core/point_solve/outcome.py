# SPDX-License-Identifier: GPL-3.0-or-later
"""What a solve of points gives: values of controls, the head's motion, and how well it fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..arrays import BoolArray, FloatArray, frozen
from ..correspondence.placement import Placement
from ..stabilise import RepairReport
from .settings import SolveSettings
from .unknowns import Unknowns

#: A point that goes farther than this (mm) moves; others rest.
MOVES_MM = 2.0
#: Frames to look at: so many, at least so far (seconds) apart.
LOOK, APART_S = 8, 0.5
#: A rig that explains less than this part of the motion cannot do what the actor does.
POOR = 0.4


@dataclass(frozen=True)
class PointSolve:
    """A take of points on one character.

    Attributes
    ----------
    times : (n,) float64
        Seconds on the take's clock.
    unknowns : Unknowns
    values : (n, k) float64
    known : (n,) bool
        Whether anything was seen.
    clipped : (n, k) bool
        Held at a limit that the points would pass.
    observed : (n, p, 3) float64
        Displacements of the actor's points on the character's skin, mm; nought where not valid.
    solved : (n, p, 3) float64
        What the values make of them.
    valid : (n, p) bool
    turns : (n, 3, 3) float64
        Rotations of the head in the face's axes (x to its left, y up, z ahead).
    moved : (n, 3) float64
        How far the face's middle is from where it usually is, metres of the actor, same axes.
    neutral : (p, 3) float64
        The actor's face at rest, on the head.
    placement : Placement
    settings : SolveSettings
    gains : mapping of str to float
        By how much the motion of parts of the face was made smaller.
    noise_mm : float
        Distance that points were allowed to be off.
    repairs : RepairReport
    """

    times: FloatArray
    unknowns: Unknowns
    values: FloatArray
    known: BoolArray
    clipped: BoolArray
    observed: FloatArray
    solved: FloatArray
    valid: BoolArray
    turns: FloatArray
    moved: FloatArray
    neutral: FloatArray
    placement: Placement
    settings: SolveSettings
    gains: Mapping[str, float] = field(default_factory=dict[str, float])
    noise_mm: float = 0.0
    repairs: RepairReport = field(default_factory=RepairReport)

    def __post_init__(self) -> None:
        for name in ("times", "values", "observed", "solved", "turns", "moved", "neutral"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.float64))
        for name in ("known", "clipped", "valid"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.bool_))

    @property
    def away_mm(self) -> FloatArray:
        """How far each point ``(n, p)`` is from where it was seen; nought where it was not."""
        away = np.sqrt(((self.observed - self.solved) ** 2).sum(axis=2))
        return np.where(self.valid, away, 0.0)

    @property
    def residual_mm(self) -> FloatArray:
        """Root mean square of that ``(n,)`` over the points of a frame."""
        count = np.maximum(self.valid.sum(axis=1), 1)
        return np.sqrt((self.away_mm**2).sum(axis=1) / count)

    @property
    def moving(self) -> BoolArray:
        """Points ``(p,)`` that somewhere go farther than `MOVES_MM` from rest."""
        far = np.where(self.valid, np.sqrt((self.observed**2).sum(axis=2)), 0.0)
        return far.max(axis=0, initial=0.0) > MOVES_MM

    def fit(self) -> Fit:
        """How well the character does what the actor did."""
        size = np.where(self.valid, (self.observed**2).sum(axis=2), 0.0)
        left = self.away_mm**2
        moving, seen = self.moving, max(int(self.valid.sum()), 1)
        whole = float(size[:, moving].sum())
        resting = ~moving & self.valid.any(axis=0)
        stray = np.sqrt((self.solved**2).sum(axis=2))[:, resting]
        return Fit(
            explained=1.0 - float(left[:, moving].sum()) / whole if whole > 0 else 1.0,
            mean_mm=float(np.sqrt(left).sum() / seen),
            nothing_mm=float(np.sqrt(size).sum() / seen),
            moving=int(moving.sum()),
            resting_mm=float(np.quantile(stray, 0.95)) if stray.size else 0.0,
            clipped=float(self.clipped[self.known].mean())
            if self.clipped[self.known].size
            else 0.0,
        )

    def look_at(self) -> tuple[float, ...]:
        """Times (seconds on the take's clock) at which the fit is worst, worst first."""
        residual = np.where(self.known, self.residual_mm, 0.0)
        out: list[float] = []
        free = residual > 0
        while free.any() and len(out) < LOOK:
            row = int(np.argmax(np.where(free, residual, -1.0)))
            out.append(float(self.times[row]))
            free &= np.abs(self.times - self.times[row]) >= APART_S
        return tuple(out)

    def energy(self) -> dict[str, float]:
        """Share of each region of controls in the squared motion that they make of the points."""
        regions = [channel.region for channel in self.unknowns.channels]
        out: dict[str, float] = {}
        for region in sorted(set(regions)):
            own = [number for number, each in enumerate(regions) if each == region]
            moved = self.values[:, own] @ self.unknowns.basis[:, own].T
            out[region] = float((moved**2).sum())
        whole = max(sum(out.values()), 1e-300)
        return {region: size / whole for region, size in out.items()}

    def most_clipped(self) -> tuple[tuple[str, float], ...]:
        """Controls that are held at a limit, with the part of the frames, most first."""
        at_end = (self.values > 0.5) | (self.values < -0.5)
        held = np.zeros(len(self.unknowns))
        if self.known.any():
            held = (self.clipped & at_end)[self.known].mean(axis=0)
        order = np.argsort(-held, kind="stable")
        names = [channel.name for channel in self.unknowns.channels]
        return tuple((names[k], float(held[k])) for k in order.tolist() if held[k] > 0.02)

    def sentences(self) -> tuple[str, ...]:
        """What a person should know."""
        out = list(self.placement.findings)
        out += [
            f"The actor's {part} move farther than the character can: their motion is taken at "
            f"{100 * gain:.0f} %."
            for part, gain in self.gains.items()
            if gain < 0.97
        ]
        fit = self.fit()
        if not len(self.unknowns):
            out.append("No control of the character moves any of the points.")
        elif not fit.moving:
            out.append(f"No point moves by more than {MOVES_MM:g} mm.")
        elif fit.explained < POOR:
            out.append(
                f"The character's controls explain only {100 * max(fit.explained, 0):.0f} % of "
                "the motion: look at where the points are on it."
            )
        out += [repair.sentence() for repair in self.repairs.repairs[:20]]
        more = len(self.repairs.repairs) - 20
        if more > 0:
            out.append(f"{more} more repairs of points.")
        out += list(self.repairs.notes)
        return tuple(out)

    def replaced(self, **parts: Any) -> PointSolve:
        """A copy with other parts."""
        return replace(self, **parts)


@dataclass(frozen=True)
class Fit:
    """How well a character does what an actor did.

    Attributes
    ----------
    explained : float
        Part of the squared motion of the points that move by more than 2 mm.
    mean_mm, nothing_mm : float
        Mean distance from where points were seen, and were the face to stay at rest.
    moving : int
        Points that move.
    resting_mm : float
        95th percentile of how far points go on the character that rest on the actor.
    clipped : float
        Part of all values that is held at a limit.
    """

    explained: float
    mean_mm: float
    nothing_mm: float
    moving: int
    resting_mm: float
    clipped: float

    def to_json(self) -> dict[str, float]:
        """Plain values for a JSON document."""
        return {name: round(float(getattr(self, name)), 4) for name in self.__dataclass_fields__}
