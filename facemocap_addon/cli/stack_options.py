# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of commands that run a stack: the file, the seed, and the work itself."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..core.errors import FacemocapError
from ..core.progress import Progress, run_job
from ..core.stack.reading import read_stack
from ..core.stack.running import StackResult, stack_job
from ..core.stack.stack import Stack
from ..core.take import Take
from .command import OptionHolder
from .output import Console

#: Seeds are what every random generator takes.
_MOST_SEED = 2**32 - 1


def add_stack_options(parser: OptionHolder, *, required: bool) -> None:
    """--stack and --seed."""
    parser.add_argument(
        "--stack",
        required=required,
        metavar="STACK.json",
        help="steps of cleanup to run on the take, in order: a stack file",
    )
    parser.add_argument(
        "--seed",
        type=parse_seed,
        default=None,
        metavar="N",
        help="seed of steps that draw random numbers (default: 0); equal seeds, equal results",
    )


def parse_seed(text: str) -> int:
    """A whole number, 0 or more."""
    if not (text.isascii() and text.isdigit() and int(text[:12]) <= _MOST_SEED and len(text) < 12):
        raise FacemocapError(f'"{text}" is no seed', f"Give --seed a number from 0 to {_MOST_SEED}")
    return int(text)


def read_stack_option(arguments: Namespace) -> Stack | None:
    """The stack that --stack names; None without one, then --seed is refused."""
    if arguments.stack is None:
        if arguments.seed is not None:
            raise FacemocapError("--seed needs a stack", "Give --stack STACK.json, or no --seed")
        return None
    if getattr(arguments, "raw", False):
        raise FacemocapError(
            "--raw keeps the take as captured, --stack changes it", "Give only one"
        )
    return read_stack(Path(arguments.stack))


def run_stack_option(
    take: Take, stack: Stack, arguments: Namespace, console: Console
) -> StackResult:
    """The take after the stack; Ctrl-C stops between steps."""

    def show(progress: Progress) -> None:
        console.interruption.check()
        console.bar.show(progress)

    return run_job(stack_job(take, stack, seed=arguments.seed or 0), show)


def process_take(
    take: Take, stack: Stack | None, arguments: Namespace, console: Console
) -> tuple[Take, dict[str, Any]]:
    """The take after the stack, if there is one, and what reports say of that."""
    if stack is None:
        return take, {}
    result = run_stack_option(take, stack, arguments, console)
    return result.take, stack_facts(result, stack, arguments)


def stack_facts(result: StackResult, stack: Stack, arguments: Namespace) -> dict[str, Any]:
    """What reports say of a stack that was run."""
    return {
        "stack": {"path": str(arguments.stack), **stack.to_json()},
        "seed": arguments.seed or 0,
        "steps": result.to_json(),
    }


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
