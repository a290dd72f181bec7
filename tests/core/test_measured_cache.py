# SPDX-License-Identifier: GPL-3.0-or-later
"""The cache of measurements: found again, tidy, and never in the way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from test_measured import make_measured

from facemocap_addon.core import measured_cache
from facemocap_addon.core.measured import SCHEMA
from facemocap_addon.core.measured_cache import cache_folder, read_cached, write_cached

PRINT = "00ff00ff00ff00ff"


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        ({"XDG_CACHE_HOME": "/there"}, "linux", "/there/facemocap/measured"),
        ({}, "linux", "/home/x/.cache/facemocap/measured"),
        ({"XDG_CACHE_HOME": "relative"}, "linux", "/home/x/.cache/facemocap/measured"),
        ({"XDG_CACHE_HOME": "/there"}, "darwin", "/home/x/Library/Caches/facemocap/measured"),
        ({"LOCALAPPDATA": "/local"}, "win32", "/local/facemocap/measured"),
        ({}, "win32", "/home/x/AppData/Local/facemocap/measured"),
        ({"FACEMOCAP_CACHE": "/mine", "XDG_CACHE_HOME": "/there"}, "linux", "/mine/measured"),
        ({"FACEMOCAP_NO_CACHE": "1", "FACEMOCAP_CACHE": "/mine"}, "linux", None),
        ({"FACEMOCAP_NO_CACHE": "yes"}, "win32", None),
        ({"FACEMOCAP_NO_CACHE": "0", "XDG_CACHE_HOME": "/a"}, "linux", "/a/facemocap/measured"),
        ({"FACEMOCAP_NO_CACHE": "", "XDG_CACHE_HOME": "/a"}, "linux", "/a/facemocap/measured"),
    ],
)
def test_where_it_is(
    environ: dict[str, str], platform: str, expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", lambda: Path("/home/x"))
    found = cache_folder(environ, platform)
    assert (found.as_posix() if found else None) == expected


def test_the_environment_of_the_process_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FACEMOCAP_NO_CACHE", raising=False)
    monkeypatch.setenv("FACEMOCAP_CACHE", "/mine")
    assert cache_folder() == Path("/mine/measured")
    monkeypatch.setenv("FACEMOCAP_NO_CACHE", "1")
    assert cache_folder() is None


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nowhere)
    assert cache_folder({}, "linux") is None


def test_what_was_written_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "not yet" / "there"
    measured = make_measured(PRINT)
    assert read_cached(PRINT, folder) is None
    assert write_cached(measured, folder)
    assert read_cached(PRINT, folder) == measured
    assert read_cached("11" * 8, folder) is None
    assert [path.name for path in folder.iterdir()] == [f"{PRINT}.json.gz"]
    # written again, it takes the place of the former
    other = measured.with_part("bones", None)
    assert write_cached(other, folder)
    assert read_cached(PRINT, folder) == other


def test_switched_off_nothing_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert not write_cached(make_measured(PRINT), None)
    assert read_cached(PRINT, None) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", "../../etc", "ABCDEF0123456789", "a/b", "0" * 500, "0123"])
def test_only_fingerprints_are_names(name: str, tmp_path: Path) -> None:
    assert not write_cached(make_measured(name), tmp_path)
    assert read_cached(name, tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_damaged_foreign_and_newer_files_are_as_if_absent(tmp_path: Path) -> None:
    whole = make_measured(PRINT).to_bytes()
    path = tmp_path / f"{PRINT}.json.gz"
    newer = make_measured(PRINT, schema=SCHEMA + 1).to_bytes()
    foreign = make_measured("ab" * 8).to_bytes()
    for data in (b"", whole[:-3], b"<html>", whole[:40] + b"\0" + whole[41:], newer, foreign):
        path.write_bytes(data)
        assert read_cached(PRINT, tmp_path) is None
    path.unlink()
    path.mkdir()
    assert read_cached(PRINT, tmp_path) is None
    assert not write_cached(make_measured(PRINT), tmp_path)
    path.rmdir()
    assert write_cached(make_measured(PRINT), tmp_path)
    assert read_cached(PRINT, tmp_path) == make_measured(PRINT)


def test_a_folder_that_cannot_be_made_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert not write_cached(make_measured(PRINT), tmp_path / "file" / "measured")
    assert read_cached(PRINT, tmp_path / "file" / "measured") is None
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_write_that_fails_leaves_the_former(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    former = make_measured(PRINT)
    assert write_cached(former, tmp_path)

    def full(self: Path, data: bytes) -> int:
        with self.open("wb") as file:
            file.write(data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    assert not write_cached(former.with_part("more", {"a": 1}), tmp_path)
    assert read_cached(PRINT, tmp_path) == former
    assert [path.name for path in tmp_path.iterdir()] == [f"{PRINT}.json.gz"]


def test_those_used_longest_ago_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measured_cache, "MOST_FILES", 5)
    names = [f"{number:016x}" for number in range(8)]
    for age, name in enumerate(names[:5]):
        assert write_cached(make_measured(name), tmp_path)
        # the first was used last
        os.utime(tmp_path / f"{name}.json.gz", (1e9 - age, 1e9 - age))
    # a file of another's, however old, and what a killed process left
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "photo.gz").write_text("mine")
    for name, age in ((".0000-abc.gz", 1e9), (".1111-abc.gz", None)):
        (tmp_path / name).write_bytes(b"half")
        if age:
            os.utime(tmp_path / name, (age, age))
    assert read_cached(names[4], tmp_path) is not None, "reading counts as use"
    for name in names[5:7]:
        assert write_cached(make_measured(name), tmp_path)
    left = {path.name.partition(".")[0] for path in tmp_path.glob("0*.json.gz")}
    assert left == {names[number] for number in (0, 1, 4, 5, 6)}
    others = {path.name for path in tmp_path.iterdir() if path.name[0] != "0"}
    assert others == {"notes.txt", "photo.gz", ".1111-abc.gz"}


def test_two_processes_at_once(tmp_path: Path, repo: Path) -> None:
    code = f"""
import sys
sys.path[:0] = [{str(repo)!r}, {str(Path(__file__).parent)!r}]
from pathlib import Path
from test_measured import make_measured
from facemocap_addon.core.measured_cache import read_cached, write_cached
measured, folder = make_measured({PRINT!r}), Path({str(tmp_path)!r})
for _ in range(60):
    write_cached(measured, folder)
    assert read_cached({PRINT!r}, folder) == measured
"""
    assert write_cached(make_measured(PRINT), tmp_path)
    running = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    assert [process.wait(60) for process in running] == [0, 0]
    assert [path.name for path in tmp_path.iterdir()] == [f"{PRINT}.json.gz"]
