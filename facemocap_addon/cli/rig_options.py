# SPDX-License-Identifier: GPL-3.0-or-later
"""Options about a character's file, shared by the commands that open one, and their values."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

from ..core.errors import FacemocapError
from .command import OptionHolder

#: Frames that Blender's timeline can hold, either way.
_LAST_FRAME = 1_048_574
_RATES = (1.0, 1000.0)


def add_rig_options(parser: OptionHolder, *, several: bool = False) -> None:
    """--character (and --all-characters), --enable-scripts and --verbose."""
    parser.add_argument(
        "--character",
        metavar="NAME",
        action="append" if several else "store",
        help="which character, when the file has several: its collection's or armature's name"
        + ("; may be given several times" if several else ""),
    )
    if several:
        parser.add_argument(
            "--all-characters", action="store_true", help="all characters of each file"
        )
    parser.add_argument(
        "--enable-scripts",
        action="store_true",
        help="let Python drivers and scripts in the .blend run (auto-run); without this they stay "
        "off and drivers that therefore do nothing are named. Only for files you trust",
    )
    parser.add_argument(
        "--verbose", action="store_true", help="show Blender's own messages on standard error"
    )


def add_cache_option(parser: OptionHolder) -> None:
    """--no-cache, which every command that measures has."""
    parser.add_argument(
        "--no-cache",
        action="store_true",
        help="measure anew, and keep nothing in the cache folder of your user account "
        "(or set FACEMOCAP_NO_CACHE)",
    )


def add_drive_option(parser: OptionHolder) -> None:
    """--drive, which every command that measures has."""
    parser.add_argument(
        "--drive",
        choices=("shapes", "bones"),
        default="shapes",
        help="what a character that has both is driven by: shape keys and properties first "
        "(default), or the bones of its face, fitted to its own shape keys",
    )


def check_rig(path: Path) -> None:
    """Fail early, before Blender is loaded, when a rig file is not there."""
    if not path.exists():
        raise FacemocapError(f'"{path}" does not exist', "Check the path")
    if path.is_dir():
        raise FacemocapError(f'"{path}" is a folder', "Name the character's file in it")


def parse_rate(text: str) -> float:
    """Frames per second: ``24``, ``29.97`` or ``30000/1001``."""
    try:
        rate = float(Fraction(text))
    except (ValueError, ZeroDivisionError, OverflowError):
        rate = math.nan
    if not _RATES[0] <= rate <= _RATES[1]:
        raise FacemocapError(
            f'"{text}" is no frame rate', "Give --fps a number from 1 to 1000, such as 24 or 29.97"
        )
    return rate


def parse_frame(text: str) -> float:
    """A frame of the timeline."""
    try:
        frame = float(text)
    except ValueError:
        frame = math.nan
    if not abs(frame) <= _LAST_FRAME:
        raise FacemocapError(f'"{text}" is no frame', "Give --start a frame number, such as 1")
    return frame


def parse_range(text: str) -> tuple[float | None, float | None]:
    """Seconds of the take: ``2:7.5``, ``2:`` or ``:7.5``."""
    first, colon, last = text.partition(":")
    try:
        start = float(first) if first.strip() else None
        end = float(last) if last.strip() else None
    except ValueError:
        colon = ""
        start = end = None
    numbers = [number for number in (start, end) if number is not None]
    if not colon or not numbers or not all(0 <= number < math.inf for number in numbers):
        raise FacemocapError(
            f'"{text}" is no range',
            "Write --range as seconds from the take's first sample: 2:7.5, or 2: or :7.5",
        )
    if start is not None and end is not None and start >= end:
        raise FacemocapError(
            f'The range "{text}" holds nothing', "Give --range the earlier second first"
        )
    return start, end
