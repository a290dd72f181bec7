# SPDX-License-Identifier: GPL-3.0-or-later
"""Long work behind a button: the window goes on, the panel shows how far it is, Esc stops it."""

from __future__ import annotations

import time
from typing import Any

import bpy

from ..core.errors import FacemocapError
from ..core.progress import Job, Progress, run_job
from ..core.report import Report
from ..props import Work
from .steps import StepOperator, redraw_views

#: Work is done for this long before the window gets its turn.
TURN_S = 0.04
_TICK_S = 0.01
#: Events with which a person looks around meanwhile; everything else has to wait.
_LOOKING = {
    "MIDDLEMOUSE", "MOUSEMOVE", "INBETWEEN_MOUSEMOVE", "WHEELUPMOUSE", "WHEELDOWNMOUSE",
    "TRACKPADPAN", "TRACKPADZOOM", "MOUSEROTATE", "MOUSESMARTZOOM", "TIMER", "TIMER_REPORT",
    "WINDOW_DEACTIVATE",
}  # fmt: skip


class JobOperator(StepOperator):
    """An operator whose work is a `Job`: ``start`` begins it, ``finish`` writes what it found.

    Nothing is written before the job has ended, so that stopping it leaves nothing behind, and all
    that ``finish`` writes is one undo step. Without a window it runs to its end at once.
    """

    _job: Job[Any] | None = None
    _timer: bpy.types.Timer | None = None

    def start(self, context: bpy.types.Context) -> Job[Any]:
        """The work; nothing is changed yet."""
        raise NotImplementedError

    def finish(self, context: bpy.types.Context, result: Any) -> Report:
        """Write the outcome."""
        raise NotImplementedError

    def perform(self, context: bpy.types.Context) -> Report:
        """All of it at once, for scripts."""
        return self.finish(context, run_job(self.start(context)))

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Begin, and go on whenever the timer ticks."""
        if bpy.app.background:
            return self.execute(context)
        try:
            self._job = self.start(context)
            # what is wrong from the beginning is said at once
            Work.show(next(self._job))
        except FacemocapError as error:
            self._end(context)
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        manager = context.window_manager
        self._timer = manager.event_timer_add(_TICK_S, window=context.window)
        manager.modal_handler_add(self)
        context.workspace.status_text_set(f"{self.bl_label}: Esc stops it")
        redraw_views(context)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Work for a moment; stop at Esc."""
        if event.type == "ESC" and event.value == "PRESS":
            self._end(context)
            self.report({"INFO"}, f"{self.bl_label} was stopped, nothing is changed")
            return {"CANCELLED"}
        if event.type != "TIMER":
            return {"PASS_THROUGH"} if event.type in _LOOKING else {"RUNNING_MODAL"}
        try:
            report = self._work(context)
        except FacemocapError as error:
            self._end(context)
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        except BaseException:
            self._end(context)
            raise
        if report is None:
            redraw_views(context)
            return {"RUNNING_MODAL"}
        self._end(context)
        self.tell(report)
        return {"FINISHED"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends the operator: another file, or the end of the session."""
        self._end(context)

    def _work(self, context: bpy.types.Context) -> Report | None:
        """Go on for a moment; the report once it is done."""
        assert self._job is not None, "begun by invoke"
        until = time.perf_counter() + TURN_S
        while time.perf_counter() < until:
            try:
                progress: Progress = next(self._job)
            except StopIteration as end:
                return self.finish(context, end.value)
            Work.show(progress)
        return None

    def _end(self, context: bpy.types.Context) -> None:
        """Leave nothing running."""
        job, self._job = self._job, None
        if job is not None:
            job.close()
        if self._timer is not None:
            context.window_manager.event_timer_remove(self._timer)
            self._timer = None
        Work.show(None)
        if context.workspace is not None:
            context.workspace.status_text_set(None)
        redraw_views(context)
