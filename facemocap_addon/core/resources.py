# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the data that belongs to the program lies."""

from __future__ import annotations

from pathlib import Path

DATA = Path(__file__).resolve().parent.parent / "data"


def data_file(name: str) -> Path:
    """Path of a file under ``data/``, named with forward slashes."""
    return DATA.joinpath(*name.split("/"))
