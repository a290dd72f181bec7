# SPDX-License-Identifier: GPL-3.0-or-later
"""Contacts of the lips and phrases, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class LipEvent:
    """A contact of the lips, with how it comes and goes.

    Attributes
    ----------
    onset_s, start_s, apex_s, end_s, offset_s : float
        When the lips begin to close, touch, touch for half of the time, part, and are open again.
    first, last : int
        First and last sample of the contact (`contacts.captured.lip_contacts`).
    speed, fastest : float
        How fast they close at the contact, and at most before it: coefficient a second.
    seal : float
        How firmly they are pressed, 0 to 1.
    kind : str
        ``plosive`` (short), ``held``, or ``rest`` (the mouth is closed).
    heard : bool
        Whether the sound bursts out of it.
    """

    onset_s: float
    start_s: float
    apex_s: float
    end_s: float
    offset_s: float
    first: int
    last: int
    speed: float
    fastest: float
    seal: float
    kind: str
    heard: bool = False

    @property
    def duration_s(self) -> float:
        """How long the lips touch."""
        return self.end_s - self.start_s

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "onset_s": self.onset_s,
            "start_s": self.start_s,
            "apex_s": self.apex_s,
            "end_s": self.end_s,
            "offset_s": self.offset_s,
            "speed": self.speed,
            "fastest": self.fastest,
            "seal": self.seal,
            "kind": self.kind,
            "heard": self.heard,
            "side": "B",
        }


@dataclass(frozen=True, slots=True)
class Phrase:
    """A stretch of speech between two pauses.

    Attributes
    ----------
    start_s, end_s : float
        Seconds on the take's clock.
    source : str
        ``sound``, or ``lips`` where there was none.
    pause_s : float or None
        How long the pause after it lasts; None for the last one.
    """

    start_s: float
    end_s: float
    source: str
    pause_s: float | None = None

    @property
    def duration_s(self) -> float:
        """From start to end."""
        return self.end_s - self.start_s

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "start_s": self.start_s,
            "end_s": self.end_s,
            "source": self.source,
            "pause_s": self.pause_s,
        }
