# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panels draw, heard by a layout that writes down what it is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy as blender
import pytest

import facemocap_addon
from facemocap_addon import registration, ui
from facemocap_addon.core.progress import Progress
from facemocap_addon.props import Work
from facemocap_addon.ui.files import FACEMOCAP_FH_take
from facemocap_addon.ui.lists import FACEMOCAP_UL_channels, FACEMOCAP_UL_characters

# the stubs of bpy know nothing of an add-on's operators and properties
bpy: Any = blender

#: Panels that only takes of points have.
OF_POINTS = set("points solve_settings point_places solve_result solve_limits refine".split())
# there is no step, nothing plays that could be compared or edited, and nothing was checked
OF_STEPS = {"step", "step_mask", "compare", "health_notes", "health_events", "health_figures"}
OF_EVENTS = {"events", "event", "eye_strip", "gaze"}
PANELS = [each for each in ui.CLASSES if issubclass(each, blender.types.Panel)]


class LayoutSpy:
    """A layout that checks names against Blender's own and remembers every word."""

    heard: list[str]
    drawn: list[str]

    def __init__(self, heard: list[str] | None = None, drawn: list[str] | None = None) -> None:
        object.__setattr__(self, "heard", [] if heard is None else heard)
        object.__setattr__(self, "drawn", [] if drawn is None else drawn)

    def __setattr__(self, name: str, value: object) -> None:
        assert name in bpy.types.UILayout.bl_rna.properties, f"no layout setting {name}"

    def _part(self, *_args: object, **options: object) -> LayoutSpy:
        self._check_words(options)
        return LayoutSpy(self.heard, self.drawn)

    row = column = box = split = grid_flow = separator = _part

    def label(self, **options: Any) -> None:
        self._check_words(options)

    def prop(self, data: Any, name: str, **options: Any) -> None:
        assert name in data.bl_rna.properties, f"{data.bl_rna.identifier} has no {name}"
        self.drawn.append(name)
        self.heard.append(options.get("text", data.bl_rna.properties[name].name))
        self._check_words(options)

    def prop_enum(self, data: Any, name: str, value: str, **options: Any) -> None:
        assert value in data.bl_rna.properties[name].enum_items
        self._check_words(options)

    def progress(self, *, factor: float, text: str) -> None:
        assert 0.0 <= factor <= 1.0
        self.heard.append(text)

    def template_icon(self, *, icon_value: int, scale: float) -> None:
        assert icon_value
        assert scale > 0

    def operator_menu_enum(self, name: str, prop: str, **options: Any) -> Any:
        settings = self.operator(name, **options)
        setattr(settings, prop, "")
        return settings

    def operator(self, name: str, **options: Any) -> Any:
        module, _, function = name.partition(".")
        operator = getattr(getattr(bpy.ops, module), function)
        self.heard.append(options.get("text", operator.get_rna_type().name))
        self._check_words(options)
        return _Settings(operator.get_rna_type())

    def menu(self, name: str, **options: Any) -> None:
        kind = getattr(bpy.types, name)
        self.heard.append(options.get("text", kind.bl_label))
        self._check_words(options)
        kind.draw(SimpleNamespace(layout=self), bpy.context)

    def template_list(self, kind: str, _id: str, data: Any, prop: str, *rest: Any, **_o: Any):
        assert hasattr(bpy.types, kind)
        assert prop in data.bl_rna.properties
        assert rest[1] in rest[0].bl_rna.properties
        self.heard.extend(item.name for item in getattr(data, prop))

    def _check_words(self, options: dict[str, Any]) -> None:
        if "icon" in options:
            icons = bpy.types.UILayout.bl_rna.functions["label"].parameters["icon"].enum_items
            assert options["icon"] in icons, f"no icon {options['icon']}"
        if "text" in options:
            self.heard.append(options["text"])


