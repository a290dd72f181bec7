# SPDX-License-Identifier: GPL-3.0-or-later
"""Lips that touch, phrases and pauses: found in a take and its sound, shaped and edited."""
