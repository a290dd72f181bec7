# SPDX-License-Identifier: GPL-3.0-or-later
"""``facemocap convert``: a recording as a take file of ours or as a Live Link Face CSV."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from ..core.errors import FacemocapError
from ..core.formats.live_link_csv import write_live_link_csv
from ..core.points import PICTURE, SPACE
from ..core.take import Take
from ..core.take_file import write_take_file
from .command import DONE, Command, add_json_option, add_overwrite_option
from .output import SCHEMA, Console
from .outputs import check_new_file
from .read_options import add_read_options, read_options
from .sources import read_recording

_TAKE, _CSV = ".take.npz", ".csv"


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("take", metavar="TAKE", help="the recording to convert")
    parser.add_argument(
        "--out",
        required=True,
        metavar="FILE",
        help="file to write: NAME.take.npz keeps everything, NAME.csv is a Live Link Face CSV "
        "that other programs read",
    )
    add_read_options(parser)
    add_overwrite_option(parser)
    add_json_option(parser, "what was written")


def _run(arguments: Namespace, console: Console) -> int:
    source, out = Path(arguments.take), Path(arguments.out)
    name = out.name.lower()
    if not name.endswith((_TAKE, _CSV)):
        raise FacemocapError(
            f'"{out.name}" is no name for a take', "Let --out end with .take.npz or .csv"
        )
    check_new_file(out, overwrite=arguments.overwrite, sources=(source,))
    take = read_recording(source, read_options(arguments))
    notes = _write(take, out)
    console.say(f"{out}: {take.samples} samples, {len(take.recorded)} channels")
    for note in notes:
        console.say(f"  note  {note}")
    console.answer(
        {
            "schema": SCHEMA,
            "output": str(out),
            "samples": take.samples,
            "channels": len(take.recorded),
            "warnings": notes,
        }
    )
    return DONE


def _write(take: Take, out: Path) -> list[str]:
    """Write the take; returns sentences about what the format could not hold."""
    if out.name.lower().endswith(_CSV):
        return _in_short(take, write_live_link_csv(take, out))
    write_take_file(take, out)
    return []


def _in_short(take: Take, names: Sequence[str]) -> list[str]:
    """Names of channels that were left out; coordinates of points as one entry."""
    kinds = {channel.name: channel.kind for channel in take.channels}
    points = [name for name in names if kinds.get(name) in (SPACE, PICTURE)]
    number = len({name.rpartition(".")[0] for name in points})
    told = [name for name in names if name not in set(points)]
    return [*told, f"{number} {'point' if number == 1 else 'points'}"] if points else told


COMMAND = Command(
    "convert",
    "write a take as .take.npz or as a Live Link Face CSV",
    "Write a take in another form. A .take.npz keeps every channel, gap and time stamp exactly\n"
    "and is read in an instant by every command. A .csv is what the Live Link Face app writes;\n"
    "what it cannot hold is named.",
    (
        "facemocap convert MySlate_3_iPhone.csv --out monologue.take.npz",
        "facemocap convert monologue.take.npz --out monologue.csv",
    ),
    _add_arguments,
    _run,
)
