# SPDX-License-Identifier: GPL-3.0-or-later
"""Wrong use, help, and the ways in."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from facemocap_addon.cli import blender
from facemocap_addon.cli.main import COMMANDS, main

Run = Callable[..., Any]

RETARGET = ("retarget", "take.csv", "--rig", "head.blend", "--out", "out")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("retaget", "take.csv"), "'retaget'"),
        (("inspect",), "TAKE must be given"),
        (("inspect", "a.csv", "b.csv"), "b.csv"),
        (("inspect", "a.csv", "--jsn"), "--jsn"),
        (("convert", "a.csv"), "--out must be given"),
        (("retarget", "a.csv"), "--rig, --out must be given"),
        (("retarget", "a.csv", "--rig", "--out", "d"), "--rig"),
        ((*RETARGET, "--fps", "fast"), '"fast" is no frame rate'),
        ((*RETARGET, "--fps", "0"), '"0" is no frame rate'),
        ((*RETARGET, "--fps", "nan"), '"nan" is no frame rate'),
        ((*RETARGET, "--fps", "30/0"), '"30/0" is no frame rate'),
        ((*RETARGET, "--start", "x"), '"x" is no frame'),
        ((*RETARGET, "--start", "inf"), '"inf" is no frame'),
        ((*RETARGET, "--range", "3"), '"3" is no range'),
        ((*RETARGET, "--range", ":"), '":" is no range'),
        ((*RETARGET, "--range", "a:b"), '"a:b" is no range'),
        ((*RETARGET, "--range", "nan:2"), '"nan:2" is no range'),
        ((*RETARGET, "--range", "5:2"), "holds nothing"),
        ((*RETARGET, "--keys", "some"), "'some'"),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_wrong_use_is_one_sentence_and_status_2(
    facemocap: Run, words: tuple[str, ...], named: str, as_json: bool
):
    result = facemocap(*words, *(["--json"] if as_json else []))
    assert result.status == 2
    assert named in result.complaint
    if as_json:
        assert f"facemocap: {result.document['error']}" == result.complaint
    else:
        assert result.out == ""


def test_no_command_at_all(facemocap: Run):
    result = facemocap()
    assert result.status == 2
    assert "No command is given" in result.complaint


def test_help_names_every_command_and_status(facemocap: Run):
    result = facemocap("--help")
    assert result.status == 0
    assert result.err == ""
    for command in COMMANDS:
        assert f"    {command.name} " in result.out
    for status in ("0 ", "1 ", "2 ", "3 ", "130 "):
        assert f"\n  {status}" in result.out


@pytest.mark.parametrize("command", [command.name for command in COMMANDS])
def test_help_of_a_command_has_examples_of_it(facemocap: Run, command: str):
    result = facemocap(command, "--help")
    assert result.status == 0
    assert f"\n  facemocap {command} " in result.out


def test_examples_in_the_help_are_understood(facemocap: Run):
    for command in COMMANDS:
        for example in command.examples:
            words = example.partition(" > ")[0].split()[1:]
            # their files are not there, which is found out only after the words are understood
            assert "--help" not in facemocap(*words).complaint, example


def test_version_is_printed(facemocap: Run):
    result = facemocap("--version")
    assert result.status == 0
    assert result.out.startswith("facemocap ")


def test_main_never_ends_the_process(capfd: pytest.CaptureFixture[str]):
    assert main(["--help"]) == 0
    assert main(["nothing"]) == 2


def test_module_and_function_say_the_same(facemocap: Run, run_process: Run, sample_take: Path):
    inside, outside = facemocap("inspect", sample_take), run_process("inspect", sample_take)
    assert outside.status == 0
    assert outside.out == inside.out


def test_commands_about_takes_do_not_load_blender(repo: Path, sample_take: Path, tmp_path: Path):
    code = (
        "import sys; from facemocap_addon.cli.main import main\n"
        f"status = main(['inspect', {str(sample_take)!r}])\n"
        f"status += main(['convert', {str(sample_take)!r}, '--out', {str(tmp_path / 'a.csv')!r}])\n"
        "sys.exit(10 if 'bpy' in sys.modules else status)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=repo, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", ["map", "retarget"])
def test_without_blender_one_sentence_says_how_to_get_it(
    repo: Path, sample_take: Path, arkit_head: Path, tmp_path: Path, command: str
):
    out = tmp_path / "out"
    words = {
        "map": ["map", str(arkit_head)],
        "retarget": ["retarget", str(sample_take), "--rig", str(arkit_head), "--out", str(out)],
    }[command]
    code = (
        "import sys; sys.modules['bpy'] = None\n"
        f"sys.argv = ['facemocap', *{words!r}]\n"
        "from facemocap_addon.cli.main import run; run()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=repo, check=False, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert 'pip install "facemocap[blender]"' in done.stderr
    assert "blender --command facemocap" in done.stderr
    assert not out.exists()


def test_a_missing_system_library_is_named():
    problem = ImportError("libXrender.so.1: cannot open shared object file: No such file")
    assert "libXrender.so.1" in blender.explain_import(problem).what
    other = ImportError("numpy.core.multiarray failed to import")
    assert "numpy.core.multiarray" in blender.explain_import(other).what


def test_a_reader_that_goes_away_is_no_failure(facemocap_process: Run, sample_take: Path):
    reader, writer = os.pipe()
    os.close(reader)
    process = facemocap_process("inspect", sample_take, stdout=writer)
    os.close(writer)
    assert process.communicate(timeout=60)[1] == ""
    assert process.returncode == 0


def test_a_closed_standard_output_is_no_failure(repo: Path, sample_take: Path):
    done = subprocess.run(
        ["sh", "-c", f'"{sys.executable}" -m facemocap_addon inspect "{sample_take}" >&-'],
        cwd=repo,
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_bug_looks_like_one(facemocap: Run, sample_take: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(take: object):
        raise RuntimeError("the sky fell")

    monkeypatch.setattr("facemocap_addon.cli.inspect.inspect_take", fail)
    result = facemocap("inspect", sample_take, "--json")
    assert result.status == 3
    assert "Traceback" in result.err
    assert "the sky fell" in result.document["error"]
