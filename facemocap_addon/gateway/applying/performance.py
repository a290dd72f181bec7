# SPDX-License-Identifier: GPL-3.0-or-later
"""A take onto a character and off again: one slotted Action per character and take."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import bpy
import numpy as np

from ...core.contacts.face_contacts import FaceContacts
from ...core.errors import FacemocapError
from ...core.names import unique_name
from ...core.progress import Job, Progress, run_job
from ...core.report import Report
from ...core.rig_maps.bone_matching import is_head_bone
from ...core.rig_maps.rig_map import RigMap
from ...core.take import Take
from ..characters.characters import CharacterObjects
from ..characters.overrides import make_editable
from ..characters.rest_values import read_values, restore_values
from ..characters.sliders import restore_sliders, widen_sliders
from ..files.take_storage import store_take
from ..layer_tracks.tracks import pushed_kinds, remove_layers
from ..layer_tracks.whole_stacks import LayersGone, whole_stack
from ..layer_tracks.writing import plan_layers
from ..limits import name_bytes
from ..reduction.reducing import note_reduction, reduce_targets, with_reduction
from ..writing.drafts import remember_contacts
from ..writing.edited_slots import clear_slots, take_slots, write_in_slot
from ..writing.hand_edits import Carried, carry_edits
from ..writing.kept_stacks import keep_stack
from ..writing.layering import (
    add_face_strip,
    animated_paths,
    check_free,
    lay_on_top,
    pass_on,
    take_off,
)
from ..writing.preparing import AS_USUAL, ApplyOptions, Prepared, prepare_take
from ..writing.records import KEY, SCHEMA, Performance, find_performance, idle_action, performances
from ..writing.targets import make_targets
from ..writing.written import Written, store_written
from .apply_report import report_apply, with_hand_edits
from .rewriting import SPAN, rewrite


def apply_take(
    scene: bpy.types.Scene,
    picked: CharacterObjects,
    take: Take,
    rig_map: RigMap,
    options: ApplyOptions = AS_USUAL,
    contacts: FaceContacts | None = None,
) -> Report:
    """Put a take on a character, in one call; parameters and errors as `apply_job`."""
    return run_job(apply_job(scene, picked, take, rig_map, options, contacts))


def apply_job(
    scene: bpy.types.Scene,
    picked: CharacterObjects,
    take: Take,
    rig_map: RigMap,
    options: ApplyOptions = AS_USUAL,
    contacts: FaceContacts | None = None,
) -> Job[Report]:
    """Put a take on a character: `prepare_take`, then `write_take`; parameters and errors as these.

    Applying the same take again replaces our own Action; another take takes the place of the one
    that played, whose Action is kept in the file. What the character played before goes on below,
    untouched.
    """
    prepared = yield from prepare_take(scene, picked, take, rig_map, options, contacts)
    yield Progress(0.9, "Writing keys")
    return write_take(prepared)


def write_take(prepared: Prepared) -> Report:
    """Write what was prepared, all or nothing.

    What was changed by hand on the curves that are replaced is kept as ``options.hand_edits`` says.

    Raises
    ------
    FacemocapError
        When something is linked or otherwise not to be changed; nothing is written then.
    """
    prepared = _with_layers_of_before(prepared)
    options, frames = prepared.options, prepared.frames
    solved = prepared.kept.solved
    picked = make_editable(
        prepared.scene, prepared.picked, solved.controls, agreed=options.override
    )
    targets = make_targets(
        picked,
        solved,
        frames,
        drop_unknown=options.on_capture_times,
        head_bones=prepared.body
        | frozenset(c.name for c in _bones_of(picked) if is_head_bone(c.name)),
    )
    present = find_performance(picked)
    for datablock in [*(t.datablock for t in targets), *(present.datablocks if present else ())]:
        check_free(datablock)
    digest = prepared.take.digest
    same = present is not None and present.take_digest == digest
    action = present.action if present is not None and same else idle_action(picked, digest)
    prepared = replace(prepared, picked=picked)
    few = reduce_targets(prepared, targets, action)
    carried, waiting, told = carry_edits(action, few.targets, options.hand_edits, few.beneath)
    layers = plan_layers(prepared, targets, present, same=same)
    keys = rewrite(prepared, present, carried, waiting) if present is not None and same else None
    if keys is None:
        layers.lift()
        keys = _write(prepared, action, carried, waiting)
    layers.lay(prepared, find_performance(picked))
    note_reduction(prepared, few)
    curves = sum(len(each.target.curves) for each in carried)
    report = report_apply(
        picked, prepared.take, prepared.rig_map, prepared.kept, keys, curves, raw=options.raw
    )
    report = replace(report, warnings=(*prepared.notes, *layers.told(), *report.warnings))
    report = with_reduction(report, few)
    return with_hand_edits(report, told, options.hand_edits)


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
    kinds = pushed_kinds(performance)
    remove_layers(performance)
    LayersGone.tell(performance, kinds)
    _take_off(scene, performance)
    bpy.data.actions.remove(performance.action)
    return Report(summary=f'Removed "{name}" from {picked.name}')


def _with_layers_of_before(prepared: Prepared) -> Prepared:
    """Another take takes the place of one with layers on tracks: they are steps of its stack."""
    present = find_performance(prepared.picked)
    if present is None or present.take_digest == prepared.take.digest:
        return prepared
    options = prepared.options
    stack = whole_stack(present, options.stack)
    if stack == options.stack:
        return prepared
    options = replace(options, stack=stack)
    given = prepared.contacts
    take, rig_map = prepared.take, prepared.rig_map
    return run_job(prepare_take(prepared.scene, prepared.picked, take, rig_map, options, given))


def _write(
    prepared: Prepared,
    action: bpy.types.Action | None,
    carried: list[Carried],
    waiting: list[Written],
) -> int:
    """Everything that changes the file; the number of keys."""
    scene, take, picked = prepared.scene, prepared.take, prepared.picked
    rig_map, options = prepared.rig_map, prepared.options
    span = (float(prepared.frames[0]), float(prepared.frames[-1]))
    present = find_performance(picked)
    if present is not None:
        _take_off(scene, present)
        if present.action != action:
            present.action[KEY]["active"] = 0
            present.action.use_fake_user = True
    if action is None:
        taken = {other.name for other in bpy.data.actions}
        action = bpy.data.actions.new(
            unique_name(f"{picked.name} {take.label}", name_bytes(), taken)
        )
    action.use_fake_user = False
    clear_slots(action, carried)
    record: dict[str, Any] = {
        "schema": SCHEMA,
        "active": 1,
        "character": picked.name,
        "meshes": [{"object": mesh} for mesh in picked.meshes],
        "take": store_take(take),
        "take_digest": take.digest,
        "rig_map": json.dumps(rig_map.to_json(), ensure_ascii=False),
        "start_frame": float(options.start_frame),
        SPAN: list(span),
        "targets": [],
    }
    if picked.armature is not None:
        record["armature"] = picked.armature
    keys = 0
    for each in carried:
        keys += _write_target(action, each, options, span, record["targets"])
    record.update(_set_range(scene, options, span))
    keep_stack(record, prepared)
    record["sliders"] = widen_sliders(picked, prepared.kept.beyond)
    store_written(record, [*(each.written for each in carried), *waiting])
    action[KEY] = record
    remember_contacts(action, prepared)
    return keys


def _write_target(
    action: bpy.types.Action,
    carried: Carried,
    options: ApplyOptions,
    span: tuple[float, float],
    records: list[dict[str, Any]],
) -> int:
    """Curves of one datablock into slots of their own, assigned over what was there."""
    target = carried.target
    datablock = target.datablock
    face = [curve for curve in target.curves if curve.path not in target.head_paths]
    head = [curve for curve in target.curves if curve.path in target.head_paths]
    before = animated_paths(datablock, action)
    values = read_values(datablock, [curve.path for curve in target.curves])
    # only a body that moves both face and head makes two ways of blending necessary
    apart = bool(
        face
        and head
        and options.face_layer != options.head_layer
        and before & {curve.path for curve in face}
    )
    slot, face_slot = take_slots(action, carried, apart=apart)
    # where nothing turned the head before, combining would only round small turns away
    turned = before & {curve.path for curve in head}
    blend = options.head_layer if turned else options.face_layer
    record = lay_on_top(datablock, action, slot, blend, span)
    keys = write_in_slot(action, slot, carried, head if apart else target.curves)
    if face_slot is not None:
        keys += write_in_slot(action, face_slot, carried, face)
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


def _set_range(
    scene: bpy.types.Scene, options: ApplyOptions, span: tuple[float, float]
) -> dict[str, list[int]]:
    """Set the scene's range to the take; what the record needs to undo that."""
    if not options.set_scene_range:
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
