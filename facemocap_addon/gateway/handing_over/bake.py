# SPDX-License-Identifier: GPL-3.0-or-later
"""Bake down: a performance becomes plain keys of ordinary Actions, one for each datablock.

Afterwards nothing of the program is left on the character: stack, layers, strips of ours and hand
edits are in the keys, and what was laid below goes on playing below, or is merged as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import bpy
import numpy as np

from ...core.curves import Curve
from ...core.errors import FacemocapError
from ...core.names import unique_name
from ...core.report import Report
from ..applying.rewriting import SPAN
from ..characters.characters import CharacterObjects
from ..layer_tracks.tracks import LAYER, layer_actions, layer_strips, pushed_kinds
from ..layer_tracks.whole_stacks import LayersGone
from ..limits import name_bytes
from ..takes.rerunning import rerun
from ..writing.kept_stacks import check_stack_plays, is_draft
from ..writing.keys import find_channelbag, slot_channelbag, write_curves
from ..writing.layering import check_free
from ..writing.records import KEY, Performance, find_performance, is_ours, performances
from .played_values import Place, played_curves

_MOST_FRAMES = 200_000


@dataclass(frozen=True)
class BakeOptions:
    """How a performance is baked down.

    Attributes
    ----------
    keys : str
        KEEP: keys stay as they are where these keys alone are what plays. FRAMES: a key on every
        frame.
    below : str
        What played before and lies below. KEEP: it goes on playing below. MERGE: what it does is
        keyed too, on every frame, and its tracks are taken away; its Actions stay in the file.
    frames : (int, int) or None
        First and last frame of what is keyed anew; without, all that the scene, the take and what
        is merged reach.
    """

    keys: Literal["KEEP", "FRAMES"] = "KEEP"
    below: Literal["KEEP", "MERGE"] = "KEEP"
    frames: tuple[int, int] | None = None


@dataclass
class _Lying:
    """How our Action lies on one datablock.

    ``source`` and ``slot`` are the Action and slot of ours that the new Action is made of, ``kept``
    are places whose keys stay, ``anew`` those that are keyed on frames, ``gone`` are tracks that
    are merged; ``baked`` says whether there is anything of these.
    """

    datablock: Any
    source: bpy.types.Action
    slot: bpy.types.ActionSlot
    kept: set[Place]
    anew: list[Place]
    gone: list[bpy.types.NlaTrack]
    baked: bool


def bake_down(
    scene: bpy.types.Scene,
    picked: CharacterObjects,
    options: BakeOptions = BakeOptions(),
) -> Report:
    """Turn the performance of a character into plain keys; the face moves as it did.

    Parameters
    ----------
    scene : Scene
    picked : CharacterObjects
        A character on which a take plays.
    options : BakeOptions

    Raises
    ------
    FacemocapError
        When no take plays there, the raw one is shown, another one lies over it, a strip is being
        edited, or something of it is disabled in viewports; nothing is changed then.
    """
    performance = _checked(picked, options)
    if is_draft(performance):
        rerun(scene, picked)
        performance = _checked(picked, options)
    action = performance.action
    layers, kinds = layer_actions(performance), pushed_kinds(performance)
    ours = [action, *layers.values()]
    strips = [strip for kind in layers for strip in layer_strips(performance, kind)]
    datablocks = dict.fromkeys([*performance.datablocks, *(strip.id_data for strip in strips)])
    lying = [
        found for datablock in datablocks if (found := _lying(datablock, ours, options)) is not None
    ]
    if not lying:
        raise FacemocapError(
            f'"{action.name}" no longer plays on "{picked.name}"', "Apply the take again"
        )
    frames = np.zeros(0)
    curves: dict[bpy.types.ID, list[Curve]] = {}
    if any(each.anew for each in lying):
        frames = _frames(scene, performance, lying, options)
        places = {each.datablock: each.anew for each in lying if each.anew}
        curves = played_curves(picked, scene, places, frames)
    # from here on nothing fails
    counts = {"actions": 0, "curves": 0, "keys": 0, "baked_curves": 0}
    names: list[str] = []
    for each in lying:
        name = action.name if len(lying) == 1 else f"{action.name} {_label(each, picked)}"
        new = _make_action(name, each, curves.get(each.datablock, []))
        _assign(each, new, ours)
        names.append(new.name)
        bag = find_channelbag(new, each.datablock.animation_data.action_slot)
        counts["actions"] += 1
        for fcurve in bag.fcurves if bag is not None else ():
            counts["curves"] += 1
            counts["keys"] += len(fcurve.keyframe_points)
        counts["baked_curves"] += len(curves.get(each.datablock, []))
    LayersGone.tell(performance, kinds)
    _let_go(ours, names)
    return Report(
        summary=f'"{picked.name}" plays by {_plain_keys(counts)}',
        counts=counts,
        measures={"frames": [int(frames[0]), int(frames[-1])]} if len(frames) else {},
    )


def _plain_keys(counts: dict[str, int]) -> str:
    actions = "an ordinary Action" if counts["actions"] == 1 else f"{counts['actions']} Actions"
    return f"plain keys now: {counts['keys']} in {actions}"


def _checked(picked: CharacterObjects, options: BakeOptions) -> Performance:
    """The performance, when it can be baked down."""
    performance = find_performance(picked)
    if performance is None:
        raise FacemocapError(
            f'No take of Face Mocap plays on "{picked.name}"', "Choose a character that has one"
        )
    check_stack_plays(performance)
    for datablock in performance.datablocks:
        check_free(datablock)
        if not datablock.is_editable:
            raise FacemocapError(
                f'"{datablock.name}" is linked from another file', "Bake down in that file"
            )
    for other in performances():
        for item in other.targets:
            if other.action == performance.action:
                continue
            if item.get("action") == performance.action:
                raise FacemocapError(
                    f'"{other.action.name}" lies over "{performance.action.name}"',
                    f'Bake down "{other.character_name}" first',
                )
    below = [item.get("action") for item in performance.targets]
    if options.below == "MERGE" and any(is_ours(action) for action in below):
        raise FacemocapError(
            "Another take of Face Mocap lies below on the same mesh",
            "Keep what lies below, or bake that one down as well",
        )
    return performance


# --- how it lies ---------------------------------------------------------------------------------


def _lying(datablock: Any, ours: Sequence[bpy.types.Action], options: BakeOptions) -> _Lying | None:
    """How ours (the performance's own Action, then its layers) lie there; None where none plays."""
    data = datablock.animation_data
    if data is None:
        return None
    tracks = list(data.nla_tracks)
    playing = [track for track in tracks if data.use_nla and _plays(track, tracks)]
    with_ours = [t for t in tracks if any(strip.action in ours for strip in t.strips)]
    source = data.action if data.action in ours else None
    slot = data.action_slot if source is not None else None
    if slot is None:
        found = [strip for t in with_ours for strip in t.strips if strip.action in ours]
        # the performance's own before its layers
        found.sort(key=lambda strip: ours.index(strip.action))
        source, slot = (found[0].action, found[0].action_slot) if found else (None, None)
    if source is None or slot is None:
        return None
    over = [t for t in playing if with_ours and tracks.index(t) >= tracks.index(with_ours[0])]
    alone = (
        data.action == source
        and not with_ours
        and data.action_influence == 1.0
        and (data.action_blend_type == "REPLACE" or not playing)
    )
    merged = playing if options.below == "MERGE" else over
    own = _places(source, slot)
    anew: dict[Place, None] = {}
    for strip in (strip for track in merged for strip in track.strips):
        anew.update(dict.fromkeys(_places(strip.action, strip.action_slot)))
    if data.action is not None and not alone:
        anew.update(dict.fromkeys(_places(data.action, data.action_slot)))
    kept = set(own) if alone and options.keys == "KEEP" else set[Place]()
    if not kept:
        anew.update(dict.fromkeys(own))
    fresh = [place for place in anew if place not in kept]
    return _Lying(
        datablock, source, slot, kept, fresh, [*dict.fromkeys([*merged, *with_ours])], bool(fresh)
    )


def _plays(track: bpy.types.NlaTrack, tracks: Sequence[bpy.types.NlaTrack]) -> bool:
    """Whether a track has a say."""
    solo = [each for each in tracks if each.is_solo]
    return track in solo if solo else not track.mute and any(not s.mute for s in track.strips)


def _places(action: bpy.types.Action | None, slot: bpy.types.ActionSlot | None) -> list[Place]:
    """What an Action moves: curves that have keys or modifiers and are not muted."""
    bag = find_channelbag(action, slot) if action is not None else None
    return [
        (fcurve.data_path, fcurve.array_index)
        for fcurve in (bag.fcurves if bag is not None else ())
        if not fcurve.mute and (len(fcurve.keyframe_points) or len(fcurve.modifiers))
    ]


def _frames(
    scene: bpy.types.Scene, performance: Performance, lying: list[_Lying], options: BakeOptions
) -> np.ndarray:
    """Frames ``(n,)`` on which keys are made."""
    if options.frames is not None:
        first, last = options.frames
    else:
        spans = list(_spans(scene, performance, lying))
        first = int(np.floor(min(low for low, _ in spans) + 1e-4))
        last = int(np.ceil(max(high for _, high in spans) - 1e-4))
    if not 0 <= last - first < _MOST_FRAMES:
        raise FacemocapError(
            f"The frames {first} to {last} cannot be keyed one by one", "Give a range of frames"
        )
    return np.arange(first, last + 1, dtype=np.float64)


def _spans(
    scene: bpy.types.Scene, performance: Performance, lying: list[_Lying]
) -> Iterator[tuple[float, float]]:
    """What the scene, the take and all that plays with it reach."""
    yield scene.frame_start, scene.frame_end
    low, high = (float(frame) for frame in performance.action[KEY][SPAN])
    yield low, high
    laid = {str(item.get("track", "")) for item in performance.targets}
    for each in lying:
        data = each.datablock.animation_data
        if not each.baked:
            continue
        if data.action is not None:
            yield _reach(data.action)
        for track in data.nla_tracks:
            for strip in track.strips:
                # the strip that we laid below may reach far beyond its keys
                low, high = strip.frame_start, strip.frame_end
                yield _reach(strip.action) if track.name in laid else (low, high)


def _reach(action: bpy.types.Action) -> tuple[float, float]:
    """First and last frame that have keys."""
    low, high = (float(frame) for frame in action.curve_frame_range)
    return low, high


# --- writing -------------------------------------------------------------------------------------


def _make_action(name: str, each: _Lying, curves: list[Curve]) -> bpy.types.Action:
    """An ordinary Action for one datablock: a copy of ours with what else it needs."""
    new: Any = each.source.copy()
    for record in (KEY, LAYER):
        if record in new:
            del new[record]
    new.use_fake_user = False
    for slot in list(new.slots):
        if slot.handle != each.slot.handle:
            new.slots.remove(slot)
    new.name = unique_name(name, name_bytes(), {a.name for a in bpy.data.actions if a != new})
    if each.baked:
        bag = slot_channelbag(new, new.slots[0])
        made = {(curve.path, curve.index) for curve in curves}
        leave: set[Place] = set()
        for fcurve in list(bag.fcurves):
            place = (fcurve.data_path, fcurve.array_index)
            if place in made:
                # what is keyed anew says all: modifiers of the old curve are in it
                bag.fcurves.remove(fcurve)
            elif each.kept:
                leave.add(place)
        write_curves(bag, curves, leave)
    return new


def _label(each: _Lying, picked: CharacterObjects) -> str:
    """What a datablock's Action is called after: of shape keys, the object that has them."""
    for mesh in picked.meshes:
        if mesh.data.shape_keys == each.datablock:
            return mesh.name
    return str(each.datablock.name)


def _assign(each: _Lying, new: bpy.types.Action, ours: Sequence[bpy.types.Action]) -> None:
    """Let the new Action play; tracks that are merged go, those below keep what they do."""
    data = each.datablock.animation_data
    settings = data.action_blend_type, data.action_extrapolation, data.action_influence
    if each.baked:
        settings = "REPLACE", "HOLD", 1.0
    for track in each.gone:
        for strip in track.strips:
            if strip.action is not None and strip.action not in ours:
                strip.action.use_fake_user = True
        data.nla_tracks.remove(track)
    former = data.action
    if former is not None and former not in ours:
        former.use_fake_user = True
    data.action = new
    data.action_slot = new.slots[0]
    data.action_blend_type, data.action_extrapolation, data.action_influence = settings
    for track in data.nla_tracks:
        if track.name.startswith("Below Face Mocap: "):
            track.name = track.name.removeprefix("Below Face Mocap: ")


def _let_go(ours: Sequence[bpy.types.Action], made: Sequence[str]) -> None:
    """Our Actions go, unless the animator uses one elsewhere; then it is an ordinary one."""
    for action in ours:
        for record in (KEY, LAYER):
            if record in action:
                del action[record]
    for action in ours:
        if action.users > int(action.use_fake_user):
            continue
        name, is_own = action.name, action == ours[0]
        bpy.data.actions.remove(action)
        if len(made) == 1 and is_own:
            bpy.data.actions[made[0]].name = name
