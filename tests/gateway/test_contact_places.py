# SPDX-License-Identifier: GPL-3.0-or-later
"""Places of lids and lips that are computed instead of evaluated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from face_landmarks import set_bones
from kept_takes import (
    key_places,
)
from small_scenes import BONES, make_armature

from facemocap_addon.core.contacts.face_contacts import FaceContacts
from facemocap_addon.core.contacts.margins import Opening
from facemocap_addon.core.contacts.slices import MeshPoints
from facemocap_addon.core.controls import BONE, Control
from facemocap_addon.gateway.characters.characters import (
    CharacterObjects,
    find_characters,
    read_character,
)
from facemocap_addon.gateway.data_paths import split_path
from facemocap_addon.gateway.files.rig_files import open_rig
from facemocap_addon.gateway.measuring.rims import RimReader, measure_rims
from facemocap_addon.gateway.probing.poser import Poser
from facemocap_addon.gateway.probing.probe_copy import Ruler, standin


def _four_points(mesh_name: str, numbers: np.ndarray, rest: np.ndarray) -> FaceContacts:
    """A mouth of eight vertices, four above four."""
    edges = [MeshPoints(np.stack([n, n], axis=1), np.zeros(4)) for n in (range(4), range(4, 8))]
    vertices = np.stack([np.zeros(8, np.int64), numbers], axis=1)
    up = np.array([0.0, 0.0, 1.0])
    return FaceContacts((mesh_name,), vertices, rest, {"mouth": Opening(*edges)}, up, 0.06)


@pytest.mark.parametrize("mode", ["QUATERNION", "XYZ", "YZX", "AXIS_ANGLE"])
@pytest.mark.parametrize("plain", [True, False])
def test_computedkey_places_are_those_that_blender_evaluates(
    blank_scene: Any, mode: str, plain: bool
) -> None:
    rng = np.random.default_rng(11)
    rig: Any = make_armature(mode=mode)
    rig.scale, rig.location, rig.rotation_euler = (1.5, 1.5, 1.5), (1, 2, 3), (0.3, 0.2, 0.9)
    mesh = bpy.data.meshes.new("face")
    mesh.from_pydata(rng.uniform(-0.1, 0.1, (30, 3)) + np.array([0, -0.05, 1.55]), [], [])
    face: Any = bpy.data.objects.new("face", mesh)
    blank_scene.collection.objects.link(face)
    face.parent = rig
    face.modifiers.new("Armature", "ARMATURE").object = rig
    for bone in BONES:
        group = face.vertex_groups.new(name=bone)
        for vertex in range(30):
            if rng.random() < 0.5:
                group.add([vertex], float(rng.uniform(0.1, 1)), "REPLACE")
    face.shape_key_add(name="Basis")
    block = face.shape_key_add(name="puff", from_mix=False)
    block.data.foreach_set(
        "co", key_places(block) + rng.uniform(-0.02, 0.02, 90).astype(np.float32)
    )
    if not plain:
        limit = rig.pose.bones["jaw"].constraints.new("LIMIT_ROTATION")
        limit.use_limit_x, limit.max_x, limit.owner_space = True, 0.1, "LOCAL"
    blank_scene.view_layers[0].update()
    picked = CharacterObjects("face", (face,), rig)
    controls = [
        control
        for control in read_character(picked, blank_scene).controls
        if control.name in ("jaw", "head", "eye.L", "puff")
    ]
    assert len(controls) > 6
    values = rng.uniform(-0.4, 0.4, (40, len(controls)))
    numbers = rng.permutation(30)[:8]
    with standin(picked, blank_scene, controls) as copy:
        places = Ruler(copy).points()
        contacts = _four_points("face", numbers, places[numbers])
        by_hand = _evaluated_by_hand(copy, controls, values, numbers)
    with standin(picked, blank_scene, controls) as copy:
        reader = RimReader(copy, contacts, controls, ())
        assert reader.read(values) == pytest.approx(by_hand, abs=2e-6)
        quick = reader.quick(values)
        assert (quick is not None) == plain
        if quick is not None:
            assert quick(values) == pytest.approx(by_hand, abs=1e-5)
    with standin(picked, blank_scene, controls) as copy:
        still = [control.key for control in controls if control.name == "head"]
        measure = measure_rims(copy, contacts, controls, still, values)
        turned = np.where([control.name == "head" for control in controls], 9.0, values)
        assert measure(values)["mouth"] == pytest.approx(measure(turned)["mouth"], abs=1e-9)


def _evaluated_by_hand(
    copy: Any, controls: list[Control], values: np.ndarray, numbers: np.ndarray
) -> np.ndarray:
    """Places of vertices when values are set one by one."""
    ruler = Ruler(copy)
    (mesh,) = copy.meshes
    block = mesh.data.shape_keys.key_blocks["puff"]
    block.slider_min = -1.0
    out: list[np.ndarray] = []
    for row in values:
        parts: dict[tuple[str, str, int], float] = {}
        for control, value in zip(controls, row.tolist(), strict=True):
            if control.kind == BONE:
                path = "rotation" if control.is_rotation else "location"
                parts[control.name, path, control.index] = value
            else:
                block.value = value
        set_bones(copy.armature, parts)
        out.append(ruler.points()[numbers])
    return np.array(out)


def test_properties_are_set_as_they_are_kept(blank_scene: Any, sample_rigs: Path) -> None:
    scene = open_rig(sample_rigs / "facs_controls.blend", enable_scripts=True)
    picked = find_characters(scene)[0]
    controls = [c for c in read_character(picked, scene).controls if c.path.startswith("[")]
    assert len(controls) > 10
    with standin(picked, scene, controls) as copy:
        values = np.linspace(0, 1, 3 * len(controls)).reshape(3, -1)
        by_name = {obj.name: made for obj, made in copy.copies.items()}
        for row in Poser(copy, controls).pose(values):
            for control, value in zip(controls, values[row].tolist(), strict=True):
                name = split_path(control.path)[2]
                assert by_name[control.owner][name] == pytest.approx(value)
