# SPDX-License-Identifier: GPL-3.0-or-later
"""Curve tools on plain numbers: analytic cases, and what must stay to the bit."""

from __future__ import annotations

from typing import Any

import curve_oracle
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facemocap_addon.core.curves import HANDLE, INTERPOLATION
from facemocap_addon.core.hand_edits.keys import Keys, plain_keys
from facemocap_addon.core.region_curves import (
    TOOLS,
    Settings,
    Strand,
    change_strand,
    falloff_weights,
)

FRAMES = np.arange(1.0, 61.0)


def dense(values: Any, frames: Any = FRAMES) -> Keys:
    return plain_keys(np.asarray(frames, np.float32), np.asarray(values, np.float32), 1)


def strand(values: Any, low: float = 1, high: float = 1e9, frames: Any = FRAMES) -> Strand:
    keys = dense(values, frames)
    return Strand((keys,), ((keys["frame"] >= low) & (keys["frame"] <= high),))


def after(tool: str, of: Strand, factor: float, **given_: Any) -> Any:
    (keys,) = change_strand(of, TOOLS[tool], factor, Settings(**given_))
    return keys


def values(tool: str, of: Strand, factor: float, **given_: Any) -> Any:
    return after(tool, of, factor, **given_)["value"].astype(np.float64)


def wave() -> Any:
    return 0.5 + 0.3 * np.sin(FRAMES / 5) + 0.1 * np.sin(FRAMES / 1.7)


@settings(max_examples=60, deadline=None)
@given(
    tool=st.sampled_from([name for name in TOOLS if name != "blend"]),
    low=st.integers(1, 60),
    length=st.integers(0, 59),
    place=st.floats(0.0, 1.0),
    falloff=st.sampled_from([0.0, 3.0, 12.0]),
)
def test_what_is_not_chosen_stays_to_the_bit(
    tool: str, low: int, length: int, place: float, falloff: float
):
    of = strand(wave(), low, low + length)
    first, last = TOOLS[tool].range
    keys = after(tool, of, first + place * (last - first), falloff=falloff, about="PLAYHEAD")
    left = ~of.chosen[0]
    assert keys[left].tobytes() == of.curves[0][left].tobytes()
    assert np.isfinite(keys["value"]).all()
    assert (np.diff(keys["frame"]) > 0).all()


@pytest.mark.parametrize("tool", list(TOOLS))
def test_the_still_factor_changes_nothing(tool: str):
    of = strand(wave(), 10, 40)
    assert after(tool, of, TOOLS[tool].still).tobytes() == of.curves[0].tobytes()


def test_the_falloff_grows_from_the_ends_of_a_run():
    of = strand(wave(), 20, 40)
    weight = falloff_weights(of, 4.0)
    assert (weight[:19] == 0).all()
    assert (weight[40:] == 0).all()
    share = np.array([1, 2, 3, 4, 5]) / 5
    expected = share * share * (3 - 2 * share)
    assert np.allclose(weight[19:24], expected)
    assert np.allclose(weight[35:40], expected[::-1])
    assert (weight[23:36] == 1).all()
    # a curve's own end has nothing to fade to
    assert falloff_weights(strand(wave(), 1, 20), 4.0)[0] == 1.0


def test_scale_about_each_pose():
    of, plain = strand(wave(), 11, 50), wave()
    inside = slice(10, 50)
    for about, pose in (
        ("REST", 0.0),
        ("MEAN", plain[inside].mean()),
        ("PLAYHEAD", plain[29]),
        ("FIRST", plain[10]),
        ("LAST", plain[49]),
    ):
        made = values("scale", of, 1.7, about=about, playhead=30.0)
        assert np.allclose(made[inside], pose + 1.7 * (plain[inside] - pose), atol=1e-6)


