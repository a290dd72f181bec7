# SPDX-License-Identifier: GPL-3.0-or-later
"""One F-curve beside the take: what Blender evaluates against what the rig map asks for.

The expected values are computed here from the take's samples with nothing but `numpy.interp`, and
a bone's rotation is read back through Blender's own conversions. Frames in which the lips are to
touch are left out: there they go as far as they have to on the character.
"""

from __future__ import annotations

import math
from typing import Any

import bpy
import numpy as np
from mathutils import Euler, Quaternion

from facemocap_addon.core.arrays import FloatArray, IntArray
from facemocap_addon.core.contacts.captured import lip_seal
from facemocap_addon.core.controls import BONE, SHAPE_KEY, ControlKey
from facemocap_addon.core.rig_maps.rig_map import RigMap, RigMapEntry
from facemocap_addon.core.take import Take
from facemocap_addon.gateway.characters.characters import CharacterObjects
from facemocap_addon.gateway.scenes import scene_clock
from facemocap_addon.gateway.writing.keys import slot_channelbag
from facemocap_addon.gateway.writing.records import Performance

from .outcome import Proof

#: The channel that the proof is about, the first that drives something with the largest gain.
_CHANNELS = ("jawOpen", "mouthSmileLeft")


def prove_one_curve(
    scene: bpy.types.Scene,
    picked: CharacterObjects,
    take: Take,
    rig_map: RigMap,
    performance: Performance,
) -> Proof | None:
    """The proof for the control that opens the jaw, or None when nothing suits."""
    entry = _choose(rig_map)
    if entry is None:
        return None
    clock = scene_clock(scene)
    frames = np.arange(scene.frame_start, scene.frame_end + 1, dtype=np.float64)
    values = _evaluate(picked, performance, entry.control, frames)
    if values is None:
        return None
    times = clock.seconds(frames, performance.start_frame)
    samples = take.times - take.times[0]
    expected = _expect(take, entry, np.minimum(times, samples[-1]))
    known = np.ones(take.samples, np.bool_)
    for source in entry.sources:
        known &= take.valid[:, take.column(source.channel)]
    angle = entry.control.kind == BONE
    return Proof(
        control=_name(entry.control),
        formula=_formula(entry),
        unit="degrees" if angle else "",
        scale=180.0 / math.pi if angle else 1.0,
        frame_times=times.tolist(),
        frame_values=values.tolist(),
        sample_times=samples.tolist(),
        sample_values=_expect(take, entry, samples).tolist(),
        sample_known=known.tolist(),
        largest_difference=float(np.abs(values - expected)[_apart(take, times)].max()),
    )


def _apart(take: Take, times: FloatArray) -> IntArray:
    """Frames in which nothing brings the lips together."""
    return np.flatnonzero(lip_seal(take, take.times[0] + times) == 0.0)


def _choose(rig_map: RigMap) -> RigMapEntry | None:
    # controls that are fitted together, or take a part of another channel, are no plain sums
    fitted = {control for fit in rig_map.fits for target in fit.targets for control in target}
    sums = [
        entry
        for entry in rig_map.entries
        if entry.control not in fitted and not any(source.over for source in entry.sources)
    ]
    for channel in _CHANNELS:
        best: tuple[float, RigMapEntry] | None = None
        for entry in sums:
            gain = max((s.gain for s in entry.sources if s.channel == channel), default=0.0)
            total = sum(abs(source.gain) for source in entry.sources)
            if gain > 0.25 * total and (best is None or gain / total > best[0] + 1e-9):
                best = gain / total, entry
        if best is not None:
            return best[1]
    return None


def _expect(take: Take, entry: RigMapEntry, times: FloatArray) -> FloatArray:
    samples = take.times - take.times[0]
    values = np.full(len(times), entry.offset)
    for source in entry.sources:
        column = take.column(source.channel)
        valid = take.valid[:, column]
        channel = take.values[valid, column].astype(np.float64)
        values += source.gain * np.interp(times, samples[valid], channel)
    return np.clip(values, *entry.limits)


def _evaluate(
    picked: CharacterObjects, performance: Performance, control: ControlKey, frames: FloatArray
) -> FloatArray | None:
    """The control's animated value at whole frames; a bone's as part of its rotation vector."""
    owner: Any = next((obj for obj in picked.objects if obj.name == control.owner), None)
    if owner is None:
        return None
    datablock = owner.data.shape_keys if control.kind == SHAPE_KEY else owner
    animation = datablock.animation_data
    if animation is None or animation.action != performance.action:
        return None
    curves = slot_channelbag(performance.action, animation.action_slot).fcurves
    if control.kind != BONE:
        curve = curves.find(control.path)
        return None if curve is None else np.array([curve.evaluate(frame) for frame in frames])
    bone: Any = owner.path_resolve(control.path.rpartition(".")[0])
    quaternion = bone.rotation_mode == "QUATERNION"
    path = bone.path_from_id("rotation_quaternion" if quaternion else "rotation_euler")
    parts: list[Any] = [curves.find(path, index=index) for index in range(4 if quaternion else 3)]
    if not control.path.endswith(".rotation") or any(part is None for part in parts):
        return None
    values: list[float] = []
    for frame in frames:
        numbers = [part.evaluate(frame) for part in parts]
        turn = (
            Quaternion(numbers)
            if quaternion
            else Euler(numbers, bone.rotation_mode).to_quaternion()
        )
        values.append(turn.to_exponential_map()[control.index])
    return np.array(values)


def _name(control: ControlKey) -> str:
    """What an animator would call the control."""
    inside = control.path.partition('["')[2].partition('"]')[0]
    if control.kind == BONE:
        return f"{inside} bone, rotation {'XYZ'[control.index]}"
    return f"{inside} on {control.owner}"


def _formula(entry: RigMapEntry) -> str:
    """The entry's sum as a person would write it."""
    terms = ""
    for source in entry.sources:
        gain = "" if abs(source.gain) == 1.0 else f"{abs(source.gain):.3g} × "
        sign = (" − " if source.gain < 0 else " + ") if terms else ("−" if source.gain < 0 else "")
        terms += f"{sign}{gain}{source.channel}"
    return terms + (f" + {entry.offset:.3g}" if entry.offset else "")
