# SPDX-License-Identifier: GPL-3.0-or-later
"""What the actor does when: one scene of 22 s, played again with variations in longer takes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .draws import Draws, Floats
from .expression import Gesture
from .gaze import Move, plan_moves
from .head import Breath, Nod
from .lids import Blink, draw_blink
from .speech import PHRASES, Phrase, lay_phrase, mouth_keys

SCENE_S = 22.0

# Start and length of the four phrases of a scene, seconds.
_SLOTS = ((1.2, 3.1), (6.3, 2.8), (11.9, 2.2), (17.0, 2.5))

_BLINKS = (
    *((0.50, "full"), (2.70, "partial"), (4.38, "full"), (5.00, "long"), (7.25, "full")),
    *((8.30, "down"), (9.22, "double"), (9.44, "double"), (11.05, "full"), (12.75, "partial")),
    *((14.18, "full"), (16.55, "full"), (18.45, "full"), (20.55, "wink"), (21.45, "full")),
)

# Saccades: seconds, degrees to the subject's right, degrees down. Level and straight: the camera.
_AIMS = (
    *((4.40, -22.0, -8.0), (5.20, -16.0, -4.0), (5.80, 0.0, 0.0)),
    *((7.75, 4.0, 21.0), (8.08, 9.0, 22.0), (8.62, 5.0, 23.0), (8.85, 0.0, 0.0)),
    *((9.86, 0.0, -3.0), (10.70, -11.0, 2.0), (11.75, 0.0, 0.0)),
    *((13.00, 12.0, -6.0), (13.50, 0.0, 0.0), (14.95, -6.0, 5.0), (15.70, 0.0, 0.0)),
    *((18.00, 10.0, 6.0), (18.42, 0.0, 0.0)),
)
_PURSUITS = ((10.90, 0.75, 10.0, 0.0),)
_REFIXED = ((0.3, 4.0), (6.1, 7.5), (9.1, 9.6), (12.0, 12.8), (13.7, 14.8), (16.0, 17.8))
_LATE_REFIXED = (18.7, 21.8)

# Head poses: seconds, degrees yaw to the left, pitch up, roll.
_TURNS = (
    *((0.0, 1.0, 0.0, 0.0), (1.0, 0.0, 1.0, 0.0), (2.0, -5.0, 0.0, 2.0), (3.3, 4.0, -1.5, -1.5)),
    *((4.35, 2.0, 0.0, 0.0), (4.85, 13.0, 3.0, 3.0), (5.70, 12.5, 3.0, 3.0)),
    *((6.25, 0.0, 0.0, 0.0), (7.40, -3.0, -3.0, 0.0), (7.90, -4.0, -9.0, 1.0)),
    *((8.70, -3.0, -9.0, 0.0), (9.20, 0.0, 0.0, -1.0), (9.75, 0.0, 0.0, 0.0)),
    *((10.10, 0.0, 4.5, 0.0), (10.60, 0.0, 3.0, 0.0), (10.95, 3.0, 0.0, 0.0)),
    *((11.70, -6.0, 0.0, -2.0), (12.10, 0.0, 0.0, 0.0), (12.80, 6.0, -3.0, 4.0)),
    *((13.90, -6.0, -2.0, -3.0), (14.70, 0.0, 0.0, 0.0), (15.60, 1.0, 2.0, 5.0)),
    *((16.40, 0.0, 0.0, 0.0), (17.50, 5.0, 0.0, 2.0), (18.60, -5.0, 1.0, -2.0)),
    *((19.60, -3.0, -2.0, 7.0), (21.00, -1.0, -1.0, 5.0), (22.0, 1.0, 0.0, 0.0)),
)

# Kind, onset, rise, hold, release time constant, all in seconds.
_GESTURES = (
    *(("jaw_forward", 0.15, 0.20, 0.05, 0.09), ("polite_smile", 2.35, 0.35, 0.40, 0.20)),
    *(("firm_closure", 5.00, 0.16, 0.46, 0.09), ("surprise", 9.85, 0.17, 0.42, 0.11)),
    *(("frown", 11.55, 0.34, 1.75, 0.22), ("sneer", 12.95, 0.16, 0.14, 0.10)),
    *(("pout", 14.15, 0.24, 0.28, 0.09), ("puff", 14.90, 0.22, 0.32, 0.06)),
    *(("tongue", 15.66, 0.11, 0.12, 0.035), ("jaw_left", 16.03, 0.11, 0.03, 0.03)),
    *(("jaw_right", 16.22, 0.11, 0.03, 0.03), ("wry", 17.60, 0.25, 0.30, 0.15)),
    *(("smile", 19.05, 0.62, 1.55, 0.19), ("wink_cheek", 20.55, 0.12, 0.15, 0.08)),
    ("grin", 19.64, 0.40, 0.95, 0.12),
)

_LOST = ((13.25, 0.25),)  # no face found: seconds, length
_MISSING = ((6.70, 0.10),)  # rows that the app never wrote
_GLITCHES = ((2.05, "mouth"), (18.85, "brow"))


@dataclass
class Script:
    """Everything that happens in a take, in seconds of the take."""

    phrases: list[Phrase] = field(default_factory=list)
    mouth_times_s: Floats = field(default_factory=lambda: np.zeros(0))
    mouth_targets: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    blinks: list[Blink] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    gestures: list[Gesture] = field(default_factory=list)
    turns: list[tuple[float, float, float, float]] = field(default_factory=list)
    nods: list[Nod] = field(default_factory=list)
    breaths: list[Breath] = field(default_factory=list)
    lost: list[tuple[float, float]] = field(default_factory=list)
    missing: list[tuple[float, float]] = field(default_factory=list)
    glitches: list[tuple[float, str]] = field(default_factory=list)


def write_script(duration_s: float, seed: int) -> Script:
    """Lay out as many scenes as the take has room for, the last one cut where the take ends."""
    script = Script()
    aims: list[tuple[float, float, float]] = []
    pursuits: list[tuple[float, float, float, float]] = []
    scenes = int(duration_s / SCENE_S) + 1
    for scene in range(scenes):
        start_s = scene * SCENE_S
        draws = Draws(seed, 10, scene)
        phrases = _phrases(start_s, draws)
        script.phrases += phrases
        script.blinks += [
            draw_blink(kind, start_s + at + draws.uniform(-0.015, 0.015), draws)
            for at, kind in _BLINKS
        ]
        _look(aims, pursuits, start_s, draws)
        _move_head(script, phrases, start_s, draws)
        _breathe(script, phrases, start_s, draws)
        _express(script, phrases, start_s, draws)
        script.lost += [(start_s + at, start_s + at + span) for at, span in _LOST]
        script.missing += [(start_s + at, start_s + at + span) for at, span in _MISSING]
        script.glitches += [(start_s + at, kind) for at, kind in _GLITCHES]
    script.mouth_times_s, script.mouth_targets = mouth_keys(script.phrases, Draws(seed, 11))
    script.moves = plan_moves(aims, pursuits)
    script.gestures += [
        Gesture("blink_squint", blink.onset_s, blink.closing_s, blink.hold_s, 1.2 * blink.tau_s)
        for blink in script.blinks
        if blink.kind in ("full", "double", "down")
    ]
    script.gestures.sort(key=lambda gesture: gesture.onset_s)
    return script


def _phrases(start_s: float, draws: Draws) -> list[Phrase]:
    phrases: list[Phrase] = []
    for slot, (at_s, usual_s) in enumerate(_SLOTS):
        span_s = usual_s * (1.0 + draws.uniform(-0.02, 0.02))
        phrases.append(lay_phrase(PHRASES[slot], start_s + at_s, span_s, draws))
    return phrases


def _look(
    aims: list[tuple[float, float, float]],
    pursuits: list[tuple[float, float, float, float]],
    start_s: float,
    draws: Draws,
) -> None:
    aims += [(start_s + at, yaw, pitch) for at, yaw, pitch in _AIMS]
    pursuits += [(start_s + at, span, yaw, pitch) for at, span, yaw, pitch in _PURSUITS]
    # While talking to the camera the eyes move about the listener's face: 1 to 3 degrees.
    for begin_s, end_s in (*_REFIXED, _LATE_REFIXED):
        at_s = begin_s
        while at_s < end_s:
            yaw, pitch = draws.uniform(-1.8, 1.8), draws.uniform(-1.0, 1.4)
            aims.append((start_s + at_s, yaw, pitch))
            at_s += draws.uniform(0.45, 1.3)


def _move_head(script: Script, phrases: list[Phrase], start_s: float, draws: Draws) -> None:
    # The last pose of a scene is the first one of the next.
    size = draws.uniform(0.92, 1.04)
    for at, yaw, pitch, roll in _TURNS[:-1]:
        script.turns.append((start_s + at, size * yaw, size * pitch, size * roll))
    for phrase in phrases:
        for begin_s in _stressed(phrase):
            script.nods.append(Nod(begin_s - 0.06, draws.uniform(1.2, 3.2)))


def _stressed(phrase: Phrase) -> list[float]:
    numbers = sorted({phone.syllable for phone in phrase.phones if phone.stressed})
    return [phrase.syllables[number][0] for number in numbers]


def _breathe(script: Script, phrases: list[Phrase], start_s: float, draws: Draws) -> None:
    for phrase in phrases:
        # In before the phrase, 0.05 to 0.2 s ahead of the voice; depth with the root of its length.
        full_s = phrase.start_s - draws.uniform(0.12, 0.18)
        onset_s = full_s - draws.uniform(0.42, 0.52)
        depth = float(np.sqrt((phrase.end_s - phrase.start_s) / 3.0))
        script.breaths.append(Breath(onset_s, full_s, phrase.end_s, depth, True))
        script.gestures.append(Gesture("inhale", full_s - 0.30, 0.16, 0.10, 0.028))
    # A quiet breath through the nose in the long third pause and after the last phrase.
    for at_s, end_s in ((14.45, 16.2), (19.8, 21.9)):
        onset_s = start_s + at_s
        script.breaths.append(Breath(onset_s, onset_s + 0.7, start_s + end_s, 0.6, False))
        script.gestures.append(Gesture("sniff", onset_s, 0.3, 0.2, 0.08))
    script.breaths.sort(key=lambda breath: breath.onset_s)


def _express(script: Script, phrases: list[Phrase], start_s: float, draws: Draws) -> None:
    for kind, at_s, rise_s, hold_s, tau_s in _GESTURES:
        onset_s = start_s + at_s + draws.uniform(-0.01, 0.01)
        script.gestures.append(
            Gesture(kind, onset_s, draws.around(rise_s, 0.04), hold_s, draws.around(tau_s, 0.06))
        )
    for index, phrase in enumerate(phrases):
        stressed = _stressed(phrase)
        # Two raised words a phrase; none while the brows are knit.
        for begin_s in stressed[1::2][:2] if index != 2 else []:
            script.gestures.append(Gesture("emphasis", begin_s - 0.05, 0.15, 0.05, 0.13))
