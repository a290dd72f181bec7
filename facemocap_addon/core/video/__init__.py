# SPDX-License-Identifier: GPL-3.0-or-later
"""Faces in videos: from the landmarks that MediaPipe finds to a take, and its own environment."""
