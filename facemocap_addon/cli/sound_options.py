# SPDX-License-Identifier: GPL-3.0-or-later
"""--sound: what is heard of a take, from the file that is named or from the one beside it."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from ..core.errors import FacemocapError
from ..core.events.lips.sound import Sound, read_sound
from ..core.sound_files import find_sound
from ..core.stack.hearing import asks_for_phrases, with_sound
from ..core.stack.stack import Stack
from ..core.take import Take
from .blender import load_blender
from .command import OptionHolder
from .output import Console

_WAVE = ".wav"


def add_sound_option(parser: OptionHolder, what: str) -> None:
    """--sound, which is for ``what``."""
    parser.add_argument(
        "--sound",
        metavar="FILE",
        help=f"sound of the recording, {what}: a WAV, or a video with sound; usually the file of "
        "the recording's name beside it",
    )


def sound_of(arguments: Namespace, console: Console) -> Sound | None:
    """What --sound names, else what lies beside the recording; None where there is none.

    A video that only lies there and cannot be read is mentioned and does no harm.

    Raises
    ------
    FacemocapError
        When the file that is named has no sound that can be read.
    """
    if arguments.sound:
        return read_any_sound(Path(arguments.sound))
    beside = find_sound(Path(arguments.take))
    if beside is None:
        return None
    try:
        return read_any_sound(beside)
    except FacemocapError as problem:
        console.say(f"  note  The sound beside the recording is not used: {problem.what}.")
        return None


def read_any_sound(path: Path) -> Sound:
    """A WAV as it is; the sound of a video by Blender where that is installed, else by ffmpeg."""
    if path.suffix.lower() == _WAVE:
        return read_sound(path)
    try:
        load_blender()
    except FacemocapError:
        return read_sound(path)
    from ..gateway.files.take_sounds import take_sound  # noqa: PLC0415

    return take_sound(path)


def heard_stack(stack: Stack, take: Take, arguments: Namespace, console: Console) -> Stack:
    """The stack whose steps know what is heard, where they ask for it and there is a sound."""
    if not asks_for_phrases(stack):
        if arguments.sound:
            console.say("  note  No step of the stack listens to the sound.")
        return stack
    sound = sound_of(arguments, console)
    return stack if sound is None else with_sound(stack, take, sound)
