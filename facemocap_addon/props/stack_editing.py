# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows when a person changes a step in the panel: the stack's text changes with it.

Who wants to know says so while the add-on is on (`StackEdits`): the performance is run again.
Blender makes one undo step of such an edit, however long a slider was dragged.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from ..core.errors import FacemocapError
from ..core.stack.edits import enable_step, set_influence, set_mask, set_params
from ..core.stack.kinds import kind_of
from ..core.stack.reading import stack_from_json
from ..core.stack.regions import REGIONS
from ..core.stack.stack import Mask, Stack
from .maps import character_of
from .quiet import is_quiet, quiet
from .step_params import short, show_params, shown_value

if TYPE_CHECKING:
    from .groups import FACEMOCAP_PG_character
    from .stack import FACEMOCAP_PG_stack, FACEMOCAP_PG_step


@dataclass
class _Followers:
    calls: list[Callable[[Any], None]] = field(default_factory=list[Callable[[Any], None]])
    ghosts: list[Callable[[Any], None]] = field(default_factory=list[Callable[[Any], None]])


class StackEdits:
    """Calls those who follow edits of stacks, with the character."""

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
    def made(cls, item: Any) -> None:
        """A person changed something of a character's stack."""
        for call in cls._followers.calls:
            call(item)

    @classmethod
    def follow_ghosts(cls, call: Callable[[Any], None] | None) -> None:
        """Call with the scene when raw curves are switched on or off; None: no longer."""
        cls._followers.ghosts[:] = [] if call is None else [call]

    @classmethod
    def ghosts_switched(cls, scene: Any) -> None:
        """Raw curves were switched on or off."""
        for call in cls._followers.ghosts:
            call(scene)


class StackViews:
    """Calls those who show stacks in a way of their own, with the character and its stack."""

    _calls: ClassVar[list[Callable[[Any, Stack], None]]] = []
    _rests: ClassVar[list[bool]] = []

    @classmethod
    def follow(cls, call: Callable[[Any, Stack], None]) -> None:
        """Call from now on."""
        cls._calls.append(call)

    @classmethod
    def show(cls, item: Any, stack: Stack) -> None:
        """A character has this stack now."""
        for call in cls._calls if not cls._rests else ():
            call(item, stack)

    @classmethod
    @contextmanager
    def resting(cls) -> Iterator[None]:
        """Call nobody, for it is they who change the stack."""
        cls._rests.append(True)
        try:
            yield
        finally:
            cls._rests.pop()


# ---------------------------------------------------------------- the text and the list


def stored_stack(item: FACEMOCAP_PG_character) -> Stack:
    """A character's stack; errors as `stack_from_json`."""
    text = item.stack.text
    return stack_from_json(json.loads(text), item.name) if text else Stack()


def store_stack(item: FACEMOCAP_PG_character, stack: Stack, active: int | None = None) -> None:
    """Keep a stack as a character's, and show it; ``active`` is the step to choose."""
    view = item.stack
    view.text = stack.text if stack.steps else ""
    with quiet():
        while len(view.rows) > len(stack.steps):
            view.rows.remove(len(view.rows) - 1)
        while len(view.rows) < len(stack.steps):
            view.rows.add()
        for row, step in zip(view.rows, stack.steps, strict=True):
            kind = kind_of(step.kind)
            row.name, row.kind, row.is_whole = kind.label, step.kind, kind.new_times
            row.enabled = step.enabled
            if not isinstance(step.influence, tuple):
                row.influence = step.influence
        place = view.active if active is None else active
        view.active = max(0, min(place, len(stack.steps) - 1))
    show_step(item, stack)
    StackViews.show(item, stack)


