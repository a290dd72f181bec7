# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers of recordings, one module per format.

A module in this package that holds ``READER = Reader(...)`` is a reader: adding a format touches
no other file. Formats are told apart by content, never by a file's extension.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from ..errors import FacemocapError
from ..files import read_file
from ..formats.read_options import GIVEN, ReadOptions, no_such_face
from ..take import Take

#: Bytes of a file that ``sniff`` gets to see.
HEAD_BYTES = 65536


@dataclass(frozen=True, slots=True)
class Reader:
    """One format.

    Attributes
    ----------
    format : str
        Short identifier, as ``inspect`` prints it: ``live_link_face_csv``.
    label : str
        What an animator calls it.
    extensions : tuple of str
        Usual extensions with the period, for file browsers only.
    sniff : callable (head: bytes) -> float
        How sure it is, 0 to 1, from a file's first `HEAD_BYTES` bytes.
    read : callable (data: bytes, path: Path, options: ReadOptions) -> Take
        Raises `FacemocapError` for what it cannot read; ``path`` is for names and siblings.
    several : bool
        Whether a file may hold several people: the reader heeds ``options.face``.
    """

    format: str
    label: str
    extensions: tuple[str, ...]
    sniff: Callable[[bytes], float]
    read: Callable[[bytes, Path, ReadOptions], Take]
    several: bool = False


@cache
def readers() -> tuple[Reader, ...]:
    """All readers, in the order of their modules' names."""
    found: list[Reader] = []
    for module in pkgutil.iter_modules(__path__):
        reader = getattr(importlib.import_module(f"{__name__}.{module.name}"), "READER", None)
        if reader is not None:
            found.append(reader)
    return tuple(found)


def sniff_reader(head: bytes) -> Reader | None:
    """The reader that is surest of a file's first bytes, or None; a web page is for none."""
    if _is_web_page(head):
        return None
    scored = [(reader.sniff(head), reader) for reader in readers()]
    best = max(scored, key=lambda pair: pair[0])
    return best[1] if best[0] > 0 else None


def read_take(path: str | Path, options: ReadOptions | None = None) -> Take:
    """Read a recording of any known format.

    ``options`` say which of several people is read, and the rate of a file without times; a rate
    that the file has no use for is named in the take's warnings.

    Raises
    ------
    FacemocapError
        When the file is missing, empty, of no known format, or damaged, or does not hold the
        person asked for.
    """
    path = Path(path)
    options = options or ReadOptions()
    head = read_file(path, HEAD_BYTES)
    if not (head.strip() or read_file(path).strip()):
        raise FacemocapError(f'"{path.name}" is empty', "Record or export the take again")
    reader = sniff_reader(head)
    if reader is None:
        raise FacemocapError(f'"{path.name}" is {_looks_like(head)}', _expected())
    if not reader.several and options.face is not None and options.face != 0:
        raise no_such_face(options.face, (0,), path.name)
    # no name for the bytes here: a reader may let go of them before the take is complete
    take = reader.read(read_file(path), path, options)
    if options.rate_hz is None or any(
        GIVEN in said for said in (*take.assumptions, *take.warnings)
    ):
        return take
    unused = f"The file has times of its own: {GIVEN} was not used."
    return replace(take, warnings=(*take.warnings, unused))


def _expected() -> str:
    return (
        f"Give a recording of a face: {len(readers())} formats are read, Live Link Face CSV among "
        "them, and the manual lists them all (formats)"
    )


def _looks_like(head: bytes) -> str:
    """What a file that nobody reads looks like, to end the guessing."""
    if _is_web_page(head):
        return "a web page and not a recording (it was probably saved instead of the file)"
    if b"\0" in head[:1024]:
        return "a binary file of no format that Face Mocap reads"
    return "of no format that Face Mocap reads"


def _is_web_page(head: bytes) -> bool:
    """Whether a file is the page about a recording, which may well show its text."""
    start = head[:1024].lstrip().lower()
    return start.startswith((b"<!doctype html", b"<html"))
