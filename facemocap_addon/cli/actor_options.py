# SPDX-License-Identifier: GPL-3.0-or-later
"""What retarget knows of the actor: a range of motion, and example pairs with a character."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.actor.example_pairs import ExampleLibrary, read_example_library
from ..core.actor.range_of_motion import RangeOfMotion, calibrated, read_range_of_motion
from ..core.errors import FacemocapError
from ..core.take import Take
from .command import OptionHolder


@dataclass(frozen=True, slots=True)
class ActorOptions:
    """The files that were given, read.

    Attributes
    ----------
    actor_range : RangeOfMotion or None
    examples : ExampleLibrary or None
    range_path, examples_path : Path or None
    """

    actor_range: RangeOfMotion | None = None
    examples: ExampleLibrary | None = None
    range_path: Path | None = None
    examples_path: Path | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """Files that are read."""
        return tuple(path for path in (self.range_path, self.examples_path) if path is not None)

    @property
    def facts(self) -> dict[str, Any]:
        """What reports say of them."""
        found: dict[str, Any] = {}
        if self.actor_range is not None:
            found["actor_range"] = {
                "path": str(self.range_path),
                "actor": self.actor_range.actor,
                "channels": len(self.actor_range.ranges),
            }
        if self.examples is not None:
            found["examples"] = {
                "path": str(self.examples_path),
                "actor": self.examples.actor,
                "character": self.examples.character,
                "pairs": [example.name for example in self.examples.examples],
            }
        return found

    def calibrated(self, take: Take) -> Take:
        """The take within the actor's range, if one is given."""
        return take if self.actor_range is None else calibrated(take, self.actor_range)


def add_actor_options(parser: OptionHolder) -> None:
    """--actor-range and --examples."""
    parser.add_argument(
        "--actor-range",
        metavar="ACTOR.range.json",
        help="bring the take to this actor's range of motion before everything else: a file of "
        "`facemocap calibrate`",
    )
    parser.add_argument(
        "--examples",
        metavar="PAIRS.json",
        help="example pairs of this actor and this character: captured faces and the poses that "
        "belong to them",
    )


def read_actor_options(arguments: Namespace) -> ActorOptions:
    """The files that --actor-range and --examples name.

    Raises
    ------
    FacemocapError
        When a file is wrong, both are of different actors, or the take is to stay as captured.
    """
    given = [n for n in ("actor-range", "examples") if getattr(arguments, n.replace("-", "_"))]
    if given and arguments.raw:
        raise FacemocapError(
            f"--raw keeps the take as captured, --{given[0]} changes it", "Give only one"
        )
    range_path = Path(arguments.actor_range) if arguments.actor_range else None
    examples_path = Path(arguments.examples) if arguments.examples else None
    rom = read_range_of_motion(range_path) if range_path else None
    library = read_example_library(examples_path) if examples_path else None
    if rom is not None and library is not None and rom.actor and library.actor:
        library.check_belongs(rom.actor, library.character)
    return ActorOptions(rom, library, range_path, examples_path)
