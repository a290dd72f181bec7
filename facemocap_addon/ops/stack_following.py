# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of stacks followed: at once while a slider is dragged, in earnest when it rests."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.app.handlers import persistent

from ..core.errors import FacemocapError
from ..gateway.takes.rerunning import finish_drafts
from ..gateway.writing.cleaned_takes import forget_cleaned
from ..gateway.writing.drafts import forget_drafts
from ..gateway.writing.records import find_performance, performances
from ..props import Ghosts, StackEdits, Work, state_of
from .event_rows import show_events
from .ghosts import follow_ghosts
from .panel_characters import picked_objects, show_performance
from .panel_stack import follow_edit, show_stack_run

#: Drafts are run in earnest when nothing was changed for so long.
PAUSE_S = 0.6


class _Waiting:
    """What is left for the time when the person's hands rest, besides drafts."""

    #: Events are to be listed anew.
    events = False


def start() -> None:
    """Follow edits from now on."""
    StackEdits.follow(edited)
    StackEdits.follow_ghosts(follow_ghosts)
    bpy.app.handlers.undo_post.append(_undone)
    bpy.app.handlers.redo_post.append(_undone)
    bpy.app.handlers.save_pre.append(_saving)


def stop() -> None:
    """Follow them no longer, and keep nothing in memory."""
    StackEdits.leave(edited)
    StackEdits.follow_ghosts(None)
    bpy.app.handlers.undo_post.remove(_undone)
    bpy.app.handlers.redo_post.remove(_undone)
    bpy.app.handlers.save_pre.remove(_saving)
    if bpy.app.timers.is_registered(_finish):
        bpy.app.timers.unregister(_finish)
    forget()


def forget() -> None:
    """Keep nothing in memory of the file that was open."""
    forget_cleaned()
    forget_drafts()
    Ghosts.forget()


def edited(item: Any) -> None:
    """A person changed a step in the panel."""
    if bpy.app.background:
        follow_edit(item)
    else:
        dragged(item)


def dragged(item: Any) -> None:
    """Follow a slider that may be in a person's hands: at once, and in earnest when it rests."""
    follow_edit(item, draft=True)
    _Waiting.events = True
    finish_later()


def finish_later() -> None:
    """Run drafts in earnest once the person's hands rest."""
    if bpy.app.timers.is_registered(_finish):
        bpy.app.timers.unregister(_finish)
    bpy.app.timers.register(_finish, first_interval=PAUSE_S)


def finish() -> None:
    """Do so now."""
    done = finish_drafts(lambda scene: state_of(scene).hand_edits)
    wanted, _Waiting.events = performances() if _Waiting.events else done, False
    for performance in wanted:
        scenes = {scene for obj in performance.picked_objects() for scene in obj.users_scene}
        for item in (item for scene in scenes for item in state_of(scene).characters):
            try:
                if find_performance(picked_objects(item, item.id_data)) != performance:
                    continue
                if performance in done:
                    show_performance(item, performance, item.applied_warnings.splitlines())
                    show_stack_run(item, performance)
                else:
                    show_events(item, performance)
            except FacemocapError:
                continue


def _finish() -> float | None:
    """Called by Blender; later once more where something else is at work."""
    if Work.progress() is not None or bpy.app.is_job_running("RENDER"):
        return PAUSE_S
    finish()
    return None


@persistent
def _undone(_scene: Any, *_rest: Any) -> None:
    """What was undone or redone may be a draft."""
    if not bpy.app.background:
        finish_later()


@persistent
def _saving(*_file: Any) -> None:
    """No draft goes into a file."""
    finish()
