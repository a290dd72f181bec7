# SPDX-License-Identifier: GPL-3.0-or-later
"""A character that plays a take again and again, and an artist who works on its curves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import bpy
import numpy as np
from small_scenes import SHAPES, character_of, make_armature, make_face, wave_take

from facemocap_addon.core.progress import run_job
from facemocap_addon.core.report import Report
from facemocap_addon.core.rig_maps.rig_map import RigMap
from facemocap_addon.gateway.applying.performance import ApplyOptions, write_take
from facemocap_addon.gateway.writing.keys import find_channelbag
from facemocap_addon.gateway.writing.preparing import prepare_take
from facemocap_addon.gateway.writing.records import find_performance
from facemocap_addon.gateway.writing.targets import make_targets

Place = tuple[str, str, int]


class Stage:
    """One character with one take: plays it by changing parameters, knows the bare result."""

    def __init__(self, *, mode: str = "XYZ", seconds: float = 2.0, **take: Any) -> None:
        self.scene = bpy.context.scene
        self.rig = make_armature(mode=mode)
        self.face = make_face("face", SHAPES, self.rig)
        self.take = wave_take(seconds=seconds, **take)
        self.find()

    def find(self) -> None:
        """Look for the character anew, as after opening a file."""
        self.scene = bpy.context.scene
        self.rig, self.face = bpy.data.objects["rig"], bpy.data.objects["face"]
        self.picked, self.rig_map = character_of(self.scene, self.face)

    def play(self, gain: float = 1.0, rig_map: RigMap | None = None, **options: Any) -> Report:
        """Put the take on; ``machine`` is then what it would be without any edits."""
        rig_map = rig_map or with_gain(self.rig_map, gain)
        how = ApplyOptions(**options)
        prepared = run_job(prepare_take(self.scene, self.picked, self.take, rig_map, how))
        targets = make_targets(
            self.picked,
            prepared.kept.solved,
            prepared.frames,
            drop_unknown=how.on_capture_times,
            head_bones=frozenset(),
        )
        self.machine = {
            (target.datablock.bl_rna.identifier, curve.path, curve.index): curve
            for target in targets
            for curve in target.curves
        }
        return write_take(prepared)

    def bare(self, place: Place, frames: Any) -> np.ndarray:
        """Values of the program's own curve, which is made of straight lines."""
        curve = self.machine[place]
        return np.interp(frames, curve.frames.astype(np.float64), curve.values.astype(np.float64))

    @property
    def action(self) -> Any:
        found = find_performance(self.picked)
        assert found is not None
        return found.action

    def curves(self) -> dict[Place, Any]:
        """F-curves that play."""
        out: dict[Place, Any] = {}
        for datablock in (self.face.data.shape_keys, self.rig):
            data: Any = datablock.animation_data
            bag: Any = find_channelbag(data.action, data.action_slot) if data else None
            for fcurve in bag.fcurves if bag else ():
                kind = datablock.bl_rna.identifier
                out[kind, fcurve.data_path, fcurve.array_index] = fcurve
        return out


def with_gain(rig_map: RigMap, gain: float) -> RigMap:
    """The map with every gain multiplied, and no limits in the way."""
    return replace(
        rig_map,
        entries=tuple(
            replace(
                entry,
                sources=tuple(replace(s, gain=s.gain * gain) for s in entry.sources),
                limits=(-100.0, 100.0),
            )
            for entry in rig_map.entries
        ),
    )


def key_at(fcurve: Any, frame: float) -> Any:
    """The key on a frame, or None."""
    found = [p for p in fcurve.keyframe_points if abs(p.co.x - frame) < 1e-4]
    assert len(found) < 2
    return found[0] if found else None


def edit(fcurve: Any, frame: float, how: str, amount: float) -> list[float]:
    """One edit as an artist makes it, on the key at ``frame``; the frames that it is about."""
    key = key_at(fcurve, frame)
    frames = [frame]
    if how == "move":
        key.co.y += amount
    elif how == "time":
        key.co.x += 0.15
        frames.append(float(key.co.x))
    elif how == "delete":
        fcurve.keyframe_points.remove(key)
    elif how == "add":
        added = fcurve.keyframe_points.insert(frame + 0.5, amount)
        added.interpolation = "BEZIER" if amount > 0 else "LINEAR"
        frames = [frame + 0.5]
    elif how == "handle":
        key.interpolation = "BEZIER"
        key.handle_left_type = key.handle_right_type = "FREE" if amount > 0 else "ALIGNED"
        key.handle_right = (frame + 0.4, key.co.y + amount)
        key.handle_left = (frame - 0.4, key.co.y - amount)
    elif how == "type":
        key.type = "EXTREME"
    else:
        raise ValueError(how)
    fcurve.update()
    return frames


HOW = ("move", "time", "delete", "add", "handle", "type")


def snapshot(stage: Stage) -> dict[Place, Any]:
    """Everything about the keys that play, as bytes."""
    out: dict[Place, Any] = {}
    for place, fcurve in stage.curves().items():
        points = fcurve.keyframe_points
        parts: list[Any] = []
        for name in ("co", "handle_left", "handle_right"):
            numbers = np.empty(len(points) * 2, np.float32)
            points.foreach_get(name, numbers)
            parts.append(numbers.tobytes())
        parts.append([(p.interpolation, p.type, p.handle_left_type) for p in points])
        out[place] = parts
    return out
