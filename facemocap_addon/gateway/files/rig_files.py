# SPDX-License-Identifier: GPL-3.0-or-later
"""Character files: opened or imported, and saved whole or not at all."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import bpy

from ...core.errors import FacemocapError
from ...core.files import read_file, unfinished

#: How characters come in, by what the file begins with and not by its extension.
_BLEND_STARTS = (b"BLENDER", b"\x28\xb5\x2f\xfd", b"\x1f\x8b")


def open_rig(path: Path, enable_scripts: bool = False) -> bpy.types.Scene:
    """Open a .blend, or import a .glb, .gltf, .vrm or .fbx into an empty file; its scene.

    Raises
    ------
    FacemocapError
        When the file is missing, damaged, of a newer Blender or of no known format.
    """
    kind = _kind_of(path)
    try:
        if kind == "blend":
            bpy.ops.wm.open_mainfile(filepath=str(path), use_scripts=enable_scripts, load_ui=False)
        else:
            bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
            _import(path, kind)
    except RuntimeError as problem:
        raise FacemocapError(
            f'"{path.name}" could not be opened: {_reason(problem)}',
            "Open it in Blender to see what is wrong with it",
        ) from problem
    scene = bpy.context.window.scene if bpy.context.window else bpy.context.scene
    scene.view_layers[0].update()
    return scene


def newer_blender() -> str:
    """The Blender that saved the open file, as "5.2", when it is newer than this one; else empty.

    An older Blender may open the file and lose parts of it on saving.
    """
    version: Any = bpy.data.version
    saved = tuple(version)[:2]
    return ".".join(map(str, saved)) if saved > bpy.app.version[:2] else ""


def save_blend(path: Path) -> None:
    """Save the open file, compressed, whole or not at all; the open file keeps its own path.

    Paths to linked files and textures are kept working from the new place.
    """
    with unfinished(path) as temporary:
        # Blender would keep the empty file as a backup, NAME.blend1
        temporary.unlink()
        try:
            bpy.ops.wm.save_as_mainfile(
                filepath=str(temporary), compress=True, copy=True, relative_remap=True
            )
        except RuntimeError as problem:
            raise FacemocapError(
                f'"{path.name}" could not be saved: {_reason(problem)}',
                "Check the free space and the folder's permissions",
            ) from problem


def import_fbx(path: Path, stage: bpy.types.Scene) -> None:
    """Import an FBX with its animation into a scene that no window shows; the open one stays.

    Raises
    ------
    FacemocapError
        When it is damaged.
    """
    try:
        with in_scene(stage):
            bpy.ops.wm.fbx_import(filepath=str(path), use_anim=True)
    except RuntimeError as problem:
        raise FacemocapError(
            f'"{path.name}" is damaged: {_reason(problem)[:150]}', "Export or copy it again"
        ) from problem


def in_scene(
    stage: bpy.types.Scene, active: bpy.types.Object | None = None
) -> AbstractContextManager[Any]:
    """Let operators of Blender work on a scene that no window shows, one object being active."""
    layer = stage.view_layers[0]
    given: dict[str, Any] = {"scene": stage, "view_layer": layer, "collection": stage.collection}
    if active is not None:
        layer.objects.active = active
        given |= {"object": active, "active_object": active, "selected_objects": [active]}
    return bpy.context.temp_override(**given)


def _kind_of(path: Path) -> str:
    head = read_file(path, 4096, what="The rig ")
    start = head.lstrip()
    if head.startswith(_BLEND_STARTS):
        return "blend"
    if head.startswith(b"glTF") or (start.startswith(b"{") and path.suffix.lower() != ".blend"):
        return "gltf"
    if head.startswith(b"Kaydara FBX Binary"):
        return "fbx"
    if start.startswith(b"; FBX"):
        return "fbx ascii"
    if start[:64].lower().startswith((b"<!doctype html", b"<html")):
        raise FacemocapError(
            f'The rig "{path.name}" is a web page and not a character',
            "Download the file itself",
        )
    raise FacemocapError(
        f'The rig "{path.name}" is no character file that Blender reads',
        "Give a .blend, .glb, .gltf, .vrm or .fbx",
    )


def _import(path: Path, kind: str) -> None:
    if kind == "gltf":
        _enable("io_scene_gltf2")
        bpy.ops.import_scene.gltf(filepath=str(path))
    elif kind == "fbx" or hasattr(bpy.types, "WM_OT_fbx_import"):
        # the importer written in C++ also reads text FBX
        if hasattr(bpy.types, "WM_OT_fbx_import"):
            bpy.ops.wm.fbx_import(filepath=str(path))
        else:
            _enable("io_scene_fbx")
            bpy.ops.import_scene.fbx(filepath=str(path))
    else:
        raise FacemocapError(
            f'"{path.name}" is a text FBX, which this Blender does not read',
            "Export it as binary FBX or glTF",
        )


def _enable(module: str) -> None:
    """Switch on an importer that comes with Blender but may be off."""
    import addon_utils  # noqa: PLC0415  part of Blender

    if not addon_utils.check(module)[1]:
        addon_utils.enable(module)


def _reason(problem: Exception) -> str:
    """What an operator's error says in the end, without Python's call stack and without paths."""
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith("Location:")]
    if not lines:
        return "unknown error"
    if any("Traceback" in line for line in lines):
        return lines[-1].rpartition(": ")[2]
    first = lines[0].removeprefix("Error: ")
    return first.rpartition(": ")[2] if first.startswith("Loading ") else first
