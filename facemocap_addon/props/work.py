# SPDX-License-Identifier: GPL-3.0-or-later
"""Long work that goes on now, for the panel to draw; lost with the session, never saved."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.progress import Progress


@dataclass
class _Now:
    progress: Progress | None = None


class Work:
    """At most one thing goes on at a time: what the panel shows of it."""

    _now = _Now()

    @classmethod
    def show(cls, progress: Progress | None) -> None:
        """Say how far it is; None when nothing goes on any more."""
        cls._now.progress = progress

    @classmethod
    def progress(cls) -> Progress | None:
        """How far it is, or None."""
        return cls._now.progress
