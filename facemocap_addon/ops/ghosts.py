# SPDX-License-Identifier: GPL-3.0-or-later
"""Raw curves beside those that play, kept up to date with what is applied."""

from __future__ import annotations

from typing import Any

import bpy

from ..core.errors import FacemocapError
from ..gateway.takes.raw_curves import raw_curves
from ..gateway.writing.kept_stacks import about_raw
from ..gateway.writing.records import Performance, find_performance
from ..props import FACEMOCAP_PG_character, Ghosts, state_of
from .panel_characters import picked_objects


def show_ghosts(item: FACEMOCAP_PG_character, performance: Performance | None) -> None:
    """Find the raw curves of a performance if they are shown, and not known yet."""
    scene: Any = item.id_data
    if performance is None:
        return
    name = performance.action.name
    if not state_of(scene).show_ghosts:
        Ghosts.hide(name)
        return
    about = about_raw(performance)
    if Ghosts.about(name) == about:
        return
    try:
        Ghosts.show(name, raw_curves(scene, performance), about)
    except FacemocapError:
        Ghosts.hide(name)


def follow_ghosts(scene: bpy.types.Scene) -> None:
    """Raw curves are to be shown now, or no longer."""
    if not state_of(scene).show_ghosts:
        Ghosts.forget()
        return
    for item in state_of(scene).characters:
        try:
            show_ghosts(item, find_performance(picked_objects(item, scene)))
        except FacemocapError:
            continue
