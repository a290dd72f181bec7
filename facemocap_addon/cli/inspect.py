# SPDX-License-Identifier: GPL-3.0-or-later
"""``facemocap inspect``: what a recording holds."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from ..core.inspection import describe_take, inspect_take
from .command import DONE, Command, add_json_option
from .output import Console
from .read_options import add_read_options, read_options
from .sources import read_recording


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("take", metavar="TAKE", help="the recording, or a take of ours (.take.npz)")
    add_read_options(parser)
    add_json_option(parser, "what was found")


def _run(arguments: Namespace, console: Console) -> int:
    take = read_recording(Path(arguments.take), read_options(arguments))
    console.say(describe_take(take))
    console.answer(inspect_take(take))
    return DONE


COMMAND = Command(
    "inspect",
    "say what a take holds: format, rate, length, channels, gaps",
    "Say what a take holds: its format, the rate it was really recorded at, its length, its\n"
    "channels, stretches without a face, what the recorder left out, and anything odd about it.\n"
    "The format is found from the content, whatever the file is called.",
    ("facemocap inspect MySlate_3_iPhone.csv", "facemocap inspect take.csv --json > take.json"),
    _add_arguments,
    _run,
)
