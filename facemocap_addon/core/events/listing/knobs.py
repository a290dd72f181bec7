# SPDX-License-Identifier: GPL-3.0-or-later
"""What of an event can be set to a number: the ops that panels show as fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..blinks.records import OPS as BLINK_OPS
from .listed import BLINKS, GAZE, LIPS, TRANSITIONS


@dataclass(frozen=True, slots=True)
class Knob:
    """A number of an event that an edit sets.

    Attributes
    ----------
    op, field : str
        Op of the record, and the field of it that holds the number.
    label, what : str
        For panels: a name, and one sentence without its period.
    low, high : float
    neutral : float or None
        What it is without an edit; None where that is measured (`Listed.values`).
    unit : str
        ``s`` or empty.
    over : tuple of str
        Ops that it takes the place of.
    """

    op: str
    field: str
    label: str
    what: str
    low: float
    high: float
    neutral: float | None = None
    unit: str = ""
    over: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """How properties and `Listed.values` call it."""
        return self.op


def _blink(op: str, neutral: float | None, over: tuple[str, ...] = ()) -> Knob:
    own = BLINK_OPS[op]
    assert own.value is not None
    return Knob(op, "value", own.label, own.what, *own.value, neutral, own.unit, over)


KNOBS: Mapping[str, tuple[Knob, ...]] = {
    BLINKS: (
        _blink("closing", 1.0),
        _blink("hold", None),
        _blink("opening", 1.0),
        _blink("amplitude", 1.0, ("close", "partial")),
        _blink("lag", None),
        _blink("soften", 0.0),
        _blink("hesitate", 0.0),
        _blink("tension", 0.0),
    ),
    GAZE: (
        Knob("scale", "scale", "Reach", "How far the dart goes, in parts of what it did", -3.0, 3.0,
             1.0),
        Knob("speed", "scale", "Speed", "How fast it goes, in parts of what the step gives it", 0.1,
             3.0, 1.0, "", ("keep",)),
    ),
    LIPS: (
        Knob("hold", "by_s", "Hold Longer", "How much longer the lips touch", -5.0, 5.0, 0.0, "s"),
        Knob("press", "amount", "Press", "How firmly they press, in parts of what the step gives "
             "them", 0.0, 3.0, 1.0),
    ),
    TRANSITIONS: (
        Knob("onset", "seconds", "Onset", "How long it takes to come, from 10 to 90 %", 0.05, 10.0,
             None, "s", ("keep", "spontaneous", "deliberate")),
        Knob("hold", "by_s", "Hold Longer", "How much later it begins to go", -5.0, 5.0, 0.0, "s",
             ("keep",)),
        Knob("release", "seconds", "Release", "How long it takes to go, from 90 to 10 %", 0.05,
             20.0, None, "s", ("keep", "spontaneous", "deliberate")),
        Knob("tail", "amount", "Tail", "How much it fades by and by", 0.0, 1.0, None, "",
             ("keep",)),
        Knob("scale", "amount", "Amplitude", "How far it goes, in parts of what it did", 0.0, 3.0,
             1.0, "", ("keep",)),
    ),
}  # fmt: skip
#: Ops without a number that take the place of others, by kind.
PLAIN: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    BLINKS: {"close": ("partial", "amplitude"), "merge": (), "delete": ()},
    GAZE: {"keep": ("speed",), "delete": ("scale",)},
    LIPS: {"open": ()},
    TRANSITIONS: {
        "keep": ("onset", "release", "hold", "tail", "scale", "spontaneous", "deliberate", "move"),
        "spontaneous": ("onset", "release", "keep", "deliberate"),
        "deliberate": ("onset", "release", "keep", "spontaneous"),
        "delete": (),
    },
}
#: The op that takes an event of a kind away, and the one that puts one in.
DELETE = {BLINKS: "delete", GAZE: "delete", LIPS: "open", TRANSITIONS: "delete"}
INSERT = {BLINKS: "insert", GAZE: "insert", LIPS: "close"}


def knob_of(kind: str, op: str) -> Knob | None:
    """The knob of an op, or None."""
    return next((knob for knob in KNOBS.get(kind, ()) if knob.op == op), None)
