# SPDX-License-Identifier: GPL-3.0-or-later
"""The sound of a take: read, and told apart into voice, pauses and bursts."""

from __future__ import annotations

import shutil
import subprocess
import sys
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...arrays import BoolArray, FloatArray, frozen
from ...errors import FacemocapError
from ...stabilise.runs import runs_of

#: Loudness is told every 10 ms over 25 ms, after what is above 4 kHz was taken off.
STEP_S, _WINDOW_S, _RATE = 0.01, 0.025, 8000
#: Sound is what is this much louder (decibels) than the quietest tenth, and no farther below the
#: loudest than this.
_ABOVE_DB, _BELOW_DB = 9.0, 38.0
#: A voice repeats itself this often a second, by this much of itself.
_PITCH_HZ, _ALIKE = (70.0, 400.0), 0.45
#: A burst gets louder by this much within so many steps, after a closure of at least so many.
_BURST_DB, _RISE, _CLOSURE = 12.0, 2, 3
#: A closure is this much (decibels) below what is around it.
_DIP_DB = 12.0
_TODO = "Give its sound as a WAV file beside it"


@dataclass(frozen=True)
class Sound:
    """One track of sound.

    Attributes
    ----------
    samples : (n,) float32
        -1 to 1; several tracks are mixed.
    rate : float
        Samples a second.
    start_s : float
        When it begins, seconds after the take's first sample.
    """

    samples: FloatArray
    rate: float
    start_s: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "samples", frozen(self.samples, np.float32))
        if self.samples.ndim != 1 or not self.rate > 0:
            raise ValueError("sound is (n,) samples at a rate above 0")


@dataclass(frozen=True)
class Heard:
    """What a sound holds, every `STEP_S`; times are seconds after the take's first sample.

    Attributes
    ----------
    times : (m,) float64
    loudness_db : (m,) float64
    sounds, voiced : (m,) bool
        Louder than the silence between words; with a voice.
    bursts_s : tuple of float
        When closed lips or a closed tongue are blown open.
    """

    times: FloatArray
    loudness_db: FloatArray
    sounds: BoolArray
    voiced: BoolArray
    bursts_s: tuple[float, ...]


def read_sound(path: Path, start_s: float = 0.0) -> Sound:
    """The sound of a WAV file, or of a video where ffmpeg is installed.

    Raises
    ------
    FacemocapError
        When it cannot be read.
    """
    try:
        with path.open("rb") as file:
            is_wave = file.read(4) in (b"RIFF", b"RIFX", b"RF64")
    except OSError as problem:
        raise FacemocapError(f"The sound {path.name} cannot be opened", _TODO) from problem
    return _read_wave(path, start_s) if is_wave else _read_other(path, start_s)


def _read_wave(path: Path, start_s: float) -> Sound:
    try:
        with wave.open(str(path), "rb") as file:
            width, tracks, rate = file.getsampwidth(), file.getnchannels(), file.getframerate()
            data = file.readframes(file.getnframes())
    except (wave.Error, EOFError, OSError) as problem:
        raise FacemocapError(
            f"The sound {path.name} cannot be read as WAV ({problem or 'it is cut short'})",
            "Write it as WAV with 16 or 24 bits",
        ) from problem
    if width not in (1, 2, 3, 4) or rate <= 0:
        raise FacemocapError(
            f"The sound {path.name} has samples of {width} bytes",
            "Write it as WAV with 16 or 24 bits",
        )
    return Sound(_mixed(data, width, tracks), float(rate), start_s)


