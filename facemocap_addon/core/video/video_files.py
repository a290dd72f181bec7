# SPDX-License-Identifier: GPL-3.0-or-later
"""What a video's own file says of a mirrored picture; no picture tells it by itself.

MP4 and QuickTime files are boxes: four bytes of length, four letters, content. A track's header
(``moov/trak/tkhd``) ends in a matrix that says how the picture is to be shown.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_LONGEST_HEADER = 16 << 20
_MATRIX_AT = {0: 40, 1: 52}
#: Programs that store the mirrored picture unless told otherwise.
_MIRRORING = (b"Photo Booth",)
_TODO = "If left and right are exchanged, track it again as mirrored."


def mirror_hint(path: Path) -> str | None:
    """A sentence where the file says that its picture is mirrored, else None."""
    try:
        with path.open("rb") as file:
            header = _movie_header(file, path.stat().st_size)
    except (OSError, struct.error):
        return None
    if header is None:
        return None
    if any(_is_mirrored(box) for box in _track_headers(header)):
        return f"The video looks mirrored: its file says to show it so. {_TODO}"
    for program in _MIRRORING:
        if program in header:
            return f"The video looks mirrored: {program.decode()} made it. {_TODO}"
    return None


def _movie_header(file: BinaryIO, size: int) -> bytes | None:
    """The content of the box ``moov``."""
    place = 0
    while place + 8 <= size:
        file.seek(place)
        head = file.read(16)
        length, kind = struct.unpack(">I4s", head[:8])
        begin = 8
        if length == 1 and len(head) == 16:
            length, begin = struct.unpack(">Q", head[8:])[0], 16
        elif length == 0:
            length = size - place
        if length < begin or (place == 0 and kind not in (b"ftyp", b"moov", b"wide", b"mdat")):
            return None
        if kind == b"moov":
            file.seek(place + begin)
            return file.read(min(length - begin, _LONGEST_HEADER))
        place += length
    return None


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of the boxes in a row."""
    place = 0
    while place + 8 <= len(data):
        length, kind = struct.unpack(">I4s", data[place : place + 8])
        if length < 8:
            return
        yield kind, data[place + 8 : place + length]
        place += length


def _track_headers(movie: bytes) -> Iterator[bytes]:
    for kind, track in _boxes(movie):
        if kind == b"trak":
            yield from (content for name, content in _boxes(track) if name == b"tkhd")


def _is_mirrored(header: bytes) -> bool:
    """Whether a track is shown as its mirror image: the matrix turns left to right about."""
    begin = _MATRIX_AT.get(header[0] if header else -1)
    if begin is None or len(header) < begin + 20:
        return False
    a, b, _u, c, d = struct.unpack(">5i", header[begin : begin + 20])
    return a * d - b * c < 0
