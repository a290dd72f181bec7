# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader of our own take file."""

from __future__ import annotations

import io
from pathlib import Path

from ..take import Take
from ..take_file import read_take_stream
from . import Reader, ReadOptions


def sniff(head: bytes) -> float:
    """A zip whose first member is ``times.npy``."""
    return 1.0 if head.startswith(b"PK\x03\x04") and head[30:39] == b"times.npy" else 0.0


def read(data: bytes, path: Path, _options: ReadOptions) -> Take:
    """Read the take from the file's bytes."""
    return read_take_stream(io.BytesIO(data), path.name)


READER = Reader("face_mocap_take", "Face Mocap take (.take.npz)", (".npz",), sniff, read)
