# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that lay a take beside animation that is there: by timecode, or by a marked moment."""

from __future__ import annotations

from argparse import Namespace

from ..core.alignment import Alignment, ByTimecode, parse_mark
from ..core.errors import FacemocapError
from ..core.timebase import parse_timecode
from .command import OptionHolder

#: Frames of a timecode are checked against the scene's rate once that is known.
_FASTEST = 1000


def add_align_options(group: OptionHolder) -> None:
    """Add them to a command's group of options."""
    group.add_argument(
        "--align-timecode",
        metavar="TIMECODE",
        help="timecode of the scene's first frame, HH:MM:SS:FF: the take goes where its own says",
    )
    group.add_argument(
        "--align",
        metavar="SECONDS=FRAME",
        help="a moment that both show, such as a clap: seconds of the take = frame of the scene",
    )


def read_align_options(arguments: Namespace) -> Alignment | None:
    """How the take is laid beside the scene's animation; None where that was not asked for."""
    given = [
        name
        for name, value in (
            ("--start", arguments.start),
            ("--align-timecode", arguments.align_timecode),
            ("--align", arguments.align),
        )
        if value is not None
    ]
    if len(given) > 1:
        raise FacemocapError(f"{' and '.join(given)} cannot be given together", "Give one of them")
    if arguments.align is not None:
        return parse_mark(arguments.align)
    if arguments.align_timecode is None:
        return None
    parse_timecode(arguments.align_timecode, _FASTEST)
    return ByTimecode(arguments.align_timecode)
