# SPDX-License-Identifier: GPL-3.0-or-later
"""Curve tools as operators: dragged with the mouse, undone, searched, in menus and panels."""

from __future__ import annotations

from . import thinning, tools

CLASSES = (*tools.CLASSES, *thinning.CLASSES)
