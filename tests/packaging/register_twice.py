# SPDX-License-Identifier: GPL-3.0-or-later
"""Register and unregister the add-on twice and compare Blender before and after."""

from __future__ import annotations

import sys
import traceback

import bpy
from blender_state import compare, end, take_picture


def main(root: str) -> None:
    """Run with the root folder of the project."""
    sys.path.insert(0, root)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    import facemocap_addon

    before = take_picture()
    for _ in range(2):
        facemocap_addon.register()
        registered = take_picture()
        assert registered["operators"], "register() registers no operator"
        assert "facemocap" in registered["properties"]["Scene"]
        facemocap_addon.unregister()
        compare(before, take_picture())


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except BaseException:  # noqa: BLE001 - whatever it was, the process must end
        traceback.print_exc()
        end(1)
    end()
