# SPDX-License-Identifier: GPL-3.0-or-later
"""python dev.py demo: a take onto the four sample characters, with stills, a sheet and a report."""
