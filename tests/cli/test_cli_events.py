# SPDX-License-Identifier: GPL-3.0-or-later
"""facemocap events: stretches of closed lips, and the report that counts them."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
#: Samples (first, last) at which the lips of `spoken` are closed.
CLOSED = ((20, 31), (90, 91), (170, 179))


@pytest.fixture
def spoken(tmp_path: Path, sample_take: Path) -> Path:
    """Three seconds in which the jaw is open but for `CLOSED`, and blinks twice."""
    with sample_take.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[:180]
    names = list(rows[0])
    still = [name for name in names if name not in ("Timecode", "BlendShapeCount")]
    for place, row in enumerate(rows):
        row.update(dict.fromkeys(still, "0"))
        row["BlendShapeCount"] = str(len(still))
        inside = any(first <= place <= last for first, last in CLOSED)
        row["JawOpen"] = "0.05" if inside else "0.3"
        # one sample alone is no contact, nor is what else parts the lips
        if place in (60, 61, 120):
            row["JawOpen"] = "0.05"
        row["MouthFunnel"] = "0.2" if place in (60, 61) else "0"
        blink = max(0.0, 0.9 - 0.15 * min(abs(place - 50), abs(place - 140)))
        row["EyeBlinkLeft"] = row["EyeBlinkRight"] = f"{blink:.3f}"
    path = tmp_path / "spoken.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    return path


def clock(path: Path) -> list[float]:
    """Seconds after the first sample, from timecodes of 60 frames a second."""
    with path.open(encoding="utf-8", newline="") as file:
        parts = [row["Timecode"].split(":") for row in csv.DictReader(file)]
    seconds = [3600 * int(h) + 60 * int(m) + int(s) + float(f) / 60 for h, m, s, f in parts]
    return [each - seconds[0] for each in seconds]


def test_the_documented_keys(facemocap: Run, spoken: Path):
    result = facemocap("events", spoken, "--json")
    assert result.status == 0
    assert result.err == ""
    document = result.document
    assert set(document) == {
        "schema", "take", "blinks", "saccades", "fixations", "lip_contacts", "phrases",
        "transitions",
    }  # fmt: skip
    assert document["schema"] == 1
    assert document["take"] == str(spoken)
    times = clock(spoken)
    contacts = document["lip_contacts"]
    assert [(c["first_sample"], c["last_sample"]) for c in contacts] == list(CLOSED)
    for contact in contacts:
        assert {"start_s", "end_s", "first_sample", "last_sample", "seal", "kind"} <= set(contact)
        assert contact["start_s"] == pytest.approx(times[contact["first_sample"]], abs=1e-5)
        assert contact["end_s"] == pytest.approx(times[contact["last_sample"]], abs=1e-5)
        assert contact["start_s"] < contact["end_s"]


def test_people_read_when_and_how_long(facemocap: Run, spoken: Path):
    result = facemocap("events", spoken)
    assert result.status == 0
    lines = result.out.splitlines()
    assert lines[0].startswith(
        "spoken.csv: 2 blinks, 0 eye darts, lips closed 3 times (0.35 s of 2.9"
    )
    times = clock(spoken)
    (line,) = (line for line in lines[1:] if "samples 20 to 31" in line)
    start, end = (float(line.split()[place]) for place in (0, 2))
    assert (start, end) == pytest.approx((times[20], times[31]), abs=6e-4)
    begins = [float(line.split()[0]) for line in lines[1:]]
    assert begins == sorted(begins)
    assert len([line for line in lines if "blink: " in line]) == 2


def test_what_happens_in_the_sample_take(facemocap: Run, sample_take: Path):
    found = facemocap("events", sample_take, "--json").document
    # the text beside the take says what its script put into it
    assert len(found["blinks"]) == 15
    assert [blink["kind"] for blink in found["blinks"]].count("wink") == 1
    (wink,) = (blink for blink in found["blinks"] if blink["kind"] == "wink")
    assert wink["side"] == "L"
    assert wink["apex_s"] == pytest.approx(20.75, abs=0.1)
    for blink in found["blinks"]:
        assert blink["onset_s"] < blink["apex_s"] < blink["offset_s"]
    for kind in ("saccades", "fixations", "transitions"):
        assert found[kind], kind
    for phrase in found["phrases"]:
        assert phrase["start_s"] < phrase["end_s"]


def test_a_sound_that_is_not_there_is_a_sentence(facemocap: Run, spoken: Path, tmp_path: Path):
    result = facemocap("events", spoken, "--sound", tmp_path / "none.wav")
    assert result.status == 2
    assert "none.wav" in result.complaint


def test_an_animation_of_eyes_has_none(facemocap: Run, spoken: Path, tmp_path: Path):
    with spoken.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = [name for name in rows[0] if name != "JawOpen"]
    path = tmp_path / "eyes.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    result = facemocap("events", path, "--json")
    assert result.status == 0
    assert result.document["lip_contacts"] == []
    assert len(result.document["blinks"]) == 2


def test_what_is_no_take_is_refused_in_a_sentence(facemocap: Run, tmp_path: Path):
    missing = facemocap("events", tmp_path / "none.csv", "--json")
    assert missing.status == 2
    assert "none.csv" in missing.complaint
    assert set(missing.document) == {"schema", "error"}


@pytest.mark.shared
def test_the_real_takes_stretches(facemocap: Run, shared: Path):
    folder = shared / "takes" / "livelinkface"
    for name, closed in (("JMTechArt_MySlate_3_iPhone", 2), ("alexdjulin_alex_rom_3", 30)):
        contacts = facemocap("events", folder / f"{name}.csv", "--json").document["lip_contacts"]
        assert len(contacts) == closed
        ends = [-1.0, *(c["end_s"] for c in contacts)]
        assert all(c["start_s"] > before for c, before in zip(contacts, ends, strict=False))


def test_a_report_counts_and_measures_them(
    facemocap: Run, arkit_head: Path, spoken: Path, tmp_path: Path
):
    report = tmp_path / "report.json"
    words = ("--rig", arkit_head, "--out", tmp_path / "out", "--report", report)
    result = facemocap("retarget", spoken, *words, "--keys", "capture")
    assert result.status == 0, result.err
    (entry,) = json.loads(report.read_text(encoding="utf-8"))["rigs"]
    measures = entry["measures"]
    samples = sum(last - first + 1 for first, last in CLOSED)
    # the single sample is closed too, only no stretch
    assert measures["lip_gap_percent"]["frames"] == samples + 1
    for gaps in (*measures["lid_gap_percent"].values(), measures["lip_gap_percent"]):
        assert set(gaps) == {"frames", "before", "after", "frames_cut_by_limits", "mean_amount"}
        for when in ("before", "after"):
            assert set(gaps[when]) == {"largest", "mean"}
            assert 0.0 <= gaps[when]["mean"] <= gaps[when]["largest"]
    assert set(measures["lid_gap_percent"]) == {"left", "right"}
    assert measures["lid_gap_percent"]["left"]["after"]["largest"] < 5.0
    assert measures["lip_gap_percent"]["after"]["largest"] < 2.0