def _mixed(data: bytes, width: int, tracks: int) -> FloatArray:
    """Samples ``(n,)`` of the mean of all tracks."""
    whole = len(data) // (width * tracks) * width * tracks
    raw = np.frombuffer(data[:whole], np.uint8)
    if width == 1:
        values = (raw.astype(np.float32) - 128.0) / 128.0
    else:
        # the highest bytes of 32 bits, whatever the width
        wide = np.zeros((len(raw) // width, 4), np.uint8)
        wide[:, 4 - width :] = raw.reshape(-1, width)
        values = wide.view("<i4")[:, 0].astype(np.float32) / 2.0**31
    return values.reshape(-1, tracks).mean(axis=1)


def _read_other(path: Path, start_s: float) -> Sound:
    """The sound of a video, by ffmpeg."""
    program = shutil.which("ffmpeg")
    if program is None:
        raise FacemocapError(
            f"The sound of {path.name} cannot be read without ffmpeg", f"{_TODO}, or install ffmpeg"
        )
    order = "-v error -nostdin -vn -ac 1 -ar 16000 -f s16le -".split()
    hidden = 0x08000000 if sys.platform == "win32" else 0
    try:
        done = subprocess.run(
            [program, "-i", str(path.resolve()), *order],
            capture_output=True,
            check=False,
            timeout=600,
            creationflags=hidden,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise FacemocapError(f"ffmpeg cannot read the sound of {path.name}", _TODO) from problem
    if done.returncode or len(done.stdout) < 2:
        raise FacemocapError(f"ffmpeg finds no sound in {path.name}", _TODO)
    return Sound(_mixed(done.stdout, 2, 1), 16000.0, start_s)


def hear(sound: Sound) -> Heard:
    """Loudness, voice and bursts of a sound."""
    samples, rate = _low(sound.samples, sound.rate)
    step, window = max(1, round(STEP_S * rate)), max(4, round(_WINDOW_S * rate))
    if len(samples) < 4 * window:
        none = np.zeros(0, np.bool_)
        return Heard(np.empty(0), np.empty(0), none, none, ())
    frames = np.lib.stride_tricks.sliding_window_view(samples, window)[::step]
    middle = (np.arange(len(frames)) * step + 0.5 * window) / rate
    power = np.mean(frames * frames, axis=1)
    # quieter than one step of 16 bits is silence
    loudness = 10.0 * np.log10(np.maximum(power, 1e-10))
    floor, top = np.percentile(loudness, [10, 99]).tolist()
    # where nobody is ever silent the floor is no floor
    level = max(min(floor + _ABOVE_DB, top - _ABOVE_DB), top - _BELOW_DB)
    sounds = loudness > level
    if top - floor < _ABOVE_DB:
        sounds = np.full(len(loudness), top > -50.0)
    voiced = sounds & (_alike(samples, step, len(frames), rate) > _ALIKE)
    return Heard(
        sound.start_s + middle,
        loudness,
        sounds,
        voiced,
        tuple((sound.start_s + middle[_bursts(loudness, level)]).tolist()),
    )


def _low(samples: FloatArray, rate: float) -> tuple[FloatArray, float]:
    """Means of so many samples that about `_RATE` a second are left."""
    take = max(1, round(rate / _RATE))
    whole = len(samples) // take * take
    low = samples[:whole].reshape(-1, take).mean(axis=1, dtype=np.float64)
    low = low.astype(np.float32)
    return low - low.mean() if len(low) else low, rate / take


def _alike(samples: FloatArray, step: int, count: int, rate: float) -> FloatArray:
    """How much each stretch ``(count,)`` repeats itself at the pitch of a voice, 0 to 1."""
    window = round(0.04 * rate)
    low, high = (round(rate / hertz) for hertz in (_PITCH_HZ[1], _PITCH_HZ[0]))
    padded = np.pad(samples, (0, window))
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[::step][:count]
    out = np.zeros(count)
    size = 2 ** int(np.ceil(np.log2(2 * window)))
    shape = np.hanning(window).astype(np.float32)
    own = np.fft.irfft(np.abs(np.fft.rfft(shape, size)) ** 2)[: high + 1]
    for start in range(0, len(frames), 4096):
        part = frames[start : start + 4096] * shape
        spectrum = np.fft.rfft(part, size, axis=1)
        again = np.fft.irfft(np.abs(spectrum) ** 2, axis=1)[:, : high + 1]
        again /= np.maximum(again[:, :1], 1e-9)
        # the window's own fall with the lag taken off
        out[start : start + len(part)] = (again * (own[0] / own))[:, low:].max(axis=1)
    return np.clip(out, 0.0, 1.0)


def _bursts(loudness: FloatArray, level: float) -> list[int]:
    """Steps at which sound breaks out of a short closure."""
    if len(loudness) <= _RISE + _CLOSURE:
        return []
    rise = np.zeros(len(loudness))
    rise[_RISE:] = loudness[_RISE:] - loudness[:-_RISE]
    found: list[int] = []
    for first, last in runs_of((rise > _BURST_DB) & (loudness > level)):
        place = first + int(np.argmax(rise[first : last + 1]))
        begin = max(place - _RISE - 1, 0)
        shut = loudness[max(begin - _CLOSURE + 1, 0) : begin + 1]
        if len(shut) == _CLOSURE and (shut < loudness[place] - _DIP_DB).all():
            found.append(max(place - 1, 0))
    return found
