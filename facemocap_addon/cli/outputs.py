# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and folders of what a command writes: settled before any work is done."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from ..core.errors import FacemocapError
from ..core.files import unwritable


@dataclass(frozen=True, slots=True)
class RigOutput:
    """A rig file, the .blend that is made from it and the folder of its stills."""

    rig: Path
    blend: Path
    stills: Path


class OutputFolder:
    """A folder made when something is first written to it, and taken away again if it stays empty.

    Use it as a context manager; parents that had to be made go the same way.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._made: list[Path] = []

    def make(self) -> Path:
        """Make the folder and its parents, as far as they are missing."""
        missing: list[Path] = []
        folder = self.path
        while not folder.exists():
            missing.append(folder)
            folder = folder.parent
        try:
            for folder in reversed(missing):
                folder.mkdir(exist_ok=True)
                self._made.append(folder)
        except OSError as problem:
            raise unwritable(self.path, problem) from problem
        return self.path

    def __enter__(self) -> OutputFolder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for folder in reversed(self._made):
            try:
                folder.rmdir()
            except OSError:  # something is in it, as it should be
                return


def take_stem(path: Path) -> str:
    """The take's name in file names: NAME of NAME.take.npz, else without the last extension."""
    if path.name.lower().endswith(".take.npz"):
        return path.name[: -len(".take.npz")]
    return path.stem


def plan_outputs(take: Path, rigs: Sequence[Path], folder: Path) -> list[RigOutput]:
    """Where each rig's character goes: ``folder/<take stem>_<rig stem>.blend``.

    Rigs whose names would be equal get their extension added. Letters that differ in case only
    count as equal, because many file systems say so.

    Raises
    ------
    FacemocapError
        When names are equal even so, or when an output would be one of the rigs or the take.
    """
    plain = [f"{take_stem(take)}_{rig.stem}" for rig in rigs]
    count = Counter(name.casefold() for name in plain)
    names = [
        f"{name}_{rig.suffix[1:].lower()}" if count[name.casefold()] > 1 and rig.suffix else name
        for name, rig in zip(plain, rigs, strict=True)
    ]
    taken: dict[str, Path] = {}
    outputs: list[RigOutput] = []
    for name, rig in zip(names, rigs, strict=True):
        other = taken.setdefault(name.casefold(), rig)
        if other is not rig:
            raise FacemocapError(
                f'"{other}" and "{rig}" would both be written to "{name}.blend"',
                "Retarget them one at a time, each with a folder of its own for --out",
            )
        outputs.append(RigOutput(rig, folder / f"{name}.blend", folder / name))
    sources = {_resolved(path) for path in (take, *rigs)}
    for output in outputs:
        if _resolved(output.blend) in sources:
            raise FacemocapError(
                f'"{output.blend}" is one of the files to read', "Choose another folder for --out"
            )
    return outputs


def unique_paths(paths: Iterable[Path]) -> list[Path]:
    """``paths`` without those that name a file a second time, in their order."""
    first: dict[Path, Path] = {}
    for path in paths:
        first.setdefault(_resolved(path), path)
    return list(first.values())


def check_folder(folder: Path) -> None:
    """Fail early when ``folder`` is no folder, or can neither be written to nor be made."""
    if folder.exists() and not folder.is_dir():
        raise FacemocapError(f'"{folder}" is a file', "Give a folder to --out")
    existing = folder.absolute()
    while not existing.exists():
        existing = existing.parent
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as problem:
        raise unwritable(folder, problem) from problem


def check_new_file(path: Path, *, overwrite: bool, sources: Iterable[Path] = ()) -> None:
    """Fail when ``path`` must not be written: it exists, is a folder, or is read as well."""
    if path.is_dir():
        raise FacemocapError(f'"{path}" is a folder', "Give --out a file name in it")
    if any(_resolved(path) == _resolved(source) for source in sources):
        raise FacemocapError(
            f'"{path}" is the file to read', "Choose another name for the file to write"
        )
    if path.exists() and not overwrite:
        raise FacemocapError(
            f'"{path}" exists already', "Add --overwrite to replace it, or choose another name"
        )


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # a loop of symbolic links
        return path.absolute()
