# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of a character, what can be keyed on them, and how they stand."""
