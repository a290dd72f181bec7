# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the Face: channels that names do not tell, regions and signatures, progress and Esc."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy as blender
import pytest

from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.measured import Measured
from facemocap_addon.core.progress import Job, Progress
from facemocap_addon.core.report import Report
from facemocap_addon.gateway.measuring.measuring import measure_character
from facemocap_addon.ops import jobs, measuring
from facemocap_addon.ops.jobs import JobOperator
from facemocap_addon.ops.measuring import FACEMOCAP_OT_measure_character
from facemocap_addon.props import Work

# the stubs of bpy know nothing of an add-on's operators and properties
bpy: Any = blender

#: Shapes that keep no name, and what they are.
UNNAMED = {"jawOpen": "zamo", "browInnerUp": "krel", "mouthSmileLeft": "tuvi"}


@pytest.fixture
def unnamed(registered: None, sample_rigs: Path) -> None:
    """A head some of whose shapes say nothing by their names."""
    bpy.ops.wm.open_mainfile(filepath=str(sample_rigs / "arkit_head.blend"))
    for keys in bpy.data.shape_keys:
        for block in keys.key_blocks:
            block.name = UNNAMED.get(block.name, block.name)
    bpy.ops.facemocap.import_take(filepath=str(sample_rigs / "sample_take.csv"))


@pytest.fixture
def measured_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """The measurement of `unnamed`, made once for all tests that only need its outcome."""

    def measure(picked: Any, scene: Any, *, all_bones: bool) -> Job[Measured]:
        assert not all_bones
        yield Progress(0.0, "Measuring")
        if not _held:
            _held.append((yield from measure_character(picked, scene)))
        return _held[0]

    monkeypatch.setattr(measuring, "measure_again", measure)


_held: list[Measured] = []


def item() -> Any:
    return bpy.context.scene.facemocap.characters[0]


def entries() -> list[dict[str, Any]]:
    return json.loads(item().map_json)["entries"]


def driven(channel: str) -> set[str]:
    return {
        e["control"]["path"].split('"')[1]
        for e in entries()
        if channel in [s["channel"] for s in e["sources"]]
    }


def test_channels_without_names_are_found_and_regions_are_told(unnamed: None):
    assert {item().rows[name].status for name in UNNAMED} == {"UNMATCHED"}
    assert not item().is_measured
    before = entries()
    assert bpy.ops.facemocap.measure_character() == {"FINISHED"}
    assert item().is_measured
    assert {name: driven(name) for name in UNNAMED} == {n: {s} for n, s in UNNAMED.items()}
    # what names found stays, but for the eyes: these turn as far as they were measured to
    shapes = [entry for entry in before if entry["control"]["kind"] != "bone"]
    assert [entry for entry in entries() if entry in shapes] == shapes
    assert {item().rows[name].status for name in UNNAMED} <= {"MATCHED", "UNCERTAIN"}
    item().active_row = item().rows.find("jawOpen")
    row = item().rows["jawOpen"]
    row.active_link = [link.owner for link in row.links].index("arkit_head")
    assert item().entry.how == "probe"
    assert item().entry.moves.startswith("jaw, ")
    assert "down" in item().entry.moves
    eyes, lips = item().contact_notes.splitlines()[::2]
    assert re.fullmatch(r"Left eye: [\d.]+ mm open at rest, shut at eyeBlinkLeft [\d.]+", eyes)
    assert lips.startswith("Lips: ")
    assert "sealed by mouthClose" in lips
    assert len(bpy.data.scenes) == 1, "the copies are gone"
    # what was measured is there in the file and for the next take
    bpy.ops.facemocap.match_channels()
    assert driven("jawOpen") == {"zamo"}
    assert item().is_measured


def test_edits_stay_and_what_is_missing_is_added(unnamed: None, measured_before: None):
    item().rows["mouthFunnel"].links[0].gain = 0.5
    bpy.ops.facemocap.clear_entry(channel="cheekPuff")
    edited = [e for e in entries() if e["how"] == "hand"]
    assert edited
    bpy.ops.facemocap.measure_character()
    assert [e for e in entries() if e["how"] == "hand"] == edited
    assert driven("jawOpen") == {"zamo"}


def test_what_is_unsure_is_offered_and_used(unnamed: None, measured_before: None):
    bpy.ops.facemocap.measure_character()
    findings = json.loads(item().findings_json)
    document = json.loads(item().map_json)
    # as if the measurement had been in doubt: below what enters the map, and below what is sure
    zamo = [e for e in document["entries"] if "zamo" in e["control"]["path"]]
    document["entries"] = [e for e in document["entries"] if e not in zamo]
    for entry in document["entries"]:
        if "krel" in entry["control"]["path"]:
            entry["confidence"] = 0.61
    findings[1] = [
        [g[0], g[1], g[2], 0.45, *g[4:]] if g[0] == "jawOpen" else g for g in findings[1]
    ]
    item().findings_json, item().map_json = json.dumps(findings), json.dumps(document)
    bpy.context.scene.facemocap.active_take = 0
    assert {n: item().rows[n].status for n in UNNAMED} == {
        "jawOpen": "UNCERTAIN",
        "browInnerUp": "UNCERTAIN",
        "mouthSmileLeft": "MATCHED",
    }
    assert item().uncertain_count == 2
    assert driven("jawOpen") == set(), "a guess drives nothing"
    assert all(link.is_guess for link in item().rows["jawOpen"].links)
    count = item().driving_count
    with pytest.raises(RuntimeError, match="is not uncertain"):
        bpy.ops.facemocap.accept_match(channel="mouthSmileLeft")
    for name in ("jawOpen", "browInnerUp"):
        assert bpy.ops.facemocap.accept_match(channel=name) == {"FINISHED"}
        assert item().rows[name].status == "MATCHED"
        assert driven(name) == {UNNAMED[name]}
    assert item().uncertain_count == 0
    assert item().driving_count == count + 1
    used = [e for e in entries() if "zamo" in e["control"]["path"]]
    assert [{**e, "how": "", "confidence": 0} for e in used] == [
        {**e, "how": "", "confidence": 0} for e in zamo
    ]


