# SPDX-License-Identifier: GPL-3.0-or-later
"""A health report as a file: its name says in which form."""

from __future__ import annotations

import json
from pathlib import Path

from ..errors import FacemocapError
from ..take import Take
from .examine import Health
from .report_page import to_html
from .table import to_csv

ENDINGS = (".html", ".json", ".csv")


def check_report_name(path: Path) -> None:
    """Refuse names that say no form.

    Raises
    ------
    FacemocapError
        When the name does not end with .html, .json or .csv.
    """
    if path.suffix.lower() not in ENDINGS:
        raise FacemocapError(
            f'"{path.name}" is no name for a report', "Let it end with .html, .json or .csv"
        )


def report_bytes(health: Health, take: Take, path: Path) -> bytes:
    """The report in the form that its name asks for; ``take`` is the one that was examined."""
    check_report_name(path)
    ending = path.suffix.lower()
    if ending == ".json":
        return (json.dumps(health.to_json(), indent=1, allow_nan=False) + "\n").encode()
    text = to_html(health, take) if ending == ".html" else to_csv(health)
    return text.encode()
