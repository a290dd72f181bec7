# SPDX-License-Identifier: GPL-3.0-or-later
"""The recipe of a comp as the panel shows it: a base, and stretches of other takes on it."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from .choices import REGIONS
from .curve_tools import SIDES


def _is_take(group: Any, text: bpy.types.Text) -> bool:
    """Texts that the list of takes shows."""
    return any(item.text == text for item in group.id_data.facemocap.takes)


def _seconds(name: str, description: str) -> Any:
    return FloatProperty(
        name=name,
        description=description,
        min=0.0,
        soft_max=600.0,
        precision=3,
        unit="TIME_ABSOLUTE",
    )


class FACEMOCAP_PG_comp_stretch(bpy.types.PropertyGroup):
    """A stretch of a take."""

    text: PointerProperty(
        type=bpy.types.Text, name="Take", description="Take that plays here", poll=_is_take
    )
    regions: EnumProperty(
        name="Regions",
        description="Parts of the face that it plays on; none chosen means the whole face",
        items=[item for item in REGIONS if item[0] != "ALL"],
        options={"ENUM_FLAG"},
    )
    side: EnumProperty(name="Side", description="Which side of the face", items=SIDES)
    use_start: BoolProperty(
        name="Start", description="Begin with a seam; else it begins with the take", default=True
    )
    start_s: _seconds("Start", "Where it begins, about, in seconds after the base's first sample")
    use_end: BoolProperty(
        name="End", description="End with a seam; else it goes on to the end", default=True
    )
    end_s: _seconds("End", "Where it ends, about, in seconds after the base's first sample")
    offset_s: FloatProperty(
        name="Shift",
        description="Seconds from the base's first sample to this take's",
        soft_min=-60.0,
        soft_max=60.0,
        precision=3,
        unit="TIME_ABSOLUTE",
    )


class FACEMOCAP_PG_comp(bpy.types.PropertyGroup):
    """A comp that is being put together."""

    base: PointerProperty(
        type=bpy.types.Text,
        name="Base",
        description="Take that plays wherever no stretch does",
        poll=_is_take,
    )
    title: StringProperty(name="Name", description="What the new take is called", default="comp")
    stretches: CollectionProperty(
        type=FACEMOCAP_PG_comp_stretch,
        name="Stretches",
        description="Later ones lie on earlier ones",
    )
    active: IntProperty(name="Stretch", description="Stretch that is edited", min=0)
    search_s: FloatProperty(
        name="Search",
        description="Seams lie at most this far from where they are asked for",
        default=0.4,
        min=0.0,
        soft_max=3.0,
        max=30.0,
        unit="TIME_ABSOLUTE",
    )
    longest_s: FloatProperty(
        name="Longest Seam",
        description="Seams are at most this long",
        default=1.0,
        min=0.05,
        soft_max=3.0,
        max=30.0,
        unit="TIME_ABSOLUTE",
    )
    seams: StringProperty(name="Seams", description="Where the last comp's seams lie, one a line")


CLASSES = (FACEMOCAP_PG_comp_stretch, FACEMOCAP_PG_comp)
