# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader of Maya ASCII scenes whose markers are baked: transforms with keys on their places."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..errors import FacemocapError
from ..formats.marker_frames import Axis
from ..formats.marker_takes import Markers, check_points, counted_times, finished_markers, is_rate
from ..formats.maya_scene import Scene, Transform, parse_scene
from ..formats.read_options import ReadOptions
from ..formats.sample_times import SampleTimes, nominal_rate
from ..take import Take, TakeSource
from . import Reader

FORMAT = "maya_ascii"
_EXPORT_AGAIN = "Save or export the scene again"
#: Keys closer than this, in frames, are at one time.
_SAME_FRAME = 1e-4
#: Keys may lie this far, in steps, from where a steady rate has them: Maya rounds to 1/6000 s.
_OFF_STEP = 0.02
#: Curves with fewer keys than this share of all times are drawn and not recorded.
_SPARSE = 0.5
#: Values that the union of all times may ask for, for each key that there is.
_VALUES_PER_KEY = 8
_FEW_VALUES = 2_000_000
_SHOWN = 6


def sniff(head: bytes) -> float:
    """The comment that Maya begins with."""
    return 0.95 if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:12] == b"//Maya ASCII" else 0.0


def read(data: bytes, path: Path, options: ReadOptions) -> Take:
    """Read the take from the file's bytes."""
    name = path.name
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    scene = parse_scene(data)
    if not scene.whole:
        raise FacemocapError(f'"{name}" is cut off or damaged: keys are missing', _EXPORT_AGAIN)
    nodes = [node for node in scene.transforms.values() if node.keys]
    if not nodes:
        raise FacemocapError(
            f'"{name}" holds no markers: nothing in it has keys on its translation',
            "Bake the markers to keys and save the scene again",
        )
    frames = _all_frames(scene, nodes, name)
    check_points(name, len(frames), len(nodes))
    positions = np.zeros((len(frames), len(nodes), 3))
    valid = np.ones((len(frames), len(nodes)), np.bool_)
    markers = Markers([node.name for node in nodes], positions, valid)
    drawn: list[str] = []
    for place, node in enumerate(nodes):
        if _sample(scene, node, frames, positions[:, place], valid[:, place]):
            drawn.append(node.name)
    if drawn:
        markers.warnings.append(
            f"{_shown(drawn)} {'has' if len(drawn) == 1 else 'have'} keys on a few frames only: "
            "between them straight lines are taken."
        )
    _put_under_parents(scene, nodes, markers)
    markers.unit = scene.length_unit or "cm"
    if not scene.length_unit:
        markers.assumptions.append("Maya's own unit is taken, centimetres: the scene names none.")
    markers.up = Axis(2) if scene.up == "z" else Axis(1)
    if not scene.up:
        markers.assumptions.append("Maya's own axes are taken, +Y up: the scene names none.")
    clock = _times(scene, frames, options)
    details: dict[str, object] = {"points": len(nodes), "first key": f"frame {frames[0]:g}"}
    if scene.time_unit:
        details["time unit"] = scene.time_unit
    if scene.length_unit:
        details["unit"] = scene.length_unit
    return finished_markers(markers, clock, TakeSource(name, FORMAT, details))


def _all_frames(scene: Scene, nodes: list[Transform], name: str) -> FloatArray:
    """Times of all keys of all markers, in frames."""
    curves = [scene.curves[curve] for node in nodes for curve in node.keys.values()]
    alike = all(len(curve) == len(curves[0]) for curve in curves) and all(
        np.array_equal(curve[:, 0], curves[0][:, 0]) for curve in curves
    )
    frames = curves[0][:, 0] if alike else np.concatenate([curve[:, 0] for curve in curves])
    keys = sum(map(len, curves))
    frames = np.unique(frames)
    frames = frames[np.diff(frames, prepend=-np.inf) > _SAME_FRAME]
    if 3 * len(frames) * len(nodes) > max(_VALUES_PER_KEY * keys, _FEW_VALUES):
        raise FacemocapError(
            f'"{name}" has keys at {len(frames)} different times and few at each',
            "Bake all markers to keys on the same frames",
        )
    return frames


