# SPDX-License-Identifier: GPL-3.0-or-later
"""The sound in videos: what Blender reads of them says the same as the WAV."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import bpy as blender
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "core"))

from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.events.lips.finding import find_lip_contacts
from facemocap_addon.core.events.lips.phrases import find_phrases
from facemocap_addon.core.events.lips.sound import hear
from facemocap_addon.gateway.files.take_sounds import take_sound

bpy: Any = blender
SECONDS = 10.0
speakers: Any = importlib.import_module("made_speech")


@pytest.fixture(scope="module")
def wav(tmp_path_factory: pytest.TempPathFactory) -> Path:
    speech = speakers.made_speech(SECONDS)
    return speakers.write_wav(
        tmp_path_factory.mktemp("sound") / "talk.wav", speakers.speech_sound(speech)
    )


def movie(wav: Path, out: Path, *, sound: bool = True) -> Path:
    """A small QuickTime film of a grey square, with or without the sound."""
    scene = bpy.data.scenes.new("film")
    try:
        editor = scene.sequence_editor_create()
        strips = editor.strips if hasattr(editor, "strips") else editor.sequences
        render = scene.render
        frames = round(SECONDS * 12)
        length = {"length": frames} if bpy.app.version >= (5, 0) else {"frame_end": frames + 1}
        render.resolution_x = render.resolution_y = 32
        render.fps = 12
        scene.frame_start, scene.frame_end = 1, frames
        strips.new_effect(
            name="grey", type="COLOR", channel=2, frame_start=1,
            **length,
        )  # fmt: skip
        if sound:
            strips.new_sound(name="talk", filepath=str(wav), channel=1, frame_start=1)
        settings = render.image_settings
        if hasattr(settings, "media_type"):
            settings.media_type = "VIDEO"
        settings.file_format = "FFMPEG"
        render.ffmpeg.format, render.ffmpeg.codec = "QUICKTIME", "MPEG4"
        render.ffmpeg.audio_codec = "AAC" if sound else "NONE"
        render.use_file_extension = False
        render.filepath = str(out)
        bpy.ops.render.render(animation=True, scene=scene.name)
    finally:
        bpy.data.scenes.remove(scene)
    return out


def test_a_film_says_what_the_wav_says(wav: Path, tmp_path: Path) -> None:
    speech = speakers.made_speech(SECONDS)
    film = movie(wav, tmp_path / "talk.mov")
    plain, heard = take_sound(wav), take_sound(film)
    assert np.array_equal(heard.samples, take_sound(film).samples)
    assert len(heard.samples) / heard.rate == pytest.approx(SECONDS, abs=0.2)
    take = speakers.speech_take(speech)
    spans = [
        np.array([(p.start_s, p.end_s) for p in find_phrases(take, each)])
        for each in (plain, heard)
    ]
    assert len(spans[0]) == len(speech.phrases) >= 2
    assert spans[1] == pytest.approx(spans[0], abs=0.06)
    contacts = [find_lip_contacts(take, each) for each in (plain, heard)]
    told = [sum(contact.heard for contact in each) for each in contacts]
    assert min(told) >= 0.8 * len(speech.contacts)
    bursts = [hear(each).bursts_s for each in (plain, heard)]
    assert len(bursts[1]) >= 0.8 * len(speech.contacts)
    near = [min(abs(at - other) for other in bursts[1]) for at in bursts[0]]
    assert np.median(near) < 0.03


def test_a_film_without_sound_is_a_sentence(wav: Path, tmp_path: Path) -> None:
    silent = movie(wav, tmp_path / "silent.mov", sound=False)
    with pytest.raises(FacemocapError, match="holds no sound"):
        take_sound(silent)


def test_what_is_no_sound_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "talk.mov"
    path.write_bytes(b"no film at all" * 100)
    with pytest.raises(FacemocapError, match="holds no sound"):
        take_sound(path)
    with pytest.raises(FacemocapError, match="cannot be opened"):
        take_sound(tmp_path / "missing.mov")


def test_a_wav_is_read_as_it_is(wav: Path) -> None:
    assert take_sound(wav, 1.5).start_s == 1.5
    assert take_sound(wav).rate == 16_000
