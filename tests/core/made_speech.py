# SPDX-License-Identifier: GPL-3.0-or-later
"""A made speaker: jaw and lips with known contacts and phrases, and the sound of it."""

from __future__ import annotations

import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.take import Take, make_take

START_S = 5.0
RATE = 16_000


@dataclass(frozen=True)
class Speech:
    """Seconds after the take's first sample."""

    seconds: float
    phrases: list[tuple[float, float]]
    contacts: list[tuple[float, float]]


def made_speech(seconds: float = 30.0, seed: int = 2) -> Speech:
    rng = np.random.default_rng(seed)
    phrases: list[tuple[float, float]] = []
    contacts: list[tuple[float, float]] = []
    at = 1.0
    while at < seconds - 4.0:
        length = rng.uniform(1.2, 3.0)
        phrases.append((at, at + length))
        here = at + 0.35
        while here < at + length - 0.35:
            closed = rng.uniform(0.07, 0.12)
            contacts.append((here, here + closed))
            here += closed + rng.uniform(0.35, 0.7)
        at += length + rng.uniform(0.5, 1.2)
    return Speech(seconds, phrases, contacts)


def ramp(times: np.ndarray, start: float, end: float, closing: float, opening: float) -> np.ndarray:
    """1 from start to end, smooth to nought around: lips that ease into a contact."""
    share = np.minimum((times - start) / closing + 1, (end - times) / opening + 1)
    share = np.clip(share, 0, 1)
    return share**3 * (10 - 15 * share + 6 * share**2)


def speech_take(speech: Speech, rate: float = 60.0, noise: float = 0.0) -> Take:
    """Between phrases the mouth is a little open, and slowly smiles."""
    times = np.arange(round(speech.seconds * rate) + 1) / rate
    talking = np.zeros_like(times)
    for start, end in speech.phrases:
        talking = np.maximum(talking, ramp(times, start + 0.1, end - 0.1, 0.1, 0.1))
    syllables = 0.5 - 0.5 * np.cos(2 * np.pi * 4.3 * times)
    jaw = 0.08 + talking * (0.06 + 0.18 * syllables)
    shut = np.zeros_like(times)
    for start, end in speech.contacts:
        shut = np.maximum(shut, ramp(times, start, end, 0.13, 0.1))
    columns = {
        "jawOpen": jaw,
        "mouthClose": shut * jaw * 0.995,
        "mouthPressLeft": 0.02 + 0.0 * times,
        "mouthPressRight": 0.02 + 0.0 * times,
        "mouthRollLower": 0.0 * times,
        "mouthFunnel": 0.08 * talking * (0.5 + 0.5 * np.sin(2 * np.pi * 2.1 * times)),
        "mouthSmileLeft": 0.3 + 0.2 * np.sin(0.9 * times),
        "browInnerUp": 0.1 + 0.1 * np.sin(0.5 * times) ** 2,
    }
    values = np.stack(list(columns.values()), axis=1)
    values += np.random.default_rng(5).normal(0, noise, values.shape)
    return make_take(START_S + times, [arkit_schema()[n] for n in columns], values, name="s.csv")


def speech_sound(speech: Speech, hiss: float = 0.002) -> np.ndarray:
    """Samples at `RATE`: a voice of 120 Hz in phrases, shut off in contacts that end in a burst."""
    rng = np.random.default_rng(7)
    times = np.arange(round(speech.seconds * RATE)) / RATE
    voice = sum(np.sin(2 * np.pi * 120 * k * times + k) / k for k in range(1, 20))
    loud = np.zeros_like(times)
    for start, end in speech.phrases:
        loud = np.maximum(loud, np.clip(np.minimum(times - start, end - times) / 0.02, 0, 1))
    loud *= 0.7 + 0.3 * np.sin(2 * np.pi * 4.3 * times)
    burst = np.zeros_like(times)
    for start, end in speech.contacts:
        loud[(times >= start) & (times < end)] = 0.0
        after = times - end
        fading = np.exp(-np.maximum(after, 0) / 0.006)
        burst += np.where((after >= 0) & (after < 0.015), fading, 0.0)
    noise = rng.normal(size=len(times))
    return 0.12 * voice * loud + 0.25 * burst * noise + hiss * noise


def write_wav(path: Path, samples: np.ndarray, width: int = 2, tracks: int = 1) -> Path:
    whole = np.round(np.clip(samples, -1, 1) * (2 ** (8 * width - 1) - 1)).astype(np.int64)
    if width == 1:
        raw = (whole + 128).astype(np.uint8)[:, None]
    else:
        raw = whole.astype("<i8")[:, None].view(np.uint8)[:, :width]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(tracks)
        file.setsampwidth(width)
        file.setframerate(RATE)
        file.writeframes(np.tile(raw, (1, tracks)).tobytes())
    return path
