# SPDX-License-Identifier: GPL-3.0-or-later
"""A take before, with each layer of life alone, and with all: one sheet to look at.

``python -m devtools.life_sheet TAKE RIG OUT.png`` renders the sheet; it needs a Python with bpy.
Rows are telling moments of the take; the last two are, for each layer, the moment at which it does
most: as captured, and with it.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

from facemocap_addon.core.contacts.face_contacts import contacts_from_json
from facemocap_addon.core.progress import run_job
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.rig_maps.working_map import working_map
from facemocap_addon.core.stack.running import run_stack
from facemocap_addon.core.stack.stack import Stack, Step, make_step
from facemocap_addon.core.take import Take
from facemocap_addon.core.telling import telling_frames
from facemocap_addon.gateway.applying.performance import ApplyOptions, apply_take
from facemocap_addon.gateway.characters.characters import find_characters, read_character
from facemocap_addon.gateway.files.rig_files import open_rig
from facemocap_addon.gateway.files.stills import render_stills
from facemocap_addon.gateway.measuring.measuring import ensure_measured
from facemocap_addon.gateway.scenes import scene_clock

from .demo.png import small_png_bytes
from .demo.sheet import compose_sheet, shrink

#: Stronger than their defaults where a still would hardly show them.
LAYERS = (
    make_step("asymmetry", index=0.06),
    make_step("cascade"),
    make_step("breathing", pattern="speech", depth=2.0, head=2.0),
    make_step("micro_movement", head_deg=0.5),
    make_step("posture", context="wary", amount=1.5),
    make_step("style", amount=1.5),
)
HEIGHT_PX, MOMENTS, WIDEST_PX = 320, 3, 1600
#: A turn of so many radians counts as much as a coefficient of 1.
_LIKE_ONE = 0.5


def main() -> int:
    """Apply, render and compose."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("take", type=Path)
    parser.add_argument("rig", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    take = read_take(options.take)
    layers: list[tuple[str, tuple[Step, ...]]] = [("captured", ())]
    layers += [(step.kind.replace("_", "-"), (step,)) for step in LAYERS]
    layers.append(("all", LAYERS))
    most = [_most_changed(take, steps) for _, steps in layers]
    # as captured nothing is changed: it shows the moment of all layers together
    most[0] = most[-1]
    with tempfile.TemporaryDirectory(prefix="facemocap-") as folder:
        stills, moments = _stills(take, layers, most, options.rig, Path(folder))
        # a row for each moment: what differs stands side by side
        rows = [
            (f"{text}, {at}", [paths[place] for paths in stills])
            for place, (text, at) in enumerate(moments)
        ]
        count = len(moments)
        rows.append(("captured", [stills[0][count + place] for place in range(len(layers))]))
        rows.append(("most with it", [paths[count + place] for place, paths in enumerate(stills)]))
        sheet = compose_sheet(rows, [(name, "") for name, _ in layers])
    options.out.write_bytes(small_png_bytes(shrink(sheet, min(WIDEST_PX, sheet.shape[1]))))
    return 0


def _most_changed(take: Take, steps: tuple[Step, ...]) -> float:
    """Seconds after the first sample at which layers change a take most."""
    out = run_stack(take, Stack(steps)).take
    unit = np.array([_LIKE_ONE if c.kind == "angle" else 1.0 for c in take.channels])
    wanted = np.array([c.kind in ("angle", "weight") for c in take.channels]) & take.valid
    width = len(take.channels)
    change = (out.values[:, :width].astype(np.float64) - take.values) / unit * wanted
    best = int(np.argmax((change * change).sum(axis=1)))
    return float(take.times[best] - take.times[0])


def _stills(
    take: Take,
    layers: list[tuple[str, tuple[Step, ...]]],
    most: list[float],
    rig: Path,
    folder: Path,
) -> tuple[list[list[Path]], list[tuple[str, str]]]:
    """Stills of each layer, and what their moments are called."""
    # the sample rigs are the project's own: their drivers may run
    scene = open_rig(rig, enable_scripts=True)
    picked = find_characters(scene)[0]
    character = read_character(picked, scene)
    measured = run_job(ensure_measured(picked, scene, use_cache=False))
    contacts = contacts_from_json(measured.contacts) if measured.contacts else None
    start, clock = float(scene.frame_start), scene_clock(scene)
    moments = telling_frames(take, clock, start, MOMENTS)
    extra = [round(start + at_s * clock.rate_hz) for at_s in most]
    found: list[list[Path]] = []
    for place, (name, steps) in enumerate(layers):
        played = run_stack(take, Stack(steps)).take if steps else take
        rig_map = working_map(character.controls, played, picked.name, measured)
        apply_take(scene, picked, played, rig_map, ApplyOptions(start_frame=start), contacts)
        found.append(
            render_stills(
                scene,
                picked,
                [*(frame for frame, _ in moments), *extra],
                folder,
                f"{place}_{name}",
                size_px=HEIGHT_PX,
                width_px=HEIGHT_PX * 3 // 4,
            )
        )
        print(name, flush=True)
    captions = [(text, f"{(frame - start) / clock.rate_hz:.2f} s") for frame, text in moments]
    return found, captions


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
