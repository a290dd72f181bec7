# SPDX-License-Identifier: GPL-3.0-or-later
"""Take comp in the panel: a new take beside the others, its recipe opened and made again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy as blender
import numpy as np
import pytest
from stacked_face import make_face, make_waves

from facemocap_addon.core.take_comp import recipe_of
from facemocap_addon.core.take_file import write_take_file
from facemocap_addon.gateway.files.take_storage import load_take

# bpy's stubs do not know what an add-on registers
bpy: Any = blender

pytestmark = pytest.mark.usefixtures("registered")


@pytest.fixture
def two_takes(tmp_path: Path) -> Any:
    """The comp of a scene of 30 frames a second that has two takes of the same length."""
    bpy.context.scene.render.fps = 30
    make_face("face")
    one = make_waves(0.0)
    two = one.changed("other", values=(1.0 - one.values).astype(np.float32))
    for name, take in (("one", one), ("two", two)):
        path = tmp_path / f"{name}.take.npz"
        write_take_file(take.changed(name, source=type(take.source)(name, "arrays")), path)
        bpy.ops.facemocap.import_take(filepath=str(path))
    return bpy.context.scene.facemocap.comp


def choose(number: int) -> None:
    bpy.context.scene.facemocap.active_take = number


def fill(comp: Any) -> None:
    choose(0)
    bpy.ops.facemocap.add_comp_stretch()
    choose(1)
    bpy.context.scene.frame_set(16)
    bpy.ops.facemocap.add_comp_stretch()
    stretch = comp.stretches[0]
    stretch.regions = {"jaw", "mouth"}
    stretch.use_end = False
    comp.title = "both"
    comp.search_s, comp.longest_s = 0.2, 0.4


def test_a_comp_is_a_take_like_any_other(two_takes: Any):
    fill(two_takes)
    assert two_takes.stretches[0].start_s == pytest.approx(0.5)
    assert bpy.ops.facemocap.compose_takes() == {"FINISHED"}
    state = bpy.context.scene.facemocap
    assert [item.name for item in state.takes] == ["one", "two", "both"]
    assert state.active_take == 2
    out, one, two = (load_take(state.takes[n].text) for n in (2, 0, 1))
    jaw, blink = out.column("jawOpen"), out.column("eyeBlinkLeft")
    assert (out.values[:10, jaw] == one.values[:10, jaw]).all()
    assert (out.values[-20:, jaw] == two.values[-20:, jaw]).all()
    assert (out.values[:, blink] == one.values[:, blink]).all()
    assert two_takes.seams.startswith("1 start: ")
    recipe = recipe_of(out)
    assert recipe is not None
    assert set(recipe.takes) == {"one", "two"}
    assert bpy.ops.facemocap.apply_take() == {"FINISHED"}


def test_a_recipe_is_opened_changed_and_made_again(two_takes: Any):
    fill(two_takes)
    bpy.ops.facemocap.compose_takes()
    state = bpy.context.scene.facemocap
    first = load_take(state.takes[2].text)
    two_takes.stretches.clear()
    two_takes.base = None
    assert bpy.ops.facemocap.open_comp() == {"FINISHED"}
    assert two_takes.base == state.takes[0].text
    (row,) = two_takes.stretches
    assert (row.text, row.regions, row.use_end) == (state.takes[1].text, {"jaw", "mouth"}, False)
    # the same recipe is the same take, which is stored once
    bpy.ops.facemocap.compose_takes()
    assert len(state.takes) == 3
    assert load_take(state.takes[2].text).digest == first.digest
    row.regions = {"brow"}
    bpy.ops.facemocap.compose_takes()
    assert len(state.takes) == 4


def test_what_cannot_be_put_together_is_said(two_takes: Any):
    with pytest.raises(RuntimeError, match="base"):
        bpy.ops.facemocap.compose_takes()
    fill(two_takes)
    row = two_takes.stretches[0]
    row.use_end, row.end_s = True, 0.1
    with pytest.raises(RuntimeError, match="before it begins"):
        bpy.ops.facemocap.compose_takes()
    row.regions = {"tongue"}
    row.end_s = 1.5
    with pytest.raises(RuntimeError, match="recorded no"):
        bpy.ops.facemocap.compose_takes()
    choose(0)
    with pytest.raises(RuntimeError, match="no comp"):
        bpy.ops.facemocap.open_comp()
    assert len(bpy.context.scene.facemocap.takes) == 2
    bpy.ops.facemocap.remove_comp_stretch()
    assert not two_takes.stretches


def test_ends_are_set_at_the_playhead(two_takes: Any):
    fill(two_takes)
    bpy.context.scene.frame_set(31)
    bpy.ops.facemocap.comp_stretch_here(end="END")
    row = two_takes.stretches[0]
    assert row.use_end
    assert row.end_s == pytest.approx(1.0)
