# SPDX-License-Identifier: GPL-3.0-or-later
"""Raw curves in a normalised Graph Editor: the scale of each F-curve, frozen or not."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import bpy as blender
import numpy as np
import pytest

from facemocap_addon.core.normalised_view import ShownScale, shown_scale
from facemocap_addon.props import Ghosts
from facemocap_addon.ui.ghost_curves import (
    _keeps_scale,
    hide_ghost_curves,
    normalised_ghosts,
    scale_of,
)

# bpy's stubs do not know all that its types can do
bpy: Any = blender


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    yield
    hide_ghost_curves()
    Ghosts.forget()


def make_curve(frames: Any, values: Any, kind: str = "LINEAR", name: str = "a") -> Any:
    action = bpy.data.actions.new(name)
    slot = action.slots.new("OBJECT", name)
    strip = action.layers.new("layer").strips.new(type="KEYFRAME")
    fcurve = strip.channelbag(slot, ensure=True).fcurves.new("location", index=1)
    fcurve.keyframe_points.add(len(frames))
    flat = np.stack([frames, values], axis=1).astype(np.float32).ravel()
    fcurve.keyframe_points.foreach_set("co", flat)
    for point in fcurve.keyframe_points:
        point.interpolation = kind
        point.handle_left_type = point.handle_right_type = "FREE"
        point.handle_left = point.co.x - 3.0, point.co.y - 2.0
        point.handle_right = point.co.x + 5.0, point.co.y + 4.0
    fcurve.update()
    return fcurve


def ends(scale: ShownScale) -> tuple[float, float]:
    """The values that are drawn at -1 and 1."""
    return -1.0 / scale.factor - scale.offset, 1.0 / scale.factor - scale.offset


@pytest.mark.parametrize("kind", ["LINEAR", "CONSTANT", "BEZIER"])
def test_the_range_of_what_is_drawn_becomes_minus_one_to_one(kind: str):
    rng = np.random.default_rng(3)
    frames = np.cumsum(rng.uniform(2, 15, 20))
    fcurve = make_curve(frames, rng.uniform(-3, 5, 20), kind)
    scale = scale_of(fcurve, None)
    # what Blender evaluates, on a far finer grid
    grid = np.union1d(np.linspace(frames[0], frames[-1], 6000), frames.astype(np.float32))
    seen = [fcurve.evaluate(x) for x in grid.tolist()]
    low, high = ends(scale)
    assert low == pytest.approx(min(seen), abs=0.02 if kind == "BEZIER" else 2e-3)
    assert high == pytest.approx(max(seen), abs=0.02 if kind == "BEZIER" else 2e-3)
    if kind == "BEZIER":
        # handles take the curve beyond its keys
        assert high > max(point.co.y for point in fcurve.keyframe_points) + 0.1
    shown = scale.of(np.array([low, 0.5 * (low + high), high]))
    assert shown == pytest.approx(np.array([-1.0, 0.0, 1.0]), abs=1e-6)


def test_of_a_preview_range_only_its_keys_count():
    frames = np.arange(10.0)
    values = np.array([9.0, 8, 7, 1, 2, 3, 2, 7, 8, 9])
    fcurve = make_curve(frames, values)
    # the stretch that leads into it begins at 7
    assert ends(scale_of(fcurve, (3.0, 6.0))) == pytest.approx((1.0, 7.0))
    assert ends(scale_of(fcurve, (4.0, 6.0))) == pytest.approx((1.0, 3.0))
    assert ends(scale_of(fcurve, (0.0, 2.0))) == pytest.approx((7.0, 9.0))
    assert scale_of(fcurve, (40.0, 60.0)) == ShownScale()


def test_flat_curves_are_put_on_nought_and_keep_their_scale():
    for values in ([0.25, 0.25, 0.25], [0.25, 0.25 + 1e-7, 0.25], [0.25]):
        fcurve = make_curve(np.arange(float(len(values))), values)
        scale = scale_of(fcurve, None)
        assert scale.factor == 1.0
        assert scale.of(np.array([0.25])) == pytest.approx(np.array([0.0]), abs=1e-6)
    nothing = np.zeros((0, 2))
    assert shown_scale(nothing, nothing, nothing, np.zeros(0, np.bool_)) is None


def test_a_ghost_has_the_scale_of_its_curve_also_while_that_is_frozen():
    frames = np.arange(1.0, 6.0)
    fcurve = make_curve(frames, np.array([0.0, 1, 2, 1, 0]))
    action = fcurve.id_data
    handle = action.slots[0].handle
    raw = np.array([0.0, 2, 4, 2, 0])
    Ghosts.show(action.name, {handle: {("location", 1): (frames, raw)}}, "about")
    scene = bpy.context.scene

    def drawn(*, holds: bool) -> list[float]:
        ((_frames, values, scale),) = normalised_ghosts([fcurve], scene, holds=holds)
        return scale.of(values).tolist()

    # where the curve goes from -1 to 1, the raw one goes to 3
    assert drawn(holds=False) == pytest.approx([-1, 1, 3, 1, -1])
    fcurve.keyframe_points[2].co.y = 4.0
    fcurve.update()
    assert drawn(holds=True) == pytest.approx([-1, 1, 3, 1, -1])
    assert drawn(holds=False) == pytest.approx([-1, 0, 1, 0, -1])
    scene.use_preview_range = True
    scene.frame_preview_start, scene.frame_preview_end = 1, 2
    assert drawn(holds=False) == pytest.approx([-1, 3, 7, 3, -1])


def test_scales_are_kept_while_keys_are_moved_and_while_only_the_frame_changes():
    def context(frame: int, *operators: str) -> Any:
        moving = [SimpleNamespace(bl_idname=name) for name in operators]
        return SimpleNamespace(
            scene=SimpleNamespace(frame_current=frame),
            window=SimpleNamespace(modal_operators=moving),
        )

    _keeps_scale(context(1))
    assert not _keeps_scale(context(1))
    assert _keeps_scale(context(2))
    assert not _keeps_scale(context(2))
    assert _keeps_scale(context(2, "TRANSFORM_OT_translate"))
    assert not _keeps_scale(context(2, "SCREEN_OT_animation_step"))
