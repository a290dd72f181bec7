# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers of one seed give the same events and keys under every Blender and Python.

``golden/layer_keys.json`` holds keys that one of them wrote; all others must come as near.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from facemocap_addon.core.health.columns import columns_of
from facemocap_addon.core.health.eye_blinks import find_blinks
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.rig_maps.matching import match
from facemocap_addon.core.stack.running import run_stack
from facemocap_addon.core.stack.stack import Stack, make_step
from facemocap_addon.core.take_edits import trim_take
from facemocap_addon.gateway.applying.performance import ApplyOptions, apply_take
from facemocap_addon.gateway.characters.characters import find_characters, read_character
from facemocap_addon.gateway.layer_tracks.tracks import layer_actions
from facemocap_addon.gateway.takes.layer_pushing import push_layer
from facemocap_addon.gateway.writing.records import find_performance

GOLDEN = Path(__file__).parent / "golden" / "layer_keys.json"
#: What is asked between versions.
APART = 1e-6
SECONDS, EVERY = 8.0, 20
LAYERS = Stack(
    (
        make_step("asymmetry", index=0.05, seed=3),
        make_step("breathing", pattern="nervous", holds=[[5.0, 6.5]], seed=5),
        make_step("cascade"),
        make_step("micro_movement", seed=7),
        make_step("posture", context="tired", seed=11),
        make_step("style", amount=1.4, snap=0.3),
    )
)


def made(sample_rigs: Path) -> dict[str, Any]:
    """Keys on some frames of the performance and of a layer's own Action, and events."""
    bpy.ops.wm.open_mainfile(filepath=str(sample_rigs / "arkit_head.blend"))
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = 30, 1.0
    take, _, _ = trim_take(read_take(sample_rigs / "sample_take.csv"), 0.0, SECONDS)
    picked = find_characters(scene)[0]
    rig_map = match(read_character(picked, scene).controls, take)
    options = ApplyOptions(stack=LAYERS, seed=1, contacts=False)
    apply_take(scene, picked, take, rig_map, options)
    push_layer(scene, picked, 4)
    performance = find_performance(picked)
    assert performance is not None
    actions = {"stack": performance.action, "track": layer_actions(performance)["posture"]}
    keys: dict[str, list[float]] = {}
    for name, action in actions.items():
        for bag in action.layers[0].strips[0].channelbags:
            for fcurve in bag.fcurves:
                co = np.empty(2 * len(fcurve.keyframe_points), np.float32)
                fcurve.keyframe_points.foreach_get("co", co)
                place = f"{name} {fcurve.data_path} {fcurve.array_index}"
                keys[place] = [float(f"{value:.9g}") for value in co[1::2][::EVERY].tolist()]
    result = run_stack(take, LAYERS, seed=1)
    counts = [dict(report.counts) for report in result.reports]
    blinks = [round(blink.peak_s, 6) for blink in find_blinks(columns_of(result.take))]
    return {"keys": keys, "counts": counts, "blinks": blinks}


def test_layer_keys_are_those_of_other_versions(sample_rigs: Path) -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    found = made(sample_rigs)
    assert found["counts"] == golden["counts"]
    assert found["blinks"] == golden["blinks"]
    assert len(found["blinks"]) > 2
    assert list(found["keys"]) == list(golden["keys"])
    for place, values in golden["keys"].items():
        assert found["keys"][place] == pytest.approx(values, rel=0.0, abs=APART), place


if __name__ == "__main__":
    text = json.dumps(made(Path(sys.argv[1])), indent=0)
    GOLDEN.write_text(text + "\n", encoding="utf-8")
