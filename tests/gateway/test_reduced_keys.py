# SPDX-License-Identifier: GPL-3.0-or-later
"""Reduced keys as Blender plays them: its own F-curves at eight places of each frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from scipy.signal import find_peaks

from facemocap_addon.core.curves import HANDLE, INTERPOLATION
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.reduction import Keys, every_frame, every_nth, on_twos, reduce_curves
from facemocap_addon.core.take_sampling import sample_channels
from facemocap_addon.gateway.writing.keys import read_curve, slot_channelbag, write_curves

#: Takes with coefficients, and every how many channels are played.
TAKES = {
    "livelinkface/JMTechArt_MySlate_3_iPhone.csv": 1,
    "livelinkface/alexdjulin_alex_rom_3.csv": 13,
    "livelinkface_udp/LLV_dao.gesichter": 1,
    "gltf/facecap.glb": 2,
    "azure_viseme/talking_avatar_blendData.json": 2,
}


def written(curves: tuple[Keys, ...]) -> list[bpy.types.FCurve]:
    """F-curves of the keys, made through Blender's own interface."""
    action = bpy.data.actions.new("reduced")
    bag = slot_channelbag(action, action.slots.new("OBJECT", "face"))
    for number, keys in enumerate(curves):
        fcurve = bag.fcurves.new(f'["control {number}"]')
        points = fcurve.keyframe_points
        points.add(len(keys))
        points.foreach_set("co", np.stack([keys.frames, keys.values], axis=1).ravel())
        points.foreach_set("interpolation", np.full(len(keys), keys.interpolation, np.int32))
        points.foreach_set("handle_left", keys.left.ravel())
        points.foreach_set("handle_right", keys.right.ravel())
        points.foreach_set("handle_left_type", keys.handle_types[:, 0].astype(np.int32))
        points.foreach_set("handle_right_type", keys.handle_types[:, 1].astype(np.int32))
        fcurve.update()
    return list(bag.fcurves)


def played(fcurve: bpy.types.FCurve, frames: np.ndarray) -> np.ndarray:
    return np.array([fcurve.evaluate(frame) for frame in frames.tolist()])


def in_eighths(frames: np.ndarray) -> np.ndarray:
    count = len(frames)
    where = np.interp(np.arange(8 * (count - 1) + 1) / 8, np.arange(count), frames)
    return where.astype(np.float32).astype(np.float64)


def stored(values: Any) -> np.ndarray:
    return np.asarray(values, np.float32).astype(np.float64)


def single_peaks(values: np.ndarray, prominence: float) -> np.ndarray:
    """Peaks by scipy, those left out that share their height with other samples."""
    unique, times = np.unique(values, return_counts=True)
    peaks = find_peaks(values, prominence=prominence)[0]
    return peaks[np.isin(values[peaks], unique[times == 1])]


def motion(count: int) -> np.ndarray:
    """Talking, blinking, holds and a step."""
    rng = np.random.default_rng(7)
    t = np.arange(count) / 60
    talk = np.clip(
        0.3 + 0.3 * np.sin(14 * t) * np.sin(1.7 * t) + 0.01 * rng.normal(size=count), 0, 1
    )
    blink = 0.05 + 0.9 * np.exp(-((((t % 2.1) - 1) / 0.07) ** 2))
    held = np.round(4 * np.clip(np.sin(2 * t), 0, 1)) / 4
    turn = 0.6 * np.tanh(5 * np.sin(0.9 * t)) + 0.003 * rng.normal(size=count)
    return np.stack([talk, blink, held, turn], axis=1)


