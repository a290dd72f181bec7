# SPDX-License-Identifier: GPL-3.0-or-later
"""A take onto a character and off again, in one go."""
