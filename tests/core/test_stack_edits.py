# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of stacks are pure, undo and redo end where they should, and results are those of then."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stack_takes import face_take

from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.stack import edits
from facemocap_addon.core.stack.cache import StackCache
from facemocap_addon.core.stack.reading import stack_from_text
from facemocap_addon.core.stack.running import run_stack
from facemocap_addon.core.stack.stack import Mask, Stack, Step, make_step
from facemocap_addon.core.take_file import take_bytes

TAKE = face_take(30.0, 1.5)
NEW = [
    make_step("dead_zone", width=0.05),
    make_step("range", gain=1.3),
    make_step("range", regions={"mouth": 0.7}, influence=0.5),
    make_step("swap_sides", mask=Mask(("mouth",), ((5, 20),))),
    make_step("time_offset", offset_s=0.02),
    make_step("neutral"),
]

Edit = Callable[[Stack], Stack]


@st.composite
def edit(draw: st.DrawFn) -> Edit:
    """A random edit, which fits whatever stack it meets."""
    part, other = draw(st.floats(0, 0.999)), draw(st.floats(0, 0.999))
    what = draw(
        st.sampled_from(["add", "remove", "move", "replace", "enable", "influence", "mask"])
    )
    step: Step = draw(st.sampled_from(NEW))
    amount = draw(st.sampled_from([0.0, 0.3, 1.0]))

    def change(stack: Stack) -> Stack:
        count = len(stack.steps)
        if what == "add" or not count:
            return edits.add_step(stack, step, int(part * (count + 1)))
        at, to = int(part * count), int(other * count)
        changes: dict[str, Edit] = {
            "remove": lambda s: edits.remove_step(s, at),
            "move": lambda s: edits.move_step(s, at, to),
            "replace": lambda s: edits.replace_step(s, at, step),
            "enable": lambda s: edits.enable_step(s, at, not s.steps[at].enabled),
            "influence": lambda s: edits.set_influence(s, at, amount),
            "mask": lambda s: edits.set_mask(s, at, Mask(("jaw", "mouth"))),
        }
        return changes[what](stack)

    return change


@settings(max_examples=15, deadline=None)
@given(st.lists(edit(), min_size=20, max_size=20), st.lists(st.booleans(), max_size=40))
def test_undo_and_redo_through_twenty_edits_end_where_they_should(
    changes: list[Edit], walk: list[bool]
):
    """The text, as a scene keeps it, is all there is: stepping back gives the results of then."""
    cache = StackCache()
    texts, digests = [Stack().text], [run_stack(TAKE, Stack()).take.digest]
    for change in changes:
        before = stack_from_text(texts[-1])
        kept = before.text
        after = change(before)
        assert before.text == kept
        texts.append(after.text)
        digests.append(run_stack(TAKE, after, cache=cache).take.digest)
    place = len(changes)
    for back in [True] * 20 + [False] * 20 + walk:
        place = min(max(place + (-1 if back else 1), 0), len(changes))
        stack = stack_from_text(texts[place])
        assert stack.text == texts[place]
        assert run_stack(TAKE, stack, cache=cache).take.digest == digests[place]
    # what the cache gave on the way is what a fresh run gives
    assert run_stack(TAKE, stack_from_text(texts[-1])).take.digest == digests[-1]


@given(st.lists(st.sampled_from(NEW), min_size=1, max_size=6), st.data())
def test_edits_have_their_opposites(steps: list[Step], data: st.DataObject):
    stack = Stack(tuple(steps))
    at = data.draw(st.integers(0, len(steps) - 1))
    to = data.draw(st.integers(0, len(steps) - 1))
    moved = edits.move_step(stack, at, to)
    assert moved.steps[to] is stack.steps[at]
    assert sorted(s.key for s in moved.steps) == sorted(s.key for s in steps)
    assert edits.move_step(moved, to, at) == stack
    assert edits.add_step(edits.remove_step(stack, at), steps[at], at) == stack
    assert edits.remove_step(edits.add_step(stack, NEW[0], at), at) == stack
    off = edits.enable_step(stack, at, False)
    assert not off.steps[at].acts
    assert edits.enable_step(off, at, True) == stack
    assert edits.join_stacks(stack, moved).steps == (*stack.steps, *moved.steps)


def test_parameters_are_changed_by_name():
    stack = edits.set_params(Stack((NEW[2],)), 0, {"gain": 2})
    assert stack.steps[0].params.gain == 2.0
    assert stack.steps[0].params.regions == (("mouth", 0.7),)
    assert stack.steps[0].influence == 0.5
    with pytest.raises(FacemocapError, match="gain cannot be 20"):
        edits.set_params(stack, 0, {"gain": 20})


@pytest.mark.parametrize(
    "change",
    [
        lambda s: edits.remove_step(s, 1),
        lambda s: edits.move_step(s, 0, 1),
        lambda s: edits.replace_step(s, -1, NEW[0]),
        lambda s: edits.add_step(s, NEW[0], 2),
        lambda s: edits.enable_step(s, 7, True),
    ],
)
def test_an_edit_of_a_step_that_is_not_there_says_so(change: Edit):
    with pytest.raises(FacemocapError, match="no step"):
        change(Stack((NEW[0],)))


def test_equal_stacks_give_equal_bytes():
    stack = Stack(tuple(NEW))
    first, second = (run_stack(face_take(30.0, 1.5), stack_from_text(stack.text)) for _ in range(2))
    assert take_bytes(first.take) == take_bytes(second.take)
    assert first.to_json() == second.to_json()
    assert np.array_equal(first.take.values, second.take.values)
