# SPDX-License-Identifier: GPL-3.0-or-later
"""Pick a place for a point with the mouse: what lies under it is shown, a click puts the point."""

from __future__ import annotations

from typing import Any, ClassVar

import bpy
from bpy_extras import view3d_utils
from mathutils import Vector

from ..core.errors import FacemocapError
from ..gateway.points.skin_picking import PickedVertex, SkinPicker
from ..props import Picking
from .panel_characters import chosen
from .point_places import listed_point, point_refusal
from .steps import StepOperator, redraw_views

#: Events with which a person turns the view meanwhile.
_LOOKING = {
    "MIDDLEMOUSE", "WHEELUPMOUSE", "WHEELDOWNMOUSE", "TRACKPADPAN", "TRACKPADZOOM", "MOUSEROTATE",
    "MOUSESMARTZOOM", "NDOF_MOTION", "NUMPAD_1", "NUMPAD_3", "NUMPAD_7", "NUMPAD_PERIOD",
}  # fmt: skip


class FACEMOCAP_OT_pick_point(StepOperator, bpy.types.Operator):
    """Show with the mouse where the chosen point is on the character."""

    bl_idname = "facemocap.pick_point"
    bl_label = "Pick in Viewport"
    bl_description = (
        "Click on the character where the chosen point is; it goes to the nearest vertex. "
        "Esc or the right button leaves everything as it is"
    )
    # the click sets off facemocap.put_point, which is the undo step
    bl_options: ClassVar[set[str]] = set()
    needs = ("take", "character")

    _picker: SkinPicker | None = None
    _found: PickedVertex | None = None

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """There must be a point, and a viewport to click in."""
        why = point_refusal(context)
        if why:
            return cls.refuse(why)
        if context.area is None or context.area.type != "VIEW_3D":
            return cls.refuse("Start it in a 3D viewport")
        return True

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Begin to follow the mouse."""
        row = listed_point(context)
        assert row is not None, "the poll"
        try:
            _, picked = chosen(context.scene)
            self._picker = SkinPicker(picked, context.evaluated_depsgraph_get())
        except FacemocapError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        Picking.show(row.name)
        context.window.cursor_modal_set("EYEDROPPER")
        context.workspace.status_text_set(
            f"Click on the face where {row.name} is: left button puts it, Esc cancels"
        )
        context.window_manager.modal_handler_add(self)
        redraw_views(context)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Follow the mouse; put the point where it is clicked."""
        if event.type in {"ESC", "RIGHTMOUSE"} and event.value == "PRESS":
            self._end(context)
            self.report({"INFO"}, "No point was put")
            return {"CANCELLED"}
        if event.type == "MOUSEMOVE":
            self._look(context, event)
            return {"PASS_THROUGH"}
        if event.type == "LEFTMOUSE" and event.value == "PRESS":
            return self._click(context, event)
        return {"PASS_THROUGH"} if event.type in _LOOKING else {"RUNNING_MODAL"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends the operator: another file, or the end of the session."""
        self._end(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Without a mouse there is nothing to pick."""
        self.report({"ERROR"}, "Scripts put points with facemocap.put_point. Name its vertex.")
        return {"CANCELLED"}

    def _click(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        self._look(context, event)
        found, name = self._found, Picking.name()
        if found is None:
            self.report({"WARNING"}, "There is no skin of the character under the mouse")
            return {"RUNNING_MODAL"}
        self._end(context)
        bpy.ops.facemocap.put_point(
            "INVOKE_DEFAULT", point=name, mesh=found.mesh, vertex=found.vertex
        )
        return {"FINISHED"}

    def _look(self, context: bpy.types.Context, event: bpy.types.Event) -> None:
        """Find what lies under the mouse, in whichever viewport that is."""
        assert self._picker is not None, "made by invoke"
        ray = ray_under(context, (event.mouse_x, event.mouse_y))
        self._found = self._picker.under(*ray) if ray is not None else None
        Picking.show(Picking.name(), self._found.place if self._found is not None else None)
        redraw_views(context)

    def _end(self, context: bpy.types.Context) -> None:
        self._picker = self._found = None
        Picking.show("")
        if context.window is not None:
            context.window.cursor_modal_restore()
        if context.workspace is not None:
            context.workspace.status_text_set(None)
        redraw_views(context)


def ray_under(context: bpy.types.Context, mouse: tuple[int, int]) -> tuple[Vector, Vector] | None:
    """Origin and direction of the ray under the mouse (window pixels); None beside viewports."""
    screen: Any = context.screen
    for area in screen.areas:
        if area.type != "VIEW_3D":
            continue
        if any(_is_in(region, mouse) for region in area.regions if region.type != "WINDOW"):
            # sidebar and header may lie over the view
            continue
        space = area.spaces.active
        views = [space.region_3d]
        regions = [region for region in area.regions if region.type == "WINDOW"]
        if len(regions) > 1:
            # in Quad View the regions stand in the order of the views
            views = [*space.region_quadviews]
        for region, view in zip(regions, views, strict=False):
            if view is None or not _is_in(region, mouse):
                continue
            x, y = mouse[0] - region.x, mouse[1] - region.y
            origin = view3d_utils.region_2d_to_origin_3d(region, view, (x, y))
            return origin, view3d_utils.region_2d_to_vector_3d(region, view, (x, y))
    return None


def _is_in(region: bpy.types.Region, mouse: tuple[int, int]) -> bool:
    x, y = mouse[0] - region.x, mouse[1] - region.y
    # what is hidden is one pixel wide
    return region.width > 1 and 0 <= x < region.width and 0 <= y < region.height


CLASSES = (FACEMOCAP_OT_pick_point,)
