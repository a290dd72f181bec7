# SPDX-License-Identifier: GPL-3.0-or-later
"""Presets: stacks by name, each a file ``NAME.stack.json`` in a folder of the person's."""

from __future__ import annotations

from pathlib import Path

from ..errors import FacemocapError
from .kinds import kinds
from .reading import read_stack, write_stack
from .stack import Stack, Step

SUFFIX = ".stack.json"
#: The steps that a new stack starts with.
DEFAULT_KINDS = ("despike", "gap_fill", "denoise")
_MOST_LETTERS = 100
#: What some file system gives a meaning of its own.
_FORBIDDEN = set('<>:"/\\|?*')


def default_stack() -> Stack:
    """Repair and denoise with their defaults."""
    return Stack(tuple(Step(kind) for kind in DEFAULT_KINDS if kind in kinds()))


def list_presets(folder: Path) -> tuple[str, ...]:
    """Names of the presets in a folder, sorted; none where it is missing."""
    if not folder.is_dir():
        return ()
    names = (path.name for path in folder.iterdir() if path.is_file())
    found = [name[: -len(SUFFIX)] for name in names if name.endswith(SUFFIX)]
    return tuple(sorted((name for name in found if _is_name(name)), key=str.casefold))


def preset_path(folder: Path, name: str) -> Path:
    """Where a preset is kept.

    Raises
    ------
    FacemocapError
        When the name cannot be that of a file everywhere.
    """
    if not _is_name(name):
        raise FacemocapError(
            f'"{name}" is no name for a preset',
            f"Use up to {_MOST_LETTERS} letters and digits, none of {' '.join(sorted(_FORBIDDEN))}",
        )
    return folder / f"{name}{SUFFIX}"


def load_preset(folder: Path, name: str) -> Stack:
    """A preset; errors as `reading.read_stack`."""
    return read_stack(preset_path(folder, name))


def save_preset(folder: Path, name: str, stack: Stack, *, overwrite: bool = False) -> Path:
    """Keep a stack under a name; returns its file.

    Raises
    ------
    FacemocapError
        When there is one of that name and ``overwrite`` is not set, or it cannot be written.
    """
    path = preset_path(folder, name)
    taken = {other.casefold() for other in list_presets(folder)}
    if name.casefold() in taken and not overwrite:
        raise FacemocapError(
            f'There is a preset "{name}" already', "Choose another name, or overwrite it"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise FacemocapError(
            f'The folder "{folder}" cannot be made: {problem.strerror or problem}',
            "Choose a folder you may write to",
        ) from problem
    write_stack(stack, path)
    return path


def delete_preset(folder: Path, name: str) -> None:
    """Delete a preset's file; an error where there is none."""
    try:
        preset_path(folder, name).unlink()
    except OSError as problem:
        raise FacemocapError(
            f'The preset "{name}" cannot be deleted: {problem.strerror or problem}',
            "Choose one of the list",
        ) from problem


def _is_name(name: str) -> bool:
    return (
        0 < len(name) <= _MOST_LETTERS
        and name.isprintable()
        and name == name.strip(" .")
        and not _FORBIDDEN & set(name)
    )
