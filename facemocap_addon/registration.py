# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that Blender must know of the add-on, put in and taken out in one place."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.app.handlers import persistent

from . import migrations, ops, preferences, props, ui
from .cli.main import main
from .gateway.points.solved_takes import forget_solves
from .ops import stack_following
from .ops.adoption import adopt_file
from .ops.events import following as event_following
from .ops.points import match_chosen

#: In this order; taken out in the opposite one.
CLASSES = (*props.CLASSES, *preferences.CLASSES, *ops.CLASSES, *ui.CLASSES)

_Scene: Any = bpy.types.Scene
_import_menu: Any = bpy.types.TOPBAR_MT_file_import
_commands: list[Any] = []


def register() -> None:
    """Add classes, properties, the import menu's entry, the load handler and the command."""
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    _Scene.facemocap = bpy.props.PointerProperty(
        type=props.FACEMOCAP_PG_scene,
        name="Face Mocap",
        description="Takes, characters and settings of Face Mocap",
    )
    _import_menu.append(ui.draw_import)
    ui.show_overlay(_present)
    ui.show_ghost_curves(_present)
    ui.show_event_handles(_present)
    ui.show_curve_menus(_present())
    props.TakeChoice.follow(match_chosen)
    stack_following.start()
    event_following.start(bpy.context.window_manager)
    bpy.app.handlers.load_post.append(_file_loaded)
    _commands.append(bpy.utils.register_cli_command("facemocap", main))
    # the file that is open already; while Blender enables an add-on its data cannot be touched
    if getattr(bpy.context, "scene", None) is None:
        bpy.app.timers.register(_show_open_file, first_interval=0.0)
    else:
        _show_open_file()


def unregister() -> None:
    """Take out everything that `register` added."""
    if bpy.app.timers.is_registered(_show_open_file):
        bpy.app.timers.unregister(_show_open_file)
    while _commands:
        bpy.utils.unregister_cli_command(_commands.pop())
    bpy.app.handlers.load_post.remove(_file_loaded)
    _import_menu.remove(ui.draw_import)
    props.TakeChoice.leave(match_chosen)
    stack_following.stop()
    ui.hide_overlay()
    ui.hide_ghost_curves()
    ui.hide_event_handles()
    ui.forget_strips()
    ui.hide_curve_menus()
    # last of those who added keys: a keymap that nobody uses goes
    event_following.stop()
    ui.forget_pictures()
    ui.forget_residuals()
    forget_solves()
    del _Scene.facemocap
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)


def _present() -> bpy.types.Context:
    """The context of the moment, for what Blender calls without one."""
    return bpy.context


@persistent
def _file_loaded(_filepath: str) -> None:
    """Show in the panel what a file holds, also one that the command line made."""
    stack_following.forget()
    event_following.forget()
    _show_open_file()


def _show_open_file() -> None:
    scene = bpy.context.scene
    if scene is not None:
        adopt_file(scene, migrations.upgrade)
