# SPDX-License-Identifier: GPL-3.0-or-later
"""Curve tools on F-curves of the open file, ours and anybody's: gathered, changed, put back."""
