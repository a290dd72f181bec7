# SPDX-License-Identifier: GPL-3.0-or-later
"""A target object keyed from a character's gaze, and the gaze made from a target."""