class Counting(JobOperator):
    """A job of five parts that counts what was written."""

    bl_label = "Count"

    def __init__(self) -> None:
        self.told: list[tuple[str, ...]] = []
        self.written: list[int] = []
        self.closed = False
        self.problem: Exception | None = None

    def report(self, kinds: set[str], text: str) -> None:
        self.told.append((*kinds, text))

    def start(self, context: Any) -> Job[int]:
        try:
            for number in range(5):
                if number == 3 and self.problem:
                    raise self.problem
                yield Progress(number / 5, "Counting")
            return 5
        finally:
            self.closed = True

    def finish(self, context: Any, result: int) -> Report:
        self.written.append(result)
        return Report(summary="counted")


@pytest.fixture
def counting(registered: None, monkeypatch: pytest.MonkeyPatch) -> Counting:
    """The job as invoke leaves it, one part a tick."""
    monkeypatch.setattr(jobs, "TURN_S", 0.0)
    monkeypatch.setattr(jobs, "time", SimpleNamespace(perf_counter=_Clock().tick))
    operator = Counting()
    operator._job = operator.start(bpy.context)
    Work.show(next(operator._job))
    return operator


class _Clock:
    """Every other look at it says that the turn is over."""

    def __init__(self) -> None:
        self._looks = 0

    def tick(self) -> float:
        self._looks += 1
        return -1.0 if self._looks % 3 == 2 else 0.0


def test_a_job_shows_how_far_it_is_and_writes_at_its_end(counting: Counting, event: Any):
    assert not bpy.ops.facemocap.find_character.poll(), "one thing at a time"
    seen = [Work.progress()]
    while (answer := counting.modal(bpy.context, event("TIMER"))) == {"RUNNING_MODAL"}:
        seen.append(Work.progress())
        assert counting.written == []
        assert len(seen) < 20
    assert answer == {"FINISHED"}
    assert [p.done for p in seen if p] == sorted({n / 5 for n in range(5)})
    assert counting.written == [5]
    assert counting.told == [("INFO", "counted")]
    assert Work.progress() is None
    assert bpy.ops.facemocap.find_character.poll()


def test_escape_stops_it_and_nothing_is_written(counting: Counting, event: Any):
    counting.modal(bpy.context, event("TIMER"))
    # looking around goes on, everything else waits
    assert counting.modal(bpy.context, event("MIDDLEMOUSE", "PRESS")) == {"PASS_THROUGH"}
    assert counting.modal(bpy.context, event("Z", "PRESS")) == {"RUNNING_MODAL"}
    assert counting.modal(bpy.context, event("ESC", "PRESS")) == {"CANCELLED"}
    assert counting.closed
    assert counting.written == []
    assert Work.progress() is None
    assert "nothing is changed" in counting.told[0][1]


@pytest.mark.parametrize("problem", [FacemocapError("It is gone", "Find it"), ZeroDivisionError()])
def test_a_problem_ends_it(counting: Counting, event: Any, problem: Exception):
    counting.problem = problem
    answers: list[set[str]] = []
    try:
        while not answers or answers[-1] == {"RUNNING_MODAL"}:
            answers.append(counting.modal(bpy.context, event("TIMER")))
    except ZeroDivisionError:
        assert counting.told == [], "a bug looks like one"
    else:
        assert answers[-1] == {"CANCELLED"}
        assert counting.told == [("ERROR", "It is gone. Find it.")]
    assert counting.closed
    assert counting.written == []
    assert Work.progress() is None


def test_another_file_ends_it(counting: Counting, sample_rigs: Path):
    bpy.ops.wm.open_mainfile(filepath=str(sample_rigs / "arkit_head.blend"))
    assert Work.progress() is None
    counting.cancel(bpy.context)
    assert counting.closed


def test_stopping_a_measurement_leaves_the_file_as_it_was(
    unnamed: None, stand_in: Callable[[Any], Any], event: Any
):
    before = (item().map_json, len(bpy.data.objects), len(bpy.data.meshes), len(bpy.data.scenes))
    operator = stand_in(FACEMOCAP_OT_measure_character)
    operator._job = operator.start(bpy.context)
    for _ in range(3):
        next(operator._job)
    assert len(bpy.data.scenes) == 2
    assert operator.modal(bpy.context, event("ESC", "PRESS")) == {"CANCELLED"}
    after = (item().map_json, len(bpy.data.objects), len(bpy.data.meshes), len(bpy.data.scenes))
    assert after == before
    assert not item().is_measured


def test_measuring_is_one_undo_step(unnamed: None, measured_before: None):
    bpy.ops.ed.undo_push(message="before")
    kept = item().map_json
    bpy.ops.facemocap.measure_character("EXEC_DEFAULT", True)
    assert item().map_json != kept
    bpy.ops.ed.undo()
    assert item().map_json == kept
    assert not item().is_measured
