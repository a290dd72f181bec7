# SPDX-License-Identifier: GPL-3.0-or-later
"""Dragging a blink by its handle: from the place of the mouse to the keys of the character.

Promised: 30 ms a step for a minute of 60 fps on the sample head. Each step is all that a drag does:
the blink taken off and put back, what plays in the stretch worked out, touched keys rewritten, and
the face evaluated. The last row of each take is the whole run once the blink is let go.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import bpy as blender
import numpy as np

import facemocap_addon
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take import Take, make_take
from facemocap_addon.core.take_file import write_take_file
from facemocap_addon.ops.events.panel_events import chosen_events, names_meant
from facemocap_addon.ops.events.sessions import DragSession, events_of_names

from . import ROOT, Measurement

#: What an add-on registers is not in bpy's stubs.
bpy: Any = blender

STEPS = 15
PROMISED_S = 0.030
_RIGS = ROOT / "sample_rigs"


def measure() -> list[Measurement]:
    """Median seconds of one step of a drag."""
    rows: list[Measurement] = []
    facemocap_addon.register()
    try:
        for minutes, promised in ((1, PROMISED_S), (10, PROMISED_S)):
            rows += _of_take(minutes, promised)
    finally:
        facemocap_addon.unregister()
    return rows


def long_take(minutes: float) -> Take:
    """The sample take over and over, at 60 fps."""
    take = read_take(_RIGS / "sample_take.csv")
    length = take.duration_s + 1.0 / 60.0
    times = np.arange(round(minutes * 60 * 60)) / 60.0
    own = np.where(take.valid, take.values, 0.0)
    columns = [np.interp(times % length, take.times, column) for column in own.T]
    return make_take(
        times, list(take.channels), np.stack(columns, axis=1), rate=60, name="long.csv"
    )


def _of_take(minutes: float, promised: float) -> list[Measurement]:
    bpy.ops.wm.open_mainfile(filepath=str(_RIGS / "arkit_head.blend"))
    scene = bpy.context.scene
    scene.render.fps = 60
    with tempfile.TemporaryDirectory(prefix="facemocap-bench-") as folder:
        path = Path(folder) / "long.take.npz"
        write_take_file(long_take(minutes), path)
        bpy.ops.facemocap.import_take(filepath=str(path))
    bpy.ops.facemocap.apply_take()
    item = scene.facemocap.characters[0]
    view = item.events
    number = len(view.rows) // 2
    view.active = number
    for row in view.rows:
        row.selected = False
    note = f"{len(view.rows)} blinks, {round(minutes * 3600)} frames, 61 channels"
    label = f"{minutes:g} min"
    chosen = chosen_events(scene, item)
    began = time.perf_counter()
    drag = DragSession(chosen, events_of_names(chosen, names_meant(item)))
    press = time.perf_counter() - began
    taken: list[float] = []
    for step in range(STEPS):
        began = time.perf_counter()
        drag.show(float(step % 7 + 1))
        bpy.context.view_layer.update()
        taken.append(time.perf_counter() - began)
    began = time.perf_counter()
    drag.end()
    back = time.perf_counter() - began
    began = time.perf_counter()
    bpy.ops.facemocap.move_events(offset=4.0)
    whole = time.perf_counter() - began
    median = statistics.median(taken)
    return [
        Measurement(f"{label}: a step of the drag", median, most_seconds=promised, note=note),
        Measurement(f"{label}: the slowest step", max(taken)),
        Measurement(f"{label}: taking it in hand", press),
        Measurement(f"{label}: Esc", back),
        Measurement(f"{label}: letting go, all run and listed", whole),
    ]