def test_hold_and_its_fade():
    of = strand(wave(), 20, 40)
    assert np.allclose(values("hold", of, 1.0, about="FIRST")[19:40], wave()[19], atol=1e-6)
    half = values("hold", of, 0.5, about="FIRST")[19:40]
    assert np.allclose(half, 0.5 * (wave()[19:40] + wave()[19]), atol=1e-6)


def test_push_pull_and_neighbours():
    of, plain = strand(wave(), 20, 40), wave()
    left, right = plain[18], plain[40]
    line = left + (right - left) * (FRAMES[19:40] - 19) / 22
    assert np.allclose(values("push", of, -1.0)[19:40], line, atol=1e-6)
    pushed = values("push", of, 0.5)[19:40]
    assert np.allclose(pushed, plain[19:40] + 0.5 * (plain[19:40] - line), atol=1e-6)
    assert np.allclose(values("neighbour", of, -1.0)[19:40], left, atol=1e-6)
    assert np.allclose(
        values("neighbour", of, 0.25)[19:40], 0.75 * plain[19:40] + 0.25 * right, atol=1e-6
    )


def test_ease_in_and_out():
    of, plain = strand(wave(), 20, 40), wave()
    left, right = plain[18], plain[40]
    u = (FRAMES[19:40] - 19) / 22
    for factor, bend in ((-1.0, u**3), (1.0, 1 - (1 - u) ** 3)):
        made = values("ease", of, factor, sharpness=3.0)[19:40]
        assert np.allclose(made, left + (right - left) * bend, atol=1e-6)
    both = values("ease", of, 1.0, both=True)[19:40]
    assert both[10] == pytest.approx((left + right) / 2, abs=1e-6)


def test_smoothing_keeps_peaks_and_takes_out_what_is_small():
    rng = np.random.default_rng(3)
    peaks = np.exp(-(((FRAMES - 16) / 3) ** 2)) - 0.7 * np.exp(-(((FRAMES - 46) / 3) ** 2))
    noisy = peaks + rng.normal(0, 0.01, 60)
    of = strand(noisy)
    made = values("smooth", of, 1.0, width=3.0)
    for frame, find in ((16, np.argmax), (46, np.argmin)):
        near = slice(frame - 8, frame + 7)
        assert find(made[near]) == find(noisy[near])
        place = frame - 8 + int(find(noisy[near]))
        assert made[place] == pytest.approx(np.float32(noisy[place]), abs=1e-6)
    rough = np.abs(np.diff(noisy, 2))[26:34].mean()
    assert np.abs(np.diff(made, 2))[26:34].mean() < 0.2 * rough
    # without keeping them, this width would take a third of the peak
    assert values("smooth", of, 1.0, width=3.0, keep_peaks=False)[15] < 0.75 * noisy[15]


def test_smoothing_leaves_a_straight_line():
    line = 0.1 + 0.01 * FRAMES
    for keep in (True, False):
        made = values("smooth", strand(line), 1.0, width=4.0, keep_peaks=keep)
        assert np.allclose(made, line, atol=1e-6)


def test_offset_of_dense_and_of_sparse_curves():
    plain = wave()
    made = after("offset", strand(plain), 3.0)
    assert np.array_equal(made["frame"], FRAMES.astype(np.float32))
    assert np.allclose(made["value"][3:], plain[:-3], atol=1e-6)
    sparse = strand([0, 1, 0.2, 0.6, 0], 8, 32, frames=[1, 10, 20, 30, 45])
    made = after("offset", sparse, 4.0)
    assert made["frame"].tolist() == [1, 14, 24, 34, 45]
    assert np.array_equal(made["value"], sparse.curves[0]["value"])
    assert made["left"][1].tolist() == [14, 1]
    # no further than the neighbours let it
    for shift in (-50.0, 50.0):
        moved = after("offset", sparse, shift)["frame"]
        assert (np.diff(moved) >= 0.5).all()
        assert moved[[0, 4]].tolist() == [1, 45]