def _sample(
    scene: Scene, node: Transform, frames: FloatArray, places: FloatArray, valid: BoolArray
) -> bool:
    """Fill in the places ``(n, 3)`` of one marker; whether a curve of it is drawn, not recorded."""
    places[:] = node.place()
    drawn = False
    for axis, name in node.keys.items():
        keys = scene.curves[name]
        keys = keys[np.argsort(keys[:, 0], kind="stable")]
        at = np.clip(np.searchsorted(frames, keys[:, 0] - _SAME_FRAME), 0, len(frames) - 1)
        if len(keys) == len(frames) and np.array_equal(at, np.arange(len(frames))):
            places[:, axis] = keys[:, 1]
            continue
        if len(keys) < _SPARSE * len(frames):
            places[:, axis] = np.interp(frames, keys[:, 0], keys[:, 1])
            drawn |= bool(np.ptp(keys[:, 1]) > 0)
            continue
        has_key = np.zeros(len(frames), np.bool_)
        has_key[at] = True
        places[at, axis] = keys[:, 1]
        valid &= has_key
    return drawn


def _put_under_parents(scene: Scene, nodes: list[Transform], markers: Markers) -> None:
    """Move markers as the nodes above them are placed, in place; moving ones are left out."""
    moving: list[str] = []
    places = np.asarray(markers.positions)
    for number, node in enumerate(nodes):
        above = scene.transforms.get(node.parent)
        while above is not None:
            if above.keys or above.turned:
                if above.name not in moving:
                    moving.append(above.name)
                break
            if above.channels:
                with np.errstate(over="ignore", invalid="ignore"):
                    places[:, number] = places[:, number] @ above.matrix().T + above.place()
            above = scene.transforms.get(above.parent)
    if moving:
        markers.warnings.append(
            f"{_shown(moving)} {'moves' if len(moving) == 1 else 'move'}: places are relative to "
            f"{'it' if len(moving) == 1 else 'them'}."
        )


def _times(scene: Scene, frames: FloatArray, options: ReadOptions) -> SampleTimes:
    """Seconds of the keys; exact where they are those of a steady rate."""
    rows = len(frames)
    said: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    per_second = scene.rate_hz
    if not per_second:
        per_second, named = options.rate_or(24.0)
        text = f'The scene names no time unit that is known ("{scene.time_unit}")'
        if named:
            said = (f"{text}; {named} says {per_second:g} frames a second.",)
        else:
            told = (f"{text}, so {per_second:g} frames a second are taken: check the length.",)
    if rows < 2:
        return counted_times(rows, options)
    span, usual = float(frames[-1] - frames[0]), float(np.median(np.diff(frames)))
    if not (np.isfinite(span) and usual > 0 and np.isfinite(span / usual)):
        raise FacemocapError("The scene has keys at times that are no numbers", _EXPORT_AGAIN)
    steps = max(round(span / usual), 1)
    step = span / steps
    since = np.asarray(frames - frames[0], np.float64)
    count: FloatArray = np.floor(since / step + 0.5)
    steady = bool((np.abs(since - count * step) <= _OFF_STEP * step).all())
    rate = per_second / step
    if not is_rate(rate):
        told += ("Keys are too close together or too far apart to be a recording.",)
    nominal = nominal_rate(rate)
    if steady and (np.diff(count) > 0).all():
        exact = float(nominal) if abs(float(nominal) - rate) <= 1e-6 * rate else rate
        times = count / exact
    else:
        times = since / per_second
    return SampleTimes(times, np.arange(rows), step / per_second, nominal, steady, said, told)


def _shown(names: list[str]) -> str:
    """Names for a sentence."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(f'"{name}"' for name in names[:_SHOWN]) + more


READER = Reader(FORMAT, "Maya ASCII markers (.ma)", (".ma",), sniff, read)
