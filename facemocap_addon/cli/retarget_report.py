# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of ``facemocap retarget`` as a file: JSON, or the health as a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..core.files import replace_file
from ..core.health.examine import Health
from ..core.health.many_page import to_html_of_many
from ..core.take import Take
from .output import write_json
from .outputs import OutputFolder


def write_report(
    path: Path, document: Mapping[str, Any], examined: Sequence[tuple[Health, Take]]
) -> None:
    """Write the document, or for a name that ends with .html the health on each character."""
    if path.suffix.lower() == ".html":
        failed = [f"{e['rig']}: {e['error']}" for e in document["rigs"] if e["error"]]
        text = to_html_of_many(examined, failed)
    else:
        text = write_json(document)
    with OutputFolder(path.parent) as folder:
        folder.make()
        replace_file(path, text.encode())
