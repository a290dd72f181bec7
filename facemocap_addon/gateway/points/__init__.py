# SPDX-License-Identifier: GPL-3.0-or-later
"""Markers and landmarks on a character of the open file."""