class _Settings:
    """Settings of a drawn button: only those that the operator has."""

    _rna: Any

    def __init__(self, rna: Any) -> None:
        object.__setattr__(self, "_rna", rna)

    def __setattr__(self, name: str, value: object) -> None:
        assert name in self._rna.properties, f"{self._rna.identifier} has no {name}"


@pytest.fixture(autouse=True)
def addon() -> Iterator[None]:
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    facemocap_addon.register()
    try:
        yield
    finally:
        facemocap_addon.unregister()


def state() -> Any:
    return bpy.context.scene.facemocap


def drawn(panel: Any) -> list[str] | None:
    """Words of a panel; None when it does not show."""
    if hasattr(panel, "poll") and not panel.poll(bpy.context):
        return None
    spy = LayoutSpy()
    names = [name for name in dir(panel) if not name.startswith("__") and name != "layout"]
    # a panel cannot be made without a window's region: its methods on a plain object can
    stand_in: Any = type("StandIn", (), {n: getattr_static(panel, n) for n in names})()
    stand_in.layout = spy
    for method in ("draw_header_preset", "draw"):
        if method in names:
            getattr(stand_in, method)(bpy.context)
    return spy.heard


def getattr_static(panel: Any, name: str) -> Any:
    for base in panel.__mro__:
        if name in vars(base):
            return vars(base)[name]
    return None


def load(sample_rigs: Path, rig: str) -> None:
    bpy.ops.wm.open_mainfile(filepath=str(sample_rigs / f"{rig}.blend"))
    bpy.ops.facemocap.import_take(filepath=str(sample_rigs / "sample_take.csv"))


def words() -> dict[str, Any]:
    return {panel.bl_idname.removeprefix("FACEMOCAP_PT_"): drawn(panel) for panel in PANELS}


def test_an_empty_file_shows_the_way_in():
    seen = words()
    assert "Import Take..." in seen["take"]
    assert "drop a recording" in " ".join(seen["take"])
    assert seen["channels"] is None
    assert "Apply Take" in seen["apply"]


def test_panels_show_the_take_the_match_and_what_plays(sample_rigs: Path):
    load(sample_rigs, "toon")
    seen = words()
    # nothing is measured yet, and the take has no points
    hidden = {name for name in seen if seen[name] is None}
    assert hidden - {"entry"} == {"lids_and_lips", *OF_POINTS, *OF_STEPS, *OF_EVENTS}
    take = state().takes[0]
    assert f"{take.duration_s:.2f} s" in seen["take"]
    assert f"{take.rate_hz:.2f} Hz" in seen["take"]
    character = state().characters[0]
    assert f"{character.driving_count} of 61 match" in seen["channels"]
    counts = (
        ("Matched", character.matched_count),
        ("Uncertain", character.uncertain_count),
        ("Unmatched", character.unmatched_count + character.unused_count),
    )
    assert {f"{name} {count}" for name, count in counts} <= set(seen["channels"])
    assert sum(count for _, count in counts) == len(character.rows)
    assert {"Load...", "Save...", "Copy From", "Match Again"} <= set(seen["maps"])
    assert {"toon_head", "toon_rig"} <= set(seen["objects"])
    assert "sample_take" not in seen["remove"]
    bpy.ops.facemocap.apply_take()
    assert "sample_take" in words()["remove"]


def choose(status: str) -> Any:
    """The first line of a kind, chosen as a click does it."""
    character = state().characters[0]
    character.active_row = [row.status for row in character.rows].index(status)
    return character.rows[character.active_row]


