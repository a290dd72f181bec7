# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of every command that reads a take: who of several people, and a missing rate."""

from __future__ import annotations

from argparse import Namespace
from fractions import Fraction

from ..core.errors import FacemocapError
from ..core.readers import ReadOptions
from .command import OptionHolder


def add_read_options(parser: OptionHolder) -> None:
    """--face and --rate."""
    parser.add_argument(
        "--face",
        type=parse_face,
        metavar="N",
        help="which person, when the recording holds several: `facemocap inspect` lists them "
        "(default: the one that is there most often)",
    )
    parser.add_argument(
        "--rate",
        type=parse_rate,
        metavar="HZ",
        help="samples a second of a recording that has no times, such as 25 or 30000/1001",
    )


def read_options(arguments: Namespace) -> ReadOptions:
    """What the options say."""
    return ReadOptions(arguments.face, arguments.rate)


def parse_face(text: str) -> int:
    """The number of a person, as the recording counts them."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise FacemocapError(
            f'"{text}" is no number of a person', "Give --face a number that inspect lists"
        )
    return int(text)


def parse_rate(text: str) -> float:
    """Samples a second: ``25``, ``29.97`` or ``30000/1001``."""
    try:
        rate = float(Fraction(text))
        ReadOptions(rate_hz=rate)
    except (ValueError, ZeroDivisionError, OverflowError, FacemocapError):
        raise FacemocapError(
            f'"{text}" is no rate of a recording',
            "Give --rate a number from 1 to 1000, such as 25 or 29.97",
        ) from None
    return rate
