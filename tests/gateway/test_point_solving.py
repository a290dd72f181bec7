# SPDX-License-Identifier: GPL-3.0-or-later
"""Points of known weights found again on the sample head, and what is said of points that are bad.

The mesh that Blender evaluates tells where the points go.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from acted_points import (
    FRAMES,
    NAMES,
    RATE,
    TIMES,
    Stage,
    acts,
    columns,
    head_motion,
    moved_by_head,
    open_stage,
    points_take,
)

from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.formats.head_pose import HEAD_ANGLES, HEAD_POSITION
from facemocap_addon.core.point_solve.settings import SolveSettings
from facemocap_addon.core.progress import run_job
from facemocap_addon.core.rig_maps.retargeting import retarget
from facemocap_addon.core.rig_maps.working_map import working_map
from facemocap_addon.gateway.characters.characters import read_character
from facemocap_addon.gateway.points.point_solving import solve_on_character

#: The solve allows points to be off by so much (mm) when nothing is wrong with them.
TRUSTED_MM = 0.3
#: Markers of the upper face that move with the skull, where nothing acts on them.
SKULL = ("ForeHead_M", "Ltemple", "Rtemple", "NoseTop", "NoseTip")


@pytest.fixture(scope="module")
def stage(sample_rigs: Path) -> Stage:
    return open_stage(sample_rigs)


@pytest.fixture(scope="module")
def acted(stage: Stage) -> np.ndarray:
    """Where the face takes the markers (n, p, 3), without the head's motion."""
    return stage.places(acts())


def wrong_mm(solved: Any, truth: dict[str, np.ndarray]) -> np.ndarray:
    """What the errors of each control make of the point that it moves farthest (k,), at most."""
    unknowns = solved.solve.unknowns
    full = np.zeros((len(solved.solve.times), len(unknowns)))
    for column, channel in enumerate(unknowns.channels):
        full[:, column] = truth.get(channel.name, 0.0)
    far = np.sqrt((unknowns.basis.reshape(-1, 3, len(unknowns)) ** 2).sum(axis=1)).max(axis=0)
    return np.abs(solved.solve.values - full).max(axis=0) * far


def test_known_weights_are_found(stage: Stage, acted: np.ndarray):
    solved = stage.solve(points_take(moved_by_head(acted)), by_hand=stage.vertices())
    # as near as the points are trusted, of every control, whether it acts or not
    assert wrong_mm(solved, acts()).max() < TRUSTED_MM
    found, truth = columns(solved, list(acts())), np.stack(list(acts().values()), axis=1)
    assert np.abs(np.argmax(found, axis=0) - np.argmax(truth, axis=0)).max() <= 1
    assert solved.take.warnings == ()
    fit = solved.solve.fit()
    assert fit.explained > 0.999
    assert fit.nothing_mm > 1.0
    # names of characters and takes may have dots
    assert solved.take.label == "acted on arkit_head"


def test_frames_by_themselves_are_found_as_well(stage: Stage, acted: np.ndarray):
    take = points_take(moved_by_head(acted))
    solved = stage.solve(take, SolveSettings(smoothness=0.0), by_hand=stage.vertices())
    assert wrong_mm(solved, acts()).max() < TRUSTED_MM


def test_the_head_gets_its_motion_and_the_face_none_of_it(stage: Stage, acted: np.ndarray):
    still = np.repeat(acted[:1], FRAMES, axis=0)
    turns, way = head_motion()
    for places in (still, acted):
        solve = stage.solve(points_take(moved_by_head(places)), by_hand=stage.vertices()).solve
        # the solve's head is about where it usually is: the first frame lays them on each other
        found = turns[0] @ solve.turns[0].T @ solve.turns
        cosine = (np.trace(found @ turns.transpose(0, 2, 1), axis1=1, axis2=2) - 1.0) / 2.0
        assert np.degrees(np.arccos(np.clip(cosine, -1, 1))).max() < 0.05
    still_solve = stage.solve(points_take(moved_by_head(still)), by_hand=stage.vertices())
    assert np.abs(still_solve.solve.values).max() < 0.01
    assert any("No point moves" in text for text in still_solve.take.warnings)
    for name in HEAD_ANGLES:
        assert np.ptp(still_solve.take.values[:, still_solve.take.column(name)]) > 0.05
    middle = turns @ still[0].mean(axis=0) + way
    columns_of = [still_solve.take.column(name) for name in HEAD_POSITION]
    told = still_solve.take.values[:, columns_of].astype(np.float64)
    away = np.linalg.norm(told - told[0], axis=1)
    assert away == pytest.approx(np.linalg.norm(middle - middle[0], axis=1), abs=5e-4)
    assert away.max() > 0.05


