# SPDX-License-Identifier: GPL-3.0-or-later
"""Example pairs: this captured frame is the pose that the character has now."""

from __future__ import annotations

from collections.abc import Mapping

import bpy
from bpy.props import BoolProperty, StringProperty

from ..core.actor.example_controls import face_controls, with_posed_controls
from ..core.actor.example_pairs import (
    Example,
    ExampleLibrary,
    example_from_take,
    read_example_library,
    write_example_library,
)
from ..core.actor.example_solving import fit_to_rig_map
from ..core.actor.range_measuring import measure_range
from ..core.actor.range_of_motion import calibrated
from ..core.errors import FacemocapError
from ..core.names import unique_name
from ..core.report import Report
from ..core.take import Take
from ..core.take_edits import mirror_take
from ..gateway.characters.characters import read_character
from ..gateway.files.take_storage import load_take
from ..gateway.posing.present_pose import present_pose
from ..props import (
    FACEMOCAP_PG_character,
    FACEMOCAP_PG_scene,
    state_of,
    store_examples,
    stored_examples,
    stored_range,
)
from .actor import ActorFile
from .panel_characters import chosen, need_map
from .panel_points import seconds_now
from .steps import StepOperator, active_character, need_character, need_take

#: Bytes of an example's name.
_NAME_BYTES = 200
#: Frames of a take that are no farther apart (seconds) are one.
_SAME_S = 1e-4


class FACEMOCAP_OT_add_example(StepOperator, bpy.types.Operator):
    """Keep the current frame of the take together with the character's present pose."""

    bl_idname = "facemocap.add_example"
    bl_label = "Add Example"
    bl_description = (
        "The face that the take has on the current frame is the pose that the character has now, "
        "keyed or not. Head and gaze are left out. Again on the same frame replaces the pair"
    )
    needs = ("take", "character")

    title: StringProperty(
        name="Name", description="What the pair is called; empty: its frame", options={"SKIP_SAVE"}
    )

    def perform(self, context: bpy.types.Context) -> Report:
        """Add the pair, unless it contradicts another one."""
        scene = context.scene
        state = state_of(scene)
        item, picked = chosen(scene)
        take = load_take(need_take(state).text)
        at_s = seconds_now(scene, picked, take)
        rig_map = need_map(item)
        pose = present_pose(picked, scene, face_controls(rig_map))
        played, neutral = _as_played(state, take)
        library = stored_examples(item)
        if library is None:
            library = ExampleLibrary(state.actor.actor, item.name, neutral=neutral)
        example = example_from_take(played, at_s, {**pose}, self.title or "new")
        former = _same_frame(library, example)
        name = self.title.strip() or (former.name if former else f"Frame {scene.frame_current}")
        taken = {each.name for each in library.examples if each is not former}
        example = Example(
            unique_name(name, _NAME_BYTES, taken),
            example.channels,
            example.pose,
            example.take,
            example.time_s,
        )
        changed = (
            library.replaced(former.name, example) if former is not None else library.added(example)
        )
        controls = read_character(picked, scene).controls
        # examples that contradict each other are told now, not when a take is applied
        mapping = fit_to_rig_map(changed, with_posed_controls(rig_map, changed, controls))
        store_examples(item, changed)
        item.examples.active_row = changed.examples.index(example)
        return Report(
            summary=f'"{example.name}": {at_s:.2f} s of {take.label} is this pose of {item.name} '
            f"({len(pose)} controls)",
            counts={"examples": len(changed.examples), "controls": len(pose)},
            warnings=mapping.warnings,
        )


class _ExampleOperator(StepOperator):
    """What needs examples."""

    needs = ("character",)

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """There must be examples."""
        item = active_character(state_of(context.scene))
        if item is None or not item.examples.rows:
            return cls.refuse("Add an example first, or load a library")
        return True


