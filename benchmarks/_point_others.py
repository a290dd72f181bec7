# SPDX-License-Identifier: GPL-3.0-or-later
"""What scipy makes of the same points, frame by frame, and how near any answer is to the truth."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import lsq_linear, nnls

from facemocap_addon.core.point_solve.outcome import PointSolve
from facemocap_addon.core.point_solve.performing import ActorMotion
from facemocap_addon.core.point_solve.unknowns import Unknowns
from facemocap_addon.core.solver import roughness

from ._point_rigs import RigFace, vertices
from ._point_takes import Recording

#: Values above this count as used.
USED = 0.01
#: Every so many frames the mesh is looked at.
LOOKED = 5
#: Frames on which the other ways are timed with all rows; their answers are found with fewer.
TIMED = 6


@dataclass(frozen=True)
class Truth:
    """What a character really did."""

    rig: RigFace
    controls: np.ndarray
    moving: np.ndarray
    places: np.ndarray

    def score(self, unknowns: Unknowns, values: np.ndarray) -> Score:
        """How near values (n, k) of unknowns are to it."""
        truth = self.rig.unknown_values(unknowns, self.controls)
        played = self.rig.with_unknowns(
            unknowns, values[::LOOKED], self.controls[::LOOKED]
        )  # what points do not tell, such as where eyes look, is as it was
        off = vertices(self.rig, played, self.moving) - self.places
        away = 1000.0 * np.sqrt((off**2).sum(axis=2))
        return Score(
            rmse=float(np.sqrt(np.mean((values - truth) ** 2))),
            mean_mm=float(away.mean()),
            high_mm=float(np.quantile(away, 0.95)),
            most_mm=float(away.max(initial=0.0)),
            used=float((np.abs(values) > USED).sum(axis=1).mean()),
            truly_used=float((np.abs(truth) > USED).sum(axis=1).mean()),
            rough=roughness(values),
            truly_rough=roughness(truth),
        )


@dataclass(frozen=True)
class Score:
    """How near an answer is to the truth."""

    rmse: float
    mean_mm: float
    high_mm: float
    most_mm: float
    used: float
    truly_used: float
    rough: float
    truly_rough: float

    def words(self, ms_per_frame: float) -> str:
        """The columns of the table."""
        off = " ".join(_short(each, 2) for each in (self.mean_mm, self.high_mm, self.most_mm))
        return (
            f"{_short(self.rmse, 4)} | {off} mm | {self.used:4.1f} of {self.truly_used:4.1f} | "
            f"{self.rough:.1e} of {self.truly_rough:.1e} | {ms_per_frame:6.2f} ms"
        )


def _short(value: float, digits: int) -> str:
    """A number, or that there is no use in it."""
    return f"{value:6.{digits}f}" if value < 1000.0 else " >1000"


def cleaned(actor: ActorMotion, solve: PointSolve) -> tuple[np.ndarray, np.ndarray]:
    """What ours starts from: displacements (n, p, 3) in mm, and which are there (n, p)."""
    off = 1000.0 * solve.placement.displacements(actor.on_head - solve.neutral)
    valid = actor.valid & solve.placement.placed & np.isfinite(off).all(axis=2)
    return np.where(valid[:, :, None], off, 0.0), valid


def answers(
    unknowns: Unknowns, observed: np.ndarray, valid: np.ndarray
) -> dict[str, tuple[np.ndarray, float]]:
    """Values (n, k) of each other way, and its seconds a frame."""
    low, high = unknowns.low, unknowns.high
    tables = [
        (unknowns.basis[np.repeat(seen, 3)], frame[seen].ravel())
        for frame, seen in zip(observed, valid, strict=True)
    ]

    def bounded(table: np.ndarray, right: np.ndarray, method: str = "trf") -> np.ndarray:
        return lsq_linear(table, right, (low, high), method=method).x

    def positive(table: np.ndarray, right: np.ndarray) -> np.ndarray:
        return low + nnls(table, right - table @ low)[0]

    def clipped(table: np.ndarray, right: np.ndarray) -> np.ndarray:
        return np.clip(np.linalg.lstsq(table, right, rcond=None)[0], low, high)

    some = tables[:: max(len(tables) // TIMED, 1)]
    reduced = [_reduced(*each) for each in tables]
    ways = {"lsq_linear": (bounded, "bvls"), "nnls": (positive,), "clipped": (clipped,)}
    return {
        name: (np.stack([way(*each, *method) for each in reduced]), _seconds(way, some))
        for name, (way, *method) in ways.items()
    }


def _reduced(table: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As few rows as there are unknowns, with the same least squares."""
    q, r = np.linalg.qr(table)
    return r, q.T @ right


def _seconds(
    way: Callable[..., np.ndarray],
    tables: list[tuple[np.ndarray, np.ndarray]],
) -> float:
    began = time.perf_counter()
    for table, right in tables:
        way(table, right)
    return (time.perf_counter() - began) / len(tables)


def turned_wrong(actor: ActorMotion, solve: PointSolve, recording: Recording) -> str:
    """Error of the head in degrees: stabilised, after the solve, and an oracle's.

    The oracle is least squares frame by frame on those of the stable points that are neither
    outliers nor lost, and knows where each really was on the head.
    """
    truth = recording.rotations
    columns = np.asarray(actor.head.columns)
    good = recording.good[:, columns] * 1.0
    count = np.maximum(good.sum(axis=1), 1.0)[:, None]
    there, model = recording.seen[:, columns], recording.on_head[:, columns]
    there = there - (np.einsum("np,npi->ni", good, there) / count)[:, None]
    model = model - (np.einsum("np,npi->ni", good, model) / count)[:, None]
    known = nearest_rotations(np.einsum("np,npi,npj->nij", good, there, model))
    rows = good.sum(axis=1) >= 4
    found = {
        "stabilised": actor.head.rotations,
        "solved": solve.turns,
        "oracle": known,
    }
    # the solve tells how the head turns from where it usually is, in the face's own axes
    turned = {
        name: [
            each.transpose(0, 2, 1)[rows] if name == "solved" else each[rows]
            for each in (own, truth)
        ]
        for name, own in found.items()
    }
    parts = [f"{name} {_error(*pair):.3f}" for name, pair in turned.items()]
    return f"head off by (degrees): {', '.join(parts)}; {len(columns)} stable points"


def nearest_rotations(products: np.ndarray) -> np.ndarray:
    """Rotations (n, 3, 3) nearest to matrices."""
    left, _, right = np.linalg.svd(products)
    left[:, :, 2] *= np.sign(np.linalg.det(left @ right))[:, None]
    return left @ right


def _error(found: np.ndarray, truth: np.ndarray) -> float:
    """RMS degrees, less the rotation that is common to all frames."""
    common = nearest_rotations(np.einsum("nij,nik->jk", found, truth)[None])[0]
    rest = found @ common @ truth.transpose(0, 2, 1)
    cosine = (np.trace(rest, axis1=1, axis2=2) - 1.0) / 2.0
    angles = np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))
    return float(np.sqrt((angles**2).mean()))
