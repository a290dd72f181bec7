# SPDX-License-Identifier: GPL-3.0-or-later
"""Track Video and the installation behind it: takes, questions, progress, Esc."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy as blender
import pytest

from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.progress import Job, Progress
from facemocap_addon.ops import video
from facemocap_addon.ops.video import (
    FACEMOCAP_OT_install_tracking,
    FACEMOCAP_OT_track_video,
    draw_status,
)
from facemocap_addon.props import Work, tracking_folder

# the stubs of bpy know nothing of an add-on's operators and properties
bpy: Any = blender
CLIP = "pyfeat_single_face.mp4"


@pytest.fixture(autouse=True)
def _own_folder(registered: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("FACEMOCAP_TRACKING_PYTHON", raising=False)
    monkeypatch.setenv("FACEMOCAP_TRACKING", str(tmp_path / "env"))


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Say whether Blender may go online; its own switch cannot be set from here."""

    def say(may: bool) -> None:
        app = SimpleNamespace(online_access=may, background=bpy.app.background)
        stand_in = SimpleNamespace(app=app, path=bpy.path, types=bpy.types)
        monkeypatch.setattr(video, "bpy", stand_in)

    return say


@pytest.fixture
def tracker(shared: Path, tracking_python: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tracking environment in use; the folder of the videos."""
    monkeypatch.setenv("FACEMOCAP_TRACKING_PYTHON", str(tracking_python))
    return shared / "takes" / "video"


def test_without_an_environment_the_button_says_why():
    assert not bpy.ops.facemocap.track_video.poll()
    with pytest.raises(RuntimeError, match="Video tracking is not installed"):
        bpy.ops.facemocap.track_video(filepath="v.mp4")


@pytest.mark.shared
def test_a_video_becomes_the_panels_take(tracker: Path, sample_rigs: Path):
    bpy.ops.wm.open_mainfile(filepath=str(sample_rigs / "arkit_head.blend"))
    assert bpy.ops.facemocap.track_video(filepath=str(tracker / CLIP)) == {"FINISHED"}
    state = bpy.context.scene.facemocap
    (item,) = state.takes
    assert item.name == "pyfeat_single_face"
    assert item.duration_s == pytest.approx(71 / 30, abs=1e-3)
    assert {"mouthSmileLeft", "mp_000.x"} <= {*item.channels.split("\n")}
    # the only character of the file is found, and the take drives it
    (character,) = state.characters
    assert character.driving_count > 30
    assert bpy.ops.facemocap.apply_take() == {"FINISHED"}


@pytest.mark.shared
def test_an_empty_room_leaves_no_take(tracker: Path):
    with pytest.raises(RuntimeError, match="shows no face in any of its 95 frames"):
        bpy.ops.facemocap.track_video(filepath=str(tracker / "pyfeat_no_face.mp4"))
    assert not bpy.context.scene.facemocap.takes
    assert Work.progress() is None


@pytest.mark.shared
def test_escape_ends_the_worker(tracker: Path, stand_in: Callable[[Any], Any], event: Any):
    operator = stand_in(FACEMOCAP_OT_track_video)
    operator.filepath = str(tracker / CLIP)
    operator.is_mirrored = operator.has_neutral = False
    operator.task = ""
    operator._job = operator.start(bpy.context)
    seen: list[float] = []
    deadline = time.monotonic() + 30
    while not any(seen) and time.monotonic() < deadline:
        assert operator.modal(bpy.context, event("TIMER")) == {"RUNNING_MODAL"}
        progress = Work.progress()
        assert progress is not None
        seen.append(progress.done)
    assert seen[-1] > 0
    assert operator.modal(bpy.context, event("ESC", "PRESS")) == {"CANCELLED"}
    assert Work.progress() is None
    assert not bpy.context.scene.facemocap.takes
    assert "nothing is changed" in operator.told[-1][1]


def test_nothing_is_downloaded_while_blender_is_offline(
    online: Callable[[bool], None], stand_in: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
):
    called: list[Path] = []
    monkeypatch.setattr(video, "install_tracking", lambda folder, **_: called.append(folder))
    operator = stand_in(FACEMOCAP_OT_install_tracking)
    operator.fetch_python = False
    online(False)
    with pytest.raises(FacemocapError, match="may not go online"):
        operator.start(bpy.context)
    assert called == []
    online(True)
    operator.start(bpy.context)
    assert called == [tracking_folder()]


def test_installing_asks_first_and_works_in_steps(
    online: Callable[[bool], None], stand_in: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
):
    def work(folder: Path, *, fetch_python: bool) -> Job[Path]:
        assert fetch_python
        for step in range(4):
            yield Progress(step / 4, "Installing MediaPipe")
        return Path(sys.executable)

    monkeypatch.setattr(video, "install_tracking", work)
    online(True)
    operator = stand_in(FACEMOCAP_OT_install_tracking)
    operator.fetch_python = True
    asked: list[Any] = []

    def ask(dialog: Any, **_size: int) -> set[str]:
        asked.append(dialog)
        return {"RUNNING_MODAL"}

    manager = SimpleNamespace(invoke_props_dialog=ask)
    context = SimpleNamespace(window_manager=manager)
    assert operator.invoke(context, None) == {"RUNNING_MODAL"}
    assert asked == [operator]
    assert operator._job is None, "not before the answer"
    report = operator.perform(bpy.context)
    assert report.summary == "Video tracking is installed"


def test_what_is_installed_can_be_removed(tmp_path: Path):
    from facemocap_addon.core.video.tracking_environment import MARKER

    folder = tmp_path / "env"
    folder.mkdir()
    (folder / MARKER).write_text('{"state": "ready"}', encoding="utf-8")
    assert tracking_folder() == folder
    assert bpy.ops.facemocap.remove_tracking() == {"FINISHED"}
    assert not folder.exists()


def test_the_status_bar_has_a_bar():
    told: list[Any] = []
    row = SimpleNamespace(
        label=lambda **words: told.append(words["text"]),
        progress=lambda factor, text: told.append((factor, text)),
    )
    header = SimpleNamespace(layout=SimpleNamespace(row=lambda: row))
    draw_status(header, bpy.context)
    assert told == []
    Work.show(Progress(0.25, "Looking at clip.mp4"))
    draw_status(header, bpy.context)
    Work.show(None)
    assert told == ["   stops it", (0.25, "25 %"), "Looking at clip.mp4"]
