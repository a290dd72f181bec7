# SPDX-License-Identifier: GPL-3.0-or-later
"""What every source file keeps to: licence line, docstring, length, sound data files."""

from __future__ import annotations

import ast
import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("facemocap_addon", "devtools", "benchmarks", "sample_rigs", "tests")
SPDX = "# SPDX-License-Identifier: GPL-3.0-or-later"
LONGEST_FILE = 400
LONGEST_EXECUTE = 40


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


SOURCES = [*ROOT.glob("*.py"), *(p for f in FOLDERS for p in sorted((ROOT / f).rglob("*.py")))]
DATA = sorted((ROOT / "facemocap_addon" / "data").rglob("*.*"))
OPERATORS = [p for p in SOURCES if _name(p).startswith("facemocap_addon/ops/")]


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_source_begins_with_licence_and_docstring(path: Path):
    text = path.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#!")]
    assert lines, "an empty file"
    assert lines[0] == SPDX
    assert ast.get_docstring(ast.parse(text)), "no module docstring"


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_source_is_one_idea_long(path: Path):
    length = len(path.read_text(encoding="utf-8").splitlines())
    assert length <= LONGEST_FILE


def test_test_files_have_names_of_their_own():
    names = [path.name for path in SOURCES if _name(path).startswith("tests/")]
    names = [name for name in names if name != "conftest.py"]
    assert len(names) == len(set(names))
    assert "__init__.py" not in names


@pytest.mark.parametrize("path", DATA, ids=_name)
def test_data_file_can_be_read(path: Path):
    if path.suffix == ".json":
        assert json.loads(path.read_text(encoding="utf-8"))
    elif path.suffix == ".toml":
        assert tomllib.loads(path.read_text(encoding="utf-8"))
    elif path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as file:
            assert all(file[name].size for name in file)
    else:
        pytest.fail("data/ holds JSON, TOML and npz only")


@pytest.mark.parametrize("path", OPERATORS, ids=_name)
def test_execute_gathers_calls_and_reports(path: Path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name == "execute":
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= LONGEST_EXECUTE, f"line {node.lineno}: {length} lines"


def test_there_are_operators_and_data():
    assert OPERATORS
    assert DATA
