# SPDX-License-Identifier: GPL-3.0-or-later
"""One character of the demo, in a process of its own: keyed, saved, rendered."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from pathlib import Path

import bpy

from facemocap_addon.core.contacts.face_contacts import contacts_from_json
from facemocap_addon.core.progress import run_job
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.rig_maps.working_map import working_map
from facemocap_addon.core.take import Take
from facemocap_addon.core.telling import telling_frames
from facemocap_addon.gateway.applying.performance import ApplyOptions, apply_take
from facemocap_addon.gateway.characters.characters import find_characters, read_character
from facemocap_addon.gateway.files.rig_files import open_rig, save_blend
from facemocap_addon.gateway.files.stills import render_stills
from facemocap_addon.gateway.measuring.measuring import ensure_measured
from facemocap_addon.gateway.scenes import scene_clock
from facemocap_addon.gateway.writing.records import find_performance

from .outcome import RigOutcome
from .proof import prove_one_curve


def main() -> int:
    """Do what the demo's own process asks for; the outcome goes to a file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("take", type=Path)
    parser.add_argument("rig", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("outcome", type=Path)
    parser.add_argument("--stills", type=int, required=True)
    parser.add_argument("--height", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    options = parser.parse_args()
    take = read_take(options.take)
    retarget_one(
        take, options.rig, options.out, options.stills, options.height, options.threads
    ).write(options.outcome)
    return 0


def retarget_one(
    take: Take, rig: Path, out: Path, stills: int, height_px: int, threads: int = 0
) -> RigOutcome:
    """Put the take on a rig file's first character, save it, render its telling frames."""
    watch = _Watch()
    # the sample rigs are the project's own: their drivers may run
    scene = open_rig(rig, enable_scripts=True)
    picked = find_characters(scene)[0]
    watch.lap("open")
    character = read_character(picked, scene)
    measured = run_job(ensure_measured(picked, scene, use_cache=False))
    watch.lap("measure")
    rig_map = working_map(character.controls, take, picked.name, measured)
    contacts = contacts_from_json(measured.contacts) if measured.contacts else None
    watch.lap("match")
    start = float(scene.frame_start)
    report = apply_take(scene, picked, take, rig_map, ApplyOptions(start_frame=start), contacts)
    watch.lap("key")
    blend = out / f"{take.label}_{rig.stem}.blend"
    save_blend(blend)
    watch.lap("save")
    clock = scene_clock(scene)
    moments = telling_frames(take, clock, start, stills)
    if threads:
        scene.render.threads_mode = "FIXED"
        scene.render.threads = threads
    folder = out / "stills"
    folder.mkdir(exist_ok=True)
    pictures = render_stills(
        scene,
        picked,
        [frame for frame, _ in moments],
        folder,
        f"{take.label}_{rig.stem}",
        size_px=height_px,
        width_px=height_px * 3 // 4,
    )
    watch.lap("render")
    performance = find_performance(picked)
    assert performance is not None
    return RigOutcome(
        rig=rig.stem,
        character=picked.name,
        kinds=dict(Counter(entry.control.kind for entry in rig_map.entries)),
        blend=blend.name,
        blend_bytes=blend.stat().st_size,
        action=performance.action.name,
        keys=report.counts["keys"],
        curves=report.counts["curves"],
        controls=report.counts["controls"],
        channels_matched=[name for name in take.recorded if name in rig_map.covered],
        channels_unmatched=[name for name in take.recorded if name not in rig_map.covered],
        controls_unmatched=list(rig_map.unmatched_controls),
        notes=[*character.notes, *report.warnings],
        fps=clock.rate_hz,
        frame_range=(scene.frame_start, scene.frame_end),
        moments=[(frame, name, (frame - start) / clock.rate_hz) for frame, name in moments],
        stills=[f"{folder.name}/{path.name}" for path in pictures],
        proof=prove_one_curve(scene, picked, take, rig_map, performance),
        seconds=watch.laps,
        blender=bpy.app.version_string,
    )


class _Watch:
    """Seconds between laps."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = round(now - self._last, 3)
        self._last = now


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
