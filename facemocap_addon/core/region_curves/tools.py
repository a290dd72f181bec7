# SPDX-License-Identifier: GPL-3.0-or-later
"""The tools: what a factor means to each, how far it goes, and its goal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..arrays import FloatArray
from . import goals, timing
from .goals import Goal, Part
from .settings import Other, Settings
from .settling import settled

#: Share of the way to the goal, and the goal.
Aim = tuple[float, Goal]


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool whose factor is dragged.

    Attributes
    ----------
    name, label, description : str
    aim : callable (part, factor, settings, other) -> (amount, goal)
        Keys go by ``amount`` of the way to the goal; 0 changes nothing.
    still : float
        The factor that changes nothing.
    range : (float, float)
        What the slider covers.
    uses : tuple of str
        Fields of `Settings` that it reads, besides the falloff.
    moves_keys : bool
        Whether keys of sparse curves change their frames instead of their values.
    """

    name: str
    label: str
    description: str
    aim: Callable[[Part, float, Settings, Other | None], Aim]
    still: float = 0.0
    range: tuple[float, float] = (0.0, 1.0)
    uses: tuple[str, ...] = ()
    moves_keys: bool = False


def _smooth(part: Part, factor: float, settings: Settings, _other: Other | None) -> Aim:
    return factor, goals.smooth(part, settings)


def _scale(part: Part, factor: float, settings: Settings, _other: Other | None) -> Aim:
    return 1.0 - factor, goals.still(part, settings)


def _offset(part: Part, factor: float, _settings: Settings, _other: Other | None) -> Aim:
    return float(factor != 0.0), lambda at: part.strand.at(at - factor)


def _ease(part: Part, factor: float, settings: Settings, _other: Other | None) -> Aim:
    power = settings.sharpness

    def begin(u: FloatArray) -> FloatArray:
        return u**power

    def end(u: FloatArray) -> FloatArray:
        return 1.0 - (1.0 - u) ** power

    def both(u: FloatArray) -> FloatArray:
        return u**power / (u**power + (1.0 - u) ** power)

    bend = both if settings.both else begin if factor < 0 else end
    return abs(factor), goals.eased(part, bend)


def _push(part: Part, factor: float, settings: Settings, _other: Other | None) -> Aim:
    return -factor, goals.straight(part, settings)


def _neighbour(part: Part, factor: float, _settings: Settings, _other: Other | None) -> Aim:
    value = part.ends()[0 if factor < 0 else 1]
    return abs(factor), lambda at: np.broadcast_to(value, (len(at), len(value)))


def _blend(part: Part, factor: float, _settings: Settings, other: Other | None) -> Aim:
    return (factor, other) if other is not None else (0.0, part.strand.at)


def _attack(part: Part, factor: float, settings: Settings, _other: Other | None) -> Aim:
    goal = timing.shaped(part, settings.attack * factor, settings.release * factor, settings)
    return float(factor != 0.0), goal


def _hold(part: Part, factor: float, settings: Settings, _other: Other | None) -> Aim:
    return factor, goals.still(part, settings)


def _settle(part: Part, factor: float, settings: Settings, _other: Other | None) -> Aim:
    return factor, settled(part, settings)


TOOLS: dict[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool(
            "smooth",
            "Smooth Keeping Peaks",
            "Take out what is quick and small. Peaks and valleys keep their values and frames",
            _smooth,
            uses=("width", "keep_peaks", "peak"),
        ),
        Tool(
            "scale",
            "Scale About Pose",
            "Bring keys nearer to a pose, or take them further from it",
            _scale,
            still=1.0,
            range=(0.0, 2.0),
            uses=("about",),
        ),
        Tool(
            "offset",
            "Offset in Time",
            "Let the motion happen later or earlier. Keys on every frame stay on their frames, "
            "others move as far as their neighbours let them",
            _offset,
            range=(-20.0, 20.0),
            moves_keys=True,
        ),
        Tool(
            "ease",
            "Ease",
            "Bring keys to an ease between their neighbours: in to the left, out to the right",
            _ease,
            range=(-1.0, 1.0),
            uses=("sharpness", "both"),
        ),
        Tool(
            "push",
            "Push and Pull",
            "Push keys away from the straight line between their neighbours, or pull them to it",
            _push,
            range=(-1.0, 1.0),
        ),
        Tool(
            "neighbour",
            "Blend to Neighbour",
            "Bring keys to the value of the key before them or after them",
            _neighbour,
            range=(-1.0, 1.0),
        ),
        Tool(
            "blend",
            "Blend to Take",
            "Bring keys to what another take, or the raw one, has there",
            _blend,
        ),
        Tool(
            "attack",
            "Attack and Release",
            "Let moves come and go quicker or slower. Peaks and rests keep their values and frames",
            _attack,
            range=(-1.0, 1.0),
            uses=("attack", "release", "peak"),
        ),
        Tool(
            "hold",
            "Hold",
            "Bring keys to one pose that is held",
            _hold,
            uses=("about",),
        ),
        Tool(
            "settle",
            "Overshoot and Settle",
            "Let quick moves go beyond where they stop, swing and come to rest",
            _settle,
            uses=("period", "damping"),
        ),
    )
}
