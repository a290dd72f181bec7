# SPDX-License-Identifier: GPL-3.0-or-later
"""Hear Phrases: the sound beside a recording tells the stack when somebody speaks."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import bpy as blender
import pytest
from stacked_face import make_face

from facemocap_addon.core.take_file import write_take_file
from facemocap_addon.props import state_of

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "core"))
speakers: Any = importlib.import_module("made_speech")
# bpy's stubs do not know what an add-on registers
bpy: Any = blender


@pytest.fixture
def item(registered: None, tmp_path: Path) -> Any:
    """A face that plays a take with a sound beside it."""
    speech = speakers.made_speech(8.0)
    path = tmp_path / "talk.take.npz"
    write_take_file(speakers.speech_take(speech), path)
    speakers.write_wav(tmp_path / "talk.wav", speakers.speech_sound(speech))
    make_face("face")
    bpy.ops.facemocap.import_take(filepath=str(path))
    bpy.ops.facemocap.apply_take()
    return state_of(bpy.context.scene).characters[0]


def breathing(item: Any) -> dict[str, Any]:
    (step,) = [s for s in json.loads(item.stack.text)["steps"] if s["kind"] == "breathing"]
    return step["params"]


def test_the_stack_is_told_once(item: Any) -> None:
    assert not bpy.ops.facemocap.hear_phrases.poll()
    bpy.ops.facemocap.add_step(kind="breathing")
    assert bpy.ops.facemocap.hear_phrases() == {"FINISHED"}
    told = breathing(item)
    assert told["phrases_from"] == "list"
    for span, phrase in zip(told["phrases"], speakers.made_speech(8.0).phrases, strict=True):
        assert span == pytest.approx(phrase, abs=0.06)
    # who listed phrases keeps them
    assert not bpy.ops.facemocap.hear_phrases.poll()
