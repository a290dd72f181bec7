# SPDX-License-Identifier: GPL-3.0-or-later
"""Life: what the tracker lost, put back in layers; each a step of the stack, or a track."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import bpy

from ..core.layers.presets import layer_presets
from ..core.stack.kinds import kind_of
from ..core.stack.params import field_types
from ..props import GIVEN
from .character_panel import chosen_character, need_character
from .sentences import draw_sentences
from .take_panel import SidebarPanel

#: Sentences of a layer that are shown here; Cleanup shows all.
_MOST_SAID = 3


class FACEMOCAP_MT_layers(bpy.types.Menu):
    """Ready-made sets of layers."""

    bl_idname = "FACEMOCAP_MT_layers"
    bl_label = "Sets of Layers"

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw their names."""
        layout: Any = self.layout
        for preset in layer_presets():
            layout.operator("facemocap.use_layers", text=preset.label).preset = preset.name


class FACEMOCAP_PT_life(SidebarPanel, bpy.types.Panel):
    """Layers of life on the chosen character."""

    bl_idname = "FACEMOCAP_PT_life"
    bl_label = "Life"
    bl_options = {"DEFAULT_CLOSED"}
    # right below Cleanup, whose steps these are
    bl_order = 2

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only with a character."""
        return chosen_character(context) is not None

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the menu of sets, and what is wrong."""
        layout = self.layout
        item = need_character(context)
        layout.menu("FACEMOCAP_MT_layers", icon="PRESET")
        draw_sentences(layout, context, item.stack.problem, "ERROR")
        if not item.applied and item.stack.rows:
            draw_sentences(layout, context, "The layers are run when a take is applied.")


class _LayerPanel(SidebarPanel):
    """One layer: its switch, and what is changed most."""

    bl_parent_id = "FACEMOCAP_PT_life"
    bl_options: ClassVar[set[str]] = {"DEFAULT_CLOSED"}
    #: The layer's kind, and parameters in this order.
    layer: ClassVar[str] = ""
    params: ClassVar[Sequence[str]] = ()

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only with a character."""
        return chosen_character(context) is not None

    def draw_header(self, context: bpy.types.Context) -> None:
        """Draw the switch, and whether the layer plays from a track, where it is off."""
        group = getattr(need_character(context).life, self.layer)
        self.layout.prop(group, "layer_on", text="")
        if group.layer_on_track:
            self.layout.label(text="", icon="NLA")

    def draw(self, context: bpy.types.Context) -> None:
        """Draw influence, parameters, and where the layer plays."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        item = need_character(context)
        group = getattr(item.life, self.layer)
        column = layout.column()
        column.active = group.layer_on or group.layer_on_track
        if not group.layer_on_track:
            column.prop(group, "layer_influence", slider=True)
        for name in self.params:
            _draw_param(column, group, self.layer, name)
        if "seed" in field_types(kind_of(self.layer).params):
            row = column.row(align=True)
            row.prop(group, "seed")
            button = row.operator("facemocap.new_layer_seed", text="", icon="FILE_REFRESH")
            button.layer = self.layer
        self.draw_more(column, group)
        if group.layer_on_track:
            draw_sentences(layout, context, "Plays from an NLA track, its influence on the strip.")
            layout.operator("facemocap.pull_layer", icon="LOOP_BACK").layer = self.layer
        elif group.layer_on:
            layout.operator("facemocap.push_layer", icon="NLA_PUSHDOWN").layer = self.layer
            said = next((row.said for row in item.stack.rows if row.kind == self.layer), "")
            draw_sentences(layout, context, "\n".join(said.split("\n")[:_MOST_SAID]), "INFO")

    def draw_more(self, layout: Any, group: Any) -> None:
        """Draw what only this layer has."""


def _draw_param(layout: Any, group: Any, kind: str, name: str) -> None:
    """Draw one parameter, behind its own switch where it may be left out."""
    hint = field_types(kind_of(kind).params)[name]
    if hint in (int | None, float | None):
        layout.prop(group, name + GIVEN)
        if not getattr(group, name + GIVEN):
            return
    layout.prop(group, name)


class FACEMOCAP_PT_layer_asymmetry(_LayerPanel, bpy.types.Panel):
    """Left and right."""

    bl_idname = "FACEMOCAP_PT_layer_asymmetry"
    bl_label = "Asymmetry"
    bl_order = 0
    layer = "asymmetry"
    params = ("amount", "index", "follow", "bias", "lag_s", "blink_lag_s")


class FACEMOCAP_PT_layer_breathing(_LayerPanel, bpy.types.Panel):
    """Breath."""

    bl_idname = "FACEMOCAP_PT_layer_breathing"
    bl_label = "Breathing"
    bl_order = 1
    layer = "breathing"
    params = ("pattern", "rate", "depth", "mouth", "head", "face", "body", "phrases_from")

    def draw_more(self, layout: Any, group: Any) -> None:
        """Draw the held breaths."""
        column = layout.column(align=True)
        column.use_property_split = False
        row = column.row(align=True)
        row.label(text="Held Breath")
        row.operator("facemocap.hold_breath", text="", icon="ADD")
        row.operator("facemocap.hold_breath_at_markers", text="", icon="MARKER")
        for number, pair in enumerate(group.holds):
            row = column.row(align=True)
            row.prop(pair, "first")
            row.prop(pair, "second")
            row.operator("facemocap.release_breath", text="", icon="X").hold = number
        if len(group.holds):
            column.use_property_split = True
            for name in ("hold_depth", "tension", "recovery"):
                column.prop(group, name)


class FACEMOCAP_PT_layer_cascade(_LayerPanel, bpy.types.Panel):
    """Muscles that take each other along."""

    bl_idname = "FACEMOCAP_PT_layer_cascade"
    bl_label = "Cascade"
    bl_order = 2
    layer = "cascade"
    params = ("smile", "frown", "surprise", "disgust", "press")


class FACEMOCAP_PT_layer_micro(_LayerPanel, bpy.types.Panel):
    """What never stands still."""

    bl_idname = "FACEMOCAP_PT_layer_micro"
    bl_label = "Micro-movement"
    bl_order = 3
    layer = "micro_movement"
    params = ("brows_mm", "lids_mm", "eyes_deg", "head_deg", "weight_mm", "stress_deg", "on_target")


class FACEMOCAP_PT_layer_posture(_LayerPanel, bpy.types.Panel):
    """How the head is held."""

    bl_idname = "FACEMOCAP_PT_layer_posture"
    bl_label = "Posture"
    bl_order = 4
    layer = "posture"
    params = (
        "context",
        "amount",
        "chin_deg",
        "turn_deg",
        "tilt_deg",
        "lean_m",
        "rise_m",
        "on_target",
    )


class FACEMOCAP_PT_layer_style(_LayerPanel, bpy.types.Panel):
    """Larger or smaller, quicker, on twos."""

    bl_idname = "FACEMOCAP_PT_layer_style"
    bl_label = "Style"
    bl_order = 5
    layer = "style"
    params = ("amount", "snap", "hold_frames")


CLASSES = (
    FACEMOCAP_MT_layers,
    FACEMOCAP_PT_life,
    FACEMOCAP_PT_layer_asymmetry,
    FACEMOCAP_PT_layer_breathing,
    FACEMOCAP_PT_layer_cascade,
    FACEMOCAP_PT_layer_micro,
    FACEMOCAP_PT_layer_posture,
    FACEMOCAP_PT_layer_style,
)
