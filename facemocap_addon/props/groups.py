# SPDX-License-Identifier: GPL-3.0-or-later
"""Property groups: what the panel remembers, each property with name, description and limits."""

from __future__ import annotations

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

from . import editing, stack_editing
from .actor import CLASSES as ACTOR_CLASSES
from .actor import FACEMOCAP_PG_actor, FACEMOCAP_PG_examples
from .choices import (
    DRIVES,
    FACE_LAYERS,
    HAND_EDITS,
    HEAD_LAYERS,
    KEYS_MODES,
    REGIONS,
    START_MODES,
    TABS,
)
from .curve_tools import CLASSES as CURVE_CLASSES
from .curve_tools import FACEMOCAP_PG_curve_tools
from .events import CLASSES as EVENT_CLASSES
from .events import FACEMOCAP_PG_events
from .health import CLASSES as HEALTH_CLASSES
from .health import FACEMOCAP_PG_health
from .key_plan import CLASSES as KEY_CLASSES
from .key_plan import FACEMOCAP_PG_key_plan
from .layers import CLASSES as LAYER_CLASSES
from .layers import FACEMOCAP_PG_life
from .map_groups import CLASSES as MAP_CLASSES
from .map_groups import FACEMOCAP_PG_entry, FACEMOCAP_PG_row
from .points import CLASSES as POINT_CLASSES
from .points import FACEMOCAP_PG_points, FACEMOCAP_PG_solve
from .rows import refresh_rows
from .stack import CLASSES as STACK_CLASSES
from .stack import FACEMOCAP_PG_stack
from .take_choice import TakeChoice
from .take_comp import CLASSES as COMP_CLASSES
from .take_comp import FACEMOCAP_PG_comp


def _take_chosen(state: FACEMOCAP_PG_scene, _context: bpy.types.Context) -> None:
    """Show the chosen take's channels in every character's list."""
    for character in state.characters:
        refresh_rows(state, character)
    TakeChoice.made(state.id_data)


class FACEMOCAP_PG_object(bpy.types.PropertyGroup):
    """One mesh of a character."""

    object: PointerProperty(
        type=bpy.types.Object, name="Mesh", description="Mesh that belongs to the character"
    )


class FACEMOCAP_PG_take(bpy.types.PropertyGroup):
    """One take stored in the file, with the facts that the panel shows."""

    text: PointerProperty(
        type=bpy.types.Text, name="Take", description="Where the recording is stored in this file"
    )
    duration_s: FloatProperty(
        name="Duration",
        description="From the first to the last sample",
        min=0,
        unit="TIME_ABSOLUTE",
    )
    rate_hz: FloatProperty(
        name="Rate", description="Samples per second, as measured, in hertz", min=0
    )
    channel_count: IntProperty(name="Channels", description="Channels with recorded values", min=0)
    gap_count: IntProperty(name="Gaps", description="Stretches in which samples are missing", min=0)
    channels: StringProperty(
        name="Channel Names", description="Names of the recorded channels, one a line"
    )
    not_recorded: StringProperty(
        name="Not Recorded", description="Channels that the file names but the recorder left empty"
    )
    timecode: StringProperty(
        name="Timecode", description="Timecode of the first sample, as recorded"
    )
    warnings: StringProperty(
        name="Warnings", description="What to know about this recording, one sentence a line"
    )
    sound_path: StringProperty(
        name="Sound", description="Sound that was recorded with the take", subtype="FILE_PATH"
    )
    point_count: IntProperty(
        name="Points", description="Points in space: markers or landmarks", min=0
    )
    solve: PointerProperty(
        type=FACEMOCAP_PG_solve, name="Solve", description="How the take was solved from points"
    )


