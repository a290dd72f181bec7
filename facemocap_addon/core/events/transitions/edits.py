# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of single transitions, as records that are found again when the take has changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...errors import FacemocapError
from ..edit_records import MOST_S, EditForm, checked_number
from .events import GROUPS, Transition
from .planning import FIGURES, Wish

OPS = ("move", "onset", "release", "hold", "tail", "scale", "delete", "keep", *FIGURES)
#: An edit is of the transition of its group that is nearest, within half of its length and this
#: (seconds).
TOLERANCE_S = 0.15
_RANGES = {
    "move": ("by_s", -10.0, 10.0),
    "onset": ("seconds", 0.05, 10.0),
    "release": ("seconds", 0.05, 20.0),
    "hold": ("by_s", -5.0, 5.0),
    "tail": ("amount", 0.0, 1.0),
    "scale": ("amount", 0.0, 3.0),
}


#: How far each number may go depends on the op.
_FORM = EditForm(
    "transitions",
    OPS,
    '{"op": "release", "group": "smile", "at_s": 1.25, "seconds": 0.8}',
    dict.fromkeys(("by_s", "seconds", "amount"), (-MOST_S, MOST_S)),
    ("group",),
)


@dataclass(frozen=True, slots=True)
class TransitionEdit:
    """One change of one transition.

    Attributes
    ----------
    op : str
        ``move`` or ``hold`` (begin to go later) by ``by_s``; ``onset`` and ``release`` take
        ``seconds`` from 10 to 90 %; ``tail`` and ``scale`` by ``amount``; ``delete``; ``keep`` as
        recorded; ``spontaneous`` or ``deliberate``.
    group : str
        Of `events.GROUPS`.
    at_s : float
        Its apex as it was found when edited.
    """

    op: str
    group: str
    at_s: float
    by_s: float = 0.0
    seconds: float = 0.5
    amount: float = 1.0

    @staticmethod
    def from_json(data: Any) -> TransitionEdit:
        """The edit of a JSON object.

        Raises
        ------
        FacemocapError
        """
        op, numbers = _FORM.read(data)
        group = data.get("group")
        if group not in GROUPS:
            raise FacemocapError(
                f'There are no transitions of "{group}"', f"Use {', '.join(GROUPS)}"
            )
        name, low, high = _RANGES.get(op, ("", 0.0, 0.0))
        if name in numbers:
            checked_number(f"{name} of an edit of transitions", numbers[name], (low, high))
        return TransitionEdit(op, str(group), **numbers)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        name = _RANGES.get(self.op, ("",))[0]
        more = {name: getattr(self, name)} if name else {}
        return {"op": self.op, "group": self.group, "at_s": self.at_s, **more}


def edited_wishes(
    events: Sequence[Transition], wishes: Sequence[Wish], edits: Sequence[TransitionEdit]
) -> tuple[list[Wish], tuple[TransitionEdit, ...]]:
    """Wishes of one group's transitions with their edits, and edits that find none."""
    by_time: dict[float, list[TransitionEdit]] = {}
    for edit in edits:
        by_time.setdefault(edit.at_s, []).append(edit)
    near = sorted(
        (abs(event.apex_s - at), at, number)
        for at in by_time
        for number, event in enumerate(events)
        if abs(event.apex_s - at) <= 0.5 * (event.offset_s - event.onset_s) + TOLERANCE_S
    )
    found: dict[float, int] = {}
    for _, at, number in near:
        if at not in found and number not in found.values():
            found[at] = number
    out = list(wishes)
    for at, number in found.items():
        for edit in by_time[at]:
            out[number] = _with(out[number], events[number], edit)
    lost = tuple(edit for at, own in by_time.items() if at not in found for edit in own)
    return out, lost


def _with(wish: Wish, event: Transition, edit: TransitionEdit) -> Wish:
    """A wish with one edit."""
    if edit.op in FIGURES:
        rise, fall = FIGURES[edit.op][event.group]
        return replace(wish, rise_s=rise, fall_s=fall)
    if edit.op == "keep":
        return Wish.none(event)
    changes: dict[str, dict[str, float]] = {
        "move": {"by_s": edit.by_s},
        "hold": {"hold_s": edit.by_s},
        "onset": {"rise_s": edit.seconds},
        "release": {"fall_s": edit.seconds},
        "tail": {"tail": edit.amount},
        "scale": {"scale": edit.amount},
        "delete": {"scale": 0.0},
    }
    return replace(wish, **changes[edit.op])
