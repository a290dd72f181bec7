# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifest, pip metadata and the environments of dev.py agree with each other."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from devtools.blenders import SUPPORTED


@pytest.fixture(scope="session")
def manifest(repo: Path) -> dict[str, Any]:
    return tomllib.loads((repo / "blender_manifest.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def project(repo: Path) -> dict[str, Any]:
    return tomllib.loads((repo / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_versions_agree(manifest: dict[str, Any], project: dict[str, Any]):
    import facemocap_addon

    assert manifest["version"] == project["version"]
    assert getattr(facemocap_addon, "__version__", project["version"]) == project["version"]


def test_licences_agree(repo: Path, manifest: dict[str, Any], project: dict[str, Any]):
    assert manifest["license"] == [f"SPDX:{project['license']}"]
    text = (repo / "LICENSE").read_text(encoding="utf-8")
    assert "GNU GENERAL PUBLIC LICENSE" in text
    assert "Version 3, 29 June 2007" in text


def test_manifest_names_no_wheels_and_what_it_wants_to_do(manifest: dict[str, Any]):
    assert "wheels" not in manifest
    # only installing video tracking downloads anything
    assert set(manifest["permissions"]) == {"files", "network"}
    assert "video tracking" in manifest["permissions"]["network"]


def test_oldest_blender_is_the_manifests(manifest: dict[str, Any]):
    assert manifest["blender_version_min"] == f"{SUPPORTED[-1].release}.0"


def test_pip_extra_and_dev_environments_know_the_same_pythons(project: dict[str, Any]):
    extra = " ".join(project["optional-dependencies"]["blender"])
    named = set(re.findall(r"python_version == '(\d+)\.(\d+)'", extra))
    assert {(int(major), int(minor)) for major, minor in named} == {b.python for b in SUPPORTED}


def test_console_script_exists(project: dict[str, Any]):
    from importlib import import_module

    module, _, function = project["scripts"]["facemocap"].partition(":")
    assert callable(getattr(import_module(module), function))
