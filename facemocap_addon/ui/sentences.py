# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole sentences in a narrow sidebar."""

from __future__ import annotations

import textwrap
from typing import Any

import bpy

#: Mean width of a character of Blender's interface font at scale 1, in pixels.
_LETTER_PX = 6.6
#: What margins, tabs and scroll bar take of the sidebar's width.
_MARGIN_PX = 45.0
#: What an icon before a sentence takes.
_ICON_PX = 45.0
#: As many sentences are drawn at one place.
_MOST = 4


def draw_sentences(layout: Any, context: bpy.types.Context, text: str, icon: str = "INFO") -> None:
    """Draw each line of ``text``, wrapped to the sidebar, with an icon at its beginning."""
    letters = max(18, int((width_of(context) - _ICON_PX) / _LETTER_PX))
    sentences = text.splitlines()
    if not sentences:
        return
    column = layout.column(align=True)
    column.scale_y = 0.8
    if len(sentences) > _MOST:
        sentences[_MOST - 1 :] = [f"And {len(sentences) - _MOST + 1} more of the kind."]
    for sentence in sentences:
        for number, line in enumerate(textwrap.wrap(sentence, letters)):
            column.label(text=line, icon=icon if number == 0 else "BLANK1")


def width_of(context: bpy.types.Context) -> float:
    """How wide the sidebar is between its edges, in pixels at scale 1."""
    # without a window there is no scale
    scale = context.preferences.system.ui_scale or 1.0
    width = context.region.width if context.region else 300
    return width / scale - _MARGIN_PX


def draw_fact(layout: Any, name: str, value: str) -> None:
    """Draw a name and its value, side by side, in small print."""
    split = layout.split(factor=0.4)
    left = split.row()
    left.alignment = "RIGHT"
    left.label(text=name)
    split.label(text=value)
