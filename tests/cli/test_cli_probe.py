# SPDX-License-Identifier: GPL-3.0-or-later
"""``facemocap map --probe``: characters whose names say nothing."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from facemocap_addon.core.channels import arkit_names


@pytest.fixture(scope="module")
def scrambled(sample_rigs: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """arkit_head with random words for names, and which word stands for which channel."""
    import bpy

    bpy.ops.wm.open_mainfile(filepath=str(sample_rigs / "arkit_head.blend"), use_scripts=False)
    draw = random.Random(7)
    words: dict[str, str] = {}
    for obj in bpy.data.objects:
        keys: Any = obj.data.shape_keys if obj.type == "MESH" else None
        for block in keys.key_blocks[1:] if keys else ():
            word = "".join(draw.choice("bdfgkmnprst") + draw.choice("aeiou") for _ in range(4))
            block.name = words.setdefault(block.name, word)
    path = tmp_path_factory.mktemp("scrambled") / "words.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path), copy=True)
    return path, {word: channel for channel, word in words.items()}


def test_channels_are_found_by_motion(
    facemocap: Callable[..., Any], scrambled: tuple[Path, Any], tmp_path: Path
) -> None:
    path, meant = scrambled
    outcome = facemocap("map", path, "--probe", "--json", "--out", tmp_path / "map.json")
    assert outcome.status == 0
    found: dict[str, str] = {}
    for entry in outcome.document["entries"]:
        if entry["control"]["kind"] != "shape_key":
            continue
        assert entry["how"] == "probe"
        word = entry["control"]["path"].removeprefix('key_blocks["').removesuffix('"].value')
        (source,) = entry["sources"]
        found[word] = source["channel"]
    right = [word for word, channel in found.items() if meant[word] == channel]
    wrong_side = [
        (meant[word], channel)
        for word, channel in found.items()
        if meant[word] != channel
        and meant[word].replace("Left", "").replace("Right", "")
        == channel.replace("Left", "").replace("Right", "")
    ]
    assert wrong_side == []
    assert len(right) >= 0.9 * len(arkit_names())


def test_what_names_found_stays(facemocap: Callable[..., Any], sample_rigs: Path) -> None:
    by_name = facemocap("map", sample_rigs / "arkit_head.blend", "--json").document
    probed = facemocap("map", sample_rigs / "arkit_head.blend", "--probe", "--json").document
    plain, completed = (
        {
            (c := entry["control"])["owner"] + c["path"]: entry
            for entry in document["entries"]
            if entry["control"]["kind"] == "shape_key"
        }
        for document in (by_name, probed)
    )
    assert completed == plain
    # only the eyes are driven as far as they were measured to turn
    assert {e["control"]["path"] for e in probed["entries"] if e["how"] == "probe"} == {
        f'pose.bones["eye.{side}"].rotation' for side in "LR"
    }
