# SPDX-License-Identifier: GPL-3.0-or-later
"""Amounts that close lids which turn, points on plain bones, and wishes on frames that are few."""

from __future__ import annotations

import math

import numpy as np
import pytest

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.contacts.captured import eye_closure, lip_contacts, lip_seal
from facemocap_addon.core.contacts.closing import Closing, Measure, apply_amounts, close_openings
from facemocap_addon.core.contacts.contact_report import ContactReport, told_contacts
from facemocap_addon.core.contacts.gaps import gap
from facemocap_addon.core.contacts.skinning import Skinning
from facemocap_addon.core.take import Take, make_take

FREE = np.array([[-np.inf, np.inf]])


def turned_lid(full_rad: float) -> tuple[list[int], Measure]:
    """Separations of a lid on a ball that amount 1 turns by ``full_rad``; how often it is asked."""
    asked = [0]
    points = np.linspace(0.9, 1.1, 9)
    start = math.radians(35.0)

    def measure(values: np.ndarray) -> dict[str, np.ndarray]:
        asked[0] += len(values)
        angle = start - full_rad * values[:, [0]]
        # the lower lid lies at the height of -0.2; beyond a quarter turn down it comes up again
        return {"lids": 100.0 * points * (np.sin(angle) + 0.2) / (math.sin(start) + 0.2)}

    return asked, measure


@pytest.mark.parametrize("full_deg", [12.0, 45.0, 90.0, 150.0])
def test_lids_that_turn_close_and_do_not_open_again(full_deg: float):
    asked, measure = turned_lid(math.radians(full_deg))
    wanted = np.linspace(0.5, 99.0, 400)
    values = np.zeros((400, 1))
    closing = Closing("lids", np.ones(1), wanted, np.zeros(400), np.full(400, 20.0))
    seen = measure(values)
    asked[0] = 0
    amounts, ends = close_openings(values, [closing], measure, FREE, seen)
    used = asked[0]
    after = measure(apply_amounts(values, [closing], amounts, FREE))["lids"]
    assert gap(after) == pytest.approx(wanted, abs=0.5)
    assert gap(after)[wanted < 5] == pytest.approx(wanted[wanted < 5], abs=0.15)
    # what it says it leads to is what it leads to
    assert ends["lids"] == pytest.approx(after, abs=0.5)
    # most frames are measured once; a lid that hardly turns is followed in steps of 0.8
    assert used < (2.5 if full_deg > 40 else 3.5) * 400


def test_a_direction_that_closes_nothing_is_not_gone():
    values = np.full((40, 1), 0.3)

    def measure(v: np.ndarray) -> dict[str, np.ndarray]:
        return {"lids": 100.0 - 0.01 * np.repeat(v, 5, axis=1)}

    closing = Closing("lids", np.ones(1), np.full(40, 0.5), np.zeros(40), np.full(40, 3.0))
    amounts, _ = close_openings(values, [closing], measure, FREE, measure(values))
    assert (amounts == 0.0).all()


def test_a_limit_in_between_is_no_reason_to_go_far():
    """What opens the lips on one side of a limit may do nothing on the other side of it."""
    values = np.zeros((60, 1))
    limits = np.array([[0.0, 1.0]])

    def measure(v: np.ndarray) -> dict[str, np.ndarray]:
        return {"mouth": np.repeat(-2.0 + 40.0 * v, 5, axis=1)}

    # closing is the way to lower values, which the limit forbids
    low = np.full(60, -0.2)
    closing = Closing("mouth", -np.ones(1), np.full(60, 0.3), low, np.full(60, 1.0))
    amounts, _ = close_openings(values, [closing], measure, limits, measure(values))
    after = measure(apply_amounts(values, [closing], amounts, limits))["mouth"]
    assert (gap(after) < 0.5).all()


def test_no_frames_no_amounts():
    closing = Closing("lids", np.ones(1), np.empty(0), np.empty(0), np.empty(0))
    amounts, ends = close_openings(
        np.empty((0, 1)),
        [closing],
        lambda v: {"lids": np.empty((len(v), 5))},
        FREE,
        {"lids": np.empty((0, 5))},
    )
    assert amounts.shape == (0, 1)
    assert ends["lids"].shape == (0, 5)


def test_points_on_two_bones_by_hand():
    # an arm along x with its elbow at (2, 0, 0), whose own x is the arm's y
    elbow = np.array([[0, -1, 0, 2], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]])
    skin = Skinning(
        parents=np.array([-1, 0]),
        rest=np.stack([np.eye(4), elbow]),
        turns=np.array([[-1, -1, 0], [-1, -1, 1]]),
        shifts=np.array([[-1, -1, -1], [2, -1, -1]]),
        weights=np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [0.0, 0.0]]),
        axes=np.eye(3),
    )
    points = np.array([[1.0, 0, 0], [3.0, 0, 0], [2.0, 0, 0], [9.0, 9, 9]])
    quarter = np.pi / 2
    values = np.array([[0, 0, 0], [quarter, 0, 0], [0, quarter, 0], [quarter, quarter, 0.5]])
    out = skin.moved(np.repeat(points[None], 4, axis=0), values)
    assert out[0] == pytest.approx(points)
    assert out[1] == pytest.approx(np.array([[0, 1, 0], [0, 3, 0], [0, 2, 0], [9, 9, 9]]))
    assert out[2] == pytest.approx(np.array([[1, 0, 0], [2, 1, 0], [2, 0, 0], [9, 9, 9]]))
    # the elbow's own x points to -x of a face whose arm points up: it goes half a unit there
    assert out[3, 1] == pytest.approx(np.array([-1.5, 2, 0]))
    # axes of the points that are turned and twice as large see the same
    axes = 2.0 * np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1.0]])
    other = Skinning(skin.parents, skin.rest, skin.turns, skin.shifts, skin.weights, axes)
    seen = other.moved(np.repeat((points @ axes.T)[None], 4, axis=0), values)
    assert seen == pytest.approx(out @ axes.T)


