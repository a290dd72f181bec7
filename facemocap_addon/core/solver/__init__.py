# SPDX-License-Identifier: GPL-3.0-or-later
"""Observed points to control values: bounded least squares for all frames at once, numpy alone.

`make_problem` says how controls move points and what is likely. `solve` finds the values: frame by
frame, exactly, or the whole shot together (`Smoothness`); points may be missing or lie off
(`Outliers`). `make_lifted` and `solve_lifted` are for shapes that products of controls drive,
`solve_curved` for controls that do not move points along straight lines, `measure_quality` for how
good an answer is. Points enter once, in matrix products; the loops are over unknowns.

Values are what the controls take, points and residuals have the unit of the observations (mm by the
defaults of `Terms`). What cannot be solved is a `FacemocapError` with a sentence.
"""

from __future__ import annotations

from .box import EXACT, FAST
from .curved import Bending, solve_curved
from .lifted import solve_lifted
from .measures import Quality, measure_quality, roughness
from .monomials import Lifted, make_lifted
from .problem import Problem, Terms, make_problem
from .robust import Outliers
from .solution import Solution
from .solve import Settings, solve
from .temporal import Smoothness

__all__ = [
    "EXACT",
    "FAST",
    "Bending",
    "Lifted",
    "Outliers",
    "Problem",
    "Quality",
    "Settings",
    "Smoothness",
    "Solution",
    "Terms",
    "make_lifted",
    "make_problem",
    "measure_quality",
    "roughness",
    "solve",
    "solve_curved",
    "solve_lifted",
]
