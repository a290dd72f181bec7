# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain colours for characters whose own materials show nothing; for the pictures only.

Textures that are not there make a character pink, and an eye without an iris does not tell where it
looks. Such materials give way to skin, and to eyes with an iris where the mesh has eyeballs.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.probing.face_frame import FaceFrame, find_frame
from facemocap_addon.core.probing.scan import Scan, find_islands

ATTRIBUTE = "facemocap_eye"
SKIN, HAIR = (0.56, 0.36, 0.27, 1.0), (0.05, 0.035, 0.03, 1.0)
WHITE, IRIS, PUPIL = (0.8, 0.8, 0.8, 1.0), (0.06, 0.16, 0.26, 1.0), (0.005, 0.005, 0.005, 1.0)
#: Half angles (degrees) of an iris and a pupil, seen from the eyeball's centre.
IRIS_DEG, PUPIL_DEG = 27.0, 12.0
#: Half angle of the ring around an iris that is white in any eye.
RING_DEG = 60.0


def make_readable(meshes: Sequence[Any]) -> list[str]:
    """Repaint what cannot be told apart; what was done, in sentences."""
    frame, starts = _find_eyes(meshes)
    missing = {m for mesh in meshes for m in mesh.data.materials if m and _lacks_images(m)}
    blank = _blank_eyes(meshes, frame, starts) if frame is not None else set()
    if not missing | blank:
        return []
    if frame is not None:
        for mesh, start in zip(meshes, starts, strict=True):
            _write_directions(mesh, frame, start)
    skin, hair = _skin_material(), _plain_material("hair", HAIR)
    for mesh in meshes:
        for slot in mesh.material_slots:
            material: Any = slot.material
            if material in missing | blank:
                slot.material = hair if _is_cut_out(material) else skin
    notes: list[str] = []
    if missing:
        notes.append(f"{len(missing)} materials lack their textures: painted plain.")
    if blank:
        notes.append("Its eyes show no iris: one was painted on.")
    return notes


def _find_eyes(meshes: Sequence[Any]) -> tuple[FaceFrame | None, list[int]]:
    """The face's frame where it has eyeballs, and each mesh's first point."""
    parts, edges, starts = [np.empty((0, 3))], [np.empty((0, 2), np.int32)], [0]
    for mesh in meshes:
        matrix = np.array(mesh.matrix_world)
        places = _read(mesh.data.vertices, "co", 3)
        parts.append(places @ matrix[:3, :3].T + matrix[:3, 3])
        edges.append(_read(mesh.data.edges, "vertices", 2, np.int32) + starts[-1])
        starts.append(starts[-1] + len(places))
    points = np.concatenate(parts)
    try:
        frame = find_frame(Scan(points, find_islands(points, np.concatenate(edges)), ()))
    except FacemocapError:
        return None, starts[:-1]
    return (frame if frame.found_eyes else None), starts[:-1]


def _lacks_images(material: Any) -> bool:
    """Whether a picture that a material shows is not there."""
    if material.node_tree is None:
        return False
    images = [n.image for n in material.node_tree.nodes if n.type == "TEX_IMAGE" and n.image]
    return any(
        image.source == "FILE"
        and image.packed_file is None
        and not Path(bpy.path.abspath(image.filepath, library=image.library)).is_file()
        for image in images
    )


def _blank_eyes(meshes: Sequence[Any], frame: FaceFrame, starts: Sequence[int]) -> set[Any]:
    """Materials of eyeballs that are of one plain colour from iris to white."""
    front: dict[Any, float] = {}
    ring: dict[Any, float] = {}
    for mesh, start in zip(meshes, starts, strict=True):
        arms = _directions(mesh, frame, start)
        radius = np.linalg.norm(arms, axis=1)
        data = mesh.data
        for polygon in data.polygons:
            rows = list(polygon.vertices)
            if not radius[rows].all() or polygon.material_index >= len(data.materials):
                continue
            middle = arms[rows].mean(axis=0)
            away = float(np.linalg.norm(middle))
            angle = np.degrees(np.arccos(np.clip(middle[2] / max(away, 1e-12), -1, 1)))
            material = data.materials[polygon.material_index]
            if material is None or _alpha(material) < 0.5:
                continue
            if angle < 0.7 * IRIS_DEG:
                front[material] = max(front.get(material, 0.0), away)
            elif IRIS_DEG * 1.3 < angle < RING_DEG:
                ring[material] = max(ring.get(material, 0.0), away)
    if not front or not ring:
        return set()
    outer = [max(found, key=lambda material: found[material]) for found in (front, ring)]
    if any(_is_textured(material) for material in outer):
        return set()
    colours = [np.array(_base(material)) for material in outer]
    return set(front) | set(ring) if np.abs(colours[0] - colours[1]).max() < 0.1 else set()


