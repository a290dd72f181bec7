# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes into the file for a moment goes again, whatever happens."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import bpy


@contextmanager
def only_for_now() -> Iterator[None]:
    """All datablocks that are made in the block are gone when it ends, however it ends."""
    before = {datablock.session_uid for datablock in _everything()}
    try:
        yield
    finally:
        new = [datablock for datablock in _everything() if datablock.session_uid not in before]
        bpy.data.batch_remove(new)


def _everything() -> Iterator[bpy.types.ID]:
    """All datablocks of the file."""
    lists = (
        getattr(bpy.data, prop.identifier)
        for prop in bpy.data.bl_rna.properties
        if prop.type == "COLLECTION" and prop.identifier != "all_ids"
    )
    return itertools.chain.from_iterable(lists)
