# SPDX-License-Identifier: GPL-3.0-or-later
"""``facemocap calibrate``: an actor's range of motion, measured on a take."""

from __future__ import annotations

import math
from argparse import ArgumentParser, Namespace
from pathlib import Path

from ..core.actor.range_measuring import measure_range
from ..core.actor.range_of_motion import RangeOfMotion, write_range_of_motion
from ..core.errors import FacemocapError
from .command import DONE, Command, add_json_option, add_overwrite_option
from .output import SCHEMA, Console
from .outputs import check_new_file
from .read_options import add_read_options, read_options
from .sources import read_recording

_JSON, _RANGE = ".json", ".range.json"


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "take", metavar="TAKE", help="a calibration take, or with --own the performance itself"
    )
    parser.add_argument(
        "--out",
        required=True,
        metavar="ACTOR.range.json",
        help="file to write; the actor is called what the file is",
    )
    parser.add_argument(
        "--own",
        action="store_true",
        help="the take is a performance, which need not show all that the actor can do",
    )
    parser.add_argument(
        "--neutral",
        type=_parse_seconds,
        metavar="SECONDS",
        help="the actor's face is neutral at this time of the take (default: where it does least)",
    )
    add_read_options(parser)
    add_overwrite_option(parser)
    add_json_option(parser, "the range")


def _run(arguments: Namespace, console: Console) -> int:
    source, out = Path(arguments.take), Path(arguments.out)
    if not out.name.lower().endswith(_JSON) or not _actor_of(out):
        raise FacemocapError(f'"{out.name}" is no name for a range', f"Let --out end with {_RANGE}")
    check_new_file(out, overwrite=arguments.overwrite, sources=(source,))
    take = read_recording(source, read_options(arguments))
    rom = measure_range(take, _actor_of(out), neutral_s=arguments.neutral, own=arguments.own)
    write_range_of_motion(rom, out)
    _say(rom, out, console)
    console.answer({**rom.to_json(), "schema": SCHEMA, "output": str(out)})
    return DONE


def _say(rom: RangeOfMotion, out: Path, console: Console) -> None:
    """Each channel's neutral, extreme and gain, then the warnings."""
    console.say(f"{out}: {rom.actor}, {len(rom.ranges)} channels of {rom.source}")
    rows = [("", f"{'neutral':>8} {'extreme':>8} {'gain':>6}")]
    rows += [
        (each.channel, f"{each.neutral:8.3f} {each.extreme:8.3f} {each.gain:6.2f}")
        for each in rom.ranges
    ]
    console.say_table(rows, indent=2)
    for warning in rom.warnings:
        console.say(f"  note  {warning}")


def _actor_of(out: Path) -> str:
    """Anna of Anna.range.json and of Anna.json."""
    end = _RANGE if out.name.lower().endswith(_RANGE) else _JSON
    return out.name[: -len(end)]


def _parse_seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not (math.isfinite(seconds) and seconds >= 0.0):
        raise FacemocapError(f'"{text}" is no time', "Give --neutral seconds, such as 2.5")
    return seconds


COMMAND = Command(
    "calibrate",
    "measure an actor's range of motion on a take",
    "Measure what each channel of an actor goes from and to, on a calibration take in which the\n"
    "actor goes through all movements, or with --own on a performance itself. The file is for\n"
    "`facemocap retarget --actor-range`, for every take of that actor.",
    (
        "facemocap calibrate anna_rom.csv --out anna.range.json --neutral 2.5",
        "facemocap calibrate monologue.csv --own --out anna.range.json",
        "facemocap retarget take.csv --actor-range anna.range.json --rig hero.blend --out shots",
    ),
    _add_arguments,
    _run,
)
