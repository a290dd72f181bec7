# SPDX-License-Identifier: GPL-3.0-or-later
"""Take comp: stretches listed, put together, and a comp's recipe opened again."""

from __future__ import annotations

from . import composing, stretches

CLASSES = (*stretches.CLASSES, *composing.CLASSES)
