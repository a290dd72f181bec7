# SPDX-License-Identifier: GPL-3.0-or-later
"""glTF files: the document, and the bytes that its buffers and views mean.

A ``.glb`` is a header of 12 bytes and chunks: the document first, then the bytes of its first
buffer. A ``.gltf`` is the document alone; its buffers stand in it as base64 or in files beside it.
"""

from __future__ import annotations

import base64
import binascii
import json
import struct
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import FacemocapError
from ..files import read_file
from .gltf_meshopt import decode_view
from .json_values import as_dict, as_list

MAGIC = b"glTF"
_JSON, _BINARY = 0x4E4F534A, 0x004E4942
_EXPORT_AGAIN = "Export or copy it again"
_MESHOPT = ("EXT_meshopt_compression", "KHR_meshopt_compression")
#: Bytes of all side files together.
_MOST_SIDE_BYTES = 2_000_000_000


@dataclass
class Gltf:
    """A document and where its bytes are.

    Attributes
    ----------
    name : str
        The file's, for messages.
    folder : Path
        Where side files are looked for.
    document : dict
    binary : bytes or None
        The second chunk of a ``.glb``.
    """

    name: str
    folder: Path
    document: dict[str, Any]
    binary: bytes | None = None
    _buffers: dict[int, bytes] = field(default_factory=dict[int, bytes])
    _views: dict[int, bytes] = field(default_factory=dict[int, bytes])

    def entry(self, kind: str, number: Any) -> dict[str, Any]:
        """Entry ``number`` of a list of the document (``nodes``, ``accessors``).

        Raises
        ------
        FacemocapError
            When there is no such entry.
        """
        entries = self.entries(kind)
        if not isinstance(number, int) or not 0 <= number < len(entries):
            raise self.damaged(f"it has no {kind} {number}")
        return entries[number]

    def entries(self, kind: str) -> list[dict[str, Any]]:
        """A list of the document; empty where it has none."""
        found = self.document.get(kind, [])
        if not isinstance(found, list):
            raise self.damaged(f"its {kind} are no list")
        return [as_dict(each) for each in as_list(found)]

    def damaged(self, problem: str) -> FacemocapError:
        """The error for a file that contradicts itself."""
        return FacemocapError(f'"{self.name}" is damaged: {problem}', _EXPORT_AGAIN)

    def whole(self, source: dict[str, Any], key: str, default: int | None = 0) -> int:
        """A whole number of 0 or more in an object of the document."""
        number = source.get(key, default)
        if not isinstance(number, int) or isinstance(number, bool) or number < 0:
            raise self.damaged(f"its {key} is {number!r:.40}")
        return number

    def buffer(self, number: Any) -> bytes:
        """The bytes of a buffer."""
        entry = self.entry("buffers", number)
        if number not in self._buffers:
            self._buffers[number] = self._load(entry, number)
        return self._buffers[number]

    def view(self, number: Any) -> bytes:
        """The bytes of a buffer view, unpacked."""
        entry = self.entry("bufferViews", number)
        if number not in self._views:
            extensions = as_dict(entry.get("extensions"))
            packed = next((extensions[key] for key in _MESHOPT if key in extensions), None)
            where = entry if packed is None else as_dict(packed)
            data = self._slice(where)
            if packed is not None:
                data = decode_view(data, where, self.name)
            self._views[number] = data
        return self._views[number]

    def _slice(self, where: dict[str, Any]) -> bytes:
        start, length = self.whole(where, "byteOffset"), self.whole(where, "byteLength", None)
        data = self.buffer(where.get("buffer"))
        if start + length > len(data):
            raise FacemocapError(
                f'"{self.name}" is cut off: bytes {start} to {start + length} of a buffer of '
                f"{len(data)} are needed",
                _EXPORT_AGAIN,
            )
        return data[start : start + length]

    def _load(self, entry: dict[str, Any], number: int) -> bytes:
        uri = entry.get("uri")
        if uri is None:
            if number == 0 and self.binary is not None:
                return self.binary
            raise self.damaged(f"its buffer {number} is nowhere")
        if not isinstance(uri, str):
            raise self.damaged(f"its buffer {number} has no address")
        if uri.startswith("data:"):
            head, comma, text = uri.partition(",")
            if not comma or not head.endswith(";base64"):
                raise self.damaged(f"its buffer {number} is not in base64")
            try:
                return base64.b64decode(text + "=" * (-len(text) % 4))
            except (binascii.Error, ValueError):
                raise self.damaged(f"its buffer {number} is not in base64") from None
        return self._side_file(urllib.parse.unquote(uri), self.whole(entry, "byteLength", None))

    def _side_file(self, uri: str, length: int) -> bytes:
        """A file beside ours; only one in its own folder or below, as glTF has it."""
        path = self.folder / uri
        inside = ":" not in uri and "\0" not in uri and not Path(uri).is_absolute()
        if not inside or ".." in Path(uri).parts or "\\" in uri:
            raise FacemocapError(
                f'"{self.name}" keeps its numbers in "{uri[:80]}", which is not beside it',
                "Export it as one .glb file",
            )
        if not path.is_file():
            raise FacemocapError(
                f'"{self.name}" needs the file "{uri[:80]}" beside it, which is missing',
                "Copy both files into one folder, or export it as one .glb file",
            )
        if path.stat().st_size > _MOST_SIDE_BYTES:
            raise self.damaged(f'"{uri[:80]}" is larger than any recording')
        data = read_file(path)
        if len(data) < length:
            raise FacemocapError(
                f'"{uri[:80]}" beside "{self.name}" is cut off: it has {len(data)} of {length} '
                "bytes",
                "Copy it again",
            )
        return data


