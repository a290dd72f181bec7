# SPDX-License-Identifier: GPL-3.0-or-later
"""Small FBX scenes with animated shape keys, made up record by record, to test with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .fbx_tree import Record, record, write

SECOND = 46_186_158_000
#: What FBX calls 25 frames a second.
_PAL = 10
_LINEAR = 4
#: Between a name and its class in binary files; text has them the other way about.
_CLASS = "\x00\x01"


def scene(
    weights: Mapping[str, Sequence[float]], *, meshes: Sequence[str] = ("head",), rate_hz: int = 25
) -> list[Record]:
    """Meshes whose shapes have a key on each frame: weights of 0 to 1 by the shape's name."""
    objects: list[Record] = []
    links: list[Record] = []
    numbers = iter(range(1000, 1_000_000))
    stack, layer = next(numbers), next(numbers)
    objects.append(record("AnimationStack", stack, f"Take 001{_CLASS}AnimStack", ""))
    objects.append(record("AnimationLayer", layer, f"Base{_CLASS}AnimLayer", ""))
    links.append(record("C", "OO", layer, stack))
    for mesh in meshes:
        model, geometry, deformer = next(numbers), next(numbers), next(numbers)
        objects += _mesh(model, geometry, mesh)
        objects.append(
            record(
                "Deformer", deformer, f"{mesh} shapes{_CLASS}Deformer", "BlendShape",
                inner=[record("Version", 100)],
            )
        )  # fmt: skip
        links += [record("C", "OO", model, 0), record("C", "OO", geometry, model)]
        links.append(record("C", "OO", deformer, geometry))
        for name, values in weights.items():
            channel, shape, node, curve = (next(numbers) for _ in range(4))
            objects += _shape(channel, shape, name)
            objects += _animation(node, curve, values, rate_hz)
            links += [record("C", "OO", channel, deformer), record("C", "OO", shape, channel)]
            links += [record("C", "OO", node, layer)]
            links.append(record("C", "OP", node, channel, "DeformPercent"))
            links.append(record("C", "OP", curve, node, "d|DeformPercent"))
    return [
        record(
            "FBXHeaderExtension",
            inner=[record("FBXHeaderVersion", 1003), record("FBXVersion", 7400)],
        ),
        record(
            "GlobalSettings",
            inner=[record("Version", 1000), record("Properties70", inner=_settings(rate_hz))],
        ),
        record("Objects", inner=objects),
        record("Connections", inner=links),
    ]


def _settings(rate_hz: int) -> list[Record]:
    return [
        _property("UpAxis", "int", 1),
        _property("UpAxisSign", "int", 1),
        _property("FrontAxis", "int", 2),
        _property("FrontAxisSign", "int", 1),
        _property("CoordAxis", "int", 0),
        _property("CoordAxisSign", "int", 1),
        _property("UnitScaleFactor", "double", 1.0),
        _property("TimeMode", "enum", _PAL if rate_hz == 25 else 14),
        _property("CustomFrameRate", "double", float(rate_hz)),
    ]


def _property(name: str, kind: str, value: Any) -> Record:
    return record("P", name, kind, "", "", value)


def _mesh(model: int, geometry: int, name: str) -> list[Record]:
    corners = np.array([0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 1, 0], np.float64)
    return [
        record(
            "Geometry", geometry, f"{name}{_CLASS}Geometry", "Mesh",
            inner=[
                record("Vertices", corners),
                record("PolygonVertexIndex", np.array([0, 1, 2, -4], np.int32)),
                record("GeometryVersion", 124),
            ],
        ),
        record("Model", model, f"{name}{_CLASS}Model", "Mesh", inner=[record("Version", 232)]),
    ]  # fmt: skip


def _shape(channel: int, shape: int, name: str) -> list[Record]:
    moved = np.array([0.0, 0.0, 0.5, 0.0, 0.25, 0.0], np.float64)
    return [
        record(
            "Deformer", channel, f"{name}{_CLASS}SubDeformer", "BlendShapeChannel",
            inner=[
                record("Version", 100),
                record("DeformPercent", 0.0),
                record("FullWeights", np.array([100.0])),
            ],
        ),
        record(
            "Geometry", shape, f"{name}{_CLASS}Geometry", "Shape",
            inner=[
                record("Version", 100),
                record("Indexes", np.array([1, 2], np.int32)),
                record("Vertices", moved),
                record("Normals", np.zeros(6)),
            ],
        ),
    ]  # fmt: skip


def _animation(node: int, curve: int, values: Sequence[float], rate_hz: int) -> list[Record]:
    times = np.round(np.arange(len(values)) * (SECOND / rate_hz)).astype(np.int64)
    percent = (100 * np.asarray(values)).astype(np.float32)
    return [
        record(
            "AnimationCurveNode", node, f"DeformPercent{_CLASS}AnimCurveNode", "",
            inner=[
                record("Properties70", inner=[_property("d|DeformPercent", "Number", 0.0)]),
            ],
        ),
        record(
            "AnimationCurve", curve, f"{_CLASS}AnimCurve", "",
            inner=[
                record("Default", 0.0),
                record("KeyVer", 4008),
                record("KeyTime", times),
                record("KeyValueFloat", percent),
                record("KeyAttrFlags", np.array([_LINEAR], np.int32)),
                record("KeyAttrDataFloat", np.zeros(4, np.float32)),
                record("KeyAttrRefCount", np.array([len(values)], np.int32)),
            ],
        ),
    ]  # fmt: skip


def text(records: Sequence[Record]) -> bytes:
    """The same scene as a text file."""
    lines = ["; FBX 7.4.0 project file", ""]
    for each in records:
        lines += _text_lines(each, "")
    return "\n".join([*lines, ""]).encode()


def _text_lines(own: Record, indent: str) -> list[str]:
    arrays = [each.value for each in own.values if isinstance(each.value, np.ndarray)]
    if arrays:
        numbers = ",".join(map(str, arrays[0].tolist()))
        inside = f"{indent}\t"
        return [f"{indent}{own.name}: *{len(arrays[0])} {{", f"{inside}a: {numbers}", f"{indent}}}"]
    cells = ", ".join(_text_cell(each.value) for each in own.values)
    line = f"{indent}{own.name}: {cells}"
    if not own.inner and not own.has_list:
        return [line]
    out = [f"{line} {{"]
    for each in own.inner:
        out += _text_lines(each, indent + "\t")
    return [*out, f"{indent}}}"]


def _text_cell(value: Any) -> str:
    if not isinstance(value, bytes):
        return str(value)
    name, mark, kind = value.decode().partition(_CLASS)
    return f'"{kind}::{name}"' if mark else f'"{name}"'


def samples() -> dict[str, bytes]:
    """Scenes that hold the same, as each kind of file."""
    wave = {
        name: (0.5 + 0.4 * np.sin(np.arange(30) / 5 + k)).tolist()
        for k, name in enumerate(("jawOpen", "eyeBlink_L", "smirk"))
    }
    records = scene(wave, meshes=("head", "teeth"))
    return {
        "binary": write(7400, records),
        "wide": write(7500, records),
        "plain": write(7400, records, packed=False),
        "text": text(records),
    }
