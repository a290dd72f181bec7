# SPDX-License-Identifier: GPL-3.0-or-later
"""An actor's points onto a character's controls: neutral face, placement, range, shot, head."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..correspondence.features import FoundFace
from ..correspondence.placement import Placement
from ..correspondence.placing import ByHand, place_points
from ..errors import FacemocapError
from ..probing.scan import Scan
from ..progress import Job, Progress
from ..rig_maps.rig_map import RigMap
from ..rotations import from_vector, to_matrix
from ..solver import (
    FAST,
    Bending,
    Outliers,
    Problem,
    Settings,
    Smoothness,
    Terms,
    make_problem,
    solve,
    solve_curved,
)
from .neutral_face import best_neutral, likely_neutrals, marked_neutral
from .outcome import PointSolve
from .performing import ActorMotion
from .range_fit import point_gains, range_gains
from .settings import SolveSettings
from .unknowns import Unknowns, find_unknowns

#: From changes of controls (j, c) to displacements of the placed points (j, p, 3) in mm.
Evaluate = Callable[[FloatArray], FloatArray]
#: Distance that points are allowed to be off before anything is known, and within what it is found.
FIRST_MM, LEAST_MM, MOST_MM = 0.5, 0.3, 3.0
#: What the head may still do beside what its stable points say: mm and radians, as deviations.
SHIFT_MM, TURN_RAD = 0.3, np.radians(0.3)
#: Points beyond this quantile of what a first solve leaves lie off; within these deviations.
OFF_QUANTILE, OFF_LEAST, OFF_MOST, OFF_WIDE = 0.97, 3.0, 8.0, 1.8
#: More points than this do not know more together.
KNOWING = 60.0
#: Faces differ as a whole, not point by point: so many times what is left counts as noise.
MISFIT = 2.0
#: Less smoothness than this is none: the joint solve does not settle between the two.
LEAST_SMOOTH = 0.25
#: Rate at which the solver's smoothness is at home.
_USUAL_HZ = 60.0
_COST_FRAMES = 300
#: In longer shots the rig is asked in so many frames where it puts the points at the end.
MOST_ASKED = 500


def solve_points(
    actor: ActorMotion,
    face: FoundFace,
    scan: Scan,
    rig_map: RigMap,
    settings: SolveSettings | None = None,
    *,
    by_hand: ByHand | None = None,
    evaluate: Callable[[Placement, Unknowns], Evaluate] | None = None,
    like: PointSolve | None = None,
) -> Job[PointSolve]:
    """Find what a character does when an actor's points move.

    Parameters
    ----------
    actor : ActorMotion
    face : FoundFace
        The character's places and skin.
    scan : Scan
        How its controls move it.
    rig_map : RigMap
        What its controls are.
    settings : SolveSettings, optional
    by_hand : mapping, optional
        Where a person put points, see `place_points`.
    evaluate : callable, optional
        Gives, for placed points, what asks the rig itself where they go; without it bones are
        taken for straight.
    like : PointSolve, optional
        An earlier solve of the take, whose neutral face and whose size of motion are kept.

    Raises
    ------
    FacemocapError
        When no point can be placed, or nothing of the character moves them.
    """
    chosen = settings or SolveSettings()
    yield Progress(0.05, "Finding the face at rest")
    names, usual = actor.names, likely_neutrals(actor)
    if not usual:
        raise FacemocapError("The take has no point that is seen", "Choose another take")
    if like is not None:
        usual = [like.neutral]
    elif actor.rest is not None and chosen.neutral_s is None:
        usual = [actor.rest]
    elif chosen.neutral_s is not None:
        usual = [marked_neutral(actor, chosen.neutral_s)]
    first = place_points(names, usual[-1], face, by_hand)
    _check_placed(first)
    neutral = usual[0]
    if len(usual) > 1:
        task = _Task.of(actor, first, find_unknowns(rig_map, scan, first), chosen, neutral)
        neutral = best_neutral(usual, task.cost)
    yield Progress(0.3, "Placing points on the character")
    placement = place_points(names, neutral, face, by_hand)
    _check_placed(placement)
    unknowns = find_unknowns(rig_map, scan, placement)
    if not len(unknowns):
        raise FacemocapError(
            "No control of the character moves any of the points",
            "Look at where the points are on it, and measure the character again",
        )
    yield Progress(0.45, "Solving the shot")
    task = _Task.of(actor, placement, unknowns, chosen, neutral)
    asking = evaluate(placement, unknowns) if evaluate and unknowns.bent.any() else None
    return task.solved(asking, face.features.axes, None if like is None else like.gains)


@dataclass
class _Task:
    """One take on one character, on the way to being solved."""

    actor: ActorMotion
    placement: Placement
    unknowns: Unknowns
    settings: SolveSettings
    observed: FloatArray
    valid: BoolArray
    weights: FloatArray
    rigid: FloatArray
    neutral: FloatArray
    gains: dict[str, float]

    @classmethod
    def of(
        cls,
        actor: ActorMotion,
        placement: Placement,
        unknowns: Unknowns,
        settings: SolveSettings,
        neutral: FloatArray,
    ) -> _Task:
        """Displacements from a neutral face, on the character."""
        off = 1000.0 * placement.displacements(actor.on_head - neutral)
        valid = actor.valid & placement.placed & np.isfinite(off).all(axis=2)
        observed = np.where(valid[:, :, None], off, 0.0)
        weights = placement.confidence * placement.placed
        weights = weights * min(1.0, KNOWING / max(float(weights.sum()), 1e-9))
        if settings.emphasis:
            weights = weights * point_gains(unknowns, settings.emphasis)
        rigid = _rigid_columns(placement, neutral)
        return cls(
            actor, placement, unknowns, settings, observed, valid, weights, rigid, neutral, {}
        )  # fmt: skip

    def cost(self, neutral: FloatArray) -> float:
        """What a neutral face costs: what is left of a quick solve, mm squared of a point."""
        other = _Task.of(self.actor, self.placement, self.unknowns, self.settings, neutral)
        rows = np.unique(np.linspace(0, len(other.observed) - 1, _COST_FRAMES).round().astype(int))
        problem = other._problem(FIRST_MM, beyond=2.0)
        flat = other.observed[rows].reshape(len(rows), -1)
        found = solve(problem, flat, other.valid[rows], Settings(FAST))
        left = flat - found.values @ problem.basis.T
        # a few frames of something quick must not decide
        each = (left.reshape(len(rows), -1, 3) ** 2).sum(axis=2) * other.valid[rows]
        return float((each * other.weights).sum(axis=1).mean() / max(other.weights.sum(), 1e-9))

    def solved(
        self, evaluate: Evaluate | None, axes: FloatArray, gains: Mapping[str, float] | None
    ) -> PointSolve:
        """The whole take."""
        noise = self.settings.trust_mm or self._usual_off(FIRST_MM)
        if gains is not None:
            self.gains = dict(gains)
        elif self.settings.fit_range:
            flat = self.observed.reshape(len(self.observed), -1)
            self.gains = range_gains(self.unknowns, flat, self.valid, self.weights, noise)
        if self.gains:
            self.observed = self.observed * point_gains(self.unknowns, self.gains)[:, None]
            noise = self.settings.trust_mm or self._usual_off(noise)
        problem = self._problem(noise)
        flat = self.observed.reshape(len(self.observed), -1)
        settings = Settings(FAST, self._outliers(problem, noise), self._smoothness())
        count = len(self.unknowns)
        solved = solve(problem, flat, self.valid, settings)
        straight = solved.values[:, :count] @ self.unknowns.basis.T
        if evaluate is not None:
            asked = _Asked(evaluate, self.unknowns, problem)
            bent = np.flatnonzero(self.unknowns.bent).tolist()
            bending = Bending(controls=bent, anchors=4, rounds=2)
            solved = solve_curved(problem, asked.displacements, flat, self.valid, settings, bending)
            straight = asked.of_shot(solved.values)
        values = solved.values[:, :count]
        away = (solved.values[:, count:] @ problem.basis[:, count:].T).reshape(self.observed.shape)
        turns, moved = self._head(solved.values[:, count:], axes)
        return PointSolve(
            times=self.actor.times,
            unknowns=self.unknowns,
            values=values,
            known=solved.known,
            clipped=solved.clipped[:, :count],
            observed=np.where(self.valid[:, :, None], self.observed - away, 0.0),
            solved=straight.reshape(self.observed.shape),
            valid=self.valid,
            turns=turns,
            moved=moved,
            neutral=self.neutral,
            placement=self.placement,
            settings=self.settings,
            gains=self.gains,
            noise_mm=noise,
            repairs=self.actor.repairs,
        )

    def _problem(self, noise: float, beyond: float = 1.0) -> Problem:
        known = self.unknowns
        basis, ridge = known.basis, np.full(len(known), (noise / 0.5) ** 2)
        low, high = known.low, known.high * beyond
        if self.settings.adjust_head and self.rigid.shape[1]:
            basis = np.hstack([basis, self.rigid])
            spread = np.repeat([SHIFT_MM, TURN_RAD], 3)
            ridge = np.concatenate([ridge, (noise / spread) ** 2])
            low = np.concatenate([low, np.full(6, -1e3)])
            high = np.concatenate([high, np.full(6, 1e3)])
        sparse = np.zeros(len(ridge))
        sparse[: len(known)] = self.settings.sparsity * noise**2
        return make_problem(
            basis,
            weights=self.weights,
            low=low,
            high=high,
            terms=Terms(noise=noise, ridge=ridge, l1=sparse),
            exclusive=known.exclusive,
            pairs=known.pairs,
        )

    def _usual_off(self, noise: float) -> float:
        """How far points usually are from where the character can take them, as a deviation."""
        problem = self._problem(noise, beyond=2.0)
        away = _away(problem, self.observed, self.valid)
        if not away.size:
            return noise
        near = away[away <= np.quantile(away, OFF_QUANTILE)]
        return float(np.clip(np.sqrt((near**2).mean() / 3.0) * MISFIT, LEAST_MM, MOST_MM))

    def _outliers(self, problem: Problem, noise: float) -> Outliers:
        away = _away(problem, self.observed, self.valid)
        far = float(np.quantile(away, OFF_QUANTILE)) / noise if away.size else OFF_LEAST
        keep = float(np.clip(far, OFF_LEAST, OFF_MOST))
        return Outliers(keep=keep, drop=OFF_WIDE * keep)

    def _smoothness(self) -> Smoothness | None:
        times = self.actor.times
        if self.settings.smoothness < LEAST_SMOOTH or len(times) < 3:
            return None
        step = float(np.median(np.diff(times)))
        usual = Smoothness().acceleration * (step * _USUAL_HZ) ** 2
        return Smoothness(acceleration=usual / self.settings.smoothness)

    def _head(self, adjusted: FloatArray, axes: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Rotations and places of the head in the face's axes, with what the solve found beside."""
        head, actor = self.actor.head, self.placement.actor
        to_face = axes @ actor.rotation if actor is not None else np.eye(3)
        turns = to_face @ head.rotations @ to_face.T
        middle = np.nanmean(self.neutral, axis=0)
        moved = (head.rotations @ middle + head.translations - middle) @ to_face.T
        if adjusted.shape[1]:
            extra = adjusted[:, 3:] @ axes.T
            turns = turns @ to_matrix(from_vector(extra))
        return turns, moved


