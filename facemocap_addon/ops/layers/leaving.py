# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers whose tracks went with their performance: in the panel's stack they are on again."""

from __future__ import annotations

from ...core.errors import FacemocapError
from ...gateway.layer_tracks.whole_stacks import LayersGone, with_steps_on
from ...gateway.writing.records import Performance
from ...props import state_of, store_stack, stored_stack
from ..panel_characters import is_same


def _layers_gone(performance: Performance, kinds: tuple[str, ...]) -> None:
    """Switch their steps on for the characters in the list that played them."""
    for scene in {scene for obj in performance.picked_objects() for scene in obj.users_scene}:
        # a script may use the gateway while the add-on is off
        if not hasattr(scene, "facemocap"):
            continue
        picked = performance.picked(scene)
        for item in state_of(scene).characters:
            if not is_same(item, picked):
                continue
            try:
                before = stored_stack(item)
            except FacemocapError:
                # what is wrong with it is said where it is run
                continue
            after = with_steps_on(before, kinds)
            if after != before:
                store_stack(item, after)


def follow() -> None:
    """Follow what becomes of tracks from now on."""
    LayersGone.follow(_layers_gone)
