# SPDX-License-Identifier: GPL-3.0-or-later
"""python dev.py rigs: one take on every character there is, as one contact sheet to look at."""
