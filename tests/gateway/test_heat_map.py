# SPDX-License-Identifier: GPL-3.0-or-later
"""Heat maps on meshes: painted where the points are, taken off without a trace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bpy as blender
import numpy as np
import pytest
from file_state import simple_values
from mathutils import Vector

from facemocap_addon.core.correspondence.placement import Placement
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.gateway.characters.characters import CharacterObjects, find_characters
from facemocap_addon.gateway.points.skin_picking import SkinPicker
from facemocap_addon.gateway.probing.fingerprint import take_fingerprint
from facemocap_addon.gateway.probing.heat_map import (
    COLOURS,
    NOTE,
    VALUES,
    has_heat_map,
    make_heat_map,
    remove_heat_map,
    write_heat_map,
)

# the stubs of bpy do not tell meshes from other data
bpy: Any = blender

LANDMARKS = ("forehead", "nose_tip", "lip_up_mid", "lip_low_mid", "chin", "mouth_corner_L")


@pytest.fixture
def character(sample_rigs: Path) -> CharacterObjects:
    bpy.ops.wm.open_mainfile(filepath=str(sample_rigs / "arkit_head.blend"))
    return find_characters(bpy.context.scene)[0]


def placed_on(picked: CharacterObjects) -> Placement:
    """Points on the generator's own landmarks, which are vertices of the head."""
    numbers = landmarks()
    count = len(LANDMARKS)
    mesh = [obj.name for obj in picked.meshes].index("arkit_head")
    return Placement(
        names=LANDMARKS,
        places=("",) * count,
        how=("hand",) * count,
        meshes=tuple(obj.name for obj in picked.meshes),
        mesh=np.full(count, mesh),
        vertices=np.array([[numbers[name]] * 3 for name in LANDMARKS]),
        weights=np.tile([1.0, 0.0, 0.0], (count, 1)),
        moved_mm=np.zeros(count),
        confidence=np.ones(count),
        actor=None,
    )


def landmarks() -> dict[str, int]:
    return json.loads(bpy.data.objects["arkit_head"]["landmarks"])


def mesh_state(obj: Any) -> dict[str, Any]:
    """Everything that a heat map could leave on a mesh."""
    mesh = obj.data
    out = {
        "values": simple_values(mesh),
        "group": simple_values(mesh.attributes),
        "active": mesh.attributes.active.name if mesh.attributes.active else None,
        "colour": mesh.attributes.active_color_name,
        "render": mesh.attributes.default_color_name,
        "keys": {key: str(mesh[key]) for key in mesh.keys()},  # noqa: SIM118
        "object": list(obj.keys()),
    }
    for attribute in mesh.attributes:
        name = {"FLOAT_COLOR": "color", "FLOAT": "value"}.get(attribute.data_type, "")
        width = 4 if name == "color" else 1
        flat = np.zeros(width * len(attribute.data) if name else 0, np.float32)
        if name:
            attribute.data.foreach_get(name, flat)
        out[attribute.name] = (attribute.data_type, attribute.domain, flat.tobytes())
    return out


def values_of(name: str, attribute: str = VALUES) -> np.ndarray:
    data = bpy.data.objects[name].data.attributes[attribute].data
    width, part = (4, "color") if attribute == COLOURS else (1, "value")
    flat = np.empty(width * len(data), np.float32)
    data.foreach_get(part, flat)
    return flat.reshape(-1, width)


def test_a_heat_map_is_taken_off_without_a_trace(character: CharacterObjects):
    eye = bpy.data.objects["arkit_eye_L"].data
    for name in ("own colour", "other colour"):
        eye.color_attributes.new(name, "BYTE_COLOR", "CORNER")
    eye.attributes.active_color_name = "own colour"
    eye.attributes.default_color_name = "other colour"
    before = {obj.name: mesh_state(obj) for obj in character.meshes}
    print_before = take_fingerprint(character)
    assert not has_heat_map(character)
    off = np.array([1.0, 2.0, 3.0, np.nan, 4.0, 0.5])
    heat = make_heat_map(character, placed_on(character), off)
    assert {obj.name: mesh_state(obj) for obj in character.meshes} == before, "only computed"
    for full in (3.0, 6.0):
        assert write_heat_map(character, heat, full) == len(character.meshes)
    assert has_heat_map(character)
    assert bpy.data.objects["arkit_head"].data.attributes.active_color_name == COLOURS
    assert take_fingerprint(character) == print_before, "what was measured still counts"
    assert remove_heat_map(character) == len(character.meshes)
    assert {obj.name: mesh_state(obj) for obj in character.meshes} == before
    assert remove_heat_map(character) == 0


