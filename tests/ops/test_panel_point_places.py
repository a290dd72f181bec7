# SPDX-License-Identifier: GPL-3.0-or-later
"""Places of points: listed, put by hand, left out, forgotten; kept with the character."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy as blender
import numpy as np
import pytest
from made_points import MARKERS, open_imported
from mathutils import Vector

from facemocap_addon.gateway.points.point_places import KEY
from facemocap_addon.ops import point_picking
from facemocap_addon.ops.point_picking import FACEMOCAP_OT_pick_point
from facemocap_addon.props import Picking
from facemocap_addon.ui.point_overlay import BY_HAND, find_marks, mark_colours

# the stubs of bpy know nothing of an add-on's operators and properties
bpy: Any = blender

#: A vertex of the generator's chin, and one of its forehead.
CHIN, FOREHEAD = 48, 54


@pytest.fixture
def imported(registered: None, sample_rigs: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return open_imported(sample_rigs, tmp_path_factory.getbasetemp())


@pytest.fixture
def placed(imported: Any) -> Any:
    assert bpy.ops.facemocap.place_points() == {"FINISHED"}
    return imported


def row(name: str) -> Any:
    return bpy.context.scene.facemocap.points.rows[name]


def head() -> Any:
    return bpy.data.objects["arkit_head"]


def choose(name: str) -> None:
    points = bpy.context.scene.facemocap.points
    points.active_row = points.rows.find(name)


def test_points_are_listed_with_their_places(imported: Any):
    for name in ("put_point", "leave_out_point", "forget_point", "put_on_vertex", "pick_point"):
        assert not getattr(bpy.ops.facemocap, name).poll(), "nothing is listed yet"
    before = [list(obj.keys()) for obj in bpy.data.objects]
    assert bpy.ops.facemocap.place_points() == {"FINISHED"}
    rows = imported.points.rows
    assert [each.name for each in rows] == list(MARKERS)
    assert {each.how for each in rows} == {"NAME"}
    assert row("Leyebrow_Inside").place == "brow inner L"
    assert all(0.5 < each.confidence <= 1.0 for each in rows)
    assert all(each.mesh == head() for each in rows)
    assert all(sum(each.shares) == pytest.approx(1.0, abs=1e-5) for each in rows)
    assert [list(obj.keys()) for obj in bpy.data.objects] == before, "nothing is kept"
    # they lie where the generator put its landmarks: within a centimetre
    marks = find_marks(imported.points, bpy.context.evaluated_depsgraph_get())
    truth = [head().data.vertices[number].co for number in landmarks()]
    away = np.linalg.norm(marks.places - np.array(truth), axis=1)
    assert np.median(away) < 0.004
    assert away.max() < 0.015
    # normals look out of the face
    assert (marks.normals @ [0.0, -1.0, 0.0] > 0).sum() > 0.8 * len(marks.rows)


def landmarks() -> list[int]:
    numbers = json.loads(head()["landmarks"])
    return [numbers[landmark] for landmark in MARKERS.values()]


def test_a_point_put_by_hand_survives_saving_and_is_solved_there(placed: Any, tmp_path: Path):
    before = row("Chin").how, tuple(row("Chin").vertices)
    assert bpy.ops.facemocap.put_point(point="Chin", mesh="arkit_head", vertex=CHIN) == {"FINISHED"}
    assert (row("Chin").how, tuple(row("Chin").vertices)) == ("HAND", (CHIN,) * 3)
    assert before[0] == "NAME"
    assert before[1] != (CHIN,) * 3
    path = tmp_path / "put_by_hand.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    bpy.ops.wm.open_mainfile(filepath=str(path))
    assert row("Chin").how == "HAND"
    bpy.context.scene.facemocap.points.rows.clear()
    assert bpy.ops.facemocap.solve_points() == {"FINISHED"}
    assert (row("Chin").how, tuple(row("Chin").vertices)) == ("HAND", (CHIN,) * 3)
    assert row("Chin").confidence == 1.0
    assert row("NoseTip").how == "NAME"


def test_putting_a_point_is_one_undo_step(placed: Any):
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.facemocap.put_point("EXEC_DEFAULT", True, point="Chin", mesh="arkit_head", vertex=CHIN)
    assert KEY in head()
    bpy.ops.ed.undo()
    assert KEY not in head()
    assert row("Chin").how == "NAME"


def test_the_active_vertex_of_edit_mode_is_taken(placed: Any):
    import bmesh

    choose("ForeHead_M")
    assert not bpy.ops.facemocap.put_on_vertex.poll()
    bpy.context.view_layer.objects.active = head()
    bpy.ops.object.mode_set(mode="EDIT")
    try:
        mesh = bmesh.from_edit_mesh(head().data)
        for vertex in mesh.verts:
            vertex.select = False
        mesh.select_flush(False)
        bmesh.update_edit_mesh(head().data)
        assert not bpy.ops.facemocap.put_on_vertex.poll(), "no vertex is chosen"
        mesh.verts.ensure_lookup_table()
        mesh.verts[FOREHEAD].select = True
        mesh.select_history.add(mesh.verts[FOREHEAD])
        assert bpy.ops.facemocap.put_on_vertex() == {"FINISHED"}
    finally:
        bpy.ops.object.mode_set(mode="OBJECT")
    assert (row("ForeHead_M").how, tuple(row("ForeHead_M").vertices)) == ("HAND", (FOREHEAD,) * 3)


def test_points_are_left_out_and_found_again(placed: Any):
    choose("Chin")
    assert bpy.ops.facemocap.leave_out_point() == {"FINISHED"}
    assert row("Chin").how == "LEFT_OUT"
    assert row("Chin").mesh is None
    assert not bpy.ops.facemocap.leave_out_point.poll(), "it is left out already"
    marks = find_marks(placed.points, bpy.context.evaluated_depsgraph_get())
    assert placed.points.rows.find("Chin") not in marks.rows
    choose("NoseTip")
    with pytest.raises(RuntimeError, match='"NoseTip" was not put by hand'):
        bpy.ops.facemocap.forget_point()
    bpy.ops.facemocap.put_point(point="NoseTip", mesh="arkit_head", vertex=12)
    choose("Chin")
    assert bpy.ops.facemocap.forget_point() == {"FINISHED"}
    assert (row("Chin").how, row("NoseTip").how) == ("NAME", "HAND")
    assert bpy.ops.facemocap.forget_point(every=True) == {"FINISHED"}
    assert row("NoseTip").how == "NAME"
    assert KEY not in head(), "nothing is left of it"
    assert not bpy.ops.facemocap.forget_point.poll()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"point": "Chin", "mesh": "arkit_head", "vertex": 10**6}, "has no vertex 1000000"),
        ({"point": "Chin", "mesh": "Camera", "vertex": 3}, 'a mesh "Camera"'),
        ({"point": "Chin"}, "has no vertex -1"),
        ({"point": "Knee", "mesh": "arkit_head", "vertex": 3}, 'has no point "Knee"'),
    ],
)
def test_places_that_there_are_not_change_nothing(placed: Any, given: Any, says: str):
    with pytest.raises(RuntimeError, match=says):
        bpy.ops.facemocap.put_point(**given)
    assert KEY not in head()
    assert row("Chin").how == "NAME"


def test_the_list_is_of_one_take_and_character(placed: Any, sample_rigs: Path):
    assert bpy.ops.facemocap.leave_out_point.poll()
    bpy.ops.facemocap.import_take(filepath=str(sample_rigs / "sample_take.csv"))
    assert not bpy.ops.facemocap.leave_out_point.poll()
    placed.active_take = 0
    assert bpy.ops.facemocap.leave_out_point.poll()
    placed.points.rows_object = bpy.data.objects["Camera"]
    assert not bpy.ops.facemocap.leave_out_point.poll()


class _Ray:
    """A viewport that looks at the face from the front, a ray wherever the mouse is."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.aim: Any = None
        self.put: list[dict[str, Any]] = []
        monkeypatch.setattr(point_picking, "ray_under", lambda _context, _mouse: self.ray())
        monkeypatch.setattr(point_picking, "redraw_views", lambda _context: None)
        said = SimpleNamespace(put_point=lambda _mode, **given: self.put.append(given))
        monkeypatch.setattr(
            point_picking, "bpy", SimpleNamespace(ops=SimpleNamespace(facemocap=said))
        )

    def ray(self) -> Any:
        if self.aim is None:
            return None
        return Vector((self.aim.x, -5.0, self.aim.z)), Vector((0.0, 1.0, 0.0))


