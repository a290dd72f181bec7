# SPDX-License-Identifier: GPL-3.0-or-later
"""Events of what plays on a character: listed on the scene's frames, and dragged."""
