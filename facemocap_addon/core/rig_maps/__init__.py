# SPDX-License-Identifier: GPL-3.0-or-later
"""Rig maps: found by names, completed, edited, carried over, and applied to takes."""
