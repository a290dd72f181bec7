# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the command line speaks: standard output for results, standard error for failures.

Blender prints lines of its own to file descriptors 1 ("Read blend", "Info: Saved") and 2 ("Error in
PyDriver"). While a command runs, these lead elsewhere: to standard error with --json and --verbose,
else into a file that is only shown when Face Mocap itself fails.
"""

from __future__ import annotations

import ctypes
import json
import math
import os
import sys
import tempfile
import textwrap
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, TextIO

from ..core.errors import FacemocapError
from .interruption import Interruption
from .progress_bar import ProgressBar

SCHEMA = 1
_WIDTH = 96
#: As much of Blender's held-back lines is shown with a traceback.
_HELD_BYTES = 4000


class Console:
    """What a command prints through, and the redirection of everything else.

    Parameters
    ----------
    as_json : bool
        Standard output is to be one JSON document; text for people is not printed.
    verbose : bool
        Show Blender's own lines on standard error. With ``as_json`` they always go there.
    interruption : Interruption
        Tells commands whether Ctrl-C has come.
    """

    def __init__(self, *, as_json: bool, verbose: bool, interruption: Interruption) -> None:
        self.as_json = as_json
        self.interruption = interruption
        self._show_blender = as_json or verbose
        self._answered = False
        self._held: BinaryIO | None = None

    def __enter__(self) -> Console:
        _flush_everything()
        self._out = _open_copy(1, sys.stdout)
        self._err = _open_copy(2, sys.stderr)
        self.bar = ProgressBar(self._err)
        if self._show_blender:
            os.dup2(self._err.fileno(), 1)
        else:
            self._held = tempfile.TemporaryFile()
            os.dup2(self._held.fileno(), 1)
            os.dup2(self._held.fileno(), 2)
        # Blender's operators report through Python's streams, which need not be the descriptors
        self._python_streams = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = _open_descriptor(1), _open_descriptor(2)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.bar.clear()
        # what C code has buffered must not come out where the descriptors lead afterwards
        _flush_everything()
        sys.stdout, sys.stderr = self._python_streams
        os.dup2(self._out.fileno(), 1)
        os.dup2(self._err.fileno(), 2)
        for stream in (self._out, self._err, self._held):
            if stream is not None:
                with suppress(OSError):
                    stream.close()

    def say(self, text: str = "") -> None:
        """Print a line for people; nothing with --json."""
        if not self.as_json:
            self._write(self._out, text + "\n")

    def say_table(
        self, rows: Sequence[tuple[str, str]], indent: int = 0, *, wrap: bool = False
    ) -> None:
        """Print labels and values for people, the values aligned; ``wrap`` breaks long ones."""
        width = max((len(label) for label, _ in rows), default=0) + 2
        for label, value in rows:
            room = max(_WIDTH - indent - width, 20) if wrap else len(value) + 1
            lines = textwrap.wrap(value, room, break_long_words=False, break_on_hyphens=False)
            for number, line in enumerate(lines or [""]):
                self.say(f"{'':{indent}}{'' if number else label:{width}}{line}".rstrip())

    def answer(self, document: Mapping[str, Any]) -> None:
        """Print the JSON document, once; nothing without --json."""
        if self.as_json and not self._answered:
            self._answered = True
            self._write(self._out, write_json(document))

    def complain(self, problem: FacemocapError, about: str = "") -> None:
        """Print a failure as one line on standard error; ``about`` names a rig that it is about."""
        where = f"{about}: " if about and about not in problem.what else ""
        self._write(self._err, f"facemocap: {where}{problem}\n")

    def print_help(self, text: str) -> None:
        """Print the text of --help or --version."""
        self._write(self._out, text)

    def report_bug(self, problem: Exception) -> FacemocapError:
        """Print the traceback of an error in Face Mocap itself; returns the sentence about it."""
        self._write(self._err, self._last_held() + "".join(traceback.format_exception(problem)))
        return FacemocapError(
            f"An error in Face Mocap itself ({type(problem).__name__}: {problem})",
            "Please report it with the traceback and the files",
        )

    def refuse(self, problem: FacemocapError) -> None:
        """Say that nothing could be done, in the document too."""
        self.complain(problem)
        self.answer({"schema": SCHEMA, "error": str(problem)})

    def _last_held(self) -> str:
        """The last of Blender's own lines, as far as they were held back."""
        if self._held is None:
            return ""
        _flush_everything()
        held = self._held.fileno()
        size = os.fstat(held).st_size
        os.lseek(held, max(size - _HELD_BYTES, 0), os.SEEK_SET)
        # reading ends where writing has to go on: the descriptors share one position
        return os.read(held, _HELD_BYTES).decode(errors="replace")

    def _write(self, stream: TextIO, text: str) -> None:
        self.bar.clear()
        # the reader of a pipe may go: that is no reason to stop the work
        with suppress(BrokenPipeError):
            stream.write(text)
            stream.flush()


def write_json(document: Mapping[str, Any]) -> str:
    """The text of a JSON document.

    Plain ASCII, so that any terminal and any reader takes it; a number that is not finite becomes
    null.
    """
    return json.dumps(_plain(document), indent=1, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    """``value`` made of what JSON knows."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(each) for each in value]
    if hasattr(value, "tolist"):  # numpy's scalars and arrays
        return _plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in a JSON document")


def _open_copy(descriptor: int, like: TextIO | None) -> TextIO:
    """A text stream on a copy of ``descriptor``; one that swallows everything when it is closed."""
    encoding = getattr(like, "encoding", None) or "utf-8"
    try:
        copy = os.dup(descriptor)
    except OSError:
        copy = os.open(os.devnull, os.O_WRONLY)
    return os.fdopen(copy, "w", encoding=encoding, errors="backslashreplace")


def _open_descriptor(descriptor: int) -> TextIO:
    """A text stream on ``descriptor``, wherever it leads; a logger may keep and use it later."""
    return open(
        descriptor, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False
    )


def _flush_everything() -> None:
    """Empty the buffers of Python and of the C library."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            with suppress(OSError, ValueError):
                stream.flush()
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL("ucrtbase" if os.name == "nt" else None)
        library.fflush(None)
