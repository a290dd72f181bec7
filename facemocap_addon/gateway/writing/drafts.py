# SPDX-License-Identifier: GPL-3.0-or-later
"""What is remembered of the last whole run, for drafts while a slider is dragged.

Finding out where lids and lips meet takes seconds; what that changed is laid onto the next values.
The stack tells which of its steps have changed since (`core.stack.drafting`). Such a performance is
a draft until it is run in earnest.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace

import bpy
import numpy as np

from ...core.arrays import FloatArray
from ...core.contacts.keeping import KeptContacts
from ...core.controls import ControlKey
from ...core.stack.stack import Stack
from .preparing import Prepared

#: Performances of which it is remembered.
_MOST = 8


@dataclass(frozen=True)
class _Known:
    """What bringing lids and lips together changed, if it was done, and the stack that was run."""

    controls: tuple[ControlKey, ...]
    change: FloatArray
    met: bool
    stack: Stack


_known: OrderedDict[int, _Known] = OrderedDict()


def remember_contacts(action: bpy.types.Action, prepared: Prepared) -> None:
    """Remember what bringing lids and lips together changed, and the stack."""
    if prepared.is_draft or prepared.apart is None:
        return
    solved = prepared.kept.solved
    change = (solved.values - prepared.apart.values).astype(np.float32)
    met = bool(prepared.kept.reports) or bool(change.any())
    _known[action.session_uid] = _Known(solved.controls, change, met, prepared.options.stack)
    _known.move_to_end(action.session_uid)
    while len(_known) > _MOST:
        _known.popitem(last=False)


def with_remembered(action: bpy.types.Action, prepared: Prepared) -> Prepared:
    """A draft with the last change, where that fits."""
    solved = prepared.kept.solved
    found = _known.get(action.session_uid)
    if found is None:
        return prepared
    if found.controls != solved.controls or found.change.shape != solved.values.shape:
        return prepared
    values = solved.values + found.change
    return replace(prepared, kept=KeptContacts(replace(solved, values=values), {}, {}))


def contact_change(action: bpy.types.Action) -> tuple[tuple[ControlKey, ...], FloatArray] | None:
    """What bringing lids and lips together last changed: controls, and ``(n, c)`` by frames."""
    found = _known.get(action.session_uid)
    return None if found is None else (found.controls, found.change)


def last_whole_stack(action: bpy.types.Action) -> Stack | None:
    """The stack that was last run in earnest in this session."""
    found = _known.get(action.session_uid)
    return None if found is None else found.stack


def lids_met(action: bpy.types.Action) -> bool | None:
    """Whether lids and lips were brought together then; None where that is not remembered."""
    found = _known.get(action.session_uid)
    return None if found is None else found.met


def forget_drafts() -> None:
    """Remember nothing any more."""
    _known.clear()
