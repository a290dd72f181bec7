# SPDX-License-Identifier: GPL-3.0-or-later
# pyright: basic
"""Phrases and the pauses between them, from the sound or from what mouth and jaw do."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np

from ...arrays import BoolArray, FloatArray
from ...cleaning.noise import noise_level
from ...cleaning.windows import bell
from ...stabilise.runs import runs_of
from ...take import Take
from ...take_sampling import sample_channels, valid_at_samples
from ..gaze.finding import slope_noise, slopes
from .events import Phrase
from .sound import Heard, Sound, hear, read_sound

#: A shorter silence (seconds) is no pause; nor is a shorter stretch of speech a phrase, heard or
#: seen: a mouth that opens once is none.
PAUSE_S, HEARD_S, SEEN_S = 0.25, 0.25, 0.4
#: What moves in speech.
_SPEECH = (
    "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthPressLeft", "mouthPressRight",
    "mouthRollLower", "mouthRollUpper", "mouthLowerDownLeft", "mouthLowerDownRight",
    "mouthUpperUpLeft", "mouthUpperUpRight", "mouthShrugLower", "mouthStretchLeft",
    "mouthStretchRight", "tongueOut",
)  # fmt: skip
#: Speed is the slope over this much time to either side, told over this time (deviation, seconds).
_REACH_S, _AROUND_S = 0.025, 0.045
#: Speech moves as fast as this at least (a second, all channels together), than so many parts of
#: what noise looks like, and than this part of what the take's livelier stretches do; it goes on
#: while there is this part of that.
_LEAST, _SURE, _PART, _GOES_ON = 0.3, 1.0, 0.25, 0.5


def find_phrases(take: Take, sound: Sound | Path | None = None) -> tuple[Phrase, ...]:
    """Phrases of a take in the order of time.

    Parameters
    ----------
    take : Take
    sound : Sound, Path or None
        What is heard says more than what is seen; with none, mouth and jaw tell.

    Raises
    ------
    FacemocapError
        When a file of sound cannot be read.
    """
    if not take.samples:
        return ()
    if sound is not None:
        heard = hear(read_sound(sound) if isinstance(sound, Path) else sound)
        return phrases_heard(heard, float(take.times[0]), float(take.times[-1]))
    active = speech_activity(take)
    times = take.times
    spans = [(float(times[a]), float(times[b])) for a, b in runs_of(active)]
    return _joined(spans, "lips")


def phrases_heard(heard: Heard, start_s: float, end_s: float) -> tuple[Phrase, ...]:
    """Phrases of a sound within a take that lasts from ``start_s`` to ``end_s``.

    A phrase holds some voice: knocks and breaths are none.
    """
    spans: list[tuple[float, float]] = []
    for first, last in runs_of(_closed_up(heard.sounds, heard.times)):
        voice = np.flatnonzero(heard.voiced[first : last + 1])
        if len(voice) < 5:
            continue
        begin, end = start_s + float(heard.times[first]), start_s + float(heard.times[last])
        begin, end = max(begin, start_s), min(end, end_s)
        if end > begin:
            spans.append((begin, end))
    return _joined(spans, "sound")


def _closed_up(flags: BoolArray, times: FloatArray) -> BoolArray:
    """Flags with gaps shorter than a pause filled."""
    out = flags.copy()
    runs = runs_of(flags)
    for (_, end), (begin, _) in itertools.pairwise(runs):
        if times[begin] - times[end] < PAUSE_S:
            out[end : begin + 1] = True
    return out


def _joined(spans: list[tuple[float, float]], source: str) -> tuple[Phrase, ...]:
    """Phrases of spans: those nearer than a pause are one."""
    whole: list[tuple[float, float]] = []
    for begin, end in spans:
        if whole and begin - whole[-1][1] < PAUSE_S:
            whole[-1] = (whole[-1][0], end)
        else:
            whole.append((begin, end))
    least = SEEN_S if source == "lips" else HEARD_S
    whole = [span for span in whole if span[1] - span[0] >= least]
    pauses = [after[0] - before[1] for before, after in itertools.pairwise(whole)]
    return tuple(
        Phrase(begin, end, source, pause)
        for (begin, end), pause in zip(whole, [*pauses, None], strict=False)
    )


def speech_activity(take: Take) -> BoolArray:
    """Whether mouth and jaw move as in speech ``(n,)``: at the pace of syllables."""
    names = [name for name in _SPEECH if take.has(name)]
    if take.samples < 8 or not names:
        return np.zeros(take.samples, np.bool_)
    rate = take.rate_hz
    seen = valid_at_samples(take, names)
    values = sample_channels(take, names, take.times)
    noise = noise_level(values, seen)
    reach = max(1, round(_REACH_S * rate))
    speed = np.where(seen, slopes(take.times, values, reach), 0.0)
    power = bell((speed * speed).sum(axis=1)[None], _AROUND_S * rate)[0]
    chance = float(sum(slope_noise(level, rate, reach) ** 2 for level in noise.tolist()))
    moved = np.sqrt(np.maximum(power - chance, 0.0))
    least = max(_LEAST, _SURE * float(np.sqrt(chance)))
    lively = moved[moved > least]
    if not len(lively):
        return np.zeros(take.samples, np.bool_)
    high = max(least, _PART * float(np.percentile(lively, 80)))
    out = np.zeros(take.samples, np.bool_)
    for first, last in runs_of(moved > max(_GOES_ON * high, 0.7 * least)):
        out[first : last + 1] = moved[first : last + 1].max() > high
    return out