@pytest.mark.parametrize("status", ["MATCHED", "UNMATCHED", "CONTROLS"])
def test_the_chosen_line_offers_what_it_needs(status: str, sample_rigs: Path):
    load(sample_rigs, "toon")
    row = choose(status)
    seen = words()
    lines = set(seen["channels"])
    assert row.name in lines
    assert ("Add Control..." in lines) == (status != "CONTROLS")
    assert ("Test" in lines) == (status == "MATCHED")
    if status == "UNMATCHED":
        assert seen["entry"] is None
        return
    assert row.links[0].name in seen["entry"]
    assert "Add Channel..." in seen["entry"]
    assert ("Offset" in seen["entry"]) == (status == "MATCHED")
    if status == "MATCHED":
        titles = {link.title for link in row.links}
        names = {link.name for link in row.links}
        assert titles <= lines or names <= lines


def test_the_control_shows_how_it_was_found_and_how_it_answers(sample_rigs: Path):
    load(sample_rigs, "bone_face")
    character = state().characters[0]
    character.active_row = character.rows.find("jawOpen")
    seen = words()["entry"]
    assert "by its name, 80% sure" in seen
    assert {"Offset", "Lowest", "Highest", "Response", "jawOpen"} <= set(seen)
    assert "Add Point" not in seen
    character.entry.shape = "SOFT_END"
    seen = words()["entry"]
    assert "Add Point" in seen
    assert "by hand" in seen
    toon = "Its value is found together"
    assert toon not in " ".join(seen)


def test_a_mixed_shape_says_so(sample_rigs: Path):
    load(sample_rigs, "toon")
    character = state().characters[0]
    fitted = {
        target["path"]
        for fit in json.loads(character.map_json).get("fits", ())
        for shape in fit["targets"]
        for target in shape
    }
    row = next(r for r in character.rows if r.links and r.links[0].path in fitted)
    character.active_row = character.rows.find(row.name)
    assert "Its value is found together with that of other shapes" in " ".join(words()["entry"])


def test_an_uncertain_line_asks_for_a_decision(sample_rigs: Path):
    load(sample_rigs, "arkit_head")
    character = state().characters[0]
    document = json.loads(character.map_json)
    for entry in document["entries"]:
        if entry["sources"][0]["channel"] == "jawOpen":
            entry |= {"how": "probe", "confidence": 0.61}
    character.map_json, character.is_edited = json.dumps(document), True
    bpy.ops.facemocap.import_take(filepath=str(sample_rigs / "sample_take.csv"))
    row = choose("UNCERTAIN")
    assert row.name == "jawOpen"
    seen = words()
    assert "Uncertain 1" in seen["channels"]
    assert {"Use This", "Leave Out", "Test"} <= set(seen["channels"])
    assert "by its motion, 61% sure" in seen["entry"]
    # a guess drives nothing: there is nothing to test or to leave out
    for link in row.links:
        link.is_guess = True
    seen = words()
    assert "Use This" in seen["channels"]
    assert not {"Leave Out", "Test"} & set(seen["channels"])


def test_empty_lists_say_so(sample_rigs: Path):
    load(sample_rigs, "arkit_head")
    state().tab = "UNCERTAIN"
    assert "Nothing is uncertain." in words()["channels"]
    assert words()["entry"] is None


def test_work_that_goes_on_shows_instead_of_its_button(sample_rigs: Path):
    load(sample_rigs, "arkit_head")
    assert "Measure the Face" in words()["character"]
    Work.show(Progress(0.4, "Measuring shape keys"))
    try:
        seen = words()["character"]
        assert "Measuring shape keys" in seen
        assert "Measure the Face" not in seen
    finally:
        Work.show(None)


def test_several_characters_have_check_boxes(sample_rigs: Path):
    load(sample_rigs, "arkit_head")

    def boxes() -> bool:
        spy = LayoutSpy()
        first = state().characters[0]
        draw: Any = FACEMOCAP_UL_characters.draw_item
        draw(None, bpy.context, spy, state(), first, 0, None)
        return "is_picked" in spy.drawn

    assert not boxes(), "one alone needs none"
    assert "Apply Take" in words()["apply"]
    second = state().characters.add()
    second.name = "second"
    assert boxes()
    second.is_picked = True
    assert "Apply to second" in words()["apply"]
    state().characters[0].is_picked = True
    second.applied_warnings = "It went wrong."
    seen = words()
    assert "Apply to 2 Characters" in seen["apply"]
    assert "Remove from 2 Characters" in seen["remove"]
    assert {"second", "It went wrong."} <= set(seen["apply"])


