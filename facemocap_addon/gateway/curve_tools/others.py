# SPDX-License-Identifier: GPL-3.0-or-later
"""What another take, or the raw one, would have on the curves of a performance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import bpy

from ...core.errors import FacemocapError
from ...core.progress import run_job
from ..takes.raw_curves import raw_curves
from ..takes.rerunning import prepare_rerun
from ..writing.records import Performance, performances
from ..writing.targets import make_targets
from ..writing.written import load_written
from .gathering import Gathered, Held, lines_to_other

#: Frames and values by slot, path and index.
Lines = dict[tuple[int, str, int], Any]
Find = Callable[[Held], Callable[[Any], Any] | None]


def others_of(scene: bpy.types.Scene, gathered: Gathered, take_text: bpy.types.Text | None) -> Find:
    """A function that gives the other curve of each strand, or None where there is none.

    Parameters
    ----------
    scene : Scene
    gathered : Gathered
    take_text : Text or None
        Another take of the file; None for the raw take that plays.

    Raises
    ------
    FacemocapError
        When none of the curves is of a performance.
    """
    ours = [p for p in performances() if p.action in gathered.actions]
    if not ours:
        raise FacemocapError(
            "These curves are of no applied take", "Apply a take, or choose curves of one"
        )
    known = {p.action.as_pointer(): _lines(scene, p, take_text) for p in ours}

    def find(held: Held) -> Callable[[Any], Any] | None:
        action: Any = held.fcurves[0].id_data
        lines = known.get(action.as_pointer(), {})
        places = [(held.slot, held.path, index) for index in held.indices]
        if not all(place in lines for place in places):
            return None
        return lines_to_other([lines[place] for place in places])

    return find


def _lines(scene: bpy.types.Scene, performance: Performance, text: bpy.types.Text | None) -> Lines:
    if text is None:
        raw = raw_curves(scene, performance)
        return {(slot, *place): line for slot, own in raw.items() for place, line in own.items()}
    prepared = run_job(prepare_rerun(scene, replace(performance, take_text=text)))
    targets = make_targets(
        prepared.picked,
        prepared.kept.solved,
        prepared.frames,
        drop_unknown=prepared.options.on_capture_times,
        head_bones=frozenset(),
    )
    own = {t.datablock: t.curves for t in targets}
    return {
        (handle, curve.path, curve.index): (curve.frames, curve.values)
        for written in load_written(performance.action) or ()
        for handle in written.slots
        for curve in own.get(written.datablock, ())
    }
