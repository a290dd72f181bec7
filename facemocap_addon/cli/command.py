# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command of the command line is, and what its exit status means."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from .output import Console

DONE = 0
#: Some of several rigs failed, the others are done.
PARTLY = 1
#: Nothing could be done: wrong use, unreadable input, every rig refused.
REFUSED = 2
#: An error in Face Mocap itself; a traceback was printed.
BUG = 3
#: Plus the number of the signal: 130 after Ctrl-C.
STOPPED = 128


class OptionHolder(Protocol):
    """A parser, or a group of its options."""

    def add_argument(self, *names: str, **settings: Any) -> Any:
        """Add an option, as argparse does."""


@dataclass(frozen=True, slots=True)
class Command:
    """One word after ``facemocap``.

    Attributes
    ----------
    name, help : str
        The word, and what it does in one line.
    description : str
        Shown by its own --help.
    examples : tuple of str
        Whole command lines, shown below the options.
    add_arguments : callable (parser)
    run : callable (arguments, console) -> int
        Does the work and returns the exit status; raises `FacemocapError` when nothing can be done.
    """

    name: str
    help: str
    description: str
    examples: tuple[str, ...]
    add_arguments: Callable[[ArgumentParser], None]
    run: Callable[[Namespace, Console], int]


def add_json_option(parser: OptionHolder, what: str) -> None:
    """--json, which every command has; ``what`` is printed instead of text for people."""
    parser.add_argument(
        "--json",
        action="store_true",
        help=f"print {what} as one JSON document on standard output and nothing else there",
    )


def add_overwrite_option(parser: OptionHolder, what: str = "a file that exists") -> None:
    """--overwrite, which every command that writes has."""
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help=f"replace {what}; without this it is left alone and the command says so",
    )
