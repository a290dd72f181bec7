# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON files that a person keeps, edits and hands on: rig maps, ranges of motion, examples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .errors import FacemocapError
from .files import read_file, replace_file


def read_document(path: Path, again: str) -> Any:
    """What a JSON file holds.

    ``again`` says how to get it anew, for the message: ``make the map again``.

    Raises
    ------
    FacemocapError
        When the file cannot be read or is no JSON.
    """
    try:
        return json.loads(read_file(path).decode("utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as problem:
        raise FacemocapError(
            f'"{path.name}" is no JSON: {problem}', f"Repair the file or {again}"
        ) from problem


def write_document(document: Any, path: Path) -> None:
    """Write plain values as a JSON file that people can read, whole or not at all."""
    text = json.dumps(document, indent=1, ensure_ascii=False)
    replace_file(path, (text + "\n").encode())
