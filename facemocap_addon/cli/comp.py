# SPDX-License-Identifier: GPL-3.0-or-later
"""``facemocap comp``: stretches of several takes put together by a recipe, without Blender."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from ..core.errors import FacemocapError
from ..core.files import replace_file, unfinished
from ..core.take import Take
from ..core.take_comp import Composed, Recipe, Seam, compose, read_recipe
from ..core.take_file import take_bytes
from .command import DONE, Command, add_json_option, add_overwrite_option
from .output import SCHEMA, Console, write_json
from .outputs import check_new_file
from .sources import read_recording

_TAKE = ".take.npz"


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("recipe", metavar="RECIPE.json", help="which take plays where")
    parser.add_argument("--out", required=True, metavar="NAME.take.npz", help="take file to write")
    parser.add_argument("--report", metavar="FILE.json", help="write where the seams lie here")
    add_overwrite_option(parser)
    add_json_option(parser, "the report")


def _run(arguments: Namespace, console: Console) -> int:
    path, out = Path(arguments.recipe), Path(arguments.out)
    if not out.name.lower().endswith(_TAKE):
        raise FacemocapError(f'"{out.name}" is no name for a take', f"Let --out end with {_TAKE}")
    recipe = read_recipe(path)
    files = _files(recipe, path)
    sources = (path, *files.values())
    check_new_file(out, overwrite=arguments.overwrite, sources=sources)
    report = Path(arguments.report) if arguments.report else None
    if report is not None:
        check_new_file(report, overwrite=True, sources=(*sources, out))
    composed = compose(_read(files), recipe)
    document = {
        "schema": SCHEMA,
        "recipe": str(path),
        "output": str(out),
        "takes": {name: str(file) for name, file in files.items()},
        **composed.report(),
    }
    console.interruption.check()
    with unfinished(out) as temporary:
        temporary.write_bytes(take_bytes(composed.take))
        if report is not None:
            replace_file(report, write_json(document).encode())
    _say(composed, out, console)
    console.answer(document)
    return DONE


def _files(recipe: Recipe, path: Path) -> dict[str, Path]:
    """Where the takes are; paths count from the recipe's folder."""
    nameless = [name for name, member in recipe.takes.items() if not member.file]
    if nameless:
        raise FacemocapError(
            f'"{path.name}" does not say in which file the take "{nameless[0]}" is',
            'Add a "file" to each of its takes',
        )
    return {name: path.parent / member.file for name, member in recipe.takes.items()}


def _read(files: dict[str, Path]) -> dict[str, Take]:
    """Each file once, also where several names are of one."""
    read = {file: read_recording(file) for file in dict.fromkeys(files.values())}
    return {name: read[file] for name, file in files.items()}


def _say(composed: Composed, out: Path, console: Console) -> None:
    console.say(
        f"{out}: {composed.take.samples} samples, {len(composed.take.recorded)} channels, "
        f"{len(composed.seams)} seams"
    )
    console.say_table([_row(seam) for seam in composed.seams], indent=2)
    for warning in composed.warnings:
        console.say(f"  {warning}")


def _row(seam: Seam) -> tuple[str, str]:
    moved = seam.at_s - seam.asked_s
    length = seam.last - seam.first - 1
    bend = f"bend {seam.bend:.2f} of what is allowed ({seam.worst})"
    return (
        f"stretch {seam.stretch + 1} {seam.end}",
        f"{seam.at_s:.3f} s ({moved:+.3f}), {length} samples, {bend}",
    )


COMMAND = Command(
    "comp",
    "put stretches of several takes together by region",
    "Put the best stretches of several takes together by a recipe: the upper face of one take,\n"
    "the mouth of another. Seams lie where they are seen least, near where they are asked for,\n"
    "not in blinks or contacts of the lips. Outside of them every sample is one of a take's, bit\n"
    "for bit.\n"
    "The take that is written keeps the recipe.",
    (
        "facemocap comp scene4.json --out scene4.take.npz",
        "facemocap comp scene4.json --out scene4.take.npz --report seams.json",
    ),
    _add_arguments,
    _run,
)
