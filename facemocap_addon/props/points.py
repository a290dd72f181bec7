# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panel remembers of takes of points: settings, places on the character, how it went."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    FloatVectorProperty,
    IntProperty,
    IntVectorProperty,
    PointerProperty,
    StringProperty,
)

from ..core.point_solve.settings import SolveSettings

#: How a point came to its place; numbered as files store it.
HOW = (
    ("NONE", "Not Placed", "Neither its name nor its neighbours tell where it is", "QUESTION", 0),
    ("NAME", "By Name", "Its name tells which place of the face it is", "SORTALPHA", 1),
    ("SET", "By Set", "It belongs to a known set of landmarks", "POINTCLOUD_DATA", 2),
    ("NEAREST", "By Neighbours", "The points around it tell where it is", "SNAP_ON", 3),
    ("HAND", "By Hand", "You put it there", "VIEW_PAN", 4),
    ("LEFT_OUT", "Left Out", "You left it out of the solve", "X", 5),
)
NEUTRALS = (
    ("FIND", "Find", "Look for the face at rest where the take begins and where it stays"),
    ("MARKED", "At Time", "The face is at rest at the time that you give"),
)
REFINE_RANGES = (
    ("PREVIEW", "Preview Range", "Solve the frames of the scene's preview range again"),
    ("KEYS", "Selected Keys", "From the first to the last selected key of the applied take"),
    ("FRAMES", "Frames", "Solve the frames that you give again"),
)
#: Properties of `FACEMOCAP_PG_weights` and what they emphasise.
EMPHASIS = {
    "brows": "brows",
    "eyes": "eyes",
    "nose_cheeks": "nose and cheeks",
    "mouth_jaw": "mouth and jaw",
}
#: Stored numbers are float32: what a person typed comes back with so many decimals.
_DECIMALS = 5


def _emphasis(what: str) -> dict[str, Any]:
    return {
        "description": f"How much more (above 1) or less the points of {what} count",
        "default": 1.0,
        "min": 0.0,
        "soft_max": 4.0,
        "max": 100.0,
    }


class FACEMOCAP_PG_weights(bpy.types.PropertyGroup):
    """What a whole take and a part of it can be solved with differently."""

    smoothness: FloatProperty(
        name="Smoothness",
        description="1 is usual. More follows the points less closely; 0 solves every frame by "
        "itself",
        default=1.0,
        min=0.0,
        soft_max=4.0,
        max=10.0,
    )
    sparsity: FloatProperty(
        name="Sparsity",
        description="Above 0 fewer controls do the work, where several could; 0 leaves it to as "
        "many as it takes",
        default=0.0,
        min=0.0,
        soft_max=5.0,
        max=20.0,
    )
    brows: FloatProperty(name="Brows", **_emphasis("the brows"))
    eyes: FloatProperty(name="Eyes", **_emphasis("the eyes"))
    nose_cheeks: FloatProperty(name="Nose and Cheeks", **_emphasis("nose and cheeks"))
    mouth_jaw: FloatProperty(name="Mouth and Jaw", **_emphasis("mouth and jaw"))


class FACEMOCAP_PG_tracked_point(bpy.types.PropertyGroup):
    """One tracked point, and where it is on the character."""

    place: StringProperty(name="Place", description="Which place of the face the point is")
    how: EnumProperty(name="Placed", description="How the point came to its place", items=HOW)
    confidence: FloatProperty(
        name="Confidence",
        description="How sure the place is",
        min=0.0,
        max=1.0,
        subtype="FACTOR",
    )
    moved_mm: FloatProperty(
        name="Moved",
        description="How far, in millimetres, the point went from where turning, moving and one "
        "scale alone bring it",
        min=0.0,
    )
    mesh: PointerProperty(type=bpy.types.Object, name="Mesh", description="Mesh that it is on")
    vertices: IntVectorProperty(
        name="Vertices", description="Corners of the triangle that it is on", size=3, min=0
    )
    shares: FloatVectorProperty(
        name="Shares", description="Where on the triangle it is, by its corners", size=3
    )


class FACEMOCAP_PG_moment(bpy.types.PropertyGroup):
    """A moment of the take at which the fit is poor."""

    at_s: FloatProperty(
        name="Time",
        description="Seconds after the take's first sample",
        min=0.0,
        unit="TIME_ABSOLUTE",
    )
    off_mm: FloatProperty(
        name="Off", description="How far the points are off there, in millimetres", min=0.0
    )


class FACEMOCAP_PG_held(bpy.types.PropertyGroup):
    """A control that the points would take beyond its limit."""

    share: FloatProperty(
        name="Held",
        description="Part of the frames in which it is held at its limit",
        min=0.0,
        max=1.0,
        subtype="FACTOR",
    )