def open_gltf(data: bytes, path: Path) -> Gltf:
    """The document of a file's bytes.

    Raises
    ------
    FacemocapError
        When it is cut off, damaged, or of another version.
    """
    name = path.name
    text, binary = _chunks(data, name) if data.startswith(MAGIC) else (data, None)
    try:
        document = json.loads(text.decode("utf-8-sig"))
    except (ValueError, RecursionError) as problem:
        what = f": {problem}"[:80] if isinstance(problem, json.JSONDecodeError) else ""
        raise FacemocapError(
            f'"{name}" is cut off or damaged: its glTF document cannot be read{what}',
            _EXPORT_AGAIN,
        ) from None
    gltf = Gltf(name, path.parent, as_dict(document), binary)
    version = as_dict(gltf.document.get("asset")).get("version")
    if not isinstance(version, str) or not version.startswith("2."):
        raise FacemocapError(
            f'"{name}" has glTF version {version!r:.20}; version 2 is read', "Export it as glTF 2.0"
        )
    return gltf


def _chunks(data: bytes, name: str) -> tuple[bytes, bytes | None]:
    """Document and bytes of a binary file."""
    if len(data) < 20:
        raise FacemocapError(f'"{name}" is cut off in its header', _EXPORT_AGAIN)
    version, length = struct.unpack_from("<2I", data, 4)
    if version != 2:
        raise FacemocapError(
            f'"{name}" has GLB version {version}; version 2 is read', "Export it as glTF 2.0"
        )
    if length > len(data):
        raise FacemocapError(
            f'"{name}" is cut off: {len(data)} of {length} bytes are there', _EXPORT_AGAIN
        )
    text: bytes | None = None
    binary: bytes | None = None
    at = 12
    while at + 8 <= length:
        size, kind = struct.unpack_from("<2I", data, at)
        at += 8
        if at + size > len(data):
            raise FacemocapError(f'"{name}" is cut off within one of its chunks', _EXPORT_AGAIN)
        if kind == _JSON and text is None:
            text = data[at : at + size]
        elif kind == _BINARY and binary is None:
            binary = data[at : at + size]
        at += size + -size % 4
    if text is None:
        raise FacemocapError(f'"{name}" is damaged: it has no glTF document', _EXPORT_AGAIN)
    return text, binary
