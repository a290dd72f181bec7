# SPDX-License-Identifier: GPL-3.0-or-later
"""What the animator asked of a retarget, the same for every rig."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.actor.example_pairs import ExampleLibrary
from ..core.alignment import Alignment
from ..core.reduction.plan import KeyPlan
from ..core.rig_maps.rig_map import RigMap
from ..core.stack.stack import Stack


@dataclass(frozen=True, slots=True)
class RetargetSettings:
    """Options of ``facemocap retarget``, read."""

    characters: tuple[str, ...] = ()
    all_characters: bool = False
    rig_map: RigMap | None = None
    examples: ExampleLibrary | None = None
    stack: Stack | None = None
    seed: int = 0
    fps: float | None = None
    start_frame: float | None = None
    align: Alignment | None = None
    range_s: tuple[float | None, float | None] = (None, None)
    on_capture_times: bool = False
    reduce: KeyPlan | None = None
    raw: bool = False
    measure: bool = True
    bones_first: bool = False
    use_cache: bool = True
    contacts: bool = True
    widen_sliders: bool = False
    mirror: bool = False
    keep_range: bool = False
    override: bool = False
    enable_scripts: bool = False
    preview: bool = False
    health: bool = False