class FACEMOCAP_PG_character(bpy.types.PropertyGroup):
    """One character: its objects, its rig map, and what the panel shows of both."""

    meshes: CollectionProperty(
        type=FACEMOCAP_PG_object, name="Meshes", description="Meshes of the face"
    )
    armature: PointerProperty(
        type=bpy.types.Object,
        name="Armature",
        description="Armature that moves head, jaw and eyes",
        poll=lambda _self, candidate: getattr(candidate, "type", "") == "ARMATURE",
    )
    map_json: StringProperty(
        name="Rig Map", description="Which channels drive which controls, as JSON"
    )
    is_edited: BoolProperty(
        name="Edited", description="The rig map was changed by hand or loaded from a file"
    )
    controls_json: StringProperty(
        name="Controls", description="What the character offers to be keyed, as JSON"
    )
    findings_json: StringProperty(
        name="Findings", description="What was measured on the character's controls, as JSON"
    )
    is_measured: BoolProperty(
        name="Measured", description="Every control was moved to see what the face does"
    )
    contact_notes: StringProperty(
        name="Lids and Lips",
        description="What was measured of the eyes and the mouth, one sentence a line",
    )
    drive: EnumProperty(
        name="Drive",
        description="What carries the face where both could",
        items=DRIVES,
    )
    is_picked: BoolProperty(
        name="Apply to This",
        description="Apply Take goes over all characters that are checked; "
        "with none checked, over the chosen one",
    )
    rows: CollectionProperty(
        type=FACEMOCAP_PG_row, name="Channels", description="The rig map as the list shows it"
    )
    active_row: IntProperty(
        name="Channel",
        description="Line chosen in the channel list",
        min=0,
        update=editing.row_chosen,
    )
    edit_alike: BoolProperty(
        name="Same on All Meshes",
        description="What is set on a shape key is set on the same one of the other meshes too",
        default=True,
    )
    entry: PointerProperty(
        type=FACEMOCAP_PG_entry, name="Control", description="Control that is being edited"
    )
    matched_count: IntProperty(
        name="Matched", description="Channels of the take that surely drive something", min=0
    )
    uncertain_count: IntProperty(
        name="Uncertain", description="Channels of the take whose control wants a look", min=0
    )
    driving_count: IntProperty(
        name="Driving", description="Channels of the take that drive something, sure or not", min=0
    )
    unmatched_count: IntProperty(
        name="Unmatched", description="Channels of the take that drive nothing", min=0
    )
    unused_count: IntProperty(
        name="Unused", description="Controls of the character that nothing drives", min=0
    )
    notes: StringProperty(
        name="Notes", description="What to know about this character, one sentence a line"
    )
    is_linked: BoolProperty(
        name="Linked", description="Some of the character's data comes from another file"
    )
    examples: PointerProperty(
        type=FACEMOCAP_PG_examples,
        name="Example Pairs",
        description="Captured faces and the poses of this character that belong to them",
    )
    stack: PointerProperty(
        type=FACEMOCAP_PG_stack,
        name="Stack",
        description="Steps of cleanup on what plays on this character",
    )
    life: PointerProperty(
        type=FACEMOCAP_PG_life, name="Life", description="Layers of life on what plays on it"
    )
    events: PointerProperty(
        type=FACEMOCAP_PG_events,
        name="Events",
        description="Blinks and other events of what plays on this character",
    )
    applied: StringProperty(name="Applied", description="Take that plays on this character")
    applied_start: FloatProperty(
        name="First Frame", description="Frame on which the applied take begins"
    )
    key_note: StringProperty(
        name="Keys", description="What became of the keys of the applied take, as a sentence"
    )
    applied_warnings: StringProperty(
        name="Warnings", description="What to know about the applied take, one sentence a line"
    )


