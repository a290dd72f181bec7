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
from ..progress import Job
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
from .asking import Asked, Evaluate, asked_of
from .background import Desk, in_background
from .neutral_face import best_neutral, likely_neutrals, marked_neutral
from .outcome import PointSolve
from .performing import ActorMotion
from .range_fit import point_gains, range_gains
from .settings import SolveSettings
from .unknowns import Unknowns, find_unknowns

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
SOLVING = "Solving the shot"


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
    work = _Work(actor, face, scan, rig_map, chosen, by_hand, evaluate, like)
    return (yield from in_background(work.done))


@dataclass(frozen=True)
class _Work:
    """What `solve_points` is given."""

    actor: ActorMotion
    face: FoundFace
    scan: Scan
    rig_map: RigMap
    settings: SolveSettings
    by_hand: ByHand | None
    evaluate: Callable[[Placement, Unknowns], Evaluate] | None
    like: PointSolve | None

    def done(self, desk: Desk) -> PointSolve:
        """The solve, in the background."""
        like, chosen = self.like, self.settings
        desk.tell(0.02, "Finding the face at rest")
        usual = self._likely_neutrals()
        first = self._placed(usual[-1])
        neutral = usual[0]
        if len(usual) > 1:
            unknowns = find_unknowns(self.rig_map, self.scan, first)
            task = _Task.of(self.actor, first, unknowns, chosen, neutral)
            neutral = best_neutral(usual, task.cost)
        desk.tell(0.3, "Placing points on the character")
        placement = self._placed(neutral) if len(usual) > 1 else first
        unknowns = find_unknowns(self.rig_map, self.scan, placement)
        if not len(unknowns):
            raise FacemocapError(
                "No control of the character moves any of the points",
                "Look at where the points are on it, and measure the character again",
            )
        desk.tell(0.4, SOLVING)
        task = _Task.of(self.actor, placement, unknowns, chosen, neutral)
        asking = None
        if self.evaluate is not None and unknowns.bent.any():
            asking = asked_of(self.evaluate, placement, unknowns, desk)
        axes = self.face.features.axes
        return task.solved(desk, asking, axes, None if like is None else like.gains)

    def _likely_neutrals(self) -> list[FloatArray]:
        """Faces that may be the actor's at rest; one where it is known."""
        chosen, actor = self.settings, self.actor
        if self.like is not None:
            return [self.like.neutral]
        if chosen.neutral_s is not None:
            return [marked_neutral(actor, chosen.neutral_s)]
        if actor.rest is not None:
            return [actor.rest]
        usual = likely_neutrals(actor)
        if not usual:
            raise FacemocapError("The take has no point that is seen", "Choose another take")
        return usual

    def _placed(self, neutral: FloatArray) -> Placement:
        placement = place_points(self.actor.names, neutral, self.face, self.by_hand)
        if placement.actor is None or not placement.placed.any():
            raise FacemocapError(
                "None of the points could be placed on the character",
                "Put at least four of them on its face by hand",
            )
        return placement


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
        observed, bridged = _bridged(observed, valid)
        weights = placement.confidence * placement.placed
        weights = weights * min(1.0, KNOWING / max(float(weights.sum()), 1e-9))
        if settings.emphasis:
            weights = weights * point_gains(unknowns, settings.emphasis)
        rigid = _rigid_columns(placement, neutral)
        return cls(
            actor, placement, unknowns, settings, observed, bridged, weights, rigid, neutral, {}
        )  # fmt: skip

    def cost(self, neutral: FloatArray) -> float:
        """What a neutral face costs: the mean distance (mm) that a quick solve leaves."""
        other = _Task.of(self.actor, self.placement, self.unknowns, self.settings, neutral)
        rows = np.unique(np.linspace(0, len(other.observed) - 1, _COST_FRAMES).round().astype(int))
        problem = other._problem(FIRST_MM, beyond=2.0)
        flat = other.observed[rows].reshape(len(rows), -1)
        found = solve(problem, flat, other.valid[rows], Settings(FAST))
        left = flat - found.values @ problem.basis.T
        # not its square: points that lie off, and a few frames of something quick, must not decide
        away = np.sqrt((left.reshape(len(rows), -1, 3) ** 2).sum(axis=2))
        counted = other.valid[rows] * other.weights
        return float((away * counted).sum() / max(float(counted.sum()), 1e-9))

    def solved(
        self,
        desk: Desk,
        evaluate: Evaluate | None,
        axes: FloatArray,
        gains: Mapping[str, float] | None,
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
        desk.tell(0.6, SOLVING)
        problem = self._problem(noise)
        flat = self.observed.reshape(len(self.observed), -1)
        settings = Settings(FAST, self._outliers(problem, noise), self._smoothness())
        count = len(self.unknowns)
        solved = solve(problem, flat, self.valid, settings)
        straight = solved.values[:, :count] @ self.unknowns.basis.T
        desk.tell(0.75, SOLVING)
        if evaluate is not None:
            asked = Asked(evaluate, self.unknowns, problem)
            bent = np.flatnonzero(self.unknowns.bent).tolist()
            bending = Bending(controls=bent, anchors=4, rounds=2)
            solved = solve_curved(problem, asked.displacements, flat, self.valid, settings, bending)
            desk.tell(0.9, "Looking where the rig takes the points")
            straight = asked.of_shot(solved.values)
        values = solved.values[:, :count]
        away = (solved.values[:, count:] @ problem.basis[:, count:].T).reshape(self.observed.shape)
        turns, moved = self._head(solved.values[:, count:], axes)
        seen = self.valid & self.actor.valid
        return PointSolve(
            times=self.actor.times,
            unknowns=self.unknowns,
            values=values,
            known=solved.known & seen.any(axis=1),
            clipped=solved.clipped[:, :count],
            observed=np.where(seen[:, :, None], self.observed - away, 0.0),
            solved=straight.reshape(self.observed.shape),
            valid=seen,
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


def _bridged(observed: FloatArray, valid: BoolArray) -> tuple[FloatArray, BoolArray]:
    """Points in frames that show none of them: on the straight way between those around.

    Nothing is known there; but a face that falls back to rest would pull at the frames around.
    """
    known = np.flatnonzero(valid.any(axis=1))
    blind = np.flatnonzero(~valid.any(axis=1))
    if not len(known) or not len(blind):
        return observed, valid
    after = np.searchsorted(known, blind)
    before = known[np.maximum(after - 1, 0)]
    after = known[np.minimum(after, len(known) - 1)]
    share = (blind - before) / np.maximum(after - before, 1)
    share = np.clip(share, 0.0, 1.0)[:, None, None]
    there = valid[before] & valid[after]
    observed, valid = observed.copy(), valid.copy()
    between = observed[before] * (1.0 - share) + observed[after] * share
    observed[blind], valid[blind] = np.where(there[:, :, None], between, 0.0), there
    return observed, valid


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
