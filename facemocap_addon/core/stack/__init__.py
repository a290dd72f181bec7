# SPDX-License-Identifier: GPL-3.0-or-later
"""The stack: an ordered list of steps that turn a take into a cleaned one and can be run again."""
