# SPDX-License-Identifier: GPL-3.0-or-later
"""Curve tools for all controls of a region at once: keys in, keys out, on anybody's F-curves.

A `Strand` is what is changed as one: one F-curve, or the four of a quaternion. `change_strand`
moves its chosen keys towards a goal that a tool of `TOOLS` computes; `thin_strand` gives it fewer
or more keys. What is not chosen stays to the bit.
"""

from __future__ import annotations

from .changing import change_strand
from .naming import PARTS, SIDES, parts_of_names
from .settings import ABOUT, Settings
from .strands import Strand, falloff_weights
from .thinning import THINNERS, thin_strand, thin_strands
from .tools import TOOLS, Tool

__all__ = [
    "ABOUT",
    "PARTS",
    "SIDES",
    "THINNERS",
    "TOOLS",
    "Settings",
    "Strand",
    "Tool",
    "change_strand",
    "falloff_weights",
    "parts_of_names",
    "thin_strand",
    "thin_strands",
]
