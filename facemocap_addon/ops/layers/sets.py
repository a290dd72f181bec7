# SPDX-License-Identifier: GPL-3.0-or-later
"""Ready-made sets of layers, and other draws of one."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import EnumProperty, StringProperty

from ...core.layers.presets import (
    layer_preset,
    layer_presets,
    next_seed,
    place_of_layer,
    set_layer_seed,
    with_layers,
)
from ...core.layers.tracks import LAYER_KINDS
from ...core.stack.kinds import kind_of
from ...core.stack.stack import Stack
from ...props import FACEMOCAP_PG_character
from ..panel_stack import change_stack, replace_stack
from ..stack import StackOperator

LAYERS = [(name, kind_of(name).label, kind_of(name).what) for name in LAYER_KINDS]


class FACEMOCAP_OT_use_layers(StackOperator, bpy.types.Operator):
    """Use a ready-made set of layers."""

    bl_idname = "facemocap.use_layers"
    bl_label = "Use Layers"
    bl_description = "Use this set of layers; all other steps, held breaths and seeds stay"
    needs_step = False

    preset: StringProperty(name="Set", description="Name of the set")

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: Any) -> str:
        """What the set is, as the tooltip of the menu's entry."""
        found = [each.what for each in layer_presets() if each.name == properties.preset]
        return found[0] if found else cls.bl_description

    def change(self, context: bpy.types.Context, item: FACEMOCAP_PG_character, stack: Stack) -> str:
        """Put its layers in the place of those that are there."""
        preset = layer_preset(self.preset)
        replace_stack(context.scene, item, with_layers(stack, preset.stack))
        return f'"{preset.label}" is the set of layers now'


class FACEMOCAP_OT_new_layer_seed(StackOperator, bpy.types.Operator):
    """Let a layer draw anew."""

    bl_idname = "facemocap.new_layer_seed"
    bl_label = "New Seed"
    bl_description = "Let the layer draw anew: another seed, another variation of the same"

    layer: EnumProperty(name="Layer", description="Which layer draws anew", items=LAYERS)

    def change(self, context: bpy.types.Context, item: FACEMOCAP_PG_character, stack: Stack) -> str:
        """Take the next seed."""
        place = place_of_layer(stack, self.layer)
        before = 0 if place is None else getattr(stack.steps[place].params, "seed", 0)
        after = set_layer_seed(stack, self.layer, next_seed(before))
        change_stack(context.scene, item, after)
        return f"{kind_of(self.layer).label} is drawn anew"


CLASSES = (FACEMOCAP_OT_use_layers, FACEMOCAP_OT_new_layer_seed)
