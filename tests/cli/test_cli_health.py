# SPDX-License-Identifier: GPL-3.0-or-later
"""facemocap inspect --report: the health of a take as a page, as figures and as a table."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from facemocap_addon.core.health.examine import examine
from facemocap_addon.core.readers import read_take

Run = Callable[..., Any]


def test_a_page(facemocap: Run, short_take: Path, tmp_path: Path):
    out = tmp_path / "health.html"
    result = facemocap("inspect", short_take, "--report", out)
    assert result.status == 0
    assert result.err == ""
    assert result.out.endswith(f"Health report: {out}\n")
    text = out.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert text.endswith("</html>\n")
    assert "Health of short" in text


def test_all_figures(facemocap: Run, short_take: Path, tmp_path: Path):
    out = tmp_path / "health.json"
    result = facemocap("inspect", short_take, "--report", out, "--json")
    assert result.status == 0
    assert result.document["report"] == str(out)
    assert result.document["format"] == "live_link_face_csv"
    document = json.loads(out.read_text(encoding="utf-8"))
    assert document == examine(read_take(short_take)).to_json()


def test_a_table(facemocap: Run, sample_take: Path, tmp_path: Path):
    out = tmp_path / "HEALTH.CSV"
    assert facemocap("inspect", sample_take, "--report", out).status == 0
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["region", "channel", "measure", "value", "unit", "event"]
    rate = next(row for row in rows if row["measure"] == "rate")
    assert float(rate["value"]) == pytest.approx(59.904, abs=1e-3)


def test_people_read_the_findings(facemocap: Run, sample_take: Path, tmp_path: Path):
    result = facemocap("inspect", sample_take, "--report", tmp_path / "h.html")
    lines = result.out.splitlines()
    found = lines[lines.index("Findings") + 1 :]
    assert found[0].split()[0] == "warning"
    assert max(map(len, lines)) <= 96 + len(str(tmp_path))
    assert any("Nothing was recorded at 6.71 and 13.25 s" in line for line in found)


def test_without_a_report_nothing_is_measured(
    facemocap: Run, short_take: Path, files_in: Callable[[Path], set[str]]
):
    result = facemocap("inspect", short_take, "--json")
    assert "report" not in result.document
    assert files_in(short_take.parent) == {"short.csv"}


def test_a_report_that_exists_stays(facemocap: Run, short_take: Path, tmp_path: Path):
    out = tmp_path / "health.json"
    out.write_text("mine", encoding="utf-8")
    result = facemocap("inspect", short_take, "--report", out)
    assert result.status == 2
    assert "--overwrite" in result.complaint
    assert out.read_text(encoding="utf-8") == "mine"
    assert facemocap("inspect", short_take, "--report", out, "--overwrite").status == 0
    assert json.loads(out.read_text(encoding="utf-8"))["schema"] == 1


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("health.pdf", "Let --report end with .html, .json or .csv"),
        ("health", "Let --report end with .html, .json or .csv"),
        ("none/health.html", "Make the folder first"),
        ("folder.html", "Give --report a file name in it"),
    ],
)
def test_what_cannot_be_written_is_refused_before_any_work(
    facemocap: Run,
    short_take: Path,
    tmp_path: Path,
    files_in: Callable[[Path], set[str]],
    name: str,
    says: str,
):
    (tmp_path / "folder.html").mkdir()
    result = facemocap("inspect", short_take, "--report", tmp_path / name)
    assert result.status == 2
    assert result.out == ""
    assert says in result.complaint
    assert files_in(tmp_path) == {"short.csv"}


def test_the_take_itself_is_never_written_over(facemocap: Run, short_take: Path):
    before = short_take.read_bytes()
    result = facemocap("inspect", short_take, "--report", short_take, "--overwrite")
    assert result.status == 2
    assert "is the file to read" in result.complaint
    assert short_take.read_bytes() == before


def test_what_is_no_take_leaves_no_report(
    facemocap: Run, tmp_path: Path, files_in: Callable[[Path], set[str]]
):
    path = tmp_path / "notes.txt"
    path.write_text("nothing of the kind", encoding="utf-8")
    result = facemocap("inspect", path, "--report", tmp_path / "h.html", "--json")
    assert result.status == 2
    assert set(result.document) == {"schema", "error"}
    assert files_in(tmp_path) == {"notes.txt"}


def test_how_much_reaches_a_character(facemocap: Run, short_take: Path, tmp_path: Path):
    rig_map = tmp_path / "map.json"
    control = {"kind": "shape_key", "owner": "head", "path": "x", "index": 0}
    entry = {"control": control, "sources": [{"channel": "jawOpen"}], "limits": [0, 1]}
    document = {"schema": 1, "rig": "hero", "entries": [entry]}
    rig_map.write_text(json.dumps(document), encoding="utf-8")
    out = tmp_path / "health.json"
    result = facemocap("inspect", short_take, "--report", out, "--map", rig_map)
    assert result.status == 0
    mapping = json.loads(out.read_text(encoding="utf-8"))["mapping"]
    assert (mapping["rig"], mapping["reached"]) == ("hero", 1)
    assert mapping["channels"] == 61
    written_over = facemocap(
        "inspect", short_take, "--report", rig_map, "--map", rig_map, "--overwrite"
    )
    assert "is the file to read" in written_over.complaint


def test_a_map_alone_is_refused(facemocap: Run, short_take: Path, tmp_path: Path):
    result = facemocap("inspect", short_take, "--map", tmp_path / "map.json")
    assert result.status == 2
    assert "--report" in result.complaint


def test_retarget_reports_the_health_on_the_character(
    facemocap: Run, short_take: Path, sample_rigs: Path, tmp_path: Path
):
    report, rig = tmp_path / "report.json", sample_rigs / "arkit_head.blend"
    words = ("retarget", short_take, "--rig", rig, "--out", tmp_path)
    assert facemocap(*words, "--report", report).status == 0
    (entry,) = json.loads(report.read_text(encoding="utf-8"))["rigs"]
    health = entry["health"]
    assert set(health) == {"findings", "mapping", "on_character"}
    assert health["mapping"]["reached"] == len(entry["channels_matched"])
    own = health["on_character"]
    assert (own["character"], own["contacts_kept"]) == ("arkit_head", True)
    assert own["openings"] == ["left_lids", "mouth", "right_lids"]
    assert own["closings"]
    # the largest gaps of all frames are told with the measures: no moment is beyond these
    most = entry["measures"]["lip_gap_percent"]
    lips = [closing for closing in own["closings"] if closing["what"] == "lip contact"]
    assert max(c["after"] for c in lips) <= most["after"]["largest"] + 1e-3
    assert max(c["before"] for c in lips) <= most["before"]["largest"] + 1e-3
    # without a report nothing is measured for it
    result = facemocap(*words, "--overwrite", "--json", "--by-names")
    assert result.status == 0
    assert "health" not in result.document["rigs"][0]


def test_retarget_writes_a_page_about_all_characters(
    facemocap: Run, short_take: Path, sample_rigs: Path, tmp_path: Path
):
    stone = tmp_path / "stone.glb"
    stone.write_bytes(b"glTF nothing")
    rigs = [sample_rigs / "arkit_head.blend", sample_rigs / "toon.blend", stone]
    page = tmp_path / "done.html"
    words = ("--out", tmp_path / "out", "--by-names", "--report", page, "--json")
    result = facemocap("retarget", short_take, "--rig", *rigs, *words)
    assert result.status == 1
    assert [entry["status"] for entry in result.document["rigs"]] == ["done", "done", "failed"]
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert text.endswith("</html>\n")
    assert text.count("<h1") == 1
    assert "Health of short" in text
    for words in ("As it plays on arkit_head", "As it plays on toon", "Not done", "stone.glb"):
        assert words in text
    # the same figures are in the document
    told = [entry["health"]["on_character"]["character"] for entry in result.document["rigs"][:2]]
    assert told == ["arkit_head", "toon"]
    assert result.document["rigs"][0]["health"]["mapping"]["rig"] == "arkit_head"
    # nothing at all: a page that says why
    lost = tmp_path / "lost.html"
    words = ("--out", tmp_path / "out", "--by-names", "--report", lost)
    assert facemocap("retarget", short_take, "--rig", stone, *words).status == 2
    text = lost.read_text(encoding="utf-8")
    assert "Not done" in text
    assert "stone.glb" in text
