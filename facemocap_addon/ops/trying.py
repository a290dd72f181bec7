# SPDX-License-Identifier: GPL-3.0-or-later
"""Test: a channel or a control moves in the viewport for a moment, and everything is put back."""

from __future__ import annotations

import time
from typing import ClassVar

import bpy
from bpy.props import StringProperty

from ..core.errors import FacemocapError
from ..core.report import Report
from ..core.rig_maps.map_view import control_labels
from ..gateway.posing.channel_test import TEST_S, ChannelTest, try_channel, try_control
from ..props import listed_controls
from .panel_characters import chosen, need_map
from .steps import StepOperator, redraw_views

_TICK_S = 1 / 60


class FACEMOCAP_OT_test_channel(StepOperator, bpy.types.Operator):
    """Move what a channel drives for a moment."""

    bl_idname = "facemocap.test_channel"
    bl_label = "Test"
    bl_description = (
        "Move all that the channel drives from rest to its full value and back, in the viewport. "
        "Nothing is keyed, and everything is put back as it was; Esc stops it"
    )
    # nothing in the file changes, so there is nothing to undo
    bl_options: ClassVar[set[str]] = set()
    needs = ("character",)

    channel: StringProperty(name="Channel", description="Channel to test", options={"SKIP_SAVE"})
    control: StringProperty(
        name="Control",
        description="Control to test instead, as the list names it",
        options={"SKIP_SAVE"},
    )

    _test: ChannelTest | None = None
    _timer: bpy.types.Timer | None = None
    _began = 0.0

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """While the scene plays, every frame would set the values anew."""
        if context.screen is not None and context.screen.is_animation_playing:
            return cls.refuse("Stop playback first")
        return True

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Begin, and move on whenever the timer ticks."""
        if bpy.app.background:
            return self.execute(context)
        try:
            self._test = self._plan(context)
        except FacemocapError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self._began = time.perf_counter()
        manager = context.window_manager
        self._timer = manager.event_timer_add(_TICK_S, window=context.window)
        manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Show the present moment; any key or click ends it, and counts for what it is."""
        if event.type == "TIMER":
            share = (time.perf_counter() - self._began) / TEST_S
            if share >= 1.0:
                self._end(context)
                return {"FINISHED"}
            self._show(context, share)
        elif event.type in {"ESC", "RIGHTMOUSE"}:
            self._end(context)
            return {"CANCELLED"}
        elif event.value in {"PRESS", "CLICK", "DOUBLE_CLICK", "CLICK_DRAG"}:
            self._end(context)
            return {"FINISHED", "PASS_THROUGH"}
        return {"RUNNING_MODAL"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends the operator: another file, or the end of the session."""
        self._end(context)

    def perform(self, context: bpy.types.Context) -> Report:
        """Without a window: the whole movement at once."""
        test = self._plan(context)
        try:
            for number in range(13):
                test.show(number / 12)
        finally:
            test.put_back()
        return Report(summary=f"{self.channel or self.control} moved {test.values} values")

    def _plan(self, context: bpy.types.Context) -> ChannelTest:
        item, picked = chosen(context.scene)
        if not self.control:
            return try_channel(picked, need_map(item), self.channel)
        controls = listed_controls(item)
        key = control_labels(controls).get(self.control)
        if key is None:
            raise FacemocapError(
                f'"{item.name}" has no free control "{self.control}"', "Match the character again"
            )
        return try_control(picked, controls[key])

    def _show(self, context: bpy.types.Context, share: float) -> None:
        assert self._test is not None, "planned by invoke"
        try:
            self._test.show(share)
        except BaseException:
            self._end(context)
            raise
        redraw_views(context)

    def _end(self, context: bpy.types.Context) -> None:
        """Put everything back, once."""
        test, self._test = self._test, None
        if test is not None:
            test.put_back()
        if self._timer is not None:
            context.window_manager.event_timer_remove(self._timer)
            self._timer = None
        redraw_views(context)


CLASSES = (FACEMOCAP_OT_test_channel,)
