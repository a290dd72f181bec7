# SPDX-License-Identifier: GPL-3.0-or-later
"""When the lips of a take touch, also where noise, spikes and gaps hide it."""

from __future__ import annotations

from dataclasses import replace

from ..contacts.captured import LipContact, lip_contacts
from ..stack.presets import default_stack
from ..stack.running import run_stack
from ..take import Take
from .channel_health import are_white
from .columns import Columns

#: From this noise on contacts come and go with it: a tenth of how far apart closed lips may be.
LOUD = 0.002
#: What closes and parts the lips.
_REGIONS = ("jaw", "mouth")
#: Shorter takes cannot be repaired.
_FEWEST = 12


def find_contacts(columns: Columns) -> tuple[LipContact, ...]:
    """Stretches of closed lips, of a take that is noisy or lacks samples after its repair.

    The take stays as it is; samples are its own.
    """
    take = columns.take
    if not columns.has("jawOpen") or take.samples < _FEWEST:
        return lip_contacts(take)
    places = [
        number
        for number, place in enumerate(columns.places)
        if take.channels[place].region in _REGIONS and take.channels[place].kind == "weight"
    ]
    valid = columns.valid[:, places]
    loud = (columns.noise[places] >= LOUD) & are_white(columns.values[:, places], valid)
    if not loud.any() and valid.all():
        return lip_contacts(take)
    own = _part(take, [columns.places[number] for number in places])
    return lip_contacts(run_stack(own, default_stack()).take)


def _part(take: Take, places: list[int]) -> Take:
    """The take with some of its channels alone."""
    trust = take.confidence
    return replace(
        take,
        channels=tuple(take.channels[place] for place in places),
        values=take.values[:, places],
        valid=take.valid[:, places],
        confidence=None if trust is None else trust[:, places],
    )
