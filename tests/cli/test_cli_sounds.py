# SPDX-License-Identifier: GPL-3.0-or-later
"""--sound: phrases are heard instead of seen, from the file that is named or lies beside."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.take import make_take
from facemocap_addon.core.take_file import write_take_file

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "core"))
speakers: Any = importlib.import_module("made_speech")
Run = Callable[..., Any]


@pytest.fixture
def spoken(tmp_path: Path) -> Path:
    """A take of twelve seconds in which somebody speaks."""
    path = tmp_path / "talk.take.npz"
    take = speakers.speech_take(speakers.made_speech(12.0))
    # a head that can breathe
    names = ("headYaw", "headPitch", "headRoll", "noseSneerLeft", "noseSneerRight")
    values = np.concatenate([take.values, np.full((take.samples, len(names)), 0.01)], axis=1)
    channels = [*take.channels, *(arkit_schema()[name] for name in names)]
    write_take_file(make_take(take.times, channels, values, name="talk.csv"), path)
    return path


@pytest.fixture
def breath(tmp_path: Path) -> Path:
    path = tmp_path / "breath.json"
    path.write_text(json.dumps({"schema": 1, "steps": [{"kind": "breathing"}]}))
    return path


def wav(path: Path) -> Path:
    return speakers.write_wav(path, speakers.speech_sound(speakers.made_speech(12.0)))


def phrases(document: dict[str, Any]) -> tuple[str, list[list[float]]]:
    params = document["stack"]["steps"][0]["params"]
    return params.get("phrases_from", "take"), params.get("phrases", [])


def test_events_hear_what_lies_beside(facemocap: Run, spoken: Path) -> None:
    seen = facemocap("events", spoken, "--json").document
    assert {phrase["source"] for phrase in seen["phrases"]} == {"lips"}
    wav(spoken.parent / "talk.wav")
    heard = facemocap("events", spoken, "--json").document
    assert {phrase["source"] for phrase in heard["phrases"]} == {"sound"}
    assert any(contact["heard"] for contact in heard["lip_contacts"])


def test_steps_hear_phrases_and_keep_them(
    facemocap: Run, spoken: Path, breath: Path, tmp_path: Path
) -> None:
    out, report = tmp_path / "out.take.npz", tmp_path / "report.json"
    order = ("process", spoken, "--stack", breath, "--out", out, "--report", report, "--overwrite")
    assert facemocap(*order).status == 0
    assert phrases(json.loads(report.read_text())) == ("take", [])
    seen = out.read_bytes()
    other = tmp_path / "elsewhere"
    other.mkdir()
    sound = wav(other / "recorded.wav")
    assert facemocap(*order, "--sound", sound).status == 0
    document = json.loads(report.read_text())
    source, spans = phrases(document)
    made = speakers.made_speech(12.0).phrases
    assert source == "list"
    assert len(spans) == len(made)
    for span, phrase in zip(spans, made, strict=True):
        assert span == pytest.approx(phrase, abs=0.06)
    heard = out.read_bytes()
    assert heard != seen
    # the stack that was run gives the same without the sound
    kept = tmp_path / "kept.json"
    stack = {name: document["stack"][name] for name in ("schema", "steps")}
    kept.write_text(json.dumps(stack))
    assert facemocap("process", spoken, "--stack", kept, "--out", out, "--overwrite").status == 0
    assert out.read_bytes() == heard


def test_a_sound_that_cannot_be_read(
    facemocap: Run, spoken: Path, breath: Path, tmp_path: Path
) -> None:
    order = ("process", spoken, "--stack", breath, "--out", tmp_path / "out.take.npz")
    missing = facemocap(*order, "--sound", tmp_path / "none.wav")
    assert missing.status != 0
    assert "cannot be opened" in missing.complaint
    # one that only lies beside does no harm
    (spoken.parent / "talk.wav").write_bytes(b"RIFF no sound")
    done = facemocap(*order)
    assert done.status == 0
    assert "is not used" in done.out


def test_a_stack_that_hears_nothing_says_so(facemocap: Run, spoken: Path, tmp_path: Path) -> None:
    stack = tmp_path / "deaf.json"
    stack.write_text(json.dumps({"schema": 1, "steps": [{"kind": "despike"}]}))
    sound = wav(tmp_path / "any.wav")
    order = ("process", spoken, "--stack", stack, "--out", tmp_path / "out.take.npz")
    assert "listens to the sound" in facemocap(*order, "--sound", sound).out
