# SPDX-License-Identifier: GPL-3.0-or-later
"""What an FBX says of its vertices: sound files pass, wrong numbers are found in every encoding."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from devtools.fbx_tree import parse, write
from devtools.made_fbx import samples, scene, text
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.formats.fbx_container import check_moved_vertices, read_meshes

SAMPLES = samples()


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sound_scene_passes_in_every_encoding(name: str):
    meshes = read_meshes(SAMPLES[name])
    assert [*meshes.vertices.values()] == [4, 4]
    assert [each.name for each in meshes.moved] == ["jawOpen", "eyeBlink_L", "smirk"] * 2
    assert {tuple(each.bounds) for each in meshes.moved} == {(2, 1.0, 2.0)}
    assert {meshes.limit(each.key) for each in meshes.moved} == {4}
    check_moved_vertices(SAMPLES[name], "take.fbx")


@pytest.mark.parametrize("index", [-1, 4, -(2**31), 2**31 - 1])
@pytest.mark.parametrize("kind", ["binary", "wide", "plain", "text"])
def test_a_shape_that_moves_what_its_mesh_has_not_is_refused(kind: str, index: int):
    records = scene({"jawOpen": [0.0, 1.0]}, meshes=("head",))
    objects = next(each for each in records if each.name == "Objects")
    shape = next(each for each in objects.walk() if each.name == "Indexes")
    shape.values[0].value = np.array([1, index], np.int32)
    written = {
        "binary": lambda: write(7400, records),
        "wide": lambda: write(7500, records),
        "plain": lambda: write(7400, records, packed=False),
        "text": lambda: text(records),
    }
    with pytest.raises(FacemocapError, match='"jawOpen" moves vertices that its mesh has not'):
        check_moved_vertices(written[kind](), "take.fbx")


@pytest.mark.parametrize("name", ["binary", "wide", "plain"])
def test_a_scene_whose_records_run_over_its_end_is_refused(name: str):
    data = SAMPLES[name]
    with pytest.raises(FacemocapError, match="records do not end where they say"):
        check_moved_vertices(data[: len(data) // 2], "take.fbx")


def test_a_tree_that_was_read_is_written_as_it_was():
    version, records = parse(SAMPLES["wide"])
    assert write(version, records) == SAMPLES["wide"]


@pytest.mark.shared
def test_a_real_character_passes(shared: Path):
    data = (shared / "rigs" / "rocketbox" / "Male_Adult_04.fbx").read_bytes()
    meshes = read_meshes(data)
    assert [*meshes.vertices.values()] == [4752]
    assert len(meshes.moved) == 80
    check_moved_vertices(data, "Male_Adult_04.fbx")