class _Asked:
    """What the rig itself does, beside the straight columns of the head."""

    def __init__(self, evaluate: Evaluate, unknowns: Unknowns, problem: Problem) -> None:
        self._evaluate, self._unknowns, self._problem = evaluate, unknowns, problem

    def displacements(self, values: FloatArray) -> FloatArray:
        """Displacements ``(j, 3 p)`` in mm for values ``(j, k + 6)``."""
        count = len(self._unknowns)
        moved = self._without_head(values)
        return moved + values[:, count:] @ self._problem.basis[:, count:].T

    def of_shot(self, values: FloatArray) -> FloatArray:
        """The same without the head; in long shots what is bent is asked for now and then."""
        if len(values) <= MOST_ASKED:
            return self._without_head(values)
        rows = np.unique(np.linspace(0, len(values) - 1, MOST_ASKED).round().astype(int))
        straight = values[:, : len(self._unknowns)] @ self._unknowns.basis.T
        bent = self._without_head(values[rows]) - straight[rows]
        after = np.clip(np.searchsorted(rows, np.arange(len(values))), 1, len(rows) - 1)
        width = rows[after] - rows[after - 1]
        share = ((np.arange(len(values)) - rows[after - 1]) / width)[:, None]
        return straight + bent[after - 1] * (1.0 - share) + bent[after] * share

    def _without_head(self, values: FloatArray) -> FloatArray:
        moved = self._evaluate(self._unknowns.changes(values[:, : len(self._unknowns)]))
        return moved.reshape(len(values), -1)


