# SPDX-License-Identifier: GPL-3.0-or-later
"""Handing over: a performance as plain keys, and files for other programs."""
