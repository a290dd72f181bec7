# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps that turn the eyes elsewhere on purpose.

What eyes come back to is told by their usual gaze (`gaze_angles.find_neutral`), and taken off on a
character. Eyes that are aimed would be turned back by that: their straight ahead is that of the
take without such steps.
"""

from __future__ import annotations

from .stack import Stack, Step


def without_aiming(stack: Stack) -> Stack | None:
    """The stack without steps that aim eyes; None where none of its steps does."""
    rest = tuple(step for step in stack.steps if not _aims(step))
    return None if len(rest) == len(stack.steps) else Stack(rest)


def _aims(step: Step) -> bool:
    if not step.acts:
        return False
    if step.kind == "gaze_target":
        return bool(step.params.aims)
    return step.kind == "gaze" and step.params.head_scale != 1.0
