# SPDX-License-Identifier: GPL-3.0-or-later
"""Sidebar panels, lists, the import menu's entry and the drop handler; nothing is computed here."""

from __future__ import annotations

from . import apply_panel, character_panel, files, lists, take_panel
from .files import draw_import

CLASSES = (
    *lists.CLASSES,
    *files.CLASSES,
    *take_panel.CLASSES,
    *character_panel.CLASSES,
    *apply_panel.CLASSES,
)
