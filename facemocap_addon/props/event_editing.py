# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows when a person chooses or changes an event in the panel.

Who carries edits out says so while the add-on is on (`EventEdits`); properties only pass them on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from .maps import character_of
from .quiet import is_quiet

if TYPE_CHECKING:
    from .events import FACEMOCAP_PG_events


class EventFollower(Protocol):
    """Carries out what a person asks of events; each is called with the character."""

    def chosen(self, item: Any) -> None:
        """An event was chosen in the list."""
        ...

    def value_set(self, item: Any, name: str, value: float) -> None:
        """A number of the chosen event was changed."""
        ...

    def frame_set(self, item: Any, frame: float) -> None:
        """The chosen event is to be on another frame."""
        ...

    def listed_otherwise(self, item: Any) -> None:
        """Other kinds of events are to be listed."""
        ...

    def redraw(self, context: Any) -> None:
        """What editors of time show has changed."""
        ...


@dataclass
class _Follower:
    one: EventFollower | None = None


class EventEdits:
    """Tells the one who follows."""

    _follower = _Follower()

    @classmethod
    def follow(cls, follower: EventFollower | None) -> None:
        """Tell this one from now on; None: nobody any more."""
        cls._follower.one = follower

    @classmethod
    def follower(cls) -> EventFollower | None:
        """The one who is told; None while the program fills properties."""
        return None if is_quiet() else cls._follower.one


def event_chosen(view: FACEMOCAP_PG_events, context: Any) -> None:
    """Show the chosen event."""
    follower, item = EventEdits.follower(), character_of(view)
    if follower is not None and item is not None:
        follower.chosen(item)
        follower.redraw(context)


def value_changed(group: Any, name: str, context: Any) -> None:
    """Give the chosen event another number."""
    follower, item = EventEdits.follower(), character_of(group)
    if follower is not None and item is not None:
        follower.value_set(item, name, float(getattr(group, name)))
        follower.redraw(context)


def frame_changed(view: FACEMOCAP_PG_events, context: Any) -> None:
    """Move the chosen event."""
    follower, item = EventEdits.follower(), character_of(view)
    if follower is not None and item is not None:
        follower.frame_set(item, float(view.frame))
        follower.redraw(context)


def kinds_changed(view: FACEMOCAP_PG_events, context: Any) -> None:
    """List other kinds."""
    follower, item = EventEdits.follower(), character_of(view)
    if follower is not None and item is not None:
        follower.listed_otherwise(item)
        follower.redraw(context)


def view_changed(_view: FACEMOCAP_PG_events, context: Any) -> None:
    """Draw handles, or draw them no longer."""
    follower = EventEdits.follower()
    if follower is not None:
        follower.redraw(context)
