# SPDX-License-Identifier: GPL-3.0-or-later
"""Install a zip, enable it, use it, disable it, remove it: nothing may be left."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

import bpy
from blender_state import compare, end, take_picture

REPOSITORY = "user_default"
MODULE = f"bl_ext.{REPOSITORY}.facemocap"


def main(package: str, take: str) -> None:
    """Run with the zip and a take to import."""
    user_folder = Path(os.environ["BLENDER_USER_RESOURCES"])
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    before = take_picture()

    bpy.ops.extensions.package_install_files(
        filepath=package, repo=REPOSITORY, enable_on_install=True
    )
    addons = bpy.context.preferences.addons
    assert MODULE in addons, f"not enabled: {list(addons.keys())}"
    installed = list(user_folder.rglob("facemocap/blender_manifest.toml"))
    assert len(installed) == 1, installed
    assert bpy.ops.facemocap.import_take.poll(), "import_take is not available in an empty file"
    assert bpy.ops.facemocap.import_take(filepath=take) == {"FINISHED"}
    assert "facemocap" in take_picture()["properties"]["Scene"]

    bpy.ops.preferences.addon_disable(module=MODULE)
    assert MODULE not in addons
    compare(before, take_picture())
    # Modules of a disabled extension may stay loaded; its classes and data may not.
    repositories = [repo.module for repo in bpy.context.preferences.extensions.repos]
    bpy.ops.extensions.package_uninstall(
        repo_index=repositories.index(REPOSITORY), pkg_id="facemocap"
    )
    left = [path for path in user_folder.rglob("*") if "facemocap" in path.name]
    assert not left, f"files left behind: {left}"
    compare(before, take_picture())


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except BaseException:  # noqa: BLE001 - whatever it was, the process must end
        traceback.print_exc()
        end(1)
    end()
