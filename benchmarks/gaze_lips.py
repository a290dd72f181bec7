# SPDX-License-Identifier: GPL-3.0-or-later
"""Gaze, lips and transitions: how well they are found and shaped, and how long ten minutes take.

Promised: the mean gaze of rests changed by 0.1 degree at most, noise in them down five times, a
main-sequence slope of 30 to 45 a second below 10 degrees, contacts of the lips as they were,
onsets and offsets within 10 % of what was asked, apexes kept, half a second for ten minutes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from facemocap_addon.core.arrays import FloatArray
from facemocap_addon.core.contacts.captured import lip_contacts
from facemocap_addon.core.events.gaze.events import GazeEvents
from facemocap_addon.core.events.gaze.finding import both_eyes, find_gaze
from facemocap_addon.core.events.lips.finding import find_lip_contacts
from facemocap_addon.core.events.lips.phrases import find_phrases
from facemocap_addon.core.events.transitions.finding import find_group, find_transitions
from facemocap_addon.core.events.transitions.planning import FIGURES
from facemocap_addon.core.stack.running import run_stack
from facemocap_addon.core.stack.stack import Stack, make_step
from facemocap_addon.core.take import Take

from . import Measurement, time_in_turn
from ._event_takes import RATE_HZ, acting_take, gaze_take, known_gaze, speaking_take

MINUTE_S, LONG_S = 60.0, 600.0
#: What is promised for finding and shaping ten minutes (seconds).
PROMISED_S = 0.5
NOISES_DEG = (0.05, 0.2, 0.5)


def measure() -> list[Measurement]:
    """Seconds for ten minutes; the figures of quality are in the notes of rows without a time."""
    times, gaze, _ = known_gaze(LONG_S)
    eyes = gaze_take(times, gaze, 0.1)
    (mouth, _), face = speaking_take(LONG_S), acting_take(LONG_S)
    seconds = time_in_turn(
        {
            "gaze found": lambda: find_gaze(eyes),
            "gaze found and shaped": lambda: stepped(eyes, "gaze"),
            "lips found": lambda: find_lip_contacts(mouth),
            "lips found and shaped": lambda: stepped(mouth, "lips"),
            "phrases found": lambda: find_phrases(mouth),
            "transitions found": lambda: find_transitions(face),
            "transitions found and shaped": lambda: stepped(face, "transitions"),
        },
        runs=3,
    )
    rows = [
        Measurement(f"10 min, {name}", spent, most_seconds=PROMISED_S)
        for name, spent in seconds.items()
    ]
    rows += [Measurement(f"gaze, noise {n:g} deg", None, note=told_gaze(n)) for n in NOISES_DEG]
    rows.append(Measurement("lips", None, note=told_lips()))
    rows += [Measurement(f"transitions, {name}", None, note=told_face(name)) for name in FIGURES]
    return rows


def stepped(take: Take, kind: str, **params: Any) -> Take:
    """The take after one step."""
    return run_stack(take, Stack((make_step(kind, **params),))).take


def told_gaze(noise_deg: float) -> str:
    """How darts are found and what shaping does to rests and darts."""
    times, gaze, darts = known_gaze(MINUTE_S)
    take = gaze_take(times, gaze, noise_deg)
    events = find_gaze(take)
    truth = np.array([at for at, _ in darts])
    found = np.array([saccade.apex_s for saccade in events.saccades])
    off = np.abs(found[:, None] - truth)
    hit, right = off.min(axis=0) < 0.04, off.min(axis=1) < 0.04
    out = both_eyes(stepped(take, "gaze"))[0]
    moved, less = rests(events, gaze, out)
    return (
        f"precision {right.mean():.3f}, recall {hit.mean():.3f}, middle off by "
        f"{1000 * np.median(off.min(axis=0)[hit]):.1f} ms; rests moved by {moved:.4f} deg at most, "
        f"noise down {less:.0f} times; slope {slope(events, events.gaze_deg):.1f} to "
        f"{slope(events, out):.1f} a second on {RATE_HZ:g} samples a second"
    )


def rests(events: GazeEvents, gaze: FloatArray, out: FloatArray) -> tuple[float, float]:
    """The most by which the mean gaze of rests changed, and how many times noise went down."""
    moved, loud, quiet = 0.0, 0.0, 0.0
    for fixation in events.fixations:
        rows = slice(fixation.first, fixation.last + 1)
        if fixation.follows or fixation.last - fixation.first < 6:
            continue
        off = out[rows].mean(axis=0) - events.gaze_deg[rows].mean(axis=0)
        moved = max(moved, float(np.abs(off).max()))
        loud += float((events.gaze_deg - gaze)[rows].var(axis=0).sum())
        quiet += float((out - gaze)[rows].var(axis=0).sum())
    return moved, float(np.sqrt(loud / max(quiet, 1e-12)))


def slope(events: GazeEvents, gaze: FloatArray) -> float:
    """Peak speed over amplitude of darts below 10 degrees, as a line through nought."""
    far: list[float] = []
    fast: list[float] = []
    for saccade in events.saccades:
        if saccade.amplitude_deg < 10.0:
            steps = np.diff(gaze[saccade.first : saccade.last + 1], axis=0)
            far.append(saccade.amplitude_deg)
            fast.append(float(np.hypot(steps[:, 0], steps[:, 1]).max()) * RATE_HZ)
    return float(np.dot(far, fast) / np.dot(far, far)) if far else 0.0


def told_lips() -> str:
    """Whether contacts stay, and how fast lips arrive and press."""
    take, closed = speaking_take(MINUTE_S)
    out = stepped(take, "lips")
    before, after = find_lip_contacts(take), find_lip_contacts(out)
    same = lip_contacts(out) == lip_contacts(take)
    speeds = [float(np.median([event.speed for event in each])) for each in (before, after)]
    press = out.values[:, out.column("mouthPressLeft")]
    most = np.median([press[event.first : event.last + 1].max() for event in before])
    return (
        f"{len(before)} of {len(closed)} contacts, {'the same' if same else 'OTHERS'} after "
        f"shaping; they arrive at {speeds[0]:.2f} to {speeds[1]:.2f} a second, press by {most:.2f}"
    )


def told_face(read_as: str) -> str:
    """How near onsets and offsets come to what is asked."""
    take = acting_take(MINUTE_S)
    out = stepped(take, "transitions", read_as=read_as)
    off: list[float] = []
    kept = True
    for group, (rise, fall) in FIGURES[read_as].items():
        for old, new in zip(find_group(take, group), find_group(out, group), strict=True):
            off += [abs(new.rise_s / rise - 1.0), abs(new.fall_s / fall - 1.0)]
            kept &= (new.apex_s, new.value) == (old.apex_s, old.value)
    return (
        f"{len(off) // 2} transitions, onset and offset off by {100 * max(off):.1f} % at most, "
        f"apexes {'kept' if kept else 'MOVED'}"
    )
