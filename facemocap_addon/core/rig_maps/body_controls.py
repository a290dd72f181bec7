# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a character's body breathes: chest, belly, collar bones and neck, or shapes named so.

The spine is found by where it is, not by its names: the bones that carry the neck, down to the
hips. Amounts are defaults of taste; no figures are published for bones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..arrays import FloatArray
from ..controls import SHAPE_KEY, Control, ControlKey
from .bone_roles import Bone, cast_roles, gather_bones
from .rig_map import RigMap, RigMapEntry, Source
from .side_names import name_words, split_side

CHEST, ABDOMEN, CLAVICLE, NECK = "breathChest", "breathAbdomen", "breathClavicle", "breathNeck"
#: Channels that a body breathes by, -1 to 1 (`layers.breathing`).
BODY_CHANNELS = (CHEST, ABDOMEN, CLAVICLE, NECK)
#: Radians at 1, the deepest breath in: chest and belly lean back, collar bones rise.
_CHEST_RAD, _ABDOMEN_RAD, _CLAVICLE_RAD = (math.radians(each) for each in (4.0, 1.5, 6.0))
#: The neck leans on: muscles between neck and collar bones pull.
_NECK_RAD = math.radians(1.0)
#: A shape of breath is half way at 0, and goes by this at 1, as far as it goes.
_SHAPE_GAIN, _SHAPE_REST = 2.0, 0.25
#: Where the spine ends: bones that carry legs too, or all of it.
_BELOW_SPINE = frozenset(
    "root hip hips pelvis torso cog master waist center centre armature".split()
)
_COLLARS = ("clavicle", "collar", "collarbone", "shoulder")
_BREATHS = frozenset("breath breathe breathing inhale".split())
_BELLY = frozenset("belly abdomen stomach abdominal".split())
_NOT_BODY = frozenset("nose nostril nostrils mouth lip lips".split())


@dataclass(frozen=True, slots=True)
class BreathingBody:
    """Bones that breathe.

    Attributes
    ----------
    chest, abdomen : Bone or None
    clavicles : mapping of str to Bone
        By side.
    neck : Bone or None
        What holds the head level as the spine leans.
    levels : bool
        The neck leans with the spine, nothing holds it upright but itself.
    """

    chest: Bone | None
    abdomen: Bone | None
    clavicles: Mapping[str, Bone]
    neck: Bone | None
    levels: bool

    @property
    def names(self) -> frozenset[str]:
        """Names of all of them."""
        bones = (self.chest, self.abdomen, self.neck, *self.clavicles.values())
        return frozenset(bone.name for bone in bones if bone is not None)


