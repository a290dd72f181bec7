# SPDX-License-Identifier: GPL-3.0-or-later
"""Curve tools on quaternions, on fewer keys, and which part of the face a name is of."""

from __future__ import annotations

from typing import Any

import curve_oracle
import numpy as np
import pytest

from facemocap_addon.core.curves import INTERPOLATION
from facemocap_addon.core.hand_edits.keys import plain_keys
from facemocap_addon.core.region_curves import (
    THINNERS,
    TOOLS,
    Settings,
    Strand,
    change_strand,
    parts_of_names,
    thin_strand,
)
from facemocap_addon.core.rotations import from_vector, multiply, to_vector

FRAMES = np.arange(1.0, 41.0)
REST = (1.0, 0.0, 0.0, 0.0)


def turning(low: float = 1, high: float = 99, flips: Any = 1.0) -> Strand:
    """A head that nods and shakes, up to 80 degrees."""
    vectors = np.stack(
        [1.2 * np.sin(FRAMES / 6), 0.6 * np.cos(FRAMES / 4), 0.2 * np.sin(FRAMES / 3)], axis=1
    )
    quaternions = from_vector(vectors) * np.broadcast_to(flips, (40,))[:, None]
    curves = tuple(
        plain_keys(FRAMES.astype(np.float32), column.astype(np.float32), 1)
        for column in quaternions.T
    )
    chosen = (low <= FRAMES) & (high >= FRAMES)
    return Strand(curves, (chosen,) * 4, REST)


def quaternions(curves: Any) -> Any:
    return np.stack([keys["value"].astype(np.float64) for keys in curves], axis=1)


@pytest.mark.parametrize("tool", [name for name in TOOLS if name != "blend"])
@pytest.mark.parametrize("place", [0.0, 0.3, 1.0])
def test_quaternions_keep_unit_length(tool: str, place: float):
    low, high = TOOLS[tool].range
    of = turning(8, 30)
    settings = Settings(falloff=4.0, about="PLAYHEAD", playhead=3.0)
    made = quaternions(change_strand(of, TOOLS[tool], low + place * (high - low), settings))
    assert np.abs(np.linalg.norm(made, axis=1) - 1.0).max() < 2e-7
    assert (made[:7] == quaternions(of.curves)[:7]).all()
    assert (made[30:] == quaternions(of.curves)[30:]).all()


def test_scaling_a_turn_scales_its_angle():
    of = turning()
    made = quaternions(change_strand(of, TOOLS["scale"], 0.5, Settings(about="REST")))
    assert np.allclose(to_vector(made), 0.5 * to_vector(quaternions(of.curves)), atol=1e-6)


def test_signs_that_flip_do_not_matter_and_stay():
    flips = np.where((FRAMES > 12) & (FRAMES < 25), -1.0, 1.0)
    for tool, factor in (("smooth", 1.0), ("scale", 0.4), ("push", 0.5), ("offset", 2.0)):
        plain = quaternions(change_strand(turning(5, 30), TOOLS[tool], factor, Settings()))
        made = quaternions(change_strand(turning(5, 30, flips), TOOLS[tool], factor, Settings()))
        # the offset reads between two keys, where neighbours have opposite signs no more
        assert np.allclose(made, plain * flips[:, None], atol=1e-6), tool


def test_blending_a_turn_halves_the_way():
    of = turning()
    goal = from_vector(np.array([0.3, -0.2, 0.5]))
    other = lambda at: np.broadcast_to(goal, (len(at), 4))  # noqa: E731
    made = quaternions(change_strand(of, TOOLS["blend"], 0.5, Settings(), other))

    def angle_to(some: Any) -> Any:
        back = some * np.array([1.0, -1.0, -1.0, -1.0])
        return np.linalg.norm(to_vector(multiply(back, goal)), axis=1)

    assert np.allclose(angle_to(made), 0.5 * angle_to(quaternions(of.curves)), atol=1e-6)


def test_curves_of_a_turn_with_keys_of_their_own_keep_their_keys():
    of = turning()
    fewer = of.curves[1][::2]
    mixed = Strand((of.curves[0], fewer, *of.curves[2:]), (np.ones(40, np.bool_),
                   np.ones(20, np.bool_), *of.chosen[2:]), REST)  # fmt: skip
    made = change_strand(mixed, TOOLS["scale"], 0.5, Settings())
    assert [len(keys) for keys in made] == [40, 20, 40, 40]
    assert np.array_equal(made[1]["frame"], fewer["frame"])


