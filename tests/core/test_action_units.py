# SPDX-License-Identifier: GPL-3.0-or-later
"""Action units to ARKit coefficients: the table, and what it makes of a take."""

from __future__ import annotations

import json

import numpy as np
import pytest

from facemocap_addon.core.channels import Channel, arkit_names, arkit_schema
from facemocap_addon.core.formats.action_units import (
    action_units,
    presence_channel,
    unit_channel,
    unit_name,
    with_arkit_channels,
)
from facemocap_addon.core.formats.head_pose import EYE_ANGLES, angle_channel
from facemocap_addon.core.gaze.gaze_angles import gaze_at
from facemocap_addon.core.resources import data_file
from facemocap_addon.core.take import Take, make_take

FRAMES = 40


def taken(units: dict[str, np.ndarray], *more: tuple[Channel, np.ndarray]) -> Take:
    channels = [*(unit_channel(name) for name in units), *(channel for channel, _ in more)]
    values = np.stack([*units.values(), *(each for _, each in more)], axis=1)
    return make_take(np.arange(len(values)) / 30, channels, values)


def moving(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 1, FRAMES)


def column(take: Take, name: str) -> np.ndarray:
    return take.values[:, take.column(name)].astype(np.float64)


def test_the_table_is_whole_and_names_its_source():
    document = json.loads(data_file("action_units.json").read_text(encoding="utf-8"))
    assert "Facial Action Coding System" in document["source"]
    units = action_units()
    assert len(units) == len(document["units"])
    regions = {channel.region for channel in arkit_schema().values()}
    for name, unit in units.items():
        assert unit_name(name) == name
        assert unit.name
        assert unit.region in regions
        assert set(unit.channels) <= set(arkit_names())
        assert all(0 < gain <= 1 for gain in unit.channels.values())
        # no unit has a side but those that turn the eyes
        if unit.region != "gaze":
            for channel in unit.channels:
                partner = arkit_schema()[channel].partner
                assert unit.channels[partner] == unit.channels[channel]
    # what OpenFace and py-feat measure and a face can show
    for number in (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 24, 25, 26, 28, 43, 45):
        assert units[f"AU{number:02d}"].channels


@pytest.mark.parametrize(
    ("text", "name"),
    [("AU01", "AU01"), ("AU1", "AU01"), ("au_26", "AU26"), (" AU45 ", "AU45"),
     ("AU01_r", None), ("AU", None), ("AU123", None), ("mAU01", None)],
)  # fmt: skip
def test_spellings(text: str, name: str | None):
    assert unit_name(text) == name


@pytest.mark.parametrize(
    ("unit", "channels"),
    [
        ("AU01", {"browInnerUp": 1}),
        ("AU04", {"browDownLeft": 1, "browDownRight": 1}),
        ("AU12", {"mouthSmileLeft": 1, "mouthSmileRight": 1}),
        ("AU26", {"jawOpen": 1}),
        ("AU45", {"eyeBlinkLeft": 1, "eyeBlinkRight": 1}),
        ("AU17", {"mouthShrugLower": 1, "mouthShrugUpper": 0.3}),
    ],
)
def test_a_unit_alone(unit: str, channels: dict[str, float]):
    values = moving()
    take = with_arkit_channels(taken({unit: values}))
    made = {name: column(take, name) for name in take.names if name != unit}
    assert set(made) == set(channels)
    for name, gain in channels.items():
        assert made[name] == pytest.approx(values * gain, abs=1e-6)
        assert take.channels[take.column(name)].original == unit
        assert take.channels[take.column(name)].region == arkit_schema()[name].region
    assert column(take, unit) == pytest.approx(values, abs=1e-6)


