# SPDX-License-Identifier: GPL-3.0-or-later
"""The button Test: what ends it, and that nothing is left of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy as blender
import pytest

from facemocap_addon.ops.trying import FACEMOCAP_OT_test_channel

# the stubs of bpy know nothing of an add-on's operators and properties
bpy: Any = blender


@pytest.fixture(autouse=True)
def character(registered: None, sample_rigs: Path) -> None:
    bpy.ops.wm.open_mainfile(filepath=str(sample_rigs / "arkit_head.blend"))
    bpy.ops.facemocap.import_take(filepath=str(sample_rigs / "sample_take.csv"))
    block().value = 0.125


def block() -> Any:
    return bpy.data.objects["arkit_head"].data.shape_keys.key_blocks["jawOpen"]


@pytest.fixture
def running(stand_in: Callable[[Any], Any]) -> Any:
    """The operator in the middle of its way."""
    operator = stand_in(FACEMOCAP_OT_test_channel)
    operator.channel, operator.control = "jawOpen", ""
    operator._test = operator._plan(bpy.context)
    operator._began = time.perf_counter() - 0.6
    return operator


def test_it_moves_with_the_clock_and_ends_by_itself(running: Any, event: Any):
    assert running.modal(bpy.context, event("TIMER")) == {"RUNNING_MODAL"}
    assert block().value > 0.9
    running._began -= 1.0
    assert running.modal(bpy.context, event("TIMER")) == {"FINISHED"}
    assert block().value == 0.125


@pytest.mark.parametrize(
    ("kind", "value", "answer"),
    [
        ("ESC", "PRESS", {"CANCELLED"}),
        ("RIGHTMOUSE", "PRESS", {"CANCELLED"}),
        ("LEFTMOUSE", "PRESS", {"FINISHED", "PASS_THROUGH"}),
        ("Z", "PRESS", {"FINISHED", "PASS_THROUGH"}),
    ],
)
def test_keys_and_clicks_end_it(running: Any, event: Any, kind: str, value: str, answer: set[str]):
    running.modal(bpy.context, event("TIMER"))
    assert running.modal(bpy.context, event("MOUSEMOVE")) == {"RUNNING_MODAL"}
    assert block().value > 0.9
    assert running.modal(bpy.context, event(kind, value)) == answer
    assert block().value == 0.125


def test_an_error_puts_back_too(running: Any, event: Any, monkeypatch: pytest.MonkeyPatch):
    running.modal(bpy.context, event("TIMER"))
    test = running._test

    def fail(share: float) -> None:
        raise ZeroDivisionError

    broken = SimpleNamespace(show=fail, put_back=test.put_back)
    running._test = broken
    with pytest.raises(ZeroDivisionError):
        running.modal(bpy.context, event("TIMER"))
    assert block().value == 0.125
    # Blender's own end, after ours: nothing more to do
    running.cancel(bpy.context)
    assert block().value == 0.125


def test_blender_may_end_it(running: Any, event: Any):
    running.modal(bpy.context, event("TIMER"))
    running.cancel(bpy.context)
    assert block().value == 0.125


def test_scripts_can_test_and_nothing_is_left():
    bpy.ops.ed.undo_push(message="before")
    assert bpy.ops.facemocap.test_channel(channel="jawOpen") == {"FINISHED"}
    assert block().value == 0.125
    name = "jawOpen · arkit_head"
    assert bpy.ops.facemocap.test_channel(control=name) == {"FINISHED"}
    assert block().value == 0.125
    assert not bpy.data.actions
    bpy.ops.facemocap.clear_entry(channel="tongueOut")
    with pytest.raises(RuntimeError, match="moves nothing"):
        bpy.ops.facemocap.test_channel(channel="tongueOut")
    with pytest.raises(RuntimeError, match="no free control"):
        bpy.ops.facemocap.test_channel(control="nonsense")


def test_it_is_no_undo_step():
    assert "UNDO" not in FACEMOCAP_OT_test_channel.bl_options
    block().value = 0.25
    bpy.ops.ed.undo_push(message="a quarter")
    block().value = 0.5
    bpy.ops.ed.undo_push(message="a half")
    bpy.ops.facemocap.test_channel("EXEC_DEFAULT", True, channel="jawOpen")
    bpy.ops.ed.undo()
    assert block().value == 0.25


def test_while_the_scene_plays_the_button_says_why_not():
    playing = SimpleNamespace(
        scene=bpy.context.scene, screen=SimpleNamespace(is_animation_playing=True)
    )
    said: list[str] = []
    poll = FACEMOCAP_OT_test_channel.poll_more.__func__

    class Spy:
        @classmethod
        def refuse(cls, why: str) -> bool:
            said.append(why)
            return False

    assert poll(Spy, playing) is False
    assert said == ["Stop playback first"]
    playing.screen.is_animation_playing = False
    assert poll(Spy, playing) is True