@pytest.mark.parametrize("first", [1.0, 30_000.0, -500.25])
def test_blender_plays_reduced_keys_within_the_tolerance(blank_scene: Any, first: float):
    frames, values = stored(first + np.arange(300)), motion(300)
    for tolerance in (0.002, 0.03):
        made = reduce_curves(frames, values, tolerance)
        where = in_eighths(frames)
        for number, fcurve in enumerate(written(made.curves)):
            off = np.abs(
                played(fcurve, where) - np.interp(where, frames, stored(values[:, number]))
            )
            assert off.max() <= tolerance
            keys = made.curves[number]
            assert keys.largest_error == pytest.approx(off.max(), abs=2e-6 + 1e-4 * tolerance)
            np.testing.assert_allclose(keys.at(where), played(fcurve, where), atol=1e-6)


def test_blender_leaves_the_handles_where_they_were_put(blank_scene: Any):
    frames, values = stored(1 + np.arange(300)), motion(300)
    made = reduce_curves(frames, values, 0.01)
    for fcurve, keys in zip(written(made.curves), made.curves, strict=True):
        back = read_curve(fcurve)
        assert back.handles is not None
        np.testing.assert_allclose(back.handles[:, :2], keys.left, atol=1e-4)
        np.testing.assert_allclose(back.handles[:, 2:], keys.right, atol=1e-4)
        assert {*keys.handle_types.ravel().tolist()} == {HANDLE["FREE"], HANDLE["ALIGNED"]}


def test_the_gateway_writes_the_same_curve(blank_scene: Any):
    frames, values = stored(1 + np.arange(300)), motion(300)
    curves = (
        *reduce_curves(frames, values, 0.01).curves,
        every_nth(frames, values[:, 3], 5),
        on_twos(frames, values[:, 0]),
        every_frame(reduce_curves(frames, values, 0.01).curves[3]),
    )
    action = bpy.data.actions.new("by gateway")
    bag = slot_channelbag(action, action.slots.new("OBJECT", "face"))
    written_keys = write_curves(bag, [k.to_curve(f'["{n}"]') for n, k in enumerate(curves)])
    assert written_keys == sum(len(keys) for keys in curves)
    where = in_eighths(frames)
    for fcurve, keys in zip(bag.fcurves, curves, strict=True):
        # a constant curve jumps at its keys: Blender and we mean the same side
        np.testing.assert_allclose(keys.at(where), played(fcurve, where), atol=2e-6)
        back = read_curve(fcurve)
        assert (np.asarray(back.interpolation) == keys.interpolation).all()
    constant = np.asarray(read_curve(bag.fcurves[5]).interpolation)
    assert (constant == INTERPOLATION["CONSTANT"]).all()


@pytest.mark.shared
@pytest.mark.parametrize("name", TAKES)
def test_real_takes_are_played_within_a_hundredth(blank_scene: Any, shared: Path, name: str):
    take = read_take(shared / "takes" / name)
    weights = [channel.name for channel in take.channels if channel.kind == "weight"]
    times = np.arange(take.times[0], take.times[-1], float(np.median(np.diff(take.times))))
    values = sample_channels(take, weights, times)
    values = values[:, np.ptp(values, axis=0) > 0.05][:, :: TAKES[name]]
    frames = 1.0 + np.arange(len(values))
    made = reduce_curves(frames, values, 0.01)
    where = in_eighths(frames)
    count = 0
    for number, fcurve in enumerate(written(made.curves)):
        samples = stored(values[:, number])
        curve = played(fcurve, where)
        assert np.abs(curve - np.interp(where, frames, samples)).max() <= 0.01
        # peaks and valleys keep value and time, and nothing goes beyond
        for way in (1.0, -1.0):
            peaks = single_peaks(way * samples, 0.02)
            count += len(peaks)
            np.testing.assert_array_equal(played(fcurve, frames[peaks]), samples[peaks])
            near = np.minimum(8 * peaks[:, None] + np.arange(-8, 9), len(curve) - 1)
            assert (way * (curve[near].T - samples[peaks])).max(initial=-1.0) <= 1e-5
            assert (way * curve).max() <= (way * samples).max() + 1e-5
    assert count > 50
    assert made.report.after <= 0.1 * made.report.before
