# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers on tracks while their performance is written: computed before, laid over it after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ...core.layers.tracks import pushed_steps
from ...core.stack.kinds import kind_of
from ..writing.preparing import Prepared
from ..writing.records import Performance
from ..writing.targets import Target
from .computing import LayerKeys, layer_keys
from .tracks import (
    Entry,
    Settings,
    check_layers,
    drop_entries,
    hush_layers,
    lay_layers,
    layer_entries,
    lift_layers,
    pushed_kinds,
    remove_layers,
    write_layers,
)
from .whole_stacks import LayersGone


@dataclass
class LayerWork:
    """What is to be done about the layers of one performance while it is written.

    Attributes
    ----------
    present : Performance or None
        What plays before.
    same : bool
        It is the same take that is written again.
    keys : list of LayerKeys or None
        What the layers are to be; None: as they are.
    gone : frozenset of str
        Kinds that play from tracks and are steps of the stack from now on.
    """

    present: Performance | None
    same: bool
    keys: list[LayerKeys] | None = None
    gone: frozenset[str] = frozenset()
    _entries: list[Entry] = field(default_factory=list[Entry])
    _kept: Settings = field(default_factory=Settings)
    _is_lifted: bool = False

    def lift(self) -> None:
        """Take the tracks off, for the performance is about to be written anew."""
        if self.present is None or self._is_lifted:
            return
        self._is_lifted = True
        if self.same:
            hush_layers(self.present, muted=False)
            self._entries = layer_entries(self.present)
            self._kept = lift_layers(self.present)
        else:
            # layers of another take are nobody's now
            kinds = pushed_kinds(self.present)
            self._kept = remove_layers(self.present)
            LayersGone.tell(self.present, kinds)

    def lay(self, prepared: Prepared, written: Performance | None) -> None:
        """Lay them over what was written."""
        if written is None:
            return
        if self.keys is not None:
            self.lift()
            self._entries = write_layers(written, self.keys, self._entries)
        elif self.gone:
            self.lift()
            self._entries = drop_entries(self._entries, self.gone)
        if self._is_lifted and self.same:
            lay_layers(written, self._entries, self._kept)
        hush_layers(written, muted=prepared.options.shows_raw)

    def told(self) -> tuple[str, ...]:
        """What went with tracks that were taken off."""
        left = {str(entry["kind"]) for entry in self._entries}
        keyed = {kind for (kind, _, _), each in self._kept.items() if kind and each.is_keyed}
        return tuple(lost_keys(kind) for kind in sorted(keyed - left))


def lost_keys(kind: str) -> str:
    """What to know when a layer's strip had keys and is no more."""
    return f"The influence keys of {kind_of(kind).label} went with its NLA strip."


def plan_layers(
    prepared: Prepared, targets: Sequence[Target], present: Performance | None, *, same: bool
) -> LayerWork:
    """What the layers of a performance will be; nothing is changed. Errors as `prepare_take`."""
    if present is not None:
        check_layers(present)
    kinds = pushed_kinds(present) if same else ()
    keep = not kinds or prepared.is_draft or prepared.options.shows_raw
    stack = prepared.options.stack
    gone = frozenset(kinds) - {stack.steps[place].kind for place in pushed_steps(stack, kinds)}
    keys = None if keep else layer_keys(prepared, targets, kinds)
    return LayerWork(present, same, keys, gone)
