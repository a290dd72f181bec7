# SPDX-License-Identifier: GPL-3.0-or-later
"""The layers hold: who may import whom, who may touch Blender's data, what needs no Blender."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "facemocap_addon"

# A layer is a folder or a module directly below the package; each may also import itself.
ALLOWED = {
    "core": set(),
    "worker": {"core"},
    "gateway": {"core", "migrations"},
    "migrations": {"core"},
    "props": {"core"},
    "preferences": {"core", "props"},
    "ops": {"core", "gateway", "props"},
    "ui": {"core", "props"},
    "cli": {"core", "gateway"},
    "registration": {"core", "gateway", "migrations", "ops", "ui", "cli", "props", "preferences"},
    "__init__": {"core", "registration"},
    "__main__": {"cli"},
}

BLENDER = {
    "addon_utils", "aud", "bl_math", "blf", "bmesh", "bpy", "bpy_extras", "freestyle", "gpu",
    "gpu_extras", "idprop", "imbuf", "mathutils",
}  # fmt: skip
NEEDS_NO_BLENDER = {"core", "worker", "__init__", "__main__"}
THIRD_PARTY = {
    "core": {"numpy", "scipy"},
    "worker": {"numpy", "scipy", "cv2", "mediapipe"},
}
# Opening a file makes a new context, which nobody can pass in.
MAY_READ_CONTEXT = {"registration.py", "gateway/files/rig_files.py"}
MAY_TOUCH_DATA = {"gateway"}

MODULES = sorted(PACKAGE.rglob("*.py"))


def _name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def _layer(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def list_imports(path: Path) -> Iterator[tuple[ast.stmt, tuple[str, ...], int]]:
    """Yield each import of a module: the statement, the dotted target and the relative level.

    ``from .x import y`` counts as x.y, since y may be a module.
    """
    for node in ast.walk(_parse(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, tuple(alias.name.split(".")), 0
        elif isinstance(node, ast.ImportFrom):
            parts = tuple(node.module.split(".")) if node.module else ()
            for alias in node.names:
                yield node, (*parts, alias.name), node.level


def imported_layer(path: Path, target: tuple[str, ...], level: int) -> str | None:
    """Return the layer that a relative import reaches, None when it leaves the package."""
    if level > len(path.relative_to(PACKAGE).parts):
        return None
    here = path.relative_to(PACKAGE).parts[: -level or None]
    return (*here, *target)[0]


def _attributes(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and name of what is read off the module bpy; a context's data counts as bpy's."""
    for node in ast.walk(_parse(path)):
        if isinstance(node, ast.Attribute):
            if node.attr == "blend_data":
                yield node.lineno, "data"
            elif isinstance(node.value, ast.Name) and node.value.id == "bpy":
                yield node.lineno, node.attr
        elif isinstance(node, ast.ImportFrom) and node.module == "bpy":
            for alias in node.names:
                yield node.lineno, alias.name


def test_the_package_is_there():
    assert {"core", "gateway", "ops", "ui", "cli"} <= {_layer(path) for path in MODULES}
    unknown = {_layer(path) for path in MODULES} - ALLOWED.keys()
    assert not unknown, f"layers without a rule: {unknown}"


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_layers_import_only_what_they_may(path: Path):
    layer = _layer(path)
    allowed = ALLOWED[layer] | {layer}
    wrong: list[str] = []
    for node, target, level in list_imports(path):
        if level:
            reached = imported_layer(path, target, level)
            if reached is None:
                wrong.append(f"line {node.lineno}: leaves the package")
            elif reached in ALLOWED and reached not in allowed:
                wrong.append(f"line {node.lineno}: {layer} imports {reached}")
        elif target[0] == "facemocap_addon":
            wrong.append(f"line {node.lineno}: imports its own package absolutely")
    assert not wrong


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_only_known_packages_are_imported(path: Path):
    layer = _layer(path)
    known = THIRD_PARTY.get(layer, {"numpy", "scipy"})
    known = known if layer in NEEDS_NO_BLENDER else known | BLENDER
    foreign = {
        target[0]
        for _, target, level in list_imports(path)
        if level == 0 and target[0] not in sys.stdlib_module_names
    }
    assert foreign <= known


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_scipy_is_imported_inside_the_functions_that_need_it(path: Path):
    for node in _parse(path).body:
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            continue
        assert not [name for name in names if name.split(".")[0] == "scipy"]


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_only_the_gateway_touches_blender_data(path: Path):
    if _layer(path) not in MAY_TOUCH_DATA:
        lines = [line for line, name in _attributes(path) if name == "data"]
        assert not lines, f"bpy.data in lines {lines}"


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_context_is_passed_in(path: Path):
    if _name(path) not in MAY_READ_CONTEXT:
        lines = [line for line, name in _attributes(path) if name == "context"]
        assert not lines, f"bpy.context in lines {lines}"


def test_the_scan_sees_what_it_looks_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A scan that finds nothing would pass everything."""
    monkeypatch.setitem(globals(), "PACKAGE", tmp_path)
    folder = tmp_path / "core" / "readers"
    folder.mkdir(parents=True)
    path = folder / "x.py"
    path.write_text(
        "import bpy\n"
        "from bpy import context as c\n"
        "from ... import gateway\n"
        "from ...gateway.keys import write\n"
        "from ..take import Take\n"
        "from . import y\n"
        "from .... import z\n"
        "def f():\n"
        "    import scipy.signal\n"
        "    return bpy.data.objects, c.blend_data\n",
        encoding="utf-8",
    )
    reached = [
        (target, imported_layer(path, target, level) if level else None)
        for _, target, level in list_imports(path)
    ]
    assert set(reached) == {
        (("bpy",), None),
        (("bpy", "context"), None),
        (("gateway",), "gateway"),
        (("gateway", "keys", "write"), "gateway"),
        (("take", "Take"), "core"),
        (("y",), "core"),
        (("z",), None),
        (("scipy", "signal"), None),
    }
    assert sorted(_attributes(path)) == [(2, "context"), (10, "data"), (10, "data")]


def test_core_needs_neither_blender_nor_scipy_to_be_imported(repo: Path):
    code = f"""
import importlib, pkgutil, sys
for name in {sorted(BLENDER | {"scipy", "mediapipe", "cv2"})!r}:
    sys.modules[name] = None
import facemocap_addon
from facemocap_addon import core
count = 0
for module in pkgutil.walk_packages(core.__path__, core.__name__ + "."):
    importlib.import_module(module.name)
    count += 1
assert count > 10, count
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=repo, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