def test_limits_are_kept(stage: Stage, acted: np.ndarray):
    wide = acted[0] + 2.5 * (acted - acted[0])
    settings = SolveSettings(fit_range=False)
    solved = stage.solve(points_take(moved_by_head(wide)), settings, by_hand=stage.vertices())
    solve, unknowns = solved.solve, solved.solve.unknowns
    assert (solve.values >= unknowns.low).all()
    assert (solve.values <= unknowns.high).all()
    # 2.5 times 0.6 is beyond what the shape does
    peak = np.argmax(acts()["jawOpen"])
    place = [channel.name for channel in unknowns.channels].index("jawOpen")
    assert solve.values[peak, place] == unknowns.high[place]
    assert solve.clipped[peak, place]
    assert "jawOpen" in dict(solve.most_clipped())
    # what is applied is within them, too
    controls = read_character(stage.picked, stage.scene).controls
    played = retarget(
        solved.take, working_map(controls, solved.take, stage.picked.name, stage.measured)
    )
    jaw = [key.path for key in played.controls].index('key_blocks["jawOpen"].value')
    assert played.values[:, jaw].max() == pytest.approx(1.0, abs=1e-6)
    shapes = played.values[:, [key.kind == "shape_key" for key in played.controls]]
    assert shapes.shape[1] > 40
    assert shapes.max() <= 1.0
    assert shapes.min() >= 0.0


def test_a_range_that_is_too_wide_is_told(stage: Stage, acted: np.ndarray):
    wide = acted[0] + 2.5 * (acted - acted[0])
    solved = stage.solve(points_take(moved_by_head(wide)), by_hand=stage.vertices())
    assert any("farther than the character can" in text for text in solved.take.warnings)
    assert min(solved.solve.gains.values()) < 0.7


# ---------------------------------------------------------------- bad points


def test_three_points_are_refused(stage: Stage, acted: np.ndarray):
    three = acted[:, :3]
    with pytest.raises(FacemocapError, match=r"3 points .* too few") as refused:
        stage.solve(points_take(three, names=NAMES[:3]))
    assert refused.value.todo
    with pytest.raises(FacemocapError, match="3 stable points are too few"):
        stage.solve(points_take(acted), SolveSettings(stable=SKULL[:3]))


def test_frames_without_four_stable_points_are_told(stage: Stage):
    # only the jaw acts: the upper face is as still as the skull
    jaw = stage.places({"jawOpen": acts()["jawOpen"]})
    jaw += np.random.default_rng(2).normal(0.0, 1e-4, jaw.shape)
    valid = np.ones((FRAMES, len(NAMES)), np.bool_)
    hidden = slice(40, 52)
    valid[hidden, [NAMES.index(name) for name in SKULL[1:]]] = False
    settings = SolveSettings(stable=SKULL)
    solved = stage.solve(points_take(moved_by_head(jaw), valid), settings)
    assert any("12 of 90 frames have fewer than 4" in text for text in solved.take.warnings)
    # the head goes on through them
    turns, _ = head_motion()
    found = turns[0] @ solved.solve.turns[0].T @ solved.solve.turns
    away = found[hidden] @ turns[hidden].transpose(0, 2, 1)
    cosine = (np.trace(away, axis1=1, axis2=2) - 1.0) / 2.0
    assert np.degrees(np.arccos(np.clip(cosine, -1, 1))).max() < 2.0


def test_markers_on_one_side_are_told(stage: Stage, acted: np.ndarray):
    left = [k for k, name in enumerate(NAMES) if name.startswith("L") or "_L" in name]
    take = points_take(moved_by_head(acted)[:, left], names=[NAMES[k] for k in left])
    solved = stage.solve(take)
    assert any("on the left side of the face" in text for text in solved.take.warnings)
    # nothing of the right side moves what is seen, and nothing is made up there
    assert {channel.side for channel in solved.solve.unknowns.channels} == {"L", "C"}
    assert np.abs(columns(solved, ["mouthSmileLeft"])[:, 0] - acts()["mouthSmileLeft"]).max() < 0.1


