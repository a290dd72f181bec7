# SPDX-License-Identifier: GPL-3.0-or-later
"""What a take will be on a character, before anything of the file is changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import bpy
import numpy as np

from ...core.actor.example_contacts import quiet_with_examples
from ...core.actor.example_controls import with_posed_controls
from ...core.actor.example_pairs import ExampleLibrary
from ...core.actor.example_solving import fit_to_rig_map
from ...core.actor.range_of_motion import RangeOfMotion, calibrated
from ...core.arrays import FloatArray
from ...core.contacts.face_contacts import FaceContacts, contacts_from_json
from ...core.contacts.keeping import KeptContacts, Quiet
from ...core.errors import FacemocapError
from ...core.gaze.gaze_angles import Neutral, find_neutral
from ...core.placement import solve_on_frames
from ...core.progress import Job
from ...core.reduction.plan import KeyPlan
from ...core.rig_maps.body_controls import BODY_CHANNELS, find_body, with_body
from ...core.rig_maps.retargeting import SolveResult
from ...core.rig_maps.rig_map import RigMap
from ...core.stack.aiming import without_aiming
from ...core.stack.report import StepReport
from ...core.stack.running import StackResult
from ...core.stack.stack import Stack
from ...core.take import Take
from ...core.take_edits import mirror_take
from ..characters.characters import CharacterObjects, read_character
from ..limits import LAST_FRAME
from ..measuring.contacts import keep_on_character
from ..measuring.measuring import stored_measurement
from ..scenes import scene_clock
from .cleaned_takes import cleaned_job
from .targets import missing_controls

Layer = Literal["REPLACE", "COMBINE"]
HandEdits = Literal["ADD", "KEEP", "DISCARD"]
NO_STEPS = Stack()


@dataclass(frozen=True)
class ApplyOptions:
    """How a take is put on a character.

    Attributes
    ----------
    start_frame : float
        Scene frame on which the take's first sample (or the range's start) falls.
    on_capture_times : bool
        Keys where the samples are, instead of on whole frames.
    raw : bool
        Values as captured: the rig map's limits are not applied.
    range_s : (float or None, float or None)
        Part of the take to use, seconds after its first sample.
    mirror : bool
        Left and right change places.
    set_scene_range : bool
        Set the scene's frame range to the take.
    face_layer, head_layer : str
        Over animation that was there before: REPLACE it or COMBINE with it.
    override : bool
        The person agrees to library overrides of what is linked.
    contacts : bool
        Let lids and lips meet where the take has them closed, on characters whose contacts are
        known.
    widen_sliders : bool
        The person agrees to slider ranges being widened where a contact needs it.
    actor_range : RangeOfMotion or None
        What the actor's face goes from and to: the take is brought to it first (not raw).
    examples : ExampleLibrary or None
        Example pairs of the actor and this character, which correct what the map gives (not raw).
    hand_edits : str
        What was changed by hand on curves that are written again: ADD it to the new ones, KEEP
        them there as they are, or DISCARD it.
    stack : Stack
        Steps of cleanup that the take goes through first; the take itself is never altered.
    seed : int
        For steps that draw random numbers.
    shows_raw : bool
        The stack is kept with the performance, and not run: for a comparison.
    reduce : KeyPlan or None
        Few keys with handles instead of one on every frame, or fewer by rule.
    """

    start_frame: float = 1.0
    on_capture_times: bool = False
    raw: bool = False
    range_s: tuple[float | None, float | None] = (None, None)
    mirror: bool = False
    set_scene_range: bool = True
    face_layer: Layer = "REPLACE"
    head_layer: Layer = "COMBINE"
    override: bool = False
    contacts: bool = True
    widen_sliders: bool = False
    actor_range: RangeOfMotion | None = None
    examples: ExampleLibrary | None = None
    hand_edits: HandEdits = "ADD"
    stack: Stack = NO_STEPS
    seed: int = 0
    shows_raw: bool = False
    reduce: KeyPlan | None = None


AS_USUAL = ApplyOptions()


@dataclass(frozen=True)
class Prepared:
    """A take as it will be on a character: ``kept`` are its values, on ``frames`` of the scene.

    ``take`` is the raw one; what it became in the stack is ``cleaned``, and ``steps`` tell of that.
    ``contacts`` are those that were given, not those that are kept with the character. ``apart``
    is what was solved before lids and lips were brought together; of a draft they are not (yet).
    ``notes`` are sentences about range and examples, ``body`` names of bones that breathe.
    """

    scene: bpy.types.Scene
    picked: CharacterObjects
    take: Take
    rig_map: RigMap
    options: ApplyOptions
    frames: FloatArray
    kept: KeptContacts
    notes: tuple[str, ...] = ()
    cleaned: Take | None = None
    steps: tuple[StepReport, ...] = ()
    contacts: FaceContacts | None = None
    apart: SolveResult | None = None
    is_draft: bool = False
    body: frozenset[str] = frozenset()


def prepare_take(
    scene: bpy.types.Scene,
    picked: CharacterObjects,
    take: Take,
    rig_map: RigMap,
    options: ApplyOptions = AS_USUAL,
    contacts: FaceContacts | None = None,
    *,
    cleaned: StackResult | None = None,
) -> Job[Prepared]:
    """Compute everything that a take is to be on a character; nothing is written.

    Where lids and lips are on the character is told by ``contacts``, or else by the measurement
    that is kept with it; without any, blinks and lips are as captured. ``cleaned`` is what the
    stack makes of the take, where that is known.

    Raises
    ------
    FacemocapError
        When nothing in the map fits the take, a control is missing, or a step of the stack cannot
        be done.
    """
    if not abs(options.start_frame) <= LAST_FRAME:
        raise _beyond_last_frame(options.start_frame)
    steps = NO_STEPS if options.shows_raw else options.stack
    result = cleaned or (yield from cleaned_job(take, steps, seed=options.seed))
    played, notes = _calibrated(result.take, options)
    full_map, examples = rig_map, None if options.raw else options.examples
    if examples is not None:
        full_map = with_posed_controls(rig_map, examples, read_character(picked, scene).controls)
        notes += fit_to_rig_map(examples, full_map).warnings
    body: frozenset[str] = frozenset()
    if any(map(played.has, BODY_CHANNELS)):
        controls = read_character(picked, scene).controls
        full_map, body = with_body(full_map, controls), find_body(controls).names
    solved, frames = solve_on_frames(
        played,
        full_map,
        scene_clock(scene),
        start_frame=options.start_frame,
        range_s=options.range_s,
        mirror=options.mirror,
        on_capture_times=options.on_capture_times,
        raw=options.raw,
        examples=examples,
        neutral=(yield from _straight_ahead(take, steps, options, draft=cleaned is not None)),
    )
    if not len(frames):
        raise FacemocapError(
            "The range lies between two samples of the take",
            "Give a longer range, or put the keys on whole frames",
        )
    if frames[-1] > LAST_FRAME:
        raise _beyond_last_frame(float(frames[-1]))
    if not solved.controls:
        raise FacemocapError(
            f'Nothing on "{picked.name}" fits the take "{take.label}"',
            "Match the character's controls by hand, or choose another character",
        )
    if missing := missing_controls(picked, solved.controls):
        raise FacemocapError(
            f'"{picked.name}" lacks {len(missing)} of the rig map\'s controls: {missing[0]}',
            "Match the character again, or mend the map",
        )
    kept, given, apart = KeptContacts(solved, {}, {}), contacts, solved
    if contacts is None and options.contacts and not options.raw:
        contacts = _known_contacts(picked)
    if contacts is not None and options.contacts and not options.raw:
        whole = mirror_take(played) if options.mirror else played
        parts = whole, full_map, solved
        quiet = _quiet(examples, *parts)
        kept = yield from keep_on_character(
            picked, scene, contacts, parts, widen=options.widen_sliders, quiet=quiet
        )
        solved = kept.solved
    too_large = np.abs(solved.values).max(axis=0) > np.finfo(np.float32).max
    if too_large.any():
        control = solved.controls[int(np.argmax(too_large))]
        raise FacemocapError(
            f"The map's gains make {control.owner}: {control.path} larger than Blender can hold",
            "Mend the gains or the offset",
        )
    told = result.take, result.reports, given, apart
    return Prepared(scene, picked, take, rig_map, options, frames, kept, notes, *told, body=body)


def _straight_ahead(
    take: Take, steps: Stack, options: ApplyOptions, *, draft: bool
) -> Job[Neutral | None]:
    """What the eyes come back to where steps aim them; None where their own gaze tells it.

    Of a ``draft`` the raw take tells it, which is quick.
    """
    rest = without_aiming(steps)
    if rest is None:
        return None
    if not draft:
        take = (yield from cleaned_job(take, rest, seed=options.seed)).take
    played, _ = _calibrated(take, options)
    return find_neutral(mirror_take(played) if options.mirror else played)


def _calibrated(take: Take, options: ApplyOptions) -> tuple[Take, tuple[str, ...]]:
    """The take within the actor's range, if that is asked for, and what to know about that."""
    if options.actor_range is None or options.raw:
        return take, ()
    out = calibrated(take, options.actor_range)
    return out, tuple(each for each in out.warnings if each not in take.warnings)


def _quiet(
    examples: ExampleLibrary | None, take: Take, rig_map: RigMap, solved: SolveResult
) -> Quiet | None:
    """What tells the face without blinks where examples correct it."""
    if examples is None:
        return None

    def quiet(blinks: Sequence[str]) -> FloatArray:
        return quiet_with_examples(take, rig_map, solved, examples, blinks)

    return quiet


def _known_contacts(picked: CharacterObjects) -> FaceContacts | None:
    """Those in the measurement that is kept with a character."""
    measured = stored_measurement(picked)
    found = measured.contacts if measured else None
    return contacts_from_json(found) if found else None


def _beyond_last_frame(frame: float) -> FacemocapError:
    return FacemocapError(
        f"Frame {frame:g} lies beyond Blender's last frame {LAST_FRAME}",
        "Choose an earlier start frame or a shorter range",
    )
