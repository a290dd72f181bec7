# SPDX-License-Identifier: GPL-3.0-or-later
"""Every format is told by its content, read, inspected, and damaged without harm."""

from __future__ import annotations

from pathlib import Path

import pytest

from devtools import made_landmarks, made_markers, made_scenes
from devtools.fuzz import Seed, fuzz
from devtools.made_recordings import samples
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.inspection import describe_take, inspect_take
from facemocap_addon.core.readers import HEAD_BYTES, read_take, readers, sniff_reader

COEFFICIENTS = samples()
SAMPLES = COEFFICIENTS | made_landmarks.samples() | made_markers.samples() | made_scenes.samples()
#: Formats of our own, and one whose sample is the project's own take.
ELSEWHERE = {"face_mocap_take", "live_link_face_csv"}
#: What the real recordings are, by their folder; None: nobody here reads them.
FOLDERS = {
    "azure_viseme": "azure_viseme_json",
    "facecap": "face_cap_text",
    "ifacialmocap": "ifacialmocap_packets",
    "livelinkface": "live_link_face_csv",
    "livelinkface_udp": "live_link_face_udp",
    "mediapipe": "mediapipe_text",
}
MINE = {*COEFFICIENTS, "live_link_face_csv"}


def test_every_reader_has_a_sample():
    assert {reader.format for reader in readers()} == {*SAMPLES, *ELSEWHERE}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_recording_is_told_whatever_it_is_called(name: str, tmp_path: Path):
    for data in (SAMPLES[name], SAMPLES[name][:HEAD_BYTES]):
        reader = sniff_reader(data[:HEAD_BYTES])
        assert reader is not None
        assert reader.format == name
    path = tmp_path / "odd.glb"
    path.write_bytes(SAMPLES[name])
    take = read_take(path)
    assert take.source.format == name
    assert take.times[0] == 0.0
    assert take.recorded
    assert take.has("jawOpen") or name not in COEFFICIENTS


@pytest.mark.parametrize("name", SAMPLES)
def test_reading_twice_gives_the_same(name: str, tmp_path: Path):
    path = tmp_path / "take"
    path.write_bytes(SAMPLES[name])
    first, second = read_take(path), read_take(path)
    assert first.digest == second.digest
    assert (first.assumptions, first.warnings) == (second.assumptions, second.warnings)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_take_can_be_inspected(name: str, tmp_path: Path):
    path = tmp_path / "take"
    path.write_bytes(SAMPLES[name])
    take = read_take(path)
    facts = inspect_take(take)
    assert facts["format"] == name
    label = next(reader.label for reader in readers() if reader.format == name)
    assert label in describe_take(take)
    for text in (*facts["assumptions"], *facts["warnings"]):
        assert text.endswith(".")
        assert text[0].isupper() or text[0] == '"' or text[0].isdigit()


def test_no_two_readers_are_equally_sure():
    for name, data in SAMPLES.items():
        scores = sorted((reader.sniff(data[:HEAD_BYTES]) for reader in readers()), reverse=True)
        assert scores[0] > scores[1], name


@pytest.mark.shared
def test_real_recordings_are_told_by_content(shared: Path):
    for path in sorted((shared / "takes").rglob("*.*")):
        reader = sniff_reader(path.read_bytes()[:HEAD_BYTES])
        found = reader.format if reader is not None and reader.format in MINE else None
        assert found == FOLDERS.get(path.parent.name), path


@pytest.mark.parametrize("name", SAMPLES)
def test_damage_is_read_or_refused(name: str):
    tallies, findings = fuzz([Seed("take", SAMPLES[name], name)], 60, seed=7)
    assert [f"{f.mutations}: {f.reason}" for f in findings] == []
    assert tallies[name].refused > 3


@pytest.mark.parametrize("name", SAMPLES)
def test_a_web_page_is_no_recording(name: str, tmp_path: Path):
    path = tmp_path / f"{name}.html"
    path.write_bytes(b"<!DOCTYPE html><html><body>" + SAMPLES[name])
    with pytest.raises(FacemocapError, match="web page"):
        read_take(path)
