# SPDX-License-Identifier: GPL-3.0-or-later
"""What a take wants closed: lip contacts by their definition, blinks by the take's own range."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.contacts.captured import (
    blink_range,
    closed_lips,
    lip_contacts,
    lip_seal,
)
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take import Take, make_take

NAMES = ("jawOpen", "mouthClose", "mouthFunnel", "mouthUpperUpLeft", "eyeBlinkLeft")


def take_of(rate: Any = 60.0, **columns: Any) -> Take:
    schema = arkit_schema()
    count = len(next(iter(columns.values())))
    values = np.stack([columns.get(name, np.zeros(count)) for name in NAMES], axis=1)
    return make_take(np.arange(count) / rate, [schema[name] for name in NAMES], values)


def bump(times: np.ndarray, at: float, height: float, wide: float = 0.12) -> np.ndarray:
    return height * np.exp(-(((times - at) / wide) ** 2) * 4)


def test_two_closed_stretches_and_none_of_a_single_sample():
    jaw = np.full(60, 0.4)
    jaw[10:20] = 0.05
    jaw[30] = 0.05
    jaw[40:42] = 0.05
    found = lip_contacts(take_of(jawOpen=jaw))
    assert [(c.first, c.last) for c in found] == [(10, 19), (40, 41)]
    assert found[0].start_s == pytest.approx(10 / 60)


def test_a_jaw_that_falls_behind_closed_lips_is_closed():
    jaw = np.linspace(0.0, 0.6, 50)
    found = lip_contacts(take_of(jawOpen=jaw, mouthClose=jaw))
    assert [(c.first, c.last) for c in found] == [(0, 49)]


@pytest.mark.parametrize("channel", ["mouthFunnel", "mouthUpperUpLeft"])
def test_what_parts_the_lips_ends_a_stretch(channel: str):
    parting = np.zeros(50)
    parting[25:] = 0.16
    found = lip_contacts(take_of(jawOpen=np.zeros(50), **{channel: parting}))
    assert [(c.first, c.last) for c in found] == [(0, 24)]


def test_lost_samples_are_not_closed():
    take = take_of(jawOpen=np.zeros(40))
    valid = np.array(take.valid)
    valid[10:20] = False
    lost = make_take(take.times, take.channels, take.values, valid=valid)
    assert [(c.first, c.last) for c in lip_contacts(lost)] == [(0, 9), (20, 39)]


def test_the_seal_is_whole_where_lips_are_closed_and_fades_smoothly():
    jaw = np.concatenate([np.zeros(20), np.linspace(0.0, 0.2, 200)])
    take = take_of(jawOpen=jaw)
    seal = lip_seal(take, take.times)
    assert (seal[closed_lips(take, take.times)] == 1.0).all()
    assert seal[-1] == 0.0
    assert (np.diff(seal) <= 0).all()
    assert np.abs(np.diff(seal)).max() < 0.05


@pytest.mark.shared
def test_the_definition_on_the_real_takes_by_other_means(shared: Path):
    for path in sorted((shared / "takes" / "livelinkface").glob("*.csv")):
        take = read_take(path)
        rows = list(csv.DictReader(path.open(encoding="utf-8-sig")))
        pick = {
            name: next(n for n in rows[0] if n.lower() == name)
            for name in (
                "jawopen",
                "mouthclose",
                "mouthfunnel",
                "mouthupperupleft",
                "mouthupperupright",
                "mouthlowerdownleft",
                "mouthlowerdownright",
            )
        }
        kept = [row for row in rows if int(row["BlendShapeCount"]) > 0]
        value = {
            name: np.array([float(row[column]) for row in kept]) for name, column in pick.items()
        }
        apart = value.pop("jawopen") - value.pop("mouthclose")
        valid = take.valid[:, take.column("jawOpen")]
        lowest = np.percentile(apart, 2)
        closed = (apart < lowest + 0.02) & (np.max(list(value.values()), axis=0) < 0.15)
        ours = np.zeros(take.samples, bool)
        for contact in lip_contacts(take):
            ours[contact.first : contact.last + 1] = True
        assert valid.sum() == len(kept)
        # the same samples, but for stretches of one
        differ = ours[valid] != closed
        assert not ours[valid][differ].any()
        for place in np.flatnonzero(differ):
            around = closed[max(place - 1, 0) : place + 2]
            assert around.sum() == 1 or not valid.all()
        assert len(lip_contacts(take)) > 1


def test_a_take_s_own_range_tells_shut_and_half():
    times = np.arange(0, 10, 1 / 60)
    blink = 0.05 + sum(bump(times, at, 0.75) for at in (1, 3, 5, 7, 9))
    found = blink_range(take_of(eyeBlinkLeft=blink), "eyeBlinkLeft")
    assert found is not None
    assert found.rest == pytest.approx(0.05, abs=0.01)
    assert found.peak == pytest.approx(0.8, abs=0.01)
    shut = found.closure(np.array([0.05, 0.425, 0.74, 0.8, 1.0, -0.1]))
    assert shut == pytest.approx([0.0, 0.5, 1.0, 1.0, 1.0, 0.0], abs=0.02)


@pytest.mark.parametrize(
    "blink",
    [
        np.zeros(200),
        np.full(200, 0.6),
        np.linspace(0, 0.9, 200),
        0.1 * np.sin(np.arange(200)) + 0.1,
    ],
)
def test_an_eye_that_does_not_blink_has_no_range(blink: np.ndarray):
    assert blink_range(take_of(eyeBlinkLeft=blink), "eyeBlinkLeft") is None
