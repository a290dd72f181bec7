# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes after their stacks: results of steps are kept in memory, so that a change is quick."""

from __future__ import annotations

from collections import OrderedDict

import bpy

from ...core.progress import Job, run_job
from ...core.stack.cache import StackCache
from ...core.stack.drafting import draft_stack
from ...core.stack.running import StackResult, stack_job
from ...core.stack.stack import Stack
from ...core.take import Take
from ..files.take_storage import load_take, take_digest

#: Stored takes that are kept at hand; results of steps belong to them.
_MOST_TAKES = 8
_cache = StackCache()
_takes: OrderedDict[tuple[int, str], Take] = OrderedDict()


def cleaned_job(take: Take, stack: Stack, *, seed: int = 0) -> Job[StackResult]:
    """A take after a stack, only what has changed since being run; errors as `stack_job`."""
    return stack_job(take, stack, seed=seed, cache=_cache)


def cleaned_take(take: Take, stack: Stack, *, seed: int = 0) -> StackResult:
    """A take after a stack, in one call."""
    return run_job(cleaned_job(take, stack, seed=seed))


def drafted_take(
    take: Take, stack: Stack, before: Stack, at_s: float, *, seed: int = 0
) -> StackResult | None:
    """A take around a moment, as `draft_stack` has it, with what is kept of whole runs."""
    return draft_stack(take, stack, before, at_s, seed=seed, cache=_cache)


def take_at_hand(text: bpy.types.Text) -> Take:
    """A stored take, read once; errors as `load_take`."""
    key = (text.session_uid, take_digest(text))
    found = _takes.get(key)
    if found is None:
        found = _takes[key] = load_take(text)
    _takes.move_to_end(key)
    while len(_takes) > _MOST_TAKES:
        _takes.popitem(last=False)
    return found


def forget_cleaned() -> None:
    """Keep nothing in memory any more."""
    _cache.clear()
    _takes.clear()