def show_step(item: FACEMOCAP_PG_character, stack: Stack) -> None:
    """Show the chosen step's parameters and mask."""
    view = item.stack
    if not view.active < len(stack.steps):
        return
    step = stack.steps[view.active]
    show_params(getattr(view.params, step.kind), kind_of(step.kind), step.params)
    mask = step.mask
    with quiet():
        view.mask_regions = set(mask.regions)
        while len(view.mask_frames) > len(mask.frames):
            view.mask_frames.remove(len(view.mask_frames) - 1)
        while len(view.mask_frames) < len(mask.frames):
            view.mask_frames.add()
        for row, (first, last) in zip(view.mask_frames, mask.frames, strict=True):
            row.first, row.last = first, last
        view.has_soft = mask.soft is not None
        if mask.soft is not None:
            view.soft = mask.soft


# ---------------------------------------------------------------- what a person changes


def step_chosen(view: FACEMOCAP_PG_stack, _context: Any) -> None:
    """Show the chosen step."""
    item = None if is_quiet() else character_of(view)
    if item is None:
        return
    try:
        show_step(item, stored_stack(item))
    except FacemocapError as problem:
        view.problem = str(problem)


def enabled_changed(row: FACEMOCAP_PG_step, _context: Any) -> None:
    """Switch a step on or off."""
    _change_row(row, lambda stack, at: enable_step(stack, at, row.enabled))


def influence_changed(row: FACEMOCAP_PG_step, _context: Any) -> None:
    """Give a step another influence; keys of it are read when the stack is run."""
    _change_row(row, lambda stack, at: set_influence(stack, at, short(row.influence)))


def param_changed(group: Any, name: str) -> None:
    """Give the chosen step another parameter."""

    def edit(stack: Stack, at: int) -> Stack:
        kind = kind_of(stack.steps[at].kind)
        return set_params(stack, at, {name: shown_value(group, kind, name)})

    _change_chosen(group, edit)


def pair_changed(pair: Any, _context: Any) -> None:
    """Give the chosen step other moments."""
    group_path, _, name = pair.path_from_id().rpartition(".")
    param_changed(pair.id_data.path_resolve(group_path), name.partition("[")[0])


def mask_changed(part: Any, _context: Any) -> None:
    """Give the chosen step another mask."""
    item = None if is_quiet() else character_of(part)
    if item is not None:
        _change_chosen(part, lambda stack, at: set_mask(stack, at, shown_mask(item)))


def ghosts_changed(state: Any, _context: Any) -> None:
    """Show raw curves in the Graph Editor, or hide them."""
    if not is_quiet():
        StackEdits.ghosts_switched(state.id_data)


def raw_changed(view: FACEMOCAP_PG_stack, _context: Any) -> None:
    """Show the raw take, or the cleaned one again."""
    item = None if is_quiet() else character_of(view)
    if item is not None:
        StackEdits.made(item)


def shown_mask(item: FACEMOCAP_PG_character) -> Mask:
    """The mask as the panel shows it; stretches that run backwards are turned round."""
    view = item.stack
    frames = [sorted((row.first, row.last)) for row in view.mask_frames]
    return Mask(
        tuple(region for region in REGIONS if region in view.mask_regions),
        tuple((first, last) for first, last in frames),
        short(view.soft) if view.has_soft else None,
    )


def _change_row(row: Any, edit: Callable[[Stack, int], Stack]) -> None:
    item = None if is_quiet() else character_of(row)
    if item is not None:
        addresses = [other.as_pointer() for other in item.stack.rows]
        _change(item, addresses.index(row.as_pointer()), edit)


def _change_chosen(group: Any, edit: Callable[[Stack, int], Stack]) -> None:
    item = None if is_quiet() else character_of(group)
    if item is not None:
        _change(item, item.stack.active, edit)


def _change(item: FACEMOCAP_PG_character, at: int, edit: Callable[[Stack, int], Stack]) -> None:
    """Edit a step; what cannot be is said."""
    try:
        before = stored_stack(item)
        after = edit(before, at)
    except FacemocapError as problem:
        item.stack.problem = str(problem)
        return
    item.stack.problem = ""
    if after != before:
        # the panel shows it already, and is in the person's hands
        item.stack.text = after.text
        StackViews.show(item, after)
        StackEdits.made(item)
