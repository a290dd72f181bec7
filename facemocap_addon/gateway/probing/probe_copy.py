# SPDX-License-Identifier: GPL-3.0-or-later
"""A throw-away copy of a character at rest, in a scene of its own, to move about and measure.

The character itself is never touched: whatever plays on it, is muted, locked or hidden, and
whatever mode it is in, the copy has no Action and no NLA, shows everything and stands at rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix

from ...core.controls import PROPERTY, Control
from ...core.errors import FacemocapError
from ..characters.characters import CharacterObjects, owner_object
from ..driver_links import drivers_of

#: Modifiers that move vertices and keep their number and order.
DEFORMING = {"ARMATURE", "LATTICE", "HOOK", "MESH_DEFORM", "SURFACE_DEFORM", "CURVE", "CAST"}
_WITH_DATA = {"MESH", "ARMATURE"}


#: A datablock's collection and its number in this session, by which it is found again.
_Stamp = tuple[str, int]
_COLLECTIONS = {"SCENE": "scenes", "OBJECT": "objects", "MESH": "meshes", "ARMATURE": "armatures"}


@dataclass(frozen=True)
class Standin:
    """The copies, by the object that they stand for, and the scene that shows them."""

    picked: CharacterObjects
    scene: bpy.types.Scene
    stamp: _Stamp
    copies: dict[bpy.types.Object, bpy.types.Object]
    meshes: tuple[bpy.types.Object, ...]
    armature: bpy.types.Object | None

    def evaluate(self) -> bpy.types.Depsgraph:
        """Bring the copies up to date."""
        layer = self.scene.view_layers[0]
        layer.update()
        graph = layer.depsgraph
        assert graph is not None, "an evaluated view layer has a dependency graph"
        return graph

    def check(self) -> None:
        """Make sure that nobody undid or closed the file meanwhile.

        Raises
        ------
        FacemocapError
            When the copies are gone.
        """
        # what an undo or another file has freed must not even be looked at
        if not _find([self.stamp]):
            raise FacemocapError(
                "The file changed while the face was being measured", "Measure it once more"
            )


@contextmanager
def standin(
    picked: CharacterObjects, scene: bpy.types.Scene, controls: Iterable[Control]
) -> Iterator[Standin]:
    """A copy of the character at rest; it is gone when the block ends, however it ends."""
    made: list[_Stamp] = []
    try:
        yield _copy(picked, scene, list(controls), made)
    finally:
        bpy.data.batch_remove(_find(made))


def _stamp(datablock: bpy.types.ID) -> _Stamp:
    return _COLLECTIONS[datablock.id_type], datablock.session_uid


def _find(stamps: Iterable[_Stamp]) -> list[bpy.types.ID]:
    """Those of the datablocks that still exist."""
    wanted: dict[str, set[int]] = {}
    for collection, number in stamps:
        wanted.setdefault(collection, set()).add(number)
    return [
        datablock
        for collection, numbers in wanted.items()
        for datablock in getattr(bpy.data, collection)
        if datablock.session_uid in numbers
    ]


def _copy(
    picked: CharacterObjects,
    scene: bpy.types.Scene,
    controls: list[Control],
    made: list[_Stamp],
) -> Standin:
    stage = bpy.data.scenes.new("Face Mocap probe")
    made.append(_stamp(stage))
    stage.frame_set(scene.frame_current, subframe=scene.frame_subframe)
    owners = {owner_object(picked, c.owner) for c in controls if c.kind == PROPERTY}
    copies: dict[bpy.types.Object, bpy.types.Object] = {}
    ids: dict[bpy.types.ID, bpy.types.ID] = {}
    for obj in _all_needed([*picked.objects, *sorted(owners, key=lambda o: o.name_full)]):
        copy: Any = obj.copy()
        made.append(_stamp(copy))
        copies[obj] = ids[obj] = copy
        data: Any = obj.data
        if data is None or obj.type not in _WITH_DATA:
            continue
        copy.data = data.copy()
        made.append(_stamp(copy.data))
        ids.setdefault(data, copy.data)
        if obj.type == "MESH" and data.shape_keys is not None:
            ids.setdefault(data.shape_keys, copy.data.shape_keys)
    for copy in copies.values():
        _relink(copy, ids)
        _lay_to_rest(copy)
        stage.collection.objects.link(copy)
    armature = copies[picked.armature] if picked.armature else None
    meshes = tuple(copies[mesh] for mesh in picked.meshes)
    return Standin(picked, stage, _stamp(stage), copies, meshes, armature)


def _all_needed(objects: Iterable[bpy.types.Object]) -> list[bpy.types.Object]:
    """The objects and all that they hang on: parents, targets of constraints and drivers."""
    found: dict[bpy.types.Object, None] = {}
    waiting = list(objects)
    while waiting:
        obj = waiting.pop(0)
        if obj in found:
            continue
        found[obj] = None
        others = [obj.parent, *(c.target for c in _targets(obj))]
        others += [getattr(m, "object", None) for m in obj.modifiers if m.type in DEFORMING]
        for datablock in _datablocks(obj):
            others += [target.id for target in _driver_targets(datablock)]
        waiting += [o for o in others if isinstance(o, bpy.types.Object)]
    return list(found)


def _datablocks(obj: bpy.types.Object) -> list[bpy.types.ID]:
    """What of an object may carry drivers that move it."""
    out: list[bpy.types.ID] = [obj]
    data = obj.data
    if data is not None and obj.type in _WITH_DATA:
        out.append(data)
        if obj.type == "MESH" and data.shape_keys is not None:
            out.append(data.shape_keys)
    return out


def _driver_targets(datablock: bpy.types.ID) -> Iterator[bpy.types.DriverTarget]:
    for fcurve in drivers_of(datablock):
        for variable in fcurve.driver.variables:
            yield from variable.targets


def _targets(obj: bpy.types.Object) -> Iterator[bpy.types.bpy_struct]:
    """Everything in an object's constraints that has a ``target``."""
    holders = [obj.constraints]
    if obj.pose is not None:
        holders += [bone.constraints for bone in obj.pose.bones]
    for constraints in holders:
        for constraint in constraints:
            if hasattr(constraint, "target"):
                yield constraint
            if constraint.type == "ARMATURE":
                yield from constraint.targets


