# SPDX-License-Identifier: GPL-3.0-or-later
"""Curve tools on what the program wrote: they count as hand edits, and know the other takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bpy as blender
import numpy as np
import pytest
from curve_scenes import curves, editor, heights, select_keys, shaped_mesh, state
from stacked_face import make_face, make_waves, ready_face

from facemocap_addon.core.take_file import write_take_file
from facemocap_addon.gateway.writing.records import KEY, performances

# bpy's stubs do not know what an add-on registers
bpy: Any = blender

pytestmark = pytest.mark.usefixtures("registered")


def played() -> dict[str, Any]:
    face = bpy.data.objects["face"]
    return {
        path.split('"')[1]: fcurve for (path, _), fcurve in curves(face.data.shape_keys).items()
    }


def all_heights() -> dict[str, Any]:
    return {name: heights(fcurve) for name, fcurve in played().items()}


def face_editor() -> Any:
    return editor(bpy.data.objects["face"])


def test_what_a_tool_changes_is_a_hand_edit_and_survives(tmp_path: Path):
    ready_face(tmp_path)
    machine = all_heights()
    for fcurve in played().values():
        select_keys(fcurve, 20, 40)
    with face_editor():
        bpy.ops.facemocap.scale_curves(factor=0.5, regions={"mouth", "jaw"}, falloff=3.0)
    edited = all_heights()
    assert np.abs(edited["jawOpen"] - machine["jawOpen"]).max() > 0.1
    assert (edited["browInnerUp"] == machine["browInnerUp"]).all()
    bpy.ops.facemocap.apply_take()
    again = all_heights()
    for name, values in edited.items():
        assert np.allclose(again[name], values, atol=1e-6), name
    # on top of another result the same change
    bpy.context.scene.facemocap.hand_edits = "DISCARD"
    bpy.ops.facemocap.apply_take()
    assert np.allclose(all_heights()["jawOpen"], machine["jawOpen"], atol=1e-6)


def test_reduced_curves_are_hand_edits_too(tmp_path: Path):
    ready_face(tmp_path)
    with face_editor():
        bpy.ops.facemocap.thin_curves(tolerance=0.01, regions={"jaw"})
    fewer = len(played()["jawOpen"].keyframe_points)
    assert fewer < 30
    bpy.context.scene.facemocap.hand_edits = "KEEP"
    bpy.ops.facemocap.apply_take()
    assert len(played()["jawOpen"].keyframe_points) == fewer


def test_the_rig_map_says_of_which_part_a_curve_is(tmp_path: Path):
    """The brow's shape key is driven by the jaw here: a name would say something else."""
    ready_face(tmp_path)
    (performance,) = performances()
    record: Any = performance.action[KEY]
    document = json.loads(str(record["rig_map"]))
    for entry in document["entries"]:
        if "browInnerUp" in entry["control"]["path"]:
            entry["sources"] = [{"channel": "jawOpen", "gain": 1.0}]
    record["rig_map"] = json.dumps(document)
    before = all_heights()
    with face_editor():
        bpy.ops.facemocap.scale_curves(factor=0.5, regions={"jaw"})
    after = all_heights()
    changed = {name for name, values in after.items() if (values != before[name]).any()}
    assert changed == {"jawOpen", "browInnerUp"}


def test_blend_to_the_raw_take_undoes_what_was_done(tmp_path: Path):
    ready_face(tmp_path)
    raw = all_heights()
    with face_editor():
        bpy.ops.facemocap.scale_curves(factor=0.3)
        bpy.ops.facemocap.blend_curves(factor=0.5)
        half = all_heights()
        bpy.ops.facemocap.blend_curves(factor=1.0)
    for name, values in all_heights().items():
        assert np.allclose(values, raw[name], atol=2e-6), name
        assert np.allclose(half[name], 0.65 * raw[name], atol=2e-6), name


def test_blending_a_take_to_itself_changes_nothing(tmp_path: Path):
    ready_face(tmp_path)
    keys = bpy.data.objects["face"].data.shape_keys
    before = state(keys)
    with face_editor():
        assert bpy.ops.facemocap.blend_curves(factor=0.7) == {"FINISHED"}
    assert state(keys) == before


