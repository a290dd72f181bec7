# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes of points in the panel: which is meant, where its points are, and how a solve went."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import bpy
import numpy as np

from ..core.arrays import FloatArray
from ..core.correspondence.placement import Placement
from ..core.errors import FacemocapError
from ..core.measured import Measured
from ..core.point_solve.performing import has_points
from ..core.points import points_of
from ..core.progress import Job
from ..core.take import Take
from ..gateway.applying.performance import find_performance
from ..gateway.characters.characters import CharacterObjects
from ..gateway.files.take_storage import load_take
from ..gateway.measuring.measuring import measure_for, stored_measurement
from ..gateway.points.point_places import points_by_hand
from ..gateway.points.solved_takes import REFINED, find_points, solve_details
from ..gateway.scenes import scene_clock
from ..props import (
    FACEMOCAP_PG_character,
    FACEMOCAP_PG_scene,
    FACEMOCAP_PG_solve,
    FACEMOCAP_PG_take,
    state_of,
)
from .panel_characters import picked_objects
from .placing import start_frame
from .steps import active_take, need_take

#: Columns of the picture of how far points are off; each shows the most of its part of the take.
CURVE_COLUMNS = 256
_HOW = {"": "NONE", "name": "NAME", "set": "SET", "nearest": "NEAREST", "hand": "HAND"}


def is_of_points(item: FACEMOCAP_PG_take | None) -> bool:
    """Whether a listed take can be solved, or was."""
    return item is not None and (item.point_count > 0 or item.solve.is_solved)


def need_points(state: FACEMOCAP_PG_scene) -> Take:
    """The points of the chosen take; of a solved one those that it was solved from.

    Raises
    ------
    FacemocapError
        When no take of points is chosen, or its points are no longer in the file.
    """
    take = load_take(need_take(state).text)
    details = solve_details(take)
    if details is not None:
        return load_take(find_points(details))
    if not has_points(take):
        raise FacemocapError(
            f'The take "{take.label}" has no points in space', "Choose one of markers or landmarks"
        )
    return take


def points_digest(state: FACEMOCAP_PG_scene) -> str:
    """Digest of the points of the chosen take, or nothing."""
    item = active_take(state)
    return item.solve.points_digest if item is not None and is_of_points(item) else ""


def holder_of(picked: CharacterObjects) -> bpy.types.Object:
    """The object by which the panel knows a character again."""
    return picked.armature or picked.meshes[0]


def show_facts(item: FACEMOCAP_PG_take, take: Take) -> None:
    """Note of a listed take how many points it has, and how it was solved."""
    item.point_count = len(points_of(take))
    solve = item.solve
    solve.moments.clear()
    solve.held.clear()
    details = solve_details(take)
    solve.is_solved = details is not None
    solve.points_digest = take.digest if details is None else str(details["points"])
    if details is None:
        return
    try:
        _show_solve(solve, details, take)
    except (TypeError, ValueError, AttributeError, KeyError):
        # of details that somebody changed nothing is shown
        solve.is_solved = False


def _show_solve(solve: FACEMOCAP_PG_solve, details: Mapping[str, Any], take: Take) -> None:
    fit: Mapping[str, Any] = details["fit"]
    solve.character = str(details.get("character", ""))
    solve.points_name = str(details.get("points_name", ""))
    solve.explained = float(fit["explained"])
    solve.mean_mm, solve.nothing_mm = float(fit["mean_mm"]), float(fit["nothing_mm"])
    solve.repairs = sum(int(count) for count in dict(details.get("repairs", {})).values())
    solve.refined = len(details.get(REFINED, ()))
    residual = np.asarray(details.get("residual_mm", ()), np.float64)
    curve = _highest(residual)
    solve.highest_mm = float(curve.max(initial=0.0))
    solve.curve = json.dumps(np.round(100 * curve).astype(int).tolist(), separators=(",", ":"))
    for at_s in details.get("look_at_s", ()):
        moment = solve.moments.add()
        moment.at_s = float(at_s) - float(take.times[0])
        if len(residual) == take.samples:
            moment.off_mm = float(residual[int(np.argmin(np.abs(take.times - float(at_s))))])
    for name, share in details.get("clipped", ()):
        held = solve.held.add()
        held.name, held.share = str(name), float(share)


