# SPDX-License-Identifier: GPL-3.0-or-later
"""``facemocap export``: an animated character as a file for other programs."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from ..core.errors import FacemocapError
from ..core.progress import Progress, run_job
from ..core.report import Report
from .blender import load_blender
from .command import DONE, PARTLY, Command, add_json_option, add_overwrite_option
from .output import SCHEMA, Console, write_json
from .outputs import check_folder, check_new_file
from .rig_options import add_rig_options, check_rig

_ENDINGS = (".fbx", ".glb", ".usd", ".usda", ".usdc", ".csv")


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "rig", metavar="FILE.blend", help="the file with the animated character; it is not changed"
    )
    parser.add_argument(
        "--out",
        required=True,
        metavar="FILE",
        help="file to write; its ending says what: .fbx, .glb, .usdc (.usd, .usda), or .csv for "
        "Live Link Face",
    )
    parser.add_argument(
        "--frames",
        metavar="FIRST:LAST",
        help="frames that are written (default: the scene's range)",
    )
    parser.add_argument(
        "--take",
        action="store_true",
        help="for .csv: the take that plays, after its stack and at its own timecodes, instead of "
        "what the face does on frames",
    )
    parser.add_argument(
        "--deform-only", action="store_true", help="leave bones out that deform nothing"
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="read the file back, and end with status 1 where it does not hold what it should",
    )
    parser.add_argument(
        "--report", metavar="R.json", help="read the file back, and write the differences here"
    )
    add_rig_options(parser)
    add_overwrite_option(parser)
    add_json_option(parser, "the report")


def _run(arguments: Namespace, console: Console) -> int:
    rig, out = Path(arguments.rig), Path(arguments.out)
    if out.suffix.lower() not in _ENDINGS:
        raise FacemocapError(
            f'"{out.name}" has no ending of a format that is written',
            f"Let --out end with {', '.join(_ENDINGS)}",
        )
    if arguments.take and out.suffix.lower() != ".csv":
        raise FacemocapError("--take is for .csv", "Leave it out, or let --out end with .csv")
    frames = _parse_frames(arguments.frames)
    check_rig(rig)
    check_new_file(out, overwrite=arguments.overwrite, sources=(rig,))
    report_path = Path(arguments.report) if arguments.report else None
    if report_path is not None:
        check_new_file(report_path, overwrite=True, sources=(rig, out))
        check_folder(report_path.parent)
    load_blender()
    from ..gateway.files.rig_files import open_rig  # noqa: PLC0415 - needs bpy
    from ..gateway.handing_over.exporting import (  # noqa: PLC0415 - needs bpy
        ExportOptions,
        export_job,
    )
    from .animated_characters import choose_animated  # noqa: PLC0415 - needs bpy

    def show(progress: Progress) -> None:
        console.interruption.check()
        console.bar.show(progress)

    show(Progress(0.0, f"opening {rig.name}"))
    scene = open_rig(rig, arguments.enable_scripts)
    picked = choose_animated(scene, arguments.character, rig.name)
    checks = bool(arguments.check or arguments.report or arguments.json)
    options = ExportOptions(
        frames=frames,
        only_deforming=arguments.deform_only,
        source="TAKE" if arguments.take else "FACE",
        check=checks,
    )
    report = run_job(export_job(scene, picked, out, options), show)
    console.bar.clear()
    document = _document(report, rig, out, picked.name)
    _describe(report, console)
    if report_path is not None:
        report_path.write_text(write_json(document), encoding="utf-8")
    console.answer(document)
    read = report.measures.get("read_back")
    failed = arguments.check and read is not None and not read["within_precision"]
    return PARTLY if failed else DONE


def _parse_frames(text: str | None) -> tuple[int, int] | None:
    """``11:250`` as first and last frame."""
    if text is None:
        return None
    first, colon, last = text.partition(":")
    try:
        frames = int(first), int(last)
    except ValueError:
        frames = (0, -1)
    if not colon or frames[1] < frames[0]:
        raise FacemocapError(
            f'"{text}" is no range of frames', "Write --frames as FIRST:LAST, for example 11:250"
        )
    return frames


def _document(report: Report, rig: Path, out: Path, character: str) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "rig": str(rig),
        "character": character,
        "output": str(out),
        "counts": dict(report.counts),
        "read_back": report.measures.get("read_back"),
        "warnings": list(report.warnings),
    }


def _describe(report: Report, console: Console) -> None:
    console.say(report.summary)
    read = report.measures.get("read_back")
    rows = [(name.replace("_", " "), str(count)) for name, count in report.counts.items()]
    if read is not None:
        asked = "frames {:g} to {:g}".format(*read["frame_range"])
        value, value_most = read["largest_value_error"], read["value_precision"]
        time_s, time_most = read["largest_time_error_s"], read["time_precision_s"]
        rows += [
            ("largest value error", f"{value:.2g} (the format holds {value_most:.2g})"),
            ("largest time error", f"{time_s:.2g} s (the format holds {time_most:.2g} s)"),
            (
                "first and last key",
                f"{read['first_key_frame']:.6g} and {read['last_key_frame']:.6g} ({asked})",
            ),
        ]
        if read["bones"]:
            turn, place = read["largest_bone_turn_error_deg"], read["largest_bone_place_error_mm"]
            rows.append(("largest bone error", f"{turn:.2g} degrees, {place:.2g} mm"))
    console.say_table([*rows, *(("note", each) for each in report.warnings)], indent=2)


COMMAND = Command(
    "export",
    "write an animated character as FBX, glTF, USD or Live Link Face CSV",
    "Write a character of a .blend with its face animation for other programs. What is written is\n"
    "a copy that plays by plain keys, one on every frame, so that drivers, constraints, layers\n"
    "and hand edits come out as they look. The .blend is not changed.",
    (
        "facemocap export shot.blend --out shot.fbx --check",
        "facemocap export shot.blend --out shot.glb --character Anna --report shot.json",
        "facemocap export shot.blend --out shot.csv --frames 101:340",
    ),
    _add_arguments,
    _run,
)
