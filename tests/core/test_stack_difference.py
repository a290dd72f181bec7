# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a cleaned take is from the raw one, by region."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.stack.difference import difference_from_json, differences
from facemocap_addon.core.stack.running import process
from facemocap_addon.core.stack.stack import Stack, make_step
from facemocap_addon.core.take import Take, make_take

NAMES = ("browInnerUp", "jawOpen", "mouthSmileLeft", "mouthSmileRight", "headYaw")
RATE_HZ = 50.0


@pytest.fixture
def raw() -> Take:
    times = 3.0 + np.arange(101) / RATE_HZ
    values = np.zeros((101, len(NAMES)))
    values[40, 2] = np.nan
    return make_take(times, [arkit_schema()[name] for name in NAMES], values)


def changed(take: Take, *changes: tuple[int, str, float]) -> Take:
    values = np.array(take.values)
    for row, name, by in changes:
        values[row, take.column(name)] += by
    return replace(take, values=values)


def test_nothing_differs_from_itself(raw: Take):
    assert differences(raw, raw) == ()
    assert differences(raw, replace(raw)) == ()


def test_the_largest_and_the_mean_are_those_of_the_region(raw: Take):
    cleaned = changed(
        raw, (10, "mouthSmileLeft", -0.3), (20, "mouthSmileRight", 0.4), (30, "headYaw", 0.1)
    )
    mouth, head = differences(raw, cleaned)
    assert (mouth.region, mouth.kind, mouth.unit) == ("mouth", "weight", "")
    # 201 samples of two channels were recorded
    assert mouth.rms == pytest.approx(np.sqrt((0.3**2 + 0.4**2) / 201), rel=1e-5)
    assert mouth.most == pytest.approx(0.4)
    assert (mouth.channel, mouth.at_s) == ("mouthSmileRight", pytest.approx(0.4))
    assert (head.region, head.unit, head.at_s) == ("head", "rad", pytest.approx(0.6))
    assert difference_from_json(mouth.to_json()) == mouth


def test_what_was_not_recorded_differs_from_nothing(raw: Take):
    filled = np.array(raw.valid)
    filled[40, 2] = True
    cleaned = changed(replace(raw, valid=filled), (40, "mouthSmileLeft", 0.9))
    assert differences(raw, cleaned) == ()


def test_a_take_of_other_times_is_looked_at_when_the_raw_one_was(raw: Take):
    ramp = np.array(raw.values)
    ramp[:, 1] = np.arange(101) / 100.0
    line = replace(raw, values=ramp, valid=np.ones_like(raw.valid))
    thinned = process(line, Stack((make_step("resample", rate_hz=25.0),)))
    assert thinned.samples < line.samples
    assert all(each.most < 1e-6 for each in differences(line, thinned))
    later = process(line, Stack((make_step("time_offset", offset_s=0.2),)))
    (jaw,) = (each for each in differences(line, later) if each.most > 1e-6)
    assert jaw.most == pytest.approx(0.1, abs=1e-6)


def test_an_empty_take_has_no_differences(raw: Take):
    empty = replace(raw, times=raw.times[:0], values=raw.values[:0], valid=raw.valid[:0])
    assert differences(empty, replace(empty)) == ()
