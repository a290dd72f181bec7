# SPDX-License-Identifier: GPL-3.0-or-later
"""A take onto a character and off again: one slotted Action per character and take."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

import bpy
import numpy as np

from ..core.bone_matching import is_head_bone
from ..core.contacts.face_contacts import FaceContacts, contacts_from_json
from ..core.contacts.keeping import KeptContacts
from ..core.errors import FacemocapError
from ..core.names import unique_name
from ..core.placement import solve_on_frames
from ..core.progress import Job, Progress, run_job
from ..core.report import Report
from ..core.rig_map import RigMap
from ..core.take import Take
from ..core.take_edits import mirror_take
from .apply_report import report_apply
from .characters import CharacterObjects
from .contacts import keep_on_character
from .keys import slot_channelbag, write_curves
from .layering import add_face_strip, animated_paths, check_free, lay_on_top, pass_on, take_off
from .limits import LAST_FRAME, name_bytes
from .measuring import stored_measurement
from .overrides import make_editable
from .records import KEY, SCHEMA, Performance, find_performance, idle_action, performances
from .rest_values import read_values, restore_values
from .scenes import scene_clock
from .sliders import restore_sliders, widen_sliders
from .take_storage import store_take
from .targets import Target, make_targets, missing_controls

Layer = Literal["REPLACE", "COMBINE"]


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


def apply_take(
    scene: bpy.types.Scene,
    picked: CharacterObjects,
    take: Take,
    rig_map: RigMap,
    options: ApplyOptions = ApplyOptions(),
    contacts: FaceContacts | None = None,
) -> Report:
    """Put a take on a character, in one call; parameters and errors as `apply_job`."""
    return run_job(apply_job(scene, picked, take, rig_map, options, contacts))


def apply_job(
    scene: bpy.types.Scene,
    picked: CharacterObjects,
    take: Take,
    rig_map: RigMap,
    options: ApplyOptions = ApplyOptions(),
    contacts: FaceContacts | None = None,
) -> Job[Report]:
    """Put a take on a character.

    Everything is computed and checked before anything is written. Applying the same take again
    replaces our own Action; another take takes the place of the one that played, whose Action is
    kept in the file. What the character played before goes on below, untouched.

    Where lids and lips are on the character is told by ``contacts``, or else by the measurement
    that is kept with it; without any, blinks and lips are as captured.

    Raises
    ------
    FacemocapError
        When nothing in the map fits the take, a control is missing, or something is linked.
    """
    if not abs(options.start_frame) <= LAST_FRAME:
        raise _beyond_last_frame(options.start_frame)
    solved, frames = solve_on_frames(
        take,
        rig_map,
        scene_clock(scene),
        start_frame=options.start_frame,
        range_s=options.range_s,
        mirror=options.mirror,
        on_capture_times=options.on_capture_times,
        raw=options.raw,
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
    kept = KeptContacts(solved, {}, {})
    if contacts is None and options.contacts and not options.raw:
        contacts = _known_contacts(picked)
    if contacts is not None and options.contacts and not options.raw:
        whole = mirror_take(take) if options.mirror else take
        kept = yield from keep_on_character(
            picked, scene, contacts, (whole, rig_map, solved), widen=options.widen_sliders
        )
        solved = kept.solved
    yield Progress(0.9, "Writing keys")
    too_large = np.abs(solved.values).max(axis=0) > np.finfo(np.float32).max
    if too_large.any():
        control = solved.controls[int(np.argmax(too_large))]
        raise FacemocapError(
            f"The map's gains make {control.owner}: {control.path} larger than Blender can hold",
            "Mend the gains or the offset",
        )
    if missing := missing_controls(picked, solved.controls):
        raise FacemocapError(
            f'"{picked.name}" lacks {len(missing)} of the rig map\'s controls: {missing[0]}',
            "Match the character again, or mend the map",
        )
    picked = make_editable(scene, picked, solved.controls, agreed=options.override)
    targets = make_targets(
        picked,
        solved,
        frames,
        drop_unknown=options.on_capture_times,
        head_bones=frozenset(c.name for c in _bones_of(picked) if is_head_bone(c.name)),
    )
    present = find_performance(picked)
    for datablock in [*(t.datablock for t in targets), *(present.datablocks if present else ())]:
        check_free(datablock)
    request = _Request(take, rig_map, options, (float(frames[0]), float(frames[-1])), kept)
    keys = _write(scene, picked, request, targets)
    curves = sum(len(target.curves) for target in targets)
    return report_apply(picked, request.take, rig_map, kept, keys, curves, raw=options.raw)


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


def remove_take(scene: bpy.types.Scene, picked: CharacterObjects) -> Report:
    """Take our performance off a character and delete its Action: the file is as it was before.

    Raises
    ------
    FacemocapError
        When none of ours plays on it.
    """
    performance = find_performance(picked)
    if performance is None:
        raise FacemocapError(
            f'No take of Face Mocap plays on "{picked.name}"', "Choose a character that has one"
        )
    for datablock in performance.datablocks:
        check_free(datablock)
    name = performance.action.name
    _take_off(scene, performance)
    bpy.data.actions.remove(performance.action)
    return Report(summary=f'Removed "{name}" from {picked.name}')


@dataclass(frozen=True)
class _Request:
    """What is to be written: ``span`` are its first and last scene frame, ``kept`` its values."""

    take: Take
    rig_map: RigMap
    options: ApplyOptions
    span: tuple[float, float]
    kept: KeptContacts


def _write(
    scene: bpy.types.Scene, picked: CharacterObjects, request: _Request, targets: list[Target]
) -> int:
    """Everything that changes the file; the number of keys."""
    take, rig_map, options = request.take, request.rig_map, request.options
    present = find_performance(picked)
    same = present is not None and present.take_digest == take.digest
    if present is not None:
        _take_off(scene, present)
        if not same:
            present.action[KEY]["active"] = 0
            present.action.use_fake_user = True
    action = present.action if present is not None and same else idle_action(picked, take.digest)
    if action is None:
        taken = {other.name for other in bpy.data.actions}
        action = bpy.data.actions.new(
            unique_name(f"{picked.name} {take.label}", name_bytes(), taken)
        )
    action.use_fake_user = False
    for slot in list(action.slots):
        action.slots.remove(slot)
    record: dict[str, Any] = {
        "schema": SCHEMA,
        "active": 1,
        "character": picked.name,
        "meshes": [{"object": mesh} for mesh in picked.meshes],
        "take": store_take(take),
        "take_digest": take.digest,
        "rig_map": json.dumps(rig_map.to_json(), ensure_ascii=False),
        "start_frame": float(options.start_frame),
        "targets": [],
    }
    if picked.armature is not None:
        record["armature"] = picked.armature
    keys = 0
    for target in targets:
        keys += _write_target(action, target, request, record["targets"])
    record.update(_set_range(scene, request))
    record["sliders"] = widen_sliders(picked, request.kept.beyond)
    action[KEY] = record
    return keys


def _write_target(
    action: bpy.types.Action,
    target: Target,
    request: _Request,
    records: list[dict[str, Any]],
) -> int:
    """Curves of one datablock into slots of their own, assigned over what was there."""
    options, span = request.options, request.span
    datablock = target.datablock
    face = [curve for curve in target.curves if curve.path not in target.head_paths]
    head = [curve for curve in target.curves if curve.path in target.head_paths]
    before = animated_paths(datablock, action)
    values = read_values(datablock, [curve.path for curve in target.curves])
    slot = action.slots.new(target.slot_type, datablock.name)
    # only a body that moves both face and head makes two ways of blending necessary
    apart = bool(
        face
        and head
        and options.face_layer != options.head_layer
        and before & {curve.path for curve in face}
    )
    # where nothing turned the head before, combining would only round small turns away
    turned = before & {curve.path for curve in head}
    blend = options.head_layer if turned else options.face_layer
    record = lay_on_top(datablock, action, slot, blend, span)
    keys = write_curves(slot_channelbag(action, slot), head if apart else target.curves)
    if apart:
        face_slot = action.slots.new(target.slot_type, f"{datablock.name} face")
        keys += write_curves(slot_channelbag(action, face_slot), face)
        add_face_strip(datablock, action, face_slot, span, options.face_layer)
    records.append({"datablock": datablock, "values": values, **record})
    return keys


def _take_off(scene: bpy.types.Scene, performance: Performance) -> None:
    """Put back what each datablock played and the values it had; the Action itself stays."""
    for item in performance.targets:
        datablock = item.get("datablock")
        if datablock is None:
            continue
        record = item.to_dict()
        above = _resting_on(performance.action, datablock)
        if above is None:
            take_off(datablock, performance.action, record)
            restore_values(datablock, record["values"])
        else:
            pass_on(datablock, performance.action, record, above)
    record = performance.action[KEY]
    restore_sliders(list(record.get("sliders", ())))
    if "range_set" in record:
        present = [scene.frame_start, scene.frame_end]
        if present == list(record["range_set"]) and not _others_need_range(performance):
            scene.frame_start, scene.frame_end = (int(f) for f in record["range_before"])


def _resting_on(action: bpy.types.Action, datablock: bpy.types.ID) -> Any:
    """Record of another performance that keeps ``action`` playing below it on ``datablock``.

    Two characters that share a mesh have its shape keys in common.
    """
    for other in performances():
        for item in other.targets:
            if item.get("datablock") == datablock and item.get("action") == action:
                return item
    return None


def _set_range(scene: bpy.types.Scene, request: _Request) -> dict[str, list[int]]:
    """Set the scene's range to the take; what the record needs to undo that."""
    span = request.span
    if not request.options.set_scene_range:
        return {}
    before = [scene.frame_start, scene.frame_end]
    for other in performances():
        record = other.action[KEY]
        if "range_set" in record and list(record["range_set"]) == before:
            # a range that a performance set is not what the animator had
            before = [int(frame) for frame in record["range_before"]]
    new = [int(np.floor(span[0])), int(np.ceil(span[1]))]
    scene.frame_end = max(new[1], scene.frame_start)
    scene.frame_start, scene.frame_end = new
    return {"range_before": before, "range_set": [scene.frame_start, scene.frame_end]}


def _others_need_range(performance: Performance) -> bool:
    own = list(performance.action[KEY]["range_set"])
    return any(
        list(other.action[KEY].get("range_set", ())) == own
        for other in performances()
        if other.action != performance.action
    )


def _bones_of(picked: CharacterObjects) -> list[bpy.types.Bone]:
    return list(picked.armature.data.bones) if picked.armature else []
