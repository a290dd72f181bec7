# SPDX-License-Identifier: GPL-3.0-or-later
"""Small turns of phrase that several commands print."""

from __future__ import annotations

from collections.abc import Sequence

#: Names printed in full before the rest is only counted.
MOST_NAMES = 6


def list_names(names: Sequence[str], most: int = MOST_NAMES) -> str:
    """``a, b, c and 5 more``; ``none`` when there are none."""
    if not names:
        return "none"
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
