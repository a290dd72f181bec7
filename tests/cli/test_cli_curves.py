# SPDX-License-Identifier: GPL-3.0-or-later
"""The curves in the saved .blend against the recording, read here by other means."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

Run = Callable[..., Any]

JMTECH = "JMTechArt_MySlate_3_iPhone.csv"
ALEX = "alexdjulin_alex_rom_3.csv"


class Recording:
    """A Live Link Face CSV through the csv module: seconds after the first row, and values."""

    def __init__(self, path: Path) -> None:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, *rows = csv.reader(file)
        rows = [row for row in rows if len(row) == len(header)]
        stamps = [row[0].split(":") for row in rows]
        rate = 60 if any(float(stamp[3]) >= 30 for stamp in stamps) else 30
        clock = [int(h) * 3600 + int(m) * 60 + int(s) + float(f) / rate for h, m, s, f in stamps]
        self.times = np.array(clock) - clock[0]
        self.columns = {
            name[0].lower() + name[1:]: np.array([float(row[place]) for row in rows])
            for place, name in enumerate(header)
            if place > 1
        }

    def at(self, name: str, seconds: Any) -> Any:
        return np.interp(seconds, self.times, self.columns[name])


@pytest.fixture
def retarget(facemocap: Run, arkit_head: Path, tmp_path: Path):
    """Put a take on arkit_head by the command line and open the result."""

    def put(take: Path, *options: object) -> Any:
        words = ("--rig", arkit_head, "--out", tmp_path, "--raw", "--json", "--overwrite")
        result = facemocap("retarget", take, *words, *options)
        assert result.status == 0, result.err
        (entry,) = result.document["rigs"]
        bpy.ops.wm.open_mainfile(filepath=entry["output"], load_ui=False)
        return bpy.context.scene, bpy.data.actions[entry["action"]]

    return put


def curves_of(action: Any) -> list[tuple[str, Any]]:
    """(shape key, F-curve) of every shape key on every mesh."""
    strip = action.layers[0].strips[0]
    return [
        (curve.data_path.split('"')[1], curve)
        for slot in action.slots
        for curve in strip.channelbag(slot).fcurves
        if curve.data_path.startswith('key_blocks["')
    ]


@pytest.mark.shared
@pytest.mark.parametrize("rate", ["24", "29.97", "60"])
@pytest.mark.parametrize("name", [JMTECH, ALEX])
def test_curves_equal_the_take_on_whole_frames(retarget: Run, shared: Path, name: str, rate: str):
    path = shared / "takes" / "livelinkface" / name
    scene, action = retarget(path, "--fps", rate, "--start", 7)
    recording = Recording(path)
    fps, base = scene.render.fps, scene.render.fps_base
    frames = np.arange(7, scene.frame_end + 1)
    seconds = (frames - 7) * base / fps
    assert scene.frame_start == 7
    assert seconds[-2] < recording.times[-1] <= seconds[-1] + 1e-6
    curves = curves_of(action)
    assert len({shape for shape, _ in curves}) == 52
    for shape, curve in curves:
        found = np.array([curve.evaluate(frame) for frame in frames.tolist()])
        assert np.abs(found - recording.at(shape, seconds)).max() <= 1e-6, shape


@pytest.mark.shared
def test_30_hz_rows_under_a_60_based_timecode_last_134_seconds(retarget: Run, shared: Path):
    scene, action = retarget(shared / "takes" / "livelinkface" / ALEX)
    seconds = (scene.frame_end - scene.frame_start) * scene.render.fps_base / scene.render.fps
    assert seconds == pytest.approx(134.4, abs=0.05)
    assert action.frame_range[1] - action.frame_range[0] == scene.frame_end - scene.frame_start


@pytest.mark.shared
@pytest.mark.parametrize("name", [JMTECH, ALEX])
def test_keys_on_capture_times_are_the_samples(retarget: Run, shared: Path, name: str):
    path = shared / "takes" / "livelinkface" / name
    scene, action = retarget(path, "--keys", "capture", "--fps", "29.97")
    recording = Recording(path)
    rate = scene.render.fps / scene.render.fps_base
    for shape, curve in curves_of(action):
        keys = np.empty(2 * len(curve.keyframe_points), np.float32)
        curve.keyframe_points.foreach_get("co", keys)
        frames, values = keys.reshape(-1, 2).T.astype(np.float64)
        assert len(frames) == len(recording.times)
        assert np.abs(frames - (1 + recording.times * rate)).max() <= 1e-3
        assert np.abs(values - recording.columns[shape]).max() <= 1e-4


def test_a_range_falls_on_the_start(retarget: Run, sample_take: Path):
    scene, action = retarget(sample_take, "--range", "1.234:2.5", "--start", 50)
    recording = Recording(sample_take)
    frames = np.arange(50, scene.frame_end)
    seconds = 1.234 + (frames - 50) / 24
    assert 2.5 - 1 / 24 <= seconds[-1] <= 2.5
    for shape, curve in curves_of(action):
        found = [curve.evaluate(frame) for frame in frames.tolist()]
        assert np.abs(found - recording.at(shape, seconds)).max() <= 1e-6, shape


def test_a_mirror_swaps_the_sides(retarget: Run, sample_take: Path):
    _, action = retarget(sample_take, "--mirror", "--range", ":2")
    recording = Recording(sample_take)
    frames = np.arange(1, 48)
    for shape, curve in curves_of(action):
        swapped = shape.translate({})
        for side, other in (("Left", "Right"), ("Right", "Left")):
            if shape.endswith(side):
                swapped = shape.removesuffix(side) + other
        found = [curve.evaluate(frame) for frame in frames.tolist()]
        assert np.abs(found - recording.at(swapped, (frames - 1) / 24)).max() <= 1e-6, shape