def _relink(copy: bpy.types.Object, ids: dict[bpy.types.ID, bpy.types.ID]) -> None:
    """Let a copy follow copies."""
    if copy.parent in ids:
        inverse = copy.matrix_parent_inverse.copy()
        copy.parent = ids[copy.parent]
        copy.matrix_parent_inverse = inverse
    for holder in _targets(copy):
        if holder.target in ids:
            holder.target = ids[holder.target]
        if getattr(holder, "pole_target", None) in ids:
            holder.pole_target = ids[holder.pole_target]
    for modifier in list(copy.modifiers):
        if modifier.type not in DEFORMING:
            copy.modifiers.remove(modifier)
            continue
        modifier.show_viewport = True
        if getattr(modifier, "object", None) in ids:
            modifier.object = ids[modifier.object]
    for datablock in _datablocks(copy):
        for target in _driver_targets(datablock):
            if target.id in ids:
                target.id = ids[target.id]


def _lay_to_rest(copy: bpy.types.Object) -> None:
    """No animation, shapes at nought, bones at rest, everything shown."""
    copy.hide_viewport = False
    for datablock in _datablocks(copy):
        data = datablock.animation_data
        if data is not None:
            data.action = None
            for track in list(data.nla_tracks):
                data.nla_tracks.remove(track)
    if copy.type == "MESH":
        copy.show_only_shape_key = False
        copy.active_shape_key_index = 0
        if copy.data.shape_keys is not None:
            for block in copy.data.shape_keys.key_blocks:
                block.value = 0.0
    if copy.pose is not None:
        copy.data.pose_position = "POSE"
        for bone in copy.pose.bones:
            bone.matrix_basis = Matrix()


class Ruler:
    """Reads where the copies' vertices are, in the axes of the character and in metres."""

    def __init__(self, copy: Standin) -> None:
        self._copy = copy
        self._starts = np.cumsum([0, *(len(m.data.vertices) for m in copy.meshes)])
        anchor = copy.armature or max(copy.meshes, key=lambda m: len(m.data.vertices))
        matrix = np.array(anchor.evaluated_get(copy.evaluate()).matrix_world)
        left, _, right = np.linalg.svd(matrix[:3, :3])
        self._turn = left @ right
        self._at = matrix[:3, 3]

    @property
    def count(self) -> int:
        """Number of points."""
        return int(self._starts[-1])

    def part(self, mesh: bpy.types.Object) -> slice:
        """Rows of one mesh's points."""
        place = self._copy.meshes.index(mesh)
        return slice(int(self._starts[place]), int(self._starts[place + 1]))

    def points(self) -> np.ndarray:
        """Present places ``(n, 3)`` of all vertices."""
        graph = self._copy.evaluate()
        out = np.empty((self.count, 3))
        for mesh in self._copy.meshes:
            moved = mesh.evaluated_get(graph)
            part = self.part(mesh)
            local = np.empty((part.stop - part.start) * 3, np.float32)
            moved.data.vertices.foreach_get("co", local)
            matrix = np.array(moved.matrix_world)
            out[part] = local.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3]
        return (out - self._at) @ self._turn

    def differences(self, mesh: bpy.types.Object, local: np.ndarray) -> np.ndarray:
        """Displacements ``(k, 3)`` of a mesh's own axes in the character's."""
        matrix = np.array(mesh.evaluated_get(self._copy.evaluate()).matrix_world)
        return local @ matrix[:3, :3].T @ self._turn

    def bone_heads(self) -> dict[str, np.ndarray]:
        """Rest places of the bones' heads."""
        armature = self._copy.armature
        if armature is None:
            return {}
        matrix = np.array(armature.evaluated_get(self._copy.evaluate()).matrix_world)
        return {
            bone.name: (matrix[:3, :3] @ np.array(bone.head_local) + matrix[:3, 3] - self._at)
            @ self._turn
            for bone in armature.data.bones
        }

    def edges(self) -> np.ndarray:
        """Edges ``(e, 2)`` between the points."""
        parts = [np.empty((0, 2), np.int32)]
        for mesh in self._copy.meshes:
            ends = np.empty(len(mesh.data.edges) * 2, np.int32)
            mesh.data.edges.foreach_get("vertices", ends)
            parts.append(ends.reshape(-1, 2) + self.part(mesh).start)
        return np.concatenate(parts)

    def triangles(self) -> np.ndarray:
        """Triangles ``(t, 3)`` between the points."""
        parts = [np.empty((0, 3), np.int32)]
        for mesh in self._copy.meshes:
            mesh.data.calc_loop_triangles()
            corners = np.empty(len(mesh.data.loop_triangles) * 3, np.int32)
            mesh.data.loop_triangles.foreach_get("vertices", corners)
            parts.append(corners.reshape(-1, 3) + self.part(mesh).start)
        return np.concatenate(parts)
