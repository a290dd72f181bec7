# SPDX-License-Identifier: GPL-3.0-or-later
"""argparse with our manners: a failure is one sentence with a remedy, help goes to the console."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from importlib import metadata
from typing import IO, NoReturn

from ..core.errors import FacemocapError
from .command import Command
from .output import Console

_STATUS = """exit status:
  0    all done
  1    some rigs failed, the others are done
  2    nothing could be done: wrong use, unreadable take, every rig refused
  3    an error in Face Mocap itself, with a traceback
  130  stopped by Ctrl-C; no half file is left"""


class Parser(argparse.ArgumentParser):
    """Raises `FacemocapError` where argparse would print its usage and end the process."""

    console: Console | None = None

    def error(self, message: str) -> NoReturn:
        """Turn argparse's message into our sentence."""
        raise FacemocapError(_improve(message), f"See `{self.prog} --help`")

    def _print_message(self, message: str, file: IO[str] | None = None) -> None:
        del file
        if self.console is not None and message:
            self.console.print_help(message)


def make_parser(commands: Sequence[Command], console: Console) -> Parser:
    """The parser of the whole command line; it sets ``arguments.command``, a `Command` or None."""
    parser = Parser(
        prog="facemocap",
        description="Bring a recorded face performance onto any character.",
        epilog=_STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.console = console
    # "-V" also widens the first column, which Python below 3.13 measures without its indent.
    parser.add_argument("-V", "--version", action="version", version=f"facemocap {_version()}")
    words = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=Parser)
    for command in commands:
        examples = "\n".join(f"  {example}" for example in command.examples)
        sub = words.add_parser(
            command.name,
            help=command.help,
            description=command.description,
            epilog=f"examples:\n{examples}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        sub.console = console
        sub.set_defaults(command=command)
        command.add_arguments(sub)
    parser.set_defaults(command=None)
    return parser


def _improve(message: str) -> str:
    """What argparse says, as the start of a sentence that names the argument."""
    missing = re.fullmatch(r"the following arguments are required: (.*)", message)
    if missing:
        return f"{missing[1]} must be given"
    unknown = re.fullmatch(r"unrecognized arguments: (.*)", message)
    if unknown:
        return f"{unknown[1]} is not understood"
    choice = re.fullmatch(r"argument (.*?): invalid choice: (.*) \(choose from (.*)\)", message)
    if choice:
        name = "The command" if choice[1] == "COMMAND" else choice[1]
        return f"{name} cannot be {choice[2]}, only one of {choice[3]}"
    return re.sub(r"^argument (.*?): ", r"\1: ", message)


def _version() -> str:
    """The installed version; an add-on inside Blender has no package metadata."""
    try:
        return metadata.version("facemocap")
    except metadata.PackageNotFoundError:
        return "(development version)"
