# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person may say about a file that it does not say itself: who of several, and its rate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..errors import FacemocapError

#: Who names a rate that a person gave: "The file has no times; the option rate says 25 ...".
GIVEN = "the option rate"
_RATES_HZ = (1.0, 1000.0)
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What is said of a file beside its path.

    Attributes
    ----------
    face : int or None
        Which person of a file that holds several: the number that the file has for it, else
        counted from 0. None: the one that is there most often.
    rate_hz : float or None
        Samples a second of a file that has no times.

    Raises
    ------
    FacemocapError
        When the rate is no rate.
    """

    face: int | None = None
    rate_hz: float | None = None

    def __post_init__(self) -> None:
        rate = self.rate_hz
        if rate is not None and not (math.isfinite(rate) and _RATES_HZ[0] <= rate <= _RATES_HZ[1]):
            raise FacemocapError(
                f"{rate:g} is no rate of a recording", "Give a number from 1 to 1000, such as 29.97"
            )

    def rate_or(self, usual_hz: float, named: str = "") -> tuple[float, str]:
        """Rate of samples without times, and who names it: empty where nobody does.

        What the person says goes before what the file or the format says.
        """
        return (usual_hz, named) if self.rate_hz is None else (self.rate_hz, GIVEN)


def choose_face(counts: Mapping[int, int], options: ReadOptions, name: str) -> int:
    """The person to read: the one asked for, else who is in most samples.

    Parameters
    ----------
    counts : mapping of int to int
        Samples of each person, by number; one person at least.
    options : ReadOptions
    name : str
        The file's name, for messages.

    Raises
    ------
    FacemocapError
        When the file does not have the person asked for; all it has are listed.
    """
    if options.face is None:
        return max(counts, key=lambda number: (counts[number], -number))
    if options.face not in counts:
        raise no_such_face(options.face, sorted(counts), name)
    return options.face


def no_such_face(face: int, there: Sequence[int], name: str) -> FacemocapError:
    """The error for a person that a file does not have."""
    if len(there) == 1:
        return FacemocapError(
            f'"{name}" has no person {face}: it holds one, number {there[0]}',
            "Leave the option face out",
        )
    shown = ", ".join(map(str, there[:_SHOWN]))
    more = f" and {len(there) - _SHOWN} more" if len(there) > _SHOWN else ""
    return FacemocapError(
        f'"{name}" has no person {face}: it holds {shown}{more}', "Choose one of these"
    )