def find_body(controls: Sequence[Control]) -> BreathingBody:
    """The bones of a character that breathe, as far as they are free to be keyed."""
    bones = gather_bones(controls)
    free = {name for name, bone in bones.items() if _is_free(bone)}
    head = next(iter(cast_roles({n: bones[n] for n in free}).get(("head", "C"), ())), None)
    above = _ancestors(head, bones) if head else []
    necks = [bone for bone in above if "neck" in split_side(bone.name)[0].split(" ")]
    neck = next((bone for bone in reversed(necks) if bone.name in free), None)
    spine: list[Bone] = []
    for bone in above:
        words = set(split_side(bone.name)[0].split(" "))
        if words & _BELOW_SPINE or bone.parent not in bones:
            break
        if bone not in necks and bone.name in free:
            spine.append(bone)
    chest = spine[0] if spine else None
    abdomen = spine[len(spine) // 2] if len(spine) > 1 else None
    carrier = neck or head
    between = _ancestors(carrier, bones) if carrier else []
    if chest in between:
        between = between[: between.index(chest)]
    return BreathingBody(
        chest,
        abdomen,
        _clavicles(bones, free, [*necks, *spine]),
        carrier if chest is not None else None,
        all(bone.name in free for bone in between),
    )


def with_body(rig_map: RigMap, controls: Sequence[Control]) -> RigMap:
    """A map that also says what the channels of `BODY_CHANNELS` move.

    One that names any of them already is as its author wants it.
    """
    if any(source.channel in BODY_CHANNELS for e in rig_map.entries for source in e.sources):
        return rig_map
    free = {control.key: control for control in controls if not control.driven_by}
    gains = _bone_gains(find_body(controls))
    entries: list[RigMapEntry] = []
    for entry in rig_map.entries:
        own = gains.pop(entry.control, {})
        more = tuple(Source(channel, gain) for channel, gain in own.items())
        entries.append(replace(entry, sources=(*entry.sources, *more)) if more else entry)
    for key, parts in gains.items():
        sources = tuple(Source(channel, gain) for channel, gain in parts.items())
        entries.append(RigMapEntry(key, sources, limits=free[key].range, confidence=0.8))
    taken = {entry.control for entry in entries}
    for control in free.values():
        channel = _shape_channel(control)
        if channel and control.key not in taken:
            low, high = control.range
            source = Source(channel, _SHAPE_GAIN * (high - low))
            rest = low + _SHAPE_REST * (high - low)
            entries.append(RigMapEntry(control.key, (source,), rest, control.range, 0.8))
    return replace(rig_map, entries=tuple(entries))


def _bone_gains(body: BreathingBody) -> dict[ControlKey, dict[str, float]]:
    """What each channel turns each control by."""
    gains: dict[ControlKey, dict[str, float]] = {}
    back = np.array([-1.0, 0.0, 0.0])
    leaning = ((body.chest, CHEST, _CHEST_RAD), (body.abdomen, ABDOMEN, _ABDOMEN_RAD))
    for bone, channel, amount in leaning:
        if bone is not None:
            _turn(gains, bone, channel, amount * back)
            if body.neck is not None and body.levels:
                _turn(gains, body.neck, channel, -amount * back)
    if body.neck is not None:
        _turn(gains, body.neck, NECK, -_NECK_RAD * back)
    for side, bone in body.clavicles.items():
        out = 1.0 if side == "L" else -1.0
        _turn(gains, bone, CLAVICLE, np.array([0.0, 0.0, out * _CLAVICLE_RAD]))
    return gains


def _turn(
    gains: dict[ControlKey, dict[str, float]], bone: Bone, channel: str, vector: FloatArray
) -> None:
    """Share a turn in the character's frame out over a bone's own axes."""
    for control in bone.turn.values():
        x, y, z = control.axis or (0.0, 0.0, 0.0)
        gain = round(float(x * vector[0] + y * vector[1] + z * vector[2]), 6)
        if abs(gain) > 2e-5:
            parts = gains.setdefault(control.key, {})
            parts[channel] = parts.get(channel, 0.0) + gain


def _is_free(bone: Bone) -> bool:
    """Whether nothing but keys turns a bone."""
    turns = bone.turn.values()
    return len(bone.turn) == 3 and not any(c.driven_by or c.constrained for c in turns)


def _ancestors(bone: Bone, bones: Mapping[str, Bone]) -> list[Bone]:
    """Bones above one, the nearest first."""
    out: list[Bone] = []
    at = bones.get(bone.parent)
    while at is not None and at not in out:
        out.append(at)
        at = bones.get(at.parent)
    return out


def _clavicles(
    bones: Mapping[str, Bone], free: set[str], carriers: Sequence[Bone]
) -> dict[str, Bone]:
    """Collar bones by side: those that hang on spine or neck."""
    on = {bone.name for bone in carriers}
    found: dict[str, tuple[int, Bone]] = {}
    for bone in bones.values():
        words, side = split_side(bone.name)
        rank = next((n for n, name in enumerate(_COLLARS) if name in words.split(" ")), None)
        if side == "C" or rank is None or bone.name not in free:
            continue
        parents = _ancestors(bone, bones)
        if not any(parent.name in on for parent in parents):
            continue
        # a shoulder below a collar bone is the arm's
        if any(set(split_side(p.name)[0].split(" ")) & set(_COLLARS) for p in parents):
            continue
        if side not in found or rank < found[side][0]:
            found[side] = (rank, bone)
    return {side: bone for side, (_, bone) in found.items()}


def _shape_channel(control: Control) -> str:
    """The channel of a shape key that is named after breath; empty for others."""
    words = set(name_words(control.name))
    if control.kind != SHAPE_KEY or not words & _BREATHS or words & _NOT_BODY:
        return ""
    return ABDOMEN if words & _BELLY else CHEST
