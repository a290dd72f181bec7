# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot be followed gets a sentence, and what need not be followed costs nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import pytest
from control_rigs import add_variable, drive_by_bone, make_dial_face, make_panel, make_rigged_face
from file_state import differences, file_state
from small_scenes import add_property, character_of, drive, link_datablock

from facemocap_addon.gateway.characters.characters import pick_character, read_character


def _notes(scene: Any, obj: Any) -> str:
    scene.frame_set(1)
    return "\n".join(read_character(pick_character(scene, [obj]), scene).notes)


def _value(face: Any, shape: str = "jawOpen") -> Any:
    return face.data.shape_keys.key_blocks[shape]


def _by_bone(kind: str, expression: str) -> Callable[[Any, Any], None]:
    def build(rig: Any, face: Any) -> None:
        drive_by_bone(_value(face), "value", rig, "slider.003", kind, expression)

    return build


def _by_property(expression: str, **limits: Any) -> Callable[[Any, Any], None]:
    def build(rig: Any, face: Any) -> None:
        drive(_value(face), "value", rig, add_property(rig, "prop_17", 0.0, **limits), expression)

    return build


def _plain_rig() -> Any:
    """An armature none of whose bones has a name that says anything."""
    return make_panel("rig")


def _goes_up_and_down(rig: Any, face: Any) -> None:
    _by_property("sin(v * 6.28)", min=0.0, max=1.0)(rig, face)


def _jumps(rig: Any, face: Any) -> None:
    _by_property("v > 0.3", min=0.0, max=1.0)(rig, face)


def _two_roots(rig: Any, face: Any) -> None:
    fcurve = drive(_value(face), "value", rig, add_property(rig, "prop_17", 0.0), "v + w")
    add_variable(fcurve, "w", rig, add_property(rig, "prop_18", 0.0))


def _only_together(rig: Any, face: Any) -> None:
    fcurve = drive(_value(face), "value", rig, add_property(rig, "prop_17", 0.0), "min(v, w)")
    add_variable(fcurve, "w", rig, add_property(rig, "prop_18", 0.0))


def _muted_before(rig: Any, face: Any) -> None:
    middle = add_property(rig, "mid", 0.0)
    drive(rig, middle, rig, add_property(rig, "prop_17", 0.0), "v * 2").mute = True
    drive(_value(face), "value", rig, middle, "v + 0.0")


def _broken_before(rig: Any, face: Any) -> None:
    middle = add_property(rig, "mid", 0.0)
    drive(rig, middle, rig, '["gone"]', "v * 2")
    drive(_value(face), "value", rig, middle, "v + 0.0")


def _locked(rig: Any, face: Any) -> None:
    rig.pose.bones["slider.003"].lock_location[1] = True
    _by_bone("LOC_Y", "v * 20")(rig, face)


def _by_camera(rig: Any, face: Any) -> None:
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    drive(_value(face), "value", camera, "data.lens", "v / 100")


def _in_another_mode(rig: Any, face: Any) -> None:
    rig.pose.bones["slider.003"].rotation_mode = "QUATERNION"
    drive(_value(face), "value", rig, 'pose.bones["slider.003"].rotation_euler[0]', "v * 2")