# ---------------------------------------------------------------- fewer keys


def wave(low: float, high: float) -> Strand:
    frames = np.arange(1.0, 121.0)
    values = 0.5 + 0.4 * np.sin(frames / 9)
    keys = plain_keys(frames.astype(np.float32), values.astype(np.float32), 1)
    return Strand((keys,), ((frames >= low) & (frames <= high),))


def test_reducing_keeps_the_tolerance_and_what_is_not_chosen():
    of = wave(20, 100)
    (made,) = thin_strand(of, THINNERS["reduce"], 0.01)
    assert len(made) < 60
    frames = np.arange(1.0, 120.0, 0.25)
    before = np.array(curve_oracle.values_at(of.curves[0], frames))
    now = np.array(curve_oracle.values_at(made, frames))
    assert np.abs(now - before).max() <= 0.01 + 1e-6
    assert made[:19].tobytes() == of.curves[0][:19].tobytes()
    assert made[-20:].tobytes() == of.curves[0][-20:].tobytes()


@pytest.mark.parametrize("name", list(THINNERS))
def test_every_rule_keeps_the_ends_of_the_run(name: str):
    of = wave(21, 100)
    thinner = THINNERS[name]
    (made,) = thin_strand(of, thinner, thinner.usual)
    assert (np.diff(made["frame"]) > 0).all()
    for frame in (1, 20, 21, 100, 101, 120):
        row = np.flatnonzero(made["frame"] == frame)
        assert len(row) == 1, frame
        old = of.curves[0]["value"][frame - 1]
        assert made["value"][row[0]] == pytest.approx(old, abs=1e-7)


def test_rules_put_keys_where_they_say():
    of = wave(1, 120)
    (nth,) = thin_strand(of, THINNERS["nth"], 10)
    assert np.diff(nth["frame"])[:-1].tolist() == [10.0] * (len(nth) - 2)
    (twos,) = thin_strand(of, THINNERS["twos"], 2)
    assert (twos["interpolation"][:-1] == INTERPOLATION["CONSTANT"]).all()
    (back,) = thin_strand(
        Strand((nth,), (np.ones(len(nth), np.bool_),)), THINNERS["every_frame"], 0
    )
    assert back["frame"].tolist() == np.arange(1.0, 121.0).tolist()
    assert (back["interpolation"][:-1] == INTERPOLATION["LINEAR"]).all()


@pytest.mark.parametrize("name", list(THINNERS))
def test_a_turn_gets_keys_on_the_same_frames(name: str):
    thinner = THINNERS[name]
    made = thin_strand(turning(5, 35), thinner, thinner.usual)
    assert all(np.array_equal(keys["frame"], made[0]["frame"]) for keys in made)
    lengths = np.linalg.norm(quaternions(made), axis=1)
    assert np.abs(lengths - 1.0).max() < 1e-6


# ---------------------------------------------------------------- names


def test_names_of_shapes_and_bones_tell_their_part():
    shapes = parts_of_names(["jawOpen", "eyeBlink_L", "CTRL.MouthSmileRight", "Basis"])
    assert shapes["jawOpen"] == {("jaw", "C")}
    assert shapes["eyeBlink_L"] == {("eye", "L")}
    assert shapes["CTRL.MouthSmileRight"] == {("mouth", "R")}
    assert shapes["Basis"] == {("other", "C")}
    bones = parts_of_names(
        ["lid.T.L.002", "jaw_master", "neck01", "brow.T.R.001", "CC_Base_L_Eye", "hand.L"],
        bones=True,
    )
    assert bones["lid.T.L.002"] == {("eye", "L")}
    assert bones["jaw_master"] == {("jaw", "C")}
    assert bones["neck01"] == {("head", "C")}
    assert bones["brow.T.R.001"] == {("brow", "R")}
    assert bones["CC_Base_L_Eye"] == {("gaze", "L")}
    assert bones["hand.L"] == {("other", "L")}


def test_conventions_tell_the_parts_of_names_that_say_nothing_in_english():
    found = parts_of_names(["あ", "い", "う", "まばたき", "ウィンク", "笑い"])
    assert {region for region, _ in found["まばたき"]} == {"eye"}
    assert "mouth" in {region for region, _ in found["う"]}
