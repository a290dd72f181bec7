# SPDX-License-Identifier: GPL-3.0-or-later
"""Eyes that are aimed: exactly there, nothing else changed, and told in few records."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from made_gaze import gaze_take, known_gaze

from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.events.gaze.aims import THIN_DEG, GazeAim, aim_eyes, aims_of
from facemocap_addon.core.events.listing.words import told_edit
from facemocap_addon.core.gaze.gaze_angles import find_neutral, gaze_at
from facemocap_addon.core.stack.aiming import without_aiming
from facemocap_addon.core.stack.running import run_stack
from facemocap_addon.core.stack.stack import Stack, make_step

AIMS = (
    GazeAim(6.0, (10.0, 0.0), (12.0, 1.0)),
    GazeAim(8.0, (-5.0, 4.0), (-2.0, 4.0)),
    GazeAim(9.5, (-5.0, -8.0), (-2.0, -8.0)),
)


@pytest.mark.parametrize(("angles", "looks"), [(True, True), (True, False), (False, True)])
def test_eyes_look_where_they_are_aimed(angles: bool, looks: bool):
    take = gaze_take(known_gaze(60, 12.0), 0.1, angles=angles, looks=looks)
    out, samples = aim_eyes(take, AIMS)
    within = (take.times >= 6.0 - 1e-6) & (take.times <= 9.5 + 1e-6)
    assert samples == within.sum() == 211
    neutral = find_neutral(take)
    knots = [aim.at_s for aim in AIMS]
    for side in ("left", "right"):
        gaze = np.degrees(gaze_at(out, side, out.times) - neutral.of(side))
        for axis in (0, 1):
            wanted = np.interp(take.times, knots, [getattr(aim, side)[axis] for aim in AIMS])
            assert gaze[within, axis] == pytest.approx(wanted[within], abs=0.002)
    assert np.array_equal(out.values[~within], take.values[~within])
    assert np.array_equal(out.valid, take.valid)


def test_lids_go_with_the_gaze_or_not():
    known = known_gaze(60, 12.0)
    lid = 0.05 + 0.4 * np.maximum(-np.radians(known.gaze[:, 1]) / 0.61, 0.0)
    take = gaze_take(known, more={"eyeBlinkLeft": lid, "eyeBlinkRight": lid})
    down = (GazeAim(6.0, (0.0, -20.0), (0.0, -20.0)), GazeAim(9.0, (0.0, -20.0), (0.0, -20.0)))
    column = take.column("eyeBlinkLeft")
    rows = (take.times > 6.1) & (take.times < 8.9)
    with_lids, _ = aim_eyes(take, down)
    without, _ = aim_eyes(take, down, lids=False)
    assert np.array_equal(without.values[:, column], take.values[:, column])
    # 20 degrees more than what the eye comes back to, of 35 for all of the coefficient
    more = with_lids.values[rows, column].mean() - take.values[rows, column].mean()
    assert 0.2 < more < 0.5


def test_no_aims_and_no_eyes_change_nothing():
    take = gaze_take(known_gaze(60, 4.0))
    assert aim_eyes(take, ()) == (take, 0)
    blind = gaze_take(
        known_gaze(60, 4.0), angles=False, looks=False, more={"jawOpen": np.zeros(241)}
    )
    assert aim_eyes(blind, AIMS) == (blind, 0)
    result = run_stack(blind, Stack((make_step("gaze_target", aims=[a.to_json() for a in AIMS]),)))
    assert "No gaze was recorded" in result.reports[0].remarks[0]


def test_few_records_tell_all_of_it():
    times = np.arange(200) / 24.0
    left = np.stack([np.where(times < 4.0, 3.0, 3.0 + 2.0 * (times - 4.0)), 0.0 * times], axis=1)
    right = left + np.array([1.0, 0.5])
    aims = aims_of(times, left, right)
    assert 3 <= len(aims) <= 4
    knots = [aim.at_s for aim in aims]
    for side, wanted in (("left", left), ("right", right)):
        for axis in (0, 1):
            said = np.interp(times, knots, [getattr(aim, side)[axis] for aim in aims])
            assert np.abs(said - wanted[:, axis]).max() <= THIN_DEG + 1e-4
    rough = left + np.random.default_rng(0).normal(0, 1.0, left.shape)
    assert len(aims_of(times, rough, rough)) > 190
    assert aims_of(times[:1], left[:1], right[:1]) == (GazeAim(0.0, (3.0, 0.0), (4.0, 0.5)),)


@pytest.mark.parametrize(
    "data",
    [
        [],
        {"at_s": 1.0, "left": [1, 2]},
        {"at_s": "1", "left": [1, 2], "right": [1, 2]},
        {"at_s": 1.0, "left": [1, 2, 3], "right": [1, 2]},
        {"at_s": 1.0, "left": [1, float("nan")], "right": [1, 2]},
        {"at_s": 1.0, "left": [1, 200.0], "right": [1, 2]},
        {"at_s": 1.0, "left": [1, True], "right": [1, 2]},
    ],
)
def test_what_is_no_aim_is_refused(data: Any):
    with pytest.raises(FacemocapError):
        GazeAim.from_json(data)


def test_records_survive_the_stack_file():
    for aim in AIMS:
        assert GazeAim.from_json(aim.to_json()) == aim


def test_aims_are_told_in_lists_of_edits():
    assert told_edit("gaze_target", AIMS[0]) == "Aim 6.00 s"


def test_steps_that_aim_are_told_from_others():
    aims = [aim.to_json() for aim in AIMS]
    plain = (make_step("gaze"), make_step("denoise"), make_step("gaze_target"))
    assert without_aiming(Stack(plain)) is None
    aiming = (make_step("gaze", head_scale=0.5), make_step("gaze_target", aims=aims))
    assert without_aiming(Stack((*plain, *aiming))) == Stack(plain)
    off = (make_step("gaze_target", aims=aims, enabled=False),)
    assert without_aiming(Stack(off)) is None