def _directions(mesh: Any, frame: FaceFrame, start: int) -> np.ndarray:
    """Where each point of an eyeball lies from its centre ``(n, 3)``; nought elsewhere."""
    rows = slice(start, start + len(mesh.data.vertices))
    out = np.zeros((len(mesh.data.vertices), 3))
    for ball, centre in zip(frame.balls, frame.centres, strict=True):
        own = ball[rows]
        out[own] = frame.plain[rows][own] - centre
    return out


def _write_directions(mesh: Any, frame: FaceFrame, start: int) -> None:
    attribute = mesh.data.attributes.new(ATTRIBUTE, "FLOAT_VECTOR", "POINT")
    values = _directions(mesh, frame, start)
    values /= np.maximum(np.linalg.norm(values, axis=1), 1e-12)[:, None]
    attribute.data.foreach_set("vector", values.astype(np.float32).ravel())


def _principled(material: Any) -> Any:
    nodes = material.node_tree.nodes if material.node_tree else ()
    return next((node for node in nodes if node.type == "BSDF_PRINCIPLED"), None)


def _base(material: Any) -> tuple[float, ...]:
    node = _principled(material)
    colour = node.inputs["Base Color"].default_value if node else material.diffuse_color
    return tuple(colour)[:3]


def _alpha(material: Any) -> float:
    node = _principled(material)
    return float(node.inputs["Alpha"].default_value) if node else 1.0


def _is_textured(material: Any) -> bool:
    node = _principled(material)
    return bool(node and node.inputs["Base Color"].is_linked)


def _is_cut_out(material: Any) -> bool:
    """Whether a picture says which parts of it are seen: hair and lashes."""
    node = _principled(material)
    return bool(node and node.inputs["Alpha"].is_linked)


def _plain_material(name: str, colour: tuple[float, ...]) -> Any:
    material = bpy.data.materials.new(f"Face Mocap {name}")
    if material.node_tree is None:
        material.use_nodes = True
    node = _principled(material)
    node.inputs["Base Color"].default_value = colour
    node.inputs["Roughness"].default_value = 0.55
    return material


def _skin_material() -> Any:
    """Skin; where the attribute is, an eye."""
    material = _plain_material("skin", SKIN)
    tree: Any = material.node_tree

    def node(kind: str, **settings: Any) -> Any:
        made = tree.nodes.new(kind)
        for name, value in settings.items():
            setattr(made, name, value)
        return made

    place = node("ShaderNodeAttribute", attribute_name=ATTRIBUTE)
    length = node("ShaderNodeVectorMath", operation="LENGTH")
    unit = node("ShaderNodeVectorMath", operation="NORMALIZE")
    parts = node("ShaderNodeSeparateXYZ")
    is_eye = node("ShaderNodeMath", operation="GREATER_THAN")
    is_eye.inputs[1].default_value = 0.3
    ramp = node("ShaderNodeValToRGB")
    ramp.color_ramp.interpolation = "CONSTANT"
    stops = ramp.color_ramp.elements
    stops[0].position, stops[0].color = 0.0, WHITE
    stops[1].position, stops[1].color = float(np.cos(np.radians(IRIS_DEG))), IRIS
    pupil = stops.new(float(np.cos(np.radians(PUPIL_DEG))))
    pupil.color = PUPIL
    mix = node("ShaderNodeMixRGB")
    mix.inputs["Color1"].default_value = SKIN
    links = (
        (place.outputs["Vector"], length.inputs[0]),
        (place.outputs["Vector"], unit.inputs[0]),
        (length.outputs["Value"], is_eye.inputs[0]),
        (unit.outputs["Vector"], parts.inputs[0]),
        (parts.outputs["Z"], ramp.inputs[0]),
        (is_eye.outputs[0], mix.inputs["Fac"]),
        (ramp.outputs["Color"], mix.inputs["Color2"]),
        (mix.outputs["Color"], _principled(material).inputs["Base Color"]),
    )
    for start, end in links:
        tree.links.new(start, end)
    return material


def _read(holder: Any, name: str, width: int, kind: Any = np.float32) -> np.ndarray:
    flat = np.empty(len(holder) * width, kind)
    holder.foreach_get(name, flat)
    return flat.reshape(-1, width)
