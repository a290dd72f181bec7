# SPDX-License-Identifier: GPL-3.0-or-later
"""Moments of a take that deserve keys: corners of blinks, contacts of the lips, darts of eyes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..arrays import FloatArray
from ..contacts.captured import lip_contacts
from ..controls import ControlKey
from ..events.blinks.finding import find_blinks
from ..events.gaze.finding import find_gaze
from ..gaze.gaze_angles import EYE_ANGLES
from ..rig_maps.rig_map import RigMap
from ..take import Take

_BLINKS = {"L": "eyeBlinkLeft", "R": "eyeBlinkRight"}
_LIPS = ("jawOpen", "mouthClose")


def find_moments(take: Take) -> dict[str, list[float]]:
    """Times in seconds on the take's clock that deserve keys, by channel.

    A blink begins, is closed, reopens and has reopened; lips touch and part; the eyes begin to
    dart and arrive.
    """
    out: dict[str, list[float]] = {}
    for blink in find_blinks(take):
        for eye in blink.eyes:
            shape = eye.shape
            corners = [shape.start_s, shape.closed_s, shape.opens_s, shape.reopened_s]
            out.setdefault(_BLINKS[eye.side], []).extend(corners)
    touched = [end for each in lip_contacts(take) for end in (each.start_s, each.end_s)]
    if touched:
        out |= {name: list(touched) for name in _LIPS}
    darts = [end for each in find_gaze(take).saccades for end in (each.onset_s, each.offset_s)]
    if darts:
        looks = [name for name in take.names if name.startswith("eyeLook")]
        out |= {name: list(darts) for name in (*looks, *EYE_ANGLES)}
    return out


def forced_frames(
    take: Take,
    rig_map: RigMap,
    controls: Sequence[ControlKey],
    times_s: FloatArray,
    frames: FloatArray,
) -> list[tuple[float, ...]]:
    """Frames that deserve keys, for each control.

    Parameters
    ----------
    take : Take
        As it is played.
    rig_map : RigMap
        Which channels drive which control.
    controls : sequence of k ControlKey
    times_s, frames : (n,) float
        Times on the take's clock, and the frames that they fall on.
    """
    moments = find_moments(take)
    drivers: dict[ControlKey, set[str]] = {}
    for entry in rig_map.entries:
        channels = drivers.setdefault(entry.control, set())
        channels.update(source.channel for source in entry.sources)
    out: list[tuple[float, ...]] = []
    for control in controls:
        names = drivers.get(control, set()) & moments.keys()
        at = np.array(sorted({moment for name in names for moment in moments[name]}))
        at = at[(at >= times_s[0]) & (at <= times_s[-1])] if len(at) else at
        out.append(tuple(np.interp(at, times_s, frames).tolist()))
    return out
