# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits in words, for lists of them."""

from __future__ import annotations

from typing import Any

from ..blinks.records import OPS as BLINK_OPS
from ..blinks.records import BlinkEdit
from .knobs import knob_of
from .listed import BLINKS

_PLAIN = {
    "move": "Move", "delete": "Delete", "insert": "Insert", "keep": "As Recorded",
    "open": "No Contact", "close": "New Contact", "spontaneous": "Spontaneous",
    "deliberate": "Deliberate", "copy": "Copy",
}  # fmt: skip
_SIDES = {"L": " L", "R": " R"}


def told_edit(kind: str, edit: Any) -> str:
    """An edit in a few words: ``Move 12.43 s: +0.100 s``."""
    knob = knob_of(kind, edit.op)
    label = knob.label if knob else _PLAIN.get(edit.op, edit.op.capitalize())
    side = ""
    if kind == BLINKS:
        label = BLINK_OPS[edit.op].label
        side = _SIDES.get(edit.eye if edit.eye != "B" else edit.side, "")
    group = f" {edit.group.replace('_', ' ')}" if hasattr(edit, "group") else ""
    number = _number(kind, edit)
    return f"{label}{group}{side} {edit.at_s:.2f} s" + (f": {number}" if number else "")


def _number(kind: str, edit: Any) -> str:
    if kind == BLINKS:
        return _of_blink(edit)
    if edit.op == "move":
        return f"{edit.by_s:+.3f} s"
    if edit.op == "insert":
        return f"{edit.yaw_deg:.1f}°, {edit.pitch_deg:.1f}°"
    if edit.op == "close":
        return f"{edit.length_s:.3f} s"
    knob = knob_of(kind, edit.op)
    unit = f" {knob.unit}" if knob and knob.unit else ""
    return f"{getattr(edit, knob.field):.3g}{unit}" if knob else ""


def _of_blink(edit: BlinkEdit) -> str:
    if edit.to_s is not None:
        return f"to {edit.to_s:.2f} s"
    if edit.value is None:
        return ""
    if edit.op == "move":
        return f"{edit.value:+.3f} s"
    unit = f" {BLINK_OPS[edit.op].unit}" if BLINK_OPS[edit.op].unit else ""
    return f"{edit.value:.3g}{unit}"
