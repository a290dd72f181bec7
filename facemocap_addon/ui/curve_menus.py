# SPDX-License-Identifier: GPL-3.0-or-later
"""Curve tools in the Graph Editor and the Dope Sheet: Key menu, sidebar, one key to call them."""

from __future__ import annotations

from typing import Any, ClassVar

import bpy

from ..props import state_of

TOOLS = (
    "smooth_curves",
    "scale_curves",
    "offset_curves",
    "ease_curves",
    "push_curves",
    "neighbour_curves",
    "blend_curves",
    "attack_curves",
    "hold_curves",
    "settle_curves",
)
THINNERS = ("thin_curves", "key_extremes", "key_nth", "key_twos", "key_frames")
#: Keymaps in which Alt F calls the menu, and their editors.
KEYMAPS = (("Graph Editor", "GRAPH_EDITOR"), ("Dopesheet", "DOPESHEET_EDITOR"))


class FACEMOCAP_MT_curve_tools(bpy.types.Menu):
    """Curve tools on selected keys."""

    bl_idname = "FACEMOCAP_MT_curve_tools"
    bl_label = "Face Mocap"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw every tool."""
        layout = self.layout
        layout.operator_context = "INVOKE_DEFAULT"
        for name in TOOLS:
            layout.operator(f"facemocap.{name}")
        layout.separator()
        for name in THINNERS:
            layout.operator(f"facemocap.{name}")


class _CurvePanel:
    """The tools with what they are for."""

    bl_region_type = "UI"
    bl_category = "Face Mocap"
    bl_label = "Curve Tools"
    layout: Any

    def draw(self, context: bpy.types.Context) -> None:
        """Draw which curves and keys, and a button for each tool."""
        layout = self.layout
        settings: Any = state_of(context.scene).curve_tools
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        column.prop(settings, "curves")
        column.prop(settings, "keys")
        column.prop(settings, "side")
        column.prop(settings, "falloff")
        grid = layout.grid_flow(row_major=True, columns=3, even_columns=True, align=True)
        grid.prop(settings, "regions", expand=True)
        for names in (TOOLS, THINNERS):
            column = layout.column(align=True)
            column.operator_context = "INVOKE_DEFAULT"
            for name in names:
                _button(column, name, settings)


def _button(layout: Any, name: str, settings: Any) -> None:
    button = layout.operator(f"facemocap.{name}")
    button.curves, button.keys = settings.curves, settings.keys
    button.regions, button.side = settings.regions, settings.side
    button.falloff = settings.falloff


class FACEMOCAP_PT_graph_curves(_CurvePanel, bpy.types.Panel):
    """Curve tools in the Graph Editor."""

    bl_idname = "FACEMOCAP_PT_graph_curves"
    bl_space_type = "GRAPH_EDITOR"


class FACEMOCAP_PT_dopesheet_curves(_CurvePanel, bpy.types.Panel):
    """Curve tools in the Dope Sheet."""

    bl_idname = "FACEMOCAP_PT_dopesheet_curves"
    bl_space_type = "DOPESHEET_EDITOR"


def draw_submenu(self: Any, _context: bpy.types.Context) -> None:
    """Entry of the Key menus."""
    self.layout.separator()
    self.layout.menu(FACEMOCAP_MT_curve_tools.bl_idname)


class _Added:
    """Entries of keymaps that were added."""

    items: ClassVar[list[tuple[Any, Any]]] = []


def show_curve_menus(context: bpy.types.Context) -> None:
    """Put the tools into the Key menus, and give the menu a key that a person can change."""
    for menu in _menus():
        menu.append(draw_submenu)
    keyconfig = context.window_manager.keyconfigs.addon if context.window_manager else None
    if keyconfig is None:
        return
    for name, space in KEYMAPS:
        keymap = keyconfig.keymaps.new(name=name, space_type=space)
        item: Any = keymap.keymap_items.new("wm.call_menu", "F", "PRESS", alt=True)
        item.properties.name = FACEMOCAP_MT_curve_tools.bl_idname
        _Added.items.append((keymap, item))


def hide_curve_menus() -> None:
    """Take out what `show_curve_menus` put in."""
    for menu in _menus():
        menu.remove(draw_submenu)
    while _Added.items:
        keymap, item = _Added.items.pop()
        keymap.keymap_items.remove(item)


def _menus() -> tuple[Any, ...]:
    return bpy.types.GRAPH_MT_key, bpy.types.DOPESHEET_MT_key


CLASSES = (FACEMOCAP_MT_curve_tools, FACEMOCAP_PT_graph_curves, FACEMOCAP_PT_dopesheet_curves)
