# SPDX-License-Identifier: GPL-3.0-or-later
"""A character with one of everything that a fingerprint reads, and a measurement of it."""

from __future__ import annotations

from typing import Any

import bpy
from small_scenes import SHAPES, add_property, body_action, drive, make_armature, make_face

from facemocap_addon.core.controls import BONE, SHAPE_KEY, ControlKey
from facemocap_addon.core.measured import Measured
from facemocap_addon.core.probing.result import ProbeResult
from facemocap_addon.core.probing.signatures import Signature
from facemocap_addon.core.progress import Job, Progress
from facemocap_addon.gateway.characters.characters import CharacterObjects, find_characters
from facemocap_addon.gateway.probing.fingerprint import take_fingerprint


def make_hero() -> None:
    """A body on an armature, teeth behind a lattice, an eyeball on a bone, drivers, constraints."""
    scene = bpy.context.scene
    rig = make_armature()
    face, teeth = make_face("face", SHAPES, rig), make_face("teeth", ["jawOpen"], rig)
    for mesh in (face, teeth):
        mesh.parent = rig
    teeth.location = (0.0, 0.002, -0.01)
    face.vertex_groups.new(name="jaw").add([0, 1], 0.25, "REPLACE")
    face.vertex_groups.new(name="mask").add([2, 3], 0.5, "REPLACE")
    face.data.shape_keys.key_blocks["mouthSmileLeft"].slider_min = -1.0
    _add_lattice(scene, teeth)
    _add_curve(scene, teeth)
    reach = rig.pose.bones["arm.R"].constraints.new("IK")
    reach.chain_count = 1
    played = rig.pose.bones["arm.L"].constraints.new("ACTION")
    played.action, played.frame_end = body_action(rig, "arms", assign=False), 40
    _add_eye(scene, rig)
    target = bpy.data.objects.new("eye target", None)
    scene.collection.objects.link(target)
    target.location = (0.03, -2.0, 1.6)
    track = rig.pose.bones["eye.L"].constraints.new("DAMPED_TRACK")
    track.target, track.track_axis = target, "TRACK_Y"
    copy = rig.pose.bones["eye.R"].constraints.new("COPY_ROTATION")
    copy.target, copy.subtarget, copy.influence = rig, "eye.L", 0.5
    path = add_property(rig.pose.bones["head"], "smile", 0.0, min=0.0, max=2.0)
    blocks = face.data.shape_keys.key_blocks
    drive(blocks["mouthSmileLeft"], "value", rig, f'pose.bones["head"]{path}', "v * 0.5")
    brow = drive(blocks["browInnerUp"], "value", rig, "", "v")
    variable = brow.driver.variables["v"]
    variable.type = "TRANSFORMS"
    variable.targets[0].bone_target = "jaw"
    variable.targets[0].transform_type = "ROT_X"
    drive(copy, "influence", rig, 'pose.bones["neck"].rotation_euler[0]')
    bpy.context.view_layer.update()


def _add_lattice(scene: Any, mesh: Any) -> None:
    lattice = bpy.data.objects.new("cage", bpy.data.lattices.new("cage"))
    scene.collection.objects.link(lattice)
    modifier = mesh.modifiers.new("Lattice", "LATTICE")
    modifier.object = lattice


def _add_curve(scene: Any, mesh: Any) -> None:
    data = bpy.data.curves.new("bow", "CURVE")
    data.splines.new("BEZIER").bezier_points.add(1)
    data.splines.new("POLY").points.add(3)
    # a curve of no length gives no numbers
    for number, point in enumerate(data.splines[0].bezier_points):
        point.co = (number - 0.5, 0.0, 0.0)
        point.handle_left, point.handle_right = (number - 0.8, 0, 0), (number - 0.2, 0, 0)
    for number, other in enumerate(data.splines[1].points):
        other.co = (number, 0.0, 0.0, 1.0)
    bow = bpy.data.objects.new("bow", data)
    scene.collection.objects.link(bow)
    mesh.modifiers.new("Curve", "CURVE").object = bow


def _add_eye(scene: Any, rig: Any) -> None:
    data = bpy.data.meshes.new("eyeball")
    data.from_pydata([(0, 0, 0), (0.01, 0, 0), (0, 0.01, 0)], [], [(0, 1, 2)])
    eye = bpy.data.objects.new("eyeball", data)
    scene.collection.objects.link(eye)
    eye.parent, eye.parent_type, eye.parent_bone = rig, "BONE", "head"
    # parented but not deformed: it needs a shape to be a mesh of the character at all
    eye.shape_key_add(name="Basis")
    eye.shape_key_add(name="pupilWide").data[1].co.x += 0.002
    eye.location = (0.03, -0.07, 0.0)


def rig() -> Any:
    return bpy.data.objects["rig"]


def face() -> Any:
    return bpy.data.objects["face"]


def bone(name: str) -> Any:
    return rig().pose.bones[name]


def shape(name: str) -> Any:
    return face().data.shape_keys.key_blocks[name]


def shape_driver(name: str) -> Any:
    curves = face().data.shape_keys.animation_data.drivers
    return next(c for c in curves if f'"{name}"' in c.data_path)


def picked_hero(scene: Any = None) -> CharacterObjects:
    """The first character of a scene, or of the present one."""
    return find_characters(scene or bpy.context.scene)[0]


def measured_hero(picked: CharacterObjects) -> Measured:
    """A measurement as measuring would make it, without the time that takes."""
    now = take_fingerprint(picked)
    keys = [
        ControlKey(SHAPE_KEY, mesh.name, 'key_blocks["jawOpen"].value') for mesh in picked.meshes
    ]
    if picked.armature is not None:
        keys.append(ControlKey(BONE, picked.armature.name, 'pose.bones["jaw"].rotation', 2))
    signatures = tuple(
        Signature(key, key.owner, 1, "jaw", "C", (0.0, -1.0, 0.0), 9.0, 3.0, 1.0, number)
        for number, key in enumerate(keys)
    )
    probe = ProbeResult(
        signatures, (), {}, (), (), (), (), 0.06, (0.0, -1.0, 0.0), (0.0, 0.0, 1.0), True
    )
    return Measured(probe, now.digest, now.owners)


def probe_hero(picked: CharacterObjects, scene: Any) -> Job[tuple[ProbeResult, None]]:
    """Probing as `measured_hero` has it: a dozen vertices are no face."""
    yield Progress(0.0, "begins")
    yield Progress(0.9, "nearly")
    return measured_hero(picked).probe, None
