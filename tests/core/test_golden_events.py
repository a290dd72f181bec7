# SPDX-License-Identifier: GPL-3.0-or-later
"""Gaze and lips of recorded takes: counts and times that were looked through by eye once.

`python -m devtools.event_pictures TAKE FOLDER` draws what was looked at.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facemocap_addon.core.events.gaze.finding import find_gaze
from facemocap_addon.core.events.lips.finding import find_lip_contacts
from facemocap_addon.core.events.lips.phrases import find_phrases
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take import Take

GOLDEN = json.loads(
    (Path(__file__).parent / "golden" / "gaze_lips.json").read_text(encoding="utf-8")
)
SAMPLE = "sample_take.csv"


def events_of(take: Take) -> dict[str, list[list[Any]]]:
    """Times in seconds from the first sample on, as the golden file has them."""
    start = float(take.times[0])
    gaze = find_gaze(take)
    return {
        "saccades": [
            [s.onset_s - start, s.apex_s - start, s.yaw_deg, s.pitch_deg] for s in gaze.saccades
        ],
        "rests": [[r.start_s - start, r.end_s - start, r.kind] for r in gaze.fixations],
        "lip_contacts": [
            [c.start_s - start, c.end_s - start, c.kind] for c in find_lip_contacts(take)
        ],
        "phrases": [[p.start_s - start, p.end_s - start] for p in find_phrases(take)],
    }


def same(take: Take, name: str) -> None:
    expected = GOLDEN["takes"][name]
    found = events_of(take)
    assert {kind: len(each) for kind, each in found.items()} == {
        kind: len(each) for kind, each in expected.items()
    }
    for kind, events in found.items():
        for one, two in zip(events, expected[kind], strict=True):
            # times to half a sample, degrees to a tenth
            times, said = np.array(one[:2], float), np.array(two[:2], float)
            assert np.abs(times - said).max() <= 0.5 / take.rate_hz, (kind, two)
            if kind == "saccades":
                assert one[2:] == pytest.approx(two[2:], abs=0.1)
            else:
                assert one[2:] == two[2:]


def test_the_sample_take(repo: Path):
    same(read_take(repo / "sample_rigs" / SAMPLE), SAMPLE)


@pytest.mark.shared
@pytest.mark.parametrize("name", [name for name in GOLDEN["takes"] if name != SAMPLE])
def test_recorded_takes(name: str, shared: Path):
    same(read_take(shared / "takes" / name), name)


def test_the_golden_file_says_what_it_is():
    assert "by eye" in GOLDEN["about"]
    assert len(GOLDEN["takes"]) == 5
    assert all(set(each) == {"saccades", "rests", "lip_contacts", "phrases"}
               for each in GOLDEN["takes"].values())  # fmt: skip
