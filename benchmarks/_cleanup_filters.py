# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixed filters with their parameters: the usual ones, and Blender's own, run on F-curves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy
import numpy as np
from scipy.signal import butter, savgol_filter, sosfiltfilt

from facemocap_addon.core.arrays import FloatArray
from facemocap_addon.core.cleaning import filters
from facemocap_addon.core.cleaning.whittaker import Bends, strength_of

#: Values (n, c), samples a second -> values.
Filter = Callable[[FloatArray, float], FloatArray]
CUTOFFS_HZ = (3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0, 15.0, 18.0, 22.0)


def families() -> dict[str, dict[str, Filter]]:
    """Filters by kind and parameter; parameters in Hz and seconds."""
    widths = (0.05, 0.084, 0.117, 0.15, 0.184, 0.25, 0.35)
    deviations = (0.006, 0.008, 0.012, 0.017, 0.022, 0.03, 0.04, 0.055)
    return {
        "Blender Butterworth": {
            f"{hz:g} Hz": _butterworth_operator(hz, order) for hz in CUTOFFS_HZ for order in (4,)
        },
        "Blender Gaussian": {
            f"{1000 * deviation:g} ms": _gaussian_operator(deviation) for deviation in deviations
        },
        "Butterworth": {
            f"{hz:g} Hz order {order}": _butterworth(hz, order)
            for hz in CUTOFFS_HZ
            for order in (1, 2)
        },
        "Savitzky-Golay": {
            f"{1000 * width:g} ms degree {degree}": _savitzky_golay(width, degree)
            for width in widths
            for degree in (2, 4)
        },
        "Gaussian": {f"{1000 * deviation:g} ms": _gaussian(deviation) for deviation in deviations},
        "median": {f"{count}": _median(count) for count in (3, 5, 7, 9, 13)},
        "Whittaker": {
            f"{hz:g} Hz": _whittaker(hz) for hz in (2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 13.0)
        },
    }


def blender_defaults() -> dict[str, Filter]:
    """Blender's operators when nobody touches their settings."""
    return {
        "Blender Butterworth, its default": lambda values, rate: _operate(
            values, rate, "butterworth_smooth"
        ),
        "Blender Gaussian, its default": lambda values, rate: _operate(
            values, rate, "gaussian_smooth"
        ),
    }


def _butterworth(hz: float, order: int) -> Filter:
    def work(values: FloatArray, rate: float) -> FloatArray:
        if hz >= 0.49 * rate:
            return values.copy()
        return np.asarray(sosfiltfilt(butter(order, hz, fs=rate, output="sos"), values, axis=0))

    return work


def _savitzky_golay(width_s: float, degree: int) -> Filter:
    def work(values: FloatArray, rate: float) -> FloatArray:
        window = round(width_s * rate) | 1
        if window <= degree + 1:
            return values.copy()
        return np.asarray(savgol_filter(values, window, degree, axis=0))

    return work


def _gaussian(deviation_s: float) -> Filter:
    return lambda values, rate: filters.gaussian(values, rate, deviation_s)


def _median(count: int) -> Filter:
    return lambda values, rate: filters.median(values, rate, (count - 1) / rate)


def _whittaker(hz: float) -> Filter:
    def work(values: FloatArray, rate: float) -> FloatArray:
        solver = Bends(None, len(values)).smoother(strength_of(hz, rate))
        return np.ascontiguousarray(solver.solve(np.ascontiguousarray(values.T)).T)

    return work


def _butterworth_operator(hz: float, order: int) -> Filter:
    return lambda values, rate: _operate(
        values,
        rate,
        "butterworth_smooth",
        cutoff_frequency=min(hz, 0.49 * rate),
        filter_order=order,
    )


def _gaussian_operator(deviation_s: float) -> Filter:
    def work(values: FloatArray, rate: float) -> FloatArray:
        # sigma counts in widths; three deviations to each side hold all of the bell
        deviation = deviation_s * rate
        width = max(1, int(np.ceil(3.0 * deviation)))
        return _operate(
            values, rate, "gaussian_smooth", filter_width=width, sigma=deviation / width
        )

    return work


def _operate(values: FloatArray, rate: float, name: str, **settings: Any) -> FloatArray:
    """Values through an operator of the Graph Editor, on F-curves of an object's properties."""
    window = bpy.context.window_manager.windows[0]
    area = max(window.screen.areas, key=lambda each: each.width * each.height)
    area.type = "GRAPH_EDITOR"
    region = next(each for each in area.regions if each.type == "WINDOW")
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = round(rate), round(rate) / rate
    curves, done = _curves(values)
    try:
        with bpy.context.temp_override(
            window=window, screen=window.screen, area=area, region=region
        ):
            result = getattr(bpy.ops.graph, name)("EXEC_DEFAULT", **settings)
        if result != {"FINISHED"}:
            raise RuntimeError(f"graph.{name}: {result}")
        out = np.empty((len(curves), 2 * len(values)), np.float32)
        for row, curve in zip(out, curves, strict=True):
            curve.keyframe_points.foreach_get("co", row)
    finally:
        done()
    return out[:, 1::2].T.astype(np.float64)


def _curves(values: FloatArray) -> tuple[list[Any], Callable[[], None]]:
    """Selected F-curves with a key on each frame, and what takes them away."""
    holder = bpy.data.objects.new("curves", None)
    bpy.context.scene.collection.objects.link(holder)
    for other in bpy.context.view_layer.objects:
        other.select_set(other == holder)
    bpy.context.view_layer.objects.active = holder
    action = bpy.data.actions.new("curves")
    slot = action.slots.new("OBJECT", holder.name)
    data = holder.animation_data_create()
    data.action, data.action_slot = action, slot
    bag = action.layers.new("curves").strips.new(type="KEYFRAME").channelbag(slot, ensure=True)
    points = np.empty((len(values), 2), np.float32)
    points[:, 0] = np.arange(1, len(values) + 1)
    chosen = np.ones(len(values), np.bool_)
    curves: list[Any] = []
    for column in range(values.shape[1]):
        holder[f"c{column}"] = 0.0
        curve = bag.fcurves.new(f'["c{column}"]')
        curve.keyframe_points.add(len(values))
        points[:, 1] = values[:, column]
        curve.keyframe_points.foreach_set("co", points.ravel())
        curve.keyframe_points.foreach_set("select_control_point", chosen)
        curve.select = True
        curve.update()
        curves.append(curve)

    def done() -> None:
        bpy.data.objects.remove(holder)
        bpy.data.actions.remove(action)

    return curves, done
