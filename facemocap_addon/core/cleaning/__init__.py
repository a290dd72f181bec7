# SPDX-License-Identifier: GPL-3.0-or-later
"""Repair and denoising of curves: arrays in, arrays out, each function pure.

``adaptive`` is the default smoother, ``filters`` holds the usual ones, ``protection`` keeps events
whole whatever the filter; ``spikes`` and ``gaps`` repair what was recorded wrong or not at all.
"""
