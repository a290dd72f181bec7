# SPDX-License-Identifier: GPL-3.0-or-later
"""The frames that tell most about a take: what a contact sheet should show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .arrays import BoolArray, FloatArray
from .channels import arkit_schema
from .take import Take
from .take_sampling import sample_channels, valid_at_samples
from .timebase import SceneClock

#: Moments lie at least this far apart, or two of them would show one gesture.
APART_S = 0.3
#: A gesture weaker than this is not worth a picture.
WEAKEST = 0.3


class _Face:
    """Channels of a take at the scene's frames; what was not recorded is nought."""

    def __init__(self, take: Take, times: FloatArray) -> None:
        values = sample_channels(take, take.names, times)
        self._columns = {name: values[:, place] for place, name in enumerate(take.names)}
        self._nought = np.zeros(len(times))

    def __getitem__(self, name: str) -> FloatArray:
        """One channel, ``(n,)``."""
        return self._columns.get(name, self._nought)

    def both(self, stem: str) -> FloatArray:
        """Mean of a left and a right channel."""
        return (self[f"{stem}Left"] + self[f"{stem}Right"]) / 2

    @property
    def shut(self) -> FloatArray:
        """How far the more closed eye is closed by more than looking down closes it."""
        closed = np.maximum(self["eyeBlinkLeft"], self["eyeBlinkRight"])
        return np.maximum(closed - 0.3 * self.both("eyeLookDown") - 0.1, 0.0)

    @property
    def gap(self) -> FloatArray:
        """How far the lips are apart."""
        return np.maximum(self["jawOpen"] - self["mouthClose"], 0.0)

    @property
    def round(self) -> FloatArray:
        """How round the lips are."""
        return np.maximum(self["mouthPucker"], self["mouthFunnel"])

    @property
    def brows(self) -> FloatArray:
        """How far the brows are up."""
        return (self["browInnerUp"] + self.both("browOuterUp")) / 2

    @property
    def aside(self) -> FloatArray:
        """How far the eyes look to the side, either one."""
        to_left = (self["eyeLookOutLeft"] + self["eyeLookInRight"]) / 2
        to_right = (self["eyeLookInLeft"] + self["eyeLookOutRight"]) / 2
        return np.abs(to_left - to_right)

    @property
    def turn(self) -> FloatArray:
        """The head's turn away from straight ahead, 1 at 20 degrees."""
        angles = [self[name] for name in ("headYaw", "headPitch", "headRoll")]
        return np.sqrt(sum((angle**2 for angle in angles), self._nought)) / np.radians(20)


@dataclass(frozen=True, slots=True)
class _Moment:
    caption: str
    strength: Callable[[_Face, float], FloatArray]
    #: Subtracted when frames are compared: what would make the picture say something else.
    clutter: Callable[[_Face], FloatArray]


def _seal(face: _Face, rate_hz: float) -> FloatArray:
    """Lips pressed together between two openings: p, b or m."""
    reach = max(1, round(0.2 * rate_hz))
    before = np.array([face.gap[max(i - reach, 0) : i + 1].max() for i in range(len(face.gap))])
    after = np.array([face.gap[i : i + reach + 1].max() for i in range(len(face.gap))])
    pressed = face.both("mouthPress") + face["mouthRollLower"] + face["mouthClose"]
    return np.minimum(np.minimum(before, after) * 2, pressed) - 4 * face.gap