def test_the_strongest_of_a_series_counts():
    blink, closed, jaw, stretch = (moving(seed) for seed in range(4))
    take = with_arkit_channels(taken({"AU45": blink, "AU43": closed, "AU26": jaw, "AU27": stretch}))
    assert column(take, "eyeBlinkLeft") == pytest.approx(np.maximum(blink, closed), abs=1e-6)
    assert column(take, "jawOpen") == pytest.approx(np.maximum(jaw, stretch), abs=1e-6)
    assert take.channels[take.column("jawOpen")].original == "AU26 AU27"


def test_missing_samples():
    first, second = moving(1), moving(2)
    first[3:6] = np.nan
    second[5:9] = np.nan
    take = with_arkit_channels(taken({"AU43": first, "AU45": second}))
    valid = take.valid[:, take.column("eyeBlinkRight")]
    assert np.flatnonzero(~valid).tolist() == [5]
    assert column(take, "eyeBlinkRight")[3:5] == pytest.approx(second[3:5], abs=1e-6)
    assert column(take, "eyeBlinkRight")[6:9] == pytest.approx(first[6:9], abs=1e-6)


def test_a_take_with_coefficients_is_left_alone():
    take = taken({"AU12": moving()}, (arkit_schema()["jawOpen"], moving(3)))
    assert with_arkit_channels(take) is take
    nothing = taken({"AU11": moving()})
    assert with_arkit_channels(nothing) is nothing
    empty = taken({"AU12": np.full(FRAMES, np.nan)})
    assert with_arkit_channels(empty) is empty
    made = with_arkit_channels(taken({"AU12": moving()}))
    assert with_arkit_channels(made) is made


def test_what_is_no_strength_drives_nothing():
    flips = (np.arange(FRAMES) % 3 == 0).astype(float)
    take = with_arkit_channels(
        taken({"AU12": moving(), "AU07": flips, "AU20": np.ones(FRAMES), "AU09": np.zeros(FRAMES)})
    )
    assert {"mouthSmileLeft", "noseSneerLeft"} < set(take.names)
    assert not {"eyeSquintLeft", "mouthStretchLeft"} & set(take.names)
    assert "AU20 never changes and drives nothing." in take.warnings
    assert any(w.startswith("AU07 is only ever 0 or 1 and drives nothing") for w in take.warnings)


def test_presence_is_kept_and_drives_nothing():
    present = presence_channel("AU28", "AU28_c")
    assert (present.name, present.partner) == ("AU28_present", "AU28_present")
    take = with_arkit_channels(taken({"AU12": moving()}, (present, moving().round())))
    assert not {"mouthRollLower", "mouthRollUpper"} & set(take.names)


def test_eyes_look_where_their_angles_say():
    rng = np.random.default_rng(5)
    angles = {name: rng.uniform(-0.4, 0.4, FRAMES) for name in EYE_ANGLES}
    more = [(angle_channel(name), values) for name, values in angles.items()]
    take = with_arkit_channels(taken({"AU45": moving()}, *more))
    looks = [name for name in take.names if name.startswith("eyeLook")]
    assert len(looks) == 8
    assert all(column(take, name).min() >= 0 for name in looks)
    # the same gaze, read from the coefficients alone
    kept = [take.column(name) for name in looks]
    alone = make_take(take.times, [take.channels[k] for k in kept], take.values[:, kept])
    for side in ("left", "right"):
        assert gaze_at(alone, side, take.times) == pytest.approx(
            gaze_at(take, side, take.times), abs=1e-6
        )


def test_confidence_goes_along():
    take = taken({"AU43": moving(1), "AU45": moving(2)})
    trust = np.full(take.values.shape, 0.9, np.float32)
    trust[4, 1] = 0.25
    trusted = Take(
        take.times, take.channels, take.values, take.valid, take.timebase, take.source, trust
    )
    made = with_arkit_channels(trusted)
    assert made.confidence is not None
    assert made.confidence.shape == made.values.shape
    assert made.confidence[4, made.column("eyeBlinkLeft")] == np.float32(0.25)
    assert made.confidence[5, made.column("eyeBlinkLeft")] == np.float32(0.9)
