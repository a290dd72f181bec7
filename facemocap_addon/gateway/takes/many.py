# SPDX-License-Identifier: GPL-3.0-or-later
"""One take onto several characters: each gets its own Action, and none stops the others."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass

import bpy

from ...core.contacts.face_contacts import FaceContacts
from ...core.errors import FacemocapError
from ...core.progress import Job, Progress, run_job
from ...core.report import Report
from ...core.rig_maps.rig_map import RigMap
from ...core.take import Take
from ..applying.performance import write_take
from ..characters.characters import CharacterObjects
from ..writing.preparing import ApplyOptions, Prepared, prepare_take
from ..writing.records import Performance, find_performance, performances


@dataclass(frozen=True)
class Outcome:
    """What became of one character: a report and what plays on it now, or the reason why not.

    Attributes
    ----------
    name : str
        The character's.
    report : Report or None
    problem : FacemocapError or None
        Why nothing was done to it.
    performance : Performance or None
        What was applied.
    is_bug : bool
        The problem is the program's own; its traceback went to standard error.
    """

    name: str
    report: Report | None = None
    problem: FacemocapError | None = None
    performance: Performance | None = None
    is_bug: bool = False

    @property
    def is_done(self) -> bool:
        """Whether the take plays on the character."""
        return self.report is not None


#: A character, its map, and where its lids and lips are (None: what is kept with it tells).
Cast = tuple[CharacterObjects, RigMap, FaceContacts | None]


def apply_to_many(
    scene: bpy.types.Scene,
    characters: Sequence[tuple[CharacterObjects, RigMap]],
    take: Take,
    options: ApplyOptions | None = None,
) -> list[Outcome]:
    """Put one take on several characters, each by its own map; outcomes in the same order.

    Each character is done as by `performance.apply_take`: checked as a whole before anything is
    written. What fails on one, be it a bug, leaves the others as they are.
    """
    cast = [(picked, rig_map, None) for picked, rig_map in characters]
    return write_many(run_job(prepare_many(scene, cast, take, options)))


def prepare_many(
    scene: bpy.types.Scene,
    characters: Sequence[Cast],
    take: Take,
    options: ApplyOptions | None = None,
) -> Job[list[Prepared | Outcome]]:
    """Compute what a take will be on each character, or why it cannot be; nothing is written."""
    how = options or ApplyOptions()
    found: list[Prepared | Outcome] = []
    for number, (picked, rig_map, contacts) in enumerate(characters):
        try:
            job = prepare_take(scene, picked, take, rig_map, how, contacts)
            while True:
                progress = next(job)
                done = (number + progress.done) / len(characters)
                yield Progress(done, f"{picked.name}: {progress.what}")
        except StopIteration as end:
            found.append(end.value)
        except FacemocapError as problem:
            found.append(Outcome(picked.name, problem=problem))
        except Exception as bug:  # noqa: BLE001 - what is wrong with one must not stop the others
            found.append(_bug(picked.name, bug))
    return found


def write_many(prepared: Sequence[Prepared | Outcome]) -> list[Outcome]:
    """Write what was prepared; outcomes in the same order."""
    return [each if isinstance(each, Outcome) else _write(each) for each in prepared]


def _write(prepared: Prepared) -> Outcome:
    picked = prepared.picked
    try:
        report = write_take(prepared)
        return Outcome(picked.name, report, performance=_applied(picked, prepared.take))
    except FacemocapError as problem:
        return Outcome(picked.name, problem=problem)
    except Exception as bug:  # noqa: BLE001 - what is wrong with one must not stop the others
        return _bug(picked.name, bug)


def _bug(name: str, bug: Exception) -> Outcome:
    traceback.print_exception(bug)
    problem = FacemocapError(
        f'"{name}" could not be done: {type(bug).__name__}: {bug}',
        "This is a bug in Face Mocap; please report it with the console's text",
    )
    return Outcome(name, problem=problem, is_bug=True)


def _applied(picked: CharacterObjects, take: Take) -> Performance | None:
    """What was just applied; an override puts other objects into the scene."""
    return find_performance(picked) or next(
        (
            found
            for found in performances()
            if found.take_digest == take.digest and found.character_name == picked.name
        ),
        None,
    )
