# SPDX-License-Identifier: GPL-3.0-or-later
"""From arguments to an exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

from ..core.errors import FacemocapError
from . import parser as command_parser
from .calibrate import COMMAND as CALIBRATE
from .command import BUG, DONE, REFUSED, STOPPED, Command
from .comp import COMMAND as COMP
from .convert import COMMAND as CONVERT
from .events import COMMAND as EVENTS
from .export import COMMAND as EXPORT
from .inspect import COMMAND as INSPECT
from .interruption import Interruption
from .map import COMMAND as MAP
from .output import Console
from .process import COMMAND as PROCESS
from .retarget import COMMAND as RETARGET
from .solve import COMMAND as SOLVE
from .track import COMMAND as TRACK

#: Every command, in the order of the help.
COMMANDS: tuple[Command, ...] = (
    INSPECT,
    EVENTS,
    CONVERT,
    CALIBRATE,
    PROCESS,
    COMP,
    TRACK,
    SOLVE,
    MAP,
    RETARGET,
    EXPORT,
)


def main(argv: Sequence[str]) -> int:
    """Run one command and return its exit status; never ends the process.

    Blender calls this for ``blender --command facemocap ...`` with the words after the name.
    """
    words = list(argv)
    interruption = Interruption()
    try:
        with (
            interruption,
            Console(
                as_json="--json" in words, verbose="--verbose" in words, interruption=interruption
            ) as console,
        ):
            return _run_command(words, console)
    except SystemExit as end:  # argparse ends --help and --version so
        return int(end.code or DONE)
    except KeyboardInterrupt:  # between the lines above
        return STOPPED + (interruption.number or 2)


def run() -> NoReturn:
    """Run the command line of this process and end it.

    The bpy package of Blender 4.5 never exits by itself once a Python driver has been evaluated,
    so nothing is left to the interpreter's own end.
    """
    status = main(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(status)


def _run_command(words: list[str], console: Console) -> int:
    try:
        arguments = command_parser.make_parser(COMMANDS, console).parse_args(words)
        if arguments.command is None:
            raise FacemocapError("No command is given", "See `facemocap --help` for the commands")
        status: int = arguments.command.run(arguments, console)
    except FacemocapError as problem:
        console.refuse(problem)
        return REFUSED
    except KeyboardInterrupt:
        console.refuse(FacemocapError("Stopped", "What was finished before is kept whole"))
        return STOPPED + (console.interruption.number or 2)
    except Exception as bug:  # noqa: BLE001 - it must look like a bug, and have its own status
        console.refuse(console.report_bug(bug))
        return BUG
    return status
