# SPDX-License-Identifier: GPL-3.0-or-later
"""Channels tried by hand, and the pose that a character has now."""
