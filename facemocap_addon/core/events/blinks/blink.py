# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a blink: when it begins, closes, reopens and ends, of each eye and of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .shape import Shape

FULL, PARTIAL, DOUBLE, WINK, LONG, FLUTTER = (
    "full", "partial", "double", "wink", "long", "flutter",
)  # fmt: skip
KINDS = (FULL, PARTIAL, DOUBLE, WINK, LONG, FLUTTER)


@dataclass(frozen=True, slots=True)
class EyeBlink:
    """The blink of one eye.

    Attributes
    ----------
    side : str
        ``L`` or ``R``.
    shape : Shape
        As fitted.
    before, after : float
        eyeBlink of the open lid before and after it.
    closure : float
        How far the eye closes, as a part of its own full blink.
    error : float
        Root mean square of what the fit leaves, in parts of the rise.
    """

    side: str
    shape: Shape
    before: float
    after: float
    closure: float
    error: float

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        shape = self.shape
        return {
            "onset_s": shape.start_s,
            "half_s": shape.half_s,
            "closed_s": shape.closed_s,
            "opens_s": shape.opens_s,
            "offset_s": shape.reopened_s,
            "closing_s": shape.closing_s,
            "hold_s": shape.hold_s,
            "opening_s": shape.opening_s,
            "amplitude": shape.rise,
            "closure": self.closure,
            "error": self.error,
        }


@dataclass(frozen=True, slots=True)
class Blink:
    """One blink.

    Attributes
    ----------
    left, right : EyeBlink or None
        None where the eye does not blink, or was not recorded.
    side : str
        ``B`` for both eyes; ``L`` or ``R`` for the one that blinks.
    kind : str
        ``full``; ``partial``; ``double`` (both of a pair), ``flutter`` (each of three and more);
        ``wink`` of one eye; ``long``, which is no blink but closed eyes.
    """

    left: EyeBlink | None
    right: EyeBlink | None
    side: str
    kind: str

    @property
    def eyes(self) -> tuple[EyeBlink, ...]:
        """Those that blink, left first."""
        return tuple(eye for eye in (self.left, self.right) if eye is not None)

    @property
    def lead(self) -> EyeBlink:
        """The eye that closes farther."""
        return max(self.eyes, key=lambda eye: eye.shape.rise)

    @property
    def onset_s(self) -> float:
        """Where the lid begins to close."""
        return self.lead.shape.start_s

    @property
    def apex_s(self) -> float:
        """The middle of its being closed."""
        return self.lead.shape.apex_s

    @property
    def offset_s(self) -> float:
        """When 95 % are reopened."""
        return self.lead.shape.reopened_s

    @property
    def amplitude(self) -> float:
        """How far eyeBlink rises."""
        return self.lead.shape.rise

    @property
    def closure(self) -> float:
        """How far the eye closes, as a part of its own full blink."""
        return self.lead.closure

    @property
    def lag_s(self) -> float | None:
        """How much later the right eye is half closed; None unless both blink."""
        if self.left is None or self.right is None:
            return None
        return self.right.shape.half_s - self.left.shape.half_s

    @property
    def span(self) -> tuple[float, float]:
        """Seconds outside which the take has nothing of it."""
        shapes = [eye.shape for eye in self.eyes]
        return min(s.start_s for s in shapes), max(s.end_s for s in shapes)

    def to_json(self) -> dict[str, Any]:
        """Plain values; the first six name the event, in seconds on the take's clock."""
        return {
            "onset_s": self.onset_s,
            "apex_s": self.apex_s,
            "offset_s": self.offset_s,
            "amplitude": self.amplitude,
            "side": self.side,
            "kind": self.kind,
            "closure": self.closure,
            "lag_s": self.lag_s,
            "left": None if self.left is None else self.left.to_json(),
            "right": None if self.right is None else self.right.to_json(),
        }
