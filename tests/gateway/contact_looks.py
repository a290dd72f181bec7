# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes put on real characters as the command line does it, and the gaps that are seen then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from captured_moments import Moment, Recording, moments_on
from visible_gaps import VisibleGaps

from facemocap_addon.core.contacts.face_contacts import FaceContacts, contacts_from_json
from facemocap_addon.core.progress import run_job
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.report import Report
from facemocap_addon.core.rig_maps.matching import match
from facemocap_addon.core.rig_maps.rig_map import RigMap
from facemocap_addon.core.rig_maps.working_map import with_measurement
from facemocap_addon.core.take import Take
from facemocap_addon.gateway.applying.performance import ApplyOptions, apply_take, remove_take
from facemocap_addon.gateway.characters.characters import (
    CharacterObjects,
    find_characters,
    read_character,
)
from facemocap_addon.gateway.files.rig_files import open_rig
from facemocap_addon.gateway.measuring.measuring import ensure_measured

#: Characters with lids: made with the project, and real ones below the shared folder.
SAMPLES = {
    name: f"sample_rigs/{name}.blend"
    for name in ("arkit_head", "bone_face", "toon", "facs_controls")
}
SHARED = {
    "makehuman_face_female": "rigs/makehuman/makehuman_face_female.blend",
    "ict_facekit": "rigs/ict_facekit/ict_facekit.blend",
    "conv_cc4_extended": "rigs/conventions/conv_cc4_extended.blend",
    "conv_mmd": "rigs/conventions/conv_mmd.blend",
    "conv_unified_expressions": "rigs/conventions/conv_unified_expressions.blend",
    "makehuman_vrm1_test": "rigs/makehuman/makehuman_vrm1_test.vrm",
    "rocketbox": "rigs/rocketbox/Male_Adult_04.fbx",
    "cristine": "rigs/sumerian_cristine/cristine.gltf",
}
#: These take long to measure.
SLOW = {
    "rigify_super_face": "rigs/makehuman_rigify/makehuman_rigify_super_face.blend",
    "rigify_skin_face": "rigs/makehuman_rigify/makehuman_rigify_skin_face.blend",
}
#: Real takes below the shared folder.
TAKES = {
    "slate": "takes/livelinkface/JMTechArt_MySlate_3_iPhone.csv",
    "rom": "takes/livelinkface/alexdjulin_alex_rom_3.csv",
}

PLAIN = ApplyOptions()


@dataclass
class Actor:
    """A character that is open, measured and mapped; it stands at rest."""

    scene: bpy.types.Scene
    picked: CharacterObjects
    rig_map: RigMap
    contacts: FaceContacts | None
    gaps: VisibleGaps

    def play(self, take: Take, options: ApplyOptions = PLAIN) -> Report:
        """Put a take on it."""
        return apply_take(self.scene, self.picked, take, self.rig_map, options, self.contacts)

    def rest(self) -> None:
        """Take it off again."""
        remove_take(self.scene, self.picked)


@dataclass
class Seen:
    """Gaps in per cent, by what the take wants: ``shut``, ``half`` and ``lips``."""

    gaps: dict[str, list[float]] = field(
        default_factory=lambda: {"shut": [], "half": [], "lips": []}
    )

    def add(self, moment: Moment, gaps: VisibleGaps) -> None:
        """Look at the face as it stands."""
        if moment.kind == "lips":
            self.gaps["lips"].append(gaps.lip_gap())
        else:
            seen = gaps.lid_gaps()
            self.gaps[moment.kind] += [seen[side] for side in moment.sides]

    def cells(self) -> tuple[str, str, str]:
        """Worst gaps as they stand in a table."""
        shut, half, lips = (self.gaps[kind] for kind in ("shut", "half", "lips"))
        return (
            f"{max(shut):5.1f}" if shut else "    -",
            f"{min(half):4.1f} to {max(half):4.1f}" if half else "           -",
            f"{max(lips):5.2f}" if lips else "    -",
        )


def make_actor(scene: bpy.types.Scene, take: Take | None = None) -> Actor:
    """The only character of a scene, measured and mapped."""
    picked = find_characters(scene)[0]
    controls = read_character(picked, scene).controls
    measured = run_job(ensure_measured(picked, scene))
    rig_map = with_measurement(match(controls, take, picked.name), controls, measured)
    contacts = contacts_from_json(measured.contacts) if measured.contacts else None
    _lay_to_rest(scene)
    return Actor(scene, picked, rig_map, contacts, VisibleGaps(picked.meshes))


def open_actor(path: Path) -> Actor:
    """The character of a file; scripts may run."""
    return make_actor(open_rig(path, enable_scripts=True))


def look(
    actor: Actor,
    recording: Recording,
    most: int,
    *,
    at_samples: bool = False,
    part_s: tuple[float, float] | None = None,
) -> Seen:
    """Go to moments of a take that plays from frame 1 and see how far lids and lips are apart.

    On whole frames of the scene, or ``at_samples``; up to ``most`` moments of each kind. ``part_s``
    is the part of the take that was put on the character.
    """
    scene = actor.scene
    rate = scene.render.fps / scene.render.fps_base
    start, end = part_s or (0.0, float(recording.times[-1]))
    if at_samples:
        times = recording.times[(recording.times >= start) & (recording.times <= end)]
    else:
        times = start + np.arange(scene.frame_start, scene.frame_end + 1) / rate - 1.0 / rate

    def go(time_s: float) -> None:
        frame = 1.0 + (time_s - start) * rate
        whole = int(np.floor(frame + 1e-6))
        scene.frame_set(whole, subframe=max(frame - whole, 0.0))

    go(recording.widest_open(start, end))
    actor.gaps.find_mouth()
    seen = Seen()
    for moment in moments_on(recording, times, most):
        go(moment.time_s)
        seen.add(moment, actor.gaps)
    return seen


def read_both(shared: Path) -> Mapping[str, tuple[Take, Recording]]:
    """The real takes, as the program and as the oracle reads them."""
    return {
        name: (read_take(shared / path), Recording(shared / path)) for name, path in TAKES.items()
    }


def _lay_to_rest(scene: bpy.types.Scene) -> None:
    for obj in scene.objects:
        armature: Any = obj
        if armature.type != "ARMATURE":
            continue
        if armature.animation_data is not None:
            armature.animation_data.action = None
        for bone in armature.pose.bones:
            bone.matrix_basis.identity()
    bpy.context.view_layer.update()


def row(name: str, what: str, seen: Seen) -> str:
    """A row of the table: character, take and way, worst gaps."""
    return f"{name:26} {what:16}" + "".join(f"{cell:>18}" for cell in seen.cells())
