# SPDX-License-Identifier: GPL-3.0-or-later
"""One event as lists and handles show it, and the name by which edits find it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...errors import FacemocapError

BLINKS, GAZE, LIPS, TRANSITIONS = "blinks", "gaze", "lips", "transitions"
#: Kinds of steps whose events are listed, in the order in which such steps are run.
KINDS = (BLINKS, GAZE, LIPS, TRANSITIONS)
#: What one event of each is called.
ONE = {BLINKS: "blink", GAZE: "dart", LIPS: "lip contact", TRANSITIONS: "transition"}


@dataclass(frozen=True, slots=True)
class EventName:
    """How records name an event.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    at_s : float
        ``at_s`` of its records, seconds on the take's clock.
    part : str
        Side of a blink, group of a transition; empty for others.
    """

    kind: str
    at_s: float
    part: str = ""

    @property
    def key(self) -> str:
        """As text, to the last bit."""
        return json.dumps([self.kind, self.at_s, self.part])


def name_from_key(key: str) -> EventName:
    """The name that `EventName.key` gave.

    Raises
    ------
    FacemocapError
        When the text is none.
    """
    problem = FacemocapError(f'"{key[:40]}" names no event', "Choose one of the list")
    try:
        data: Any = json.loads(key)
        kind, at_s, part = data
        name = EventName(str(kind), float(at_s), str(part))
    except (TypeError, ValueError) as error:
        raise problem from error
    if name.kind not in KINDS or not math.isfinite(name.at_s):
        raise problem
    return name


@dataclass(frozen=True, slots=True)
class Listed:
    """One event. Times are seconds on the take's clock, after the step unless said otherwise.

    Attributes
    ----------
    name : EventName
    what : str
        Its kind as a word: ``full``, ``dart``, ``plosive``, ``smile``.
    side : str
        ``B``, ``L`` or ``R``.
    found_s : float
        Its apex before the step's edits; of a new event the time that was asked for.
    onset_s, apex_s, offset_s : float
    amplitude : float
        Coefficient; degrees for darts; firmness for lips.
    closure : float
        Of a blink: part of a full one; else as the amplitude.
    closed_s, opens_s : float or None
        Of a blink: when the lid is closed, and begins to reopen.
    went_s : float or None
        How far moves took it; None: from where it was found to its apex.
    is_edited, is_gone, is_new : bool
        Whether it has edits of its own, was deleted, or was put in.
    values : mapping of str to float
        What its parts measure without edits, by the names of `knobs.KNOBS`.
    """

    name: EventName
    what: str
    side: str
    found_s: float
    onset_s: float
    apex_s: float
    offset_s: float
    amplitude: float
    closure: float
    is_edited: bool = False
    is_gone: bool = False
    is_new: bool = False
    values: Mapping[str, float] = field(default_factory=dict[str, float])
    closed_s: float | None = None
    opens_s: float | None = None
    went_s: float | None = None

    @property
    def moved_s(self) -> float:
        """How far moves took it; other edits may have put its apex elsewhere, too."""
        return self.apex_s - self.found_s if self.went_s is None else self.went_s

    @property
    def duration_s(self) -> float:
        """From onset to offset."""
        return self.offset_s - self.onset_s