def show_rows(
    scene: bpy.types.Scene, picked: CharacterObjects, points: Take, placement: Placement
) -> None:
    """List the points and where they are on a character."""
    state = state_of(scene).points
    chosen = state.rows[state.active_row].name if state.active_row < len(state.rows) else ""
    said = points_by_hand(picked)
    objects = {mesh.name: mesh for mesh in picked.meshes}
    state.rows.clear()
    for number, name in enumerate(placement.names):
        row = state.rows.add()
        row.name = name
        row.place = placement.places[number].replace("_", " ")
        row.how = _HOW.get(placement.how[number], "NONE")
        if name in said and said[name] is None:
            row.how = "LEFT_OUT"
        elif not placement.placed[number]:
            row.how = "NONE"
        else:
            row.mesh = objects.get(placement.meshes[int(placement.mesh[number])])
            row.vertices = placement.vertices[number].tolist()
            row.shares = placement.weights[number].tolist()
            row.confidence = float(placement.confidence[number])
            row.moved_mm = float(placement.moved_mm[number])
    state.rows_points = points.digest
    state.rows_object = holder_of(picked)
    state.findings = "\n".join(placement.findings)
    state.active_row = max(0, state.rows.find(chosen))


def measured_first(
    item: FACEMOCAP_PG_character, picked: CharacterObjects, scene: bpy.types.Scene
) -> Job[tuple[Measured, bool]]:
    """What is known of a character, measured now if nothing is; whether it was measured now."""
    measured = stored_measurement(picked)
    if measured is not None:
        return measured, False
    return (yield from measure_for(picked, scene, all_bones=item.drive == "BONES")), True


def first_frame(scene: bpy.types.Scene, picked: CharacterObjects, take: Take) -> float:
    """The scene frame on which the take's first sample falls.

    By what plays on the character if that was made of the same points, else where it would go.

    Raises
    ------
    FacemocapError
        When it would begin wherever the playhead is.
    """
    state = state_of(scene)
    trimmed = state.trim_start_s * scene_clock(scene).rate_hz if state.use_trim else 0.0
    performance = find_performance(picked)
    if performance is not None and performance.take_text is not None:
        playing = load_take(performance.take_text)
        if _source(playing) == _source(take):
            return performance.start_frame - trimmed
    if state.start_mode == "CURRENT_FRAME":
        raise FacemocapError(
            f'"{take.label}" begins where the playhead is as long as it is not applied',
            "Apply it first, or choose another start in Placing",
        )
    return start_frame(scene, take) - trimmed


def seconds_now(scene: bpy.types.Scene, picked: CharacterObjects, take: Take) -> float:
    """Seconds after the take's first sample at the scene's current frame.

    Errors as `first_frame`, and when the take is over or has not begun there.
    """
    frame = scene.frame_current + scene.frame_subframe
    at_s = float(scene_clock(scene).seconds(np.array(frame), first_frame(scene, picked, take)))
    if not -1e-6 <= at_s <= take.duration_s + 1e-6:
        raise FacemocapError(
            f'The take "{take.label}" does not reach frame {frame:g}', "Go to a frame within it"
        )
    return min(max(at_s, 0.0), take.duration_s)


def chosen_picked(
    scene: bpy.types.Scene,
) -> tuple[FACEMOCAP_PG_character, CharacterObjects] | None:
    """The chosen character and its objects; None where there is none, for polls."""
    state = state_of(scene)
    if not state.characters:
        return None
    item = state.characters[min(state.active_character, len(state.characters) - 1)]
    try:
        return item, picked_objects(item, scene)
    except FacemocapError:
        return None


def _source(take: Take) -> str:
    """Digest of the points that a take has or was made of."""
    details = solve_details(take)
    return take.digest if details is None else str(details["points"])


def _highest(residual: FloatArray) -> FloatArray:
    """At most `CURVE_COLUMNS` numbers ``(c,)``: the highest of each part of ``(n,)``."""
    if len(residual) <= CURVE_COLUMNS:
        return residual
    starts = np.linspace(0, len(residual), CURVE_COLUMNS, endpoint=False).astype(int)
    return np.maximum.reduceat(residual, starts)