def test_motion_that_no_control_explains_is_told(stage: Stage, acted: np.ndarray):
    rng = np.random.default_rng(3)
    ways = rng.normal(size=(len(NAMES), 3))
    course = np.sin(2 * np.pi * TIMES) ** 2
    moving = [k for k, name in enumerate(NAMES) if name not in SKULL]
    strange = np.repeat(acted[:1], FRAMES, axis=0)
    strange[:, moving] += 0.008 * course[:, None, None] * ways[moving]
    solved = stage.solve(points_take(strange), SolveSettings(stable=SKULL))
    assert solved.solve.fit().explained < 0.4
    assert any("explain only" in text for text in solved.take.warnings)
    # where to look is where it moves
    assert course[round(solved.solve.look_at()[0] * RATE)] > 0.5


def test_missing_samples_are_bridged_or_left_out(stage: Stage, acted: np.ndarray):
    places = moved_by_head(acted)
    places[20:24, NAMES.index("Chin")] = np.nan
    places[30, NAMES.index("Mouth_Lend")] = np.inf
    valid = np.ones((FRAMES, len(NAMES)), np.bool_)
    valid[60:80] = False
    solved = stage.solve(points_take(places, valid), by_hand=stage.vertices())
    solve = solved.solve
    for values in (solve.values, solve.observed, solve.solved, solve.turns, solve.moved):
        assert np.isfinite(values).all()
    # frames in which nothing was seen are not known, whatever was filled, and the take says so
    hidden = slice(60, 80)
    assert not solve.known[hidden].any()
    assert not solved.take.valid[hidden, : len(solve.unknowns)].any()
    assert solved.take.confidence is not None
    assert not solved.take.confidence[hidden, : len(solve.unknowns)].any()
    assert any("hidden at 60-79" in text for text in solved.take.warnings)
    seen = np.r_[0:60, 80:FRAMES]
    assert solve.known[seen].all()
    found, truth = columns(solved, list(acts())), np.stack(list(acts().values()), axis=1)
    # beside the hole the shot is as smooth as inside it: one sample of the quickest act
    quick = np.abs(np.diff(truth, axis=0)).max()
    assert np.abs(found - truth)[seen].max() < quick
    # and in it nothing is made up: straight on from one side to the other
    ends = found[[59, 80]]
    assert (found[hidden] > ends.min(axis=0) - quick).all()
    assert (found[hidden] < ends.max(axis=0) + quick).all()


def test_a_take_without_places_is_refused(stage: Stage):
    nowhere = np.full((FRAMES, len(NAMES), 3), np.nan)
    with pytest.raises(FacemocapError, match="too few to tell the head's motion"):
        stage.solve(points_take(nowhere))


def test_a_marker_that_never_moves_is_told_and_has_no_say(stage: Stage, acted: np.ndarray):
    places = moved_by_head(acted)
    stuck = NAMES.index("Lcheek_Down")
    places[:, stuck] = places[0, stuck]
    solved = stage.solve(points_take(places), by_hand=stage.vertices())
    said = [text for text in solved.take.warnings if "Lcheek_Down" in text]
    assert len(said) == 1
    assert "stuck" in said[0]
    assert not solved.solve.valid[:, stuck].any()
    # a smile is told by the corner of the mouth alone then: half a millimetre of its twelve
    truth = np.stack(list(acts().values()), axis=1)
    assert np.abs(columns(solved, list(acts())) - truth).max() < 0.05
    assert not any("explain only" in text for text in solved.take.warnings)


# ---------------------------------------------------------------- the job


def test_a_job_that_is_given_up_leaves_nothing(stage: Stage, acted: np.ndarray):
    before = {kind: len(getattr(bpy.data, kind)) for kind in ("objects", "meshes", "scenes")}
    take = points_take(moved_by_head(acted) + 1e-5)
    stages: list[str] = []
    job = solve_on_character(stage.picked, stage.scene, take, measured=stage.measured)
    for progress in job:
        stages.append(progress.what)
        if progress.what == "Solving the shot":
            break
    job.close()
    assert "Reading the points" in stages
    assert {kind: len(getattr(bpy.data, kind)) for kind in before} == before
    # and the next one is as ever
    solved = run_job(
        solve_on_character(
            stage.picked, stage.scene, take, measured=stage.measured, by_hand=stage.vertices()
        )
    )
    assert wrong_mm(solved, acts()).max() < TRUSTED_MM