def _away(problem: Problem, observed: FloatArray, valid: BoolArray) -> FloatArray:
    """Distances of seen points from a quick solve of some frames."""
    rows = np.unique(np.linspace(0, len(observed) - 1, _COST_FRAMES).round().astype(int))
    flat = observed[rows].reshape(len(rows), -1)
    found = solve(problem, flat, valid[rows], Settings(FAST, Outliers()))
    left = (flat - found.values @ problem.basis.T).reshape(len(rows), -1, 3)
    away: Any = np.sqrt((left**2).sum(axis=2))
    return away[valid[rows] & (problem.weights > 0)]


def _rigid_columns(placement: Placement, neutral: FloatArray) -> FloatArray:
    """Movement (mm) of the placed points when the head shifts by 1 mm and turns by 1 radian."""
    count = len(placement)
    if placement.actor is None or placement.placed.sum() < 4:
        return np.zeros((3 * count, 0))
    at = 1000.0 * placement.actor.places(np.where(np.isfinite(neutral), neutral, 0.0))
    there = placement.placed & np.isfinite(neutral).all(axis=1)
    arms = at - at[there].mean(axis=0)
    out = np.zeros((count, 3, 6))
    out[:, :, :3] = np.eye(3)
    for axis in range(3):
        out[:, :, 3 + axis] = np.cross(np.eye(3)[axis], arms)
    out[~there] = 0.0
    return out.reshape(3 * count, 6)


def _check_placed(placement: Placement) -> None:
    if placement.actor is None or not placement.placed.any():
        raise FacemocapError(
            "None of the points could be placed on the character",
            "Put at least four of them on its face by hand",
        )
