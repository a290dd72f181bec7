# SPDX-License-Identifier: GPL-3.0-or-later
"""Which columns of a take play a part in blinks and closed lips, and what rests at nought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, IntArray
from ..channels import Channel
from ..contacts.captured import PARTING

#: What moves in a short closure of the lips.
_LIPS = ("jawOpen", "mouthClose", "mouthPress", "mouthRoll")


@dataclass(frozen=True)
class Roles:
    """Columns by what they do; empty where the take lacks them.

    Attributes
    ----------
    blinks : tuple of int
        What closes an eye.
    jaw, seal : int or None
        jawOpen and mouthClose.
    parting : tuple of int
        What parts the lips besides the jaw.
    lips : tuple of int
        What moves when lips close.
    partner : (c,) int
        Each channel's mirror image, or itself.
    rests : (c,) bool
        Channels that cannot go below nought.
    regions : (c,) int
        Channels with the same number are of one region of the face.
    """

    blinks: tuple[int, ...]
    jaw: int | None
    seal: int | None
    parting: tuple[int, ...]
    lips: tuple[int, ...]
    partner: IntArray
    rests: BoolArray
    regions: IntArray


def roles_of(channels: Sequence[Channel]) -> Roles:
    """The roles of a take's channels."""
    place = {channel.name: column for column, channel in enumerate(channels)}
    names = tuple(place)
    regions = sorted({channel.region for channel in channels})
    return Roles(
        blinks=tuple(place[name] for name in names if name.startswith("eyeBlink")),
        jaw=place.get("jawOpen"),
        seal=place.get("mouthClose"),
        parting=tuple(place[name] for name in PARTING if name in place),
        lips=tuple(place[name] for name in names if name.startswith(_LIPS)),
        partner=np.array(
            [place.get(channel.partner, column) for column, channel in enumerate(channels)],
            np.int64,
        ),
        rests=np.array(
            [channel.kind == "weight" and channel.range[0] == 0.0 for channel in channels], np.bool_
        ),
        regions=np.array([regions.index(channel.region) for channel in channels], np.int64),
    )
