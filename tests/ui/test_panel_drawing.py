# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panels draw, heard by a layout that writes down what it is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy as blender
import pytest

import facemocap_addon
from facemocap_addon import registration, ui
from facemocap_addon.ui.files import FACEMOCAP_FH_take
from facemocap_addon.ui.lists import FACEMOCAP_UL_channels

# the stubs of bpy know nothing of an add-on's operators and properties
bpy: Any = blender

PANELS = [each for each in ui.CLASSES if issubclass(each, blender.types.Panel)]


class LayoutSpy:
    """A layout that checks names against Blender's own and remembers every word."""

    heard: list[str]

    def __init__(self, heard: list[str] | None = None) -> None:
        object.__setattr__(self, "heard", [] if heard is None else heard)

    def __setattr__(self, name: str, value: object) -> None:
        assert name in bpy.types.UILayout.bl_rna.properties, f"no layout setting {name}"

    def _part(self, *_args: object, **options: object) -> LayoutSpy:
        self._check_words(options)
        return LayoutSpy(self.heard)

    row = column = box = split = _part

    def label(self, **options: Any) -> None:
        self._check_words(options)

    def prop(self, data: Any, name: str, **options: Any) -> None:
        assert name in data.bl_rna.properties, f"{data.bl_rna.identifier} has no {name}"
        self.heard.append(options.get("text", data.bl_rna.properties[name].name))
        self._check_words(options)

    def operator(self, name: str, **options: Any) -> Any:
        module, _, function = name.partition(".")
        operator = getattr(getattr(bpy.ops, module), function)
        self.heard.append(options.get("text", operator.get_rna_type().name))
        self._check_words(options)
        return _Settings(operator.get_rna_type())

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
    assert None not in seen.values()
    take = state().takes[0]
    assert f"{take.duration_s:.2f} s" in seen["take"]
    assert f"{take.rate_hz:.2f} Hz" in seen["take"]
    character = state().characters[0]
    assert f"{character.matched_count} of 61 match" in seen["channels"]
    assert {"toon_head", "toon_rig"} <= set(seen["objects"])
    assert "sample_take" not in seen["remove"]
    bpy.ops.facemocap.apply_take()
    assert "sample_take" in words()["remove"]


@pytest.mark.parametrize("status", ["MATCHED", "UNMATCHED", "CONTROLS"])
def test_the_chosen_line_offers_what_it_needs(status: str, sample_rigs: Path):
    load(sample_rigs, "toon")
    character = state().characters[0]
    character.active_row = [row.status for row in character.rows].index(status)
    seen = words()["channels"]
    expected = "Choose Channel..." if status == "CONTROLS" else "Add Control..."
    assert expected in seen
    links = character.rows[character.active_row].links
    assert {link.name for link in links} <= set(seen)


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
    assert shown() == every
    parts: set[str] = set()
    for choice in ("MATCHED", "UNMATCHED", "CONTROLS"):
        state().show_rows = choice
        assert shown()
        assert not parts & shown()
        parts |= shown()
    assert parts == every
    state().show_rows = "ALL"
    state().search = " BLINK"
    assert {"eyeBlinkLeft", "eyeBlinkRight"} <= shown() < every


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
