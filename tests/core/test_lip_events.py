# SPDX-License-Identifier: GPL-3.0-or-later
"""Contacts, phrases and pauses are found, by sight and by ear, and shaped."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from made_speech import (
    RATE,
    START_S,
    Speech,
    made_speech,
    speech_sound,
    speech_take,
    write_wav,
)
from stack_takes import odd_takes

from facemocap_addon.core.contacts.captured import LIPS_APART, lip_contacts
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.events.lips import sound as sound_module
from facemocap_addon.core.events.lips.edits import (
    OPS,
    LipEdit,
    contacts_heard_only,
    edited,
)
from facemocap_addon.core.events.lips.finding import find_lip_contacts, lip_gap
from facemocap_addon.core.events.lips.phrases import find_phrases
from facemocap_addon.core.events.lips.shaping import LipShape, shape_lips
from facemocap_addon.core.events.lips.sound import Sound, hear, read_sound
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.stack.running import run_stack
from facemocap_addon.core.stack.stack import Stack, make_step
from facemocap_addon.core.take import Take


def heard(speech: Speech) -> Sound:
    return Sound(speech_sound(speech).astype(np.float32), RATE)


def overlap(found: list[tuple[float, float]], truth: list[tuple[float, float]]) -> float:
    """Part of both that is in both."""
    times = np.arange(0, max(end for _, end in truth) + 2, 0.01)

    def inside(spans: list[tuple[float, float]]) -> np.ndarray:
        return np.any([(times >= a) & (times <= b) for a, b in spans], axis=0)

    one, two = inside(found), inside(truth)
    return float((one & two).sum() / (one | two).sum())


def test_contacts_are_those_that_a_retarget_seals():
    speech = made_speech()
    take = speech_take(speech)
    events = find_lip_contacts(take)
    own = lip_contacts(take)
    assert [(e.first, e.last) for e in events] == [(c.first, c.last) for c in own]
    assert len(events) == len(speech.contacts)
    for event, (start, end) in zip(events, speech.contacts, strict=True):
        middle = START_S + 0.5 * (start + end)
        assert event.apex_s == pytest.approx(middle, abs=0.04)
        assert event.onset_s < event.start_s <= event.apex_s <= event.end_s < event.offset_s
        assert event.speed > 0.0
        assert event.kind in ("plosive", "held")


@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_phrases_are_seen(noise: float):
    speech = made_speech()
    phrases = find_phrases(speech_take(speech, noise=noise))
    assert {phrase.source for phrase in phrases} == {"lips"}
    found = [(p.start_s - START_S, p.end_s - START_S) for p in phrases]
    assert len(found) == len(speech.phrases)
    assert overlap(found, speech.phrases) > 0.85
    assert phrases[-1].pause_s is None
    assert all(p.pause_s is not None and p.pause_s > 0.25 for p in phrases[:-1])


def test_a_silent_face_says_nothing():
    speech = made_speech()
    still = Speech(speech.seconds, [], [])
    for noise in (0.0, 0.01, 0.03):
        assert find_phrases(speech_take(still, noise=noise)) == ()


@pytest.mark.parametrize("hiss", [0.0, 0.002, 0.01])
def test_phrases_are_heard(hiss: float):
    speech = made_speech()
    sound = Sound(speech_sound(speech, hiss).astype(np.float32), RATE)
    phrases = find_phrases(speech_take(speech), sound)
    found = [(p.start_s - START_S, p.end_s - START_S) for p in phrases]
    assert {phrase.source for phrase in phrases} == {"sound"}
    assert len(found) == len(speech.phrases)
    for own, true in zip(found, speech.phrases, strict=True):
        assert own == pytest.approx(true, abs=0.05)


def test_voice_and_bursts_are_told_apart():
    speech = made_speech()
    found = hear(heard(speech))
    bursts = np.array(found.bursts_s)
    ends = np.array([end for _, end in speech.contacts])
    hit = [np.abs(bursts - end).min() < 0.025 for end in ends]
    assert np.mean(hit) > 0.95
    false = [np.abs(ends - at).min() > 0.025 for at in bursts]
    # a phrase begins with a burst as well
    starts = np.array([start for start, _ in speech.phrases])
    assert all(np.abs(starts - at).min() < 0.03 for at in bursts[np.array(false)])
    voiced = found.voiced
    inside = np.any(
        [(found.times > a + 0.05) & (found.times < b - 0.05) for a, b in speech.phrases], axis=0
    )
    shut = np.any(
        [(found.times > a - 0.03) & (found.times < b + 0.03) for a, b in speech.contacts], axis=0
    )
    assert voiced[inside & ~shut].mean() > 0.97
    silent = np.all(
        [(found.times < a - 0.05) | (found.times > b + 0.05) for a, b in speech.phrases], axis=0
    )
    assert voiced[silent].mean() < 0.02


def test_noise_alone_is_no_voice():
    hiss = np.random.default_rng(3).normal(0, 0.1, 5 * RATE)
    gate = (np.arange(len(hiss)) // (RATE // 2)) % 2
    found = hear(Sound((hiss * (0.01 + gate)).astype(np.float32), RATE))
    assert found.sounds.any()
    assert found.voiced.mean() < 0.03
    assert hear(Sound(np.zeros(RATE, np.float32), RATE)).sounds.any() == np.False_
    assert hear(Sound(np.zeros(5, np.float32), RATE)).bursts_s == ()


def test_contacts_that_are_heard_say_so():
    speech = made_speech()
    events = find_lip_contacts(speech_take(speech), heard(speech))
    assert np.mean([event.heard for event in events]) > 0.95
    assert not any(event.heard for event in find_lip_contacts(speech_take(speech)))


def test_bursts_without_a_contact_are_suggested():
    speech = made_speech()
    lost = speech.contacts[4]
    fewer = Speech(speech.seconds, speech.phrases, speech.contacts[:4] + speech.contacts[5:])
    take = speech_take(fewer)
    events = find_lip_contacts(take)
    edits = contacts_heard_only(events, hear(heard(speech)), float(take.times[0]))
    starts = [START_S + start for start, _ in speech.phrases]
    edits = tuple(e for e in edits if min(abs(e.at_s - at) for at in starts) > 0.1)
    assert [edit.op for edit in edits] == ["close"]
    assert edits[0].at_s == pytest.approx(START_S + np.mean(lost), abs=0.04)
    done = edited(take, events, edits)
    assert len(find_lip_contacts(done.take)) == len(speech.contacts)


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("tracks", [1, 2])
def test_wav_files_are_read(tmp_path: Path, width: int, tracks: int):
    samples = 0.5 * np.sin(2 * np.pi * 200 * np.arange(RATE) / RATE)
    sound = read_sound(write_wav(tmp_path / "a.wav", samples, width, tracks))
    assert sound.rate == RATE
    assert np.abs(sound.samples - samples).max() < (0.01 if width == 1 else 1e-4)


def test_sound_that_cannot_be_read_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sound_module.shutil, "which", lambda _: None)
    movie = tmp_path / "take.mov"
    movie.write_bytes(b"\0\0\0\x14ftypqt  ")
    with pytest.raises(FacemocapError, match="without ffmpeg"):
        read_sound(movie)
    cut = tmp_path / "cut.wav"
    cut.write_bytes(write_wav(tmp_path / "b.wav", np.zeros(99)).read_bytes()[:30])
    with pytest.raises(FacemocapError, match=r"cut\.wav"):
        read_sound(cut)
    with pytest.raises(FacemocapError, match="opened"):
        find_phrases(speech_take(made_speech()), tmp_path / "none.wav")


def test_the_sound_of_a_video_comes_by_ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    movie = tmp_path / "take.mov"
    movie.write_bytes(b"\0\0\0\x14ftypqt  ")
    asked: list[list[str]] = []

    def run(order: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        asked.append(order)
        samples = np.array([0, 16384, -16384], "<i2").tobytes()
        return subprocess.CompletedProcess(order, 0 if len(asked) == 1 else 1, samples, b"")

    monkeypatch.setattr(sound_module.shutil, "which", lambda _: "/tools/ffmpeg")
    monkeypatch.setattr(sound_module.subprocess, "run", run)
    sound = read_sound(movie, start_s=0.5)
    assert sound.samples.tolist() == [0.0, 0.5, -0.5]
    assert (sound.rate, sound.start_s) == (16000.0, 0.5)
    assert asked[0][:3] == ["/tools/ffmpeg", "-i", str(movie.resolve())]
    with pytest.raises(FacemocapError, match=r"no sound in take\.mov"):
        read_sound(movie)


def shaped(take: Take, **parts: float) -> Take:
    shape = LipShape(**{"arrive": 0.0, "press": 0.0, "seal": 0.0, "sticky": 0.0, **parts})
    return shape_lips(take, find_lip_contacts(take), shape).take


def test_lips_arrive_at_speed_in_the_same_frame():
    take = speech_take(made_speech(), rate=120.0)
    out = shaped(take, arrive=1.0)
    assert lip_contacts(out) == lip_contacts(take)
    before, after = find_lip_contacts(take), find_lip_contacts(out)
    slow = np.median([event.speed for event in before])
    fast = np.median([event.speed for event in after])
    assert fast > 1.5 * slow
    for event in before:
        rows = slice(event.first, event.last + 1)
        assert np.array_equal(out.values[rows], take.values[rows])
    changed = (out.values != take.values).any(axis=1)
    inside = np.any([(take.times > e.onset_s) & (take.times < e.start_s) for e in before], axis=0)
    assert changed.any()
    assert not changed[~inside].any()


def test_lips_press_after_they_touch():
    take = speech_take(made_speech(), rate=120.0)
    out = shaped(take, press=0.5)
    press = out.column("mouthPressLeft")
    for event in find_lip_contacts(take):
        rows = slice(event.first, event.last + 1)
        more = out.values[rows, press] - take.values[rows, press]
        assert more[0] == 0.0
        assert more[-1] == 0.0
        assert 0.15 < more.max() <= 0.5
        assert 0 < np.argmax(more) < 0.75 * len(more)
    assert lip_contacts(out) == lip_contacts(take)


def test_contacts_are_sealed_and_no_others_made():
    take = speech_take(made_speech())
    out = shaped(take, seal=1.0)
    assert lip_contacts(out) == lip_contacts(take)
    gap = lip_gap(out)
    for event in find_lip_contacts(take):
        rows = slice(event.first, event.last + 1)
        assert gap[rows].max() <= 0.76 * LIPS_APART
        inside = (take.times[rows] > event.start_s + 0.03) & (take.times[rows] < event.end_s - 0.03)
        assert gap[rows][inside].max(initial=0.0) < 1e-4


def test_lips_stick_only_where_they_part_slowly():
    times = START_S + np.arange(181) / 60
    at = times - START_S
    for seconds, sticks in ((0.6, True), (0.08, False)):
        jaw = 0.5 * np.clip((at - 1.0) / seconds, 0, 1)
        names = ("jawOpen", "mouthClose")
        base = speech_take(made_speech())
        channels = [base.channels[base.column(name)] for name in names]
        take = Take(
            times, tuple(channels), np.stack([jaw, 0 * jaw], axis=1).astype(np.float32),
            np.ones((181, 2), np.bool_), base.timebase, base.source,
        )  # fmt: skip
        out = shaped(take, sticky=1.0)
        longer = find_lip_contacts(out)[0].end_s - find_lip_contacts(take)[0].end_s
        assert (longer > 0.04) == sticks
        late = at > 1.3
        assert np.array_equal(out.values[late], take.values[late])
        assert np.array_equal(out.values[:, 0], take.values[:, 0])


def test_edits_move_hold_and_open_contacts():
    take = speech_take(made_speech())
    events = find_lip_contacts(take)
    one = events[6]
    for edit, change in (
        (LipEdit("hold", one.apex_s, by_s=0.1), (0.0, 0.1)),
        (LipEdit("move", one.apex_s, by_s=0.08), (0.08, 0.08)),
        (LipEdit("move", one.apex_s, by_s=-0.08), (-0.08, -0.08)),
    ):
        done = edited(take, events, [edit])
        assert done.unmatched == ()
        after = find_lip_contacts(done.take)
        assert len(after) == len(events)
        assert after[6].start_s == pytest.approx(one.start_s + change[0], abs=0.035)
        assert after[6].end_s == pytest.approx(one.end_s + change[1], abs=0.035)
        changed = (done.take.values != take.values).any(axis=1)
        far = (take.times < one.start_s - 0.2) | (take.times > one.end_s + 0.25)
        assert changed.any()
        assert not changed[far].any()
    gone = edited(take, events, [LipEdit("open", one.apex_s)])
    left = find_lip_contacts(gone.take)
    assert [e.first for e in left] == [e.first for e in events[:6] + events[7:]]


def test_lip_edits_in_a_stack_are_matched_again():
    take = speech_take(made_speech(), noise=0.002)
    events = find_lip_contacts(take)
    edits = [
        {"op": "open", "at_s": events[3].apex_s},
        {"op": "press", "at_s": events[5].apex_s, "amount": 0.0},
        {"op": "open", "at_s": START_S + 0.2},
    ]
    steps = (make_step("denoise"), make_step("lips", edits=edits))
    result = run_stack(take, Stack(steps))
    assert result.reports[1].counts["edits_unmatched"] == 1
    assert "1 edit finds no contact" in result.reports[1].remarks[0]
    assert len(find_lip_contacts(result.take)) == len(events) - 1
    for op in OPS:
        edit = LipEdit.from_json({"op": op, "at_s": 1.0})
        assert LipEdit.from_json(edit.to_json()) == edit
    with pytest.raises(FacemocapError, match="bite"):
        make_step("lips", edits=[{"op": "bite", "at_s": 1.0}])


def test_the_lips_step_survives_odd_takes():
    step = make_step("lips", sticky=1.0, edits=[{"op": "close", "at_s": 0.5}])
    for name, take in odd_takes().items():
        assert find_phrases(take) == (), name
        assert run_stack(take, Stack((step,))).take.samples == take.samples, name


@pytest.mark.shared
def test_contacts_of_real_takes_stay_when_lips_are_shaped(shared: Path):
    for name in ("alexdjulin_alex_rom_3.csv", "JMTechArt_MySlate_3_iPhone.csv"):
        take = read_take(shared / "takes/livelinkface" / name)
        out = run_stack(take, Stack((make_step("lips"),))).take
        assert lip_contacts(out) == lip_contacts(take)
        assert out.values.min() >= min(float(take.values.min()), 0.0)
