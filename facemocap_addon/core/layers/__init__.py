# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers of life on top of a performance: what trackers lose, put back as pure functions.

Each gives a take of the same times; where a layer has nothing to say the samples stay as they are.
Times count from the take's first sample, random draws from a seed and a name (`draws`), so that
equal takes, parameters and seeds give equal bytes at any rate.
"""
