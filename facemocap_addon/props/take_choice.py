# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows when another take is chosen: who wants to know says so while the add-on is on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .quiet import is_quiet


@dataclass
class _Followers:
    calls: list[Callable[[Any], None]] = field(default_factory=list[Callable[[Any], None]])


class TakeChoice:
    """Calls those who follow the choice of a take, with the scene."""

    _followers = _Followers()

    @classmethod
    def follow(cls, call: Callable[[Any], None]) -> None:
        """Call from now on."""
        cls._followers.calls.append(call)

    @classmethod
    def leave(cls, call: Callable[[Any], None]) -> None:
        """Call no longer."""
        cls._followers.calls.remove(call)

    @classmethod
    def made(cls, scene: Any) -> None:
        """Another take is chosen, by a person or by an operator that does not say `quiet`."""
        if not is_quiet():
            for call in cls._followers.calls:
                call(scene)
