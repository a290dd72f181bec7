# SPDX-License-Identifier: GPL-3.0-or-later
"""The performance as a whole: the script acted out, then captured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .camera import (
    TICKS_PER_SECOND,
    add_glitches,
    add_noise,
    frame_ticks,
    quantise,
    spans_to_mask,
)
from .channels import CHANNELS, COLUMN, resting_values
from .draws import Floats
from .expression import add_gestures, add_idle, skew_sides, sway_sideways, waver
from .gaze import CAPTURE_BLUR_S, encode_eyes, eye_yaws, gaze_motion
from .head import breath_level, head_motion
from .lids import closure, resting_lid
from .profiles import Shape, add_pulse
from .script import Script, write_script
from .speech import mouth_motion

DEFAULT_DURATION_S = 22.0
DEFAULT_RATE_HZ = 59.904  # what phones really deliver as 60
DEFAULT_SEED = 1
_START_TICKS = (14 * 3600 + 21 * 60 + 36) * TICKS_PER_SECOND + 12345
_VERGENCE_RAD = 0.045  # each eye, for a phone 0.7 m away
_VOR_GAIN = 0.97
_BLINK_PITCH_RAD = 0.026  # an eye dips by 1.5 degrees behind a closing lid
_BLINK_NASAL_RAD = 0.012


@dataclass(frozen=True)
class Performance:
    """A synthetic take with its hidden truth.

    Attributes
    ----------
    times_s : (n,) float64
        Seconds from the first frame; whole multiples of 1/60000 s, as a timecode can say.
    clean : (n, 61) float64
        What a camera without noise would report, in the order of `CHANNELS`. Angles in radians.
    values : (n, 61) float64
        What is written: with noise, glitches and rounding.
    tracked : (n,) bool
        False where the app found no face and wrote a row with count 0.
    written : (n,) bool
        False where the file has no row.
    gaze_rad : (n, 2) float64
        Where the eyes really point in the world: yaw to the subject's right, pitch down; without
        the camera's blur.
    breath : (n,) float64
        Filling of the lungs above rest.
    lip_gap : (n,) float64
        Clean jawOpen minus mouthClose: 0 where the lips seal.
    voiced : (n,) bool
    script : Script
        The events.
    rate_hz, seed, noise : float, int, float
        What it was made with.
    start_ticks : int
        Time of day of the first frame in 1/60000 s.
    glitch_frames : tuple of (frame, kind)
    """

    times_s: Floats
    clean: Floats
    values: Floats
    tracked: NDArray[np.bool_]
    written: NDArray[np.bool_]
    gaze_rad: Floats
    breath: Floats
    lip_gap: Floats
    voiced: NDArray[np.bool_]
    script: Script
    rate_hz: float
    seed: int
    noise: float
    start_ticks: int
    glitch_frames: tuple[tuple[int, str], ...]

    @property
    def valid(self) -> NDArray[np.bool_]:
        """Frames whose values are in the file, shape (n,)."""
        return self.tracked & self.written

    def channel(self, name: str, clean: bool = False) -> Floats:
        """Return one channel by its ARKit or angle name, shape (n,)."""
        return (self.clean if clean else self.values)[:, COLUMN[name]]


def synthesise(
    duration_s: float = DEFAULT_DURATION_S,
    rate_hz: float = DEFAULT_RATE_HZ,
    seed: int = DEFAULT_SEED,
    noise: float = 1.0,
    *,
    drops: bool = True,
    glitches: bool = True,
    start_ticks: int = _START_TICKS,
) -> Performance:
    """Synthesise a speaking performance.

    Parameters
    ----------
    duration_s : float
        Length in seconds. A scene lasts 22 s; longer takes play it again with variations, and
        begin with the same samples as shorter ones of the same seed and rate.
    rate_hz : float
        Frames a second.
    seed : int
        Chooses all random draws.
    noise : float
        Factor on the camera's noise; 0 for none.
    drops : bool
        Whether the face is lost and rows are missing for a moment in each scene.
    glitches : bool
        Whether single frames are off.
    start_ticks : int
        Time of day of the first frame in 1/60000 s.

    Raises
    ------
    ValueError
        For a duration or rate that gives fewer than two frames, or a negative noise.
    """
    if not (duration_s > 0.0 and rate_hz > 0.0 and duration_s * rate_hz >= 2.0):
        raise ValueError("duration_s and rate_hz must give at least two frames")
    if noise < 0.0:
        raise ValueError("noise must not be negative")
    times_s = frame_ticks(duration_s, rate_hz) / TICKS_PER_SECOND
    script = write_script(duration_s, seed)
    clean, lip_gap, breath = _act(times_s, script, seed)
    values = add_noise(clean, seed, noise)
    frames: list[tuple[int, str]] = []
    if glitches:
        for at_s, kind in script.glitches:
            frame = int(np.searchsorted(times_s, at_s))
            if frame < len(times_s):
                frames.append((frame, kind))
        add_glitches(values, [frame for frame, _ in frames], [kind for _, kind in frames])
    voiced_spans = [
        (phone.start_s, phone.end_s)
        for phrase in script.phrases
        for phone in phrase.phones
        if phone.voiced
    ]
    return Performance(
        times_s=times_s,
        clean=clean,
        values=quantise(values),
        tracked=~spans_to_mask(times_s, script.lost if drops else []),
        written=~spans_to_mask(times_s, script.missing if drops else []),
        gaze_rad=gaze_motion(times_s, script.moves, 0.0),
        breath=breath,
        lip_gap=lip_gap,
        voiced=spans_to_mask(times_s, voiced_spans),
        script=script,
        rate_hz=rate_hz,
        seed=seed,
        noise=noise,
        start_ticks=start_ticks,
        glitch_frames=tuple(frames),
    )


def _act(times_s: Floats, script: Script, seed: int) -> tuple[Floats, Floats, Floats]:
    """Return the clean channels (n, 61), the gap of the lips (n,) and the breath (n,)."""
    opening = np.zeros(len(times_s))
    values = np.zeros((len(times_s), len(CHANNELS)))
    add_gestures(values, opening, times_s, script.gestures)
    waver(values, opening, times_s, seed)
    values += resting_values()
    add_idle(values, times_s, seed)
    lip_gap = _speak(values, opening, times_s, script)
    sway_sideways(values, times_s, seed)
    skew_sides(values, times_s, seed)
    breath = breath_level(times_s, script.breaths)
    head = head_motion(times_s, script.turns, script.nods, breath, seed)
    for axis, name in enumerate(("headYaw", "headPitch", "headRoll")):
        values[:, COLUMN[name]] = head[:, axis]
    _look(values, times_s, script, head)
    count = COLUMN["headYaw"]
    values[:, :count] = np.clip(values[:, :count], 0.0, 1.0)
    return values, lip_gap, breath


def _speak(values: Floats, opening: Floats, times_s: Floats, script: Script) -> Floats:
    """Put the speaking mouth on the channels; return how far the lips are apart."""
    mouth = mouth_motion(times_s, script.mouth_times_s, script.mouth_targets)
    part = np.clip(mouth["part"], 0.0, 1.0)
    pressed = np.maximum(-mouth["part"], 0.0)
    lip_gap = mouth["jaw"] * part + opening
    values[:, COLUMN["jawOpen"]] = mouth["jaw"] + opening
    values[:, COLUMN["mouthClose"]] = mouth["jaw"] * (1.0 - part)
    values[:, COLUMN["mouthFunnel"]] += mouth["funnel"]
    values[:, COLUMN["mouthPucker"]] += mouth["pucker"]
    values[:, COLUMN["mouthRollLower"]] += mouth["rollLower"] + 0.25 * pressed
    values[:, COLUMN["mouthRollUpper"]] += mouth["rollUpper"] + 0.20 * pressed
    values[:, COLUMN["mouthShrugUpper"]] += 0.35 * mouth["upperUp"]
    values[:, COLUMN["jawForward"]] += 0.22 * mouth["jaw"] + 0.18 * mouth["funnel"]
    values[:, COLUMN["cheekPuff"]] += 0.06 * pressed
    for side in ("Left", "Right"):
        values[:, COLUMN["mouthStretch" + side]] += mouth["stretch"]
        values[:, COLUMN["mouthLowerDown" + side]] += mouth["lowerDown"]
        values[:, COLUMN["mouthUpperUp" + side]] += mouth["upperUp"]
        values[:, COLUMN["mouthDimple" + side]] += mouth["dimple"]
        values[:, COLUMN["mouthPress" + side]] += 0.80 * pressed
        values[:, COLUMN["noseSneer" + side]] += 0.12 * mouth["upperUp"]
    return lip_gap


def _look(values: Floats, times_s: Floats, script: Script, head: Floats) -> None:
    """Turn the eyes against the head, let the lids follow, and blink."""
    gaze = gaze_motion(times_s, script.moves, CAPTURE_BLUR_S)
    dip = np.zeros(len(times_s))
    for blink in script.blinks:
        shape = Shape(blink.closing_s, blink.hold_s, 0.8 * blink.tau_s)
        add_pulse(dip, times_s, blink.onset_s, shape, blink.amplitude_left)
    version = gaze[:, 0] + _VOR_GAIN * head[:, 0]
    pitch = gaze[:, 1] + _VOR_GAIN * head[:, 1] + _BLINK_PITCH_RAD * dip
    left_yaw, right_yaw = eye_yaws(version, _VERGENCE_RAD)
    nasal = _BLINK_NASAL_RAD * dip
    for name, column in encode_eyes(left_yaw + nasal, right_yaw - nasal, pitch).items():
        values[:, COLUMN[name]] = column
    for side in ("Left", "Right"):
        wide = COLUMN["eyeWide" + side]
        rest = resting_lid(pitch, values[:, wide])
        shut = closure(times_s, script.blinks, right=side == "Right")
        values[:, COLUMN["eyeBlink" + side]] = rest + (1.0 - rest) * shut
        values[:, wide] *= 1.0 - shut
