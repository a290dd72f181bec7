# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators for events: blinks, darts, lip contacts and transitions of what plays."""

from __future__ import annotations

from . import editing, moving, rhythm, selecting

CLASSES = (*selecting.CLASSES, *editing.CLASSES, *rhythm.CLASSES, *moving.CLASSES)
