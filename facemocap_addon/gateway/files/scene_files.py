# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes out of animated scenes that Blender imports: read in a throw-away scene that goes again.

Blender's importers write into the open file. They are given a scene of its own, and whatever came
into the file with it is removed when its shape keys have been read.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ...core.errors import FacemocapError
from ...core.files import read_file
from ...core.formats.coefficient_takes import finished_take, say_unchanging
from ...core.formats.fbx_container import check_moved_vertices
from ...core.formats.sample_times import SampleTimes
from ...core.formats.shape_tables import ShapeTable, merge_shapes
from ...core.sampling import usual_step
from ...core.take import Take, TakeSource
from ..scenes import scene_clock
from .rig_files import import_fbx

FORMAT = "fbx"
#: From here on Blender's importer leaves out what it died of before.
_LEAVES_OUT = (5, 2, 0)
_SHOWN = 4
#: Keys closer than this part of a frame are one.
_ONE_FRAME = 1e-3
#: More frames than any take has: the last key is damage.
_MOST_FRAMES = 2_000_000


def read_scene_file(path: Path) -> Take:
    """The take of an FBX file's animated shape keys; the open file stays as it was.

    Raises
    ------
    FacemocapError
        When the file is damaged, or moves no shape keys.
    """
    with _imported(path) as stage:
        return _take(stage, path.name)


@contextmanager
def _imported(path: Path) -> Iterator[bpy.types.Scene]:
    """A scene that shows what the file holds; it is gone when the block ends, however it ends."""
    if bpy.app.version < _LEAVES_OUT:
        check_moved_vertices(read_file(path), path.name)
    before = {datablock.session_uid for datablock in _everything()}
    stage = bpy.data.scenes.new("Face Mocap import")
    try:
        import_fbx(path, stage)
        yield stage
    finally:
        new = [datablock for datablock in _everything() if datablock.session_uid not in before]
        bpy.data.batch_remove(new)


def _everything() -> Iterator[bpy.types.ID]:
    """All datablocks of the file."""
    lists = (
        getattr(bpy.data, prop.identifier)
        for prop in bpy.data.bl_rna.properties
        if prop.type == "COLLECTION" and prop.identifier != "all_ids"
    )
    return itertools.chain.from_iterable(lists)


def _take(stage: bpy.types.Scene, name: str) -> Take:
    curves = _shape_curves(stage)
    if not curves:
        raise FacemocapError(
            f'"{name}" holds no animated shape keys', "Export it with its animation and shapes"
        )
    clock = scene_clock(stage)
    frames = _frames([fcurve for own in curves.values() for fcurve in own.values()], name)
    tables = [
        ShapeTable(
            mesh,
            tuple(own),
            np.array([[curve.evaluate(frame) for curve in own.values()] for frame in frames]),
        )
        for mesh, own in curves.items()
    ]
    columns = merge_shapes(tables)
    say_unchanging(columns)
    others = _other_takes(stage)
    if others:
        more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
        columns.warnings.append(
            f"The file holds {len(others)} other takes, which are not read: "
            f"{', '.join(others[:_SHOWN])}{more}."
        )
    times = clock.seconds(frames, frames[0])
    step_s = usual_step(times) if len(times) > 1 else 1 / clock.rate_hz
    longest = float(np.diff(times).max(initial=0.0))
    samples = SampleTimes(
        times,
        np.arange(len(times)),
        # nothing is missing between two keys, however far apart they are
        max(step_s, longest),
        Fraction(clock.rate_hz).limit_denominator(1001),
    )
    details: dict[str, Any] = {
        "meshes": list(curves),
        "first_frame": round(float(frames[0]), 4),
        "frames_a_second": round(clock.rate_hz, 4),
    }
    return finished_take(columns, samples, TakeSource(name, FORMAT, details), still=True)


def _shape_curves(stage: bpy.types.Scene) -> dict[str, dict[str, bpy.types.FCurve]]:
    """F-curves of shape keys, by mesh and shape."""
    found: dict[str, dict[str, bpy.types.FCurve]] = {}
    for obj in sorted(stage.objects, key=lambda o: o.name_full):
        keys = obj.data.shape_keys if obj.type == "MESH" else None
        by_path = {fcurve.data_path: fcurve for fcurve in _assigned_curves(keys)} if keys else {}
        own = {
            block.name: by_path[path]
            for block in (keys.key_blocks if keys else ())
            if (path := f'key_blocks["{bpy.utils.escape_identifier(block.name)}"].value') in by_path
        }
        if own:
            found[obj.name] = own
    return found


def _assigned_curves(keys: bpy.types.Key) -> Iterator[bpy.types.FCurve]:
    data = keys.animation_data
    if data is None or data.action is None or data.action_slot is None:
        return
    for layer in data.action.layers:
        for strip in layer.strips:
            bag: Any = strip.channelbag(data.action_slot)
            if bag is not None:
                yield from (f for f in bag.fcurves if len(f.keyframe_points) and not f.mute)


def _frames(curves: list[bpy.types.FCurve], name: str) -> np.ndarray:
    """When to sample ``(n,)``: at the keys where these are straight, else at every frame too."""
    keys: list[np.ndarray] = []
    straight = True
    for fcurve in curves:
        points = fcurve.keyframe_points
        numbers = np.empty(len(points) * 2, np.float32)
        points.foreach_get("co", numbers)
        keys.append(numbers[::2].astype(np.float64))
        kinds = np.empty(len(points), np.int32)
        points.foreach_get("interpolation", kinds)
        straight = straight and bool((kinds == 1).all())
    times = np.unique(np.concatenate(keys))
    times = times[np.isfinite(times)]
    if not len(times) or times[-1] - times[0] > _MOST_FRAMES:
        raise FacemocapError(
            f'"{name}" has keys without an end', "Check that it is the take, or export it again"
        )
    steps = np.diff(times)
    if not straight or (len(steps) and float(np.median(steps)) > 1.5):
        whole = np.arange(np.ceil(times[0]), np.floor(times[-1]) + 1)
        times = np.unique(np.concatenate([times, whole]))
    return times[np.append(True, np.diff(times) > _ONE_FRAME)]


def _other_takes(stage: bpy.types.Scene) -> list[str]:
    """Takes of the file that move shape keys and are not the one that was read."""
    used = {
        obj.data.shape_keys.animation_data.action
        for obj in stage.objects
        if obj.type == "MESH" and obj.data.shape_keys and obj.data.shape_keys.animation_data
    }
    return [action.name for action in _new_actions(stage) if action not in used]


def _new_actions(stage: bpy.types.Scene) -> list[bpy.types.Action]:
    """Actions of the import: those younger than its scene."""
    return [
        action
        for action in bpy.data.actions
        if action.session_uid > stage.session_uid
        and any(slot.target_id_type == "KEY" for slot in action.slots)
    ]
