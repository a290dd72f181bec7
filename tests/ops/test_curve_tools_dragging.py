# SPDX-License-Identifier: GPL-3.0-or-later
"""Curve tools dragged with the mouse: Esc to the bit, typed numbers, falloff by the wheel."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import bpy as blender
import pytest
from curve_scenes import curves, editor, heights, posed_rig, select_keys, shaped_mesh, state

from facemocap_addon.ops.curve_tools import CLASSES
from facemocap_addon.ops.curve_tools.slider import PIXELS, Slider
from facemocap_addon.ui.curve_menus import KEYMAPS, draw_submenu

# bpy's stubs do not know what an add-on registers
bpy: Any = blender

DRAGGED = [each for each in CLASSES if each.dragged and "blend" not in each.bl_idname]


def mouse(x: float, **keys: bool) -> Any:
    return SimpleNamespace(
        type="MOUSEMOVE", value="NOTHING", mouse_x=x, **({"shift": False, "ctrl": False} | keys)
    )


def press(kind: str, **keys: bool) -> Any:
    return SimpleNamespace(
        type=kind, value="PRESS", mouse_x=0, **({"shift": False, "ctrl": False} | keys)
    )


@pytest.fixture
def begun(registered: None, stand_in: Callable[[Any], Any]) -> Callable[..., Any]:
    """Make an operator that has begun to be dragged, at pixel 0."""

    def make(operator: Any, context: Any, **given: Any) -> Any:
        made = stand_in(operator)
        rna = getattr(bpy.ops.facemocap, operator.bl_idname.partition(".")[2]).get_rna_type()
        for prop in rna.properties:
            if prop.identifier != "rna_type":
                usual = set() if getattr(prop, "is_enum_flag", False) else prop.default
                setattr(made, prop.identifier, given.get(prop.identifier, usual))
        made.begin(context, 0.0)
        return made

    return make


@pytest.mark.parametrize("operator", DRAGGED, ids=lambda each: each.bl_idname)
def test_esc_puts_everything_back_to_the_bit(operator: Any, begun: Callable[..., Any]):
    end = "RIGHTMOUSE" if "scale" in operator.bl_idname else "ESC"
    face, rig = shaped_mesh("face", ("jawOpen", "mouthClose")), posed_rig()
    keys = face.data.shape_keys
    for number, fcurve in enumerate(curves(keys).values()):
        select_keys(fcurve, 10, 40)
        # all kinds that keys have, and handles that Blender has not computed
        for key, point in enumerate(fcurve.keyframe_points):
            point.interpolation = ("BEZIER", "LINEAR", "CONSTANT", "BOUNCE")[(key + number) % 4]
            point.handle_left_type = ("FREE", "ALIGNED", "AUTO", "VECTOR")[key % 4]
            point.easing = "EASE_OUT"
            point.type = ("KEYFRAME", "BREAKDOWN", "JITTER")[key % 3]
            point.handle_right.y += 0.01 * (key % 5)
            point.back = 1.0 + key
    before, bones = state(keys), state(rig)
    with editor(face, rig) as context:
        made = begun(operator, context)
        for x in (150, -300, 220):
            assert made.modal(context, mouse(x)) == {"RUNNING_MODAL"}
        assert state(keys) != before
        assert state(rig) != bones
        assert made.modal(context, press(end)) == {"CANCELLED"}
    assert state(keys) == before
    assert state(rig) == bones


def test_enter_keeps_and_the_panel_has_the_number(begun: Callable[..., Any]):
    face = shaped_mesh("face", ("jawOpen",))
    fcurve = curves(face.data.shape_keys)['key_blocks["jawOpen"].value', 0]
    before = heights(fcurve)
    scale = next(each for each in DRAGGED if each.bl_idname == "facemocap.scale_curves")
    with editor(face) as context:
        made = begun(scale, context)
        made.modal(context, mouse(-PIXELS / 4))
        assert made.factor == pytest.approx(0.5)
        assert made.modal(context, press("RET")) == {"FINISHED"}
        assert "1 curves changed" in made.told[-1][-1]
    assert abs(heights(fcurve) - 0.5 * before).max() < 1e-6


def test_typed_numbers_win_over_the_mouse(begun: Callable[..., Any]):
    face = shaped_mesh("face", ("jawOpen",))
    fcurve = curves(face.data.shape_keys)['key_blocks["jawOpen"].value', 0]
    before = heights(fcurve)
    push = next(each for each in DRAGGED if each.bl_idname == "facemocap.scale_curves")
    with editor(face) as context:
        made = begun(push, context)
        for key in ("TWO", "PERIOD", "FIVE", "MINUS", "NUMPAD_0"):
            made.modal(context, press(key))
        made.modal(context, mouse(500))
        assert made.factor == -2.5
        made.modal(context, press("MINUS"))
        for _ in range(4):
            made.modal(context, press("BACK_SPACE"))
        made.modal(context, press("THREE"))
        made.modal(context, press("NUMPAD_ENTER"))
    assert abs(heights(fcurve) - 3.0 * before).max() < 1e-5


def test_the_wheel_sets_the_falloff(begun: Callable[..., Any]):
    face = shaped_mesh("face", ("jawOpen",))
    fcurve = curves(face.data.shape_keys)['key_blocks["jawOpen"].value', 0]
    select_keys(fcurve, 20, 40)
    before = heights(fcurve)
    scale = next(each for each in DRAGGED if each.bl_idname == "facemocap.scale_curves")
    with editor(face) as context:
        made = begun(scale, context)
        made.modal(context, mouse(-PIXELS))
        for _ in range(3):
            made.modal(context, press("WHEELUPMOUSE", ctrl=True))
        assert made.falloff == 3.0
        assert made.modal(context, press("WHEELUPMOUSE")) == {"PASS_THROUGH"}
        made.modal(context, press("LEFTMOUSE"))
    share = heights(fcurve)[19:40] / before[19:40]
    assert share[0] > share[1] > share[2] > share[3] == pytest.approx(0.0, abs=1e-6)


def test_a_slider_goes_in_fine_steps_and_snaps():
    slider = Slider(1.0, 0.0, 2.0)
    slider.begin(100.0, 0.0)
    slider.follow(mouse(100.0 + PIXELS / 10, shift=True))
    assert slider.value == pytest.approx(1.02)
    slider.follow(mouse(100.0 + PIXELS / 10, ctrl=True))
    assert slider.value == pytest.approx(1.0)
    slider.follow(mouse(1e6))
    assert slider.value == 2.0
    tolerance = Slider(0.01, 0.0001, 0.1, growing=True)
    tolerance.begin(0.0, 0.0)
    tolerance.follow(mouse(-PIXELS / 3))
    assert tolerance.value == pytest.approx(0.001)
    assert "0.0010" in tolerance.text("Reduce")


@pytest.mark.usefixtures("registered")
def test_menus_and_keys_are_there_and_do_not_clash():
    for menu in (bpy.types.GRAPH_MT_key, bpy.types.DOPESHEET_MT_key):
        assert draw_submenu in menu._dyn_ui_initialize()
    keyconfigs = bpy.context.window_manager.keyconfigs
    for name, _ in KEYMAPS:
        own = [
            item
            for item in keyconfigs.addon.keymaps[name].keymap_items
            if item.idname == "wm.call_menu" and item.properties.name == "FACEMOCAP_MT_curve_tools"
        ]
        assert [(item.type, item.alt, item.ctrl, item.shift) for item in own] == [
            ("F", True, False, False)
        ]