def test_it_shows_what_is_known_at_the_points(character: CharacterObjects):
    off = np.array([1.0, 2.0, 3.0, 0.0, 4.0, np.nan])
    heat = make_heat_map(character, placed_on(character), off)
    write_heat_map(character, heat, 3.0)
    found = values_of("arkit_head")[:, 0]
    rows = [landmarks()[name] for name in LANDMARKS[:5]]
    assert found[rows] == pytest.approx(off[:5], abs=1e-3)
    assert found.min() == 0.0
    assert found.max() <= 4.0 + 1e-5
    # the lips lie on each other: what is wrong with the upper one does not show on the lower one
    seam = [landmarks()[name] for name in ("lip_seam_up_mid", "lip_seam_low_mid")]
    vertices = bpy.data.objects["arkit_head"].data.vertices
    assert (vertices[seam[0]].co - vertices[seam[1]].co).length < 0.001
    halfway = 1.5
    assert found[seam[0]] > halfway > found[seam[1]]
    assert found[seam[0]] - found[seam[1]] > 1.0
    # the back of the head and other objects know nothing of it
    assert found[landmarks()["occiput"]] == 0.0
    assert not values_of("arkit_eye_L").any()
    assert not values_of("arkit_teeth_upper").any()
    colours = values_of("arkit_head", COLOURS)
    cold, hot = colours[landmarks()["occiput"]], colours[landmarks()["chin"]]
    assert hot[0] - hot[2] > 0.3
    assert cold[0] < cold[2]


def test_meshes_that_share_their_data_are_painted_once(character: CharacterObjects):
    left, right = bpy.data.objects["arkit_eye_L"], bpy.data.objects["arkit_eye_R"]
    right.data = left.data
    heat = make_heat_map(character, placed_on(character), np.ones(len(LANDMARKS)))
    assert write_heat_map(character, heat, 3.0) == len(character.meshes) - 1
    assert remove_heat_map(character) == len(character.meshes) - 1


def test_edited_and_changed_meshes_say_so_and_stay(character: CharacterObjects):
    heat = make_heat_map(character, placed_on(character), np.ones(len(LANDMARKS)))
    head = bpy.data.objects["arkit_head"]
    bpy.context.view_layer.objects.active = head
    bpy.ops.object.mode_set(mode="EDIT")
    try:
        with pytest.raises(FacemocapError, match="is being edited"):
            write_heat_map(character, heat, 3.0)
    finally:
        bpy.ops.object.mode_set(mode="OBJECT")
    tongue = bpy.data.objects["arkit_tongue"].data
    tongue.vertices.add(1)
    with pytest.raises(FacemocapError, match="has other vertices now"):
        write_heat_map(character, heat, 3.0)
    assert not has_heat_map(character)
    head.name = "another"
    with pytest.raises(FacemocapError, match="another mesh now"):
        make_heat_map(character, placed_renamed(character), np.ones(len(LANDMARKS)))


def placed_renamed(picked: CharacterObjects) -> Placement:
    """Points on meshes of which the first is no longer there by its name."""
    whole = len(LANDMARKS)
    return Placement(
        names=LANDMARKS, places=("",) * whole, how=("hand",) * whole, meshes=("arkit_head",),
        mesh=np.zeros(whole, np.int32), vertices=np.full((whole, 3), 5),
        weights=np.full((whole, 3), 1 / 3),
        moved_mm=np.zeros(whole), confidence=np.ones(whole), actor=None,
    )  # fmt: skip


def test_an_older_note_of_other_kinds_is_replaced(character: CharacterObjects):
    mesh = bpy.data.objects["arkit_head"].data
    mesh.attributes.new(VALUES, "INT", "FACE")
    heat = make_heat_map(character, placed_on(character), np.ones(len(LANDMARKS)))
    write_heat_map(character, heat, 3.0)
    assert mesh.attributes[VALUES].data_type == "FLOAT"
    assert mesh.attributes[VALUES].domain == "POINT"
    remove_heat_map(character)
    assert VALUES not in mesh.attributes
    assert NOTE not in mesh


def test_rays_meet_the_face_as_it_is_posed(character: CharacterObjects):
    graph = bpy.context.evaluated_depsgraph_get()
    chin, tip = landmarks()["chin"], landmarks()["nose_tip"]
    head = bpy.data.objects["arkit_head"]
    at_rest = head.data.vertices[chin].co.copy()
    nose = head.data.vertices[tip].co
    found = SkinPicker(character, graph).under(Vector((nose.x, -2.0, nose.z)), Vector((0, 1, 0)))
    assert found is not None
    assert (found.mesh, found.vertex) == ("arkit_head", tip)
    assert found.place == pytest.approx(tuple(nose), abs=1e-5)
    # with the mouth open the chin is lower, and it is found there
    for keys in bpy.data.shape_keys:
        if "jawOpen" in keys.key_blocks:
            keys.key_blocks["jawOpen"].value = 1.0
    bpy.context.view_layer.update()
    picker = SkinPicker(character, bpy.context.evaluated_depsgraph_get())
    moved = head.evaluated_get(graph).data.vertices[chin].co
    assert (moved - at_rest).length > 0.01
    found = picker.under(Vector((moved.x, -2.0, moved.z)), Vector((0, 1, 0)))
    assert found is not None
    assert (found.mesh, found.vertex) == ("arkit_head", chin)
    assert picker.under(Vector((5.0, -2.0, 0.0)), Vector((0, 1, 0))) is None
    for obj in character.meshes:
        obj.hide_viewport = True
    bpy.context.view_layer.update()
    with pytest.raises(FacemocapError, match=r'No mesh of "arkit_head" is shown'):
        SkinPicker(character, bpy.context.evaluated_depsgraph_get())
