# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers of life: sets of them, seeds, held breaths, and NLA tracks of their own."""

from __future__ import annotations

from . import breath, leaving, sets, tracks

leaving.follow()
CLASSES = (*sets.CLASSES, *breath.CLASSES, *tracks.CLASSES)
