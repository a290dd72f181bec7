# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole job, start to saved file: a ten-minute 60 fps take onto arkit_head."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sample_rigs.generator.performance import synthesise, write_live_link_csv

from . import ROOT, Measurement

RIG = ROOT / "sample_rigs" / "arkit_head.blend"
RUNS = 3

# What a script would do that knows this one rig and checks nothing: start, np.loadtxt, bulk write,
# save. With "all", the curves that the job writes (every mesh and bone), else the head's 52.
_FLOOR = """
import os, sys
import bpy
import numpy as np
take, rig, out, which = sys.argv[1:]
bpy.ops.wm.open_mainfile(filepath=rig)
with open(take) as file:
    lines = file.readlines()
names = [name[0].lower() + name[1:] for name in lines[0].strip().split(",")[2:]]
rows = [line for line in lines[1:] if line.count(",") == len(names) + 1]
values = np.loadtxt(rows, np.float32, delimiter=",", usecols=range(2, len(names) + 2))
action = bpy.data.actions.new("take")
strip = action.layers.new("Layer").strips.new(type="KEYFRAME")
count = len(values)
co = np.empty((count, 2), np.float32)
co[:, 0] = np.arange(1, count + 1)
linear, generated = np.full(count, 1, np.int32), np.full(count, 5, np.int32)
def slot_bag(datablock, kind):
    slot = action.slots.new(kind, datablock.name)
    data = datablock.animation_data_create()
    data.action = action
    data.action_slot = slot
    return strip.channelbag(slot, ensure=True)
def write(bag, path, index, column):
    fcurve = bag.fcurves.new(path, index=index)
    points = fcurve.keyframe_points
    points.add(count)
    co[:, 1] = values[:, column]
    points.foreach_set("co", co.ravel())
    points.foreach_set("interpolation", linear)
    points.foreach_set("type", generated)
    fcurve.update()
for mesh in [o for o in bpy.data.objects if o.type == "MESH" and o.data.shape_keys]:
    if which != "all" and mesh.name != "arkit_head":
        continue
    bag = slot_bag(mesh.data.shape_keys, "KEY")
    for block in mesh.data.shape_keys.key_blocks[1:]:
        path = f'key_blocks["{block.name}"].value'
        write(bag, path, 0, names.index(block.name))
if which == "all":
    armature = next(o for o in bpy.data.objects if o.type == "ARMATURE")
    bag = slot_bag(armature, "OBJECT")
    for bone in armature.pose.bones:
        for index in range(4):
            write(bag, f'pose.bones["{bone.name}"].rotation_quaternion', index, index)
bpy.context.scene.frame_end = count
bpy.ops.wm.save_as_mainfile(filepath=out, compress=True, copy=True)
sys.stdout.flush()
os._exit(0)
"""


def measure() -> list[Measurement]:
    """Wall seconds and peak memory of whole processes, taking turns."""
    with tempfile.TemporaryDirectory(prefix="facemocap-bench-") as name:
        folder = Path(name)
        take = folder / "take.csv"
        write_live_link_csv(synthesise(600.0), take)
        script = folder / "floor.py"
        script.write_text(_FLOOR, encoding="utf-8")
        ours = ["-m", "facemocap_addon", "retarget", str(take), "--rig", str(RIG), "--raw"]
        ours += ["--fps", "60", "--overwrite", "--out", str(folder)]
        bare = [str(script), str(take), str(RIG), str(folder / "floor.blend")]
        jobs = {
            "facemocap retarget": ours,
            "bare, the same curves": [*bare, "all"],
            "bare, 52 curves": [*bare, "head"],
        }
        seconds: dict[str, list[float]] = {job: [] for job in jobs}
        peaks: dict[str, int] = {}
        for turn in range(RUNS + 1):
            for job, arguments in jobs.items():
                taken, peak = _run(arguments)
                if turn:
                    seconds[job].append(taken)
                    peaks[job] = max(peak, peaks.get(job, 0))
    first, *others = jobs
    return [
        Measurement(
            first, statistics.median(seconds[first]), peaks[first], note="promised under 1000 MB"
        ),
        *(
            Measurement(job, statistics.median(seconds[job]), peaks[job], at_most=2.0)
            for job in others
        ),
    ]


def _run(arguments: list[str]) -> tuple[float, int]:
    """Wall seconds and peak bytes of one process."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    errors = process.stderr.read() if process.stderr else b""
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(errors.decode(errors="replace"))
    return time.perf_counter() - began, usage.ru_maxrss * 1024