def test_blend_to_another_take_of_the_file(tmp_path: Path):
    ready_face(tmp_path)
    first = all_heights()
    other = make_waves(0.0)
    other = other.changed("halved", values=0.5 * other.values)
    path = tmp_path / "quiet.take.npz"
    write_take_file(other, path)
    bpy.ops.facemocap.import_take(filepath=str(path))
    for fcurve in played().values():
        select_keys(fcurve, 20, 40)
    name = bpy.context.scene.facemocap.takes[-1].text.name
    with face_editor():
        bpy.ops.facemocap.blend_curves(factor=1.0, take=name)
    for shape, values in all_heights().items():
        frames = np.arange(1, len(values) + 1)
        inside = (frames >= 20) & (frames <= 40)
        assert np.allclose(values[inside], 0.5 * first[shape][inside], atol=2e-6), shape
        assert (values[~inside] == first[shape][~inside]).all(), shape
    with face_editor(), pytest.raises(RuntimeError, match="no take"):
        bpy.ops.facemocap.blend_curves(take="nothing of that name")


def test_blend_needs_a_performance(tmp_path: Path):
    face = shaped_mesh("own", ("jawOpen",))
    with editor(face), pytest.raises(RuntimeError, match="no applied take"):
        bpy.ops.facemocap.blend_curves()


def told_by(capfd: Any, call: Any, **values: Any) -> str:
    """What Blender prints of an operator's reports."""
    capfd.readouterr()
    call(**values)
    return capfd.readouterr().out


def test_fewer_keys_say_where_they_last(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    ready_face(tmp_path)
    with face_editor():
        told = told_by(capfd, bpy.ops.facemocap.key_twos, step=2, regions={"jaw"})
        assert "Apply > Keys does this so that it lasts through re-runs" in told
        # what it says is true: with Add there is a key on each frame again
        bpy.ops.facemocap.thin_curves(tolerance=0.01, regions={"jaw"})
    fewer = len(played()["jawOpen"].keyframe_points)
    bpy.ops.facemocap.apply_take()
    assert len(played()["jawOpen"].keyframe_points) > 2 * fewer
    bpy.context.scene.facemocap.hand_edits = "KEEP"
    with face_editor():
        told = told_by(capfd, bpy.ops.facemocap.thin_curves, tolerance=0.01, regions={"jaw"})
        assert "keys became" in told
        assert "lasts" not in told


def test_fewer_keys_of_anybodys_curves_need_no_run(capfd: pytest.CaptureFixture[str]):
    own = shaped_mesh("own", ("jawOpen",))
    with editor(own):
        told = told_by(capfd, bpy.ops.facemocap.thin_curves, tolerance=0.01)
    assert "keys became" in told
    assert "lasts" not in told


def test_curves_that_play_from_a_strip_are_told_of(tmp_path: Path):
    item = ready_face(tmp_path)
    item.life.asymmetry.layer_on = True
    item.life.asymmetry.amount = 0.2
    bpy.ops.facemocap.push_layer(layer="asymmetry")
    assert bpy.data.objects["face"].data.shape_keys.animation_data.action is None
    with face_editor(), pytest.raises(RuntimeError, match="plays from an NLA strip"):
        bpy.ops.facemocap.scale_curves(factor=0.5)
    bare = bpy.data.objects.new("bare", None)
    bpy.context.scene.collection.objects.link(bare)
    with editor(bare), pytest.raises(RuntimeError, match="Select keyed objects"):
        bpy.ops.facemocap.scale_curves(factor=0.5)


def test_meshes_with_the_same_keys_that_are_left_are_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    ready_face(tmp_path, apply=False)
    lashes = make_face("lashes")
    lashes.parent = bpy.data.objects["face"]
    for each in (lashes, lashes.parent):
        each.select_set(True)
    bpy.ops.facemocap.find_character()
    bpy.ops.facemocap.apply_take()
    assert lashes.data.shape_keys.animation_data is not None
    before = state(lashes.data.shape_keys)
    with face_editor():
        scale = bpy.ops.facemocap.scale_curves
        told = told_by(capfd, scale, factor=0.5, keys="ALL", regions={"brow"})
        assert "lashes has these too: choose Whole Character" in told
        assert state(lashes.data.shape_keys) == before
        told = told_by(capfd, scale, factor=0.5, keys="ALL", curves="CHARACTER", regions={"brow"})
        assert "these too" not in told
    assert state(lashes.data.shape_keys) != before
    # where both are selected none is left
    with editor(bpy.data.objects["face"], lashes):
        assert "these too" not in told_by(capfd, scale, factor=0.5, keys="ALL", regions={"jaw"})
