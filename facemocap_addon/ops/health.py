# SPDX-License-Identifier: GPL-3.0-or-later
"""Health: check a take or what plays on a character, jump to what was found, save the report."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import bpy
import numpy as np
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, StringProperty

from ..core.errors import FacemocapError
from ..core.files import replace_file
from ..core.health.examine import examine
from ..core.health.report_files import ENDINGS, check_report_name, report_bytes
from ..core.progress import Job, Progress, run_job
from ..core.report import Report
from ..gateway.files.take_storage import load_take
from ..gateway.health.performance_health import Examined, examine_performance
from ..gateway.scenes import scene_clock
from ..gateway.takes.rerunning import need_performance
from ..gateway.writing.records import Performance, find_performance
from ..props import (
    FACEMOCAP_PG_character,
    FACEMOCAP_PG_scene,
    health_stamp,
    stale_health,
    state_of,
    stored_map,
)
from .jobs import JobOperator
from .panel_characters import picked_objects
from .panel_health import show_health
from .panel_stack import zero_frame
from .placing import sound_frame
from .steps import StepOperator, active_character, active_take, need_character, need_take

_WHAT = (
    ("TAKE", "Take", "The chosen take as it was recorded"),
    ("PERFORMANCE", "Performance", "What plays on the chosen character, after its steps"),
)


@dataclass(frozen=True)
class _Found:
    """What a check found, and whom it is about."""

    examined: Examined
    text: bpy.types.Text
    subject: str
    character: str
    is_performance: bool


class _Last:
    """The last check of this session, so that saving it need not measure again."""

    key: tuple[int, str, str] | None = None
    examined: Examined | None = None


def _key(state: FACEMOCAP_PG_scene) -> tuple[int, str, str] | None:
    health = state.health
    text: Any = health.take
    return None if text is None else (text.session_uid, health.character, health.stamp)


class FACEMOCAP_OT_check_health(JobOperator, bpy.types.Operator):
    """Measure how healthy a take is, or what plays on a character."""

    bl_idname = "facemocap.check_health"
    bl_label = "Check"
    bl_description = "Measure how healthy a take is, or what plays on a character"

    what: EnumProperty(name="What", description="What is checked", items=_WHAT)

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: Any) -> str:
        """What is checked, as the button's tooltip."""
        if properties.what == "TAKE":
            return (
                "Measure the chosen take as it was recorded: noise, spikes, gaps, blinks, closed "
                "lips, left and right; nothing is changed"
            )
        return (
            "Measure what plays on the chosen character, after its steps: also what it gets of the "
            "take, drivers in the way, and whether lids and lips meet; nothing is changed"
        )

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """There must be a take, or something that plays."""
        state = state_of(context.scene)
        item = active_character(state)
        if active_take(state) is None and (item is None or not item.applied):
            return cls.refuse("Import a take first")
        return True

    def start(self, context: bpy.types.Context) -> Job[_Found]:
        """Find out what is meant, and measure it."""
        scene, state = context.scene, state_of(context.scene)
        if self.what == "TAKE":
            return _check_take(need_take(state).text, active_character(state))
        item = need_character(state)
        performance = need_performance(picked_objects(item, scene))
        return _check_performance(scene, item.name, performance)

    def finish(self, context: bpy.types.Context, result: _Found) -> Report:
        """Show it."""
        state = state_of(context.scene)
        view, health = state.health, result.examined.health
        view.take, view.character = result.text, result.character
        view.subject, view.is_performance = result.subject, result.is_performance
        number = state.characters.find(result.character) if result.character else -1
        item = state.characters[number] if number >= 0 else None
        view.stamp = health_stamp(item, is_performance=result.is_performance)
        show_health(state, health, result.examined.zero_s)
        _Last.key, _Last.examined = _key(state), result.examined
        return Report(
            summary=f"{result.subject}: {view.verdict}", counts={"findings": len(health.findings)}
        )


def _check_take(text: bpy.types.Text, item: FACEMOCAP_PG_character | None) -> Job[_Found]:
    """A take by itself, and what the map of the chosen character makes of it."""
    name = item.name if item is not None else ""
    rig_map = stored_map(item) if item is not None else None
    yield Progress(0.1, "Measuring the take")
    take = load_take(text)
    found = Examined(examine(take, rig_map), take, _first(take.times))
    return _Found(found, text, take.label, name, is_performance=False)


def _check_performance(scene: bpy.types.Scene, name: str, performance: Performance) -> Job[_Found]:
    """What plays on a character."""
    examined = yield from examine_performance(scene, performance)
    text = performance.take_text
    assert text is not None, "looked for before it was measured"
    subject = f"{examined.health.take} on {name}"
    return _Found(examined, text, subject, name, is_performance=True)


def _first(times_s: np.ndarray) -> float:
    return float(times_s[0]) if len(times_s) else 0.0


class _Jump(StepOperator):
    """What moves the playhead to a moment of the report."""

    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """There must be a report."""
        if not state_of(context.scene).health.subject:
            return cls.refuse("Check a take first")
        return True


