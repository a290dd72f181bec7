# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts for other Pythons than Blender's: started as processes, never imported by the add-on."""
