# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of commands that run a stack: the file or the choice, the seed, and the work itself."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.errors import FacemocapError
from ..core.progress import Progress, run_job
from ..core.stack.auto import chosen_stack
from ..core.stack.reading import read_stack, write_stack
from ..core.stack.running import StackResult, stack_job
from ..core.stack.stack import Stack
from ..core.take import Take
from .command import OptionHolder
from .output import Console
from .outputs import check_folder, check_new_file
from .sound_options import add_sound_option, heard_stack

#: Seeds are what every random generator takes.
_MOST_SEED = 2**32 - 1


@dataclass(frozen=True)
class Wanted:
    """The stack to run: the file's, or none yet where it is to be chosen for the take."""

    stack: Stack | None


@dataclass(frozen=True)
class Ran:
    """A stack that was run: the result, and why its steps were chosen."""

    stack: Stack
    result: StackResult
    why: tuple[str, ...] = ()


def add_stack_options(parser: OptionHolder) -> None:
    """--stack or --auto, --save-stack and --seed."""
    parser.add_argument(
        "--stack",
        metavar="STACK.json",
        help="steps of cleanup to run on the take, in order: a stack file",
    )
    parser.add_argument(
        "--auto",
        action="store_true",
        help="measure the take and choose the steps that it needs, instead of --stack",
    )
    parser.add_argument(
        "--save-stack",
        metavar="STACK.json",
        help="write the steps that --auto chose to this file, to be edited",
    )
    parser.add_argument(
        "--seed",
        type=parse_seed,
        default=None,
        metavar="N",
        help="seed of steps that draw random numbers (default: 0); equal seeds, equal results",
    )
    add_sound_option(parser, "where steps hear phrases")


def parse_seed(text: str) -> int:
    """A whole number, 0 or more."""
    if not (text.isascii() and text.isdigit() and int(text[:12]) <= _MOST_SEED and len(text) < 12):
        raise FacemocapError(f'"{text}" is no seed', f"Give --seed a number from 0 to {_MOST_SEED}")
    return int(text)


def read_stack_option(arguments: Namespace, *, required: bool = False) -> Wanted | None:
    """What --stack and --auto say; None without both, then --seed is refused."""
    if arguments.save_stack is not None and not arguments.auto:
        raise FacemocapError(
            "--save-stack writes the steps that --auto chooses", "Give --auto, or no --save-stack"
        )
    if arguments.stack is None and not arguments.auto:
        if required:
            raise FacemocapError(
                "No steps were given", "Give --stack STACK.json, or --auto to have them chosen"
            )
        if arguments.seed is not None:
            raise FacemocapError("--seed needs a stack", "Give --stack STACK.json, or no --seed")
        return None
    if arguments.stack is not None and arguments.auto:
        raise FacemocapError(
            "--auto chooses the steps that --stack gives", "Give only one of the two"
        )
    if getattr(arguments, "raw", False):
        option = "--auto" if arguments.auto else "--stack"
        raise FacemocapError(
            f"--raw keeps the take as captured, {option} changes it", "Give only one"
        )
    return Wanted(next((read_stack(path) for path in stack_paths(arguments)), None))


def stack_paths(arguments: Namespace) -> tuple[Path, ...]:
    """The stack file to read, if there is one."""
    name: str | None = arguments.stack
    return () if name is None else (Path(name),)


def check_saved_stack(
    arguments: Namespace, sources: Iterable[Path], outputs: Iterable[Path] = ()
) -> None:
    """Make sure that --save-stack can be written before anything else is done."""
    if arguments.save_stack is None:
        return
    path = Path(arguments.save_stack)
    check_new_file(path, overwrite=arguments.overwrite, sources=sources)
    if any(path.resolve() == output.resolve() for output in outputs):
        raise FacemocapError(
            "--save-stack names a file that is written as well", "Give it another name"
        )
    if not path.parent.is_dir():
        raise FacemocapError(f'"{path}" cannot be written: no such folder', "Make the folder first")
    check_folder(path.parent)


def run_stack_option(take: Take, wanted: Wanted, arguments: Namespace, console: Console) -> Ran:
    """The take after the stack, which is chosen now if need be; Ctrl-C stops between steps."""

    def show(progress: Progress) -> None:
        console.interruption.check()
        console.bar.show(progress)

    stack, why = (wanted.stack, ()) if wanted.stack is not None else chosen_stack(take)
    stack = heard_stack(stack, take, arguments, console)
    return Ran(stack, run_job(stack_job(take, stack, seed=arguments.seed or 0), show), why)


def save_stack(ran: Ran, arguments: Namespace) -> None:
    """Write what was chosen where --save-stack says."""
    if arguments.save_stack is not None:
        write_stack(ran.stack, Path(arguments.save_stack))


def process_take(
    take: Take, wanted: Wanted | None, arguments: Namespace, console: Console
) -> tuple[Take, Stack | None, dict[str, Any]]:
    """The take after the stack, if there is one, the stack, and what reports say of that."""
    if wanted is None:
        return take, None, {}
    ran = run_stack_option(take, wanted, arguments, console)
    save_stack(ran, arguments)
    return ran.result.take, ran.stack, stack_facts(ran, arguments)


def stack_facts(ran: Ran, arguments: Namespace) -> dict[str, Any]:
    """What reports say of a stack that was run."""
    path = None if arguments.stack is None else str(arguments.stack)
    chosen = {"chosen": list(ran.why)} if arguments.auto else {}
    return {
        "stack": {"path": path, **ran.stack.to_json()},
        **chosen,
        "seed": arguments.seed or 0,
        "steps": ran.result.to_json(),
    }


def say_chosen(facts: dict[str, Any], console: Console) -> None:
    """Why --auto chose each step; nothing is said of a stack that was given."""
    if "chosen" not in facts:
        return
    if not facts["chosen"]:
        console.say("  The take needs no cleanup.")
    for step, why in zip(facts["stack"]["steps"], facts["chosen"], strict=True):
        console.say(f"  chosen  {step['kind']:<12} {why}")


def say_steps(steps: Sequence[dict[str, Any]], console: Console) -> None:
    """One line for each step, and one for each remark."""
    for step in steps:
        changes = [
            f"{_UNITS[kind]} {rms:.4g} rms" for kind, rms in step["rms_change"].items() if rms
        ]
        counts = [f"{number} {name.replace('_', ' ')}" for name, number in step["counts"].items()]
        said = ", ".join([*changes, *counts]) or "no change"
        console.say(f"  {step['step']:>2}  {step['kind']:<12} {said if step['done'] else 'off'}")
        for remark in step["remarks"]:
            console.say(f"      note  {remark}")


_UNITS = {
    "weight": "coefficients",
    "angle": "angles (rad)",
    "translation": "places (m)",
    "point": "points (m)",
    "pixel": "points (px)",
}
