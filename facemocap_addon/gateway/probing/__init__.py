# SPDX-License-Identifier: GPL-3.0-or-later
"""Each control moved on a copy, and the fingerprint that a measurement belongs to."""
