# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader of ARKit coefficients in JSON: the recorders of small apps, web pages and data sets.

There is no standard: `json_frames` finds the frames whatever the arrangement.
"""

from __future__ import annotations

from pathlib import Path

from ..formats.coefficient_takes import is_coefficient
from ..formats.json_takes import JsonFormat, find_facts, read_facts
from ..formats.json_text import json_keys, json_text, json_texts, parse_json, without_collector
from ..formats.json_values import squeezed
from ..take import Take
from . import Reader, ReadOptions

_FORMAT = JsonFormat("arkit_json", 60.0)
#: Keys under which writers keep coefficients, of files whose first names come late.
_HINTS = frozenset((
    "blendshapes", "blendshape", "blendshapekeys", "blendshapevalues", "blendshapenames", "shapes",
    "blendshapeweights", "faceblendshapes", "arkit", "coefficients", "faceanchor",
))  # fmt: skip


def sniff(head: bytes) -> float:
    """Names of coefficients as keys or as texts of JSON; keys that promise them."""
    words = [*sorted(json_keys(head))[:2000], *sorted(json_texts(head))[:2000]]
    known = sum(map(is_coefficient, words))
    if known >= 3:
        return 0.6
    if any(squeezed(word) in _HINTS for word in words):
        return 0.2
    return 0.1 if known else 0.0


def read(data: bytes, path: Path, options: ReadOptions) -> Take:
    """Read the take from the file's bytes."""
    with without_collector():
        text = json_text(data)
        del data
        document = parse_json(text, path.name)
        del text
        facts = find_facts(document, path.name, options)
        del document
    return read_facts(facts, path, _FORMAT, options)


READER = Reader(
    _FORMAT.format, "ARKit coefficients (.json)", (".json", ".jsonl"), sniff, read, several=True
)
