# SPDX-License-Identifier: GPL-3.0-or-later
"""What the curve tools' panels remember: which curves, which keys, which part of the face."""

from __future__ import annotations

import bpy
from bpy.props import EnumProperty, FloatProperty

from .choices import REGIONS

CURVES = (
    ("SELECTED", "Selected", "Selected curves; all that are shown where none is selected"),
    ("VISIBLE", "Shown", "All curves that the editor shows"),
    ("CHARACTER", "Whole Character", "All curves of what is animated here, shown or not"),
)
KEYS = (
    ("SELECTED", "Selected", "Selected keys"),
    ("RANGE", "Range", "Keys within the preview range, else within the scene's range"),
    ("ALL", "All", "All keys"),
)
SIDES = (
    ("ALL", "All", "Both sides and the middle"),
    ("L", "Left", "The character's left"),
    ("R", "Right", "The character's right"),
    ("C", "Middle", "What belongs to both sides"),
)


class FACEMOCAP_PG_curve_tools(bpy.types.PropertyGroup):
    """Settings of the curve tools' buttons."""

    curves: EnumProperty(name="Curves", description="Which curves are changed", items=CURVES)
    keys: EnumProperty(name="Keys", description="Which keys of the curves are changed", items=KEYS)
    regions: EnumProperty(
        name="Regions",
        description="Parts of the face whose curves are changed; none chosen means all",
        items=[item for item in REGIONS if item[0] != "ALL"],
        options={"ENUM_FLAG"},
    )
    side: EnumProperty(name="Side", description="Which side of the face", items=SIDES)
    falloff: FloatProperty(
        name="Falloff",
        description="Frames over which the change grows from the ends of what is chosen",
        default=0.0,
        min=0.0,
        soft_max=60.0,
    )


CLASSES = (FACEMOCAP_PG_curve_tools,)
