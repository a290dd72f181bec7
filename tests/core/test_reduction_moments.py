# SPDX-License-Identifier: GPL-3.0-or-later
"""Moments that deserve keys: corners of blinks, contacts of the lips, darts of the eyes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.contacts.captured import lip_contacts
from facemocap_addon.core.controls import SHAPE_KEY, ControlKey
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.reduction import reduce_curves
from facemocap_addon.core.reduction.moments import find_moments, forced_frames
from facemocap_addon.core.rig_maps.rig_map import RigMap, RigMapEntry, Source
from facemocap_addon.core.take import Take, make_take

NAMES = ("eyeBlinkLeft", "eyeBlinkRight", "jawOpen", "mouthClose", "eyeLookOutLeft",
         "eyeLookInRight", "mouthSmileLeft")  # fmt: skip


def made_take() -> Take:
    """Five seconds at 60 Hz: blinks at 1 and 3 s, lips closed from 2 to 2.2 s, a dart at 4 s."""
    times = np.arange(301) / 60.0
    blink = 0.05 + sum(np.clip(1.25 - np.abs(times - at) / 0.1, 0, 0.9) for at in (1.0, 3.0))
    jaw = 0.3 + 0.1 * np.sin(9 * times)
    jaw = np.where((times >= 2.0) & (times <= 2.2), 0.05, jaw)
    look = 0.4 / (1.0 + np.exp(-(times - 4.0) / 0.008))
    columns = [blink, blink, jaw, 0 * times + 0.05, look, look, 0.2 + 0.1 * np.sin(4 * times)]
    schema = arkit_schema()
    values = np.stack(columns, axis=1)
    return make_take(times, [schema[name] for name in NAMES], values, rate=60, name="made.csv")


def plain_map() -> RigMap:
    return RigMap(
        "face",
        tuple(
            RigMapEntry(key(name), (Source(name, 1.0),), 0.0, (0.0, 1.0), 1.0, "name")
            for name in NAMES
        ),
    )


def key(name: str) -> ControlKey:
    return ControlKey(SHAPE_KEY, "face", f'key_blocks["{name}"].value', 0)


def test_moments_are_found_for_the_channels_they_belong_to():
    moments = find_moments(made_take())
    assert "mouthSmileLeft" not in moments
    for name in ("eyeBlinkLeft", "eyeBlinkRight"):
        corners = np.array(moments[name])
        assert len(corners) == 8
        for at in (1.0, 3.0):
            near = np.sort(corners[np.abs(corners - at) < 0.5])
            # it begins before, is closed around, and has reopened after its peak
            assert len(near) == 4
            assert near[0] < at - 0.05
            assert near[-1] > at + 0.05
    assert moments["jawOpen"] == moments["mouthClose"]
    np.testing.assert_allclose(moments["jawOpen"], [2.0, 2.2], atol=1e-9)
    (first, last) = moments["eyeLookOutLeft"]
    assert 3.9 < first < 4.0 < last < 4.1


def test_moments_are_keys_of_the_controls_that_they_drive():
    take, rig_map = made_take(), plain_map()
    controls = [key(name) for name in NAMES]
    frames = 101.0 + 24.0 * take.times
    forced = forced_frames(take, rig_map, controls, take.times, frames)
    assert forced[NAMES.index("mouthSmileLeft")] == ()
    np.testing.assert_allclose(forced[NAMES.index("jawOpen")], [149.0, 153.8], atol=1e-6)
    grid = np.arange(101.0, 221.0)
    values = np.stack([np.interp(grid, frames, column) for column in take.values.T], axis=1)
    made = reduce_curves(grid, values, 0.05, forced=forced).curves
    assert {149.0, 154.0} <= {*made[NAMES.index("jawOpen")].frames.tolist()}


@pytest.mark.shared
def test_contacts_of_a_real_take_are_forced(shared: Path):
    take = read_take(shared / "takes/livelinkface/JMTechArt_MySlate_3_iPhone.csv")
    contacts = lip_contacts(take)
    moments = find_moments(take)
    assert len(moments.get("jawOpen", [])) == 2 * len(contacts)
    blinks = moments["eyeBlinkLeft"]
    assert len(blinks) % 4 == 0
    assert all(take.times[0] - 1.0 < moment < take.times[-1] + 1.0 for moment in blinks)
