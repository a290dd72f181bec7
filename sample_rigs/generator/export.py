# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a character as a .blend file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import bmesh
import bpy
import numpy as np
from numpy.typing import NDArray

from .armature import add_armature, bind
from .base import Character, Driver, Skinned
from .distance import Array
from .materials import COLOUR_LAYER, material
from .stage import build_stage
from .styles import warp

GRID_M = 1e-7
"""Coordinates lie on this grid, so that last-bit differences between machines vanish."""


def to_blender(v: Array) -> NDArray[np.float32]:
    """Millimetres, y up, z forward -> metres, z up, looking along -y, on the grid."""
    v = np.asarray(v)
    metres = np.stack([v[:, 0], -v[:, 2], v[:, 1]], 1) * 0.001
    return (np.round(metres / GRID_M) * GRID_M + 0.0).astype(np.float32)


def _orient(mesh: bpy.types.Mesh) -> None:
    """Turn faces outwards.

    The open head could come out inside out as a whole, so the topmost face decides.
    """
    bm = bmesh.new()
    bm.from_mesh(mesh)
    bmesh.ops.recalc_face_normals(bm, faces=bm.faces[:])
    bm.normal_update()
    top = max(bm.faces, key=lambda face: face.calc_center_median().z)
    if top.normal.z < 0:
        bmesh.ops.reverse_faces(bm, faces=bm.faces[:])
    bm.to_mesh(mesh)
    bm.free()


def _unwrap(mesh: bpy.types.Mesh, v: Array) -> None:
    """Plain cylinder unwrap with its seam at the back."""
    corner = np.zeros(len(mesh.loops), np.int32)
    mesh.loops.foreach_get("vertex_index", corner)
    count = np.zeros(len(mesh.polygons), np.int32)
    mesh.polygons.foreach_get("loop_total", count)
    face = np.repeat(np.arange(len(count)), count)
    centre_x = np.bincount(face, v[corner, 0]) / count
    azimuth = np.arctan2(v[corner, 0], v[corner, 2])
    azimuth = np.where((azimuth > 2) & (centre_x[face] < 0), azimuth - 2 * np.pi, azimuth)
    azimuth = np.where((azimuth < -2) & (centre_x[face] > 0), azimuth + 2 * np.pi, azimuth)
    uv = np.stack([0.5 + azimuth / (2 * np.pi), (v[corner, 1] + 190) / 330], 1)
    uv = np.round(uv, 5).astype(np.float32)
    mesh.uv_layers.new(name="UVMap").uv.foreach_set("vector", uv.ravel())


def _add_mesh(
    character: Character, skinned: Skinned, collection: bpy.types.Collection
) -> bpy.types.Object:
    part = skinned.part
    name = f"{character.prefix}_{part.name}"
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(to_blender(skinned.vertices).tolist(), [], [list(f) for f in part.faces])
    for slot in part.materials:
        mesh.materials.append(material(slot, character.prefix, character.style))
    mesh.polygons.foreach_set("material_index", np.array(part.slots, np.int32))
    mesh.polygons.foreach_set("use_smooth", np.ones(len(part.faces), bool))
    if not part.name.startswith("eye"):  # eyeballs hold an inner and an outer layer
        _orient(mesh)
    if skinned.colours is not None:
        layer = mesh.color_attributes.new(COLOUR_LAYER, "FLOAT_COLOR", "POINT")
        rgba = np.concatenate([skinned.colours, np.ones((len(skinned.colours), 1))], 1)
        layer.data.foreach_set("color", np.round(rgba, 5).astype(np.float32).ravel())
    _unwrap(mesh, skinned.vertices)
    mesh.update()
    ob = bpy.data.objects.new(name, mesh)
    collection.objects.link(ob)
    if skinned.keys:
        ob.shape_key_add(name="Basis", from_mix=False)
        for key, displacement in skinned.keys.items():
            block = ob.shape_key_add(name=key, from_mix=False)
            block.data.foreach_set("co", to_blender(skinned.vertices + displacement).ravel())
            block.value = 0.0
        mesh.shape_keys.name = name
    for key, value in skinned.properties.items():
        ob[key] = value
    return ob


def _add_driver(target: Any, driver: Driver, rig: bpy.types.Object) -> None:
    d = target.driver  # of the F-curve that driver_add made
    for name, control in driver.variables.items():
        variable = d.variables.new()
        variable.name = name
        variable.type = "SINGLE_PROP"
        variable.targets[0].id = rig
        variable.targets[0].data_path = f'["{control}"]'
    d.type = driver.kind
    if driver.kind == "SCRIPTED":
        d.expression = driver.expression


def _add_controls(character: Character, rig: bpy.types.Object) -> None:
    for name, text in character.controls.items():
        rig[name] = 0.0
        rig.id_properties_ui(name).update(
            min=0.0, max=1.0, soft_min=0.0, soft_max=1.0, default=0.0, description=text
        )
    for name, value in character.notes.items():
        rig[name] = value


def _save(folder: Path, name: str) -> Path:
    """Save by a bare name from inside the folder, which keeps its path out of the file.

    Blender asks $PWD for the current folder, and file browsers remember the home folder.
    """
    for screen in bpy.data.screens:
        for area in screen.areas:
            for space in area.spaces:
                if space.type == "FILE_BROWSER" and space.params:
                    space.params.directory = b"//"
    bpy.context.preferences.filepaths.save_version = 0  # no .blend1 beside it
    folder.mkdir(parents=True, exist_ok=True)
    before = {"PWD": os.environ.get("PWD", str(Path.cwd()))}
    os.chdir(folder)
    os.environ["PWD"] = str(folder)
    try:
        bpy.ops.wm.save_as_mainfile(filepath=name, compress=True)
    finally:
        os.chdir(before["PWD"])
        os.environ.update(before)
    return folder / name


def write(character: Character, folder: Path) -> Path:
    """Build the scene of one character and save it as FOLDER/NAME.blend."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.name = character.name
    collection = bpy.data.collections.new(character.name)
    scene.collection.children.link(collection)
    objects = [_add_mesh(character, m, collection) for m in character.meshes]
    rig = add_armature(character, collection, to_blender)
    _add_controls(character, rig)
    for ob, skinned in zip(objects, character.meshes, strict=True):
        bind(ob, skinned, rig)
        for key in skinned.keys:
            if key in character.key_drivers:
                curve = ob.data.shape_keys.key_blocks[key].driver_add("value")
                _add_driver(curve, character.key_drivers[key], rig)
    for (bone, axis), driver in character.bone_drivers.items():
        curve = rig.pose.bones[bone].driver_add("rotation_euler", axis)
        _add_driver(curve, driver, rig)
    middle = warp(np.array([[0.0, -12.0, 90.0]]), character.style)
    x, y, z = (float(c) for c in to_blender(middle)[0])
    build_stage(scene, (x, y, z))
    return _save(folder, f"{character.name}.blend")
