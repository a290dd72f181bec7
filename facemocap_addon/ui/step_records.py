# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of single events that a step of the stack keeps, a line for each."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import bpy

from ..core.errors import FacemocapError
from ..core.events.listing.words import told_edit
from ..core.stack.kind import Kind
from ..core.stack.params import param_fields
from ..core.stack.reading import stack_from_json
from ..props import FACEMOCAP_PG_character
from .sentences import draw_sentences

#: As many are listed.
_MOST_EDITS = 24


def draw_records(
    layout: Any, context: bpy.types.Context, item: FACEMOCAP_PG_character, kind: Kind
) -> None:
    """Draw edits that the chosen step keeps, a line for each, with a button that removes it."""
    for field, described in param_fields(kind.params):
        if described.record is None:
            continue
        edits = _records(item.stack.text, item.stack.active, field.name)
        column = layout.column(align=True)
        column.use_property_split = False
        row = column.row()
        row.label(text=f"{described.label}: {len(edits) or 'none'}")
        if edits:
            button = row.operator("facemocap.remove_edits", text="", icon="TRASH")
            button.param, button.number = field.name, -1
        for number, words in enumerate(edits[:_MOST_EDITS]):
            row = column.row(align=True)
            row.label(text=words)
            button = row.operator("facemocap.remove_edits", text="", icon="X")
            button.param, button.number = field.name, number
        if len(edits) > _MOST_EDITS:
            draw_sentences(column, context, f"And {len(edits) - _MOST_EDITS} more.", "BLANK1")


@lru_cache(maxsize=16)
def _records(text: str, active: int, name: str) -> tuple[str, ...]:
    """Edits of a step in words; the text is parsed once, not at each drawing."""
    try:
        step = stack_from_json(json.loads(text), "stack").steps[active]
    except (FacemocapError, ValueError, IndexError):
        return ()
    return tuple(told_edit(step.kind, edit) for edit in getattr(step.params, name, ()))
