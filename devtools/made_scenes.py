# SPDX-License-Identifier: GPL-3.0-or-later
"""Small animated scenes of other programs, made up value by value, to test with."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Keys = Sequence[tuple[str, int, float]]


def vmd(
    keys: Keys,
    bones: Sequence[tuple[str, int]] = (),
    *,
    later: bool = True,
    camera: int = 0,
    first_version: bool = False,
) -> bytes:
    """A MikuMikuDance motion: (morph, frame, weight) in this order, (bone, frame)."""
    magic, model = b"Vocaloid Motion Data 0002", 20
    if first_version:
        magic, model = b"Vocaloid Motion Data file", 10
    out = magic.ljust(30, b"\0") + "初音".encode("cp932").ljust(model, b"\0")
    out += struct.pack("<I", len(bones))
    for bone, frame in bones:
        out += _vmd_name(bone) + struct.pack("<I7f", frame, 0, 0, 0, 0, 0, 0, 1) + b"\x14" * 64
    out += struct.pack("<I", len(keys))
    for morph, frame, weight in keys:
        out += _vmd_name(morph) + struct.pack("<If", frame, weight)
    if later:
        out += struct.pack("<I", camera) + b"\x01" * 61 * camera + struct.pack("<2I", 0, 0)
        out += struct.pack("<2IBI", 1, 0, 1, 1) + "左足ＩＫ".encode("cp932").ljust(21, b"\0")
    return out


def _vmd_name(name: str) -> bytes:
    """15 bytes; behind the nought there is refuse, as programs leave it."""
    raw = name.encode("cp932")[:15]
    return raw if len(raw) == 15 else (raw + b"\0").ljust(15, b"\xfd")


class Gltf:
    """A glTF document that grows: accessors go into one buffer."""

    def __init__(self) -> None:
        self.document: dict[str, Any] = {
            "asset": {"version": "2.0"}, "accessors": [], "bufferViews": [], "buffers": [],
            "meshes": [], "nodes": [], "animations": [{"name": "Take 001", "channels": [],
            "samplers": []}],
        }  # fmt: skip
        self.body = b""

    def accessor(
        self, values: np.ndarray, kind: str = "SCALAR", *, normalized: bool = False, stride: int = 0
    ) -> int:
        """Store numbers, or vectors ``(n, k)``, in their own type; the accessor's number."""
        codes = {"i1": 5120, "u1": 5121, "i2": 5122, "u2": 5123, "u4": 5125, "f4": 5126}
        rows = values.reshape(-1, 1) if kind == "SCALAR" else values
        data = rows.astype(rows.dtype.newbyteorder("<")).tobytes()
        size = rows.shape[1] * rows.itemsize
        view: dict[str, Any] = {"buffer": 0}
        if stride:
            data = b"".join(
                data[k * size : k * size + size].ljust(stride, b"\xee") for k in range(len(rows))
            )
            view["byteStride"] = stride
        self.body += bytes(-len(self.body) % 4)
        view |= {"byteOffset": len(self.body), "byteLength": len(data)}
        self.body += data
        self.document["bufferViews"].append(view)
        self.document["accessors"].append(
            {
                "bufferView": len(self.document["bufferViews"]) - 1,
                "componentType": codes[rows.dtype.str[1:]],
                "count": len(rows),
                "type": kind,
            }
            | ({"normalized": True} if normalized else {})
        )
        return len(self.document["accessors"]) - 1

    def morph_mesh(self, names: Sequence[str] | None, count: int, node: str = "head") -> int:
        """A mesh with ``count`` targets on a node of its own; the node's number."""
        mesh: dict[str, Any] = {"name": node, "primitives": [{"attributes": {}}]}
        mesh["primitives"][0]["targets"] = [{} for _ in range(count)]
        if names is not None:
            mesh["extras"] = {"targetNames": list(names)}
        self.document["meshes"].append(mesh)
        return self.node({"name": node, "mesh": len(self.document["meshes"]) - 1})

    def node(self, node: Mapping[str, Any]) -> int:
        """Add a node; its number."""
        self.document["nodes"].append(dict(node))
        return len(self.document["nodes"]) - 1

    def animate(
        self, node: int, path: str, times: int, values: int, how: str | None = None
    ) -> None:
        """Animate a node's path by two accessors."""
        animation = self.document["animations"][-1]
        sampler: dict[str, Any] = {"input": times, "output": values}
        if how:
            sampler["interpolation"] = how
        animation["samplers"].append(sampler)
        animation["channels"].append(
            {
                "sampler": len(animation["samplers"]) - 1,
                "target": {"node": node, "path": path},
            }
        )

    def glb(self) -> bytes:
        """The document and its buffer as one binary file."""
        self.document["buffers"] = [{"byteLength": len(self.body)}]
        return glb(json.dumps(self.document).encode(), self.body)

    def text(self, uri: str = "") -> bytes:
        """The document as text, its buffer in it or beside it under ``uri``."""
        inside = "data:application/octet-stream;base64," + base64.b64encode(self.body).decode()
        self.document["buffers"] = [{"byteLength": len(self.body), "uri": uri or inside}]
        return json.dumps(self.document, indent=1).encode()


def glb(text: bytes, body: bytes = b"") -> bytes:
    """A binary glTF file of its two chunks."""
    text += b" " * (-len(text) % 4)
    body += bytes(-len(body) % 4)
    chunks = struct.pack("<2I", len(text), 0x4E4F534A) + text
    if body:
        chunks += struct.pack("<2I", len(body), 0x004E4942) + body
    return struct.pack("<4s2I", b"glTF", 2, 12 + len(chunks)) + chunks


def samples() -> dict[str, bytes]:
    """One recording of each format."""
    scene = Gltf()
    names = ("jawOpen", "eyeBlink_L", "eyeBlink_R")
    times = scene.accessor(np.arange(12, dtype=np.float32) / 30)
    weights = np.linspace(0, 1, 36, dtype=np.float32)
    scene.animate(scene.morph_mesh(names, 3), "weights", times, scene.accessor(weights))
    keys = [(name, frame, frame / 40) for frame in (30, 0, 12) for name in ("あ", "まばたき")]
    return {"vmd_motion": vmd(keys, [("頭", 0)]), "gltf": scene.glb()}
