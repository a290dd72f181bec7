# SPDX-License-Identifier: GPL-3.0-or-later
"""What the mouse points at while a point is being put on a character; never saved."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class _Now:
    name: str = ""
    place: tuple[float, float, float] | None = None


class Picking:
    """At most one point is being put at a time: what the viewport shows of it."""

    _now = _Now()

    @classmethod
    def show(cls, name: str, place: tuple[float, float, float] | None = None) -> None:
        """Say which point it is, and where in the world it would go; no name when it is over."""
        cls._now.name, cls._now.place = name, place

    @classmethod
    def name(cls) -> str:
        """The point that is being put, or nothing."""
        return cls._now.name

    @classmethod
    def place(cls) -> tuple[float, float, float] | None:
        """Where it would go, in the world."""
        return cls._now.place
