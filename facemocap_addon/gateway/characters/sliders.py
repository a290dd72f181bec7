# SPDX-License-Identifier: GPL-3.0-or-later
"""Slider ranges of shape keys: widened where a contact needs it, and put back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...core.controls import ControlKey
from ..data_paths import split_path
from .characters import CharacterObjects

#: A slider that ends within this of what was set is the one that was set.
_SAME = 1e-5


def widen_sliders(
    picked: CharacterObjects, beyond: Mapping[ControlKey, tuple[float, float]]
) -> list[dict[str, Any]]:
    """Let sliders reach the values that they are driven to; what `restore_sliders` needs."""
    meshes: dict[str, Any] = {mesh.name: mesh for mesh in picked.meshes}
    records: list[dict[str, Any]] = []
    for control, (low, high) in beyond.items():
        keys = meshes[control.owner].data.shape_keys
        block = keys.path_resolve(split_path(control.path)[0])
        before = [block.slider_min, block.slider_max]
        block.slider_min, block.slider_max = min(before[0], low), max(before[1], high)
        records.append(
            {
                "datablock": keys,
                "name": block.name,
                "before": before,
                "set": [block.slider_min, block.slider_max],
            }
        )
    return records


def restore_sliders(records: list[Any]) -> None:
    """Put back slider ranges that are still as `widen_sliders` set them."""
    for record in reversed(records):
        keys: Any = record.get("datablock")
        block = keys.key_blocks.get(record["name"]) if keys is not None else None
        if block is None:
            continue
        low, high = record["set"]
        if abs(block.slider_min - low) < _SAME and abs(block.slider_max - high) < _SAME:
            block.slider_min, block.slider_max = record["before"]
