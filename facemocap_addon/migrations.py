# SPDX-License-Identifier: GPL-3.0-or-later
"""Stored state of older versions, brought up to this one when a file is opened.

What the panel remembers carries a schema number. A file that never met the panel has number 0.
State of a newer version is left exactly as it is: this one would lose what it does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

#: Version of the panel's stored state that this program writes.
PANEL_SCHEMA = 1


class Stored(Protocol):
    """State that carries its schema number."""

    schema: int


#: What to do to state of a version to make it the next one. Version 1 is the first that was
#: stored, and to a file without any (0) nothing has to be done.
PANEL_STEPS: Mapping[int, Callable[[Any], None]] = {}


def upgrade(
    state: Stored,
    schema: int = PANEL_SCHEMA,
    steps: Mapping[int, Callable[[Any], None]] = PANEL_STEPS,
) -> bool:
    """Bring ``state`` up to ``schema`` step by step; False when it is of a newer version."""
    if state.schema > schema:
        return False
    for version in range(state.schema, schema):
        if version in steps:
            steps[version](state)
        state.schema = version + 1
    return True