class FACEMOCAP_PG_solve(bpy.types.PropertyGroup):
    """How a solved take was solved, and how well."""

    is_solved: BoolProperty(name="Solved", description="The take was solved from points")
    character: StringProperty(
        name="Character", description="Name of the character that the take was solved on"
    )
    points_digest: StringProperty(
        name="Points",
        description="Digest of the take of points that was solved, or of the points themselves",
    )
    points_name: StringProperty(name="Recording", description="Recording that the points came from")
    explained: FloatProperty(
        name="Explained",
        description="Part of the motion of the points that the character reproduces",
        max=1.0,
        subtype="FACTOR",
    )
    mean_mm: FloatProperty(
        name="Off", description="Mean distance of the points in millimetres", min=0.0
    )
    nothing_mm: FloatProperty(
        name="At Rest",
        description="The same in millimetres, were the face to stay at rest",
        min=0.0,
    )
    repairs: IntProperty(
        name="Repairs", description="Swapped, slipped and hidden points that were mended", min=0
    )
    refined: IntProperty(
        name="Refined", description="Parts of the take that were solved again", min=0
    )
    curve: StringProperty(
        name="Curve",
        description="How far the points are off over the take, in hundredths of a millimetre",
    )
    highest_mm: FloatProperty(
        name="Highest", description="The most that the curve shows, in millimetres", min=0.0
    )
    moments: CollectionProperty(
        type=FACEMOCAP_PG_moment, name="Look At", description="Moments at which the fit is poor"
    )
    held: CollectionProperty(
        type=FACEMOCAP_PG_held, name="At Limits", description="Controls held at their limits"
    )


class FACEMOCAP_PG_points(bpy.types.PropertyGroup):
    """Settings of the solve, and where the chosen take's points are on the chosen character."""

    neutral_mode: EnumProperty(
        name="Neutral Face",
        description="Where the actor's face is at rest in the take",
        items=NEUTRALS,
    )
    neutral_s: FloatProperty(
        name="Neutral At",
        description="Seconds after the take's first sample at which the actor's face is at rest",
        min=0.0,
        soft_max=600.0,
        precision=3,
        unit="TIME_ABSOLUTE",
    )
    use_repair: BoolProperty(
        name="Repair Points",
        description="Mend swapped, jumping, slipped and hidden points first",
        default=True,
    )
    fit_range: BoolProperty(
        name="Fit Range",
        description="Where the actor goes farther than the character can, make the motion of that "
        "part of the face smaller as a whole, instead of cutting off its peaks",
        default=True,
    )
    adjust_head: BoolProperty(
        name="Adjust Head",
        description="Find the head's motion again together with the face's",
        default=True,
    )
    weights: PointerProperty(
        type=FACEMOCAP_PG_weights,
        name="Weights",
        description="How closely and with how many controls the points are followed",
    )

    rows: CollectionProperty(
        type=FACEMOCAP_PG_tracked_point, name="Points", description="Points and where they are"
    )
    active_row: IntProperty(name="Point", description="Point that is chosen", min=0)
    rows_points: StringProperty(
        name="Points Of", description="Digest of the take that the listed points belong to"
    )
    rows_object: PointerProperty(
        type=bpy.types.Object,
        name="Points On",
        description="Object of the character that the listed points are on",
    )
    findings: StringProperty(
        name="Findings", description="What to know about the points, one sentence a line"
    )
    show_points: BoolProperty(
        name="Show Points",
        description="Show the points on the character, coloured by how sure their places are",
        default=True,
    )
    show_names: BoolProperty(
        name="Show Names", description="Write the names of the points beside them"
    )
    doubtful_first: BoolProperty(
        name="Doubtful First", description="List the points with the least sure places first"
    )

    heat_full_mm: FloatProperty(
        name="Full Colour At",
        description="Distance in millimetres that gets the hottest colour",
        default=3.0,
        min=0.1,
        soft_max=10.0,
        max=100.0,
    )
    heat_views: StringProperty(
        name="Views", description="How the viewports were shaded before the heat map, as JSON"
    )

    refine_range: EnumProperty(
        name="Range", description="Which frames are solved again", items=REFINE_RANGES
    )
    refine_start: IntProperty(
        name="First",
        description="First frame to solve again",
        default=1,
        min=-1048574,
        max=1048574,
    )
    refine_end: IntProperty(
        name="Last",
        description="Last frame to solve again",
        default=50,
        min=-1048574,
        max=1048574,
    )
    refine_weights: PointerProperty(
        type=FACEMOCAP_PG_weights,
        name="Weights of the Range",
        description="How closely and with how many controls the points are followed in the range",
    )


def solve_settings(points: FACEMOCAP_PG_points) -> SolveSettings:
    """The panel's settings for a whole take."""
    neutral_s = round(float(points.neutral_s), _DECIMALS)
    return SolveSettings(
        neutral_s=neutral_s if points.neutral_mode == "MARKED" else None,
        repair=points.use_repair,
        fit_range=points.fit_range,
        adjust_head=points.adjust_head,
        **_weights(points.weights),
    )


def refine_settings(points: FACEMOCAP_PG_points, before: SolveSettings) -> SolveSettings:
    """The settings of an earlier solve with the panel's weights for a part of it."""
    return replace(before, **_weights(points.refine_weights))


def _weights(group: FACEMOCAP_PG_weights) -> dict[str, Any]:
    factors = {part: round(float(getattr(group, name)), 3) for name, part in EMPHASIS.items()}
    return {
        "smoothness": round(float(group.smoothness), _DECIMALS),
        "sparsity": round(float(group.sparsity), _DECIMALS),
        "emphasis": {part: factor for part, factor in factors.items() if factor != 1.0},
    }


CLASSES = (
    FACEMOCAP_PG_weights,
    FACEMOCAP_PG_tracked_point,
    FACEMOCAP_PG_moment,
    FACEMOCAP_PG_held,
    FACEMOCAP_PG_solve,
    FACEMOCAP_PG_points,
)
