# SPDX-License-Identifier: GPL-3.0-or-later
"""inspect and convert, and takes that cannot be read."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facemocap_addon.core.channels import Channel
from facemocap_addon.core.take import make_take
from facemocap_addon.core.take_file import take_bytes

Run = Callable[..., Any]

KEYS = ("format", "samples", "duration_s", "rate_hz", "channels", "gaps", "not_recorded")


def test_inspect_prints_a_page_for_people(facemocap: Run, sample_take: Path):
    result = facemocap("inspect", sample_take)
    assert result.status == 0
    assert result.err == ""
    assert "jawOpen" in result.out


def test_inspect_answers_with_the_documented_keys(facemocap: Run, sample_take: Path):
    result = facemocap("inspect", sample_take, "--json")
    document = result.document
    assert set(KEYS) | {"warnings"} <= set(document)
    rows = list(csv.reader(sample_take.open(encoding="utf-8")))[1:]
    assert document["samples"] >= len(rows)
    assert len(document["channels"]) == 61
    assert document["rate_hz"] == pytest.approx(59.904, abs=0.05)


@pytest.mark.shared
def test_inspect_tells_the_real_take_s_length_and_what_is_missing(facemocap: Run, shared: Path):
    path = shared / "takes" / "livelinkface" / "alexdjulin_alex_rom_3.csv"
    document = facemocap("inspect", path, "--json").document
    # 30 Hz rows under a 60-based timecode: 134 seconds, not 67
    assert document["duration_s"] == pytest.approx(134.4, abs=0.05)
    assert document["rate_hz"] == pytest.approx(30, abs=0.03)
    assert document["not_recorded"] == ["headYaw", "headPitch", "headRoll"]
    assert document["gaps"]


def test_convert_keeps_everything(
    facemocap: Run, sample_take: Path, tmp_path: Path, files_in: Callable[[Path], set[str]]
):
    kept, again = tmp_path / "a.take.npz", tmp_path / "b.take.npz"
    assert facemocap("convert", sample_take, "--out", kept).status == 0
    assert facemocap("convert", kept, "--out", again).status == 0
    assert kept.read_bytes() == again.read_bytes()
    assert files_in(tmp_path) == {kept.name, again.name}
    first, second = (facemocap("inspect", p, "--json").document for p in (sample_take, kept))
    assert [second[key] for key in KEYS[1:]] == [first[key] for key in KEYS[1:]]


def test_convert_to_csv_and_back(facemocap: Run, sample_take: Path, tmp_path: Path):
    out = tmp_path / "back.csv"
    result = facemocap("convert", sample_take, "--out", out, "--json")
    assert result.status == 0
    document = result.document
    assert document["output"] == str(out)
    first, second = (facemocap("inspect", p, "--json").document for p in (sample_take, out))
    assert second["samples"] == first["samples"] == document["samples"]
    for one, other in zip(first["channels"], second["channels"], strict=True):
        assert other["name"] == one["name"]
        assert math.isclose(other["max"], one["max"], abs_tol=1e-6)


@pytest.mark.parametrize("name", ["take.npz", "take.txt", "take"])
def test_convert_writes_two_kinds_only(
    facemocap: Run, sample_take: Path, tmp_path: Path, name: str
):
    result = facemocap("convert", sample_take, "--out", tmp_path / name)
    assert result.status == 2
    assert ".take.npz or .csv" in result.complaint
    assert list(tmp_path.iterdir()) == []


def test_convert_leaves_what_exists_alone(facemocap: Run, short_take: Path, tmp_path: Path):
    out = tmp_path / "out.csv"
    out.write_text("mine")
    result = facemocap("convert", short_take, "--out", out)
    assert result.status == 2
    assert "--overwrite" in result.complaint
    assert out.read_text() == "mine"
    assert facemocap("convert", short_take, "--out", out, "--overwrite").status == 0
    assert out.read_text().startswith("Timecode,")


def test_convert_never_replaces_its_own_input(facemocap: Run, short_take: Path):
    before = short_take.read_bytes()
    result = facemocap("convert", short_take, "--out", short_take, "--overwrite")
    assert result.status == 2
    assert "the file to read" in result.complaint
    assert short_take.read_bytes() == before


def test_convert_into_a_folder_that_is_none(facemocap: Run, short_take: Path, tmp_path: Path):
    for out in (tmp_path / "missing" / "a.csv", short_take / "a.csv"):
        result = facemocap("convert", short_take, "--out", out)
        assert result.status == 2
        assert "cannot be written" in result.complaint


def _one_row(text: bytes) -> bytes:
    return b"\n".join(text.split(b"\n")[:2]) + b"\n"


def _backwards(text: bytes) -> bytes:
    header, *rows = text.strip().split(b"\n")
    return b"\n".join([header, *reversed(rows[:50])]) + b"\n"


def _cut_take(text: bytes) -> bytes:
    take = make_take(np.arange(100.0), [Channel("jawOpen")], np.zeros((100, 1)))
    whole = take_bytes(take)
    return whole[: len(whole) // 2]


BAD: dict[str, Callable[[bytes], bytes]] = {
    "empty.csv": lambda _: b"",
    "blank.csv": lambda _: b"\n \n",
    "cut_in_the_header.csv": lambda text: text[:400],
    "page.csv": lambda _: b"<!DOCTYPE html><html><body>Not found</body></html>",
    "binary.csv": lambda _: bytes(range(256)) * 40,
    "prices.csv": lambda _: b"Date,Price\n2024-01-01,12.5\n2024-01-02,13.5\n",
    "header.csv": lambda text: text.split(b"\n")[0] + b"\n",
    "one_row.csv": _one_row,
    "backwards.csv": _backwards,
    "cut.take.npz": _cut_take,
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("command", ["inspect", "convert", "retarget"])
def test_a_bad_take_is_one_sentence_and_nothing_is_written(  # noqa: PLR0917
    facemocap: Run,
    sample_take: Path,
    arkit_head: Path,
    tmp_path: Path,
    files_in: Callable[[Path], set[str]],
    name: str,
    command: str,
):
    bad = tmp_path / name
    bad.write_bytes(BAD[name](sample_take.read_bytes()))
    out = tmp_path / "out" / "deeper"
    words = {
        "inspect": (),
        "convert": ("--out", tmp_path / "new.take.npz"),
        "retarget": ("--rig", arkit_head, "--out", out, "--report", tmp_path / "report.json"),
    }[command]
    result = facemocap(command, bad, *words)
    assert result.status == 2
    assert name in result.complaint
    assert result.out == ""
    assert files_in(tmp_path) == {name}
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["inspect", "convert", "retarget"])
def test_a_missing_take_and_a_folder(
    facemocap: Run, arkit_head: Path, tmp_path: Path, command: str
):
    words = {
        "inspect": (),
        "convert": ("--out", tmp_path / "new.take.npz"),
        "retarget": ("--rig", arkit_head, "--out", tmp_path / "out"),
    }[command]
    for path, said in ((tmp_path / "gone.csv", "does not exist"), (tmp_path, "is a folder")):
        result = facemocap(command, path, *words)
        assert result.status == 2
        assert said in result.complaint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.shared
def test_broken_files_from_the_wild(facemocap: Run, shared: Path, tmp_path: Path):
    for path in sorted((shared / "takes" / "broken").iterdir()):
        result = facemocap("inspect", path)
        assert result.status == 2
        assert path.name in result.complaint
