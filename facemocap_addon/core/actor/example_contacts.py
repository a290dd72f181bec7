# SPDX-License-Identifier: GPL-3.0-or-later
"""Example pairs where lids are brought together: the face without its blinks, examples kept.

Contacts take blinks off a face and shut its eyes themselves, by how far the take has them shut. A
pose was made on a face that is played so. To be right once more after that, corrections here are
those of a rig map that plays a blink as far as it counts: not at all where the eye is open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..arrays import FloatArray
from ..contacts.captured import blink_range
from ..rig_maps.retargeting import SolveResult, retarget
from ..rig_maps.rig_map import RigMap
from ..take import Take
from .example_pairs import ExampleLibrary
from .example_solving import add_corrections, fit_examples, read_channels, reads_of, rig_map_base


def quiet_with_examples(
    take: Take,
    rig_map: RigMap,
    solved: SolveResult,
    library: ExampleLibrary,
    blinks: Sequence[str],
) -> FloatArray:
    """Values ``(n, c)`` of controls without blinks; at an example with open eyes its pose.

    Parameters
    ----------
    take : Take
        The whole take, mirrored as it was solved: its own range of blinks counts.
    rig_map : RigMap
    solved : SolveResult
        With the examples' corrections.
    library : ExampleLibrary
    blinks : sequence of str
        Channels that are put to nought.
    """
    keys = tuple(dict.fromkeys(key for each in library.examples for key in each.pose))
    plain = rig_map_base(rig_map, keys, neutral=solved.neutral)
    ranges = {name: blink_range(take, name) for name in blinks}

    def base(names: Sequence[str], values: FloatArray) -> FloatArray:
        counted = values.copy()
        for place, name in enumerate(names):
            own = ranges.get(name)
            if own is not None:
                counted[:, place] = own.closure(values[:, place])
        return plain(names, counted)

    mapping = fit_examples(library, base, reads_of(rig_map))
    silent = np.array(take.values)
    silent[:, [take.column(name) for name in blinks]] = 0.0
    calm = replace(take, values=silent)
    quiet = retarget(calm, rig_map, solved.times, neutral=solved.neutral)
    free = retarget(calm, rig_map, solved.times, raw=True, neutral=solved.neutral)
    offsets = mapping.correction(read_channels(take, mapping, solved.times))
    found = add_corrections(quiet, free, rig_map, mapping, offsets)
    out = np.array(solved.values)
    for place, control in enumerate(solved.controls):
        if control in found.controls:
            out[:, place] = found.values[:, found.controls.index(control)]
    return out
