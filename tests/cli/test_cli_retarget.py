# SPDX-License-Identifier: GPL-3.0-or-later
"""retarget and map: files, options, reports and refusals, on the sample characters."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")

Run = Callable[..., Any]

ENTRY_KEYS = {
    "rig",
    "status",
    "error",
    "output",
    "action",
    "keys",
    "channels_matched",
    "channels_unmatched",
    "measures",
    "warnings",
}


def test_all_sample_characters_in_a_process_of_its_own(
    run_process: Run,
    open_blend: Run,
    short_take: Path,
    sample_rigs: Path,
    tmp_path: Path,
    files_in: Callable[[Path], set[str]],
):
    rigs = [sample_rigs / f"{n}.blend" for n in ("arkit_head", "bone_face", "toon")]
    rigs.append(sample_rigs / "facs_controls.blend")  # Python drivers: 4.5's package hangs at exit
    out, report = tmp_path / "new" / "out", tmp_path / "report.json"
    words = ("--rig", *rigs, "--out", out, "--report", report, "--json", "--enable-scripts")
    result = run_process("retarget", short_take, *words)
    assert result.status == 0, result.err
    document = result.document
    assert json.loads(report.read_text(encoding="utf-8")) == document
    assert "Read blend" in result.err
    assert "facemocap:" not in result.err
    assert files_in(out) == {f"short_{rig.stem}.blend" for rig in rigs}
    assert document["schema"] == 1
    assert document["seconds"] > 0
    assert document["take"]["samples"] == 60
    assert document["take"]["path"] == str(short_take)
    assert [entry["rig"] for entry in document["rigs"]] == [str(rig) for rig in rigs]
    for entry in document["rigs"]:
        assert set(entry) >= ENTRY_KEYS
        assert entry["status"] == "done"
        assert entry["error"] is None
        assert entry["keys"] > 0
        assert {"jawOpen", "eyeBlinkLeft"} <= set(entry["channels_matched"])
        assert not set(entry["channels_matched"]) & set(entry["channels_unmatched"])
        scene = open_blend(Path(entry["output"]))
        assert entry["action"] in bpy.data.actions
        action = bpy.data.actions[entry["action"]]
        bags = [action.layers[0].strips[0].channelbag(slot) for slot in action.slots]
        keys = sum(len(curve.keyframe_points) for bag in bags for curve in bag.fcurves)
        assert keys == entry["keys"]
        assert [scene.frame_start, scene.frame_end] == entry["frame_range"]


def test_people_read_what_was_matched_and_where_it_is(
    facemocap: Run, short_take: Path, sample_rigs: Path, tmp_path: Path
):
    out = tmp_path / "out"
    toon = sample_rigs / "toon.blend"
    result = facemocap("retarget", short_take, "--rig", toon, "--out", out)
    assert result.status == 0
    assert result.err == ""
    for part in ("short.csv: 60 samples", "matched", "no partner", "keys", "out/short_toon.blend"):
        assert part in result.out
    assert "Read blend" not in result.out


def test_one_failing_rig_does_not_stop_the_others(
    facemocap: Run, make_rig: Run, short_take: Path, arkit_head: Path, tmp_path: Path
):
    good = make_rig(tmp_path / "good.blend", "Anna")
    bare = make_rig(tmp_path / "bare.blend", "Stone", shapes=())
    out = tmp_path / "out"
    words = ("--rig", bare, tmp_path / "gone.blend", good, "--out", out)
    result = facemocap("retarget", short_take, *words)
    assert result.status == 1
    lines = result.err.splitlines()
    assert len(lines) == 2
    assert '"bare.blend" has neither shape keys nor bones' in lines[0]
    assert "gone.blend" in lines[1]
    assert "does not exist" in lines[1]
    assert [path.name for path in out.iterdir()] == ["short_good.blend"]


def _page(path: Path) -> Path:
    path.write_text("<!DOCTYPE html><html><body>Not found</body></html>")
    return path


def _cut(path: Path, whole: Path) -> Path:
    data = whole.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    return path


@pytest.mark.parametrize(
    "kind", ["bare", "cut", "page", "text", "folder", "gone", "lamp", "unknown"]
)
@pytest.mark.parametrize("command", ["map", "retarget"])
def test_a_bad_rig_is_one_sentence_and_nothing_is_written(  # noqa: PLR0917
    facemocap: Run,
    make_rig: Run,
    short_take: Path,
    arkit_head: Path,
    tmp_path: Path,
    kind: str,
    command: str,
):
    rig = {
        "bare": lambda: make_rig(tmp_path / "bare.blend", "Stone", shapes=()),
        "lamp": lambda: make_rig(tmp_path / "lamp.blend"),
        "unknown": lambda: make_rig(tmp_path / "unknown.blend", "Blob", shapes=("wobble",)),
        "cut": lambda: _cut(tmp_path / "cut.blend", arkit_head),
        "page": lambda: _page(tmp_path / "page.glb"),
        "text": lambda: shutil.copy(short_take, tmp_path / "text.blend"),
        "folder": lambda: tmp_path,
        "gone": lambda: tmp_path / "gone.fbx",
    }[kind]()
    before = sorted(tmp_path.rglob("*"))
    out = tmp_path / "new" / "out"
    if command == "map":
        result = facemocap("map", rig, "--out", tmp_path / "map.json")
    else:
        result = facemocap("retarget", short_take, "--rig", rig, "--out", out)
    assert result.status == 2
    assert Path(rig).name in result.complaint
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.shared
@pytest.mark.parametrize(
    "name", ["facecap_is_really_html_first4k.glb", "facecap_truncated_30014_of_332808.glb"]
)
def test_broken_gltf_from_the_wild(
    facemocap: Run, short_take: Path, shared: Path, tmp_path: Path, name: str
):
    rig = shared / "takes" / "broken" / name
    result = facemocap("retarget", short_take, "--rig", rig, "--out", tmp_path / "out")
    assert result.status == 2
    assert name in result.complaint
    assert not (tmp_path / "out").exists()


@pytest.mark.shared
@pytest.mark.parametrize(
    "name",
    [
        "makehuman/makehuman_vrm1_test.vrm",
        "sumerian_cristine/cristine.gltf",
        "rocketbox/Male_Adult_04.fbx",
        "makehuman_rigify/makehuman_rigify_skin_face.blend",
    ],
)
def test_real_characters_of_every_kind_of_file(
    facemocap: Run,
    open_blend: Run,
    short_take: Path,
    shared: Path,
    tmp_path: Path,
    name: str,
):
    rig = shared / "rigs" / name
    result = facemocap("retarget", short_take, "--rig", rig, "--out", tmp_path, "--json")
    assert result.status == 0, result.err
    (entry,) = result.document["rigs"]
    assert "jawOpen" in entry["channels_matched"]
    open_blend(tmp_path / f"short_{rig.stem}.blend")
    assert entry["action"] in bpy.data.actions


def test_an_unwritable_folder_is_found_before_any_work(
    facemocap: Run, short_take: Path, arkit_head: Path, tmp_path: Path
):
    for out in (short_take, short_take / "out"):
        result = facemocap("retarget", short_take, "--rig", arkit_head, "--out", out)
        assert result.status == 2
        assert str(out) in result.complaint
        assert result.out == ""


def test_an_existing_result_is_left_alone_unless_overwrite(
    facemocap: Run,
    make_rig: Run,
    only_action: Run,
    short_take: Path,
    tmp_path: Path,
):
    rig = make_rig(tmp_path / "a.blend", "Anna")
    out = tmp_path / "out"
    out.mkdir()
    result_file = out / "short_a.blend"
    result_file.write_text("mine")
    words = ("retarget", short_take, "--rig", rig, "--out", out)
    refused = facemocap(*words)
    assert refused.status == 2
    assert "--overwrite" in refused.complaint
    assert result_file.read_text() == "mine"
    assert facemocap(*words, "--overwrite").status == 0
    assert only_action(result_file).slots


def test_the_rig_s_own_file_is_never_changed(
    facemocap: Run, make_rig: Run, short_take: Path, tmp_path: Path
):
    rig = make_rig(tmp_path / "a.blend", "Anna")
    before = rig.read_bytes()
    assert facemocap("retarget", short_take, "--rig", rig, "--out", tmp_path).status == 0
    assert rig.read_bytes() == before


def test_equal_names_and_a_rig_given_twice(
    facemocap: Run,
    make_rig: Run,
    short_take: Path,
    tmp_path: Path,
    files_in: Callable[[Path], set[str]],
):
    rig = make_rig(tmp_path / "head.blend", "Anna")
    glb = tmp_path / "head.glb"
    bpy.ops.wm.open_mainfile(filepath=str(rig))
    bpy.ops.export_scene.gltf(filepath=str(glb))
    out = tmp_path / "out"
    result = facemocap("retarget", short_take, "--rig", rig, glb, rig, "--out", out, "--json")
    assert result.status == 0, result.err
    assert len(result.document["rigs"]) == 2
    assert files_in(out) == {"short_head_blend.blend", "short_head_glb.blend"}


def test_names_that_collide_are_refused_before_any_work(
    facemocap: Run, make_rig: Run, short_take: Path, tmp_path: Path
):
    rigs = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        rigs.append(make_rig(tmp_path / folder / "head.blend", "Anna"))
    result = facemocap("retarget", short_take, "--rig", *rigs, "--out", tmp_path / "out")
    assert result.status == 2
    assert "would both be written to" in result.complaint
    assert not (tmp_path / "out").exists()


def test_a_range_that_misses_the_take(
    facemocap: Run, short_take: Path, arkit_head: Path, tmp_path: Path
):
    out = tmp_path / "out"
    words = ("retarget", short_take, "--rig", arkit_head, "--out", out, "--range", "5:")
    result = facemocap(*words)
    assert result.status == 2
    assert "range" in result.complaint
    assert not out.exists()


def test_start_rate_and_keep_range(
    facemocap: Run,
    make_rig: Run,
    open_blend: Run,
    short_take: Path,
    tmp_path: Path,
):
    rig = make_rig(tmp_path / "a.blend", "Anna")
    words = ("retarget", short_take, "--rig", rig, "--json", "--overwrite", "--out", tmp_path)
    facemocap(*words, "--start", "31", "--fps", "30000/1001")
    scene = open_blend(tmp_path / "short_a.blend")
    assert (scene.frame_start, scene.frame_end) == (31, 31 + 30)
    assert (scene.render.fps, scene.render.fps_base) == (30, pytest.approx(1.001))
    facemocap(*words, "--start", "101", "--keep-range")
    scene = open_blend(tmp_path / "short_a.blend")
    assert (scene.frame_start, scene.frame_end) == (1, 250)
    assert scene.render.fps == 24


def test_a_start_before_frame_0_is_kept_and_said(
    facemocap: Run,
    make_rig: Run,
    only_action: Run,
    short_take: Path,
    tmp_path: Path,
):
    rig = make_rig(tmp_path / "a.blend", "Anna")
    words = ("--rig", rig, "--out", tmp_path, "--start", "-10", "--json")
    (entry,) = facemocap("retarget", short_take, *words).document["rigs"]
    assert any("before frame 0" in warning for warning in entry["warnings"])
    assert only_action(tmp_path / "short_a.blend").frame_range[0] == -10


def test_stills_lie_beside_the_result(
    facemocap: Run,
    short_take: Path,
    sample_rigs: Path,
    tmp_path: Path,
    files_in: Callable[[Path], set[str]],
):
    words = ("retarget", short_take, "--rig", sample_rigs / "toon.blend", "--out", tmp_path / "out")
    result = facemocap(*words, "--preview", "--range", ":0.1", "--json")
    assert result.status == 0, result.err
    stills = [Path(still) for still in result.document["rigs"][0]["stills"]]
    assert stills
    for still in stills:
        assert still.parent == tmp_path / "out" / "short_toon"
        assert still.read_bytes().startswith(b"\x89PNG")
    assert files_in(tmp_path / "out") == {
        "short_toon.blend",
        *(f"short_toon/{still.name}" for still in stills),
    }
    (tmp_path / "out" / "short_toon.blend").unlink()
    again = facemocap(*words, "--preview")
    assert again.status == 2
    assert "--overwrite" in again.complaint


def test_a_report_is_written_when_every_rig_was_refused(
    facemocap: Run, short_take: Path, tmp_path: Path
):
    report = tmp_path / "reports" / "r.json"
    words = ("--rig", tmp_path / "gone.blend", "--out", tmp_path / "out", "--report", report)
    result = facemocap("retarget", short_take, *words)
    assert result.status == 2
    (entry,) = json.loads(report.read_text(encoding="utf-8"))["rigs"]
    assert entry["status"] == "failed"
    assert result.complaint == f"facemocap: {entry['error']}"
    assert not (tmp_path / "out").exists()


def test_a_bug_with_one_rig_is_reported_and_the_others_are_done(
    facemocap: Run, make_rig: Run, short_take: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from facemocap_addon.cli import rig_jobs

    rigs = [make_rig(tmp_path / f"{name}.blend", name) for name in ("Anna", "Bert")]
    real = rig_jobs.open_rig

    def fail_once(path: Path, enable_scripts: bool):
        if path.stem == "Anna":
            raise ZeroDivisionError("the sky fell")
        return real(path, enable_scripts)

    monkeypatch.setattr(rig_jobs, "open_rig", fail_once)
    words = ("--rig", *rigs, "--out", tmp_path / "out", "--json")
    result = facemocap("retarget", short_take, *words)
    assert result.status == 3
    assert "Traceback" in result.err
    assert [entry["status"] for entry in result.document["rigs"]] == ["failed", "done"]
    assert (tmp_path / "out" / "short_Bert.blend").is_file()
