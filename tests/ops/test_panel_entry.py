# SPDX-License-Identifier: GPL-3.0-or-later
"""The chosen control: gains, offset, limits and response, typed into the panel."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy as blender
import numpy as np
import pytest

# the stubs of bpy know nothing of an add-on's operators and properties
bpy: Any = blender


@pytest.fixture(autouse=True)
def character(registered: None, sample_rigs: Path) -> None:
    """The bone character with the sample take, its jaw chosen."""
    open_rig(sample_rigs, "bone_face", "jawOpen")


def open_rig(sample_rigs: Path, rig: str, channel: str) -> None:
    bpy.ops.wm.open_mainfile(filepath=str(sample_rigs / f"{rig}.blend"))
    bpy.ops.facemocap.import_take(filepath=str(sample_rigs / "sample_take.csv"))
    item().active_row = item().rows.find(channel)


def item() -> Any:
    return bpy.context.scene.facemocap.characters[0]


def entries() -> list[dict[str, Any]]:
    return json.loads(item().map_json)["entries"]


def stored() -> dict[str, Any]:
    """The chosen control's entry in the map's text."""
    view = item().entry
    own = {"kind": view.kind, "owner": view.owner, "path": view.path, "index": view.index}
    return next(entry for entry in entries() if entry["control"] == own)


def others() -> list[dict[str, Any]]:
    return [entry for entry in entries() if entry["control"] != stored()["control"]]


def shown() -> dict[str, Any]:
    """The chosen control as the panel shows it."""
    view = item().entry
    return {
        "sources": [(source.name, round(source.gain, 4)) for source in view.sources],
        "offset": round(view.offset, 4),
        "limits": [round(view.low, 4), round(view.high, 4)],
        "response": [[round(p.x, 4), round(p.y, 4)] for p in view.points],
    }


def agrees() -> bool:
    """Whether the panel shows what the map says, also in the list of controls."""
    entry = stored()
    links = {
        row.name: [link.gain for link in row.links if link.key == item().entry.key]
        for row in item().rows
    }
    return shown() == {
        "sources": [(s["channel"], round(s["gain"], 4)) for s in entry["sources"]],
        "offset": round(entry["offset"], 4),
        "limits": [round(number, 4) for number in entry["limits"]],
        "response": [[round(n, 4) for n in point] for point in entry.get("response", [])],
    } and all(links[s["channel"]] == [pytest.approx(s["gain"], abs=1e-5)] for s in entry["sources"])


def test_choosing_a_line_shows_its_control():
    assert item().entry.name == "jaw turn X · bone_rig"
    assert agrees()
    item().active_row = item().rows.find("eyeBlinkLeft")
    first = item().entry.name
    row = item().rows["eyeBlinkLeft"]
    assert first == row.links[0].name
    row.active_link = 1
    assert item().entry.name == row.links[1].name != first
    assert agrees()


EDITS: dict[str, tuple[Callable[[Any], None], dict[str, Any]]] = {
    "offset": (lambda e: setattr(e, "offset", 0.2), {"offset": 0.2}),
    "offset in degrees": (
        lambda e: setattr(e, "offset_turn", math.radians(-12)), {"offset": -0.20944},
    ),
    "lowest": (lambda e: setattr(e, "low", -0.3), {"limits": [-0.3, 3.1416]}),
    "highest": (lambda e: setattr(e, "high", 0.3), {"limits": [-3.1416, 0.3]}),
    "lowest above highest": (lambda e: setattr(e, "low", 4.0), {"limits": [4.0, 4.0]}),
    "highest below lowest": (lambda e: setattr(e, "high", -4.0), {"limits": [-4.0, -4.0]}),
    "shape": (
        lambda e: setattr(e, "shape", "SOFT_START"),
        {"response": [[0, 0], [0.174533, 0.0872665], [0.349066, 0.349066]]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_reaches_the_map_and_nothing_else(edit: str):
    before, rest = stored(), others()
    change, expected = EDITS[edit]
    change(item().entry)
    after = stored()
    for name, value in expected.items():
        assert np.allclose(after.pop(name), value, atol=1e-5)
        before.pop(name, None)
    assert after == before | {"how": "hand", "confidence": 1.0}
    assert others() == rest
    assert item().is_edited
    assert agrees()


def test_a_gain_is_the_same_number_wherever_it_is_typed():
    item().entry.sources[0].gain = 0.5
    assert stored()["sources"][0]["gain"] == 0.5
    assert agrees()
    link = item().rows["jawOpen"].links[0]
    link.gain_turn = math.radians(30)
    assert stored()["sources"][0]["gain"] == pytest.approx(0.523599, abs=1e-6)
    assert agrees()
    item().entry.sources[0].gain_turn = math.radians(10)
    assert link.gain == pytest.approx(math.radians(10))


def test_showing_is_no_edit():
    for number in range(len(item().rows)):
        item().active_row = number
        view = item().entry
        for name in ("offset", "low", "high", "shape"):
            setattr(view, name, getattr(view, name))
    assert not item().is_edited
    assert {entry["how"] for entry in entries()} == {"name"}


def test_points_are_set_added_and_taken_out():
    view = item().entry
    view.shape = "CUSTOM"
    assert len(view.points) == 3
    assert (view.shape, stored()["response"][0]) == ("CUSTOM", [0.0, 0.0])
    view.points[1].y = 0.05
    assert stored()["response"][1] == [pytest.approx(0.174533), pytest.approx(0.05)]
    # a point stays between its neighbours
    view.points[1].x = 9.0
    assert 0.174 < stored()["response"][1][0] < 0.349066
    view.points[1].x_turn = math.radians(5)
    assert stored()["response"][1][0] == pytest.approx(0.0872665, abs=1e-5)
    assert agrees()
    assert bpy.ops.facemocap.add_point() == {"FINISHED"}
    assert len(item().entry.points) == len(stored()["response"]) == 4
    bpy.ops.facemocap.remove_point(point=2)
    bpy.ops.facemocap.remove_point(point=1)
    assert len(stored()["response"]) == 2
    bpy.ops.facemocap.remove_point(point=0)
    assert "response" not in stored()
    assert item().entry.shape == "STRAIGHT"
    with pytest.raises(RuntimeError, match="no such point"):
        bpy.ops.facemocap.remove_point(point=0)
    assert agrees()


def test_a_named_shape_follows_the_gain():
    view = item().entry
    view.shape = "S_CURVE"
    view.sources[0].gain = 0.7
    assert view.shape == "S_CURVE"
    assert stored()["response"][-1] == [0.7, 0.7]
    assert agrees()
    view.shape = "STRAIGHT"
    assert "response" not in stored()


def keyed(shape: str) -> np.ndarray:
    bpy.ops.facemocap.apply_take()
    keys = bpy.data.objects["arkit_head"].data.shape_keys
    data = keys.animation_data
    bag = data.action.layers[0].strips[0].channelbag(data.action_slot)
    points = bag.fcurves.find(f'key_blocks["{shape}"].value').keyframe_points
    values = np.empty(2 * len(points), np.float32)
    points.foreach_get("co", values)
    return values[1::2]


def test_what_is_set_is_what_is_keyed(sample_rigs: Path):
    open_rig(sample_rigs, "arkit_head", "jawOpen")
    row = item().rows["jawOpen"]
    row.active_link = [link.owner for link in row.links].index("arkit_head")
    plain = keyed("jawOpen")
    view = item().entry
    view.shape, view.offset, view.high = "CUSTOM", 0.1, 0.3
    view.points[1].y = 0.25
    assert plain.max() > 0.6
    # through (0, 0), (0.5, 0.25) and (1, 1): below the straight line, and rising
    bent = keyed("jawOpen")
    assert bent.min() >= 0.1 - 1e-6
    assert bent.max() == pytest.approx(0.3, abs=1e-6)
    free = bent < 0.3 - 1e-6
    assert np.all(bent[free] - 0.1 <= plain[free] + 1e-6)
    assert (plain[free] - bent[free] + 0.1).max() > 0.1
    order = np.argsort(plain, kind="stable")
    assert np.all(np.diff(bent[order]) >= -1e-6), "a rising curve keeps the order"


def shapes(path: str) -> dict[str, dict[str, Any]]:
    found = [e for e in entries() if e["control"]["path"] == path]
    return {e["control"]["owner"]: {k: v for k, v in e.items() if k != "control"} for e in found}


def test_a_shape_of_several_meshes_is_set_on_all_or_on_one(sample_rigs: Path):
    open_rig(sample_rigs, "arkit_head", "eyeBlinkLeft")
    view, path = item().entry, item().entry.path
    rest = [e for e in entries() if e["control"]["path"] != path]
    meshes = len(shapes(path))
    assert view.alike_count == meshes == 3
    view.sources[0].gain = 0.5
    view.shape, view.offset, view.high = "SOFT_END", 0.05, 0.9
    bpy.ops.facemocap.add_point()
    values = list(shapes(path).values())
    assert values[0]["sources"] == [{"channel": "eyeBlinkLeft", "gain": 0.5}]
    assert values == [values[0]] * 3
    assert agrees()
    item().edit_alike = False
    item().entry.offset = 0.2
    item().rows["eyeBlinkLeft"].links[1].gain = 0.75
    bpy.ops.facemocap.remove_point(point=1)
    after = shapes(path)
    assert sorted(e["offset"] for e in after.values()) == [0.05, 0.05, 0.2]
    assert sorted(e["sources"][0]["gain"] for e in after.values()) == [0.5, 0.5, 0.75]
    assert sorted(len(e["response"]) for e in after.values()) == [3, 4, 4]
    assert [e for e in entries() if e["control"]["path"] != path] == rest
