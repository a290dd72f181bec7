# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that the panel has not seen: show the takes and performances that they hold."""

from __future__ import annotations

from collections.abc import Callable

import bpy

from ..core.errors import FacemocapError
from ..gateway.applying.performance import Performance, performances
from ..gateway.files.take_storage import load_take, stored_takes
from ..props import FACEMOCAP_PG_scene, Work, refresh_rows, state_of
from .panel_characters import is_same, list_character, show_performance
from .panel_stack import show_stack
from .panel_takes import list_take


def adopt_file(scene: bpy.types.Scene, upgrade: Callable[[FACEMOCAP_PG_scene], bool]) -> None:
    """List what the file holds in the open scene and in every scene with an animated character."""
    # what went on in the file before is over
    Work.show(None)
    found = performances()
    scenes = {s for p in found for obj in p.picked_objects() for s in obj.users_scene}
    for each in {scene, *scenes}:
        state = state_of(each)
        state.notice = ""
        if not upgrade(state):
            state.notice = (
                "A newer Face Mocap saved this panel. Update Face Mocap before you change anything."
            )
            continue
        _adopt_takes(each)
        _adopt_performances(each, found)
        _refresh_lists(state)


def _adopt_takes(scene: bpy.types.Scene) -> None:
    state = state_of(scene)
    chosen = state.active_take if state.takes else None
    listed = {item.text for item in state.takes}
    for text in stored_takes():
        if text not in listed:
            try:
                list_take(scene, text, load_take(text))
            except FacemocapError as problem:
                state.notice = str(problem)
    if chosen is not None:
        state.active_take = chosen


def _adopt_performances(scene: bpy.types.Scene, found: list[Performance]) -> None:
    state = state_of(scene)
    chosen = state.active_character if state.characters else None
    for performance in found:
        picked = performance.picked(scene)
        if not any(scene in obj.users_scene for obj in picked.objects):
            continue
        item = next((item for item in state.characters if is_same(item, picked)), None)
        if item is None:
            texts = [take.text for take in state.takes]
            if performance.take_text in texts:
                state.active_take = texts.index(performance.take_text)
            try:
                item = list_character(scene, picked, performance.rig_map)
            except FacemocapError as problem:
                state.notice = str(problem)
                continue
        # what was said of it when it was applied is saved with the panel
        show_performance(item, performance, item.applied_warnings.splitlines())
        show_stack(item, performance)
    if chosen is not None:
        state.active_character = chosen


def _refresh_lists(state: FACEMOCAP_PG_scene) -> None:
    """Make the lists anew from the maps: an older version may have made them otherwise."""
    for item in state.characters:
        try:
            refresh_rows(state, item)
        except FacemocapError as problem:
            state.notice = str(problem)
