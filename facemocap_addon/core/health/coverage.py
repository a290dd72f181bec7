# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of a take reaches a character: what a rig map makes of its channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..rig_maps.body_controls import BODY_CHANNELS
from ..rig_maps.rig_map import RigMap
from .columns import Columns
from .expressions import LEAST

#: Channels that move less than this part of what counts as an expression are not missed.
_MOVES = 1.0


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a rig map makes of a take.

    Attributes
    ----------
    rig : str
    channels, moving : int
        Recorded channels, and those of them that move.
    reached, moving_reached : int
        Those that drive something on the character.
    motion_share : float
        Part of all motion (sum of 1st to 99th percentile of coefficients) that reaches it.
    lost : tuple of str
        Channels that move and drive nothing, the largest range first.
    unfed : tuple of str
        Channels that the map waits for and that the take lacks.
    controls, controls_fed : int
        Controls of the map, and those that the take moves.
    """

    rig: str
    channels: int
    moving: int
    reached: int
    moving_reached: int
    motion_share: float
    lost: tuple[str, ...]
    unfed: tuple[str, ...]
    controls: int
    controls_fed: int

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "rig": self.rig,
            "channels": self.channels,
            "moving": self.moving,
            "reached": self.reached,
            "moving_reached": self.moving_reached,
            "motion_share": self.motion_share,
            "lost": list(self.lost),
            "unfed": list(self.unfed),
            "controls": self.controls,
            "controls_fed": self.controls_fed,
        }


def measure_coverage(columns: Columns, rig_map: RigMap) -> Coverage:
    """What a rig map makes of a take's channels; coordinates of points do not count.

    Nor do channels of a body's breath where there is no body: Life adds them, nobody recorded them.
    """
    covered, wanted = rig_map.covered, set(rig_map.channels)
    spans: dict[str, tuple[str, float]] = {}
    for number, place in enumerate(columns.places):
        channel = columns.take.channels[place]
        if channel.name in BODY_CHANNELS and channel.name not in covered:
            continue
        spans[channel.name] = (channel.kind, float(columns.spread[number]))
    moving = [name for name, (kind, span) in spans.items() if span >= _MOVES * LEAST[kind]]
    lost = sorted((name for name in moving if name not in covered), key=lambda n: -spans[n][1])
    weights = {name: span for name, (kind, span) in spans.items() if kind == "weight"}
    whole = sum(weights.values())
    reached = sum(span for name, span in weights.items() if name in covered)
    moves = set(moving)
    fed = sum(any(s.channel in moves for s in entry.sources) for entry in rig_map.entries)
    fitted = {
        key
        for fit in rig_map.fits
        for target, look in zip(fit.targets, fit.looks, strict=True)
        if any(part and name in moves for name, part in zip(fit.channels, look, strict=True))
        for key in target
    }
    keys = {entry.control for entry in rig_map.entries}
    every = keys | {key for fit in rig_map.fits for target in fit.targets for key in target}
    fed += len(fitted - keys)
    return Coverage(
        rig=rig_map.rig,
        channels=len(spans),
        moving=len(moving),
        reached=sum(name in covered for name in spans),
        moving_reached=sum(name in covered for name in moving),
        motion_share=reached / whole if whole else 0.0,
        lost=tuple(lost),
        unfed=tuple(sorted(wanted - set(spans))),
        controls=len(every),
        controls_fed=fed,
    )
