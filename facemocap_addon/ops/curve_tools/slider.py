# SPDX-License-Identifier: GPL-3.0-or-later
"""A number that the mouse drags, or that is typed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

#: The mouse goes over the whole range in so many pixels.
PIXELS = 600.0
#: With Shift it goes by this part; with Ctrl in steps of this part of the range.
_FINE, _STEP = 0.1, 0.05
_KEYS = {
    "ZERO": "0", "ONE": "1", "TWO": "2", "THREE": "3", "FOUR": "4", "FIVE": "5", "SIX": "6",
    "SEVEN": "7", "EIGHT": "8", "NINE": "9", "PERIOD": ".", "COMMA": ".", "MINUS": "-",
} | {f"NUMPAD_{digit}": str(digit) for digit in range(10)} | {
    "NUMPAD_PERIOD": ".", "NUMPAD_MINUS": "-",
}  # fmt: skip


@dataclass
class Slider:
    """A number between two others, dragged from where it begins; typed ones may go beyond.

    Attributes
    ----------
    value : float
    low, high : float
    whole : bool
        Only whole numbers.
    growing : bool
        Equal ways multiply the number (tolerances).
    """

    value: float
    low: float
    high: float
    unit: str = ""
    whole: bool = False
    growing: bool = False
    falloff: float = 0.0
    typed: str = ""
    _x: float = 0.0
    _place: float = 0.0
    _ctrl: bool = False

    def begin(self, x: float, falloff: float) -> None:
        """Where the mouse is now."""
        self._x, self.falloff = x, falloff
        self._place = self._to_place(self.value)

    def follow(self, event: Any) -> bool:
        """Take in an event; whether the number or the falloff changed."""
        if event.type == "MOUSEMOVE":
            way = (float(event.mouse_x) - self._x) / PIXELS
            self._x = float(event.mouse_x)
            self._place += way * (_FINE if event.shift else 1.0)
            self._ctrl = bool(event.ctrl)
            if self.typed:
                return False
            self._set()
            return True
        if event.value != "PRESS":
            return False
        if event.type in {"WHEELUPMOUSE", "WHEELDOWNMOUSE"} and event.ctrl:
            step = 1.0 if event.type == "WHEELUPMOUSE" else -1.0
            self.falloff = max(0.0, self.falloff + step)
            return True
        return self._type(event.type)

    def _type(self, key: str) -> bool:
        if key == "BACK_SPACE":
            self.typed = self.typed[:-1]
        elif key in {"MINUS", "NUMPAD_MINUS"}:
            self.typed = self.typed[1:] if self.typed.startswith("-") else f"-{self.typed}"
        elif key in _KEYS and not (_KEYS[key] == "." and "." in self.typed):
            self.typed += _KEYS[key]
        else:
            return False
        try:
            number = float(self.typed)
        except ValueError:
            # nothing, or a sign alone: the mouse counts
            self._set()
            return True
        self.value = float(round(number)) if self.whole else number
        return True

    def text(self, label: str) -> str:
        """What the header says."""
        number = f"{self.typed}|" if self.typed else self._shown()
        unit = f" {self.unit}" if self.unit else ""
        return (
            f"{label}: {number}{unit}    Falloff: {self.falloff:g} (Ctrl Wheel)    "
            "LMB Enter confirms, RMB Esc puts back, Shift is finer, Ctrl snaps, or type a number"
        )

    def _shown(self) -> str:
        if self.whole:
            return f"{self.value:.0f}"
        return f"{self.value:.4f}" if self.growing else f"{self.value:.2f}"

    def _to_place(self, value: float) -> float:
        if self.growing:
            return math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def _set(self) -> None:
        place = min(max(self._place, 0.0), 1.0)
        if self._ctrl:
            place = round(place / _STEP) * _STEP
        if self.growing:
            self.value = self.low * (self.high / self.low) ** place
        else:
            self.value = self.low + (self.high - self.low) * place
        if self.whole:
            self.value = float(round(self.value))
