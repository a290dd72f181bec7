# SPDX-License-Identifier: GPL-3.0-or-later
"""A naming convention backwards: what its shapes look like in ARKit coefficients.

Shapes that a convention fits together have looks of their own there. A shape that sums channels
looks like the least of them that bring it to 1: まばたき is half of either eye's blink, so at 1
both eyes are closed. Looks add up, and a face goes no farther than each coefficient does.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..arrays import FloatArray
from ..channels import arkit_schema
from .conventions import Convention


def looks_of(convention: Convention) -> dict[str, dict[str, float]]:
    """ARKit coefficients of each of a convention's shapes at 1, all within 0 and 1.

    Parameters
    ----------
    convention : Convention

    Returns
    -------
    dict
        Shapes without any look (all of their gains are negative) are left out.
    """
    out: dict[str, dict[str, float]] = {}
    for target, sources in convention.targets.items():
        size = sum(source.gain**2 for source in sources)
        out[target] = {source.channel: source.gain / size for source in sources}
    for fit in convention.fits:
        for target, look in fit.looks.items():
            out[target] = dict(look)
    bounded = {
        target: {
            channel: min(value, 1.0)
            for channel, value in look.items()
            if value > 0 and arkit_schema()[channel].kind == "weight"
        }
        for target, look in out.items()
    }
    return {target: look for target, look in bounded.items() if look}


def add_looks(
    weights: Mapping[str, FloatArray],
    looks: Mapping[str, Mapping[str, float]],
    own: Mapping[str, FloatArray],
) -> dict[str, FloatArray]:
    """Coefficients of a face whose shapes have these weights.

    Parameters
    ----------
    weights : mapping of str to (n,) float
        Of shapes that ``looks`` knows.
    looks : mapping
        Of `looks_of`.
    own : mapping of str to (n,) float
        Coefficients that the face has besides; they stay as they are where nothing is added.

    Returns
    -------
    dict of str to (n,) float64
        Every coefficient that one of the shapes has; sums are kept within 0 and 1.
    """
    added: dict[str, FloatArray] = {}
    for target, values in weights.items():
        for channel, gain in looks[target].items():
            share = gain * np.asarray(values, np.float64)
            added[channel] = added[channel] + share if channel in added else share
    out: dict[str, FloatArray] = {}
    for channel, values in added.items():
        before = np.asarray(own.get(channel, np.zeros(len(values))), np.float64)
        out[channel] = np.where(values != 0, np.clip(before + values, 0.0, 1.0), before)
    return out