class FACEMOCAP_PG_scene(bpy.types.PropertyGroup):
    """Everything the panel remembers in a scene."""

    schema: IntProperty(
        name="Schema", description="Version of the stored panel state", min=0, default=0
    )
    notice: StringProperty(
        name="Notice", description="What to know about this file, as whole sentences"
    )
    takes: CollectionProperty(
        type=FACEMOCAP_PG_take, name="Takes", description="Takes stored in this file"
    )
    active_take: IntProperty(
        name="Take", description="Take that is used", min=0, update=_take_chosen
    )
    characters: CollectionProperty(
        type=FACEMOCAP_PG_character, name="Characters", description="Characters of this scene"
    )
    active_character: IntProperty(name="Character", description="Character that is used", min=0)

    points: PointerProperty(
        type=FACEMOCAP_PG_points,
        name="Points",
        description="How takes of points are solved, and where the points are",
    )

    actor: PointerProperty(
        type=FACEMOCAP_PG_actor, name="Actor", description="What the actor's face goes from and to"
    )

    health: PointerProperty(
        type=FACEMOCAP_PG_health, name="Health", description="The last health report"
    )

    comp: PointerProperty(
        type=FACEMOCAP_PG_comp, name="Comp", description="Stretches of several takes"
    )
    curve_tools: PointerProperty(
        type=FACEMOCAP_PG_curve_tools,
        name="Curve Tools",
        description="Which curves and keys the curve tools change",
    )

    show_ghosts: BoolProperty(
        name="Raw Curves in Graph Editor",
        description="Draw the raw take's curves beside those that play, in the Graph Editor",
        update=stack_editing.ghosts_changed,
    )

    tab: EnumProperty(
        name="Show",
        description="Which list is shown",
        items=TABS,
        update=editing.tab_chosen,
    )
    region: EnumProperty(
        name="Region", description="Show only lines of this part of the face", items=REGIONS
    )
    search: StringProperty(
        name="Search",
        description="Show only lines with this text in the channel's or the control's name",
        options={"TEXTEDIT_UPDATE"},
    )

    start_mode: EnumProperty(name="Start", description="Where the take begins", items=START_MODES)
    start_frame: IntProperty(
        name="Frame",
        description="Frame on which the first sample falls",
        default=1,
        min=-1048574,
        max=1048574,
    )
    start_timecode: StringProperty(
        name="Timecode",
        description="Timecode of the scene's first frame, HH:MM:SS:FF",
        default="00:00:00:00",
    )
    mark_s: FloatProperty(
        name="Moment",
        description="The moment that falls on the frame, in seconds of the take",
        min=0,
        soft_max=600,
        precision=3,
        unit="TIME_ABSOLUTE",
    )
    use_trim: BoolProperty(name="Trim", description="Use only a part of the take")
    trim_start_s: FloatProperty(
        name="From",
        description="Where the part begins, in seconds of the take",
        min=0,
        soft_max=600,
        precision=3,
        unit="TIME_ABSOLUTE",
    )
    trim_end_s: FloatProperty(
        name="To",
        description="Where the part ends, in seconds of the take",
        min=0,
        soft_max=600,
        default=10.0,
        precision=3,
        unit="TIME_ABSOLUTE",
    )
    key_plan: PointerProperty(
        type=FACEMOCAP_PG_key_plan, name="Few Keys", description="How many keys a take gets"
    )
    keys_mode: EnumProperty(name="Keys", description="Where keys are set", items=KEYS_MODES)
    use_mirror: BoolProperty(
        name="Mirror", description="Swap left and right, as a mirror would show the performance"
    )
    use_raw: BoolProperty(
        name="As Captured",
        description="Keep the recorded values exactly, even beyond the controls' limits",
    )
    measure_first: BoolProperty(
        name="Measure First",
        description="Before a take is applied, measure characters that are not measured yet: their "
        "eyes, bones, lids and lips then go as far as they have to. Some seconds for each",
        default=True,
    )
    use_contacts: BoolProperty(
        name="Lids and Lips Meet",
        description="On measured characters blinks close the eyes and closed lips seal, whatever "
        "the captured values do here",
        default=True,
    )
    widen_sliders: BoolProperty(
        name="Widen Sliders",
        description="Where lids or lips do not meet within a shape key's range, widen the range; "
        "removing the take puts it back",
    )
    face_layer: EnumProperty(
        name="Face", description="How the face meets older animation", items=FACE_LAYERS
    )
    head_layer: EnumProperty(
        name="Head", description="How head and neck meet older animation", items=HEAD_LAYERS
    )
    hand_edits: EnumProperty(
        name="Hand Edits",
        description="What becomes of keys that were changed by hand when the take is applied again",
        items=HAND_EDITS,
    )
    set_scene_range: BoolProperty(
        name="Set Scene Range",
        description="Make the scene's first and last frame those of the take",
        default=True,
    )
    use_override: BoolProperty(
        name="Override Linked Data",
        description="Make local overrides of linked meshes, so that the animation can be saved "
        "in this file. The linked file itself is never changed",
    )


CLASSES = (
    FACEMOCAP_PG_object,
    *POINT_CLASSES,
    FACEMOCAP_PG_take,
    *MAP_CLASSES,
    *ACTOR_CLASSES,
    *STACK_CLASSES,
    *KEY_CLASSES,
    *LAYER_CLASSES,
    *HEALTH_CLASSES,
    *EVENT_CLASSES,
    *CURVE_CLASSES,
    *COMP_CLASSES,
    FACEMOCAP_PG_character,
    FACEMOCAP_PG_scene,
)
