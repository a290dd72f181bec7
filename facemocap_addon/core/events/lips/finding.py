# SPDX-License-Identifier: GPL-3.0-or-later
"""Contacts of the lips as events: when they close, how fast and how firmly, and what is heard."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...arrays import FloatArray
from ...contacts.captured import LIPS_APART, LOWEST, lip_contacts
from ...take import Take
from ...take_sampling import sample_channels
from .events import LipEvent
from .sound import Sound, hear, read_sound

#: A contact up to this long (seconds) is one of a plosive; one that lasts this long is rest.
PLOSIVE_S, REST_S = 0.16, 0.6
#: How lips come and go is looked for within this time (seconds).
AROUND_S = 0.3
#: A burst this near to the end of a contact (seconds) comes out of it.
HEARD_S = 0.08
_PRESS = ("mouthPressLeft", "mouthPressRight", "mouthRollLower", "mouthRollUpper")
#: Lips are as firm as they get when the press channels together reach this, or mouthClose goes
#: this far beyond the jaw.
_FIRM, _FIRM_BEYOND = 0.8, 0.05


def lip_gap(take: Take) -> FloatArray:
    """How far the jaw parts the lips ``(n,)``, above its own lowest values; below 0 beyond them."""
    values = sample_channels(take, ("jawOpen", "mouthClose"), take.times)
    gap = values[:, 0] - values[:, 1]
    return gap - (np.percentile(gap, LOWEST) if len(gap) else 0.0)


def find_lip_contacts(take: Take, sound: Sound | Path | None = None) -> tuple[LipEvent, ...]:
    """All contacts of the lips, in order.

    They are those of `contacts.captured.lip_contacts`, which a retarget seals.

    Parameters
    ----------
    take : Take
    sound : Sound, Path or None
        Says which contacts are heard.

    Raises
    ------
    FacemocapError
        When a file of sound cannot be read.
    """
    contacts = lip_contacts(take)
    if not contacts:
        return ()
    bursts = np.empty(0)
    if sound is not None:
        heard = hear(read_sound(sound) if isinstance(sound, Path) else sound)
        bursts = float(take.times[0]) + np.array(heard.bursts_s)
    gap, times = lip_gap(take), take.times
    press = sample_channels(take, _PRESS, times).sum(axis=1)
    out: list[LipEvent] = []
    for number, contact in enumerate(contacts):
        before = contacts[number - 1].last if number else 0
        after = contacts[number + 1].first if number + 1 < len(contacts) else len(times) - 1
        onset = opened(times, gap, contact.first, before, -1)
        offset = opened(times, gap, contact.last, after, 1)
        rows = slice(contact.first, contact.last + 1)
        firm = float(np.clip(press[rows].max() / _FIRM, 0.0, 1.0))
        beyond = float(np.clip(-gap[rows].min() / _FIRM_BEYOND, 0.0, 1.0))
        length = contact.end_s - contact.start_s
        kind = "plosive" if length <= PLOSIVE_S else "rest" if length >= REST_S else "held"
        heard_here = len(bursts) and float(np.abs(bursts - contact.end_s).min()) <= HEARD_S
        out.append(
            LipEvent(
                onset_s=float(times[onset]),
                start_s=contact.start_s,
                apex_s=0.5 * (contact.start_s + contact.end_s),
                end_s=contact.end_s,
                offset_s=float(times[offset]),
                first=contact.first,
                last=contact.last,
                speed=_closing_speed(times, gap, contact.first, contact.first - 1),
                fastest=_closing_speed(times, gap, contact.first, onset),
                seal=max(firm, beyond),
                kind=kind,
                heard=bool(heard_here),
            )
        )
    return tuple(out)


def opened(times: FloatArray, gap: FloatArray, place: int, limit: int, way: int) -> int:
    """The sample, before or after a contact, at which the lips are farthest apart nearby."""
    best = at = place
    while at != limit and abs(times[at + way] - times[place]) <= AROUND_S:
        at += way
        if gap[at] > gap[best]:
            best = at
        # they close again: that belongs to another contact
        elif gap[at] < 0.7 * gap[best] and gap[best] > 2 * LIPS_APART:
            break
    return best


def _closing_speed(times: FloatArray, gap: FloatArray, first: int, since: int) -> float:
    """How fast the gap closes, at most, from a sample to the contact's first."""
    rows = slice(max(since, 0), first + 1)
    falls = -np.diff(gap[rows]) / np.diff(times[rows])
    return float(falls.max(initial=0.0))
