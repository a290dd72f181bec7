# SPDX-License-Identifier: GPL-3.0-or-later
"""What layers add to a performance, before anything of it is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...core.curves import Curve
from ...core.layers.tracks import LayerCurves, layer_curves, track_stacks
from ...core.progress import run_job
from ..writing.layering import check_free
from ..writing.preparing import Prepared, prepare_take
from ..writing.targets import Target, make_targets


@dataclass(frozen=True)
class LayerKeys:
    """A layer's keys, by datablock."""

    kind: str
    parts: tuple[tuple[Any, LayerCurves], ...]


def layer_keys(
    prepared: Prepared, targets: Sequence[Target], kinds: Sequence[str]
) -> list[LayerKeys]:
    """What the layers of some kinds add to a performance; nothing is changed.

    Parameters
    ----------
    prepared : Prepared
        The performance without them.
    targets : sequence of Target
        Its curves.
    kinds : sequence of str
        Those whose steps are to play from tracks.

    Raises
    ------
    FacemocapError
        As `prepare_take`.
    """
    out: list[LayerKeys] = []
    below: dict[Any, Sequence[Curve]] = {each.datablock: each.curves for each in targets}
    for kind, stack in track_stacks(prepared.options.stack, kinds):
        options = replace(prepared.options, stack=stack, shows_raw=False)
        job = prepare_take(
            prepared.scene,
            prepared.picked,
            prepared.take,
            prepared.rig_map,
            options,
            prepared.contacts,
        )
        with_layer = run_job(job)
        above = make_targets(
            prepared.picked,
            with_layer.kept.solved,
            with_layer.frames,
            drop_unknown=options.on_capture_times,
            head_bones=frozenset(),
        )
        parts: list[tuple[Any, LayerCurves]] = []
        for target in above:
            curves = layer_curves(below.get(target.datablock, ()), target.curves, {})
            below[target.datablock] = curves.reached
            if curves.parts:
                check_free(target.datablock)
                parts.append((target.datablock, curves))
        out.append(LayerKeys(kind, tuple(parts)))
    return out