_MOMENTS: tuple[_Moment, ...] = (
    _Moment(
        "blink",
        lambda f, _: np.minimum(f["eyeBlinkLeft"], f["eyeBlinkRight"]),
        lambda f: 0.3 * f.gap + 0.3 * f.turn + 0.3 * f.aside + 0.2 * f.both("mouthSmile"),
    ),
    _Moment(
        "open mouth",
        lambda f, _: f.gap,
        lambda f: f.shut + 0.4 * f.round + 0.2 * f.turn + 0.5 * f.brows,
    ),
    _Moment("smile", lambda f, _: f.both("mouthSmile"), lambda f: 0.8 * f.shut + 0.3 * f.turn),
    _Moment(
        "rounded lips",
        lambda f, _: f.round,
        lambda f: f.shut + 0.6 * f["cheekPuff"] + f["tongueOut"] + 0.2 * f.turn,
    ),
    _Moment(
        "brows up",
        lambda f, _: f.brows,
        lambda f: f.shut + 0.2 * f.turn,
    ),
    _Moment(
        "look aside",
        lambda f, _: f.aside,
        lambda f: 2 * f.shut + 0.7 * f.gap + 0.3 * f.both("browDown"),
    ),
    _Moment("sealed lips", _seal, lambda f: 0.7 * f.shut + 0.5 * f.both("mouthSmile")),
    _Moment("brows knit", lambda f, _: f.both("browDown"), lambda f: f.shut + 0.3 * f.gap),
    _Moment(
        "wink",
        lambda f, _: np.abs(f["eyeBlinkLeft"] - f["eyeBlinkRight"]),
        lambda f: 0.3 * f.turn,
    ),
    _Moment("tongue out", lambda f, _: f["tongueOut"], lambda f: f.shut),
    _Moment("cheeks puffed", lambda f, _: f["cheekPuff"], lambda f: f.shut),
    _Moment("look down", lambda f, _: f.both("eyeLookDown"), lambda f: f.shut),
    _Moment("look up", lambda f, _: f.both("eyeLookUp"), lambda f: f.shut),
    _Moment("frown", lambda f, _: f.both("mouthFrown"), lambda f: f.shut + 0.3 * f.gap),
    _Moment("nose wrinkled", lambda f, _: f.both("noseSneer"), lambda f: f.shut),
    _Moment("jaw aside", lambda f, _: np.maximum(f["jawLeft"], f["jawRight"]), lambda f: f.shut),
)


def telling_frames(
    take: Take, clock: SceneClock, start_frame: float, count: int = 6
) -> list[tuple[int, str]]:
    """Scene frames with a caption each, in time order; the calmest frame is always among them.

    Frames lie at least 0.3 s apart and never where the take has a gap.

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
    free = _recorded(take, times)
    if not free.any():
        free[:] = True
    face = _Face(take, times)
    chosen: list[tuple[int, str]] = []

    def keep(score: FloatArray, caption: str) -> None:
        best = int(np.argmax(np.where(free, score, -np.inf)))
        chosen.append((int(frames[best]), caption))
        free[np.abs(times - times[best]) < APART_S] = False

    keep(-_activity(take, face, times), "rest")
    for moment in _MOMENTS:
        if len(chosen) >= count or not free.any():
            break
        strength = moment.strength(face, clock.rate_hz)
        score = np.where(strength >= WEAKEST, strength - moment.clutter(face), -np.inf)
        if np.isfinite(score[free]).any():
            keep(score, moment.caption)
    others = _unnamed(take, times)
    while others.shape[1] and len(chosen) < count and free.any():
        seen = np.searchsorted(frames, [frame for frame, _ in chosen])
        apart = np.sqrt(((others[:, None] - others[seen]) ** 2).sum(axis=2)).min(axis=1)
        if apart[free].max() < WEAKEST:
            break
        keep(apart, f"expression {len(chosen)}")
    return sorted(chosen)


def _unnamed(take: Take, times: FloatArray) -> FloatArray:
    """Values ``(n, c)`` of a character's own controls, whose names say nothing."""
    schema = arkit_schema()
    names = [c.name for c in take.channels if c.kind == "weight" and c.name not in schema]
    return sample_channels(take, names, times)


def _activity(take: Take, face: _Face, times: FloatArray) -> FloatArray:
    """How far a face is from one that looks into the camera at rest, lips closed."""
    names = [c.name for c in take.channels if c.kind == "weight" and c.region != "gaze"]
    values = sample_channels(take, names, times)
    known = np.array([name in arkit_schema() for name in names], np.bool_)
    values = np.where(known, values.clip(0), np.abs(values))
    change = np.abs(np.gradient(values, axis=0)).sum(axis=1) if len(times) > 1 else 0.0
    gaze = face.aside + face.both("eyeLookUp") + face.both("eyeLookDown")
    return values.sum(axis=1) + change + 3 * face.gap + 3 * gaze + 3 * face.turn


def _recorded(take: Take, times: FloatArray) -> BoolArray:
    """Times between two neighbouring samples that were both recorded, ``(n,)``."""
    recorded = [name for name in take.recorded if take.channels[take.column(name)].kind == "weight"]
    if not recorded or take.samples < 2:
        return np.ones(len(times), np.bool_)
    there: BoolArray = np.all(valid_at_samples(take, recorded), axis=1)
    right = np.clip(np.searchsorted(take.times, times), 1, take.samples - 1)
    near = take.times[right] - take.times[right - 1] < APART_S
    return there[right] & there[right - 1] & near & (times <= take.times[-1] + 1e-9)
