# SPDX-License-Identifier: GPL-3.0-or-later
"""What a performance's curves would be without its stack, to be looked at beside them."""

from __future__ import annotations

import bpy

from ...core.arrays import FloatArray
from ...core.progress import run_job
from ..writing.records import Performance
from ..writing.targets import make_targets
from ..writing.written import Place, load_written
from .rerunning import prepare_rerun

#: Curves of a slot: frames and values.
Lines = dict[Place, tuple[FloatArray, FloatArray]]


def raw_curves(scene: bpy.types.Scene, performance: Performance) -> dict[int, Lines]:
    """The raw take's curves by the handle of the slot; errors as `rerunning.rerun`."""
    prepared = run_job(prepare_rerun(scene, performance, shows_raw=True))
    targets = make_targets(
        prepared.picked,
        prepared.kept.solved,
        prepared.frames,
        drop_unknown=prepared.options.on_capture_times,
        head_bones=frozenset(),
    )
    lines = {
        target.datablock: {(c.path, c.index): (c.frames, c.values) for c in target.curves}
        for target in targets
    }
    return {
        handle: lines[written.datablock]
        for written in load_written(performance.action) or ()
        for handle in written.slots
        if written.datablock in lines
    }
