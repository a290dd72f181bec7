# SPDX-License-Identifier: GPL-3.0-or-later
"""The health of a take on a character: the take as it plays there, drivers, lids and lips."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import bpy
import numpy as np

from ...core.arrays import FloatArray
from ...core.character import Character
from ...core.contacts.face_contacts import FaceContacts, contacts_from_json
from ...core.contacts.gaps import gap
from ...core.errors import FacemocapError
from ...core.head_turns import HEAD
from ...core.health.examine import Health, examine, with_character
from ...core.health.on_character import (
    Closing,
    OnCharacter,
    closings_of,
    driven_controls,
    moments_of,
)
from ...core.progress import Job, Progress
from ...core.rig_maps.retargeting import SolveResult
from ...core.take import Take
from ...core.take_edits import mirror_take, trim_take
from ..characters.characters import read_character
from ..measuring.contacts import contact_measure
from ..measuring.measuring import stored_measurement
from ..takes.rerunning import prepare_rerun
from ..writing.preparing import Prepared
from ..writing.records import Performance


@dataclass(frozen=True)
class Examined:
    """A take's health, the take that was examined, and when its first sample was (seconds).

    ``zero_s`` is that of the whole take where a part of it is used.
    """

    health: Health
    take: Take
    zero_s: float


def examine_performance(scene: bpy.types.Scene, performance: Performance) -> Job[Examined]:
    """Measure what plays on a character, as its stack makes it; errors as `rerunning.rerun`.

    Nothing is written. What was changed by hand on the curves is not looked at.
    """
    prepared = yield from prepare_rerun(scene, performance)
    return (yield from examine_prepared(prepared))


def examine_prepared(prepared: Prepared) -> Job[Examined]:
    """Measure a take as it will be on a character."""
    yield Progress(0.8, "Measuring the take")
    options = prepared.options
    take = prepared.take if prepared.cleaned is None else prepared.cleaned
    if options.mirror:
        take = mirror_take(take)
    zero_s = float(take.times[0]) if take.samples else 0.0
    if options.range_s != (None, None):
        take = trim_take(take, *options.range_s)[0]
    health = examine(take, prepared.rig_map)
    yield Progress(0.9, "Measuring lids and lips")
    character = read_character(prepared.picked, prepared.scene)
    contacts = None if options.raw else _contacts(prepared)
    own = OnCharacter(
        character=prepared.picked.name,
        drivers=driven_controls(character, prepared.rig_map),
        notes=character.notes,
        openings=() if contacts is None else tuple(sorted(contacts.openings)),
        closings=() if contacts is None else _closings(prepared, health, character, contacts),
        is_kept=contacts is not None and options.contacts,
    )
    return Examined(with_character(health, take, own), take, zero_s)


def _contacts(prepared: Prepared) -> FaceContacts | None:
    """Where lids and lips are: given, or kept with the character; None where that is not known."""
    if prepared.contacts is not None:
        return prepared.contacts
    try:
        measured = stored_measurement(prepared.picked)
    except FacemocapError:
        return None
    found = measured.contacts if measured else None
    return contacts_from_json(found) if found else None


def _closings(
    prepared: Prepared, health: Health, character: Character, contacts: FaceContacts
) -> tuple[Closing, ...]:
    """Gaps of lids and lips on the character, at blinks and contacts."""
    kept = prepared.kept.solved
    apart = prepared.apart or kept
    openings = tuple(contacts.openings)
    moments = moments_of(health.blinks, health.lip_contacts, kept.times, openings)
    rows = sorted({row for moment in moments for row in moment.rows})
    if not rows:
        return ()
    present = {control.key for control in character.controls}
    places = [place for place, key in enumerate(kept.controls) if key in present]
    turns = [
        entry.control
        for entry in prepared.rig_map.entries
        if any(source.channel in HEAD for source in entry.sources)
    ]
    keys = [kept.controls[place] for place in places]
    before, after = (_values(solved, rows, places) for solved in (apart, kept))
    with contact_measure(
        prepared.picked, prepared.scene, contacts, keys, turns, np.concatenate([before, after])
    ) as measure:
        sides: list[Mapping[str, FloatArray]] = [
            {name: gap(found) for name, found in measure(values).items()}
            for values in (before, after)
        ]
    return closings_of(moments, sides[0], sides[1], rows)


def _values(solved: SolveResult, rows: list[int], places: list[int]) -> FloatArray:
    return np.asarray(solved.values, np.float64)[np.ix_(rows, places)]
