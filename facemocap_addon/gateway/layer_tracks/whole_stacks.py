# SPDX-License-Identifier: GPL-3.0-or-later
"""Stacks with the layers that play from tracks as steps of theirs: what is left without tracks."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from ...core.layers.tracks import pushed_steps
from ...core.stack.edits import enable_step
from ...core.stack.stack import Stack
from ..writing.records import Performance
from .tracks import pushed_kinds


class LayersGone:
    """Calls those who keep stacks of their own when tracks went for good, with their kinds."""

    _calls: ClassVar[list[Callable[[Performance, tuple[str, ...]], None]]] = []

    @classmethod
    def follow(cls, call: Callable[[Performance, tuple[str, ...]], None]) -> None:
        """Call from now on."""
        cls._calls.append(call)

    @classmethod
    def tell(cls, performance: Performance, kinds: tuple[str, ...]) -> None:
        """These kinds play from no track of a performance any more, nor does it itself."""
        for call in cls._calls if kinds else ():
            call(performance, kinds)


def whole_stack(performance: Performance | None, stack: Stack) -> Stack:
    """A performance's stack with the steps on that play from its tracks."""
    return with_steps_on(stack, pushed_kinds(performance))


def with_steps_on(stack: Stack, kinds: tuple[str, ...]) -> Stack:
    """A stack with the steps on that layers of these kinds are, which are off while on tracks."""
    for place in pushed_steps(stack, kinds):
        stack = enable_step(stack, place, True)
    return stack