def test_every_choice_of_start_is_drawn(sample_rigs: Path):
    load(sample_rigs, "arkit_head")
    for mode, word in (("FRAME", "Frame"), ("TIMECODE", "Scene Starts At")):
        state().start_mode = mode
        assert word in words()["placing"]
    state().use_trim = True
    assert {"From", "To"} <= set(words()["placing"])
    assert "Override Linked Data" not in words()["apply"]
    state().characters[0].is_linked = True
    assert "Override Linked Data" in words()["apply"]


def test_the_list_is_filtered_by_choice_and_by_search(sample_rigs: Path):
    load(sample_rigs, "toon")
    character = state().characters[0]

    one_bit: Any = type("List", (), {"bitflag_filter_item": 1})()

    def shown() -> set[str]:
        flags, order = FACEMOCAP_UL_channels.filter_items(one_bit, bpy.context, character, "rows")
        assert order == []
        return {row.name for row, flag in zip(character.rows, flags, strict=True) if flag}

    every = {row.name for row in character.rows}
    parts: set[str] = set()
    for tab in ("MATCHED", "UNMATCHED", "UNCERTAIN"):
        state().tab = tab
        assert shown() or tab == "UNCERTAIN"
        assert not parts & shown()
        parts |= shown()
    assert parts == every
    state().tab = "MATCHED"
    state().search = " BLINK"
    assert {"eyeBlinkLeft", "eyeBlinkRight"} <= shown() < every
    state().search = ""
    state().region = "jaw"
    assert {"jawOpen", "jawLeft"} & shown()
    assert all(name.startswith("jaw") for name in shown())


def test_a_list_shows_a_line_of_its_own(sample_rigs: Path):
    load(sample_rigs, "toon")
    character = state().characters[0]
    for tab, kinds in (("UNMATCHED", {"UNMATCHED", "CONTROLS"}), ("MATCHED", {"MATCHED"})):
        state().tab = tab
        assert character.rows[character.active_row].status in kinds


def test_files_of_every_reader_can_be_dropped():
    from facemocap_addon.core.readers import readers

    endings = set(FACEMOCAP_FH_take.bl_file_extensions.split(";"))
    assert endings == {e for reader in readers() for e in reader.extensions}
    assert {".csv", ".npz"} <= endings
    assert FACEMOCAP_FH_take.bl_import_operator == "facemocap.import_take"
    operator = bpy.ops.facemocap.import_take.get_rna_type().properties
    # what Blender fills in when several files are dropped
    assert {"directory", "files", "filepath"} <= set(operator.keys())
    areas = {area.type: area for area in bpy.context.window.screen.areas}
    for kind, area in areas.items():
        with bpy.context.temp_override(area=area):
            assert FACEMOCAP_FH_take.poll_drop(bpy.context) == (kind == "VIEW_3D")
    assert "VIEW_3D" in areas


def test_the_import_menu_names_the_operator():
    spy = LayoutSpy()
    ui.draw_import(type("Menu", (), {"layout": spy})(), bpy.context)
    assert any(".csv" in word for word in spy.heard)


def test_register_and_unregister_leave_nothing_behind():
    facemocap_addon.unregister()
    for _ in range(2):
        assert not hasattr(bpy.types.Scene, "facemocap")
        assert not [name for name in dir(bpy.types) if "facemocap" in name.lower()]
        assert registration._file_loaded not in bpy.app.handlers.load_post
        facemocap_addon.register()
        assert bpy.app.handlers.load_post.count(registration._file_loaded) == 1
        facemocap_addon.unregister()
    facemocap_addon.register()
