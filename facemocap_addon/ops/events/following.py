# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person does in the list of events followed; handles' clicks taken in editors of time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy
from bpy.app.handlers import persistent

from ...core.errors import FacemocapError
from ...core.events.listing import records
from ...core.events.listing.listed import KINDS, Listed
from ...gateway.events.reading import event_take, forget_events
from ...gateway.takes.rerunning import need_performance
from ...gateway.writing.records import performances
from ...props import EventEdits, EventView, state_of
from ..event_rows import show_again, show_numbers, whole_frame
from ..panel_characters import picked_objects
from .moving import redraw_time
from .panel_events import Chosen, chosen_events
from .rhythm import shift_events

#: Keymaps of the editors in which handles are dragged.
_KEYMAPS = (("Dopesheet", "DOPESHEET_EDITOR"), ("Graph Editor", "GRAPH_EDITOR"))
#: Undone steps are looked at after this time (seconds).
_SOON_S = 0.05
_items: list[tuple[Any, Any, Any]] = []


class _Follower:
    """Carries out what is asked in the panel."""

    def chosen(self, item: Any) -> None:
        """Go to the chosen event, and show its numbers."""
        view, scene = item.events, item.id_data
        if not view.active < len(view.rows):
            return
        if view.follow:
            frame = whole_frame(view.rows[view.active].frame)
            if frame != scene.frame_current:
                scene.frame_set(frame)
        try:
            performance = need_performance(picked_objects(item, scene))
            source = event_take(scene, performance)
            listed = _listed(source, view)
            show_numbers(item, listed, source)
        except FacemocapError as problem:
            view.problem = str(problem)

    def value_set(self, item: Any, name: str, value: float) -> None:
        """Give the chosen event a number, and others that are selected with it."""

        def change(chosen: Chosen, event: Listed, others: list[Listed]) -> None:
            kind = event.name.kind
            edits = chosen.edits(kind)
            for each in [event, *(other for other in others if other.name.kind == kind)]:
                edits = records.set_value(edits, each, name, float(f"{value:.6g}"))
            chosen.put(kind, edits)

        _change(item, change)

    def frame_set(self, item: Any, frame: float) -> None:
        """Move the chosen event there, others that are selected along with it."""

        def change(chosen: Chosen, event: Listed, others: list[Listed]) -> None:
            by_s = chosen.source.seconds(frame) - event.apex_s
            shift_events(chosen, [event, *others], by_s)

        _change(item, change)

    def listed_otherwise(self, item: Any) -> None:
        """List other kinds."""
        show_again(item)

    def redraw(self, context: Any) -> None:
        """Let editors of time be drawn anew."""
        if context is not None and context.window_manager is not None:
            redraw_time(context)


def _listed(source: Any, view: Any) -> list[Listed]:
    listed = [event for kind in KINDS if kind in view.kinds for event in source.listed(kind)]
    return sorted(listed, key=lambda event: event.apex_s)


def _change(item: Any, change: Callable[[Chosen, Listed, list[Listed]], None]) -> None:
    """Change the chosen event, and have the stack run; what cannot be is said."""
    view, scene = item.events, item.id_data
    view.problem = ""
    try:
        chosen = chosen_events(scene, item)
        listed = {event.name.key: event for event in _listed(chosen.source, view)}
        event = listed.get(view.rows[view.active].key) if view.active < len(view.rows) else None
        if event is None or event.is_gone:
            raise FacemocapError("The chosen event is not there", "Choose another one")
        others: list[Listed] = []
        if view.rows[view.active].selected:
            keys = [row.key for n, row in enumerate(view.rows) if row.selected and n != view.active]
            others = [listed[key] for key in keys if key in listed and not listed[key].is_gone]
        change(chosen, event, others)
        report = chosen.run("")
    except FacemocapError as problem:
        show_again(item)
        view.problem = str(problem)
        return
    view.problem = "\n".join(report.warnings)


# ---------------------------------------------------------------- Blender


def start(window_manager: Any) -> None:
    """Follow from now on; without a window there are no keys."""
    EventEdits.follow(_Follower())
    bpy.app.handlers.undo_post.append(_undone)
    bpy.app.handlers.redo_post.append(_undone)
    config = window_manager.keyconfigs.addon if window_manager is not None else None
    if config is None:
        return
    for name, space in _KEYMAPS:
        keymap = config.keymaps.new(name, space_type=space)
        for extend in (False, True):
            entry = keymap.keymap_items.new(
                "facemocap.drag_event", "LEFTMOUSE", "PRESS", shift=extend
            )
            entry.properties.extend = extend
            _items.append((config, keymap, entry))


def stop() -> None:
    """Follow no longer."""
    while _items:
        config, keymap, entry = _items.pop()
        keymap.keymap_items.remove(entry)
        # other add-ons may have keys there
        if not len(keymap.keymap_items):
            config.keymaps.remove(keymap)
    EventEdits.follow(None)
    bpy.app.handlers.undo_post.remove(_undone)
    bpy.app.handlers.redo_post.remove(_undone)
    if bpy.app.timers.is_registered(_show_all):
        bpy.app.timers.unregister(_show_all)
    forget()


def forget() -> None:
    """Keep nothing in memory of the file that was open."""
    EventView.forget()
    forget_events()


@persistent
def _undone(_scene: Any, *_rest: Any) -> None:
    """The list was undone with the file; what is drawn beside it was not."""
    EventView.forget()
    if not bpy.app.background and not bpy.app.timers.is_registered(_show_all):
        bpy.app.timers.register(_show_all, first_interval=_SOON_S)


def _show_all() -> None:
    """List the events of all characters anew."""
    objects = [obj for performance in performances() for obj in performance.picked_objects()]
    for scene in {scene for obj in objects for scene in obj.users_scene}:
        for item in state_of(scene).characters:
            show_again(item)
