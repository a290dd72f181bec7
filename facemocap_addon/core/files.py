# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that appear whole or not at all, and error sentences for the ways a path can fail."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from .errors import FacemocapError


@contextmanager
def unfinished(path: Path) -> Generator[Path, None, None]:
    """A temporary path beside ``path`` that takes its place when the block ends well.

    On an error, and on Ctrl-C, the temporary file is deleted and ``path`` stays as it was.

    Raises
    ------
    FacemocapError
        When the folder cannot be written to.
    """
    try:
        handle, name = tempfile.mkstemp(
            prefix=f".{path.stem[:40]}-", suffix=path.suffix, dir=path.parent
        )
        os.close(handle)
    except OSError as problem:
        raise unwritable(path, problem) from problem
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes private files; a finished file gets what any new file would
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as problem:
        raise unwritable(path, problem) from problem
    finally:
        temporary.unlink(missing_ok=True)


def replace_file(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` whole or not at all."""
    with unfinished(path) as temporary:
        temporary.write_bytes(data)


def read_file(path: Path, most: int = -1, *, what: str = "") -> bytes:
    """The bytes of a file that a person named, or its first ``most``.

    ``what`` stands before the name in messages: ``The rig ``.

    Raises
    ------
    FacemocapError
        When it does not exist, is a folder, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(most)
    except FileNotFoundError:
        raise FacemocapError(f'{what}"{path}" does not exist', "Check the path") from None
    except IsADirectoryError:
        raise FacemocapError(f'{what}"{path}" is a folder', "Name the file in it") from None
    except OSError as problem:
        raise FacemocapError(
            f'{what}"{path}" cannot be read: {problem.strerror}', "Check its permissions"
        ) from problem


def unwritable(path: Path, problem: OSError) -> FacemocapError:
    """The sentence for a file that could not be written."""
    return FacemocapError(
        f'"{path}" cannot be written: {problem.strerror or problem}',
        "Choose a folder you may write to",
    )


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
