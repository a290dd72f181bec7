# SPDX-License-Identifier: GPL-3.0-or-later
"""Contacts of the lips as `facemocap events` tells them, looked at on the evaluated mesh."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from contact_looks import Actor

from facemocap_addon.core.events.lips.events import LipEvent
from facemocap_addon.core.events.lips.finding import find_lip_contacts, lip_gap
from facemocap_addon.core.stack.stack import Stack, make_step
from facemocap_addon.core.take import Take
from facemocap_addon.gateway.applying.performance import ApplyOptions

#: What is promised: less than this of the mouth's width (per cent).
LEAST_GAP = 2.0
#: A stack that shapes lips, with its defaults and with all it can do.
USUAL = Stack((make_step("lips"),))
FULL = Stack((make_step("lips", arrive=1.0, press=1.0, seal=1.0, sticky=1.0),))


@dataclass(frozen=True)
class SeenContact:
    """A contact and the widest slit of its frames, in per cent of the mouth's width."""

    event: LipEvent
    frames: tuple[int, ...]
    gap: float

    @property
    def met(self) -> bool:
        """Whether the lips touch."""
        return self.gap < LEAST_GAP


def contact_frames(event: LipEvent, rate: float, start_s: float) -> np.ndarray:
    """Frames of a scene that begins a take on frame 1, within a contact; the nearest one at least.

    All of them up to three, else the first, the last, and what lies in the middle.
    """
    first, last = (1.0 + (at - start_s) * rate for at in (event.start_s, event.end_s))
    inside = np.arange(np.ceil(first - 1e-6), np.floor(last + 1e-6) + 1).astype(int)
    if not len(inside):
        return np.array([round(0.5 * (first + last))])
    places = {0, len(inside) // 2, len(inside) - 1}
    return inside[sorted(places)]


def look_at_contacts(
    actor: Actor, take: Take, stack: Stack, most: int | None = None
) -> list[SeenContact]:
    """Put a take through a stack on a character and look at its contacts, as rays see them.

    The contacts are those of the take as it was recorded. With ``most`` some of them, spread over
    the take.
    """
    scene = actor.scene
    rate = scene.render.fps / scene.render.fps_base
    actor.play(take, ApplyOptions(stack=stack))
    start = float(take.times[0])
    widest = int(np.argmax(lip_gap(take)))
    scene.frame_set(1 + round((float(take.times[widest]) - start) * rate))
    actor.gaps.find_mouth()
    events = find_lip_contacts(take)
    if most is not None and len(events) > most:
        events = tuple(events[p] for p in np.linspace(0, len(events) - 1, most).round().astype(int))
    out: list[SeenContact] = []
    for event in events:
        frames = contact_frames(event, rate, start).tolist()
        slits: list[float] = []
        for frame in frames:
            scene.frame_set(frame)
            slits.append(actor.gaps.lip_gap())
        out.append(SeenContact(event, tuple(frames), max(slits)))
    actor.rest()
    return out
