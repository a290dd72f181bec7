# SPDX-License-Identifier: GPL-3.0-or-later
"""``facemocap track``: a take from a video; and installing what that needs."""

from __future__ import annotations

import math
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from ..core.errors import FacemocapError
from ..core.progress import run_job
from ..core.take_file import write_take_file
from ..core.video.tracking_environment import (
    SIZE_TEXT,
    addon_folder,
    default_folder,
    install_tracking,
    remove_tracking,
    tracking_python,
)
from ..core.video.video_worker import VideoOptions, track_video
from .command import DONE, Command, add_json_option, add_overwrite_option
from .output import SCHEMA, Console
from .outputs import check_new_file

_TAKE = ".take.npz"


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("video", nargs="?", metavar="VIDEO", help="the video to look at")
    parser.add_argument("--out", metavar="NAME.take.npz", help="take file to write")
    parser.add_argument(
        "--mirrored",
        action="store_true",
        help="the picture is mirrored, as webcam programs show it: turn it round first",
    )
    parser.add_argument(
        "--neutral",
        type=_parse_second,
        metavar="S",
        help="second of the video at which the face is neutral (default: it is looked for)",
    )
    parser.add_argument(
        "--task",
        metavar="FILE",
        help="a face_landmarker.task file, for the tracker of MediaPipe 1.x",
    )
    group = parser.add_argument_group("installing")
    group.add_argument(
        "--install", action="store_true", help=f"install MediaPipe ({SIZE_TEXT}); asks first"
    )
    group.add_argument("--remove", action="store_true", help="delete what --install installed")
    group.add_argument("--yes", action="store_true", help="with --install: do not ask")
    group.add_argument(
        "--fetch-python",
        action="store_true",
        help="with --install: let uv download a Python where no fitting one is there",
    )
    add_overwrite_option(parser)
    add_json_option(parser, "what was written")


def _run(arguments: Namespace, console: Console) -> int:
    if arguments.install and arguments.remove:
        raise FacemocapError("--install and --remove exclude each other", "Give one of them")
    if arguments.install:
        return _install(arguments, console)
    if arguments.remove:
        folder = _folder()
        was_there = remove_tracking(folder)
        console.say(f"{folder}: {'removed' if was_there else 'nothing was installed'}")
        console.answer({"schema": SCHEMA, "folder": str(folder), "removed": was_there})
        return DONE
    if not arguments.video or not arguments.out:
        lacking = "--out" if arguments.video else "VIDEO"
        raise FacemocapError(f"{lacking} must be given", "See `facemocap track --help`")
    return _track(arguments, console)


def _track(arguments: Namespace, console: Console) -> int:
    video, out = Path(arguments.video), Path(arguments.out)
    if not out.name.lower().endswith(_TAKE):
        raise FacemocapError(f'"{out.name}" is no name for a take', "Let --out end with .take.npz")
    check_new_file(out, overwrite=arguments.overwrite, sources=(video,))
    options = VideoOptions(
        mirrored=arguments.mirrored,
        neutral_s=arguments.neutral,
        task=Path(arguments.task) if arguments.task else None,
    )
    take = run_job(track_video(video, tracking_python([_folder()]), options), console.bar.show)
    write_take_file(take, out)
    faces = take.source.details["frames_with_face"]
    console.say(f"{out}: {take.samples} frames, {faces} with a face, {take.rate_hz:.4g} Hz")
    for note in take.warnings:
        console.say(f"  note  {note}")
    console.answer(
        {
            "schema": SCHEMA,
            "output": str(out),
            "samples": take.samples,
            "frames_with_face": faces,
            "rate_hz": take.rate_hz,
            "channels": len(take.recorded),
            "assumptions": take.assumptions,
            "warnings": take.warnings,
        }
    )
    return DONE


def _install(arguments: Namespace, console: Console) -> int:
    folder = _folder()
    if not arguments.yes:
        _ask(arguments, console, folder)
    job = install_tracking(folder, fetch_python=arguments.fetch_python)
    python = run_job(job, console.bar.show)
    console.say(f"{folder}: video tracking is installed")
    console.answer({"schema": SCHEMA, "folder": str(folder), "python": str(python)})
    return DONE


def _ask(arguments: Namespace, console: Console, folder: Path) -> None:
    """Go on only with the person's word."""
    if arguments.json or sys.stdin is None or not sys.stdin.isatty():
        raise FacemocapError(
            f"--install downloads MediaPipe ({SIZE_TEXT}) and nobody can be asked here",
            "Add --yes to allow it",
        )
    console.say(f"MediaPipe is installed into {folder}: {SIZE_TEXT}. Go on? [y/N]")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise FacemocapError("Nothing was installed", "Answer y to allow it")


def _folder() -> Path:
    """The environment's folder: in Blender the add-on's own, which its preferences use too."""
    bpy = sys.modules.get("bpy")
    if bpy is None:
        return default_folder()
    root = (__package__ or "").rpartition(".")[0]
    return addon_folder(bpy.utils.extension_path_user, root.rpartition(".")[0] or root)


def _parse_second(text: str) -> float:
    try:
        second = float(text)
    except ValueError:
        second = math.nan
    if not 0.0 <= second < 1e6:
        raise FacemocapError(f'"{text}" is no second of a video', "Give --neutral a number from 0")
    return second


COMMAND = Command(
    "track",
    "make a take from a video of a face",
    "Look at every frame of a video and write what the face does as a take: 478 landmarks, the\n"
    "head's pose, gaze, and ARKit coefficients. MediaPipe does the looking, in an environment of\n"
    "its own: `facemocap track --install` makes it, after asking.",
    (
        "facemocap track --install",
        "facemocap track interview.mp4 --out interview.take.npz",
        "facemocap track webcam.mp4 --out webcam.take.npz --mirrored --neutral 0.5",
    ),
    _add_arguments,
    _run,
)
