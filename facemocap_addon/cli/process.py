# SPDX-License-Identifier: GPL-3.0-or-later
"""``facemocap process``: a stack of cleanup steps on a take, without Blender."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from ..core.errors import FacemocapError
from ..core.files import replace_file, unfinished
from ..core.take_file import take_bytes
from .command import DONE, Command, add_json_option, add_overwrite_option
from .output import SCHEMA, Console, write_json
from .outputs import check_folder, check_new_file
from .read_options import add_read_options, read_options
from .sources import read_recording
from .stack_options import (
    add_stack_options,
    check_saved_stack,
    read_stack_option,
    run_stack_option,
    save_stack,
    say_chosen,
    say_steps,
    stack_facts,
    stack_paths,
)

_TAKE = ".take.npz"


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("take", metavar="TAKE", help="the recording, or a take of ours (.take.npz)")
    add_stack_options(parser)
    parser.add_argument("--out", required=True, metavar="NAME.take.npz", help="take file to write")
    parser.add_argument(
        "--report", metavar="FILE.json", help="write what each step did to this file"
    )
    add_read_options(parser)
    add_overwrite_option(parser)
    add_json_option(parser, "the report")


def _run(arguments: Namespace, console: Console) -> int:
    source, out = Path(arguments.take), Path(arguments.out)
    if not out.name.lower().endswith(_TAKE):
        raise FacemocapError(f'"{out.name}" is no name for a take', f"Let --out end with {_TAKE}")
    sources = (source, *stack_paths(arguments))
    check_new_file(out, overwrite=arguments.overwrite, sources=sources)
    report = _check_report(arguments.report, sources, out)
    check_saved_stack(arguments, sources, (out, *([report] if report else [])))
    wanted = read_stack_option(arguments, required=True)
    assert wanted is not None, "a stack is required"
    take = read_recording(source, read_options(arguments))
    ran = run_stack_option(take, wanted, arguments, console)
    document = {
        "schema": SCHEMA,
        "take": str(source),
        "output": str(out),
        "samples": ran.result.take.samples,
        "channels": len(ran.result.take.recorded),
        **stack_facts(ran, arguments),
    }
    console.interruption.check()
    with unfinished(out) as temporary:
        temporary.write_bytes(take_bytes(ran.result.take))
        if report is not None:
            replace_file(report, write_json(document).encode())
        save_stack(ran, arguments)
    console.say(f"{out}: {ran.result.take.samples} samples, {document['channels']} channels")
    say_chosen(document, console)
    say_steps(document["steps"], console)
    console.answer(document)
    return DONE


def _check_report(name: str | None, sources: Sequence[Path], out: Path) -> Path | None:
    """The report's path, after making sure that it can be written before the take is."""
    if name is None:
        return None
    path = Path(name)
    check_new_file(path, overwrite=True, sources=sources)
    if path.resolve() == out.resolve():
        raise FacemocapError("--out and --report name the same file", "Give them different names")
    if not path.parent.is_dir():
        raise FacemocapError(f'"{path}" cannot be written: no such folder', "Make the folder first")
    check_folder(path.parent)
    return path


COMMAND = Command(
    "process",
    "run a stack of cleanup steps on a take",
    "Run a stack of cleanup steps on a take and write the result as a take file. The recording\n"
    "itself is never changed. A stack is a JSON file: steps in order, each with its influence,\n"
    "its mask and its parameters; what is not said has its default. With --auto the take is\n"
    "measured and the steps that it needs are chosen.",
    (
        "facemocap process take.csv --stack cleanup.json --out clean.take.npz",
        "facemocap process take.csv --stack cleanup.json --out clean.take.npz --report done.json",
        "facemocap process take.csv --auto --save-stack cleanup.json --out clean.take.npz",
    ),
    _add_arguments,
    _run,
)