class FACEMOCAP_OT_go_to_finding(_Jump, bpy.types.Operator):
    """Go to the next or the previous moment of a finding."""

    bl_idname = "facemocap.go_to_finding"
    bl_label = "Go There"
    bl_description = "Go to the next moment of this finding after the playhead, or the one before"

    finding: IntProperty(name="Finding", description="Number of the finding, from 0 on", min=0)
    backwards: BoolProperty(name="Backwards", description="Go to the moment before the playhead")

    def perform(self, context: bpy.types.Context) -> Report:
        """Move the playhead."""
        scene = context.scene
        findings = state_of(scene).health.findings
        if self.finding >= len(findings):
            raise FacemocapError("There is no such finding", "Check the take again")
        times = sorted(float(time) for time in findings[self.finding].times.split())
        if not times:
            raise FacemocapError("The finding is about all of the take", "Choose another one")
        frames = [_frame(scene, time) for time in times]
        frames = sorted(set(frames))
        now = scene.frame_current
        place = bisect_left(frames, now) - 1 if self.backwards else bisect_right(frames, now)
        # beyond the last comes the first again
        frame = frames[place % len(frames)]
        scene.frame_set(frame)
        return Report(summary=f"Frame {frame}, {frames.index(frame) + 1} of {len(frames)}")


class FACEMOCAP_OT_go_to_health_event(_Jump, bpy.types.Operator):
    """Go to a blink or a lip contact."""

    bl_idname = "facemocap.go_to_health_event"
    bl_label = "Go There"
    bl_description = "Go to the frame of this blink or lip contact"

    at_s: FloatProperty(
        name="Time", description="Seconds after the take's first sample", unit="TIME_ABSOLUTE"
    )

    def perform(self, context: bpy.types.Context) -> Report:
        """Move the playhead."""
        frame = _frame(context.scene, self.at_s)
        context.scene.frame_set(frame)
        return Report(summary=f"Frame {frame}")


def _frame(scene: bpy.types.Scene, at_s: float) -> int:
    """Scene frame of a moment of the report, as the take plays or would be placed."""
    return round(float(scene_clock(scene).frames(np.array([at_s]), _zero(scene))[0]))


def _zero(scene: bpy.types.Scene) -> float:
    """Scene frame on which the first sample of what was checked falls."""
    state = state_of(scene)
    health = state.health
    for item in state.characters:
        performance = _plays(scene, item)
        if performance is None:
            continue
        meant = item.name == health.character if health.is_performance else True
        if meant and (health.is_performance or performance.take_text == health.take):
            return zero_frame(scene, item, performance)
    if health.take is None or state.start_mode == "CURRENT_FRAME":
        return float(scene.frame_start)
    try:
        return sound_frame(scene, load_take(health.take))
    except FacemocapError:
        return float(scene.frame_start)


def _plays(scene: bpy.types.Scene, item: FACEMOCAP_PG_character) -> Performance | None:
    try:
        return find_performance(picked_objects(item, scene))
    except FacemocapError:
        return None


class FACEMOCAP_OT_save_health(StepOperator, bpy.types.Operator):
    """Save the health report as a file."""

    bl_idname = "facemocap.save_health"
    bl_label = "Save Report"
    bl_description = (
        "Save the report: .html is a page with plots, .json all figures, .csv a table for research"
    )
    bl_options: ClassVar[set[str]] = {"REGISTER"}

    filepath: StringProperty(
        name="File",
        description="Report; the ending .html, .json or .csv says in which form",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"},
    )
    form: EnumProperty(
        name="Form",
        description="Form of the report where the file's name says none",
        items=(
            (".html", "Page", "A page with plots that needs no other file"),
            (".json", "JSON", "All figures, for programs"),
            (".csv", "Table", "One figure a row, for research"),
        ),
    )
    filter_glob: StringProperty(
        name="Shown Files",
        description="Endings of the files that the browser shows",
        default=";".join(f"*{ending}" for ending in ENDINGS),
        options={"HIDDEN"},
    )

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """There must be a report that is not out of date."""
        state = state_of(context.scene)
        if not state.health.subject:
            return cls.refuse("Check a take first")
        if why := stale_health(state):
            return cls.refuse(f"{why}: check again")
        return True

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Open the file browser."""
        if not self.filepath:
            name = bpy.path.clean_name(state_of(context.scene).health.subject)
            self.filepath = f"{name}_health{self.form}"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def perform(self, context: bpy.types.Context) -> Report:
        """Write the file."""
        if not self.filepath:
            raise FacemocapError("No file was chosen", "Choose a name for the report")
        path = Path(bpy.path.abspath(self.filepath))
        if not path.suffix:
            path = path.with_suffix(self.form)
        check_report_name(path)
        examined = _examined(context.scene)
        replace_file(path, report_bytes(examined.health, examined.take, path))
        return Report(summary=f"The report is in {path.name}")


def _examined(scene: bpy.types.Scene) -> Examined:
    """What was measured last; measured again after the file was opened anew."""
    state = state_of(scene)
    if _Last.examined is not None and _Last.key == _key(state):
        return _Last.examined
    health = state.health
    number = state.characters.find(health.character) if health.character else -1
    item = state.characters[number] if number >= 0 else None
    if health.is_performance and item is not None:
        performance = need_performance(picked_objects(item, scene))
        return run_job(_check_performance(scene, item.name, performance)).examined
    return run_job(_check_take(health.take, item)).examined


CLASSES = (
    FACEMOCAP_OT_check_health,
    FACEMOCAP_OT_go_to_finding,
    FACEMOCAP_OT_go_to_health_event,
    FACEMOCAP_OT_save_health,
)
