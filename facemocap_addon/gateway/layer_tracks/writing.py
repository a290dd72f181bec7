# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers on tracks while their performance is written: computed before, laid over it after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..writing.preparing import Prepared
from ..writing.records import Performance
from ..writing.targets import Target
from .computing import LayerKeys, layer_keys
from .tracks import (
    Entry,
    Settings,
    check_layers,
    hush_layers,
    lay_layers,
    layer_entries,
    lift_layers,
    pushed_kinds,
    remove_layers,
    write_layers,
)


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
    """

    present: Performance | None
    same: bool
    keys: list[LayerKeys] | None = None
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
            remove_layers(self.present)

    def lay(self, prepared: Prepared, written: Performance | None) -> None:
        """Lay them over what was written."""
        if written is None:
            return
        if self.keys is not None:
            self.lift()
            self._entries = write_layers(written, self.keys, self._entries)
        if self._is_lifted and self.same:
            lay_layers(written, self._entries, self._kept)
        hush_layers(written, muted=prepared.options.shows_raw)


def plan_layers(
    prepared: Prepared, targets: Sequence[Target], present: Performance | None, *, same: bool
) -> LayerWork:
    """What the layers of a performance will be; nothing is changed. Errors as `prepare_take`."""
    if present is not None:
        check_layers(present)
    kinds = pushed_kinds(present) if same else ()
    keep = not kinds or prepared.is_draft or prepared.options.shows_raw
    return LayerWork(present, same, None if keep else layer_keys(prepared, targets, kinds))
