# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader of animated glTF scenes: weights of morph targets, turns of the head and the eyes."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import FacemocapError
from ..formats.coefficient_takes import (
    Columns,
    check_size,
    finished_take,
    say_unchanging,
    weights_from_percent,
)
from ..formats.gltf_animation import (
    USUAL_HZ,
    WEIGHTS,
    Animation,
    Curve,
    read_animations,
    sample_times,
    together,
)
from ..formats.gltf_file import MAGIC, Gltf, open_gltf
from ..formats.gltf_turns import face_turns
from ..formats.head_pose import angle_channel
from ..formats.json_text import json_head
from ..formats.json_values import as_dict, as_list
from ..formats.sample_times import SampleTimes, nominal_rate
from ..formats.shape_tables import ShapeTable, merge_shapes, numbered
from ..sampling import usual_step
from ..take import Take, TakeSource
from . import Reader, ReadOptions

FORMAT = "gltf"
_ASSET = re.compile(r'"asset"\s*:\s*\{[^{}]*"version"')
_PARTS = re.compile(r'"(?:bufferViews|componentType|accessors|byteLength)"\s*:')
_SHOWN = 4
#: Samples that are made of each key, and how many values are no matter anyway.
_SAMPLED_PER_KEY = 16
_FEW_VALUES = 4_000_000


def sniff(head: bytes) -> float:
    """The magic of a ``.glb``, or a document with an asset and buffers."""
    if head.startswith(MAGIC):
        return 1.0
    text = json_head(head)
    if not text:
        return 0.0
    asset, parts = _ASSET.search(text), _PARTS.search(text)
    return 1.0 if asset and parts else 0.97 if asset and '"nodes"' in text else 0.9 * bool(parts)


def read(data: bytes, path: Path, _options: ReadOptions) -> Take:
    """Read the take from the file's bytes and from the files beside it."""
    name = path.name
    gltf = open_gltf(data, path)
    animations = read_animations(gltf)
    if not animations:
        raise FacemocapError(
            f'"{name}" is a glTF scene without an animation of morph targets or of the head',
            "Export it with its animation and shape keys",
        )
    chosen, others = together(animations)
    curves = list(itertools.chain(*(animation.curves for animation in chosen)))
    faces = [curve for curve in curves if curve.path == WEIGHTS]
    if not faces:
        raise FacemocapError(
            f'"{name}" animates nodes but no morph targets', "Export it with its shape keys"
        )
    _check_length(faces, name)
    times, rate_hz = sample_times(faces)
    columns = _columns(gltf, faces, times)
    weights_from_percent(columns)
    turns = face_turns(gltf, curves, times, columns.by_name())
    if turns is not None:
        columns.add(
            [angle_channel(*pair) for pair in zip(turns.channels, turns.originals, strict=True)],
            turns.values.astype(np.float32),
            np.ones(len(times), np.bool_),
        )
        columns.assumptions += turns.assumptions
    say_unchanging(columns)
    if rate_hz is not None:
        columns.assumptions.append(
            f"The curves have few keys and are sampled {rate_hz:.6g} times a second."
        )
    if others:
        columns.warnings.append(
            f"The file holds {len(others)} other takes, which are not read: {_shown(others)}."
        )
    details: dict[str, Any] = {
        "animations": [animation.name for animation in chosen],
        "first_key_s": round(float(times[0]), 6),
        "meshes": list(dict.fromkeys(_node_name(gltf, curve.node) for curve in faces)),
    }
    generator = as_dict(gltf.document.get("asset")).get("generator")
    if isinstance(generator, str):
        details["generator"] = generator[:200]
    source = TakeSource(name, FORMAT, details)
    return finished_take(columns, _clock(times, rate_hz), source, still=True)


def _check_length(faces: list[Curve], name: str) -> None:
    """Refuse a few keys so far apart that samples of them would fill the memory."""
    channels = sum(curve.values.shape[1] for curve in faces)
    length_s = max(float(c.times[-1]) for c in faces) - min(float(c.times[0]) for c in faces)
    keys = max(len(curve.times) for curve in faces)
    check_size(name, keys, channels)
    samples = max(length_s * USUAL_HZ, keys)
    if samples * channels > max(_SAMPLED_PER_KEY * keys * channels, _FEW_VALUES):
        raise FacemocapError(
            f'"{name}" has {keys} keys in {length_s / 60:.4g} minutes',
            "Check that it is the take, or cut it into parts",
        )


def _clock(times: np.ndarray, rate_hz: float | None) -> SampleTimes:
    """Times from the first key on; a curve's keys are no rows that a recorder may drop."""
    step_s = 1 / (rate_hz or 30.0)
    if rate_hz is None and len(times) > 1:
        step_s = usual_step(times)
    kept = np.arange(len(times))
    # nothing is missing between two keys, however far apart they are
    longest = float(np.diff(times).max(initial=0.0))
    return SampleTimes(
        times - times[0], kept, max(step_s, longest), nominal_rate(1 / step_s), regular=True
    )


def _columns(gltf: Gltf, faces: list[Curve], times: np.ndarray) -> Columns:
    """Weights of all meshes at ``times``."""
    tables: list[ShapeTable] = []
    without: list[str] = []
    for curve in faces:
        mesh = _node_name(gltf, curve.node)
        names, named = _target_names(gltf, curve, mesh)
        if not named:
            without.append(mesh)
        tables.append(ShapeTable(mesh, numbered(names), curve.at(times)))
    columns = merge_shapes(tables)
    if without:
        columns.warnings.append(
            f"The targets of {', '.join(without[:_SHOWN])} have no names and are numbered from 0."
        )
    return columns


def _target_names(gltf: Gltf, curve: Curve, mesh_name: str) -> tuple[list[str], bool]:
    """Names of a curve's targets, and whether the file has them."""
    count = curve.values.shape[1]
    mesh = gltf.entry("meshes", gltf.entry("nodes", curve.node).get("mesh"))
    parts = [as_dict(part) for part in as_list(mesh.get("primitives"))]
    for holder in (mesh, *parts):
        named = as_list(as_dict(holder.get("extras")).get("targetNames"))
        if len(named) == count and all(isinstance(each, str) and each for each in named):
            return named, True
    return [f"{mesh_name} target {number}" for number in range(count)], False


def _node_name(gltf: Gltf, number: int) -> str:
    node = gltf.entry("nodes", number)
    name = node.get("name")
    if not isinstance(name, str) or not name:
        mesh = node.get("mesh")
        meshes = gltf.entries("meshes")
        name = None
        if isinstance(mesh, int) and 0 <= mesh < len(meshes):
            name = meshes[mesh].get("name")
    return name if isinstance(name, str) and name else f"node {number}"


def _shown(animations: list[Animation]) -> str:
    names = [animation.name or "(no name)" for animation in animations]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


READER = Reader(FORMAT, "glTF animation (.glb, .gltf)", (".glb", ".gltf"), sniff, read)
