# SPDX-License-Identifier: GPL-3.0-or-later
"""The values that shut eyes and seal lips, looked at with rays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import pytest
from contact_looks import SAMPLES
from visible_gaps import VisibleGaps

from facemocap_addon.core.contacts.meeting import meeting_from_json
from facemocap_addon.core.progress import run_job
from facemocap_addon.gateway.characters.characters import CharacterObjects, find_characters
from facemocap_addon.gateway.files.rig_files import open_rig
from facemocap_addon.gateway.measuring.measuring import ensure_measured


def pose(picked: CharacterObjects, **values: float) -> None:
    for mesh in picked.meshes:
        keys: Any = mesh.data.shape_keys
        for block in keys.key_blocks if keys is not None else ():
            block.slider_max = 3.0
            if block != keys.reference_key:
                block.value = values.get(block.name, 0.0)
    bpy.context.view_layer.update()


def test_eyes_are_shut_and_lips_sealed_where_the_measurement_says(repo: Path) -> None:
    scene = open_rig(repo / SAMPLES["arkit_head"])
    picked = find_characters(scene)[0]
    measured = run_job(ensure_measured(picked, scene))
    assert measured.contacts is not None
    found = meeting_from_json(measured.contacts["meeting"])
    gaps = VisibleGaps(picked.meshes)
    assert 6.0 < found.rest_mm["left_lids"] < 14.0
    assert found.rest_mm["left_lids"] == pytest.approx(found.rest_mm["right_lids"], abs=0.2)
    left, right = found.shut["left_lids"], found.shut["right_lids"]
    assert left is not None
    assert right is not None
    pose(picked, eyeBlinkLeft=left, eyeBlinkRight=0.5 * right)
    seen = gaps.lid_gaps()
    assert seen["left"] < 2.0
    assert 35.0 < seen["right"] < 65.0
    pose(picked, eyeBlinkLeft=0.8 * left)
    assert gaps.lid_gaps()["left"] > 8.0
    pose(picked, jawOpen=1.0)
    gaps.find_mouth()
    assert gaps.mouth is not None
    assert found.mouth_mm == pytest.approx(1e3 * gaps.mouth.width, abs=4.0)
    assert [jaw for jaw, _ in found.seal] == [0.1, 0.2, 0.3, 0.5]
    for jaw, close in found.seal:
        assert close is not None
        pose(picked, jawOpen=jaw, mouthClose=close)
        sealed = gaps.lip_gap()
        assert sealed < 1.0
        pose(picked, jawOpen=jaw, mouthClose=0.7 * close)
        assert gaps.lip_gap() > sealed + 1.0