def take_of(rate: float, **columns: np.ndarray) -> Take:
    schema = arkit_schema()
    names = tuple(columns)
    values = np.stack([columns[name] for name in names], axis=1)
    times = np.arange(len(values)) / rate
    return make_take(times, [schema[name] for name in names], values)


def blinks(times: np.ndarray, *peaks: tuple[float, float]) -> np.ndarray:
    return np.max([h * np.clip(1 - np.abs(times - at) / 0.06, 0, None) for at, h in peaks], axis=0)


@pytest.mark.parametrize("rate", [12.0, 24.0, 25.0, 30.0, 60.0])
@pytest.mark.parametrize("late", [0.0, 0.3, 0.5, 0.7])
def test_every_blink_is_shut_on_one_frame(rate: float, late: float):
    times = np.arange(0, 8, 1 / 60)
    peaks = [(0.51 + 0.73 * number, 0.8) for number in range(10)]
    take = take_of(60.0, eyeBlinkLeft=blinks(times, *peaks))
    frames = np.arange(late / rate, 7.9, 1 / rate)
    closure = eye_closure(take, "eyeBlinkLeft", frames)
    assert closure is not None
    assert closure.min() >= 0.0
    assert closure.max() <= 1.0
    plain = np.interp(frames, take.times, take.values[:, 0]) / 0.8
    for at, _ in peaks:
        near = np.flatnonzero(np.abs(frames - at) <= 0.5 / rate + 1 / 120)
        assert closure[near].max() > 0.99
    # frames that are nobody's peak are as they were sampled
    raised = closure > np.interp(plain, [0, 0.5, 0.88], [0, 0.5, 1]) + 0.05
    assert raised.sum() <= len(peaks)


def test_at_the_samples_nothing_is_raised():
    times = np.arange(0, 8, 1 / 60)
    take = take_of(60.0, eyeBlinkLeft=blinks(times, (1.0, 0.9), (2.5, 0.4), (4.0, 0.85)))
    closure = eye_closure(take, "eyeBlinkLeft", take.times)
    assert closure is not None
    order = np.argsort(take.values[:, 0], kind="stable")
    assert (np.diff(closure[order]) >= 0).all()


def test_a_half_shut_frame_beside_a_middling_blink_stays_half_shut():
    times = np.arange(0, 8, 1 / 60)
    value = blinks(times, (1.0, 0.9), (3.0, 0.9), (5.0, 0.63))
    take = take_of(60.0, eyeBlinkLeft=value)
    at = np.array([5.0 - 0.017])
    assert 0.45 < np.interp(at, times, value) / 0.9 < 0.55
    frames = float(at[0]) + np.arange(-12, 6) * 0.4
    closure = eye_closure(take, "eyeBlinkLeft", frames)
    assert closure is not None
    assert closure[12] == pytest.approx(0.5, abs=0.05)


def test_a_short_contact_between_two_frames_is_kept_once():
    jaw = np.full(120, 0.4)
    jaw[31:33] = 0.02
    jaw[60:90] = 0.0
    take = take_of(60.0, jawOpen=jaw)
    assert [(c.first, c.last) for c in lip_contacts(take)] == [(31, 32), (60, 89)]
    frames = np.arange(0, 2, 1 / 12) + 1 / 24
    assert not ((frames >= 31 / 60) & (frames <= 32 / 60)).any()
    seal = lip_seal(take, frames)
    first = np.abs(frames - 31.5 / 60).argmin()
    assert seal[first] == 1.0
    inside = (frames >= 1.0) & (frames <= 89 / 60)
    assert (seal[inside] == 1.0).all()
    assert (seal > 0.9).sum() == inside.sum() + 1


def test_what_lies_outside_a_part_of_the_take_raises_nothing():
    times = np.arange(0, 4, 1 / 60)
    jaw = np.full(240, 0.4)
    jaw[200:208] = 0.0
    take = take_of(60.0, jawOpen=jaw, eyeBlinkLeft=blinks(times, (1.0, 0.9), (3.4, 0.9)))
    frames = np.arange(1.5, 3.0, 1 / 24)
    assert (lip_seal(take, frames) == 0.0).all()
    closure = eye_closure(take, "eyeBlinkLeft", frames)
    assert closure is not None
    assert (closure == 0.0).all()


def test_one_frame_that_stays_open_is_one_frame():
    for missed, said in ((1, " in 1 frame:"), (2, " in 2 frames:")):
        (text,) = told_contacts({"mouth": ContactReport(frames=9, after=1.7, missed=missed)})
        assert f"by up to 1.7 %{said}" in text
