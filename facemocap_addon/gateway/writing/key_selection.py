# SPDX-License-Identifier: GPL-3.0-or-later
"""Which keys of an applied take a person has selected."""

from __future__ import annotations

import numpy as np

from ..characters.characters import CharacterObjects
from .records import find_performance


def selected_key_range(picked: CharacterObjects) -> tuple[float, float] | None:
    """First and last frame of the selected keys of the take that plays on a character.

    None when nothing plays on it, nothing is selected, or all is, as it is after applying.
    """
    performance = find_performance(picked)
    if performance is None:
        return None
    low, high, is_all = np.inf, -np.inf, True
    for layer in performance.action.layers:
        for strip in layer.strips:
            for bag in strip.channelbags:
                for curve in bag.fcurves:
                    points = curve.keyframe_points
                    chosen = np.zeros(len(points), np.bool_)
                    points.foreach_get("select_control_point", chosen)
                    is_all = is_all and bool(chosen.all())
                    if chosen.any():
                        places = np.empty(2 * len(points), np.float32)
                        points.foreach_get("co", places)
                        frames = places[::2][chosen]
                        low, high = min(low, float(frames.min())), max(high, float(frames.max()))
    return (low, high) if low <= high and not is_all else None
