# SPDX-License-Identifier: GPL-3.0-or-later
"""``facemocap inspect``: what a recording holds, and how healthy it is."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from ..core.errors import FacemocapError
from ..core.files import replace_file
from ..core.health.examine import Health, examine
from ..core.health.report_files import ENDINGS, report_bytes
from ..core.inspection import describe_take, inspect_take
from ..core.rig_maps.rig_map import read_rig_map
from .command import DONE, Command, add_json_option, add_overwrite_option
from .output import Console
from .outputs import check_folder, check_new_file
from .read_options import add_read_options, read_options
from .sources import read_recording


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("take", metavar="TAKE", help="the recording, or a take of ours (.take.npz)")
    parser.add_argument(
        "--report",
        metavar="FILE",
        help="write the take's health to this file: NAME.html is a page with plots, NAME.json all "
        "figures, NAME.csv a table for research",
    )
    parser.add_argument(
        "--map",
        metavar="MAP.json",
        help="with --report: a map made by `facemocap map`, to say how much of the take reaches "
        "that character",
    )
    add_read_options(parser)
    add_overwrite_option(parser, "a report that exists")
    add_json_option(parser, "what was found")


def _run(arguments: Namespace, console: Console) -> int:
    source = Path(arguments.take)
    report = _check_report(arguments, source)
    rig_map = None if arguments.map is None else read_rig_map(Path(arguments.map))
    take = read_recording(source, read_options(arguments))
    document = inspect_take(take)
    health = None
    if report is not None:
        health = examine(take, rig_map)
        data = report_bytes(health, take, report)
        console.interruption.check()
        replace_file(report, data)
        document["report"] = str(report)
    console.say(describe_take(take))
    if health is not None:
        _say_findings(health, console)
        console.say(f"Health report: {report}")
    console.answer(document)
    return DONE


def _check_report(arguments: Namespace, source: Path) -> Path | None:
    """The report's path, after making sure that it can be written."""
    if arguments.report is None:
        if arguments.map is not None:
            raise FacemocapError(
                "--map is only used for a report", "Add --report FILE.html, or leave --map out"
            )
        return None
    path = Path(arguments.report)
    if path.suffix.lower() not in ENDINGS:
        raise FacemocapError(
            f'"{path.name}" is no name for a report', "Let --report end with .html, .json or .csv"
        )
    if path.is_dir():
        raise FacemocapError(f'"{path}" is a folder', "Give --report a file name in it")
    read = (source, *([Path(arguments.map)] if arguments.map is not None else []))
    check_new_file(path, overwrite=arguments.overwrite, sources=read)
    if not path.parent.is_dir():
        raise FacemocapError(f'"{path}" cannot be written: no such folder', "Make the folder first")
    check_folder(path.parent)
    return path


def _say_findings(health: Health, console: Console) -> None:
    if health.findings:
        console.say("Findings")
        console.say_table([(f.severity, f.text) for f in health.findings], indent=2, wrap=True)
        console.say()


COMMAND = Command(
    "inspect",
    "say what a take holds: format, rate, length, channels, gaps; and how healthy it is",
    "Say what a take holds: its format, the rate it was really recorded at, its length, its\n"
    "channels, stretches without a face, what the recorder left out, and anything odd about it.\n"
    "The format is found from the content, whatever the file is called. With --report its health\n"
    "is measured too: noise, spikes, drops, blinks, closed lips, left beside right, timing.",
    (
        "facemocap inspect MySlate_3_iPhone.csv",
        "facemocap inspect take.csv --json > take.json",
        "facemocap inspect take.csv --report take_health.html",
        "facemocap inspect take.csv --report take_health.csv --overwrite",
    ),
    _add_arguments,
    _run,
)
