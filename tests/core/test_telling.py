# SPDX-License-Identifier: GPL-3.0-or-later
"""Telling frames show what their captions say: on takes made for it and on the sample take."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take import Take, make_take
from facemocap_addon.core.take_sampling import sample_channels
from facemocap_addon.core.telling import APART_S, telling_frames
from facemocap_addon.core.timebase import SceneClock

CLOCK = SceneClock(24)


def act(duration_s: float, **gestures: tuple[float, float, float]) -> Take:
    """A take at 60 Hz in which channels rise as bells: name = (when, half width, height)."""
    times = np.arange(0, duration_s, 1 / 60)
    schema = arkit_schema()
    values = np.zeros((len(times), len(schema)))
    for column, name in enumerate(schema):
        if name in gestures:
            when, half, height = gestures[name]
            values[:, column] = height * np.clip(1 - np.abs(times - when) / half, 0, None)
    return make_take(times, schema.values(), values)


def found_in(take: Take, count: int = 6, clock: SceneClock = CLOCK) -> dict[str, float]:
    return {
        caption: float(clock.seconds(np.array(frame), 1.0))
        for frame, caption in telling_frames(take, clock, 1.0, count)
    }


def test_gestures_are_found_where_they_are():
    take = act(
        8.0,
        eyeBlinkLeft=(1.0, 0.2, 1.0),
        eyeBlinkRight=(1.0, 0.2, 1.0),
        jawOpen=(3.0, 0.3, 0.8),
        mouthSmileLeft=(5.0, 0.5, 0.7),
        mouthSmileRight=(5.0, 0.5, 0.7),
        mouthPucker=(6.5, 0.3, 0.9),
    )
    found = found_in(take)
    rest = found.pop("rest")
    wanted = {"blink": 1.0, "open mouth": 3.0, "smile": 5.0, "rounded lips": 6.5}
    assert found == pytest.approx(wanted, abs=1 / 24)
    assert all(abs(rest - when) > 0.3 for when in wanted.values())


def test_a_take_in_which_nothing_happens_gives_one_frame():
    assert list(found_in(act(2.0))) == ["rest"]


def test_a_wink_is_no_blink():
    found = found_in(act(3.0, eyeBlinkLeft=(1.5, 0.2, 1.0)))
    assert set(found) == {"rest", "wink"}
    assert found["wink"] == pytest.approx(1.5, abs=1 / 24)


def test_rest_looks_into_the_camera():
    """The face is always calm; the head is straight and the gaze ahead around 4 s only."""
    times = np.arange(0, 6, 1 / 60)
    schema = arkit_schema()
    values = np.zeros((len(times), len(schema)))
    names = list(schema)
    values[:, names.index("headYaw")] = 0.1 * np.abs(times - 4)
    values[:, names.index("eyeLookOutLeft")] = 0.05 * np.abs(times - 4)
    take = make_take(times, schema.values(), values)
    assert found_in(take, 1)["rest"] == pytest.approx(4.0, abs=2 / 24)


def test_moments_lie_apart_and_outside_gaps():
    times = np.arange(0, 4, 1 / 60)
    schema = arkit_schema()
    values = np.zeros((len(times), len(schema)))
    names = list(schema)
    bell = np.clip(1 - np.abs(times - 2) / 1.5, 0, None)
    for name in ("jawOpen", "mouthSmileLeft", "mouthSmileRight", "browInnerUp", "tongueOut"):
        values[:, names.index(name)] = bell
    values[np.abs(times - 2) < 0.4] = np.nan
    frames = telling_frames(make_take(times, schema.values(), values), CLOCK, 1.0, 8)
    when = CLOCK.seconds(np.array([frame for frame, _ in frames]), 1.0)
    assert len(when) >= 4
    assert (np.diff(when) >= APART_S - 1e-9).all()
    assert (np.abs(when - 2) >= 0.4 - 1 / 60).all()


def test_frames_are_the_scenes_own():
    take = act(4.0, jawOpen=(2.0, 0.3, 0.8))
    for clock, start in ((SceneClock(30, 1.001), 101.0), (SceneClock(60), 0.5)):
        frames = {c: f for f, c in telling_frames(take, clock, start, 3)}
        assert frames["open mouth"] == round(float(clock.frames(np.array(2.0), start)))
        assert all(isinstance(frame, int) for frame in frames.values())


def test_the_sample_take_is_told_well(sample_rigs: Path):
    """Each caption holds, judged by the channels themselves, on the frame it names."""
    sample_take = read_take(sample_rigs / "sample_take.csv")
    frames = telling_frames(sample_take, CLOCK, 1.0, 8)
    assert {caption for _, caption in frames} == {
        *("rest", "blink", "smile", "open mouth", "rounded lips"),
        *("brows up", "look aside", "sealed lips"),
    }
    shown: dict[str, dict[str, float]] = {}
    for frame, caption in frames:
        time = sample_take.times[0] + CLOCK.seconds(np.array([frame]), 1.0)
        values = sample_channels(sample_take, sample_take.names, time)[0]
        shown[caption] = dict(zip(sample_take.names, values, strict=True))
    lips = {name: face["jawOpen"] - face["mouthClose"] for name, face in shown.items()}
    assert shown["blink"]["eyeBlinkLeft"] > 0.8
    assert shown["blink"]["eyeBlinkRight"] > 0.8
    for caption in shown.keys() - {"blink"}:
        assert shown[caption]["eyeBlinkLeft"] < 0.25, caption
    assert lips["open mouth"] > 0.3
    assert lips["sealed lips"] < 0.03
    assert lips["rest"] < 0.03
    assert shown["rounded lips"]["mouthPucker"] + shown["rounded lips"]["mouthFunnel"] > 0.5
    assert shown["smile"]["mouthSmileLeft"] > 0.6
    assert shown["brows up"]["browInnerUp"] > 0.6
    assert abs(shown["look aside"]["eyeLookOutLeft"] - shown["look aside"]["eyeLookInLeft"]) > 0.3
    assert all(abs(shown["rest"][name]) < 0.05 for name in ("headYaw", "headPitch", "headRoll"))
