# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panel shows of a character's stack; the stack itself is a text, as in stack files."""

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

from . import stack_editing
from .step_params import make_groups, make_view, region_items


class FACEMOCAP_PG_pair(bpy.types.PropertyGroup):
    """Two numbers that belong together."""

    first: FloatProperty(
        name="First",
        description="First number of the pair, mostly seconds after the take's first sample",
        precision=3,
        options=set(),
        update=stack_editing.pair_changed,
    )
    second: FloatProperty(
        name="Second",
        description="Second number of the pair; the list's own words say what it means",
        precision=3,
        options=set(),
        update=stack_editing.pair_changed,
    )


class FACEMOCAP_PG_stretch(bpy.types.PropertyGroup):
    """A stretch of frames that a step is kept to."""

    first: IntProperty(
        name="First",
        description="First frame, counted in the take's own rate from its first sample on",
        options=set(),
        update=stack_editing.mask_changed,
    )
    last: IntProperty(
        name="Last",
        description="Last frame, counted in the take's own rate from its first sample on",
        options=set(),
        update=stack_editing.mask_changed,
    )


PARAM_GROUPS = make_groups(FACEMOCAP_PG_pair, stack_editing.param_changed)
FACEMOCAP_PG_params: Any = type(
    "FACEMOCAP_PG_params",
    (bpy.types.PropertyGroup,),
    {
        "__annotations__": make_view(PARAM_GROUPS),
        "__doc__": "Parameters of the chosen step: of all kinds, those of its own are shown.",
        "__module__": __name__,
    },
)


class FACEMOCAP_PG_step(bpy.types.PropertyGroup):
    """One step as the list shows it."""

    kind: StringProperty(name="Kind", description="What the step does, as stack files name it")
    enabled: BoolProperty(
        name="On",
        description="Switch the step on or off; it keeps its place and its settings",
        default=True,
        options=set(),
        update=stack_editing.enabled_changed,
    )
    influence: FloatProperty(
        name="Influence",
        description="How much of the step counts: 0 leaves the take as it was before it, 1 is all "
        "of it. It can be keyed; then run the stack again",
        default=1.0,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        update=stack_editing.influence_changed,
    )
    is_whole: BoolProperty(
        name="All or Nothing",
        description="The step changes the times of the samples: it has neither influence nor mask",
    )
    said: StringProperty(
        name="Said", description="What the step said when it was run last, one sentence a line"
    )


class FACEMOCAP_PG_difference(bpy.types.PropertyGroup):
    """How far the cleaned take is from the raw one in a region."""

    unit: StringProperty(name="Unit", description="Unit of the two numbers, none for coefficients")
    rms: FloatProperty(name="RMS", description="Root mean square of the difference")
    most: FloatProperty(name="Largest", description="Largest difference")
    channel: StringProperty(name="Channel", description="Channel with the largest difference")
    at_s: FloatProperty(
        name="Time",
        description="Seconds after the take's first sample at which the difference is largest",
        unit="TIME_ABSOLUTE",
    )


class FACEMOCAP_PG_stack(bpy.types.PropertyGroup):
    """A character's stack, and its chosen step."""

    text: StringProperty(name="Stack", description="Steps of cleanup, as in stack files")
    rows: CollectionProperty(
        type=FACEMOCAP_PG_step, name="Steps", description="Steps in the order they are run"
    )
    active: IntProperty(
        name="Step",
        description="Step whose settings are shown",
        min=0,
        options=set(),
        update=stack_editing.step_chosen,
    )
    params: PointerProperty(
        type=FACEMOCAP_PG_params,
        name="Parameters",
        description="Parameters of the chosen step",
    )
    mask_regions: EnumProperty(
        name="Regions",
        description="Regions of the face that the step acts on; with none pressed it acts on all",
        items=region_items("The step acts on this region"),
        options={"ENUM_FLAG"},
        update=stack_editing.mask_changed,
    )
    mask_frames: CollectionProperty(
        type=FACEMOCAP_PG_stretch,
        name="Frames",
        description="Stretches of frames that the step acts on; without any it acts on all",
    )
    has_soft: BoolProperty(
        name="Set Fade",
        description="Say how long the step takes to fade in and out; else a tenth of a second",
        options=set(),
        update=stack_editing.mask_changed,
    )
    soft: FloatProperty(
        name="Fade",
        description="Frames of the take before and after each stretch in which the step fades",
        min=0.0,
        soft_max=60.0,
        default=6.0,
        precision=1,
        options=set(),
        update=stack_editing.mask_changed,
    )
    show_raw: BoolProperty(
        name="Show Raw",
        description="Show the take as it was recorded, to compare; the stack stays as it is",
        options=set(),
        update=stack_editing.raw_changed,
    )
    problem: StringProperty(
        name="Problem", description="Why the stack could not be run, as whole sentences"
    )
    is_draft: BoolProperty(
        name="Draft", description="What plays is run in earnest once the slider rests"
    )
    chosen_by: StringProperty(
        name="Why", description="Why these steps were chosen, one sentence a line"
    )
    differences: CollectionProperty(
        type=FACEMOCAP_PG_difference,
        name="Differences",
        description="How far the cleaned take is from the raw one",
    )


CLASSES = (
    FACEMOCAP_PG_pair,
    FACEMOCAP_PG_stretch,
    *PARAM_GROUPS.values(),
    FACEMOCAP_PG_params,
    FACEMOCAP_PG_step,
    FACEMOCAP_PG_difference,
    FACEMOCAP_PG_stack,
)
