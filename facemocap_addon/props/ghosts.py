# SPDX-License-Identifier: GPL-3.0-or-later
"""Curves of the raw take, for the Graph Editor to draw below those that play; never saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..core.arrays import FloatArray

#: Data path and index of an F-curve.
Place = tuple[str, int]
#: Frames and values.
Line = tuple[FloatArray, FloatArray]


@dataclass
class _Now:
    lines: dict[tuple[str, int], Mapping[Place, Line]] = field(
        default_factory=dict[tuple[str, int], "Mapping[Place, Line]"]
    )
    about: dict[str, str] = field(default_factory=dict[str, str])


class Ghosts:
    """What is known of raw curves, by the Action's name and the slot's handle."""

    _now = _Now()

    @classmethod
    def show(cls, action: str, lines: Mapping[int, Mapping[Place, Line]], about: str) -> None:
        """Show these beside the curves of that Action; ``about`` says what they depend on."""
        cls.hide(action)
        cls._now.about[action] = about
        for handle, each in lines.items():
            cls._now.lines[action, handle] = each

    @classmethod
    def hide(cls, action: str) -> None:
        """Show none beside that Action's curves."""
        cls._now.about.pop(action, None)
        for key in [key for key in cls._now.lines if key[0] == action]:
            del cls._now.lines[key]

    @classmethod
    def forget(cls) -> None:
        """Show none at all."""
        cls._now.lines.clear()
        cls._now.about.clear()

    @classmethod
    def of_slot(cls, action: str, handle: int) -> Mapping[Place, Line]:
        """The raw curves of a slot's F-curves, as far as they are known."""
        return cls._now.lines.get((action, handle), {})

    @classmethod
    def about(cls, action: str) -> str:
        """What the curves beside that Action's depend on; nothing where there are none."""
        return cls._now.about.get(action, "")
