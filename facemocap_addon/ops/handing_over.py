# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand over: a performance as plain keys, and a character as a file for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import bpy
from bpy.props import BoolProperty, EnumProperty, IntProperty, StringProperty

from ..core.errors import FacemocapError
from ..core.report import Report
from ..gateway.applying.performance import find_performance
from ..gateway.characters.characters import CharacterObjects
from ..gateway.handing_over.bake import BakeOptions, bake_down
from ..gateway.handing_over.exporting import ExportOptions, export_character
from ..props import state_of
from .panel_characters import picked_objects, show_performance
from .panel_stack import show_stack_run
from .steps import StepOperator, meant_characters, need_character

_KEYS = (
    ("KEEP", "As They Are", "Keep keys as they are where these alone are what plays"),
    ("FRAMES", "Every Frame", "Make a key on every frame"),
)
_BELOW = (
    ("KEEP", "Keep Below", "Older animation goes on playing below"),
    (
        "MERGE",
        "Merge",
        "Key what older animation does as well, and take its tracks away; its Actions stay",
    ),
)
_FORMATS = (
    (".fbx", "FBX", "Shape keys and bones, for most programs"),
    (".glb", "glTF", "Shape keys and bones, for the web and game engines"),
    (".usdc", "USD", "Blend shapes and a skeleton"),
    (".csv", "Live Link Face CSV", "52 coefficients, head and eyes with timecodes"),
)


class FACEMOCAP_OT_bake_down(StepOperator, bpy.types.Operator):
    """Turn a performance into plain keys of ordinary Actions."""

    bl_idname = "facemocap.bake_down"
    bl_label = "Bake Down"
    bl_description = (
        "Turn the performance on the checked characters, or on the chosen one if none is checked, "
        "into plain keys of ordinary Actions; it moves as it did and is no take of ours any more"
    )
    needs = ("character",)

    keys: EnumProperty(name="Keys", description="Which keys there are afterwards", items=_KEYS)
    below: EnumProperty(
        name="Older Animation", description="What becomes of what lies below", items=_BELOW
    )

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """Something must play."""
        meant = meant_characters(state_of(context.scene))
        for item in meant:
            try:
                if find_performance(picked_objects(item, context.scene)) is not None:
                    return True
            except FacemocapError:
                continue
        return cls.refuse(f"No take plays on {' and '.join(item.name for item in meant[:2])}")

    def perform(self, context: bpy.types.Context) -> Report:
        """Bake those that have a performance."""
        scene = context.scene
        options = BakeOptions(keys=self.keys, below=self.below)
        reports: list[Report] = []
        problems: list[FacemocapError] = []
        for item in meant_characters(state_of(scene)):
            try:
                picked = picked_objects(item, scene)
                if find_performance(picked) is None:
                    continue
                reports.append(bake_down(scene, picked, options))
                show_performance(item, None)
                show_stack_run(item, None)
            except FacemocapError as problem:
                problems.append(problem)
        if not reports and problems:
            raise problems[0]
        many = f"{len(reports)} characters play by plain keys now"
        summary = reports[0].summary if len(reports) == 1 else many
        return Report(summary=summary, warnings=tuple(str(each) for each in problems))


class FACEMOCAP_OT_export_character(StepOperator, bpy.types.Operator):
    """Write a character with its face animation for other programs."""

    bl_idname = "facemocap.export_character"
    bl_label = "Export"
    bl_description = (
        "Write the chosen character with its face animation as FBX, glTF, USD or Live Link Face "
        "CSV, as it looks with all drivers, layers and hand edits. The scene stays as it is"
    )
    # nothing in the file changes, so there is nothing to undo
    bl_options: ClassVar[set[str]] = {"REGISTER"}
    needs = ("character",)

    filepath: StringProperty(
        name="File", description="File to write", subtype="FILE_PATH", options={"SKIP_SAVE"}
    )
    filter_glob: StringProperty(
        name="Shown Files",
        description="Endings of the files that the browser shows",
        default="*.fbx;*.glb;*.usd;*.usda;*.usdc;*.csv",
        options={"HIDDEN"},
    )
    check_existing: BoolProperty(
        name="Check Existing",
        description="Warn before an existing file is replaced",
        default=True,
        options={"HIDDEN"},
    )
    file_format: EnumProperty(name="Format", description="What is written", items=_FORMATS)
    use_range: BoolProperty(
        name="Part", description="Write a part of the scene's range of frames", default=False
    )
    first_frame: IntProperty(name="First", description="First frame", default=1, min=0)
    last_frame: IntProperty(name="Last", description="Last frame", default=250, min=0)
    only_deforming: BoolProperty(
        name="Deforming Bones Only",
        description="Leave bones out that deform nothing",
        default=False,
    )
    use_take: BoolProperty(
        name="The Take Itself",
        description="Write the take that plays, after its stack and at its own timecodes, instead "
        "of what the face does on frames",
        default=False,
    )
    read_back: BoolProperty(
        name="Read Back",
        description="Read the file back, and tell where it does not hold what is seen",
        default=True,
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Open the file browser on a file named after the character."""
        scene = context.scene
        if not self.filepath:
            name = bpy.path.clean_name(need_character(state_of(scene)).name)
            self.filepath = f"{name}{self.file_format}"
        if not self.use_range:
            self.first_frame, self.last_frame = scene.frame_start, scene.frame_end
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def check(self, _context: bpy.types.Context) -> bool:
        """Give the file the ending of the format."""
        path = Path(self.filepath)
        if self.filepath and path.suffix.lower() != self.file_format:
            self.filepath = str(path.with_suffix(self.file_format))
            return True
        return False

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw what the format has."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(self, "file_format")
        is_csv = self.file_format == ".csv"
        if is_csv:
            layout.prop(self, "use_take")
        if not (is_csv and self.use_take):
            layout.prop(self, "use_range")
        if self.use_range:
            column = layout.column(align=True)
            column.prop(self, "first_frame")
            column.prop(self, "last_frame")
        if not is_csv:
            layout.prop(self, "only_deforming")
        layout.prop(self, "read_back")

    def perform(self, context: bpy.types.Context) -> Report:
        """Write the file."""
        if not self.filepath:
            raise FacemocapError("No file was chosen", "Choose a file")
        picked = self._picked(context)
        options = ExportOptions(
            frames=(self.first_frame, self.last_frame) if self.use_range else None,
            only_deforming=self.only_deforming,
            source="TAKE" if self.use_take else "FACE",
            check=self.read_back,
        )
        path = Path(bpy.path.abspath(self.filepath))
        return export_character(context.scene, picked, path, options)

    @staticmethod
    def _picked(context: bpy.types.Context) -> CharacterObjects:
        return picked_objects(need_character(state_of(context.scene)), context.scene)


CLASSES = (FACEMOCAP_OT_bake_down, FACEMOCAP_OT_export_character)
