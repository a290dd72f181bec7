# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader of MediaPipe FaceLandmarker results that a Python or JavaScript program wrote as JSON."""

from __future__ import annotations

from pathlib import Path

from ..formats.json_takes import JsonFormat, find_facts, read_facts
from ..formats.json_text import json_keys, json_text, json_texts, parse_json, without_collector
from ..formats.json_values import squeezed
from ..formats.mediapipe import MATRIX_FRAME, RATE_HZ, say_unseen
from ..take import Take
from . import Reader, ReadOptions

_FORMAT = JsonFormat("mediapipe_json", RATE_HZ, MATRIX_FRAME, still=True)
#: Keys that only MediaPipe's results have.
_OWN = frozenset((
    "faceblendshapes", "facelandmarks", "facialtransformationmatrixes", "categoryname",
    "facialtransformationmatrices", "facialtransformationmatrix",
))  # fmt: skip


def sniff(head: bytes) -> float:
    """A key, or a name, that only MediaPipe's results have."""
    keys = json_keys(head)
    if "_neutral" in keys or "_neutral" in json_texts(head):
        return 0.95
    return 0.9 if any(squeezed(key) in _OWN for key in keys) else 0.0


def read(data: bytes, path: Path, options: ReadOptions) -> Take:
    """Read the take from the file's bytes."""
    with without_collector():
        text = json_text(data)
        del data
        document = parse_json(text, path.name)
        del text
        facts = find_facts(document, path.name, options)
        del document
    return say_unseen(read_facts(facts, path, _FORMAT, options))


READER = Reader(
    _FORMAT.format, "MediaPipe face landmarker (.json)", (".json",), sniff, read, several=True
)