class FACEMOCAP_OT_remove_example(_ExampleOperator, bpy.types.Operator):
    """Remove the chosen example pair."""

    bl_idname = "facemocap.remove_example"
    bl_label = "Remove Example"
    bl_description = "Remove the chosen pair"

    def perform(self, context: bpy.types.Context) -> Report:
        """Remove it."""
        item = need_character(state_of(context.scene))
        library = need_examples(item)
        view = item.examples
        name = library.examples[min(view.active_row, len(library.examples) - 1)].name
        store_examples(item, library.removed(name))
        return Report(summary=f'Removed "{name}"')


class FACEMOCAP_OT_save_examples(_ExampleOperator, ActorFile, bpy.types.Operator):
    """Save the example pairs of actor and character as a file."""

    bl_idname = "facemocap.save_examples"
    bl_label = "Save Examples"
    bl_description = "Save the pairs as a JSON file, for every shot of this actor on this character"
    # nothing in the file changes, so there is nothing to undo
    bl_options = {"REGISTER"}
    ending = ".examples.json"

    check_existing: BoolProperty(
        name="Check Existing",
        description="Warn before an existing file is replaced",
        default=True,
        options={"HIDDEN"},
    )

    def perform(self, context: bpy.types.Context) -> Report:
        """Write them."""
        path = self.path()
        library = need_examples(need_character(state_of(context.scene)))
        write_example_library(library, path)
        return Report(summary=f"Saved {len(library.examples)} examples to {path.name}")


class FACEMOCAP_OT_load_examples(ActorFile, bpy.types.Operator):
    """Load example pairs of this character from a file."""

    bl_idname = "facemocap.load_examples"
    bl_label = "Load Examples"
    bl_description = "Load pairs of this character from a JSON file, in place of those here"
    needs = ("character",)
    ending = ".examples.json"

    def perform(self, context: bpy.types.Context) -> Report:
        """Read them, check that they fit, and keep them in this file."""
        scene = context.scene
        item, picked = chosen(scene)
        path = self.path()
        library = read_example_library(path)
        library.check_belongs(library.actor, item.name)
        controls = read_character(picked, scene).controls
        full = with_posed_controls(need_map(item), library, controls)
        mapping = fit_to_rig_map(library, full)
        store_examples(item, library)
        return Report(
            summary=f"{path.name}: {len(library.examples)} examples of {library.actor} on "
            f"{item.name}",
            counts={"examples": len(library.examples)},
            warnings=mapping.warnings,
        )


def need_examples(item: FACEMOCAP_PG_character) -> ExampleLibrary:
    """A character's example pairs; without any, a sentence."""
    library = stored_examples(item)
    if library is None:
        raise FacemocapError(f'"{item.name}" has no examples yet', "Add one, or load a library")
    return library


def used_examples(item: FACEMOCAP_PG_character) -> ExampleLibrary | None:
    """Example pairs that Apply Take uses on a character."""
    return stored_examples(item) if item.examples.use else None


def _as_played(state: FACEMOCAP_PG_scene, take: Take) -> tuple[Take, Mapping[str, float]]:
    """The take as Apply Take plays it, and the channels of the face at rest in it."""
    played = mirror_take(take) if state.use_mirror else take
    rom = stored_range(state) if state.actor.use_range else None
    if rom is not None:
        calm = calibrated(take, rom)
        return (mirror_take(calm) if state.use_mirror else calm), {}
    try:
        measured = measure_range(played, "", own=True)
    except FacemocapError:
        return played, {}
    return played, {each.channel: each.neutral for each in measured.ranges}


def _same_frame(library: ExampleLibrary, example: Example) -> Example | None:
    """The pair of the same frame of the same take, if there is one."""
    at_s = example.time_s or 0.0
    for each in library.examples:
        if each.take == example.take and abs((each.time_s or 0.0) - at_s) <= _SAME_S:
            return each
    return None


CLASSES = (
    FACEMOCAP_OT_add_example,
    FACEMOCAP_OT_remove_example,
    FACEMOCAP_OT_save_examples,
    FACEMOCAP_OT_load_examples,
)
