# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in exported files, read with nothing of the project."""

from __future__ import annotations

import csv
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np


def glb_weights(path: Path) -> dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]:
    """Times in seconds and weights of each morph target, by node and target."""
    data = path.read_bytes()
    length = struct.unpack_from("<I", data, 12)[0]
    document: Any = json.loads(data[20 : 20 + length])
    blob = data[20 + length + 8 :]

    def accessor(number: int) -> np.ndarray:
        entry = document["accessors"][number]
        view = document["bufferViews"][entry["bufferView"]]
        assert entry["componentType"] == 5126
        start = view.get("byteOffset", 0) + entry.get("byteOffset", 0)
        return np.frombuffer(blob, "<f4", entry["count"], start).copy()

    found: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]] = {}
    assert len(document["animations"]) == 1
    animation = document["animations"][0]
    for channel in animation["channels"]:
        if channel["target"]["path"] != "weights":
            continue
        node = document["nodes"][channel["target"]["node"]]
        names = document["meshes"][node["mesh"]]["extras"]["targetNames"]
        sampler = animation["samplers"][channel["sampler"]]
        times, weights = accessor(sampler["input"]), accessor(sampler["output"])
        table = weights.reshape(len(times), len(names))
        for place, name in enumerate(names):
            found[node["name"], name] = times, table[:, place]
    return found


def live_link_rows(path: Path, base: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Seconds after midnight and columns of a Live Link Face CSV, its frames ``base`` a second."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    seconds: list[float] = []
    for row in rows:
        hours, minutes, whole, frames = row["Timecode"].split(":")
        assert float(frames) < base
        seconds.append(3600 * int(hours) + 60 * int(minutes) + int(whole) + float(frames) / base)
    columns = {
        name[0].lower() + name[1:]: np.array([float(row[name]) for row in rows])
        for name in rows[0]
        if name not in ("Timecode", "BlendShapeCount")
    }
    return np.array(seconds), columns
