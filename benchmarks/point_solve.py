# SPDX-License-Identifier: GPL-3.0-or-later
"""Points onto characters, from the take to the values: known performances, and real markers.

Known performances (speech and a range of motion of Live Link Face) move the mesh that Blender
evaluates. A recorder sees 41 markers, 68 or 478 landmarks of it with 0.3 mm of noise, a tenth of
them off by 6 mm, a twentieth lost, on a head that moves as the one of the UDP tape. Markers are
glued within 3 mm of where they should be, landmarks found within 1.5 mm. "Automatic" places them
by their names and is told nothing; its time is for everything from the take to the values. The
others know on which vertex each point is; theirs is the time of the solve. lsq_linear, nnls and
clipped least squares (scipy, numpy) are given the same mended points, without the head's motion,
and the same basis; nnls knows no upper limits.

In the notes: RMSE of the values | error of the mesh where it moves: mean, 95th percentile, most |
controls in use (above 0.01) of those that truly are | roughness (mean square second difference) of
the truth's | time a frame. Seconds are for the whole take. Ours is "missed" when any of the three
others comes nearer in the values or on the mesh, or when its roughness is above the truth's.

Real markers are put on the sample characters by their names. What is promised stands in the notes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np

from facemocap_addon.core.correspondence.placing import ByHand
from facemocap_addon.core.point_solve.outcome import PointSolve
from facemocap_addon.core.point_solve.settings import SolveSettings
from facemocap_addon.core.progress import run_job
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take import Take
from facemocap_addon.gateway.points.point_solving import actor_of, solve_on_character

from . import ROOT, Measurement
from ._point_others import LOOKED, Score, Truth, answers, cleaned, turned_wrong
from ._point_rigs import (
    LANDMARKS_68,
    LANDMARKS_478,
    MARKERS,
    SHARED,
    RigFace,
    carried_points,
    moving_rows,
    open_face,
    vertices,
)
from ._point_takes import Recording, head_of_tape, performance, recorded
from .stabilise import TAPE, head_vectors_of

T = TypeVar("T")

SAMPLE = ROOT / "sample_rigs" / "arkit_head.blend"
#: A head of shapes, and one of more bones than its markers tell apart: a few seconds of it.
SHAPES, BONES = "makehuman/makehuman_face_female.blend", "rocketbox/Male_Adult_04.fbx"
#: Points, and how far (metres) they are from where they should be.
SETS = {
    "41 markers": (MARKERS, 3e-3),
    "68 landmarks": (LANDMARKS_68, 1.5e-3),
    "478 landmarks": (LANDMARKS_478, 1.5e-3),
}
BONES_S = 4.0
FRAMEWISE = SolveSettings(smoothness=0.0)
#: Takes of real markers, and the regions that at least `MEANT` of the motion has to be in.
JAW, BROWS = ("jaw", "mouth"), ("brow", "eye")
TAKES = (
    ("maya_markers/AnimFace_JawMoCap.ma", JAW),
    ("maya_markers/AnimFace_EyebrowsMoCap.ma", BROWS),
    ("c3d/AnimFace_JawMoCap_real_markers_60Hz.c3d", JAW),
    ("trc/AnimFace_JawMoCap_real_markers_60Hz.trc", JAW),
)
#: What is promised of them: part explained by character, part of the motion, mm at rest.
EXPLAINED = {"arkit_head": 0.75, "bone_face": 0.65}
MEANT, RESTING_MM = 0.8, 1.0


def measure() -> list[Measurement]:
    """Known performances on a sample and on real characters, then real markers."""
    rows: list[Measurement] = []
    few = {name: each for name, each in SETS.items() if name == "41 markers"}
    for path, sets, most_s in (
        (SAMPLE, SETS, 60.0),
        (SHARED / "rigs" / SHAPES, SETS, 60.0),
        (SHARED / "rigs" / BONES, few, BONES_S),
    ):
        if path.is_file():
            rows += _known(open_face(path, path.stem), sets, most_s)
        else:
            rows.append(_skipped(path))
    for name in EXPLAINED:
        rig = open_face(ROOT / "sample_rigs" / f"{name}.blend", name)
        for take, meant in TAKES:
            path = SHARED / "takes" / take
            rows.append(_real(rig, path, meant) if path.is_file() else _skipped(path))
    return rows


def _skipped(path: Path) -> Measurement:
    return Measurement(path.name, None, note="not there (FACEMOCAP_SHARED names the folder)")


# ---------------------------------------------------------------- known performances


def _known(
    rig: RigFace, sets: Mapping[str, tuple[tuple[str, ...], float]], most_s: float
) -> Iterator[Measurement]:
    """Every set of points on one character."""
    times, names, weights = performance()
    times, weights = times[times < most_s], weights[times < most_s]
    controls = rig.control_values(times, names, weights)
    moving = moving_rows(rig, controls[::LOOKED])
    truth = Truth(rig, controls, moving, vertices(rig, controls[::LOOKED], moving))
    vectors = head_vectors_of("as recorded" if TAPE.exists() else "synthetic", len(times))
    head = head_of_tape(vectors, len(times))
    put = {name: rig.put(each[0], each[1], len(name)) for name, each in sets.items()}
    everything = {f"{kind} {name}": at for kind, own in put.items() for name, at in own.items()}
    carried = carried_points(rig, everything, controls).swapaxes(0, 1)
    places = dict(zip(everything, carried, strict=True))
    for kind, own in put.items():
        on_head = np.stack([places[f"{kind} {name}"] for name in own], axis=1)
        recording = recorded(tuple(own), times, on_head, head, len(kind))
        yield from _ways(f"{rig.name}, {kind}", truth, recording, own)


def _ways(
    name: str, truth: Truth, recording: Recording, put: dict[str, tuple[str, int]]
) -> Iterator[Measurement]:
    """Ours and the others on one recording."""
    rig, frames = truth.rig, recording.take.samples
    actor, reading = _timed(lambda: run_job(actor_of(recording.take, SolveSettings())))

    def solved(settings: SolveSettings, by_hand: ByHand) -> tuple[PointSolve, float]:
        job = solve_on_character(
            rig.picked,
            rig.scene,
            recording.take,
            settings,
            measured=rig.measured,
            by_hand=by_hand,
        )
        result, seconds = _timed(lambda: run_job(job))
        return result.solve, seconds

    automatic, alone = solved(SolveSettings(), {})
    joint, together = solved(SolveSettings(), put)
    framewise, by_frame = solved(FRAMEWISE, put)
    observed, valid = cleaned(actor, joint)
    others = {
        way: (truth.score(joint.unknowns, values), frames * each)
        for way, (values, each) in answers(joint.unknowns, observed, valid).items()
    }
    best = [score for score, _ in others.values()]
    ours = {
        "joint": (truth.score(joint.unknowns, joint.values), together),
        "framewise": (truth.score(framewise.unknowns, framewise.values), by_frame),
        "automatic": (truth.score(automatic.unknowns, automatic.values), reading + alone),
    }
    for way, (score, seconds) in (ours | others).items():
        missed = _missed(score, best) if way == "joint" else []
        note = score.words(1000.0 * seconds / frames)
        if missed:
            note += f" | missed: {', '.join(missed)}"
        yield Measurement(
            f"{name}: {way}", seconds, most_seconds=0.0 if missed else None, note=note
        )
    yield Measurement(
        f"{name}: reading", reading, note=turned_wrong(actor, joint, recording) + _gains(joint)
    )


def _missed(ours: Score, others: list[Score]) -> list[str]:
    """What ours has to be better at and is not."""
    kept = {
        "values": all(ours.rmse < each.rmse for each in others),
        "mesh, mean": all(ours.mean_mm < each.mean_mm for each in others),
        "mesh, 95 %": all(ours.high_mm < each.high_mm for each in others),
        "roughness": ours.rough <= ours.truly_rough,
    }
    return [name for name, good in kept.items() if not good]


def _gains(solve: PointSolve) -> str:
    """Parts of the face whose motion was made smaller: none should be."""
    smaller = [f"{part} {gain:.2f}" for part, gain in solve.gains.items() if gain < 1]
    return f"; made smaller: {', '.join(smaller)}" if smaller else ""


# ---------------------------------------------------------------- real markers


def _real(rig: RigFace, path: Path, meant: tuple[str, ...]) -> Measurement:
    """One take of markers on one character."""
    take: Take = read_take(path)
    job = solve_on_character(rig.picked, rig.scene, take, measured=rig.measured)
    result, seconds = _timed(lambda: run_job(job))
    solve, fit = result.solve, result.solve.fit()
    energy = solve.energy()
    share = sum(energy.get(region, 0.0) for region in meant)
    least = EXPLAINED[rig.name]
    kept = {
        f"{least:.0%} explained": fit.explained >= least,
        f"{MEANT:.0%} of the motion": share >= MEANT,
        f"rest within {RESTING_MM:g} mm": fit.resting_mm <= RESTING_MM,
    }
    missed = [name for name, good in kept.items() if not good]
    note = (
        f"explained {fit.explained:.1%} (promised {least:.0%}), left {fit.mean_mm:.2f} mm of "
        f"{fit.nothing_mm:.2f} at rest, resting within {fit.resting_mm:.2f} mm (1), "
        f"{share:.0%} of the motion by {' and '.join(meant)} (80%)"
    )
    return Measurement(
        f"{rig.name}, {path.parent.name} {'brows' if meant is BROWS else 'jaw'}",
        seconds,
        most_seconds=0.0 if missed else None,
        note=note + _gains(solve) + (f" | missed: {', '.join(missed)}" if missed else ""),
    )


def _timed(job: Callable[[], T]) -> tuple[T, float]:
    began = time.perf_counter()
    return job(), time.perf_counter() - began
