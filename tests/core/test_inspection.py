# SPDX-License-Identifier: GPL-3.0-or-later
"""What inspect says about a take."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from facemocap_addon.core.channels import Channel, arkit_schema
from facemocap_addon.core.inspection import describe_take, find_gaps, inspect_take
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take import Take, make_take


def small_take() -> Take:
    schema = arkit_schema()
    channels = (
        schema["jawOpen"],
        schema["eyeBlinkLeft"],
        schema["eyeBlinkRight"],
        schema["headYaw"],
        Channel("a very long name of a channel"),
    )
    values = np.tile(np.arange(10.0)[:, None] / 10, (1, 5))
    valid = np.ones((10, 5), bool)
    valid[3:5] = False
    valid[6, 1:3] = False
    valid[9, 0] = False
    valid[:, 3] = False
    take = make_take(np.arange(10) / 50, channels, values, valid=valid, rate=50, name="small")
    return take.changed("trimmed", not_recorded=("headYaw",), warnings=("W.",), assumptions=("A.",))


def test_figures():
    facts = inspect_take(small_take())
    assert facts == json.loads(json.dumps(facts))
    assert facts["format"] == "arrays"
    assert facts["samples"] == 10
    assert facts["duration_s"] == pytest.approx(0.18)
    assert facts["rate_hz"] == pytest.approx(50)
    assert facts["not_recorded"] == ["headYaw"]
    assert (facts["warnings"], facts["assumptions"]) == (["W."], ["A."])
    jaw, blink, _, head, _ = facts["channels"]
    assert jaw == {
        "name": "jawOpen",
        "original": "jawOpen",
        "kind": "weight",
        "region": "jaw",
        "min": 0.0,
        "max": pytest.approx(0.8),
        "valid_fraction": 0.7,
    }
    assert blink["max"] == pytest.approx(0.9)
    assert (head["min"], head["max"], head["valid_fraction"]) == (None, None, 0.0)
    assert facts["timecode"] == {"start": None, "start_s": 0.0, "rate": "50"}


def test_gaps():
    assert find_gaps(small_take()) == [
        {
            "start_s": pytest.approx(0.06),
            "end_s": pytest.approx(0.10),
            "samples": 2,
            "channels": "all",
        },
        {
            "start_s": pytest.approx(0.12),
            "end_s": pytest.approx(0.14),
            "samples": 1,
            "channels": ["eyeBlinkLeft", "eyeBlinkRight"],
        },
        {
            "start_s": pytest.approx(0.18),
            "end_s": pytest.approx(0.18),
            "samples": 1,
            "channels": ["jawOpen"],
        },
    ]


def test_gaps_account_for_every_missing_sample():
    rng = np.random.default_rng(5)
    valid = rng.random((200, 8)) > 0.3
    valid[rng.random(200) < 0.2] = False
    channels = [Channel(f"c{index}") for index in range(8)]
    take = make_take(np.arange(200) / 60, channels, np.zeros((200, 8)), valid=valid)
    again = np.ones_like(valid)
    for gap in find_gaps(take):
        first = int(np.searchsorted(take.times, gap["start_s"]))
        columns = range(8) if gap["channels"] == "all" else map(take.column, gap["channels"])
        for column in columns:
            assert again[first : first + gap["samples"], column].all()
            again[first : first + gap["samples"], column] = False
    assert (again == valid).all()


def test_page_for_people():
    text = describe_take(small_take())
    lines = text.splitlines()
    assert max(map(len, lines)) <= 96
    assert text.endswith("\n")
    assert not any(line != line.rstrip() for line in lines)
    assert "10 samples at 50.00 Hz, 4 of 5 channels recorded" in text
    blink = next(line for line in lines if "eyeBlinkLeft" in line and "to" in line)
    assert "eyeBlinkRight" in blink
    assert "0.060 s to 0.100 s (2 samples): everything" in text
    assert "Not recorded\n  headYaw" in text
    # the jaw misses one sample more than the rest
    assert "70%" in next(line for line in lines if "jawOpen" in line)


@pytest.mark.shared
def test_page_of_a_real_take(shared: Path):
    take = read_take(shared / "takes" / "livelinkface" / "alexdjulin_alex_rom_3.csv")
    facts = inspect_take(take)
    assert facts["format"] == "live_link_face_csv"
    assert facts["duration_s"] == pytest.approx(134.4, abs=0.05)
    assert facts["rate_hz"] == pytest.approx(30.0, abs=0.03)
    assert [gap["samples"] for gap in facts["gaps"]] == [1, 1, 1]
    assert all(gap["channels"] == "all" for gap in facts["gaps"])
    assert facts["source"]["details"]["rows"] == 4030
    text = describe_take(take)
    assert "Live Link Face (.csv): 2 min 14.4 s" in text
    assert max(map(len, text.splitlines())) <= 96
    assert len(text.splitlines()) < 70