@pytest.fixture
def picking(placed: Any, stand_in: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The operator after the click on its button, in a window that is made up."""
    choose("NoseTip")
    window = SimpleNamespace(cursor_modal_set=lambda _c: None, cursor_modal_restore=lambda: None)
    context = SimpleNamespace(
        scene=bpy.context.scene,
        window=window,
        workspace=SimpleNamespace(status_text_set=lambda _text: None),
        window_manager=SimpleNamespace(modal_handler_add=lambda _operator: True),
        evaluated_depsgraph_get=bpy.context.evaluated_depsgraph_get,
    )
    ray = _Ray(monkeypatch)
    operator = stand_in(FACEMOCAP_OT_pick_point)
    assert operator.invoke(context, None) == {"RUNNING_MODAL"}
    return operator, context, ray


def at(event: Any, kind: str, value: str = "PRESS") -> Any:
    made = event(kind, value)
    made.mouse_x = made.mouse_y = 1
    return made


def test_the_mouse_puts_a_point_on_the_nearest_vertex(picking: Any, event: Any):
    operator, context, ray = picking
    assert Picking.name() == "NoseTip"
    ray.aim = head().data.vertices[12].co
    assert operator.modal(context, at(event, "MOUSEMOVE")) == {"PASS_THROUGH"}
    assert Picking.place() == pytest.approx(tuple(ray.aim), abs=1e-6)
    # beside the head there is nothing to be put on
    ray.aim = Vector((9.0, 0.0, 0.0))
    assert operator.modal(context, at(event, "LEFTMOUSE")) == {"RUNNING_MODAL"}
    assert "no skin" in operator.told[-1][1]
    assert Picking.place() is None
    ray.aim = head().data.vertices[12].co
    assert operator.modal(context, at(event, "LEFTMOUSE")) == {"FINISHED"}
    assert ray.put == [{"point": "NoseTip", "mesh": "arkit_head", "vertex": 12}]
    assert Picking.name() == ""


@pytest.mark.parametrize("key", ["ESC", "RIGHTMOUSE"])
def test_escape_while_picking_puts_nothing(picking: Any, event: Any, key: str):
    operator, context, ray = picking
    ray.aim = head().data.vertices[12].co
    operator.modal(context, at(event, "MOUSEMOVE"))
    assert operator.modal(context, at(event, "Z")) == {"RUNNING_MODAL"}
    assert operator.modal(context, at(event, "MIDDLEMOUSE")) == {"PASS_THROUGH"}
    assert operator.modal(context, at(event, key)) == {"CANCELLED"}
    assert ray.put == []
    assert Picking.name() == ""
    assert KEY not in head()


def test_colours_tell_how_sure_a_place_is():
    sure = np.linspace(0.0, 1.0, 11)
    colours = mark_colours(sure, np.zeros(11, np.bool_))
    red, green = colours[:, 0], colours[:, 1]
    assert (np.diff(green - red) >= -1e-9).all(), "from red to green"
    assert green[-1] > red[-1] + 0.3
    assert red[0] > green[0] + 0.5
    by_hand = mark_colours(sure, np.ones(11, np.bool_))
    assert by_hand == pytest.approx(np.tile(BY_HAND, (11, 1)))
