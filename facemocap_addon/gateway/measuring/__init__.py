# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured on a character, step by step, and kept with it."""