def test_offset_with_falloff_keeps_the_order_of_keys():
    frames = [1, 5, 9, 13, 17, 21, 25, 29, 33, 40]
    of = strand(np.sin(frames), 5, 33, frames=frames)
    moved = after("offset", of, 11.0, falloff=8.0)["frame"]
    assert (np.diff(moved) > 0).all()
    assert moved[[0, 9]].tolist() == [1, 40]
    assert (moved[1:9] > np.array(frames, np.float32)[1:9]).all()


def test_attack_and_release_bend_time_between_turning_points():
    """A triangle: a rise over 20 frames and a fall over 20."""
    triangle = np.interp(FRAMES, [10, 30, 50], [0, 1, 0])
    of = strand(triangle)
    made = values("attack", of, 1.0, attack=0.5, release=0.0)
    rise = (FRAMES[9:30] - 10) / 20
    # where nothing moves, the turning point lies at the first frame: the rise counts from there
    start = 1.0
    u = (FRAMES[:30] - start) / (30 - start)
    bent = start + (30 - start) * u**2
    assert np.allclose(made[:30], np.interp(bent, FRAMES, triangle), atol=1e-5)
    assert np.allclose(made[29:], triangle[29:], atol=1e-6)
    assert (made[9:30] <= rise + 1e-6).all()
    assert made[29] == 1.0
    slow = values("attack", of, -1.0, attack=0.5, release=0.5)
    assert (slow >= triangle - 1e-6).all()
    assert slow[29] == 1.0


def test_overshoot_of_a_ramp_that_stops_is_a_damped_sine():
    ramp = np.interp(FRAMES, [10, 20], [0, 1])
    made = values("settle", strand(ramp), 1.0, period=8.0, damping=0.25)
    omega = 2 * np.pi / 8
    swing = omega * np.sqrt(1 - 0.25**2)

    def ring(since: Any) -> Any:
        t = np.maximum(since, 0)
        return np.exp(-0.25 * omega * t) * np.sin(swing * t) / swing

    expected = ramp - 0.1 * ring(FRAMES - 10) + 0.1 * ring(FRAMES - 20)
    assert np.allclose(made, expected, atol=1e-6)
    assert made.max() > 1.05


def test_blend_goes_to_the_other_curve():
    of = strand(wave(), 20, 40)
    other = lambda at: np.cos(at / 9)[:, None]  # noqa: E731
    (keys,) = change_strand(of, TOOLS["blend"], 0.3, Settings(), other)
    expected = 0.7 * wave() + 0.3 * np.cos(FRAMES / 9)
    assert np.allclose(keys["value"][19:40], expected[19:40], atol=1e-6)


def test_free_handles_go_along_so_that_the_whole_curve_is_scaled():
    keys = dense([0.1, 0.9, 0.4], frames=[1, 15, 40])
    keys["interpolation"] = INTERPOLATION["BEZIER"]
    keys["left_type"] = keys["right_type"] = HANDLE["FREE"]
    keys["left"] = [[-3, 0.0], [9, 1.2], [30, 0.1]]
    keys["right"] = [[6, 0.3], [21, 0.7], [44, 0.4]]
    of = Strand((keys,), (np.ones(3, np.bool_),))
    made = after("scale", of, 0.4, about="PLAYHEAD", playhead=1.0)
    frames = np.linspace(1, 40, 79)
    before = np.array(curve_oracle.values_at(keys, frames))
    now = np.array(curve_oracle.values_at(made, frames))
    assert np.allclose(now, before[0] + 0.4 * (before - before[0]), atol=1e-5)


def test_settings_refuse_what_makes_no_sense():
    cases: tuple[dict[str, Any], ...] = (
        {"about": "NOW"},
        {"width": 0.0},
        {"falloff": -1.0},
        {"damping": 2.0},
    )
    for wrong in cases:
        with pytest.raises(ValueError, match="must be"):
            Settings(**wrong)