def _out_of_reach(rig: Any, face: Any) -> None:
    _by_property("v - 7", min=0.0, max=5.0)(rig, face)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (_goes_up_and_down, ["sin(v * 6.28)", "up and down", 'property "prop_17" on rig']),
        (_jumps, ["v > 0.3", "jumps", "prop_17"]),
        (_two_roots, ["v + w", "prop_17", "prop_18", "nothing tells which"]),
        (_only_together, ["min(v, w)", "prop_17", "prop_18", "does not answer"]),
        (_by_property("v + frame * 0.01"), ["v + frame * 0.01", "scene's frame"]),
        (_muted_before, ["v + 0.0", 'property "mid" on rig', "muted", "v * 2"]),
        (_broken_before, ["v + 0.0", 'property "mid" on rig', "broken", "v * 2"]),
        (_locked, ["v * 20", 'location Y of bone "slider.003" on rig', "locked"]),
        (_by_camera, ["v / 100", "lens", "camera"]),
        (_in_another_mode, ["v * 2", 'bone "slider.003"', "Quaternion"]),
        (_out_of_reach, ["v - 7", "does not answer", "prop_17"]),
    ],
)
def test_what_cannot_be_turned_round_gets_a_sentence(
    build: Callable[[Any, Any], None], words: list[str], blank_scene: Any
) -> None:
    rig, face = _plain_rig(), make_dial_face(["jawOpen", "mouthClose"])
    build(rig, face)
    blank_scene.frame_set(1)
    before = file_state(blank_scene)
    sentences = [line for line in _notes(blank_scene, face).splitlines() if "is not moved" in line]
    assert differences(before, file_state(blank_scene)) == []
    assert len(sentences) == 1, sentences
    for word in ['"jawOpen" on face', *words]:
        assert word in sentences[0]
    _, rig_map = character_of(blank_scene, face)
    assert "jawOpen" not in rig_map.channels
    assert "jawOpen" in rig_map.unmatched_channels


def test_one_sentence_for_the_same_shape_on_several_meshes(blank_scene: Any) -> None:
    rig, face = make_rigged_face(["jawOpen"])
    teeth = make_dial_face(["jawOpen"], name="teeth", rig=rig)
    path = add_property(rig, "prop_17", 0.0, min=0.0, max=1.0)
    for mesh in (face, teeth):
        drive(_value(mesh), "value", rig, path, "sin(v * 6)")
    assert len(_notes(blank_scene, face).splitlines()) == 1
    assert '"jawOpen" on face and teeth' in _notes(blank_scene, face)


def test_muted_drivers_are_named_with_what_they_say(blank_scene: Any) -> None:
    rig, face = _plain_rig(), make_dial_face(["jawOpen"])
    drive(_value(face), "value", rig, add_property(rig, "prop_17", 0.0), "v * 3").mute = True
    notes = _notes(blank_scene, face)
    assert '"jawOpen" on face does nothing: its driver is muted ("v * 3").' in notes
    assert character_of(blank_scene, face)[1].entries == ()


def test_names_that_say_nothing_are_not_complained_about(blank_scene: Any) -> None:
    rig, face = make_rigged_face(["bulge", "jawOpen"])
    drive(_value(face, "bulge"), "value", rig, add_property(rig, "prop_17", 0.0), "sin(v * 9)")
    assert _notes(blank_scene, face) == ""


def test_without_drivers_nothing_is_copied(
    blank_scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor where drivers are plain, or a name says which property moves them."""
    rig, face = make_rigged_face(["jawOpen", "mouthClose", "jawLeft"])
    drive_by_bone(_value(face), "value", rig, "slider.003", "LOC_Y", "v * 20 - 0.1")
    path = add_property(rig, "mouthClose", 0.0)
    drive(_value(face, "mouthClose"), "value", rig, path, "min(v * v, 1)")
    monkeypatch.setattr("facemocap_addon.gateway.probing.probe_copy.standin", None)
    read_character(pick_character(blank_scene, [face]), blank_scene)
    drive_by_bone(_value(face, "jawLeft"), "value", rig, "slider.003", "LOC_X", "sin(v)")
    with pytest.raises(TypeError):
        read_character(pick_character(blank_scene, [face]), blank_scene)


def test_a_linked_root_is_named(blank_scene: Any, tmp_path: Path) -> None:
    library = str(tmp_path / "panel.blend")
    bpy.data.libraries.write(library, {make_panel()})
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    panel = link_datablock(library, "objects", "panel")
    scene.collection.objects.link(panel)
    face = make_dial_face(["jawOpen"])
    drive_by_bone(_value(face), "value", panel, "slider.003", "LOC_Y", "v * 20")
    notes = _notes(scene, face)
    assert '"jawOpen" on face is not moved: its driver "v * 20" moves with' in notes
    assert 'bone "slider.003" on panel, which is linked from another file' in notes
    assert character_of(scene, face)[1].entries == ()
