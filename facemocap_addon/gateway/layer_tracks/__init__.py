# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers of a performance on NLA tracks of their own, over it and all that lies below it."""
