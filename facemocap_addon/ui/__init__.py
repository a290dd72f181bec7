# SPDX-License-Identifier: GPL-3.0-or-later
"""Sidebar panels, lists, the import menu's entry and the drop handler; nothing is computed here."""

from __future__ import annotations

from . import (
    actor_panel,
    apply_panel,
    character_panel,
    curve_menus,
    entry_panel,
    events_panel,
    files,
    gaze_panel,
    handover_panel,
    health_panel,
    keys_panel,
    life_panel,
    lists,
    map_panel,
    point_places_panel,
    points_panel,
    solve_panel,
    stack_panel,
    take_comp_panel,
    take_panel,
)
from .curve_menus import hide_curve_menus, show_curve_menus
from .curve_picture import forget_pictures
from .event_handles import hide_event_handles, show_event_handles
from .eye_strip import forget_strips
from .files import draw_import
from .ghost_curves import hide_ghost_curves, show_ghost_curves
from .point_overlay import hide_overlay, show_overlay
from .residual_picture import forget_residuals

CLASSES = (
    *lists.CLASSES,
    *files.CLASSES,
    *take_panel.CLASSES,
    *take_comp_panel.CLASSES,
    *actor_panel.CLASSES,
    *character_panel.CLASSES,
    *map_panel.CLASSES,
    *entry_panel.CLASSES,
    *points_panel.CLASSES,
    *point_places_panel.CLASSES,
    *solve_panel.CLASSES,
    *apply_panel.CLASSES,
    *keys_panel.CLASSES,
    *curve_menus.CLASSES,
    *stack_panel.CLASSES,
    *gaze_panel.CLASSES,
    *life_panel.CLASSES,
    *events_panel.CLASSES,
    *health_panel.CLASSES,
    *handover_panel.CLASSES,
)
