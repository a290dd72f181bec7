# SPDX-License-Identifier: GPL-3.0-or-later
"""Refine: a part of a solved take found again with other weights; the rest stays to the bit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np

from ..core.errors import FacemocapError
from ..core.measured import Measured
from ..core.progress import Job, part_of_job
from ..core.report import Report
from ..core.take import Take
from ..gateway.characters.characters import CharacterObjects
from ..gateway.files.take_storage import load_take
from ..gateway.measuring.measuring import store_measurement
from ..gateway.points.point_solving import Solved, refine_on_character
from ..gateway.points.solved_takes import earlier_solve, with_note
from ..gateway.scenes import scene_clock
from ..gateway.writing.key_selection import selected_key_range
from ..props import FACEMOCAP_PG_character, refine_settings, state_of
from .jobs import JobOperator
from .panel_characters import chosen
from .panel_points import chosen_picked, first_frame, measured_first, show_rows
from .points import choose_solved, edited_warning, keep_solved, match_solved
from .steps import active_take, need_take

#: A part shorter than this cannot be faded in and out.
LEAST_S = 0.05
SAME = "Nothing has changed: give the range other weights than the take was solved with."


class FACEMOCAP_OT_refine_solve(JobOperator, bpy.types.Operator):
    """Solve some frames of a solved take again with other weights."""

    bl_idname = "facemocap.refine_solve"
    bl_label = "Refine Here"
    bl_description = (
        "Solve the frames of the range again with the weights above. Outside the range the take "
        "stays as it is, to the bit; Apply Take plays the new one"
    )
    needs = ("take", "character")

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """The take must be solved, and the range be there."""
        scene = context.scene
        state = state_of(scene)
        item = active_take(state)
        if item is None or not item.solve.is_solved:
            return cls.refuse("Solve the points first, or choose a solved take")
        if state.points.refine_range == "PREVIEW" and not scene.use_preview_range:
            return cls.refuse(
                "Set a preview range first (P in the timeline), or choose another range"
            )
        found = chosen_picked(scene)
        keys = found and state.points.refine_range == "KEYS"
        if found and keys and selected_key_range(found[1]) is None:
            return cls.refuse("Apply the take and select some of its keys, or choose another range")
        return True

    def start(self, context: bpy.types.Context) -> Job[_Refined]:
        """Solve the range."""
        scene = context.scene
        item, picked = chosen(scene)
        take = load_take(need_take(state_of(scene)).text)
        frames = _frames(scene, picked)
        return _refine(scene, item, picked, take, _range_s(scene, picked, take, frames))

    def finish(self, context: bpy.types.Context, result: _Refined) -> Report:
        """Store what was found in place of the take."""
        scene = context.scene
        item, picked = chosen(scene)
        if result.measured is not None:
            store_measurement(picked, result.measured)
        take = keep_solved(scene, picked, result.solved)
        choose_solved(scene, take)
        show_rows(scene, picked, result.solved.source, result.solved.solve.placement)
        match_solved(scene, take, set())
        before, after = result.before_mm, result.after_mm
        start_s, end_s = result.range_s
        return Report(
            summary=f"Solved {start_s:.2f} to {end_s:.2f} s again: {after:.2f} mm off there "
            f"instead of {before:.2f} mm",
            measures={"before_mm": before, "after_mm": after},
            warnings=(*(() if result.is_new else (SAME,)), *edited_warning([item])),
        )


@dataclass(frozen=True)
class _Refined:
    """What was found, and how far points are off in the range, before and after."""

    solved: Solved
    measured: Measured | None
    range_s: tuple[float, float]
    before_mm: float
    after_mm: float
    is_new: bool


def _refine(
    scene: bpy.types.Scene,
    item: FACEMOCAP_PG_character,
    picked: CharacterObjects,
    take: Take,
    range_s: tuple[float, float],
) -> Job[_Refined]:
    measured, is_new = yield from part_of_job(measured_first(item, picked, scene), 0.0, 0.3)
    before = yield from part_of_job(earlier_solve(picked, scene, take, measured), 0.3, 0.3)
    settings = refine_settings(state_of(scene).points, before.solve.settings)
    first = float(take.times[0])
    on_clock = (first + range_s[0], first + range_s[1])
    job = refine_on_character(picked, scene, before, settings, on_clock, measured=measured)
    refined = yield from part_of_job(job, 0.6, 0.4)
    rows = (take.times >= on_clock[0]) & (take.times <= on_clock[1])
    return _Refined(
        with_note(refined, take, range_s, settings.to_json()),
        measured if is_new else None,
        range_s,
        _mean(before, rows),
        _mean(refined, rows),
        refined.take.digest != take.digest,
    )


def _mean(solved: Solved, rows: Any) -> float:
    """Mean distance in millimetres of the points seen in some samples."""
    seen = solved.solve.valid[rows]
    return float(solved.solve.away_mm[rows].sum() / max(int(seen.sum()), 1))


def _frames(scene: bpy.types.Scene, picked: CharacterObjects) -> tuple[float, float]:
    """First and last frame that are meant.

    Raises
    ------
    FacemocapError
        When there is no such range.
    """
    points = state_of(scene).points
    if points.refine_range == "PREVIEW":
        if not scene.use_preview_range:
            raise FacemocapError("The scene has no preview range", "Set one in the timeline")
        return float(scene.frame_preview_start), float(scene.frame_preview_end)
    if points.refine_range == "KEYS":
        found = selected_key_range(picked)
        if found is None:
            raise FacemocapError(
                f'No key of a take on "{picked.name}" is selected', "Apply the take, select keys"
            )
        return found
    return float(points.refine_start), float(points.refine_end)


def _range_s(
    scene: bpy.types.Scene, picked: CharacterObjects, take: Take, frames: tuple[float, float]
) -> tuple[float, float]:
    """The same in seconds after the take's first sample, as far as it goes.

    Raises
    ------
    FacemocapError
        When the range is empty or misses the take.
    """
    start = first_frame(scene, picked, take)
    low, high = scene_clock(scene).seconds(np.array(frames), start).tolist()
    low, high = max(low, 0.0), min(high, take.duration_s)
    if high - low < LEAST_S:
        raise FacemocapError(
            f"Frames {frames[0]:g} to {frames[1]:g} hold nothing of the take that could be solved",
            f"The take goes from frame {start:g} to "
            f"{start + take.duration_s * scene_clock(scene).rate_hz:.0f}: choose frames of it",
        )
    return low, high


CLASSES = (FACEMOCAP_OT_refine_solve,)
