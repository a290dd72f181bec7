# SPDX-License-Identifier: GPL-3.0-or-later
"""Few keys with proper handles instead of one on every frame.

`reduce_curves` keeps a promise about the largest error, in the curves' own units; `split_budget`
turns millimetres on a mesh into such units. `on_extremes`, `every_nth` and `on_twos` thin by rule;
`every_frame` goes back. All give `Keys`, numpy alone.
"""

from __future__ import annotations

from .budget import error_on_mesh, moving, split_budget, split_budget_over_time
from .keys import Keys, ReductionReport
from .reduce import HOLD, Reduction, reduce_curve, reduce_curves
from .thinning import every_frame, every_nth, on_extremes, on_twos

__all__ = [
    "HOLD",
    "Keys",
    "Reduction",
    "ReductionReport",
    "error_on_mesh",
    "every_frame",
    "every_nth",
    "moving",
    "on_extremes",
    "on_twos",
    "reduce_curve",
    "reduce_curves",
    "split_budget",
    "split_budget_over_time",
]
