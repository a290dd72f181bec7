# SPDX-License-Identifier: GPL-3.0-or-later
"""Fingerprint of the open .blend: a hash over what a character consists of.

Bytes of a .blend differ from save to save (it keeps addresses), so builds are compared by their
arrays: vertices, faces, shape keys, weights, colours, UVs, bones, drivers, custom properties,
materials' names and the camera.
"""

from __future__ import annotations

import hashlib
from typing import Any

import bpy
import numpy as np


class _Hash:
    def __init__(self) -> None:
        self.sha = hashlib.sha256()

    def text(self, *words: object) -> None:
        """Add words that describe what follows."""
        self.sha.update(("\x1f".join(str(w) for w in words) + "\x1e").encode())

    def collection(self, items: Any, attribute: str, width: int, kind: type) -> None:
        """Add one attribute of all items of a collection."""
        values = np.zeros(len(items) * width, kind)
        items.foreach_get(attribute, values)
        self.text(attribute, len(values))
        self.sha.update(values.tobytes())

    def floats(self, values: Any) -> None:
        """Add a few numbers."""
        self.sha.update(np.array(values, np.float32).tobytes())


def _mesh(h: _Hash, ob: bpy.types.Object) -> None:
    mesh = ob.data
    h.collection(mesh.vertices, "co", 3, np.float32)
    h.collection(mesh.polygons, "loop_total", 1, np.int32)
    h.collection(mesh.loops, "vertex_index", 1, np.int32)
    h.collection(mesh.polygons, "material_index", 1, np.int32)
    for layer in mesh.uv_layers:
        h.collection(layer.uv, "vector", 2, np.float32)
    for layer in mesh.color_attributes:
        h.collection(layer.data, "color", 4, np.float32)
    h.text(*(m.name for m in mesh.materials))
    h.text(*(g.name for g in ob.vertex_groups))
    weights = [(v.index, g.group, g.weight) for v in mesh.vertices for g in v.groups]
    h.floats(weights)
    if mesh.shape_keys:
        for block in mesh.shape_keys.key_blocks:
            h.text(block.name, block.mute, block.slider_min, block.slider_max)
            h.collection(block.data, "co", 3, np.float32)
        _drivers(h, mesh.shape_keys)


def _drivers(h: _Hash, owner: bpy.types.ID) -> None:
    if owner.animation_data is None:
        return
    for curve in owner.animation_data.drivers:
        d = curve.driver
        h.text(curve.data_path, curve.array_index, d.type, d.expression)
        for variable in d.variables:
            target = variable.targets[0]
            owner_name = target.id.name if target.id else ""
            h.text(variable.name, variable.type, owner_name, target.data_path)


def _armature(h: _Hash, ob: bpy.types.Object) -> None:
    for bone in ob.data.bones:
        h.text(bone.name, bone.parent.name if bone.parent else "", bone.use_deform)
        h.floats([*bone.head_local, *bone.tail_local, *(c for r in bone.matrix_local for c in r)])
        pose = ob.pose.bones[bone.name]
        h.text(pose.rotation_mode)
        for c in pose.constraints:
            h.text(c.type, c.subtarget, c.mix_mode, c.use_x, c.use_y, c.use_z)
            h.floats([c.influence])


def _properties(h: _Hash, ob: bpy.types.Object) -> None:
    for name in sorted(ob.keys()):
        if not name.startswith("_"):
            value = ob[name]
            ui = ob.id_properties_ui(name).as_dict() if isinstance(value, float) else {}
            h.text(name, value, sorted((k, str(v)) for k, v in ui.items()))


def fingerprint() -> str:
    """SHA-256 of the open file's characters, as hexadecimal digits."""
    h = _Hash()
    for ob in sorted(bpy.data.objects, key=lambda o: o.name):
        h.text(ob.name, ob.type, ob.parent.name if ob.parent else "")
        h.floats([c for row in ob.matrix_world for c in row])
        _properties(h, ob)
        _drivers(h, ob)
        if ob.type == "MESH":
            _mesh(h, ob)
        elif ob.type == "ARMATURE":
            _armature(h, ob)
    for material in sorted(bpy.data.materials, key=lambda m: m.name):
        h.text(material.name)
        h.floats(material.diffuse_color)
    scene = bpy.context.scene
    h.text(scene.render.fps, scene.render.fps_base, scene.camera.name if scene.camera else "")
    return h.sha.hexdigest()
