# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings, scenes, rig files and pictures: read, written, kept in the .blend."""
