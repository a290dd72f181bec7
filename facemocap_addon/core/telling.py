# SPDX-License-Identifier: GPL-3.0-or-later
"""The frames that tell most about a take: what a contact sheet should show."""

from __future__ import annotations

import numpy as np

from .arrays import FloatArray
from .take import Take
from .take_sampling import sample_channels
from .timebase import SceneClock

#: (caption, channels whose sum is looked for, channels that should be quiet then)
_MOMENTS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("blink", ("eyeBlinkLeft", "eyeBlinkRight"), ("jawOpen",)),
    ("mouth open", ("jawOpen",), ("mouthClose", "eyeBlinkLeft", "eyeBlinkRight")),
    ("smile", ("mouthSmileLeft", "mouthSmileRight"), ("eyeBlinkLeft", "eyeBlinkRight")),
    ("brows up", ("browInnerUp", "browOuterUpLeft", "browOuterUpRight"), ("eyeBlinkLeft",)),
    ("brows down", ("browDownLeft", "browDownRight"), ("eyeBlinkLeft",)),
    ("rounded lips", ("mouthPucker", "mouthFunnel"), ("eyeBlinkLeft",)),
    ("look aside", ("eyeLookOutLeft", "eyeLookInRight"), ("eyeBlinkLeft",)),
    ("look down", ("eyeLookDownLeft", "eyeLookDownRight"), ("eyeBlinkLeft", "eyeBlinkRight")),
    ("frown", ("mouthFrownLeft", "mouthFrownRight"), ("eyeBlinkLeft",)),
    ("tongue", ("tongueOut",), ()),
    ("cheeks", ("cheekPuff",), ()),
)


def telling_frames(
    take: Take, clock: SceneClock, start_frame: float, count: int = 6
) -> list[tuple[int, str]]:
    """Scene frames with a caption each, in time order; the calmest frame is always among them.

    Parameters
    ----------
    take : Take
    clock : SceneClock
        The scene's rate.
    start_frame : float
        Where the take's first sample falls.
    count : int
        Frames wanted; fewer when the take shows fewer kinds of moment.
    """
    frames = np.ceil(start_frame) + np.arange(clock.span(take.duration_s) + 1)
    times = take.times[0] + clock.seconds(frames, start_frame)
    chosen: list[tuple[int, str]] = []
    rest = _activity(take, times)
    chosen.append((int(frames[int(np.argmin(rest))]), "rest"))
    for caption, wanted, quiet in _MOMENTS:
        if len(chosen) == count:
            break
        shown = [name for name in wanted if take.has(name)]
        if not shown:
            continue
        strength = sample_channels(take, shown, times).mean(axis=1)
        if strength.max() < 0.15:
            continue
        score = strength - 0.6 * sample_channels(take, quiet, times).sum(axis=1)
        frame = int(frames[int(np.argmax(score))])
        if all(abs(frame - other) > 2 for other, _ in chosen):
            chosen.append((frame, caption))
    return sorted(chosen)


def _activity(take: Take, times: FloatArray) -> FloatArray:
    """How much all weights together differ from nought, and how fast they change."""
    names = [c.name for c in take.channels if c.kind == "weight" and c.region != "gaze"]
    values = sample_channels(take, names, times)
    change = np.abs(np.gradient(values, axis=0)).sum(axis=1) if len(times) > 1 else 0.0
    return values.clip(0).sum(axis=1) + change
